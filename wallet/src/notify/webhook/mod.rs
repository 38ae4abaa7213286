//! Outgoing webhooks (Standard Webhooks): who is told, what, how often it is tried, and what came of it.
//!
//! What happened is its own outbox: ledger rows and published price books. A relay follows them with a cursor for each
//! endpoint, so nothing is added to a charge. From there on a message is a row of its own that a sender takes, tries,
//! and keeps as the delivery log.

mod address;
#[cfg(feature = "postgres")]
mod delivery;
mod event;
mod notice;
#[cfg(feature = "postgres")]
mod relay;
#[cfg(feature = "postgres")]
mod repo;
#[cfg(feature = "postgres")]
mod service;
mod shares;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use address::is_public;
pub use event::EventKind;
#[cfg(feature = "postgres")]
pub(crate) use notice::note_in_tx;
pub use notice::{
    AddOnNotice, AutoTopUpNotice, DisputeNotice, GrantNotice, Notice, PaymentNotice, RefundNotice, SubscriptionNotice,
};
#[cfg(feature = "postgres")]
pub use relay::Payloads;
#[cfg(feature = "postgres")]
pub use service::Webhooks;
#[cfg(feature = "postgres")]
pub(crate) use service::disable_all_in_tx;
pub use shares::{Claim, Turn, UnderWay};

use crate::ledger::{EntryKind, EntryView};
use crate::money::Credits;

/// The most endpoints of one wallet.
#[doc(hidden)]
pub const ENDPOINTS_MAX: usize = 10;
/// Messages that wait for an endpoint at most; what happens then stays in the ledger until there is room.
#[doc(hidden)]
pub const QUEUED_MAX: i64 = 10_000;
/// After the first try, a message is tried again at most so often.
#[doc(hidden)]
pub const RETRIES_MAX: u32 = 5;
/// An endpoint of which every try has failed for so long is switched off.
pub(crate) const FAILING_MAX: TimeDelta = TimeDelta::days(3);
/// Of an endpoint of which every try has failed for so long, its owner is told, before it is switched off.
pub(crate) const FAILING_TOLD: TimeDelta = TimeDelta::hours(1);
/// Why an endpoint is off that wants no more messages.
pub const OFF_GONE: &str = "The endpoint answered 410 Gone.";
/// Why an endpoint is off of which every try has failed.
pub const OFF_FAILING: &str = "Every message has failed for three days.";
/// The longest wait that an endpoint may ask for, in seconds.
const RETRY_AFTER_MAX: u32 = 24 * 60 * 60;
/// The wait before the first retry, in seconds; each further one is four times as long.
const FIRST_WAIT_SECONDS: i64 = 30;

/// Where a program hears of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Which one.
    pub id: Uuid,
    /// Where messages go.
    pub url: String,
    /// What people call it; may be empty.
    pub description: String,
    /// What it hears of.
    pub events: Vec<EventKind>,
    /// Whether it is sent one line of text, as Slack takes it: `{"text": …}`.
    pub is_slack: bool,
    /// Until when messages are also signed with the secret before the last rotation.
    pub old_secret_until: Option<DateTime<Utc>>,
    /// Since when nothing is sent, and why.
    pub disabled: Option<(DateTime<Utc>, String)>,
    /// Since when every try has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// An endpoint to make. Its address was checked where it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Where messages go.
    pub url: String,
    /// What people call it.
    pub description: String,
    /// What it hears of.
    pub events: Vec<EventKind>,
    /// Whether it is sent one line of text, as Slack takes it: `{"text": …}`.
    pub is_slack: bool,
}

/// An endpoint with its secret: shown this one time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What signs its messages: `whsec_…`.
    pub secret: String,
}

impl std::fmt::Debug for CreatedEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, or to be tried again.
    Queued,
    /// The endpoint has taken it.
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryState {
    /// Gives the name in the API and the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads the name.
    #[must_use]
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Queued, Self::Delivered, Self::Failed].into_iter().find(|state| state.code() == code)
    }
}

