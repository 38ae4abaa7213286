//! Margins as a table, and what an operation cost over time.

use leptos::prelude::*;
use wallet::money::{Credits, Currency};
use wallet::tariff::{CostRow, Margin, MarginRow, NoMargin, UpstreamCost};

use crate::components::ui::panel::TablePanel;
use crate::i18n::*;
use crate::text::amount::{credits_text, exact_text, point, range_text, signed_text};
use crate::text::date_time::{When, WhenStyle, date_text};
use crate::text::price_labels::unit_words;

/// Writes millionths of a currency's main unit: `0.04 USD`, `24.90 RUB`.
#[must_use]
pub fn micros_text(locale: Locale, micros: i64, currency: Currency) -> String {
    format!("{}\u{a0}{currency}", micros_number(locale, micros, currency))
}

/// The same without the currency: at least as many decimals as its coins have.
fn micros_number(locale: Locale, micros: i64, currency: Currency) -> String {
    // Credits have six decimals, like these.
    let mut text = exact_text(locale, Credits::from_micros(micros));
    let coins = usize::try_from(currency.exponent()).unwrap_or_default();
    let has = text.rsplit_once(point(locale)).map_or(0, |(_, decimals)| decimals.len());
    if has == 0 && coins > 0 {
        text.push(point(locale));
    }
    text.push_str(&"0".repeat(coins.saturating_sub(has)));
    text
}

/// Writes a margin: `40 %`, `−3.2 %`.
#[must_use]
pub fn margin_text(locale: Locale, margin: Margin) -> String {
    let tenths = Credits::from_micros(margin.0.saturating_mul(100_000));
    format!("{}\u{a0}%", signed_text(locale, tenths).trim_start_matches('+'))
}

/// Writes the margins of the lowest and the highest price: `40 %`, `−3.2…12 %`.
#[must_use]
pub fn margin_span_text(locale: Locale, (worst, best): (Margin, Margin)) -> String {
    if worst == best {
        return margin_text(locale, worst);
    }
    let worst = margin_text(locale, worst);
    format!("{}…{}", worst.trim_end_matches("\u{a0}%"), margin_text(locale, best))
}

fn no_margin_text(locale: Locale, why: NoMargin) -> &'static str {
    match why {
        NoMargin::NoCost => td_string!(locale, margins.no_cost),
        NoMargin::NoRate => td_string!(locale, margins.no_rate),
        NoMargin::Free => td_string!(locale, margins.free),
    }
}

/// Writes a cost with what it is for: `0.04 USD`, `15.00 USD / 1,000`.
#[must_use]
pub fn cost_text(locale: Locale, cost: &UpstreamCost) -> String {
    let money = micros_text(locale, cost.micros, cost.currency);
    match cost.per {
        1 => money,
        per => format!("{money} / {}", credits_text(locale, Credits::from_whole(per).unwrap_or_default())),
    }
}

/// The table of margins, the worst first.
#[component]
pub fn MarginTable(
    /// The operations.
    rows: Vec<MarginRow>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = rows.into_iter().map(|row| view! { <Row row=row /> }).collect_view();
    view! {
        <TablePanel
            name=move || t_string!(i18n, margins.table)
            head=view! {
                <th scope="col">{t!(i18n, prices.model)}</th>
                <th scope="col" class="r hidden md:table-cell">{t!(i18n, margins.price)}</th>
                <th scope="col" class="r hidden lg:table-cell">{t!(i18n, margins.money)}</th>
                <th scope="col" class="r hidden sm:table-cell">{t!(i18n, margins.cost)}</th>
                <th scope="col" class="r">{t!(i18n, margins.margin)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, margins.review)}</th>
            }
        >
            {rows}
        </TablePanel>
    }
}

