//! Locked quotes of the open wallet.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use wallet::tariff::LockedQuote;

use crate::context::FormOutcome;
use crate::error::AppError;

/// What the page of quotes shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotesPage {
    /// The quotes that were asked for and are known, in that order.
    pub quotes: Vec<LockedQuote>,
    /// What became of the form that keeps prices.
    pub outcome: FormOutcome,
    /// The deployment's address, for the sample.
    pub public_url: String,
    /// When the page was drawn.
    pub now: DateTime<Utc>,
}

/// Gives locked quotes by their names.
pub async fn load_quotes(ids: String) -> Result<QuotesPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let ids: Vec<_> = ids.split(',').filter_map(|id| id.trim().parse().ok()).take(wallet::tariff::BATCH_MAX).collect();
    Ok(QuotesPage {
        quotes: wallet.tariffs().locked_quotes(viewer.wallet, &ids).await?,
        outcome: crate::current_user::outcome("/wallet/quotes"),
        public_url: crate::current_user::settings()?.public_url,
        now: wallet.clock().now(),
    })
}
