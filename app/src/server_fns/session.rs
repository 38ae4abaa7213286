//! What the frame around every page shows.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use wallet::catalog::UnitName;
use wallet::identity::Viewer;
use wallet::ledger::BalanceView;
use wallet::tariff::RiseNotice;
use wallet::time_zone::LocalTime;

use crate::context::AppSettings;
use crate::error::AppError;
use crate::text_json::TextJson;

/// Who is signed in, and what the frame needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Who is signed in.
    pub viewer: Option<Viewer>,
    /// The zone in which the open account's times are written.
    pub zone: Option<LocalTime>,
    /// What the open wallet holds.
    pub balance: Option<BalanceView>,
    /// The process.
    pub settings: AppSettings,
    /// What the wallet counts in; `None` before a catalog is loaded.
    pub unit: Option<UnitName>,
    /// What the platform is called.
    pub name: String,
    /// How many payments wait for staff, for those who may decide them.
    pub in_review: Option<i64>,
    /// A coming price rise that concerns the open account and that this person has not put away.
    pub rise: Option<RiseNotice>,
}

/// Gives the session of this browser.
#[server(endpoint = "session", input = GetUrl, output = TextJson)]
pub async fn load_session() -> Result<Session, AppError> {
    let wallet = crate::current_user::wallet()?;
    let viewer = crate::context::viewer();
    let settings = crate::current_user::settings()?;
    let catalog = wallet.catalog().view().await.ok();
    let balance = match &viewer {
        Some(viewer) => Some(wallet.balance(viewer.wallet).await?),
        None => None,
    };
    let rise = match &viewer {
        Some(viewer) if catalog.is_some() => wallet.tariffs().coming_rise(viewer.account, viewer.user).await?,
        _ => None,
    };
    let in_review = match &viewer {
        Some(viewer) if viewer.may_review_payments() => Some(wallet.payments().count_in_review().await?),
        _ => None,
    };
    let now = wallet.clock().now();
    Ok(Session {
        rise,
        in_review,
        zone: viewer.as_ref().map(|viewer| LocalTime::of(&viewer.time_zone, now)),
        viewer,
        balance,
        settings,
        unit: catalog.as_ref().map(|catalog| catalog.settings.unit.clone()),
        name: catalog.map_or_else(|| "Scrip".to_owned(), |catalog| catalog.settings.name.clone()),
    })
}
