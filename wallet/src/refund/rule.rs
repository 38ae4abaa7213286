//! What of a purchase can be given back, and why not: pure, so that the preview, the request and the decision agree.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::catalog::RefundPolicy;
use crate::id::PaymentId;
use crate::money::{Credits, Money};

#[cfg(test)]
mod tests;

/// What was bought with a payment, as far as giving it back goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The payment.
    pub payment: PaymentId,
    /// What was bought, for people.
    pub title: String,
    /// The instrument, for people: `Visa •• 4242`.
    pub method: Option<String>,
    /// What was paid, with the tax that was added.
    pub total: Money,
    /// The part of it that is tax, in the minor unit.
    pub tax_minor: i64,
    /// What was given back so far, or is on its way, in the minor unit.
    pub refunded_minor: i64,
    /// What the payment brought.
    pub granted: Credits,
    /// What is neither spent nor held nor over nor taken back.
    pub unused: Credits,
    /// What was taken back with its money.
    pub taken_back: Credits,
    /// What was spent or is held of the bonus that came with it.
    #[serde(default)]
    pub bonus_used: Credits,
    /// When the credits came.
    pub bought_at: DateTime<Utc>,
    /// Whether it was a plan's month.
    pub is_plan: bool,
    /// Whether the payment is disputed at the bank.
    pub is_disputed: bool,
    /// Whether the wallet is frozen or owes credits.
    pub is_blocked: bool,
}

/// Why a purchase can't be given back by the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Obstacle {
    /// The catalog has no rule: by staff only.
    NoRule,
    /// Credits of a plan are not refundable.
    PlanCredits,
    /// Everything was given back.
    Refunded,
    /// The days are over.
    Ended {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Too much is used.
    TooMuchUsed {
        /// How much, in percent, rounded up.
        percent: u8,
    },
    /// Nothing is left.
    NothingLeft,
    /// The bank has the payment under dispute.
    Disputed,
    /// The wallet is frozen or owes credits.
    Blocked,
}

/// What giving a purchase back means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The money that goes back, with its share of the tax.
    pub money: Money,
    /// The part of it that is tax, in the minor unit.
    pub tax_minor: i64,
    /// The credits that are taken for it.
    pub credits: Credits,
}

/// What the rule says of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The purchase.
    pub purchase: Purchase,
    /// Which day since it was bought: 1 on the first.
    pub day: u32,
    /// Until when it can be given back by the rule.
    pub until: Option<DateTime<Utc>>,
    /// How much of it is used, in percent, rounded up.
    pub used_percent: u8,
    /// What goes back by the rule, or why nothing does.
    pub verdict: Result<Offer, Obstacle>,
    /// The most that staff may send, in the minor unit.
    pub most_minor: i64,
}

/// Applies the rule to a purchase at a moment (domain.md 6: days, percent used, good standing, plan credits never).
#[must_use]
pub fn assess(policy: Option<&RefundPolicy>, purchase: Purchase, now: DateTime<Utc>) -> Assessment {
    let until = policy.map(|policy| purchase.bought_at + TimeDelta::days(i64::from(policy.days)));
    let since = now.signed_duration_since(purchase.bought_at).num_days().max(0);
    let verdict = verdict(policy, &purchase, until, now);
    Assessment {
        day: u32::try_from(since).unwrap_or(u32::MAX).saturating_add(1),
        until: until.filter(|_| !purchase.is_plan),
        used_percent: used_percent(&purchase),
        most_minor: left(&purchase),
        verdict,
        purchase,
    }
}

