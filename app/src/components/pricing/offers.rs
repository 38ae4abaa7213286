//! What is sold besides plans and packages: a free amount, add-ons, metered items.

use leptos::prelude::*;
use wallet::catalog::{AddOn, FreeAmount, MeteredItem};
use wallet::money::{Credits, Currency};

use crate::components::pricing::plans::rate_words;
use crate::i18n::*;
use crate::text::amount::{count_text, credits_text, exact_text, unit_text};
use crate::text::price_labels::with_symbol;

/// Credits in any number, with the price of one.
#[component]
pub fn FreeAmountLine(
    /// What can be bought.
    amount: FreeAmount,
    /// The currency of the price.
    currency: Currency,
    /// Whether packages are sold too.
    beside_packages: StoredValue<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rate = amount.rate(currency).map(|rate| rate.fine());
    let (min, max) = (amount.min, amount.max);
    let words = move || {
        let locale = i18n.get_locale();
        let (least, most, unit) = (credits_text(locale, min), credits_text(locale, max), unit_text(locale, max));
        if beside_packages.get_value() {
            t_string!(i18n, prices.own_amount, min = least, max = most, unit = unit)
        } else {
            t_string!(i18n, prices.free_amount, min = least, max = most, unit = unit)
        }
    };
    view! {
        <p class="mt-2">{words}</p>
        {rate.map(|rate| view! { <p class="fig text-2xl mt-2">{move || rate_words(i18n.get_locale(), &rate, currency)}</p> })}
        <p class="mt-3"><a class="btn btn-plain" href="/wallet/top-up">{t!(i18n, prices.buy)}</a></p>
    }
}

/// Writes so many credits a month: `200 credits a month`.
fn monthly(locale: Locale, credits: Credits) -> String {
    let amount = format!("{} {}", exact_text(locale, credits), unit_text(locale, credits));
    td_string!(locale, prices.a_month_credits, amount = amount)
}

/// The add-ons with what each takes every month.
#[component]
pub fn AddOnList(
    /// The add-ons.
    add_ons: Vec<AddOn>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = add_ons
        .into_iter()
        .map(|add_on| {
            let credits = add_on.monthly_credits;
            view! {
                <li class="py-2 border-b border-line flex flex-wrap items-baseline gap-x-3">
                    <span class="font-medium">{add_on.name}</span>
                    <span class="text-sm text-muted flex-1">{add_on.summary}</span>
                    <span class="num whitespace-nowrap">{move || monthly(i18n.get_locale(), credits)}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="add-ons">
            <h2 id="add-ons" class="text-xl font-semibold">{t!(i18n, prices.add_ons)}</h2>
            <p class="text-muted mt-1 mb-2">
                {t!(i18n, prices.add_ons_note)} " " <a class="link-q" href="/wallet/plan#add-ons">{t!(i18n, add_ons.manage)}</a>
            </p>
            <ul>{rows}</ul>
        </section>
    }
}

/// What is metered by the hour, with what is included and what one more costs.
#[component]
pub fn MeteredTable(
    /// The items.
    items: Vec<MeteredItem>,
    /// The plans' codes and names, from the lowest on.
    plans: Vec<(String, String)>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = items
        .into_iter()
        .map(|item| {
            let (unit, credits) = (StoredValue::new(item.unit.clone()), item.monthly_credits);
            let of_plan = |(code, name): &(String, String)| Some((name.clone(), *item.included_by_plan.get(code)?));
            let by_plan: Vec<(String, i64)> = plans.iter().filter_map(of_plan).collect();
            let figure = move |count| {
                let locale = i18n.get_locale();
                unit.with_value(|unit| with_symbol(locale, count_text(locale, count), unit))
            };
            let included = item.included;
            let more = (!by_plan.is_empty()).then(|| {
                let words = move || {
                    let parts = by_plan.iter().map(|(name, count)| format!("{name}:\u{a0}{}", figure(*count)));
                    parts.collect::<Vec<_>>().join(", ")
                };
                view! { <span class="block text-sm text-muted">{words}</span> }
            });
            view! {
                <tr>
                    <th scope="row" class="!pl-0">{item.name}</th>
                    <td class="r num">{move || figure(included)} {more}</td>
                    <td class="r num whitespace-nowrap !pr-0">
                        {move || {
                            let locale = i18n.get_locale();
                            format!("{} {}", exact_text(locale, credits), unit_text(locale, credits))
                        }}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="metered">
            <h2 id="metered" class="text-xl font-semibold">{t!(i18n, prices.metered)}</h2>
            <p class="text-muted mt-1 mb-2">
                {t!(i18n, prices.metered_note)} " " <a class="link-q" href="/wallet/plan#metered">{t!(i18n, metered.see)}</a>
            </p>
            <table class="grid-table">
                <caption class="sr-only">{t!(i18n, prices.metered)}</caption>
                <thead>
                    <tr>
                        <th scope="col" class="!pl-0">{t!(i18n, prices.item)}</th>
                        <th scope="col" class="r">{t!(i18n, prices.included)}</th>
                        <th scope="col" class="r !pr-0">{t!(i18n, prices.each_more)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}
