//! Looking at upstream costs again when their day comes: the admins are mailed once, and drops are drafted.

use crate::Wallet;
use crate::error::Result;
use crate::identity::Actor;
use crate::notify::repo::news;
use crate::notify::{Mail, ReviewMail};

/// Who drafts, in the audit log and as the draft's author.
const REVIEWER: &str = "upstream review";

/// What a review did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// The operations whose costs are to be looked at.
    pub operations: Vec<String>,
    /// The draft that passes drops on.
    pub draft: Option<i32>,
    /// Mails to admins.
    pub mails: usize,
}

impl Wallet {
    /// Reminds the admins of upstream costs whose review is due, once for each cost, and drafts a version that passes
    /// known drops on. Nothing is published.
    pub async fn review_upstream_costs(&self) -> Result<Reviewed> {
        let due = self.tariffs().due_costs().await?;
        if due.is_empty() {
            return Ok(Reviewed::default());
        }
        let draft = self.tariffs().draft_drops_once(&Actor::system(REVIEWER)).await?;
        let (ids, operations): (Vec<_>, Vec<_>) = due.into_iter().unzip();
        let mut tx = self.db().begin().await?;
        if !self.tariffs().remind_in_tx(&mut tx, &ids).await? {
            return Ok(Reviewed::default());
        }
        let admins = news::admins(&mut tx).await?;
        let mails = admins.len();
        for admin in admins {
            let mail = Mail::UpstreamReview(ReviewMail { name: admin.name, operations: operations.clone(), draft });
            self.notify().enqueue_mail_in_tx(&mut tx, &admin.email, &admin.locale, &mail).await?;
        }
        tx.commit().await?;
        tracing::info!(operations = operations.len(), mails, "upstream costs are due for a review");
        Ok(Reviewed { operations, draft: draft.map(|(version, _)| version), mails })
    }
}
