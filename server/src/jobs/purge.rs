//! Every hour: removes mails and providers' messages of long ago, which hold people's addresses.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Removes.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Purge {}

impl TaskHandler for Purge {
    const IDENTIFIER: &'static str = "purge";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let wallet = &tools.state.wallet;
        while wallet.notify().purge().await.map_err(super::text)? > 0 {}
        while wallet.payments().purge_events().await.map_err(super::text)? > 0 {}
        Ok::<(), String>(())
    }
}
