//! Tells people of published prices: right after a publication, and every minute of what was left over.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Tells of everything that was not told yet.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct AnnouncePrices {}

impl TaskHandler for AnnouncePrices {
    const IDENTIFIER: &'static str = wallet::tariff::ANNOUNCE_PRICES;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let wallet = &super::tools(&context)?.state.wallet;
        wallet.tell_price_changes().await.map(drop).map_err(super::text)
    }
}
