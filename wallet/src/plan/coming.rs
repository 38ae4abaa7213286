//! The credits that a plan brings in the months to come: pure.

use chrono::{DateTime, TimeZone, Utc};

use super::due::Calendar;
use super::subscription::{Subscription, SubscriptionStatus};
use crate::catalog::Expiry;
use crate::money::Credits;

/// So many months are looked ahead.
pub(crate) const MONTHS_AHEAD: usize = 12;

/// One month's credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ComingCredits {
    /// When they come.
    pub(crate) at: DateTime<Utc>,
    /// How many.
    pub(crate) credits: Credits,
    /// When they end.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Their place in the burn order.
    pub(crate) priority: i16,
}

impl<Z: TimeZone> Calendar<Z> {
    /// Lists the credits of the next months, the next first, as long as nothing changes: what is paid, and what its
    /// card will be charged for. A plan that ends brings nothing after its end, and one whose card was declined or is gone
    /// nothing that is not paid.
    #[must_use]
    pub(crate) fn coming(
        &self,
        of: &Subscription,
        (rule, priority): (Expiry, i16),
        now: DateTime<Utc>,
    ) -> Vec<ComingCredits> {
        let first = match (of.status, of.terms) {
            (SubscriptionStatus::Cancelled, _) => return Vec::new(),
            (_, None) => self.month_at(of, now).and_then(|month| month.index.checked_add(1)),
            (_, Some(_)) => Some(of.months_granted),
        };
        let Some(first) = first else { return Vec::new() };
        let renews = of.status == SubscriptionStatus::Active && !of.cancel_at_end && of.method.is_some();
        let month = |index: u32| {
            let is_paid = of.terms.is_none() || index < of.months_paid;
            let credits = match of.renews_to() {
                Some((_, terms)) if !is_paid => terms.credits,
                _ => of.credits,
            };
            let month = self.month(of, index)?;
            let counts = is_paid || renews;
            let is_before_end = of.terms.is_some() || of.expires_at.is_none_or(|end| month.start < end);
            let expires_at = self.expiry(of, &month, rule, month.start);
            let coming = ComingCredits { at: month.start, credits, expires_at, priority };
            (counts && is_before_end && credits.is_positive()).then_some(coming)
        };
        let months = (first..).map_while(month).take(MONTHS_AHEAD.saturating_add(1));
        months.filter(|month| month.at > now).take(MONTHS_AHEAD).collect()
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;
    use crate::catalog::{BillingDates, Interval};
    use crate::plan::SavedMethod;
    use crate::plan::due::tests::at;

    const NOW: &str = "2027-01-15T10:00:00Z";

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn monthly() -> Subscription {
        let card = SavedMethod { provider: "sandbox".into(), reference: "card".into(), label: "Visa".into() };
        Subscription { method: Some(card), ..at(utc("2027-01-01T00:00:00Z"), Interval::Month) }
    }

    fn coming(of: &Subscription, rule: Expiry) -> Vec<ComingCredits> {
        let calendar = Calendar { zone: Utc, dates: BillingDates::Anniversary };
        calendar.coming(of, (rule, 10), utc(NOW))
    }

    #[test]
    fn a_plan_that_goes_on_brings_twelve_months() {
        let all = coming(&monthly(), Expiry::PeriodEnd);
        assert_eq!(all.len(), MONTHS_AHEAD);
        assert_eq!((all[0].at, all[0].expires_at), (utc("2027-02-01T00:00:00Z"), Some(utc("2027-03-01T00:00:00Z"))));
        assert_eq!((all[0].credits, all[0].priority), (Credits::ONE, 10));
        assert_eq!(coming(&monthly(), Expiry::Never)[0].expires_at, None);
    }

    #[test]
    fn what_is_not_paid_comes_only_where_the_plan_goes_on() {
        let cancelled = Subscription { cancel_at_end: true, ..monthly() };
        assert_eq!(coming(&cancelled, Expiry::Never), []);
        let declined = Subscription { status: SubscriptionStatus::PastDue, ..monthly() };
        assert_eq!(coming(&declined, Expiry::Never), []);
        let cardless = Subscription { method: None, ..monthly() };
        assert_eq!(coming(&cardless, Expiry::Never), [], "nobody would be charged");
        let over = Subscription { status: SubscriptionStatus::Cancelled, ..monthly() };
        assert_eq!(coming(&over, Expiry::Never), []);
        // A year that is paid comes month by month, also of a plan that ends with it.
        let year = Subscription { cancel_at_end: true, ..at(utc("2027-01-01T00:00:00Z"), Interval::Year) };
        assert_eq!(coming(&year, Expiry::Never).len(), 11);
    }

    #[test]
    fn the_next_plan_brings_its_own_credits() {
        let two = Credits::from_whole(2).expect("fits");
        let mut of = monthly();
        let terms = of.terms.map(|terms| crate::plan::Terms { credits: two, ..terms }).expect("paid");
        of.next = Some(crate::plan::NextPlan { plan: "less".into(), terms });
        assert_eq!(coming(&of, Expiry::Never)[0].credits, two);
    }

    #[test]
    fn a_free_plan_brings_the_months_after_this_one_until_its_end() {
        let free = Subscription { terms: None, months_paid: 0, months_granted: 0, ..monthly() };
        assert_eq!(coming(&free, Expiry::Never)[0].at, utc("2027-02-01T00:00:00Z"));
        let ends = Subscription { expires_at: Some(utc("2027-03-15T00:00:00Z")), ..free.clone() };
        assert_eq!(coming(&ends, Expiry::Never).len(), 2);
        let nothing = Subscription { credits: Credits::ZERO, ..free };
        assert_eq!(coming(&nothing, Expiry::Never), []);
    }
}
