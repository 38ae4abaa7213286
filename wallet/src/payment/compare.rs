//! Our payments of a period beside a provider's books: what agrees, and what differs.
//!
//! The provider lists what it made in the period, by its own clock; ours are those that were ordered in it. So a payment
//! is never missed since it stands at the edge of both: what the provider lists is looked for among all of ours, and
//! what of ours it does not list is asked for by itself, before it counts as missing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::model::PaymentStatus;
use super::provider::BookedPayment;
use crate::id::PaymentId;
use crate::money::Money;

/// A period of payments: its first instant, and the first one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedPeriod {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
}

impl ComparedPeriod {
    /// Takes whole days in UTC, both included; `None` where the last is before the first.
    #[must_use]
    pub fn days(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        let from = first.and_time(NaiveTime::MIN).and_utc();
        let to = last.succ_opt()?.and_time(NaiveTime::MIN).and_utc();
        (from < to).then_some(Self { from, to })
    }

    /// Says whether an instant lies in it.
    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

/// How a payment of ours and the provider's differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The provider took the money, and here it has brought nothing.
    PaidThere,
    /// Here it has brought credits, and the provider has no money for it.
    NotPaidThere,
    /// Both say paid, and not the same amount or currency.
    Amount,
    /// The provider gave money back that is not known here.
    RefundedThere,
    /// Here it is noted as given back, and the provider has given back less.
    RefundMissing,
    /// The provider took the money of one order more than once.
    PaidTwice,
    /// The provider took money for an order that is not known here.
    UnknownOrder,
}

impl DifferenceKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::PaidThere,
        Self::NotPaidThere,
        Self::Amount,
        Self::RefundedThere,
        Self::RefundMissing,
        Self::PaidTwice,
        Self::UnknownOrder,
    ];

    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PaidThere => "paid_there",
            Self::NotPaidThere => "not_paid_there",
            Self::Amount => "amount",
            Self::RefundedThere => "refunded_there",
            Self::RefundMissing => "refund_missing",
            Self::PaidTwice => "paid_twice",
            Self::UnknownOrder => "unknown_order",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// One thing in which our payments and the provider's books differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What differs.
    pub kind: DifferenceKind,
    /// Our payment; `None` where the order is not known here.
    pub payment: Option<PaymentId>,
    /// The provider's name of the payment.
    pub reference: Option<String>,
    /// The amount here: what was paid or given back, tax included.
    pub ours: Option<Money>,
    /// The amount there.
    pub theirs: Option<Money>,
    /// When the payment was made.
    pub about_at: DateTime<Utc>,
}

impl Difference {
    /// Names it, so that it is the same one when it is found again. Other amounts make it another one.
    #[must_use]
    pub fn key(&self) -> String {
        let payment = self.payment.map(|id| id.to_string()).unwrap_or_default();
        let reference = self.reference.as_deref().unwrap_or_default();
        let amount = |money: Option<Money>| money.map(|money| money.to_string()).unwrap_or_default();
        format!("{}|{payment}|{reference}|{}|{}", self.kind.code(), amount(self.ours), amount(self.theirs))
    }
}

/// A payment of ours, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurPayment {
    /// The payment.
    pub id: PaymentId,
    /// The provider's name of it, as it was told here. It may name the payment's page, and not the payment.
    pub reference: Option<String>,
    /// How far it is.
    pub status: PaymentStatus,
    /// Whether staff noted that its money was given back.
    pub is_returned: bool,
    /// What it costs, with the tax that the provider added.
    pub total: Money,
    /// What was given back as far as is known here, in the same currency's minor unit.
    pub refunded_minor: i64,
    /// When it was ordered.
    pub created_at: DateTime<Utc>,
}

impl OurPayment {
    /// Says whether the provider must have taken money for it.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.status == PaymentStatus::Succeeded || self.is_returned
    }
}

/// What came of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many payments agree.
    pub matched: u64,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Payments whose money was taken and that wait for staff.
    pub in_review: u64,
    /// Payments in the provider's books that are no order of a Scrip.
    pub others: u64,
    /// Payments of ours that the provider must have, and that stand in none of its lists: it is asked for each.
    pub unlisted: Vec<PaymentId>,
}

