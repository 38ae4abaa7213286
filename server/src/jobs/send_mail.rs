//! Sends one mail of the outbox.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::notify::MailContext;

use super::Tools;
use crate::mail::Outgoing;

/// The mail to send.
#[derive(Debug, Deserialize, Serialize)]
pub struct SendMail {
    /// Its row in the outbox.
    pub id: Uuid,
}

impl TaskHandler for SendMail {
    const IDENTIFIER: &'static str = wallet::notify::SEND_MAIL;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        send(super::tools(&context)?, self.id).await
    }
}

/// Takes the mail, sends it, and notes what came of it. A failure is tried again by the sweep, when its wait is over.
pub async fn send(tools: &Tools, id: Uuid) -> Result<(), String> {
    let notify = tools.state.wallet.notify();
    let Some(mail) = notify.take_mail(id).await.map_err(super::text)? else { return Ok(()) };
    let product = match tools.state.wallet.catalog().view().await {
        Ok(view) => view.settings.name.clone(),
        Err(_) => "Scrip".to_owned(),
    };
    let context = MailContext { public_url: tools.state.app.public_url.clone(), product };
    let rendered = mail.render(&context);
    let outgoing =
        Outgoing { to: mail.to.clone(), subject: rendered.subject, text: rendered.text, html: rendered.html };
    match tools.mailer.send(&outgoing).await {
        Ok(()) => notify.finish_mail(id).await.map_err(super::text),
        Err(error) => {
            tracing::warn!(%error, mail = %id, tries = mail.tries, "a mail could not be sent");
            notify.fail_mail(&mail, &error.to_string()).await.map_err(super::text)
        }
    }
}
