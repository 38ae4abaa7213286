//! Every minute: mails whose wait is over. Apart from all other sweeping, which no SMTP server may hold up.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

use super::send_mail::{MailServer, send};

/// Mails that are looked for at once.
const MAILS_MAX: i64 = 100;

/// Sends.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SendDueMails {}

impl TaskHandler for SendDueMails {
    const IDENTIFIER: &'static str = "send_due_mails";

    /// Stops at the first mail that finds no server: the others would wait as long for nothing.
    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let tools = super::tools(&context)?;
        let Some(_turn) = tools.turn(Self::IDENTIFIER) else { return Ok(()) };
        loop {
            let due = tools.state.wallet.notify().due_mails(MAILS_MAX).await.map_err(super::text)?;
            if due.is_empty() {
                return Ok::<(), String>(());
            }
            for mail in due {
                if tools.state.stopping.is_cancelled() || send(tools, mail).await? == MailServer::OutOfReach {
                    return Ok(());
                }
            }
        }
    }
}
