//! What was spent in the last 30 days: bars by day and category, and the same as a table.

use leptos::prelude::*;
use wallet::insight::{Spending, SpentDay};
use wallet::money::Credits;

use crate::i18n::*;
use crate::text::amount::{credits_text, unit_text};
use crate::text::category::category_name;
use crate::text::date_time::{date_text, day_month_text};

/// The categories from the bottom of a bar to its top, with their colours.
const CATEGORIES: [(&str, &str); 8] = [
    ("text", "var(--c-text)"),
    ("image", "var(--c-image)"),
    ("video", "var(--c-video)"),
    ("music", "var(--c-music)"),
    ("tts", "var(--c-tts)"),
    ("stt", "var(--c-stt)"),
    ("tool", "var(--c-tool)"),
    ("job", "var(--c-tool)"),
];
/// Anything else, in one colour at the top.
const OTHER: &str = "var(--color-control)";

/// The panel of the last days.
#[component]
pub fn SpendingPanel(
    /// What was spent.
    spending: Spending,
) -> impl IntoView {
    let i18n = use_i18n();
    let total = spending.total();
    let today = spending.days.last().map_or(Credits::ZERO, SpentDay::total);
    let figures = move || {
        let locale = i18n.get_locale();
        let today = credits_text(locale, today);
        t_string!(i18n, wallet.spent_figures, unit = unit_text(locale, total), today = today)
    };
    let is_cut = spending.is_cut;
    let content = if total == Credits::ZERO {
        view! { <p class="text-muted mt-2">{t!(i18n, wallet.spent_nothing)}</p> }.into_any()
    } else {
        view! {
            <div class="hidden sm:block"><Drawing spending=spending.clone() width=1120 every=5 /></div>
            <div class="sm:hidden"><Drawing spending=spending.clone() width=340 every=10 /></div>
            <Legend spending=spending.clone() />
            <details class="mt-3">
                <summary class="link-q text-sm cursor-pointer w-fit">{t!(i18n, wallet.spent_as_table)}</summary>
                <DayTable spending=spending />
            </details>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby="spent" class="panel p-5 mt-5">
            <h2 id="spent" class="h2 inline">{t!(i18n, wallet.spent)}</h2>
            <p class="inline num ml-3">
                <span class="fig text-xl" data-testid="spent">{move || credits_text(i18n.get_locale(), total)}</span>
                " "
                <span class="text-sm text-muted">{figures}</span>
            </p>
            {content}
            {is_cut.then(|| view! { <p class="text-sm text-muted mt-2">{t!(i18n, wallet.spent_cut)}</p> })}
        </section>
    }
}

/// The height of the bars' field, and what stands left of and under it.
const HEIGHT: i64 = 160;
const LEFT: i64 = 44;
const BELOW: i64 = 24;

/// The bars, as an image with a sentence.
#[component]
fn Drawing(spending: Spending, width: i64, every: usize) -> impl IntoView {
    let i18n = use_i18n();
    let count = i64::try_from(spending.days.len()).unwrap_or(1).max(1);
    let top = scale(spending.days.iter().map(SpentDay::total).max().unwrap_or_default().micros());
    let y = move |micros: i64| drawn(HEIGHT) - drawn(HEIGHT) * drawn(micros) / drawn(top);
    let room = drawn(width - LEFT) / drawn(count);
    let lines = (0..=4)
        .map(|step| {
            let micros = top / 4 * step;
            let at = format!("{:.1}", y(micros) + 8.0);
            let text_at = format!("{:.1}", y(micros) + 12.0);
            view! {
                <line x1=LEFT x2=width y1=at.clone() y2=at stroke="var(--color-base-300)"></line>
                <text x={LEFT - 8} y=text_at text-anchor="end" font-size="12" fill="var(--color-muted)">
                    {move || credits_text(i18n.get_locale(), Credits::from_micros(micros))}
                </text>
            }
        })
        .collect_view();
    let last = spending.days.len().saturating_sub(1);
    let bars = spending
        .days
        .iter()
        .enumerate()
        .map(|(place, day)| {
            let x = drawn(LEFT) + room * drawn(i64::try_from(place).unwrap_or_default());
            let (label_at, date) = (format!("{:.1}", x + room / 2.0), day.day);
            // Labels are counted back from today, so that the last one is today's.
            let has_label = (last - place).is_multiple_of(every);
            let (label_at, anchor) = if place == last { (width.to_string(), "end") } else { (label_at, "middle") };
            let label = has_label.then(|| {
                view! {
                    <text x=label_at y={HEIGHT + BELOW + 4} text-anchor=anchor font-size="12" fill="var(--color-muted)">
                        {move || day_month_text(i18n.get_locale(), date)}
                    </text>
                }
            });
            let bar = format!("{:.1}", room * 0.7);
            let from = format!("{:.1}", x + room * 0.15);
            let mut under = 0;
            let pieces = stacked(day)
                .into_iter()
                .map(|(color, amount)| {
                    let at = format!("{:.1}", y(under + amount) + 8.0);
                    let height = format!("{:.1}", (y(under) - y(under + amount)).max(0.5));
                    under += amount;
                    view! { <rect x=from.clone() y=at width=bar.clone() height=height fill=color></rect> }
                })
                .collect_view();
            view! {
                {pieces}
                {label}
            }
        })
        .collect_view();
    let total = spending.total();
    let words = move || {
        let locale = i18n.get_locale();
        let amount = format!("{} {}", credits_text(locale, total), unit_text(locale, total));
        t_string!(i18n, wallet.spent_image, amount = amount)
    };
    view! {
        <svg viewBox=format!("0 0 {width} {}", HEIGHT + BELOW + 12) class="w-full h-auto mt-4 num" role="img" aria-label=words>
            {lines}
            {bars}
        </svg>
    }
}

/// What is drawn may be a float: no amount comes from it.
fn drawn(number: i64) -> f64 {
    number as f64
}

/// The end of the scale: the next of 4, 8, 20 and their tens, so that a quarter is a round number too.
fn scale(micros: i64) -> i64 {
    let mut ten = 10_000;
    loop {
        for step in [4, 8, 20] {
            if let Some(end) = i64::checked_mul(ten, step)
                && end >= micros
            {
                return end;
            }
        }
        let Some(next) = i64::checked_mul(ten, 10) else { return i64::MAX };
        ten = next;
    }
}

/// The pieces of a day's bar from the bottom up: colour and height.
fn stacked(day: &SpentDay) -> Vec<(&'static str, i64)> {
    let of = |wanted: &'static str| day.parts.iter().filter(move |(category, _)| category == wanted);
    let is_known = |category: &str| CATEGORIES.iter().any(|(known, _)| *known == category);
    let known =
        CATEGORIES.iter().flat_map(|(category, color)| of(category).map(|(_, amount)| (*color, amount.micros())));
    let other =
        day.parts.iter().filter(|(category, _)| !is_known(category)).map(|(_, amount)| (OTHER, amount.micros()));
    known.chain(other).filter(|(_, micros)| *micros > 0).collect()
}

/// Names a category as the history's filter does.
fn category_words(locale: Locale, category: &str) -> &'static str {
    category.parse().map_or(td_string!(locale, wallet.spent_other), |known| category_name(locale, known))
}

