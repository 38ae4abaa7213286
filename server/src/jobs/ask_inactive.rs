//! Every hour: asks the owners of wallets that nobody has used for long, once, whether they still want them.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Asks.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct AskInactive {}

impl TaskHandler for AskInactive {
    const IDENTIFIER: &'static str = "ask_inactive";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        super::tools(&context)?.state.wallet.ask_inactive().await.map(drop).map_err(super::text)
    }
}
