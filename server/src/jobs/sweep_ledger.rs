//! Every minute: holds and grants whose time is over.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Ends holds and writes off grants.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SweepLedger {}

impl TaskHandler for SweepLedger {
    const IDENTIFIER: &'static str = "sweep_ledger";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let ledger = tools.state.wallet.ledger();
        while ledger.expire_holds().await.map_err(super::text)? > 0 {}
        while ledger.expire_grants().await.map_err(super::text)? > 0 {}
        Ok::<(), String>(())
    }
}
