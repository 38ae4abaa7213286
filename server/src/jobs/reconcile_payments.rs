//! Every minute: asks providers about open payments, so that money is found whatever messages were lost.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Asks.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ReconcilePayments {}

impl TaskHandler for ReconcilePayments {
    const IDENTIFIER: &'static str = "reconcile_payments";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let report = tools.state.wallet.payments().reconcile().await.map_err(super::text)?;
        if report.closed > 0 || report.failed > 0 {
            tracing::info!(
                checked = report.checked,
                closed = report.closed,
                failed = report.failed,
                "payments reconciled"
            );
        }
        tools.state.wallet.refunds().run_due().await.map(drop).map_err(super::text)
    }
}
