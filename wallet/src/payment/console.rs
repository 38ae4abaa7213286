//! Payments as staff see them: the list of all, one payment's story, and what comparisons with providers found.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::compare::{Difference, DifferenceKind};
use super::model::{PaymentStatus, PlanPart};
use super::provider::{EventAbout, ProviderStatus};
use crate::id::{AccountId, PaymentId};
use crate::money::{Credits, Money};

/// The tabs of the list: groups of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusGroup {
    /// Every payment.
    #[default]
    All,
    /// Money was taken, staff decide.
    InReview,
    /// Not at its end yet.
    Waiting,
    /// Declined, called off or not paid in time.
    Failed,
    /// Paid, and the credits were added.
    Paid,
}

impl StatusGroup {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::All, Self::InReview, Self::Waiting, Self::Failed, Self::Paid];

    /// Gives the name used in addresses; empty for all payments.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::All => "",
            Self::InReview => "review",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Paid => "paid",
        }
    }

    /// Reads the name; what it does not know means all.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|group| group.code() == code).unwrap_or_default()
    }

    /// Says whether a state is one of the group's.
    #[must_use]
    pub const fn has(self, status: PaymentStatus) -> bool {
        match self {
            Self::All => true,
            Self::InReview => matches!(status, PaymentStatus::Held),
            Self::Waiting => status.is_open(),
            Self::Failed => {
                matches!(status, PaymentStatus::Failed | PaymentStatus::Cancelled | PaymentStatus::Expired)
            }
            Self::Paid => matches!(status, PaymentStatus::Succeeded),
        }
    }
}

/// What was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoughtKind {
    /// A package, or an amount of the buyer's own.
    Package,
    /// A month or a year of a plan.
    Plan,
}

/// Which payments are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFilter {
    /// How far they are.
    pub group: StatusGroup,
    /// Ordered at this instant or later. Payments in review are always listed.
    pub from: Option<DateTime<Utc>>,
    /// Who takes the money.
    pub provider: Option<String>,
    /// What was bought.
    pub bought: Option<BoughtKind>,
    /// A part of the customer's name or address, of the card's label, or the payment's id or name at its provider.
    pub text: Option<String>,
}

/// One payment in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffPayment {
    /// The payment; also the order's number.
    pub id: PaymentId,
    /// Who pays.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// Whom the receipt goes to.
    pub email: String,
    /// What was ordered, in words.
    pub title: String,
    /// What it pays of a plan, where it is for one.
    pub plan: Option<PlanPart>,
    /// What the wallet gets.
    pub credits: Credits,
    /// What it costs, before tax.
    pub money: Money,
    /// The tax that the provider added, in the same currency's minor unit.
    pub tax_minor: i64,
    /// The provider's name.
    pub provider: String,
    /// The provider's name of the payment, or of its page.
    pub reference: Option<String>,
    /// The instrument, for people.
    pub method: Option<String>,
    /// How far it is.
    pub status: PaymentStatus,
    /// Why it failed or is in review, as a code.
    pub failure: Option<String>,
    /// When it was ordered.
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    pub updated_at: DateTime<Utc>,
}

/// How many payments there are in each group, with the other filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCounts {
    /// All.
    pub all: i64,
    /// In review.
    pub in_review: i64,
    /// Waiting.
    pub waiting: i64,
    /// Failed.
    pub failed: i64,
    /// Paid.
    pub paid: i64,
}

impl GroupCounts {
    /// Adds payments in a state.
    pub fn add(&mut self, status: PaymentStatus, count: i64) {
        for group in StatusGroup::ALL.into_iter().filter(|group| group.has(status)) {
            let sum = self.of_mut(group);
            *sum = sum.saturating_add(count);
        }
    }

    /// Gives how many there are in a group.
    #[must_use]
    pub const fn of(&self, group: StatusGroup) -> i64 {
        match group {
            StatusGroup::All => self.all,
            StatusGroup::InReview => self.in_review,
            StatusGroup::Waiting => self.waiting,
            StatusGroup::Failed => self.failed,
            StatusGroup::Paid => self.paid,
        }
    }

    const fn of_mut(&mut self, group: StatusGroup) -> &mut i64 {
        match group {
            StatusGroup::All => &mut self.all,
            StatusGroup::InReview => &mut self.in_review,
            StatusGroup::Waiting => &mut self.waiting,
            StatusGroup::Failed => &mut self.failed,
            StatusGroup::Paid => &mut self.paid,
        }
    }
}

/// One page of the list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffPaymentPage {
    /// The payments.
    pub payments: Vec<StaffPayment>,
    /// Pass it as `before` for the next page; `None` on the last one.
    pub next: Option<PaymentId>,
}

/// A comparison of our payments with the books of one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// The comparison.
    pub id: Uuid,
    /// The provider's name.
    pub provider: String,
    /// The first instant of the period in which the payments were made.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// How many payments agree.
    pub matched: i64,
    /// How many things differ.
    pub differences: i64,
    /// Payments in the provider's books that are no order of a Scrip.
    pub others: i64,
    /// Payments that wait for staff.
    pub in_review: i64,
    /// Why nothing was compared, as a code: `no_answer`, `no_books`, `not_set_up`, `too_many`.
    pub problem: Option<String>,
}