/// One message of the delivery log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which one.
    pub id: Uuid,
    /// To which endpoint.
    pub endpoint: Uuid,
    /// Of what.
    pub event: EventKind,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next; for one that is queued.
    pub due_at: DateTime<Utc>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// The message that this one repeats.
    pub replay_of: Option<Uuid>,
    /// What the last try was answered with.
    pub last_status: Option<u16>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which one, from 1.
    pub number: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub millis: u32,
    /// What the endpoint answered with; none where it did not.
    pub status: Option<u16>,
    /// What went wrong, or the beginning of what the endpoint said.
    pub note: String,
}

/// A message with its content and its tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// The message.
    pub delivery: Delivery,
    /// What is sent.
    pub payload: String,
    /// The tries, the first one first.
    pub attempts: Vec<Attempt>,
}

/// A page of the delivery log, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryPage {
    /// The messages.
    pub deliveries: Vec<Delivery>,
    /// Pass it as `before` for the next page; `None` on the last one.
    pub next: Option<Uuid>,
}

/// A message taken for sending.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub id: Uuid,
    /// Whose place it takes.
    pub claim: Claim,
    /// The endpoint.
    pub endpoint: Uuid,
    /// The same for each try and each replay of a message: receivers know it again.
    pub message: Uuid,
    /// Of what.
    pub event: EventKind,
    /// Where it goes.
    pub url: String,
    /// What is sent.
    pub payload: String,
    /// What it is signed with: the secret, and the one before while that still counts.
    pub secrets: Vec<String>,
    /// Which try this is, from 1.
    pub tries: u32,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("id", &self.id).field("tries", &self.tries).finish_non_exhaustive()
    }
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What the endpoint answered with; none where it did not.
    pub status: Option<u16>,
    /// What went wrong, or the beginning of what the endpoint said.
    pub note: String,
    /// How long it took.
    pub millis: u32,
    /// After how many seconds the endpoint wants to be asked again, where it says so.
    pub retry_after: Option<u32>,
}

impl Sent {
    /// Says whether the endpoint held its place for long.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        self.millis >= shares::SLOW_MILLIS
    }

    /// Gives the wait that the endpoint asks for after a failure, a day at most.
    #[must_use]
    pub fn pause(&self) -> Option<TimeDelta> {
        let seconds = self.retry_after.filter(|seconds| *seconds > 0 && !self.is_taken())?;
        Some(TimeDelta::seconds(i64::from(seconds.min(RETRY_AFTER_MAX))))
    }

    /// Says whether the endpoint has taken the message.
    #[must_use]
    pub(crate) fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Says whether the endpoint wants no more messages at all.
    #[must_use]
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

/// Gives the wait after a failed try: 30 seconds, 2, 8, 32, 128 minutes, each with up to an eighth more, so that what
/// failed together doesn't come back together.
#[must_use]
pub(crate) fn wait_after(tries: u32, message: Uuid) -> TimeDelta {
    let quarter = tries.saturating_sub(1).min(8).saturating_mul(2);
    let seconds = FIRST_WAIT_SECONDS.saturating_mul(1_i64.checked_shl(quarter).unwrap_or(1));
    let share = i64::from(message.as_bytes()[15]);
    // share ÷ 256 of an eighth.
    let more = seconds.saturating_mul(share).checked_div(2_048).unwrap_or(0);
    TimeDelta::seconds(seconds.saturating_add(more))
}

/// Lists what a ledger row means to those who listen, beside itself: credits that run low, with the lowest line that was
/// crossed, or out; what happened to a hold; credits that expired.
#[doc(hidden)]
#[must_use]
pub fn alerts(entry: &EntryView, lines: &[Credits]) -> Vec<(EventKind, Option<Credits>)> {
    let after = entry.settled_after.micros().saturating_sub(entry.held_after.micros());
    let before = after.saturating_sub(entry.amount.micros()).saturating_add(entry.held_change.micros());
    let crossed = lines.iter().filter(|low| before >= low.micros() && after < low.micros()).min();
    let is_out = before > 0 && after <= 0;
    let of_row = EventKind::of_row(entry.kind).map(|kind| (kind, None));
    let low = crossed.map(|low| (EventKind::CreditsLow, Some(*low)));
    [of_row, low, is_out.then_some((EventKind::OutOfCredits, None))].into_iter().flatten().collect()
}

