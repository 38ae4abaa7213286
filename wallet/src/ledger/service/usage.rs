//! Usage: what a wallet spent in a time, summed up by day, operation, category and what callers sent along.

use chrono::{DateTime, Days, NaiveTime, Offset as _, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;

use crate::error::{Problem, Refusal, Result};
use crate::id::WalletId;
use crate::ledger::model::metadata::CUSTOMER;
use crate::ledger::model::usage::{GroupBy, Stretch, UsageRow};
use crate::ledger::repo::{archive, read, usage};
use crate::ledger::service::Ledger;
use crate::ledger::service::as_of::newest_at;
use crate::{db, time_zone};

/// The longest time that is summed up at once.
pub(crate) const DAYS_MAX: i64 = 366;
/// The most keys of metadata that sums are told apart by.
pub(crate) const METADATA_MAX: usize = 3;
/// The most sums of one answer.
pub(crate) const ROWS_MAX: usize = 10_000;
/// How long a quarter of an hour lasts, in seconds.
const QUARTER: i64 = 15 * 60;
/// From so many rows on, sums are read in their place.
const WORTH: i64 = 256;
/// A wallet's usage is summed up when so many rows are not.
const SUMMED_FROM: i64 = 5_000;
/// Rows that are summed up in one transaction.
const SUMMED_AT_ONCE: i64 = 20_000;
/// Wallets that one run of the job sums up.
const WALLETS_AT_ONCE: i64 = 500;

impl Ledger {
    /// Sums up what a wallet spent from an instant on and before another. What is archived can't be told.
    ///
    /// What a job has summed up already is read from its sums, the rest from the rows: both say the same.
    pub async fn usage(
        &self,
        wallet: WalletId,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        by: &GroupBy,
    ) -> Result<Vec<UsageRow>> {
        if to <= from || to - from > TimeDelta::days(DAYS_MAX) {
            let message = format!("`from` comes before `to`, by at most {DAYS_MAX} days.");
            return Err(Refusal::invalid("from", Problem::NotAllowed, message).into());
        }
        if by.metadata.len() > METADATA_MAX {
            let message = format!("At most {METADATA_MAX} keys of metadata.");
            return Err(Refusal::invalid("group_by", Problem::TooMany, message).into());
        }
        let mut turn = self.long_read(wallet).await?;
        let connection = turn.connection()?;
        db::one_moment(connection).await?;
        let zone = self.zone_of(connection, wallet).await?;
        let stretch = stretch(connection, wallet, (from, to), by, &zone).await?;
        let limit = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX).saturating_add(1);
        let rows = usage::sums(connection, wallet, &stretch, by, zone.name(), limit).await?;
        turn.end().await?;
        if rows.len() > ROWS_MAX {
            let message = format!("More than {ROWS_MAX} sums: ask for a shorter time, or for fewer groups.");
            return Err(Refusal::unprocessable("group_by", Problem::TooMany, message).into());
        }
        Ok(rows)
    }

    /// Sums up the usage of wallets that have many rows which are not; says how many rows. Safe on any number of nodes.
    pub async fn sum_usage(&self) -> Result<u64> {
        let mut done = 0_u64;
        for wallet in usage::behind(self.db.pool(), SUMMED_FROM, WALLETS_AT_ONCE).await? {
            done = done.saturating_add(self.sum_usage_of(wallet).await?);
        }
        Ok(done)
    }

    /// Sums up the usage of one wallet up to now; says how many rows.
    pub async fn sum_usage_of(&self, wallet: WalletId) -> Result<u64> {
        let mut done = 0_u64;
        loop {
            let mut tx = self.db.begin().await?;
            let zone = self.zone_of(&mut tx, wallet).await?;
            let found = usage::lock(&mut tx, wallet, zone.name(), SUMMED_AT_ONCE).await?;
            let Some((after, to)) = found else { return Ok(done) };
            if to > after {
                usage::sum_up(&mut tx, wallet, zone.name(), (after, to)).await?;
            }
            tx.commit().await?;
            let rows = to.saturating_sub(after);
            done = done.saturating_add(u64::try_from(rows).unwrap_or(0));
            if rows < SUMMED_AT_ONCE {
                return Ok(done);
            }
        }
    }

    /// Makes the sums of a wallet's usage anew from its rows, where a check has found them wrong; says of how many
    /// rows.
    pub async fn resum_usage(&self, wallet: WalletId) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let zone = self.zone_of(&mut tx, wallet).await?;
        let found = usage::lock(&mut tx, wallet, zone.name(), 0).await?;
        found.ok_or_else(|| Refusal::not_found("wallet"))?;
        usage::forget(&mut tx, wallet, zone.name()).await?;
        tx.commit().await?;
        self.sum_usage_of(wallet).await
    }
}

