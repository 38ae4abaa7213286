//! Every day: tells owners of saved cards that expire with the month.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Tells.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TellExpiringCards {}

impl TaskHandler for TellExpiringCards {
    const IDENTIFIER: &'static str = "tell_expiring_cards";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        super::tools(&context)?.state.wallet.payments().tell_of_expiring_cards().await.map(drop).map_err(super::text)
    }
}
