//! Auto top-up: what an owner has agreed to, and what is done about a wallet that runs low. Pure: the same facts give
//! the same step.
//!
//! One charge at a time, each within what was agreed: its amount, its day's and its month's limit. Whatever makes the
//! next charge uncertain suspends it with a reason, until the owner agrees anew.

mod agree;

#[cfg(feature = "postgres")]
use chrono::TimeDelta;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[cfg(feature = "postgres")]
pub(crate) use agree::{agree, wanted};

#[cfg(feature = "postgres")]
use super::model::Order;
#[cfg(feature = "postgres")]
use super::provider::decline::{self, AfterDecline};
use crate::id::{PaymentId, PaymentMethodId};
use crate::money::{Credits, Currency, Money};

/// What the owner agrees to by the form's words: who is charged how much, when, and never more than what. Another text
/// gets another name.
#[cfg(feature = "postgres")]
pub(crate) const CONSENT_AUTO: &str = "auto-1";
/// After so many declines in a row it stops.
#[cfg(feature = "postgres")]
const DECLINES_MAX: usize = 3;
/// The waits after the first and the second decline, in hours.
#[cfg(feature = "postgres")]
const WAIT_HOURS: [i64; 2] = [1, 24];
/// The wait after a charge that came to nothing: its provider did not take it, in minutes.
#[cfg(feature = "postgres")]
const AGAIN_MINUTES: i64 = 10;

/// What each automatic charge buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AutoTopUpBuys {
    /// A package.
    Package {
        /// Its code.
        package: String,
    },
    /// Credits for an amount of money.
    Amount {
        /// The amount.
        money: Money,
    },
    /// What is missing to a balance.
    FillTo {
        /// The balance.
        credits: Credits,
    },
}

impl AutoTopUpBuys {
    /// Gives the name kept in storage and used in forms and the API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Package { .. } => "package",
            Self::Amount { .. } => "amount",
            Self::FillTo { .. } => "fill_to",
        }
    }
}

/// What an owner asks for who switches auto top-up on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAutoTopUp {
    /// It tops up when less than this is available; `None`: only when a charge would be refused.
    pub threshold: Option<Credits>,
    /// What each charge buys.
    pub buys: AutoTopUpBuys,
    /// The currency of the limits, and of the charges.
    pub currency: Currency,
    /// The most of a day; the month's where nothing is said.
    pub daily: Option<Money>,
    /// The most of a calendar month.
    pub monthly: Money,
    /// The card.
    pub method: PaymentMethodId,
}

/// What an owner has agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpTerms {
    /// It tops up when less than this is available; `None`: only when a charge would be refused.
    pub threshold: Option<Credits>,
    /// What each charge buys.
    pub buys: AutoTopUpBuys,
    /// The most of one charge.
    pub most: Money,
    /// The most of a day in the account's time zone, tax included.
    pub daily: Money,
    /// The most of a calendar month in the account's time zone, tax included.
    pub monthly: Money,
    /// The card.
    pub method: PaymentMethodId,
    /// The card, for people: `Visa •• 4242`.
    pub method_label: String,
}

/// Why auto top-up is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspension {
    /// Three charges in a row were declined.
    Declines,
    /// The bank asks for the owner.
    AsksOwner,
    /// The owner has taken back the right to charge the card, at the bank or the provider.
    Revoked,
    /// The card is lost, closed or not saved any more.
    CardGone,
    /// The card has expired.
    CardExpired,
    /// The day's limit leaves too little for another charge. It goes on tomorrow.
    DailyLimit,
    /// The month's limit leaves too little for another charge. It goes on next month.
    MonthlyLimit,
    /// What it buys costs more than the owner has agreed to, or is not sold any more.
    PriceChanged,
    /// The provider that has the card is not set up any more.
    ProviderOff,
    /// Money was taken that did not fit its order: staff decide.
    InReview,
    /// A payment of the account is disputed.
    Dispute,
}

impl Suspension {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Declines,
        Self::AsksOwner,
        Self::Revoked,
        Self::CardGone,
        Self::CardExpired,
        Self::DailyLimit,
        Self::MonthlyLimit,
        Self::PriceChanged,
        Self::ProviderOff,
        Self::InReview,
        Self::Dispute,
    ];

    /// Gives the name kept in storage and shown by the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Declines => "declines",
            Self::AsksOwner => "asks_owner",
            Self::Revoked => "revoked",
            Self::CardGone => "card_gone",
            Self::CardExpired => "card_expired",
            Self::DailyLimit => "daily_limit",
            Self::MonthlyLimit => "monthly_limit",
            Self::PriceChanged => "price_changed",
            Self::ProviderOff => "provider_off",
            Self::InReview => "in_review",
            Self::Dispute => "dispute",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// Says whether it ends by itself.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(self, Self::DailyLimit | Self::MonthlyLimit)
    }
}

