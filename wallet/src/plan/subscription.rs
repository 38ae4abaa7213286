//! An account on a plan: what was agreed, how far it is paid, and what its owner sees of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::catalog::{BillingDates, Interval, Rate};
use crate::id::{AccountId, PaymentId, SubscriptionId, WalletId};
use crate::money::{Credits, Money};

/// Whether a plan goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// Paid, or costing nothing.
    Active,
    /// The card was declined at the billing date; it is charged again on some days.
    PastDue,
    /// Over, in a catalog without a plan to go down to.
    Cancelled,
}

impl SubscriptionStatus {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Active, Self::PastDue, Self::Cancelled];

    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// What was agreed when a paid plan began; a later change of the catalog changes nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How often it is paid.
    pub interval: Interval,
    /// What is paid each time.
    pub price: Money,
    /// The credits of each month.
    pub credits: Credits,
}

impl Terms {
    /// Gives the number of months that one payment is for.
    #[must_use]
    pub const fn months(self) -> u32 {
        self.interval.months()
    }

    /// Gives the price of one credit.
    #[must_use]
    pub fn rate(self) -> Option<Rate> {
        Rate::new(self.price, self.credits.checked_mul(i64::from(self.months()))?)
    }

    /// Gives one month's share of a payment: the shares of all its months are the whole, to the last minor unit.
    #[must_use]
    pub fn share(self, nth: u32) -> Option<Money> {
        let (months, minor) = (i128::from(self.months()), i128::from(self.price.minor()));
        let until = |month: u32| minor.checked_mul(i128::from(month))?.checked_div(months);
        let share = until(nth.checked_add(1)?)?.checked_sub(until(nth)?)?;
        Some(Money::from_minor(i64::try_from(share).ok()?, self.price.currency()))
    }
}

/// What a plan becomes with its next billing date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPlan {
    /// The plan's code.
    pub plan: String,
    /// What was shown and agreed to.
    pub terms: Terms,
}

/// A card that may be charged without its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedMethod {
    /// Whose card it is saved with: `sandbox`.
    pub provider: String,
    /// The provider's name of it.
    pub reference: String,
    /// The card, for people: `Visa •• 4242`.
    pub label: String,
}

/// An account on a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    /// Which one; a new start is a new one.
    pub id: SubscriptionId,
    /// Who is on it.
    pub account: AccountId,
    /// What gets the credits.
    pub wallet: WalletId,
    /// The plan's code.
    pub plan: String,
    /// What was agreed; `None` where it costs nothing.
    pub terms: Option<Terms>,
    /// The credits of each month.
    pub credits: Credits,
    /// Where its months are counted from.
    pub anchor: DateTime<Utc>,
    /// Which month begins at the anchor: 0, or the one before which we were silent for days.
    pub(crate) anchor_month: u32,
    /// The IANA time zone in which its dates are counted: the account's, as it was when a paid plan began.
    pub time_zone: String,
    /// How its dates run: by the catalog, as it was when a paid plan began.
    pub dates: BillingDates,
    /// Whether it goes on.
    pub status: SubscriptionStatus,
    /// Whether it ends with the time that is paid.
    pub cancel_at_end: bool,
    /// When the time that is paid ends; `None` where it costs nothing and has no end.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many months are paid.
    pub(crate) months_paid: u32,
    /// Of how many months the credits have come.
    pub(crate) months_granted: u32,
    /// The payment that paid last.
    pub paid_by: Option<PaymentId>,
    /// The first month that it paid.
    pub(crate) paid_from: u32,
    /// What it paid.
    pub(crate) paid_price: Option<Money>,
    /// What the plan becomes with its next billing date; `None` where it stays.
    pub next: Option<NextPlan>,
    /// Declines in a row.
    pub(crate) failures: u32,
    /// When the first of them was.
    pub failing_since: Option<DateTime<Utc>>,
    /// When the card is charged again; `None` after the last time.
    pub next_try_at: Option<DateTime<Utc>>,
    /// The card.
    pub method: Option<SavedMethod>,
    /// Whether only its owner can pay what is owed: the card is not charged by itself.
    pub awaits_owner: bool,
    /// Counts its changes.
    pub version: i64,
}

