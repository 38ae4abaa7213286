//! Every hour: makes checkpoints of ledgers that have moved, in a file of the data folder, where a key is set.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

use crate::checkpoints;

/// Makes the checkpoints.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct MakeCheckpoints {}

impl TaskHandler for MakeCheckpoints {
    /// As queues have it.
    const IDENTIFIER: &'static str = "sign_heads";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let state = &super::tools(&context)?.state;
        let keys = checkpoints::keys(&state.settings).map_err(|error| error.to_string())?;
        let Some(key) = keys.first() else { return Ok(()) };
        let file = checkpoints::file_of(&state.settings, state.wallet.clock().now());
        let signed = state.wallet.ledger().sign_checkpoints(key, |made| checkpoints::append(&file, made)).await;
        let signed = signed.map_err(super::text)?;
        tracing::debug!(signed, file = %file.display(), "checkpoints of ledgers made");
        Ok::<(), String>(())
    }
}
