//! Every minute: tells owners whose credits are low, gone or soon gone.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Tells.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TellBalances {}

impl TaskHandler for TellBalances {
    const IDENTIFIER: &'static str = "tell_balances";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let mails = tools.state.wallet.tell_of_balances().await.map_err(super::text)?;
        tracing::debug!(mails, "balances were looked at");
        Ok::<(), String>(())
    }
}
