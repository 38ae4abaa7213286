//! Until when the credits last: the pace of the last seven days, carried on over the grants in their burn order, and over
//! those that the plan will bring.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ledger::BalanceView;
use crate::money::Credits;
use crate::plan::coming::{ComingCredits, MONTHS_AHEAD};

/// The days that a pace is the average of.
pub(crate) const PACE_DAYS: i64 = 7;
/// Of seven days the five busiest and the five quietest give the likely range.
const RANGE_DAYS: usize = 5;
/// What expires later than so many days from now is no news yet.
const UNUSED_AHEAD_DAYS: i64 = 62;
/// Micro-credits a day times seconds stay far within 128 bits.
const DAY: i128 = 24 * 3600;

/// How fast a wallet spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// What a day takes, on average.
    pub per_day: Credits,
    /// The same of the five quietest days of the seven.
    pub(crate) quiet: Credits,
    /// And of the five busiest.
    pub busy: Credits,
}

impl Pace {
    /// Takes what each of the last seven days has spent.
    #[must_use]
    pub(crate) fn of(mut days: [Credits; 7]) -> Self {
        days.sort_unstable();
        let average = |days: &[Credits]| {
            let sum = Credits::checked_sum(days.iter().map(|day| (*day).max(Credits::ZERO))).unwrap_or(Credits::MAX);
            let count = i64::try_from(days.len()).unwrap_or(1).max(1);
            Credits::from_micros(sum.micros().checked_div(count).unwrap_or_default())
        };
        let quiet = days.get(..RANGE_DAYS).unwrap_or(&days);
        let busy = days.get(days.len().saturating_sub(RANGE_DAYS)..).unwrap_or(&days);
        Self { per_day: average(&days), quiet: average(quiet), busy: average(busy) }
    }

    /// Takes what was spent in so many seconds: of a wallet that is too busy for a look at seven days.
    #[must_use]
    pub(crate) fn over(spent: Credits, seconds: i64) -> Self {
        let per_day = i128::from(spent.micros().max(0)).saturating_mul(DAY).checked_div(i128::from(seconds.max(1)));
        let per_day = per_day.and_then(|micros| i64::try_from(micros).ok()).map_or(Credits::MAX, Credits::from_micros);
        Self { per_day, quiet: per_day, busy: per_day }
    }
}

/// Credits that will expire before they are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// How many.
    pub amount: Credits,
    /// When.
    pub at: DateTime<Utc>,
}

/// When a wallet runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forecast {
    /// The wallet is younger than seven days.
    NotEnough,
    /// Nothing was spent in seven days.
    NotSpent,
    /// It lasts until then.
    Until {
        /// The moment, at the average pace.
        at: DateTime<Utc>,
        /// Not likely before.
        from: DateTime<Utc>,
        /// Not likely after; `None` where the quiet days spend nothing.
        to: Option<DateTime<Utc>>,
        /// What is spent in a day.
        per_day: Credits,
    },
    /// What the plan brings every month is enough for a year.
    Covered {
        /// What is spent in a day.
        per_day: Credits,
    },
}

impl Forecast {
    /// Carries a pace on from now, with what will come.
    #[must_use]
    pub(crate) fn of(balance: &BalanceView, coming: &[ComingCredits], pace: Option<Pace>, now: DateTime<Utc>) -> Self {
        let Some(pace) = pace else { return Self::NotEnough };
        let end = |per_day| burn(balance, coming, per_day, now).0;
        let at = match end(pace.per_day) {
            End::At(at) if pace.per_day.is_positive() => at,
            End::Covered if pace.per_day.is_positive() => return Self::Covered { per_day: pace.per_day },
            _ => return Self::NotSpent,
        };
        Self::Until {
            at,
            from: end(pace.busy).at().unwrap_or(at).min(at),
            to: end(pace.quiet).at().map(|to| to.max(at)),
            per_day: pace.per_day,
        }
    }

    /// Gives the whole days that are left; `None` where that can't be said.
    #[must_use]
    pub fn days(&self, now: DateTime<Utc>) -> Option<i64> {
        match self {
            Self::Until { at, .. } => Some(at.signed_duration_since(now).num_days().max(0)),
            Self::NotEnough | Self::NotSpent | Self::Covered { .. } => None,
        }
    }
}