/// Compares payments of ours with what the provider lists of a period. `ours` are those of the period and those that the
/// list names, whenever they were ordered.
#[must_use]
pub fn compare(ours: &[OurPayment], theirs: &[BookedPayment], period: &ComparedPeriod) -> Comparison {
    let known: BTreeSet<PaymentId> = ours.iter().map(|payment| payment.id).collect();
    let named = ours.iter().filter_map(|payment| Some((payment.reference.as_deref()?, payment.id)));
    let by_reference: BTreeMap<&str, PaymentId> = named.collect();
    let mut listed: BTreeMap<PaymentId, Vec<&BookedPayment>> = BTreeMap::new();
    let mut comparison = Comparison::default();
    for booked in theirs {
        let by_order = booked.order.filter(|order| known.contains(order));
        match by_order.or_else(|| by_reference.get(booked.reference.as_str()).copied()) {
            Some(id) => listed.entry(id).or_default().push(booked),
            None if !booked.is_paid => {}
            None if booked.order.is_none() => comparison.others = comparison.others.saturating_add(1),
            None => comparison.differences.push(Difference {
                kind: DifferenceKind::UnknownOrder,
                payment: None,
                reference: Some(booked.reference.clone()),
                ours: None,
                theirs: Some(booked.total),
                about_at: booked.created_at,
            }),
        }
    }
    for payment in ours {
        match listed.get(&payment.id) {
            Some(booked) => comparison.compare_one(payment, booked),
            None if payment.is_paid() && period.contains(payment.created_at) => comparison.unlisted.push(payment.id),
            None => {}
        }
    }
    comparison
}

impl Comparison {
    /// Compares one payment with what the provider has of it: nothing, one payment, or several. What nobody has paid yet
    /// on either side is no difference, and agrees in nothing.
    pub fn compare_one(&mut self, ours: &OurPayment, booked: &[&BookedPayment]) {
        let is_named = |found: &&&BookedPayment| ours.reference.as_deref() == Some(found.reference.as_str());
        let paid = || booked.iter().filter(|found| found.is_paid);
        let Some(main) = paid().find(is_named).or_else(|| paid().next()) else {
            if ours.status == PaymentStatus::Succeeded {
                let there = booked.first();
                self.differs(DifferenceKind::NotPaidThere, ours, there.copied(), (Some(ours.total), None));
            } else if ours.is_returned {
                self.matched = self.matched.saturating_add(1);
            }
            return;
        };
        self.compare_paid(ours, main);
        for twice in paid().filter(|found| found.reference != main.reference) {
            self.differs(DifferenceKind::PaidTwice, ours, Some(twice), (Some(ours.total), Some(twice.total)));
        }
    }

    fn compare_paid(&mut self, ours: &OurPayment, found: &BookedPayment) {
        let refunded = |minor: i64| Some(Money::from_minor(minor, found.total.currency()));
        let before = self.differences.len();
        match ours.status {
            PaymentStatus::Succeeded => {
                if ours.total != found.total {
                    self.differs(DifferenceKind::Amount, ours, Some(found), (Some(ours.total), Some(found.total)));
                }
                let amounts = (refunded(ours.refunded_minor), refunded(found.refunded_minor));
                match found.refunded_minor.cmp(&ours.refunded_minor) {
                    std::cmp::Ordering::Greater => {
                        self.differs(DifferenceKind::RefundedThere, ours, Some(found), amounts);
                    }
                    std::cmp::Ordering::Less => self.differs(DifferenceKind::RefundMissing, ours, Some(found), amounts),
                    std::cmp::Ordering::Equal => {}
                }
            }
            PaymentStatus::Held => {
                self.in_review = self.in_review.saturating_add(1);
                return;
            }
            _ if ours.is_returned => {
                if found.refunded_minor < found.total.minor() {
                    let amounts = (Some(found.total), refunded(found.refunded_minor));
                    self.differs(DifferenceKind::RefundMissing, ours, Some(found), amounts);
                }
            }
            _ => self.differs(DifferenceKind::PaidThere, ours, Some(found), (Some(ours.total), Some(found.total))),
        }
        if self.differences.len() == before {
            self.matched = self.matched.saturating_add(1);
        }
    }

    fn differs(
        &mut self,
        kind: DifferenceKind,
        ours: &OurPayment,
        found: Option<&BookedPayment>,
        (here, there): (Option<Money>, Option<Money>),
    ) {
        let reference = found.map(|found| found.reference.clone()).or_else(|| ours.reference.clone());
        self.differences.push(Difference {
            kind,
            payment: Some(ours.id),
            reference,
            ours: here,
            theirs: there,
            about_at: ours.created_at,
        });
    }
}

#[cfg(test)]
mod tests;