/// A difference as it is kept: once, however often it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundDifference {
    /// The row.
    pub id: Uuid,
    /// The provider's name.
    pub provider: String,
    /// What differs.
    pub difference: Difference,
    /// When it was found first.
    pub found_at: DateTime<Utc>,
    /// When it was found last.
    pub last_found_at: DateTime<Utc>,
    /// Whether the newest comparison with this provider found it.
    pub is_current: bool,
}

/// The newest comparison with each provider, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconciliationReport {
    /// The newest of each provider, by the providers' names.
    pub newest: Vec<Reconciliation>,
    /// Differences, those of the newest comparisons first, then the newest first.
    pub differences: Vec<FoundDifference>,
    /// Whether there are more than these.
    pub has_more: bool,
}

/// What a monitor is told of payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFigures {
    /// Payments that wait for staff.
    pub in_review: i64,
    /// Orders whose outcome is not known yet.
    pub open: i64,
    /// When the oldest of them was made.
    pub oldest_open: Option<DateTime<Utc>>,
    /// The newest comparison with each provider.
    pub reconciliations: Vec<Reconciliation>,
}

/// Something that happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum PaymentStep {
    /// It came into a state; the first one is that it was ordered.
    State {
        /// The state.
        status: PaymentStatus,
        /// Why, as a code.
        failure: Option<String>,
        /// Whether it is the payment's first one.
        is_first: bool,
    },
    /// The provider has named it.
    Sent {
        /// The provider's name of it.
        reference: String,
    },
    /// A message of the provider came.
    Event {
        /// What it says happened, in the provider's words.
        kind: String,
        /// What it is about.
        about: EventAbout,
        /// How far it is worked on.
        state: EventState,
    },
    /// The provider was asked, and this is what it said.
    Answer {
        /// How far the payment is there.
        status: ProviderStatus,
        /// What was asked there, before tax.
        money: Money,
        /// The tax that the provider added, in the same currency's minor unit.
        tax_minor: i64,
        /// What was given back so far, in the same currency's minor unit.
        refunded_minor: i64,
    },
    /// Staff decided about it.
    Decided {
        /// Who.
        by: String,
        /// What.
        decision: Decision,
        /// Why, in their words.
        note: String,
    },
    /// Its credits came into the ledger.
    Entry {
        /// The row.
        seq: i64,
        /// How many.
        amount: Credits,
        /// The balance after it.
        settled_after: Credits,
    },
    /// A mail about it was written.
    Mail {
        /// What it is about, as a code.
        kind: String,
        /// Whether it was sent; `None` while it waits.
        is_sent: Option<bool>,
    },
    /// A comparison with the provider's books found a difference.
    Difference {
        /// What differs.
        kind: DifferenceKind,
        /// The amount here.
        ours: Option<Money>,
        /// The amount there.
        theirs: Option<Money>,
    },
}

/// What staff decided about a payment in review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// To give what was ordered.
    Accepted,
    /// The same, and it could not be given.
    NotAccepted,
    /// To note that the money was given back.
    Returned,
}

/// How far a provider's message is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Not yet.
    Waiting,
    /// The provider was asked because of it.
    Done,
    /// It is about nothing that is acted on.
    Ignored,
    /// The provider could not be asked; it is tried again.
    Failed,
}

impl EventState {
    /// Reads the name kept in storage.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code {
            "done" => Self::Done,
            "ignored" => Self::Ignored,
            "failed" => Self::Failed,
            _ => Self::Waiting,
        }
    }
}

/// Something that happened to a payment, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedStep {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub step: PaymentStep,
}

/// Everything that is known of one payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentStory {
    /// The payment.
    pub payment: StaffPayment,
    /// What the provider took, where that is not what was ordered.
    pub taken: Option<Money>,
    /// What happened, in order.
    pub steps: Vec<TimedStep>,
    /// How many answers of the provider are kept.
    pub answers: i64,
    /// What the wallet holds now.
    pub settled: Credits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_in_one_tab_and_in_all() {
        for status in PaymentStatus::ALL {
            assert_eq!(StatusGroup::ALL.into_iter().filter(|group| group.has(status)).count(), 2, "{status:?}");
        }
        let mut counts = GroupCounts::default();
        counts.add(PaymentStatus::Held, 1);
        counts.add(PaymentStatus::Expired, 2);
        counts.add(PaymentStatus::Failed, 3);
        assert_eq!((counts.all, counts.in_review, counts.failed, counts.paid), (6, 1, 5, 0));
        assert_eq!(StatusGroup::ALL.map(|group| counts.of(group)), [6, 1, 0, 5, 0]);
    }

    #[test]
    fn tabs_are_read_back_from_addresses() {
        for group in StatusGroup::ALL {
            assert_eq!(StatusGroup::from_code(group.code()), group);
        }
        assert_eq!(StatusGroup::from_code("anything"), StatusGroup::All);
    }
}