impl Unused {
    /// Finds the first credits that will expire unused at a pace, where it is soon; without a pace nothing is foretold.
    #[must_use]
    pub(crate) fn of(
        balance: &BalanceView,
        coming: &[ComingCredits],
        pace: Option<Pace>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let horizon = now.checked_add_signed(TimeDelta::days(UNUSED_AHEAD_DAYS))?;
        burn(balance, coming, pace?.per_day, now).1.filter(|unused| unused.at <= horizon)
    }
}

/// How a balance ends that is spent at a pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing is left then.
    At(DateTime<Utc>),
    /// Never: nothing is spent.
    Never,
    /// Not within the months that the plan was looked ahead for.
    Covered,
}

impl End {
    const fn at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(at) => Some(at),
            Self::Never | Self::Covered => None,
        }
    }
}

/// Credits that are there, or have come meanwhile.
struct Lot {
    rest: i128,
    expires_at: Option<DateTime<Utc>>,
    priority: i16,
    /// Whether they are there now: what is still to come is not told as unused.
    is_here: bool,
}

impl Lot {
    /// The burn order: by priority, then what ends first.
    const fn key(&self) -> (i16, bool, Option<DateTime<Utc>>) {
        (self.priority, self.expires_at.is_none(), self.expires_at)
    }
}

/// Takes the grants in their order, each until it is empty or its time is over, and those of the plan as they come;
/// tells when nothing is left, and what of the present ones expires first with something in it.
fn burn(
    balance: &BalanceView,
    coming: &[ComingCredits],
    per_day: Credits,
    now: DateTime<Utc>,
) -> (End, Option<Unused>) {
    let pace = i128::from(per_day.micros());
    let here = balance.grants.iter().filter(|grant| grant.remaining.is_positive()).map(|grant| Lot {
        rest: i128::from(grant.remaining.micros()),
        expires_at: grant.expires_at,
        priority: grant.priority,
        is_here: true,
    });
    let mut left: Vec<Lot> = here.collect();
    let mut to_come = coming.iter().filter(|coming| coming.at > now).peekable();
    let is_covered = coming.len() >= MONTHS_AHEAD;
    let (mut at, mut unused) = (now, None);
    loop {
        while let Some(come) = to_come.next_if(|come| come.at <= at) {
            let lot = Lot {
                rest: i128::from(come.credits.micros()),
                expires_at: come.expires_at,
                priority: come.priority,
                is_here: false,
            };
            let place = left.iter().position(|other| lot.key() < other.key()).unwrap_or(left.len());
            left.insert(place, lot);
            if is_covered && to_come.peek().is_none() {
                return (End::Covered, unused);
            }
        }
        // What has expired goes first.
        for lot in &left {
            let over = lot.expires_at.filter(|over| lot.is_here && lot.rest > 0 && *over <= at);
            if let (Some(over), None) = (over, unused) {
                let amount = i64::try_from(lot.rest).map(Credits::from_micros).unwrap_or(Credits::MAX);
                unused = Some(Unused { amount, at: over });
            }
        }
        left.retain(|lot| lot.rest > 0 && lot.expires_at.is_none_or(|over| over > at));
        let expiry = left.iter().filter_map(|lot| lot.expires_at).min();
        let event = expiry.into_iter().chain(to_come.peek().map(|come| come.at)).min();
        let Some(first) = left.first_mut() else {
            return (if pace > 0 || at > now { End::At(at) } else { End::Never }, unused);
        };
        // The first grant is taken until it is empty or until something expires or comes, whichever is first.
        let emptied =
            seconds_for(first.rest, pace).and_then(|seconds| at.checked_add_signed(TimeDelta::try_seconds(seconds)?));
        match (emptied, event) {
            (Some(emptied), event) if event.is_none_or(|event| emptied <= event) => {
                first.rest = 0;
                at = emptied;
            }
            (_, Some(event)) => {
                let seconds = i128::from(event.signed_duration_since(at).num_seconds());
                let taken = pace.saturating_mul(seconds).checked_div(DAY).unwrap_or_default();
                first.rest = first.rest.saturating_sub(taken);
                at = event;
            }
            (_, None) => return (End::Never, unused),
        }
    }
}

