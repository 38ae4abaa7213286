//! The handle of insight: reads the rows of some days, and asks the pure modules.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::forecast::{Forecast, PACE_DAYS, Pace, Unused};
use super::repo;
use super::spending::{DAYS, Spending};
use crate::db::Db;
use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;
use crate::ledger::{BalanceView, Ledger};
use crate::money::Credits;
use crate::zone;

/// The most rows that one look reads: of a wallet that has more, the newest.
const ROWS_MAX: i64 = 50_000;
/// For so long a pace counts as known: programs ask for their balance often.
const KNOWN_FOR: TimeDelta = TimeDelta::minutes(5);
/// The paces that are kept in memory at once.
const KNOWN_MAX: usize = 10_000;

/// What the front page of a wallet says of the last days and the next ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What was spent, by day and category.
    pub spending: Spending,
    /// When the credits run out.
    pub forecast: Forecast,
    /// What will expire before it is needed.
    pub unused: Option<Unused>,
}

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Insight {
    db: Db,
    ledger: Ledger,
    known: Arc<Mutex<HashMap<WalletId, (DateTime<Utc>, Option<Pace>)>>>,
}

impl fmt::Debug for Insight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insight").finish_non_exhaustive()
    }
}

impl Insight {
    pub(crate) fn new(db: Db, ledger: Ledger) -> Self {
        Self { db, ledger, known: Arc::default() }
    }

    /// Looks at the last days and the next ones of a wallet; days are those of the account's time zone.
    pub async fn see(&self, balance: &BalanceView, time_zone: &str) -> Result<Seen> {
        let now = self.db.now();
        let (pace, spending) = self.read(balance, now, time_zone).await?;
        self.note(balance.wallet, now, pace);
        Ok(Seen { spending, forecast: Forecast::of(balance, pace, now), unused: Unused::of(balance, pace, now) })
    }

    /// Forecasts when a wallet runs out, at a pace that is at most five minutes old.
    pub async fn forecast(&self, balance: &BalanceView) -> Result<Forecast> {
        let now = self.db.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&balance.wallet).copied();
        let fresh = known.filter(|(at, _)| *at <= now && now.signed_duration_since(*at) < KNOWN_FOR);
        let pace = match fresh {
            Some((_, pace)) => pace,
            None => {
                let pace = self.pace(balance, now).await?;
                self.note(balance.wallet, now, pace);
                pace
            }
        };
        Ok(Forecast::of(balance, pace, now))
    }

    fn note(&self, wallet: WalletId, now: DateTime<Utc>, pace: Option<Pace>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX && !known.contains_key(&wallet) {
            known.clear();
        }
        known.insert(wallet, (now, pace));
    }

    /// Reads the pace alone.
    async fn pace(&self, balance: &BalanceView, now: DateTime<Utc>) -> Result<Option<Pace>> {
        let marks = pace_marks(now);
        let Some(from) = marks.first().copied() else { return Ok(None) };
        let Some(after) = self.newest_before(balance, from).await? else { return Ok(None) };
        let after = after.max(balance.seq.saturating_sub(ROWS_MAX));
        let spent = repo::spent(self.db.pool(), balance.wallet, after, &marks).await?;
        Ok(Some(pace_of(&marks, spent.iter().filter_map(|part| Some((*marks.get(part.place)?, part.amount))))))
    }

    /// Reads pace and spending in one query.
    async fn read(
        &self,
        balance: &BalanceView,
        now: DateTime<Utc>,
        time_zone: &str,
    ) -> Result<(Option<Pace>, Spending)> {
        let zone = zone::named(time_zone);
        let today = now.with_timezone(&zone).date_naive();
        let days: Vec<NaiveDate> =
            (0..DAYS).rev().filter_map(|back| today.checked_sub_days(Days::new(u64::from(back)))).collect();
        let starts = days.iter().filter_map(|day| zone::instant(&zone, day.and_time(NaiveTime::MIN)));
        let marks = pace_marks(now);
        let mut instants: Vec<DateTime<Utc>> = starts.chain(marks.iter().copied()).collect();
        instants.sort_unstable();
        instants.dedup();
        let Some(from) = instants.first().copied() else { return Ok((None, Spending::default())) };
        let first = self.newest_before(balance, from).await?.unwrap_or(0);
        let after = first.max(balance.seq.saturating_sub(ROWS_MAX));
        let spent = repo::spent(self.db.pool(), balance.wallet, after, &instants).await?;
        let at = |place: usize| instants.get(place).copied();
        let by_day: Vec<(NaiveDate, String, Credits)> = spent
            .iter()
            .filter_map(|part| {
                Some((at(part.place)?.with_timezone(&zone).date_naive(), part.category.clone(), part.amount))
            })
            .collect();
        let is_old = match marks.first() {
            Some(week_ago) => self.newest_before(balance, *week_ago).await?.is_some(),
            None => false,
        };
        let pace = || pace_of(&marks, spent.iter().filter_map(|part| Some((at(part.place)?, part.amount))));
        Ok((is_old.then(pace), Spending::of(&days, &by_day, after > first)))
    }

    /// Finds the newest row before an instant; `None` where there is none. Of what is archived only that it was is known.
    async fn newest_before(&self, balance: &BalanceView, at: DateTime<Utc>) -> Result<Option<i64>> {
        let before = at.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(at);
        match self.ledger.newest_at(balance.wallet, before).await {
            Ok(seq) => Ok((seq > 0).then_some(seq)),
            Err(Error::Refused(Refusal::Unprocessable { .. })) => Ok(Some(0)),
            Err(error) => Err(error),
        }
    }
}

/// The beginnings of the last seven times 24 hours.
fn pace_marks(now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    (1..=PACE_DAYS).rev().filter_map(|days| now.checked_sub_signed(TimeDelta::days(days))).collect()
}

/// Sums what was spent in each of them.
fn pace_of(marks: &[DateTime<Utc>], spent: impl Iterator<Item = (DateTime<Utc>, Credits)>) -> Pace {
    let mut days = [Credits::ZERO; 7];
    for (from, amount) in spent {
        let place = marks.iter().filter(|mark| **mark <= from).count().checked_sub(1);
        if let Some(day) = place.and_then(|place| days.get_mut(place)) {
            *day = day.checked_add(amount).unwrap_or(*day);
        }
    }
    Pace::of(days)
}
