//! Local time: which instant a day or an hour of an account's time zone begins at.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};

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
