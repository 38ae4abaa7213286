//! Messages of providers: stored once and answered at once; a job works on them.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::super::provider::{EventAbout, FetchAnswer, UnreadEvent, VerifiedEvent};
use super::super::repo::{self, event::EventRow, event::NewEventRow};
use super::Payments;
use super::order::PROVIDER_TIMEOUT;
use super::settle::{Finder, Reconciled};
use crate::db::has_nul;
use crate::error::{Refusal, Result};
use crate::id::PaymentId;

/// The job that works on one message; its payload is `{"id": …}`.
pub const PROCESS_EVENT: &str = "process_provider_event";
/// The reconciler leaves a message so long to its own job.
const LEFT_SECONDS: i64 = 60;
/// How long a message is kept after it came, for disputes.
const KEPT: TimeDelta = TimeDelta::days(400);
/// How many messages one run of the reconciler works on.
const RUN_MAX: i64 = 200;

/// What came of reading kept messages again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many could be read.
    pub read: u32,
    /// Those that still can't.
    pub left: Vec<UnreadEvent>,
}

impl Payments {
    /// Stores a proven message once, with the job that works on it; says whether it is new.
    pub async fn ingest_event(&self, provider: &str, event: &VerifiedEvent) -> Result<bool> {
        let id = Uuid::now_v7();
        let row = NewEventRow {
            id,
            provider,
            dedupe_key: &event.dedupe_key,
            kind: &event.kind,
            about: event.about,
            object_ref: event.object_ref.as_deref(),
            raw: &event.raw,
            received_at: self.db.now(),
        };
        let mut tx = self.db.begin().await?;
        let new = repo::event::insert(&mut tx, &row).await?;
        if new {
            self.db.enqueue_in_tx(&mut tx, PROCESS_EVENT, &json!({ "id": id })).await?;
        }
        tx.commit().await?;
        Ok(new)
    }

    /// Keeps a proven message that can't be read, byte by byte; says whether it is new.
    pub async fn keep_unread_event(&self, provider: &str, dedupe_key: &str, body: &[u8]) -> Result<bool> {
        let (id, now) = (Uuid::now_v7(), self.db.now());
        repo::event::insert_unread(self.db.pool(), id, provider, dedupe_key, body, now).await
    }

    /// Reads kept messages again: those that can be read by now are worked on like new ones, the others stay.
    pub async fn replay_unread_events(&self) -> Result<Replayed> {
        let mut replayed = Replayed::default();
        for kept in repo::event::unread(self.db.pool(), RUN_MAX).await? {
            let read =
                self.provider(&kept.provider).and_then(|known| known.reread_webhook(&kept.dedupe_key, &kept.body));
            match read.filter(|event| !has_nul(&event.raw.to_string())) {
                Some(event) => {
                    let mut tx = self.db.begin().await?;
                    if repo::event::take_unread(&mut tx, kept.id, &event).await? {
                        self.db.enqueue_in_tx(&mut tx, PROCESS_EVENT, &json!({ "id": kept.id })).await?;
                    }
                    tx.commit().await?;
                    replayed.read = replayed.read.saturating_add(1);
                }
                None => {
                    repo::event::note_unread(self.db.pool(), kept.id).await?;
                    replayed.left.push(kept);
                }
            }
        }
        Ok(replayed)
    }

    /// Works on a message: what it says isn't believed, the provider is asked. A repeat changes nothing.
    pub async fn process_event(&self, id: Uuid) -> Result<()> {
        let Some(event) = repo::event::find(self.db.pool(), id).await? else { return Ok(()) };
        if matches!(event.state.as_str(), "done" | "ignored" | "unread") {
            return Ok(());
        }
        match self.work_on(id, &event).await {
            Ok(ours) => {
                let state = if ours { "done" } else { "ignored" };
                repo::event::finish(self.db.pool(), id, state, self.db.now()).await
            }
            Err(error) => {
                repo::event::fail(self.db.pool(), id, &error.to_string()).await?;
                Err(error)
            }
        }
    }

    async fn work_on(&self, id: Uuid, event: &EventRow) -> Result<bool> {
        let reference = event.object_ref.as_deref().unwrap_or_default();
        match EventAbout::from_code(&event.about).unwrap_or_default() {
            EventAbout::Payment => {}
            EventAbout::Setup => return self.setup_event(&event.provider, reference).await,
            EventAbout::Method => return self.method_event(&event.provider, reference).await,
            EventAbout::Nothing => return Ok(false),
        }
        let Some(payment) = self.payment_of(event).await? else {
            if self.setup_event(&event.provider, reference).await? {
                return Ok(true);
            }
            tracing::info!(provider = event.provider, kind = event.kind, "a message about nothing of ours");
            return Ok(false);
        };
        repo::event::set_payment(self.db.pool(), id, payment).await?;
        self.refresh_as(payment, Finder::Event).await?;
        if ["refund", "dispute"].iter().any(|about| event.kind.contains(about)) {
            repo::due::look_at_books(self.db.pool(), &[payment.uuid()], self.db.now()).await?;
        }
        Ok(true)
    }

    async fn payment_of(&self, event: &EventRow) -> Result<Option<PaymentId>> {
        let Some(reference) = &event.object_ref else { return Ok(None) };
        if let Some(id) = repo::payment::id_by_ref(self.db.pool(), &event.provider, reference).await? {
            return Ok(Some(id));
        }
        // The message overtook the answer that names the payment: the provider knows our order.
        let provider = self.provider(&event.provider).ok_or(Refusal::Unavailable)?;
        let order = match tokio::time::timeout(PROVIDER_TIMEOUT, provider.fetch_payment(reference)).await {
            Ok(FetchAnswer::Found(found)) => found.order,
            Ok(FetchAnswer::Missing) => None,
            Ok(FetchAnswer::Unknown { .. }) | Err(_) => return Err(Refusal::Unavailable.into()),
        };
        let Some(order) = order else { return Ok(None) };
        let row = repo::payment::by_id(self.db.pool(), order).await?;
        Ok(row.filter(|row| row.provider == event.provider).map(|row| row.id))
    }

    /// Removes some messages that were worked on long ago; says how many. A provider that sends one again after that is
    /// asked again, which changes nothing.
    pub async fn purge_events(&self) -> Result<u64> {
        repo::event::purge(self.db.pool(), self.db.now() - KEPT, RUN_MAX).await
    }

    pub(super) async fn process_left_events(&self, report: &mut Reconciled) -> Result<()> {
        self.replay_unread_events().await?;
        let before = self.db.now() - TimeDelta::seconds(LEFT_SECONDS);
        for id in repo::event::open(self.db.pool(), before, RUN_MAX).await? {
            match self.process_event(id).await {
                Ok(()) => report.events = report.events.saturating_add(1),
                Err(error) => {
                    tracing::error!(event = %id, %error, "a provider's message could not be worked on");
                    report.failed = report.failed.saturating_add(1);
                }
            }
        }
        Ok(())
    }
}
