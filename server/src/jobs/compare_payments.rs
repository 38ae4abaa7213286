//! Every day: our payments of the last thirty days beside each provider's books.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use wallet::identity::Actor;

/// Compares.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ComparePayments {}

impl TaskHandler for ComparePayments {
    const IDENTIFIER: &'static str = "compare_payments";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let payments = tools.state.wallet.payments();
        payments.compare_lately(&Actor::system("payments")).await.map(drop).map_err(super::text)
    }
}
