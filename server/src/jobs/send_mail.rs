//! Sends one mail of the outbox.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Tools;
use crate::mail::Unsent;
use crate::mail::content::{MailContext, render};

/// The mail to send.
#[derive(Debug, Deserialize, Serialize)]
pub struct SendMail {
    /// Its row in the outbox.
    pub id: Uuid,
}

impl TaskHandler for SendMail {
    const IDENTIFIER: &'static str = wallet::notify::SEND_MAIL;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        send(super::tools(&context)?, self.id).await.map(drop)
    }
}

/// What sending a mail says of the SMTP server: whether it makes sense to send another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailServer {
    /// The mail left, or it alone was refused.
    Reachable,
    /// The SMTP server can't be reached.
    OutOfReach,
}

/// Takes the mail, sends it, and notes what came of it. A failure is tried again by a later job, when its wait is over.
pub async fn send(tools: &Tools, id: Uuid) -> Result<MailServer, String> {
    let notify = tools.state.wallet.notify();
    let Some(mail) = notify.take_mail(id).await.map_err(super::text)? else { return Ok(MailServer::Reachable) };
    let view = tools.state.wallet.catalog().view().await.ok();
    let context = MailContext {
        public_url: tools.state.app.public_url.clone(),
        product: view.as_ref().map_or_else(|| "Scrip".to_owned(), |view| view.settings.name.clone()),
        unit: view.map(|view| view.settings.unit.clone()),
    };
    match tools.mailer.send(&render(&mail, &context)).await {
        Ok(()) => notify.finish_mail(id).await.map(|()| MailServer::Reachable).map_err(super::text),
        Err(error) => {
            tracing::warn!(%error, mail = %id, tries = mail.tries, "a mail could not be sent");
            notify.fail_mail(&mail, &error.to_string()).await.map_err(super::text)?;
            Ok(if matches!(error, Unsent::OutOfReach(_)) { MailServer::OutOfReach } else { MailServer::Reachable })
        }
    }
}
