//! The handle: queue a mail in the transaction of what it tells of; take, finish and fail it when it is sent.

use chrono::TimeDelta;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Mail, repo};
use crate::db::Db;
use crate::error::Result;

/// The job that sends one mail; its payload is `{"id": …}`.
pub const SEND_MAIL: &str = "send_mail";
/// How long a sender has before another one may try.
const SENDING_SECONDS: i64 = 120;
/// After so many tries a mail is given up.
const TRIES_MAX: u32 = 8;
/// The wait after the first failure, in seconds; each further one is twice as long.
const FIRST_WAIT_SECONDS: i64 = 30;

/// A mail taken for sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMail {
    /// The mail.
    pub id: Uuid,
    /// Where it goes.
    pub to: String,
    /// The reader's language.
    pub locale: String,
    /// What it is about.
    pub mail: Mail,
    /// Which try this is, from 1.
    pub tries: u32,
}

/// How long a mail is kept after it was written, to see what was sent to whom.
const KEPT: TimeDelta = TimeDelta::days(90);
/// Mails that are removed at once.
const PURGED_AT_ONCE: i64 = 5_000;

/// Everything about telling people. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notify {
    pub(super) db: Db,
}

impl Notify {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }

    /// Queues a mail in the caller's transaction: it is sent if and only if that commits.
    #[doc(hidden)]
    pub async fn enqueue_mail_in_tx(
        &self,
        connection: &mut PgConnection,
        to: &str,
        locale: &str,
        mail: &Mail,
    ) -> Result<Uuid> {
        let id = Uuid::now_v7();
        let content = serde_json::to_value(mail)?;
        repo::insert(connection, id, (to, locale, mail.kind()), (&content, mail.payment()), self.db.now()).await?;
        // In two lanes: a slow SMTP server takes no more places from other jobs. What a lane leaves, the sweep sends.
        let lane = if id.as_u128().is_multiple_of(2) { "mails-1" } else { "mails-2" };
        self.db.enqueue_in_lane_in_tx(connection, (SEND_MAIL, lane), &json!({ "id": id })).await?;
        Ok(id)
    }

    /// Takes a mail for sending; `None` where it is sent, given up, or with another sender.
    pub async fn take_mail(&self, id: Uuid) -> Result<Option<QueuedMail>> {
        let now = self.db.now();
        let until = now + TimeDelta::seconds(SENDING_SECONDS);
        let Some(row) = repo::take(self.db.pool(), id, now, until).await? else { return Ok(None) };
        Ok(Some(QueuedMail {
            id: row.id,
            to: row.recipient,
            locale: row.locale,
            mail: serde_json::from_value(row.content)?,
            tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        }))
    }

    /// Lists mails that are due, for a job that sweeps up what its own jobs left.
    pub async fn due_mails(&self, limit: i64) -> Result<Vec<Uuid>> {
        repo::due(self.db.pool(), self.db.now(), limit.clamp(1, 1000)).await
    }

    /// Removes some mails that were sent or given up long ago; says how many.
    pub async fn purge(&self) -> Result<u64> {
        repo::purge(self.db.pool(), self.db.now() - KEPT, PURGED_AT_ONCE).await
    }

    /// Marks a mail as sent, and forgets what it said: links in it are secrets.
    pub async fn finish_mail(&self, id: Uuid) -> Result<()> {
        repo::finish(self.db.pool(), id, self.db.now()).await
    }

    /// Notes that sending went wrong: it is tried again later, eight times in all.
    pub async fn fail_mail(&self, mail: &QueuedMail, problem: &str) -> Result<()> {
        let doublings = mail.tries.saturating_sub(1).min(10);
        let wait = FIRST_WAIT_SECONDS.saturating_mul(1_i64.checked_shl(doublings).unwrap_or(i64::MAX));
        let due = (mail.tries < TRIES_MAX).then(|| self.db.now() + TimeDelta::seconds(wait));
        repo::fail(self.db.pool(), mail.id, problem, due).await
    }
}
