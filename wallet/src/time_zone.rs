//! Local time: which instant a day or an hour of an account's time zone begins at.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset as _, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// Gives the instant of a local time, also where the clocks jump: of two such instants the earlier one, of a
/// local time that is left out the first instant after the gap.
pub fn instant<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    // Gaps are at most a day (Samoa left one out in 2011).
    let steps = 24_u32.checked_mul(4)?;
    (0..=steps).find_map(|step| {
        let minutes = i64::from(step).checked_mul(15)?;
        let local = local.checked_add_signed(TimeDelta::minutes(minutes))?;
        zone.from_local_datetime(&local).earliest().map(|instant| instant.with_timezone(&Utc))
    })
}

/// How far a zone's clocks are from UTC, and since when: enough to write local times without knowing zones, which a
/// browser's half does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    name: String,
    /// Seconds east of Greenwich before the first change.
    first: i32,
    /// From which second since 1970 on, and how many seconds east of Greenwich; in order.
    changes: Vec<(i64, i32)>,
}

impl Default for LocalTime {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), first: 0, changes: Vec::new() }
    }
}

impl LocalTime {
    /// Gives the zone's IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells what clocks show at an instant.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let second = at.timestamp();
        let change = self.changes.iter().rev().find(|(from, _)| *from <= second);
        let east = change.map_or(self.first, |(_, east)| *east);
        FixedOffset::east_opt(east).map_or(at.naive_utc(), |offset| at.with_timezone(&offset).naive_local())
    }
}

/// No row of any ledger is older: 2020.
const BEGINNING: i64 = 1_577_836_800;
/// Clocks change at most once in so many seconds, a week.
const STEP: i64 = 7 * 24 * 3600;
/// So many seconds ahead, five years: what expires later is at most an hour off.
const AHEAD: i64 = 5 * 366 * 24 * 3600;

impl LocalTime {
    /// Takes what a zone's clocks do from 2020 until five years from now.
    #[must_use]
    pub(crate) fn of_zone<Z: TimeZone>(name: &str, zone: &Z, now: DateTime<Utc>) -> Self {
        let east = |second: i64| {
            let at = DateTime::from_timestamp(second, 0).unwrap_or(now);
            zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
        };
        let first = east(BEGINNING);
        let (mut changes, mut known, mut second) = (Vec::new(), first, BEGINNING);
        let end = now.timestamp().saturating_add(AHEAD);
        while second < end {
            let next = second.saturating_add(STEP);
            let offset = east(next);
            if offset != known {
                // The change is after `low` and not after `high`.
                let (mut low, mut high) = (second, next);
                while low.saturating_add(1) < high {
                    let middle = low.midpoint(high);
                    if east(middle) == offset { high = middle } else { low = middle }
                }
                changes.push((high, offset));
                known = offset;
            }
            second = next;
        }
        Self { name: name.to_owned(), first, changes }
    }

    /// Takes a zone by its IANA name; UTC where nobody knows it.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn of(name: &str, now: DateTime<Utc>) -> Self {
        let zone = named(name);
        Self::of_zone(zone.name(), &zone, now)
    }
}

/// Finds a zone by its IANA name; UTC where nobody knows it.
#[cfg(feature = "postgres")]
#[must_use]
pub fn named(name: &str) -> chrono_tz::Tz {
    name.parse().unwrap_or(chrono_tz::Tz::UTC)
}

/// The parts of the world that name zones for people; other names stand for them, or for whole countries.
#[cfg(feature = "postgres")]
const REGIONS: [&str; 10] = [
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
];

/// Lists the zones that an account can choose: UTC, and the places of the IANA's list.
#[cfg(feature = "postgres")]
pub fn names() -> impl Iterator<Item = &'static str> {
    let places = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    std::iter::once("UTC").chain(places.filter(|name| REGIONS.iter().any(|region| name.starts_with(region))))
}

/// Zones with everything that zones do: half hours, a day left out, clocks that go back over midnight.
#[cfg(all(test, feature = "postgres"))]
pub(crate) const ZONES: [chrono_tz::Tz; 9] = [
    chrono_tz::Tz::UTC,
    chrono_tz::Tz::Europe__Moscow,
    chrono_tz::Tz::America__New_York,
    chrono_tz::Tz::Asia__Kathmandu,
    chrono_tz::Tz::Pacific__Apia,
    chrono_tz::Tz::Africa__Casablanca,
    chrono_tz::Tz::Australia__Lord_Howe,
    chrono_tz::Tz::America__Sao_Paulo,
    chrono_tz::Tz::America__Goose_Bay,
];

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_those_of_the_zone_itself() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        for zone in ZONES {
            let time = LocalTime::of(zone.name(), now);
            assert_eq!(time.name(), zone.name());
            // Every seven hours and eleven seconds, from 2020 on and for some years to come.
            for step in 0..8_000 {
                let at = DateTime::from_timestamp(BEGINNING + step * (7 * 3600 + 11), 0).expect("a time");
                assert_eq!(time.local(at), at.with_timezone(&zone).naive_local(), "{zone} {at}");
            }
        }
        assert_eq!(LocalTime::of("Mars/Olympus", now), LocalTime::default());
    }

    #[test]
    fn clocks_change_at_their_second() {
        let time = LocalTime::of("Europe/Belgrade", DateTime::from_timestamp(1_790_000_000, 0).expect("a time"));
        let local = |text: &str| time.local(text.parse().expect("an instant")).to_string();
        assert_eq!(local("2026-03-29T00:59:59Z"), "2026-03-29 01:59:59");
        assert_eq!(local("2026-03-29T01:00:00Z"), "2026-03-29 03:00:00");
        assert_eq!(local("2026-10-25T00:59:59Z"), "2026-10-25 02:59:59");
        assert_eq!(local("2026-10-25T01:00:00Z"), "2026-10-25 02:00:00");
    }
}