/// Tells after how many seconds an amount is spent, rounded up; `None` where that is never, or too far away.
fn seconds_for(micros: i128, per_day: i128) -> Option<i64> {
    let needed = micros.checked_mul(DAY)?;
    let seconds = needed.checked_add(per_day.checked_sub(1)?)?.checked_div(per_day)?;
    i64::try_from(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::WalletId;
    use crate::ledger::{GrantSource, GrantView};

    fn credits(whole: i64) -> Credits {
        Credits::from_whole(whole).expect("fits")
    }

    fn now() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().expect("an instant")
    }

    fn after(days: i64) -> DateTime<Utc> {
        now() + TimeDelta::days(days)
    }

    /// A wallet with grants of so many credits that end after so many days.
    fn wallet(grants: &[(i64, Option<i64>)]) -> BalanceView {
        let grant = |(id, (whole, days)): (i64, &(i64, Option<i64>))| GrantView {
            id,
            seq: id,
            source: GrantSource::TopUp,
            label: "test".to_owned(),
            granted: credits(*whole),
            remaining: credits(*whole),
            held: Credits::ZERO,
            priority: 30,
            effective_at: now(),
            expires_at: days.map(after),
            cost: None,
            reference: None,
            limit: None,
        };
        let sum = credits(grants.iter().map(|(whole, _)| whole).sum());
        BalanceView {
            wallet: WalletId { shard: crate::id::Shard::from_i16(1), number: 1 },
            seq: 1,
            settled: sum,
            held: Credits::ZERO,
            available: sum,
            grants: (1..).zip(grants).map(grant).collect(),
            last_refill: None,
            frozen: None,
            inactive: false,
        }
    }

    fn steady(whole: i64) -> Option<Pace> {
        Some(Pace::of([credits(whole); 7]))
    }

    #[test]
    fn a_pace_is_the_average_of_seven_days_with_its_quiet_and_busy_ones() {
        let pace = Pace::of([70, 0, 10, 20, 30, 40, 40].map(credits));
        assert_eq!((pace.per_day, pace.quiet, pace.busy), (credits(30), credits(20), credits(40)));
        assert_eq!(Pace::over(credits(5), 3_600).per_day, credits(120));
        // What was paid back is no spending.
        assert_eq!(Pace::of([-5, 0, 0, 0, 0, 0, 7].map(credits)).per_day, credits(1));
    }

    #[test]
    fn credits_last_as_long_as_the_pace_lets_them() {
        let forecast = Forecast::of(&wallet(&[(100, None), (40, None)]), &[], steady(20), now());
        let Forecast::Until { at, from, to, per_day } = forecast else { panic!("{forecast:?}") };
        assert_eq!((at, from, to, per_day), (after(7), after(7), Some(after(7)), credits(20)));
        assert_eq!(forecast.days(now()), Some(7));
        let uneven = Some(Pace::of([70, 0, 10, 20, 30, 40, 40].map(credits)));
        let forecast = Forecast::of(&wallet(&[(120, None)]), &[], uneven, now());
        assert!(
            matches!(forecast, Forecast::Until { at, from, to, .. }
            if (at, from, to) == (after(4), after(3), Some(after(6)))),
            "{forecast:?}"
        );
    }

    #[test]
    fn what_can_not_be_said_is_not_said() {
        assert_eq!(Forecast::of(&wallet(&[(100, None)]), &[], None, now()), Forecast::NotEnough);
        assert_eq!(Forecast::of(&wallet(&[(100, None)]), &[], steady(0), now()), Forecast::NotSpent);
        assert_eq!(Forecast::of(&wallet(&[(100, Some(3))]), &[], steady(0), now()), Forecast::NotSpent);
        assert_eq!(Forecast::NotSpent.days(now()), None);
        // An empty wallet is empty now; quiet days that spend nothing give no end of the range.
        assert_eq!(Forecast::of(&wallet(&[]), &[], steady(5), now()).days(now()), Some(0));
        let rare = Some(Pace::of([0, 0, 0, 0, 0, 0, 70].map(credits)));
        assert!(matches!(Forecast::of(&wallet(&[(100, None)]), &[], rare, now()), Forecast::Until { to: None, .. }));
    }

    #[test]
    fn what_expires_unused_is_told_and_lasts_no_longer() {
        // 20 a day for 3 days of the first; 140 of it are lost, the other lasts 5 days more.
        let balance = wallet(&[(200, Some(3)), (100, None)]);
        let unused = Unused::of(&balance, &[], steady(20), now());
        assert_eq!(unused, Some(Unused { amount: credits(140), at: after(3) }));
        assert_eq!(Forecast::of(&balance, &[], steady(20), now()).days(now()), Some(8));
        // Used up in time, without a pace, or too far away.
        assert_eq!(Unused::of(&wallet(&[(60, Some(3))]), &[], steady(20), now()), None);
        assert_eq!(Unused::of(&balance, &[], None, now()), None);
        assert_eq!(Unused::of(&wallet(&[(9_000, Some(90))]), &[], steady(1), now()), None);
        // What is behind another one in the order expires while that one is taken.
        let behind = wallet(&[(100, None), (50, Some(2))]);
        assert_eq!(Unused::of(&behind, &[], steady(20), now()), Some(Unused { amount: credits(50), at: after(2) }));
        assert_eq!(Unused::of(&balance, &[], steady(0), now()), Some(Unused { amount: credits(200), at: after(3) }));
    }

    /// A plan that brings so many credits each 30 days, for so many months.
    fn plan(whole: i64, months: i64) -> Vec<ComingCredits> {
        let month = |month| ComingCredits {
            at: after(30 * month),
            credits: credits(whole),
            expires_at: Some(after(30 * (month + 1))),
            priority: 10,
        };
        (1..=months).map(month).collect()
    }

    #[test]
    fn the_next_months_of_a_plan_count() {
        // 10 a day: 300 last until the next month comes, and its 100 for ten days more.
        let forecast = Forecast::of(&wallet(&[(300, None)]), &plan(100, 12), steady(10), now());
        assert_eq!(forecast.days(now()), Some(40));
        assert_eq!(Forecast::of(&wallet(&[(300, None)]), &[], steady(10), now()).days(now()), Some(30));
        // What runs out before the month comes runs out.
        let forecast = Forecast::of(&wallet(&[(290, None)]), &plan(100, 12), steady(10), now());
        assert_eq!(forecast.days(now()), Some(29));
        assert_eq!(Forecast::of(&wallet(&[]), &plan(100, 12), steady(10), now()).days(now()), Some(0));
    }

    #[test]
    fn a_plan_that_brings_what_is_spent_covers_it() {
        let forecast = Forecast::of(&wallet(&[(300, None)]), &plan(300, 12), steady(10), now());
        assert_eq!(forecast, Forecast::Covered { per_day: credits(10) });
        assert_eq!(forecast.days(now()), None);
        // One that ends after some months covers no year.
        let forecast = Forecast::of(&wallet(&[(300, None)]), &plan(300, 3), steady(10), now());
        assert_eq!(forecast.days(now()), Some(120));
        // On busy days it does not.
        let uneven = Some(Pace::of([10, 10, 10, 10, 10, 10, 9].map(credits)));
        assert!(matches!(
            Forecast::of(&wallet(&[(300, None)]), &plan(300, 12), uneven, now()),
            Forecast::Covered { .. }
        ));
    }

    #[test]
    fn what_the_plan_brings_is_taken_in_the_burn_order_and_never_told_as_unused() {
        // The month's 300 (priority 10) go before the 50 (priority 30) that end on day 40: those are lost.
        let balance = wallet(&[(300, None), (50, Some(40))]);
        let unused = Unused::of(&balance, &plan(300, 12), steady(10), now());
        assert_eq!(unused, Some(Unused { amount: credits(50), at: after(40) }));
        // A month that is not used up is the plan's own affair.
        assert_eq!(Unused::of(&wallet(&[(30, None)]), &plan(300, 12), steady(1), now()), None);
    }
}