/// The colours with their names and sums.
#[component]
fn Legend(spending: Spending) -> impl IntoView {
    let i18n = use_i18n();
    let rows = spending
        .categories()
        .into_iter()
        .map(|(category, amount)| {
            let color = CATEGORIES.iter().find(|(known, _)| *known == category).map_or(OTHER, |(_, color)| *color);
            view! {
                <li class="flex items-center gap-2">
                    <span class="dot" style=format!("background:{color}") aria-hidden="true"></span>
                    <span>{move || category_words(i18n.get_locale(), &category)}</span>
                    <span class="num text-muted">{move || credits_text(i18n.get_locale(), amount)}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="flex flex-wrap gap-x-5 gap-y-1 mt-3 text-sm">{rows}</ul> }
}

/// The same as a table, the newest day first; days without spending are left out.
#[component]
fn DayTable(spending: Spending) -> impl IntoView {
    let i18n = use_i18n();
    let rows = spending
        .days
        .into_iter()
        .rev()
        .filter(|day| day.total().is_positive())
        .map(|day| {
            let (date, total, parts) = (day.day, day.total(), day.parts);
            let words = move || {
                let locale = i18n.get_locale();
                let part = |(category, amount): &(String, Credits)| {
                    format!("{} {}", category_words(locale, category), credits_text(locale, *amount))
                };
                parts.iter().filter(|(_, amount)| amount.is_positive()).map(part).collect::<Vec<_>>().join(", ")
            };
            view! {
                <tr>
                    <th scope="row" class="font-normal text-left whitespace-nowrap num">{move || date_text(i18n.get_locale(), date)}</th>
                    <td class="num text-muted">{words}</td>
                    <td class="r num">{move || credits_text(i18n.get_locale(), total)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="grid-table mt-2">
            <caption class="sr-only">{t!(i18n, wallet.spent)}</caption>
            <thead>
                <tr>
                    <th scope="col">{t!(i18n, wallet.spent_day)}</th>
                    <th scope="col">{t!(i18n, ledger.category)}</th>
                    <th scope="col" class="r">{t!(i18n, ledger.credits)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers_whose_quarter_is_round_too() {
        let whole = |credits: i64| scale(credits * 1_000_000) / 1_000_000;
        assert_eq!([0, 1, 4, 5, 9, 21, 41, 241].map(whole), [0, 2, 4, 8, 20, 40, 80, 400]);
        assert_eq!(scale(24_000), 40_000);
        assert_eq!(scale(i64::MAX), i64::MAX);
    }

    #[test]
    fn bars_are_stacked_in_one_order_and_without_what_was_paid_back() {
        let part = |category: &str, micros| (category.to_owned(), Credits::from_micros(micros));
        let parts = vec![part("image", 3), part("", 2), part("text", 1), part("video", -9)];
        let day = SpentDay { day: chrono::NaiveDate::MIN, parts };
        assert_eq!(stacked(&day), [("var(--c-text)", 1), ("var(--c-image)", 3), (OTHER, 2)]);
    }
}
