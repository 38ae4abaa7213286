//! Every hour: tells owners and their programs of credits that expire in 30, 7 or 1 days.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Tells.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TellExpiringCredits {}

impl TaskHandler for TellExpiringCredits {
    const IDENTIFIER: &'static str = "tell_expiring_credits";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        tools.state.wallet.tell_of_expiring_credits().await.map(drop).map_err(super::text)
    }
}