/// Says whether a row is told as `ledger.entry.created`. The fee for a retry is not: telling it could fail, and cost
/// another fee.
#[must_use]
pub(crate) fn is_told(entry: &EntryView) -> bool {
    entry.kind != EntryKind::WebhookFee
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::identity::Actor;

    fn entry(amount: i64, held: i64, settled_after: i64, held_after: i64) -> EntryView {
        let credits = |whole: i64| Credits::from_whole(whole).expect("fits");
        EntryView {
            wallet: crate::id::WalletId::new(crate::id::AccountId::new()),
            seq: 1,
            kind: EntryKind::Charge,
            amount: credits(amount),
            held_change: credits(held),
            settled_after: credits(settled_after),
            held_after: credits(held_after),
            operation: None,
            title: None,
            category: None,
            quantity: 1,
            refers_to: None,
            actor: Actor::system("test"),
            metadata: Value::Null,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_alert_comes_when_its_line_is_crossed_and_only_then() {
        let line = |whole| Credits::from_whole(whole).expect("fits");
        let kinds = |entry: &EntryView, lines: &[Credits]| -> Vec<EventKind> {
            alerts(entry, lines).into_iter().map(|(kind, _)| kind).collect()
        };
        let low = [line(20)];
        assert_eq!(kinds(&entry(-10, 0, 15, 0), &low), [EventKind::CreditsLow]);
        assert_eq!(kinds(&entry(-1, 0, 14, 0), &low), [], "it was low before");
        assert_eq!(kinds(&entry(-14, 0, 0, 0), &low), [EventKind::OutOfCredits]);
        assert_eq!(kinds(&entry(-30, 0, 0, 0), &low), [EventKind::CreditsLow, EventKind::OutOfCredits]);
        assert_eq!(kinds(&entry(0, 30, 30, 30), &low), [EventKind::CreditsLow, EventKind::OutOfCredits], "a hold");
        assert_eq!(kinds(&entry(-30, -30, 0, 0), &low), [], "capturing what was held changes nothing");
        assert_eq!(kinds(&entry(100, 0, 100, 0), &low), [], "a refill is good news");
        assert_eq!(kinds(&entry(-10, 0, 15, 0), &[]), [], "no refill, no line");
        // Of two lines that one row crosses, the lower one is told.
        let both = [line(20), line(50)];
        assert_eq!(alerts(&entry(-50, 0, 15, 0), &both), [(EventKind::CreditsLow, Some(line(20)))]);
        assert_eq!(alerts(&entry(-20, 0, 45, 0), &both), [(EventKind::CreditsLow, Some(line(50)))]);
    }

    #[test]
    fn rows_of_a_hold_are_told_by_their_kind() {
        let row = EntryView { kind: EntryKind::Release, ..entry(0, -10, 100, 0) };
        assert_eq!(alerts(&row, &[]), [(EventKind::HoldReleased, None)]);
    }

    #[test]
    fn waits_grow_and_differ() {
        let id = |last: u8| Uuid::from_u128(u128::from(last));
        let seconds: Vec<i64> = (1..=5).map(|tries| wait_after(tries, id(0)).num_seconds()).collect();
        assert_eq!(seconds, [30, 120, 480, 1_920, 7_680]);
        assert_eq!(wait_after(5, id(255)).num_seconds(), 7_680 + 7_680 * 255 / 2_048);
        assert!(wait_after(u32::MAX, id(255)) > TimeDelta::zero());
    }

    #[test]
    fn an_endpoint_may_ask_for_a_wait_of_a_day_at_most() {
        let sent = |status, retry_after| Sent { status: Some(status), note: String::new(), millis: 1, retry_after };
        assert_eq!(sent(429, Some(120)).pause(), Some(TimeDelta::seconds(120)));
        assert_eq!(sent(503, Some(u32::MAX)).pause(), Some(TimeDelta::days(1)));
        assert_eq!(sent(503, None).pause(), None);
        assert_eq!(sent(200, Some(120)).pause(), None, "it was taken");
    }
}
