//! Every hour: all invariants; the debits of a wallet that fails are frozen until somebody has looked.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Verifies the ledger.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct VerifyLedger {}

impl TaskHandler for VerifyLedger {
    const IDENTIFIER: &'static str = "verify_ledger";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let wallet = &tools.state.wallet;
        wallet.verify_and_freeze().await.map(drop).map_err(super::text)
    }
}
