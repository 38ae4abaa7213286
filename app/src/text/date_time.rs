//! The only place where an instant becomes text: the same on the server and in the browser, so never the browser's
//! `Intl`.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike, Utc, Weekday};
use leptos::prelude::*;
use wallet::time_zone::LocalTime;

use crate::i18n::*;

/// How much of an instant is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenStyle {
    /// `14:31:48`.
    Clock,
    /// `14:31`.
    Minute,
    /// `20 Nov 2026`.
    Date,
    /// `20 Nov 2026, 14:31`.
    DateTime,
}

/// The time zone that a page's times are written in; the frame of signed-in pages puts the account's into the context.
#[derive(Clone, Debug)]
pub struct Zone(Arc<LocalTime>);

impl Zone {
    /// Takes the zone of an account.
    #[must_use]
    pub fn of(time: LocalTime) -> Self {
        Self(Arc::new(time))
    }

    /// Gives the day of an instant.
    #[must_use]
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        self.0.local(at).date()
    }
}

/// Gives the zone of this page: the account's, or UTC where nobody is signed in.
#[must_use]
pub fn use_zone() -> Zone {
    use_context::<Zone>().unwrap_or_else(|| Zone::of(LocalTime::default()))
}

/// Says below a table in which zone its times are.
#[component]
pub fn ZoneNote() -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    move || t_string!(i18n, ledger.zone_note, zone = zone.0.name())
}

/// An instant as a `<time>` with its exact value.
#[component]
pub fn When(
    /// The instant.
    at: DateTime<Utc>,
    /// How much of it is shown.
    style: WhenStyle,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    exact_time(at, move || local_text(i18n.get_locale(), &zone, at, style))
}

/// Words about an instant, with its exact value.
fn exact_time(at: DateTime<Utc>, words: impl Fn() -> String + Send + 'static) -> impl IntoView {
    let exact = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    view! { <time datetime=exact.clone() title=exact>{words}</time> }
}

/// When one of the newest things was: the time of day where that was today, else the day.
#[component]
pub fn Recent(
    /// The instant.
    at: DateTime<Utc>,
    /// The day that it is.
    today: NaiveDate,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    exact_time(at, move || recent_text(i18n.get_locale(), &zone, at, today, WhenStyle::Clock))
}

/// Writes an instant as a list of the newest does: its time of day in a style, or its day where that was before today.
#[must_use]
pub fn recent_text(locale: Locale, zone: &Zone, at: DateTime<Utc>, today: NaiveDate, style: WhenStyle) -> String {
    let day = zone.day(at);
    if day >= today {
        local_text(locale, zone, at, style)
    } else if Some(day) == today.pred_opt() {
        td_string!(locale, when.yesterday).to_owned()
    } else if day.year() == today.year() {
        day_month_text(locale, day)
    } else {
        date_text(locale, day)
    }
}

/// Writes an instant in UTC, for pages that are the same for everybody.
#[must_use]
pub fn when_text(locale: Locale, at: DateTime<Utc>, style: WhenStyle) -> String {
    text(locale, at.naive_utc(), style)
}

/// Writes an instant in the zone of an account.
#[must_use]
pub fn local_text(locale: Locale, zone: &Zone, at: DateTime<Utc>, style: WhenStyle) -> String {
    text(locale, zone.0.local(at), style)
}

fn text(locale: Locale, at: NaiveDateTime, style: WhenStyle) -> String {
    match style {
        WhenStyle::Clock => format!("{}:{:02}", minute_text(at), at.second()),
        WhenStyle::Minute => minute_text(at),
        WhenStyle::Date => date_text(locale, at.date()),
        WhenStyle::DateTime => format!("{}, {}", date_text(locale, at.date()), minute_text(at)),
    }
}

/// Writes the time of day to the minute: `14:31`. By hand: chrono's patterns would be 10 KB of the WASM.
fn minute_text(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// Writes a day: `20 Nov 2026`, `20 нояб. 2026 г.`
#[must_use]
pub fn date_text(locale: Locale, day: NaiveDate) -> String {
    let month = month_short(locale, day.month());
    match locale {
        Locale::en => format!("{} {month} {}", day.day(), day.year()),
        Locale::ru => format!("{}\u{a0}{month} {}\u{a0}г.", day.day(), day.year()),
    }
}

/// Writes a day in full: `21 December 2026`, `21 декабря 2026 г.`
#[must_use]
pub fn long_date_text(locale: Locale, day: NaiveDate) -> String {
    let month = month_full(locale, day.month());
    match locale {
        Locale::en => format!("{} {month} {}", day.day(), day.year()),
        Locale::ru => format!("{}\u{a0}{month} {}\u{a0}г.", day.day(), day.year()),
    }
}

/// Writes a day without its year: `20 Nov`, `20 нояб.`
#[must_use]
pub fn day_month_text(locale: Locale, day: NaiveDate) -> String {
    format!("{}\u{a0}{}", day.day(), month_short(locale, day.month()))
}

/// Writes a day as a heading: `Today, Friday 20 November`.
#[must_use]
pub fn day_heading(locale: Locale, day: NaiveDate, today: NaiveDate) -> String {
    let weekday = weekday_name(locale, day.weekday());
    let month = month_full(locale, day.month());
    let year = if day.year() == today.year() { String::new() } else { format!(" {}", day.year()) };
    let date = match locale {
        Locale::en => format!("{weekday} {} {month}{year}", day.day()),
        Locale::ru => format!("{weekday}, {} {month}{year}", day.day()),
    };
    if day == today {
        format!("{}, {date}", td_string!(locale, when.today))
    } else if Some(day) == today.pred_opt() {
        format!("{}, {date}", td_string!(locale, when.yesterday))
    } else {
        // A heading begins with a capital also where a weekday does not.
        let mut letters = date.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

fn month_short(locale: Locale, month: u32) -> &'static str {
    match month {
        1 => td_string!(locale, when.jan),
        2 => td_string!(locale, when.feb),
        3 => td_string!(locale, when.mar),
        4 => td_string!(locale, when.apr),
        5 => td_string!(locale, when.may),
        6 => td_string!(locale, when.jun),
        7 => td_string!(locale, when.jul),
        8 => td_string!(locale, when.aug),
        9 => td_string!(locale, when.sep),
        10 => td_string!(locale, when.oct),
        11 => td_string!(locale, when.nov),
        _ => td_string!(locale, when.dec),
    }
}

fn month_full(locale: Locale, month: u32) -> &'static str {
    match month {
        1 => td_string!(locale, when.january),
        2 => td_string!(locale, when.february),
        3 => td_string!(locale, when.march),
        4 => td_string!(locale, when.april),
        5 => td_string!(locale, when.may_full),
        6 => td_string!(locale, when.june),
        7 => td_string!(locale, when.july),
        8 => td_string!(locale, when.august),
        9 => td_string!(locale, when.september),
        10 => td_string!(locale, when.october),
        11 => td_string!(locale, when.november),
        _ => td_string!(locale, when.december),
    }
}

fn weekday_name(locale: Locale, weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => td_string!(locale, when.monday),
        Weekday::Tue => td_string!(locale, when.tuesday),
        Weekday::Wed => td_string!(locale, when.wednesday),
        Weekday::Thu => td_string!(locale, when.thursday),
        Weekday::Fri => td_string!(locale, when.friday),
        Weekday::Sat => td_string!(locale, when.saturday),
        Weekday::Sun => td_string!(locale, when.sunday),
    }
}
