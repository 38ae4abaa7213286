//! Every minute: plans that are due, with the months that were paid, the cards to charge, and the ends; then add-ons and metered months.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Renews.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RenewPlans {}

impl TaskHandler for RenewPlans {
    const IDENTIFIER: &'static str = "renew_plans";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let report = tools.state.wallet.renew_plans().await.map_err(super::text)?;
        if !report.is_nothing() {
            tracing::info!(
                granted = report.granted,
                paid = report.paid,
                declined = report.declined,
                ended = report.ended,
                failed = report.failed,
                "plans renewed"
            );
        }
        let report = tools.state.wallet.deduct_add_ons().await.map_err(super::text)?;
        if !report.is_nothing() {
            tracing::info!(
                deducted = report.deducted,
                paused = report.paused,
                ended = report.ended,
                failed = report.failed,
                "add-ons deducted"
            );
        }
        let report = tools.state.wallet.close_metered_months().await.map_err(super::text)?;
        if !report.is_nothing() {
            tracing::info!(
                closed = report.closed,
                carried = report.carried,
                failed = report.failed,
                "metered months closed"
            );
        }
        Ok::<(), String>(())
    }
}
