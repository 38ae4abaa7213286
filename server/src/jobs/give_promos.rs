//! Every minute: bonus credits and rewards that are due, where the step after their payment was lost.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Gives them, and takes them back where the money went back.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct GivePromos {}

impl TaskHandler for GivePromos {
    const IDENTIFIER: &'static str = "give_promos";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let done = tools.state.wallet.promos().run_due().await.map_err(super::text)?;
        if done.payments > 0 || done.failed > 0 {
            tracing::info!(payments = done.payments, failed = done.failed, "promotions settled");
        }
        Ok::<(), String>(())
    }
}