fn verdict(
    policy: Option<&RefundPolicy>,
    purchase: &Purchase,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Offer, Obstacle> {
    if purchase.is_plan {
        return Err(Obstacle::PlanCredits);
    }
    let (Some(policy), Some(until)) = (policy, until) else { return Err(Obstacle::NoRule) };
    if left(purchase) == 0 {
        return Err(Obstacle::Refunded);
    }
    if purchase.is_disputed {
        return Err(Obstacle::Disputed);
    }
    if now >= until {
        return Err(Obstacle::Ended { at: until });
    }
    let percent = used_percent(purchase);
    if percent > policy.max_used_percent {
        return Err(Obstacle::TooMuchUsed { percent });
    }
    if !refundable(purchase).is_positive() {
        return Err(Obstacle::NothingLeft);
    }
    if purchase.is_blocked {
        return Err(Obstacle::Blocked);
    }
    let credits = refundable(purchase);
    let minor = share(purchase.total.minor(), credits, purchase.granted).min(left(purchase));
    if minor == 0 {
        return Err(Obstacle::NothingLeft);
    }
    Ok(offer(purchase, minor, credits))
}

/// What sending an amount back means; `None` where it is nothing, or more than is left of the payment.
///
/// The credits go with their share of the money, as far as they are unused; with all that the rule gives back, all of
/// them.
#[must_use]
pub fn offer_of(assessment: &Assessment, minor: i64) -> Option<Offer> {
    let purchase = &assessment.purchase;
    if minor <= 0 || minor > left(purchase) {
        return None;
    }
    if let Ok(whole) = &assessment.verdict
        && minor == whole.money.minor()
    {
        return Some(*whole);
    }
    Some(offer(purchase, minor, credits_for(purchase, minor).min(purchase.unused)))
}

/// What a refund takes that was made at the provider; `None` where it is nothing, or more than is left of the payment.
///
/// Its share of the credits, used or not, but never more than was not taken back yet.
pub(crate) fn mirrored(purchase: &Purchase, minor: i64) -> Option<Offer> {
    let most = purchase.granted.checked_sub(purchase.taken_back)?;
    (minor > 0 && minor <= left(purchase)).then(|| offer(purchase, minor, credits_for(purchase, minor).min(most)))
}

/// The credits that are disputed with an amount: those of what was not given back. After a full refund none.
pub(crate) fn disputed(purchase: &Purchase, minor: i64) -> Credits {
    credits_for(purchase, minor.min(left(purchase)))
}

/// The credits that stand for a part of the money, rounded up.
fn credits_for(purchase: &Purchase, minor: i64) -> Credits {
    Credits::from_micros(share_up(purchase.granted.micros(), minor.max(0), purchase.total.minor()))
}

/// What was not given back of a payment, in the minor unit.
fn left(purchase: &Purchase) -> i64 {
    purchase.total.minor().saturating_sub(purchase.refunded_minor).max(0)
}

fn offer(purchase: &Purchase, minor: i64, credits: Credits) -> Offer {
    let tax = i128::from(purchase.tax_minor)
        .checked_mul(i128::from(minor))
        .and_then(|tax| tax.checked_div(i128::from(purchase.total.minor())))
        .and_then(|tax| i64::try_from(tax).ok());
    Offer { money: Money::from_minor(minor, purchase.total.currency()), tax_minor: tax.unwrap_or(0), credits }
}

/// The credits whose money goes back by the rule: what is unused, less what was spent of what came for nothing with it.
fn refundable(purchase: &Purchase) -> Credits {
    purchase.unused.checked_sub(purchase.bonus_used).unwrap_or_default().max(Credits::ZERO)
}

/// How much was spent or is held, in percent of what the money still stands for, rounded up.
fn used_percent(purchase: &Purchase) -> u8 {
    let (granted, unused) = (purchase.granted.micros(), purchase.unused.micros());
    let used = granted.saturating_sub(unused).saturating_sub(purchase.taken_back.micros()).max(0);
    // What comes for nothing with a purchase goes before it: who has spent that has used the purchase.
    let used = used.saturating_add(purchase.bonus_used.micros()).max(0);
    u8::try_from(share_up(100, used, granted).min(100)).unwrap_or(100)
}

/// `whole × part / of`, rounded down: never more money than the part of it.
fn share(whole: i64, part: Credits, of: Credits) -> i64 {
    let product = i128::from(whole).checked_mul(i128::from(part.micros()));
    let share = product.and_then(|product| product.checked_div(i128::from(of.micros())));
    share.and_then(|share| i64::try_from(share).ok()).unwrap_or(0).max(0)
}

/// `whole × part / of`, rounded up; `whole` where nothing can be said.
fn share_up(whole: i64, part: i64, of: i64) -> i64 {
    let divided = |product: i128| product.checked_add(i128::from(of).checked_sub(1)?)?.checked_div(i128::from(of));
    let share = i128::from(whole).checked_mul(i128::from(part)).and_then(divided);
    share.and_then(|share| i64::try_from(share).ok()).unwrap_or(whole)
}
