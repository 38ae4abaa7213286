//! Every minute: sums up the usage of wallets that have many new rows.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Sums up.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SumUsage {}

impl TaskHandler for SumUsage {
    const IDENTIFIER: &'static str = "sum_usage";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let rows = tools.state.wallet.ledger().sum_usage().await.map_err(super::text)?;
        tracing::debug!(rows, "usage was summed up");
        Ok::<(), String>(())
    }
}