/// How auto top-up of a wallet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoTopUpState {
    /// The catalog does not offer it.
    NotOffered,
    /// It is off.
    Off,
    /// The catalog has it on for everybody: the owner has not agreed yet, which it needs.
    NeedsConsent,
    /// It is on.
    On,
    /// A charge is on its way.
    Pending,
    /// It has stopped, for a reason.
    Suspended,
}

impl AutoTopUpState {
    /// Gives the name in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotOffered => "not_offered",
            Self::Off => "off",
            Self::NeedsConsent => "needs_consent",
            Self::On => "on",
            Self::Pending => "pending",
            Self::Suspended => "suspended",
        }
    }
}

/// One automatic charge, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpCharge {
    /// The payment.
    pub payment: PaymentId,
    /// How far it is.
    pub status: super::PaymentStatus,
    /// The credits that it brings.
    pub credits: Credits,
    /// What it costs, without tax.
    pub money: Money,
    /// Why it failed, as a code.
    pub failure: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
}

/// Auto top-up of a wallet, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpView {
    /// How it stands.
    pub state: AutoTopUpState,
    /// Why it is suspended.
    pub reason: Option<Suspension>,
    /// When it goes on by itself.
    pub until: Option<DateTime<Utc>>,
    /// What was agreed to last, also where it is off now.
    pub terms: Option<AutoTopUpTerms>,
    /// Who agreed, and when.
    pub agreed: Option<(String, DateTime<Utc>)>,
    /// What was charged in this calendar month, tax included, in the currency of the limits.
    pub spent_this_month: Option<Money>,
    /// The charge that is on its way.
    pub pending: Option<AutoTopUpCharge>,
    /// The last charges, newest first.
    pub charges: Vec<AutoTopUpCharge>,
}

impl AutoTopUpView {
    /// Says whether the owner has it on, suspended or not.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        matches!(self.state, AutoTopUpState::On | AutoTopUpState::Pending | AutoTopUpState::Suspended)
    }

    /// Says why it has stopped, where it has.
    #[must_use]
    pub fn stopped(&self) -> Option<Suspension> {
        self.reason.filter(|_| self.state == AutoTopUpState::Suspended)
    }

    /// Names the card that it charges, while it is on.
    #[must_use]
    pub fn method(&self) -> Option<PaymentMethodId> {
        self.terms.as_ref().filter(|_| self.is_on()).map(|terms| terms.method)
    }
}

/// What became of one charge.
#[cfg(feature = "postgres")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not decided yet.
    Open,
    /// Paid.
    Paid,
    /// Declined, with a code.
    Declined(String),
    /// Taken, and in review.
    InReview,
    /// Nothing was taken and nobody declined it: its provider never had it, or it was called off.
    Nothing,
}

/// One charge since the owner agreed.
#[cfg(feature = "postgres")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Try {
    pub(crate) outcome: Outcome,
    /// When it came to its end, or was made.
    pub(crate) at: DateTime<Utc>,
}

/// What was charged in a period, and when that ends.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    /// In the currency of the limits, tax included; what may still be taken counts.
    pub(crate) minor: i64,
    pub(crate) until: DateTime<Utc>,
}

/// The card, as far as it can be charged.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    Ready,
    Gone,
    Expired,
    /// Its provider is not set up any more.
    ProviderOff,
}

/// Everything that the next step depends on.
#[cfg(feature = "postgres")]
pub(crate) struct Facts<'a> {
    pub(crate) terms: &'a AutoTopUpTerms,
    /// Whether the catalog offers it, and the wallet may be spent from.
    pub(crate) is_possible: bool,
    pub(crate) available: Credits,
    /// What a charge needed that was refused since the last top-up.
    pub(crate) refused: Option<Credits>,
    pub(crate) card: Card,
    /// The charges since the owner agreed, newest first.
    pub(crate) tries: &'a [Try],
    /// What it buys now, and at which price; `None` where it is not sold any more.
    pub(crate) order: Option<&'a Order>,
    pub(crate) day: Spent,
    pub(crate) month: Spent,
    pub(crate) now: DateTime<Utc>,
}

/// What is done about a wallet.
#[cfg(feature = "postgres")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing: there is enough, or it can't be spent.
    Rest,
    /// Nothing: what it buys does not cover the charge that was refused.
    TooSmall,
    /// A charge is on its way.
    Open,
    /// The card was declined, and is tried again then.
    Wait(DateTime<Utc>),
    /// The card is charged for the order.
    Charge,
    /// It stops, until an instant or until its owner acts.
    Suspend(Suspension, Option<DateTime<Utc>>),
}

