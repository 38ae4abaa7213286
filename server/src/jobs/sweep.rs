//! Every minute: mails whose wait is over, sessions, links and locked quotes whose time is over, uses of keys.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

use super::send_mail::send;

/// Mails that one sweep sends, at most.
const MAILS_MAX: i64 = 100;

/// Clears up.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Sweep {}

impl TaskHandler for Sweep {
    const IDENTIFIER: &'static str = "sweep";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let wallet = &tools.state.wallet;
        for mail in wallet.notify().due_mails(MAILS_MAX).await.map_err(super::text)? {
            send(tools, mail).await?;
        }
        wallet.webhooks().sweep().await.map_err(super::text)?;
        wallet.tariffs().sweep_quotes().await.map_err(super::text)?;
        wallet.identity().sweep().await.map_err(super::text)?;
        wallet.identity().sessions_sweep().await.map_err(super::text)?;
        wallet.identity().flush_key_uses().await.map_err(super::text)
    }
}