/// Finds what must be read: whole quarters of an hour, or days, as sums, as far as they are made and know what is asked
/// for.
async fn stretch(
    connection: &mut PgConnection,
    wallet: WalletId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    by: &GroupBy,
    zone: &Tz,
) -> Result<Stretch> {
    let row = read::wallet(&mut *connection, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
    let archived = archive::newest(connection, wallet).await?;
    // Both ends are excluded instants: the last one before each.
    let before = |at: DateTime<Utc>| at - TimeDelta::microseconds(1);
    let first = newest_at(connection, wallet, row.seq, archived.as_ref(), before(from)).await?;
    let last = newest_at(connection, wallet, row.seq, archived.as_ref(), before(to)).await?;
    let Some((summed, of_zone)) = usage::summed(connection, wallet).await? else {
        return Ok(Stretch::of_rows(first, last));
    };
    let summed = summed.min(last);
    let parts = match by.metadata.as_slice() {
        [] if !by.day || days_are_of_quarters(zone, from, to) => Parts::Quarters,
        [key] if key == CUSTOMER && of_zone == zone.name() => Parts::Days(*zone),
        _ => return Ok(Stretch::of_rows(first, last)),
    };
    // Where the newest row is asked for, what it is in is whole.
    let is_newest = last == row.seq;
    let end = if is_newest { parts.from(to) } else { parts.of(to) };
    let (Some(begin), Some(end)) = (parts.from(from), end) else { return Ok(Stretch::of_rows(first, last)) };
    if summed.saturating_sub(first) < WORTH || begin >= end {
        return Ok(Stretch::of_rows(first, last));
    }
    let begun = newest_at(connection, wallet, row.seq, archived.as_ref(), before(begin)).await?;
    let ended = match is_newest {
        true => last,
        false => newest_at(connection, wallet, row.seq, archived.as_ref(), before(end)).await?,
    };
    let ended = ended.min(summed);
    if ended <= begun {
        return Ok(Stretch::of_rows(first, last));
    }
    Ok(Stretch { before: (first, begun), sums: (parts.name(begin), parts.name(end)), after: (ended, last) })
}

/// What sums are of.
#[derive(Clone, Copy, Debug)]
enum Parts {
    /// Quarters of an hour.
    Quarters,
    /// The days of a time zone.
    Days(Tz),
}

impl Parts {
    /// Gives the beginning of the part that an instant is in.
    fn of(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Quarters => Some(quarter_of(at)),
            Self::Days(zone) => {
                time_zone::instant(&zone, at.with_timezone(&zone).date_naive().and_time(NaiveTime::MIN))
            }
        }
    }

    /// Gives the first beginning of a part at or after an instant.
    fn from(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Quarters => Some(quarter_from(at)),
            Self::Days(zone) => {
                if self.of(at) == Some(at) {
                    return Some(at);
                }
                let next = at.with_timezone(&zone).date_naive().checked_add_days(Days::new(1))?;
                time_zone::instant(&zone, next.and_time(NaiveTime::MIN))
            }
        }
    }

    /// Gives what a part that begins at an instant is called in the sums: a day by its midnight in UTC.
    fn name(self, begin: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Quarters => begin,
            Self::Days(zone) => begin.with_timezone(&zone).date_naive().and_time(NaiveTime::MIN).and_utc(),
        }
    }
}

/// Gives the beginning of the quarter of an hour that an instant is in.
fn quarter_of(at: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = at.timestamp();
    DateTime::from_timestamp(seconds.saturating_sub(seconds.rem_euclid(QUARTER)), 0).unwrap_or(at)
}

/// Gives the first beginning of a quarter of an hour at or after an instant.
fn quarter_from(at: DateTime<Utc>) -> DateTime<Utc> {
    let begin = quarter_of(at);
    if begin == at { at } else { begin.checked_add_signed(TimeDelta::seconds(QUARTER)).unwrap_or(at) }
}

/// Says whether the days of a zone begin with quarters of an hour: today's all do, those of 1900 did not.
fn days_are_of_quarters(zone: &Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    [from, to].iter().all(|at| {
        let offset = at.with_timezone(zone).offset().fix().local_minus_utc();
        i64::from(offset).rem_euclid(QUARTER) == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn quarters_begin_four_times_an_hour() {
        for (instant, of, from) in [
            ("2026-04-08T10:00:00Z", "2026-04-08T10:00:00Z", "2026-04-08T10:00:00Z"),
            ("2026-04-08T10:00:00.000001Z", "2026-04-08T10:00:00Z", "2026-04-08T10:15:00Z"),
            ("2026-04-08T23:59:59Z", "2026-04-08T23:45:00Z", "2026-04-09T00:00:00Z"),
        ] {
            assert_eq!((quarter_of(at(instant)), quarter_from(at(instant))), (at(of), at(from)), "{instant}");
        }
    }

    #[test]
    fn days_are_those_of_the_zone_also_where_a_midnight_is_missing_or_comes_twice() {
        for (zone, instant, of, from, name) in [
            ("Europe/Moscow", "2026-04-08T21:00:00Z", "2026-04-08T21:00:00Z", "2026-04-08T21:00:00Z", "2026-04-09"),
            ("Europe/Moscow", "2026-04-08T20:59:59Z", "2026-04-07T21:00:00Z", "2026-04-08T21:00:00Z", "2026-04-08"),
            // Clocks went from midnight to one.
            ("Asia/Beirut", "2024-03-31T05:00:00Z", "2024-03-30T22:00:00Z", "2024-03-31T21:00:00Z", "2024-03-31"),
            // Clocks went from one back to midnight.
            ("America/Havana", "2024-11-03T12:00:00Z", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z", "2024-11-03"),
        ] {
            let parts = Parts::Days(zone.parse().expect("a zone"));
            let day = parts.of(at(instant)).expect("a day");
            assert_eq!((day, parts.from(at(instant))), (at(of), Some(at(from))), "{zone} {instant}");
            assert_eq!(parts.name(day), at(&format!("{name}T00:00:00Z")), "{zone}");
        }
    }

    #[test]
    fn days_of_today_are_made_of_quarters() {
        let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
        for zone in ["UTC", "Europe/Moscow", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham"]
        {
            assert!(days_are_of_quarters(&zone.parse().expect("a zone"), from, to), "{zone}");
        }
        let old = at("1899-01-01T00:00:00Z");
        assert!(!days_are_of_quarters(&"Europe/Moscow".parse().expect("a zone"), old, old));
    }
}
