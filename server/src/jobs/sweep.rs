//! Every minute: sessions, links and locked quotes whose time is over, what is long past of webhooks, uses of keys.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Clears up.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Sweep {}

impl TaskHandler for Sweep {
    const IDENTIFIER: &'static str = "sweep";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let wallet = &tools.state.wallet;
        wallet.webhooks().sweep().await.map_err(super::text)?;
        wallet.tariffs().sweep_quotes().await.map_err(super::text)?;
        wallet.identity().sweep().await.map_err(super::text)?;
        wallet.identity().flush_key_uses().await.map_err(super::text)
    }
}