/// Decides what is done about a wallet.
#[cfg(feature = "postgres")]
pub(crate) fn decide(facts: &Facts<'_>) -> Step {
    if facts.tries.iter().any(|one| one.outcome == Outcome::Open) {
        return Step::Open;
    }
    let waits_until = match after_tries(facts.tries) {
        AfterTries::GoOn => None,
        AfterTries::WaitUntil(until) => Some(until).filter(|until| facts.now < *until),
        AfterTries::Stop(reason) => return Step::Suspend(reason, None),
    };
    match facts.card {
        Card::Ready => {}
        Card::Gone => return Step::Suspend(Suspension::CardGone, None),
        Card::Expired => return Step::Suspend(Suspension::CardExpired, None),
        Card::ProviderOff => return Step::Suspend(Suspension::ProviderOff, None),
    }
    let is_below = facts.terms.threshold.is_some_and(|threshold| facts.available < threshold);
    // A charge that was refused may be covered by now: something else has brought credits.
    let refused = facts.refused.filter(|needed| *needed > facts.available);
    if !facts.is_possible || !(is_below || refused.is_some()) {
        return Step::Rest;
    }
    let Some(order) = facts.order.filter(|order| is_within(order.money, facts.terms.most)) else {
        return Step::Suspend(Suspension::PriceChanged, None);
    };
    let after = facts.available.checked_add(order.credits);
    let covers = |needed: Credits| after.is_some_and(|after| after >= needed);
    if !is_below && !refused.is_some_and(covers) {
        return Step::TooSmall;
    }
    if let Some(until) = waits_until {
        return Step::Wait(until);
    }
    let leaves = |spent: Spent, limit: Money| {
        spent.minor.checked_add(order.money.minor()).is_some_and(|after| after <= limit.minor())
    };
    if !leaves(facts.month, facts.terms.monthly) {
        return Step::Suspend(Suspension::MonthlyLimit, Some(facts.month.until));
    }
    if !leaves(facts.day, facts.terms.daily) {
        return Step::Suspend(Suspension::DailyLimit, Some(facts.day.until));
    }
    Step::Charge
}

/// Says whether an amount is one that was agreed to.
#[cfg(feature = "postgres")]
fn is_within(money: Money, most: Money) -> bool {
    money.currency() == most.currency() && money.minor() <= most.minor()
}

/// What the charges so far mean for the next one.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterTries {
    GoOn,
    WaitUntil(DateTime<Utc>),
    Stop(Suspension),
}

/// Judges the charges since the owner agreed, newest first: one that the bank wants its owner for is never repeated, a
/// card that is of no use is never charged again, and three declines in a row stop it.
#[cfg(feature = "postgres")]
pub(crate) fn after_tries(tries: &[Try]) -> AfterTries {
    let Some(newest) = tries.first() else { return AfterTries::GoOn };
    match &newest.outcome {
        Outcome::Open | Outcome::Paid => AfterTries::GoOn,
        Outcome::InReview => AfterTries::Stop(Suspension::InReview),
        Outcome::Nothing => AfterTries::WaitUntil(newest.at + TimeDelta::minutes(AGAIN_MINUTES)),
        Outcome::Declined(code) => match (decline::after(code), code.as_str()) {
            (AfterDecline::AskOwner, decline::PROVIDER_OFF) => AfterTries::Stop(Suspension::ProviderOff),
            (AfterDecline::AskOwner, _) => AfterTries::Stop(Suspension::AsksOwner),
            (AfterDecline::DropMethod, decline::PERMISSION_REVOKED) => AfterTries::Stop(Suspension::Revoked),
            (AfterDecline::DropMethod, decline::CARD_EXPIRED) => AfterTries::Stop(Suspension::CardExpired),
            (AfterDecline::DropMethod, _) => AfterTries::Stop(Suspension::CardGone),
            (AfterDecline::Retry, _) => {
                let is_decline = |one: &&Try| matches!(one.outcome, Outcome::Declined(_));
                let in_a_row = tries
                    .iter()
                    .filter(|one| one.outcome != Outcome::Nothing)
                    .take_while(is_decline)
                    .take(DECLINES_MAX)
                    .count();
                match WAIT_HOURS.get(in_a_row.saturating_sub(1)).filter(|_| in_a_row < DECLINES_MAX) {
                    Some(hours) => AfterTries::WaitUntil(newest.at + TimeDelta::hours(*hours)),
                    None => AfterTries::Stop(Suspension::Declines),
                }
            }
        },
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests;
