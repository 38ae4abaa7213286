//! Every minute: receipts, credit notes and debit notes that are due, where the looks of this node stand still.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Issues them.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct IssueDocuments {}

impl TaskHandler for IssueDocuments {
    const IDENTIFIER: &'static str = "issue_documents";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        let done = tools.state.wallet.invoices().issue_due().await.map_err(super::text)?;
        if done.receipts > 0 || done.notes > 0 || done.failed > 0 {
            tracing::info!(receipts = done.receipts, notes = done.notes, failed = done.failed, "documents issued");
        }
        Ok::<(), String>(())
    }
}
