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
use crate::plan::Plans;
use crate::plan::coming::ComingCredits;
use crate::time_zone;

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

/// What was read of the debits: from which instant on, on what, how much.
struct Read {
    parts: Vec<(DateTime<Utc>, String, Credits)>,
    /// The row after which was read, where older ones would have belonged to it.
    cut_after: Option<i64>,
}

/// What a forecast is made of.
#[derive(Clone)]
struct Basis {
    /// When it was read.
    at: DateTime<Utc>,
    pace: Option<Pace>,
    /// What the plan will bring.
    coming: Arc<[ComingCredits]>,
}

type Known = HashMap<WalletId, Basis>;

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Insight {
    db: Db,
    ledger: Ledger,
    plans: Plans,
    known: Arc<Mutex<Known>>,
}

impl fmt::Debug for Insight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insight").finish_non_exhaustive()
    }
}

impl Insight {
    pub(crate) fn new(db: Db, ledger: Ledger, plans: Plans) -> Self {
        Self { db, ledger, plans, known: Arc::default() }
    }

    /// Looks at the last days and the next ones of a wallet; days are those of the account's time zone.
    pub async fn see(&self, balance: &BalanceView, time_zone: &str) -> Result<Seen> {
        let now = self.db.now();
        let coming: Arc<[ComingCredits]> = self.plans.coming(balance.wallet).await?.into();
        let (pace, spending) = match self.read(balance, now, time_zone).await {
            // The account's long reads are all taken: the page shows what else it has.
            Err(Error::Refused(Refusal::RateLimited { .. })) => (None, Spending::default()),
            read => {
                let (pace, spending) = read?;
                self.note(balance.wallet, Basis { at: now, pace, coming: Arc::clone(&coming) });
                (pace, spending)
            }
        };
        let forecast = Forecast::of(balance, &coming, pace, now);
        Ok(Seen { spending, forecast, unused: Unused::of(balance, &coming, pace, now) })
    }

    /// Forecasts when a wallet runs out, at a pace and by a plan that were read within the last five minutes. Where the
    /// account's long reads are all taken, the pace is not known for now: whoever asks for a balance gets it.
    pub async fn forecast(&self, balance: &BalanceView) -> Result<Forecast> {
        let now = self.db.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&balance.wallet).cloned();
        let fresh = known.filter(|basis| basis.at <= now && now.signed_duration_since(basis.at) < KNOWN_FOR);
        let basis = match fresh {
            Some(basis) => basis,
            None => match self.pace(balance, now).await {
                Err(Error::Refused(Refusal::RateLimited { .. })) => return Ok(Forecast::of(balance, &[], None, now)),
                pace => {
                    let basis = Basis { at: now, pace: pace?, coming: self.plans.coming(balance.wallet).await?.into() };
                    self.note(balance.wallet, basis.clone());
                    basis
                }
            },
        };
        Ok(Forecast::of(balance, &basis.coming, basis.pace, now))
    }

    fn note(&self, wallet: WalletId, basis: Basis) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX && !known.contains_key(&wallet) {
            known.clear();
        }
        known.insert(wallet, basis);
    }

    /// Reads the pace alone.
    async fn pace(&self, balance: &BalanceView, now: DateTime<Utc>) -> Result<Option<Pace>> {
        let marks = pace_marks(now);
        let Some(from) = marks.first().copied() else { return Ok(None) };
        let Some(first) = self.newest_before(balance, from).await? else { return Ok(None) };
        let read = self.spent(balance, first, marks.clone()).await?;
        Ok(Some(self.pace_of(balance, &marks, &read, now).await?))
    }

    /// Reads pace and spending in one query.
    async fn read(
        &self,
        balance: &BalanceView,
        now: DateTime<Utc>,
        time_zone: &str,
    ) -> Result<(Option<Pace>, Spending)> {
        let zone = time_zone::named(time_zone);
        let today = now.with_timezone(&zone).date_naive();
        let days: Vec<NaiveDate> =
            (0..DAYS).rev().filter_map(|back| today.checked_sub_days(Days::new(u64::from(back)))).collect();
        let starts = days.iter().filter_map(|day| time_zone::instant(&zone, day.and_time(NaiveTime::MIN)));
        let marks = pace_marks(now);
        let mut instants: Vec<DateTime<Utc>> = starts.chain(marks.iter().copied()).collect();
        instants.sort_unstable();
        instants.dedup();
        let Some(from) = instants.first().copied() else { return Ok((None, Spending::default())) };
        let first = self.newest_before(balance, from).await?.unwrap_or(0);
        let read = self.spent(balance, first, instants).await?;
        let of_day = |(at, category, amount): &(DateTime<Utc>, String, Credits)| {
            (at.with_timezone(&zone).date_naive(), category.clone(), *amount)
        };
        let by_day: Vec<(NaiveDate, String, Credits)> = read.parts.iter().map(of_day).collect();
        let spending = Spending::of(&days, &by_day, read.cut_after.is_some());
        let is_old = match marks.first() {
            Some(week_ago) => self.newest_before(balance, *week_ago).await?.is_some(),
            None => false,
        };
        let pace = if is_old { Some(self.pace_of(balance, &marks, &read, now).await?) } else { None };
        Ok((pace, spending))
    }

    /// Reads what was spent after a row, of the newest rows.
    async fn spent(&self, balance: &BalanceView, first: i64, instants: Vec<DateTime<Utc>>) -> Result<Read> {
        let after = first.max(balance.seq.saturating_sub(ROWS_MAX));
        let mut turn = self.ledger.long_read(balance.wallet).await?;
        let spent = repo::spent(turn.connection()?, balance.wallet, after, &instants).await?;
        turn.end().await?;
        let part = |part: repo::SpentSince| Some((*instants.get(part.place)?, part.category, part.amount));
        let parts = spent.into_iter().filter_map(part).collect();
        Ok(Read { parts, cut_after: (after > first).then_some(after) })
    }

    /// Averages the last seven days; where not even these were read whole, the time that was.
    async fn pace_of(
        &self,
        balance: &BalanceView,
        marks: &[DateTime<Utc>],
        read: &Read,
        now: DateTime<Utc>,
    ) -> Result<Pace> {
        let mut days = [Credits::ZERO; 7];
        for (from, _, amount) in &read.parts {
            let place = marks.iter().filter(|mark| *mark <= from).count().checked_sub(1);
            if let Some(day) = place.and_then(|place| days.get_mut(place)) {
                *day = day.checked_add(*amount).unwrap_or(*day);
            }
        }
        let Some(after) = read.cut_after else { return Ok(Pace::of(days)) };
        let oldest = self.ledger.entries_after(balance.wallet, after, 1).await?;
        let since = oldest.first().map(|row| row.created_at).filter(|at| marks.first().is_some_and(|mark| at > mark));
        let sum = Credits::checked_sum(days).unwrap_or(Credits::MAX);
        Ok(since
            .map_or_else(|| Pace::of(days), |since| Pace::over(sum, now.signed_duration_since(since).num_seconds())))
    }

    /// Finds the newest row before an instant; `None` where there is none. Of what is archived only that it was is
    /// known.
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
