//! The only place where an instant becomes text: the same on the server and in the browser, so never the browser's `Intl`.

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use leptos::prelude::*;

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

/// An instant as a `<time>` with its exact value.
#[component]
pub fn When(
    /// The instant.
    at: DateTime<Utc>,
    /// How much of it is shown.
    style: WhenStyle,
) -> impl IntoView {
    let i18n = use_i18n();
    let exact = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    view! { <time datetime=exact.clone() title=exact>{move || when_text(i18n.get_locale(), at, style)}</time> }
}

/// Writes an instant.
#[must_use]
pub fn when_text(locale: Locale, at: DateTime<Utc>, style: WhenStyle) -> String {
    match style {
        WhenStyle::Clock => at.format("%H:%M:%S").to_string(),
        WhenStyle::Minute => at.format("%H:%M").to_string(),
        WhenStyle::Date => date_text(locale, at.date_naive()),
        WhenStyle::DateTime => format!("{}, {}", date_text(locale, at.date_naive()), at.format("%H:%M")),
    }
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
