//! Every minute: wallets that run low and have auto top-up on, with what became of their charges.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Tops up.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TopUpWallets {}

impl TaskHandler for TopUpWallets {
    const IDENTIFIER: &'static str = "top_up_wallets";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let report = tools.state.wallet.payments().top_up_due().await.map_err(super::text)?;
        if report.charged > 0 || report.failed > 0 {
            tracing::info!(charged = report.charged, failed = report.failed, "wallets topped up");
        }
        Ok::<(), String>(())
    }
}
