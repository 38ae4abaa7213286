//! Works on one stored message of a provider: asks the provider, and settles the payment.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The message.
#[derive(Debug, Deserialize, Serialize)]
pub struct ProcessProviderEvent {
    /// Its row.
    id: Uuid,
}

impl TaskHandler for ProcessProviderEvent {
    const IDENTIFIER: &'static str = wallet::payment::PROCESS_EVENT;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let wallet = &super::tools(&context)?.state.wallet;
        wallet.payments().process_event(self.id).await.map_err(super::text)?;
        // A message about a refund or a dispute has its payment looked at.
        wallet.refunds().run_due().await.map(drop).map_err(super::text)
    }
}
