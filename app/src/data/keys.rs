//! API keys of the person's open project.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::identity::{ApiKeyView, CreatedKey};
use wallet::ledger::BalanceView;

use crate::context::FormOutcome;
use crate::error::AppError;

/// Everything that the keys page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeysPage {
    /// The keys, newest first.
    pub keys: Vec<ApiKeyView>,
    /// What became of the form for a new key.
    pub outcome: FormOutcome,
    /// The key just made; its secret is shown this one time.
    pub created: Option<CreatedKey>,
    /// What the production wallet holds.
    pub production: BalanceView,
    /// What the preview wallet holds.
    pub preview: BalanceView,
    /// The secret of the form for a new key: whoever sends it twice gets the same key.
    pub form_secret: String,
    /// Makes a second submit of the form that moves credits show the same move.
    pub move_key: Uuid,
    /// Whether this person may move credits, and top up.
    pub may_pay: bool,
    /// Whether this person may make and revoke keys.
    pub may_manage: bool,
    /// The deployment's address, for samples.
    pub public_url: String,
    /// An operation for the sample: one with options, where there is one.
    pub sample_operation: String,
    /// When the page was drawn.
    pub now: DateTime<Utc>,
}

/// Gives the keys page.
pub async fn load_keys_page() -> Result<KeysPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let keys = wallet.identity().keys(&viewer).await?;
    let book = wallet.tariffs().active().await?;
    let sample = book.tariff("dall-e-3").or_else(|| book.tariffs.first());
    let [production, preview] = wallet.balances([viewer.wallet, viewer.preview_wallet]).await?;
    Ok(KeysPage {
        keys,
        created: crate::context::created_key(),
        outcome: crate::current_user::outcome("/developers/keys"),
        production,
        preview,
        form_secret: wallet.identity().form_secret(),
        move_key: Uuid::now_v7(),
        may_pay: viewer.role.may_pay(),
        may_manage: viewer.role.may_manage_keys(),
        public_url: crate::current_user::settings()?.public_url,
        sample_operation: sample.map(|tariff| tariff.operation.clone()).unwrap_or_default(),
        now: wallet.clock().now(),
    })
}