impl Subscription {
    /// Says whether it is a paid plan that goes on, or ends later.
    #[must_use]
    pub(crate) fn is_paid_and_live(&self) -> bool {
        self.terms.is_some() && self.status != SubscriptionStatus::Cancelled
    }

    /// Gives the terms by which the running time was paid: those of its start, where the plan has become a higher one since.
    #[must_use]
    pub(crate) fn paid_terms(&self) -> Option<Terms> {
        self.terms.map(|terms| Terms { price: self.paid_price.unwrap_or(terms.price), ..terms })
    }

    /// Gives the plan and the terms of the next billing date.
    #[must_use]
    pub(crate) fn renews_to(&self) -> Option<(&str, Terms)> {
        match &self.next {
            Some(next) => Some((&next.plan, next.terms)),
            None => Some((&self.plan, self.terms?)),
        }
    }

    /// Gives the month whose money is owed after a decline, so that its owner can pay it by hand.
    #[must_use]
    pub(crate) fn owed(&self) -> Option<u32> {
        let is_owed = self.status == SubscriptionStatus::PastDue && !self.cancel_at_end;
        is_owed.then_some(self.months_paid)
    }
}

/// A plan as its account's people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionView {
    /// Which one.
    pub id: SubscriptionId,
    /// The plan's code.
    pub plan: String,
    /// Its name.
    pub name: String,
    /// What was agreed.
    pub terms: Terms,
    /// Whether it goes on.
    pub status: SubscriptionStatus,
    /// Whether it ends with the time that is paid.
    pub cancel_at_end: bool,
    /// When the time that is paid ends: the next billing date, or the end.
    pub paid_until: DateTime<Utc>,
    /// When the next credits come; `None` where none will.
    pub next_credits_at: Option<DateTime<Utc>>,
    /// When a declined card is charged again.
    pub next_try_at: Option<DateTime<Utc>>,
    /// The card, for people.
    pub method: Option<String>,
    /// What it becomes with the next billing date.
    #[serde(default)]
    pub next: Option<NextPlan>,
    /// Whether staff put the account on it: it is not changed here.
    #[serde(default)]
    pub is_assigned: bool,
    /// Whether only its owner can pay what is owed, until `next_try_at`: the bank asks for them, or the card is of no use
    /// any more.
    #[serde(default)]
    pub awaits_owner: bool,
}

/// One month of a subscription, and the ledger row of its credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingPeriod {
    /// The subscription.
    pub(crate) subscription: SubscriptionId,
    /// Which month, from 0.
    pub month: u32,
    /// The plan's code.
    pub plan: String,
    /// Its first instant.
    pub starts_at: DateTime<Utc>,
    /// The first instant after it.
    pub ends_at: DateTime<Utc>,
    /// What it brought.
    pub credits: Credits,
    /// The payment that it was paid with; `None` where it costs nothing.
    pub paid_by: Option<PaymentId>,
    /// The ledger row of its grant.
    pub entry_seq: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn the_months_shares_are_the_whole_price() {
        for (interval, minor) in [(Interval::Month, 89_000), (Interval::Year, 10_000), (Interval::Year, 5)] {
            let price = Money::from_minor(minor, Currency::USD);
            let terms = Terms { interval, price, credits: Credits::ONE };
            let shares: Vec<i64> =
                (0..terms.months()).filter_map(|nth| terms.share(nth)).map(|share| share.minor()).collect();
            assert_eq!(shares.len(), usize::try_from(terms.months()).expect("fits"));
            assert_eq!(shares.iter().sum::<i64>(), minor);
            assert!(shares.iter().max() <= shares.iter().min().map(|least| least + 1).as_ref(), "{shares:?}");
        }
    }

    #[test]
    fn states_are_read_back() {
        for status in SubscriptionStatus::ALL {
            assert_eq!(SubscriptionStatus::from_code(status.code()), Some(status));
        }
    }
}
