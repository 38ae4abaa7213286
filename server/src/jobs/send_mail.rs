//! Sends one mail of the outbox.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::notify::{Mail, QueuedMail, RefundStep};

use super::Tools;
use crate::documents::{document_file, document_pdf};
use crate::mail::content::{MailContext, render};
use crate::mail::{File, Outgoing, Unsent};

/// So many times a mail waits for a document that can't be made at the moment.
const TRIES_WITH_DOCUMENT: u32 = 4;

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
        brand: view.as_ref().map(|view| view.settings.brand.clone()).unwrap_or_default(),
        unit: view.map(|view| view.settings.unit.clone()),
    };
    let file = match document_of(tools, &mail).await {
        Ok(file) => file,
        // After some tries it goes without: what it says counts more, and the document stays on its page.
        Err(error) if mail.tries < TRIES_WITH_DOCUMENT => {
            notify.fail_mail(&mail, &error).await.map_err(super::text)?;
            return Ok(MailServer::Reachable);
        }
        Err(error) => {
            tracing::error!(%error, mail = %id, "a mail goes without its document");
            None
        }
    };
    match tools.mailer.send(&Outgoing { file, ..render(&mail, &context) }).await {
        Ok(()) => notify.finish_mail(id).await.map(|()| MailServer::Reachable).map_err(super::text),
        Err(error) => {
            tracing::warn!(%error, mail = %id, tries = mail.tries, "a mail could not be sent");
            notify.fail_mail(&mail, &error.to_string()).await.map_err(super::text)?;
            Ok(if matches!(error, Unsent::OutOfReach(_)) { MailServer::OutOfReach } else { MailServer::Reachable })
        }
    }
}

/// Finds the document that goes with a mail: the receipt of a payment, the credit note of a refund.
async fn document_of(tools: &Tools, queued: &QueuedMail) -> Result<Option<File>, String> {
    let invoices = tools.state.wallet.invoices();
    let found = match &queued.mail {
        Mail::Receipt(paid) | Mail::CreditsLate(paid) => invoices.receipt_of(paid.payment).await,
        Mail::PlanStarted(plan) | Mail::PlanRenewed(plan) | Mail::PlanChanged(plan) => {
            invoices.receipt_of(plan.payment).await
        }
        Mail::AutoTopUpCharged(charged) => invoices.receipt_of(charged.payment).await,
        Mail::Refund(refund) if refund.step == RefundStep::Paid && refund.money.is_some() => {
            invoices.credit_note_of(refund.request).await
        }
        _ => return Ok(None),
    };
    let Some(document) = found.map_err(super::text)? else { return Ok(None) };
    let content = document_pdf(&document).map_err(|error| error.to_string())?;
    Ok(Some(File { name: document_file(&document), content }))
}