/// One operation.
#[component]
fn Row(row: MarginRow) -> impl IntoView {
    let i18n = use_i18n();
    let (is_negative, is_due) = (row.is_negative(), row.is_due);
    let (price, money, margin, unit) = (row.price.clone(), row.money, row.margin, row.unit.clone());
    let link = format!("/admin/margins?operation={}#history", row.operation);
    let review = row.cost.as_ref().map(|cost| cost.review_on);
    let cost = row.cost.clone();
    let small_cost = row.cost;
    let drop = row.drop_from.clone();
    let money_words = move || {
        let locale = i18n.get_locale();
        match money {
            Some((min, max, currency)) if min == max => micros_text(locale, min, currency),
            Some((min, max, currency)) => {
                format!("{}–{}", micros_number(locale, min, currency), micros_text(locale, max, currency))
            }
            None => "—".to_owned(),
        }
    };
    let margin_words = move || {
        let locale = i18n.get_locale();
        match &margin {
            Ok(span) => margin_span_text(locale, *span),
            Err(why) => no_margin_text(locale, *why).to_owned(),
        }
    };
    let class = match (is_negative, row.margin.is_ok()) {
        (true, _) => "r num font-semibold text-error whitespace-nowrap",
        (false, true) => "r num font-semibold whitespace-nowrap",
        (false, false) => "r text-muted",
    };
    view! {
        <tr class="hot">
            <th scope="row" class="!text-left">
                <a class="hover:underline underline-offset-4" href=link>{row.name}</a>
                {is_negative.then(|| view! { " " <span class="tag tag-err">{t!(i18n, margins.below)}</span> })}
                <span class="block text-xs text-muted font-mono font-normal break-all">{row.operation}</span>
                {small_cost
                    .map(|cost| {
                        view! {
                            <span class="block sm:hidden text-sm text-muted font-normal num">
                                {move || cost_text(i18n.get_locale(), &cost.cost())}
                            </span>
                        }
                    })}
                {is_due.then(|| view! { <span class="sm:hidden tag tag-warn mt-1">{t!(i18n, margins.due)}</span> })}
            </th>
            <td class="r num whitespace-nowrap hidden md:table-cell">
                {move || range_text(i18n.get_locale(), price.min, price.max)}
                <span class="block text-xs text-muted">{move || unit_words(i18n.get_locale(), &unit)}</span>
            </td>
            <td class="r num whitespace-nowrap hidden lg:table-cell text-muted">{money_words}</td>
            <td class="r num whitespace-nowrap hidden sm:table-cell">
                {move || cost.as_ref().map_or_else(|| "—".to_owned(), |cost| cost_text(i18n.get_locale(), &cost.cost()))}
                {drop
                    .map(|drop| {
                        view! {
                            <span class="block text-xs text-primary">
                                {move || {
                                    let before = cost_text(i18n.get_locale(), &drop);
                                    t_string!(i18n, margins.fell, before = before)
                                }}
                            </span>
                        }
                    })}
            </td>
            <td class=class>{margin_words}</td>
            <td class="hidden sm:table-cell whitespace-nowrap">
                {review
                    .map(|day| {
                        view! {
                            <span class=if is_due { "text-rise font-medium" } else { "text-muted" }>
                                {move || date_text(i18n.get_locale(), day)}
                            </span>
                        }
                    })}
                {is_due.then(|| view! { " " <span class="tag tag-warn">{t!(i18n, margins.due)}</span> })}
            </td>
        </tr>
    }
}

/// What an operation cost over time, newest first.
#[component]
pub fn CostHistory(
    /// The operation.
    operation: String,
    /// Its costs.
    rows: Vec<CostRow>,
) -> impl IntoView {
    let i18n = use_i18n();
    let name = StoredValue::new(operation);
    let is_empty = rows.is_empty();
    let rows = rows
        .into_iter()
        .map(|row| {
            let (source, by, day) = (row.source.clone(), row.uploaded_by.clone(), row.review_on);
            let at = row.uploaded_at;
            view! {
                <tr>
                    <td class="num">
                        <span class="whitespace-nowrap"><When at=at style=WhenStyle::DateTime /></span>
                        <span class="block sm:hidden text-sm text-muted break-words">{source.clone()}</span>
                    </td>
                    <td class="r num whitespace-nowrap">{move || cost_text(i18n.get_locale(), &row.cost())}</td>
                    <td class="text-muted break-words hidden sm:table-cell">{source}</td>
                    <td class="text-muted hidden sm:table-cell">{by}</td>
                    <td class="text-muted hidden sm:table-cell whitespace-nowrap">{move || date_text(i18n.get_locale(), day)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section id="history" aria-labelledby="cost-history" class="mt-8 scroll-mt-20">
            <h2 id="cost-history" class="h2 mb-2">
                {move || t_string!(i18n, margins.history, operation = name.get_value())}
            </h2>
            {if is_empty {
                view! { <p class="text-muted">{t!(i18n, margins.no_history)}</p> }.into_any()
            } else {
                view! {
                    <TablePanel
                        name=move || t_string!(i18n, margins.history, operation = name.get_value())
                        head=view! {
                            <th scope="col">{t!(i18n, margins.uploaded)}</th>
                            <th scope="col" class="r">{t!(i18n, margins.cost)}</th>
                            <th scope="col" class="hidden sm:table-cell">{t!(i18n, margins.source)}</th>
                            <th scope="col" class="hidden sm:table-cell">{t!(i18n, margins.by)}</th>
                            <th scope="col" class="hidden sm:table-cell">{t!(i18n, margins.review)}</th>
                        }
                    >
                        {rows}
                    </TablePanel>
                }
                    .into_any()
            }}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_reads_as_a_percentage() {
        assert_eq!(margin_text(Locale::en, Margin(400)), "40\u{a0}%");
        assert_eq!(margin_text(Locale::ru, Margin(-32)), "−3,2\u{a0}%");
        assert_eq!(micros_text(Locale::en, 40_000, Currency::USD), "0.04\u{a0}USD");
        assert_eq!(micros_text(Locale::ru, 24_900_000, Currency::RUB), "24,90\u{a0}RUB");
        assert_eq!(micros_text(Locale::en, 15_000_000, Currency::USD), "15.00\u{a0}USD");
    }
}
