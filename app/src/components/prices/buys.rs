//! "What can 250 credits buy?"

use leptos::prelude::*;
use leptos_router::components::Form;
use wallet::money::Credits;
use wallet::tariff::{Category, PriceBook};

use super::query::{Kept, PriceQuery, submit_on_change};
use crate::components::amount::{credits_text, range_text, unit_text};
use crate::i18n::*;

/// What is counted when nothing else is asked for.
const DEFAULT_CREDITS: &str = "250";
/// The most rows.
const ROWS: usize = 8;

/// How many of one operation an amount buys.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Buy {
    name: String,
    least: i64,
    most: i64,
    min: Credits,
    max: Credits,
}

/// Takes the cheapest and the best of each category, so that the list shows what an amount is worth everywhere.
fn buys(book: &PriceBook, credits: Credits) -> Vec<Buy> {
    let mut rows = Vec::new();
    for category in Category::ALL {
        let mut priced: Vec<Buy> = book
            .tariffs
            .iter()
            .filter(|tariff| tariff.category == category)
            .filter_map(|tariff| {
                let range = tariff.rule.range();
                let most = credits.micros().checked_div(range.min.micros())?;
                let least = credits.micros().checked_div(range.max.micros())?;
                Some(Buy { name: tariff.name.clone(), least, most, min: range.min, max: range.max })
            })
            .filter(|buy| buy.most > 0)
            .collect();
        priced.sort_by_key(|buy| buy.max);
        let last = priced.pop();
        rows.extend(priced.into_iter().next().filter(|_| category != Category::Tool));
        rows.extend(last);
    }
    rows.sort_by_key(|buy| std::cmp::Reverse(buy.most));
    rows.truncate(ROWS);
    rows
}

/// The amount, and what it buys.
#[component]
pub fn BuysList(
    /// The book in force.
    book: StoredValue<PriceBook>,
    /// What the reader chose.
    query: Memo<PriceQuery>,
) -> impl IntoView {
    let i18n = use_i18n();
    let typed = Memo::new(move |_| query.read().get("credits").unwrap_or(DEFAULT_CREDITS).to_owned());
    let amount = Memo::new(move |_| {
        let amount = typed.read().parse::<Credits>().ok();
        amount.filter(|amount| amount.is_positive())
    });
    let rows = move || {
        let Some(amount) = amount.get() else {
            return view! { <p class="text-sm text-error" id="buys-error">{t!(i18n, prices.buys_wrong)}</p> }
                .into_any();
        };
        let rows = book.with_value(|book| buys(book, amount));
        if rows.is_empty() {
            return view! { <p class="text-muted">{t!(i18n, prices.buys_none)}</p> }.into_any();
        }
        let rows = rows.into_iter().map(|buy| view! { <BuyRow buy=buy /> }).collect_view();
        view! { <dl class="grid gap-y-2">{rows}</dl> }.into_any()
    };
    view! {
        <div class="panel p-5 self-start">
            <Form method="GET" action="/pricing" noscroll=true replace=true>
                <Kept query=query own=&["credits"] />
                <div class="flex items-center gap-3 flex-wrap">
                    <h2 class="text-xl font-semibold"><label for="credits">{t!(i18n, prices.buys_before)}</label></h2>
                    <input
                        id="credits"
                        name="credits"
                        class="field num text-right font-semibold !w-24 text-lg"
                        prop:value=move || typed.get()
                        value=move || typed.get()
                        inputmode="decimal"
                        maxlength="14"
                        autocomplete="off"
                        aria-describedby="buys-unit"
                        on:change=move |event| submit_on_change(&event)
                    />
                    <span class="text-xl font-semibold" id="buys-unit">
                        {move || {
                            let locale = i18n.get_locale();
                            let unit = unit_text(locale, amount.get().unwrap_or(Credits::ZERO));
                            t_string!(i18n, prices.buys_after, unit = unit)
                        }}
                    </span>
                    <button class="sr-only focus:not-sr-only btn btn-sm btn-plain">{t!(i18n, prices.recalculate)}</button>
                </div>
            </Form>
            <hr class="perf-x my-4 -mx-1" />
            {rows}
            <p class="text-sm text-muted mt-4">{t!(i18n, prices.buys_note)}</p>
        </div>
    }
}

#[component]
fn BuyRow(buy: Buy) -> impl IntoView {
    let i18n = use_i18n();
    let whole = |number: i64| Credits::from_whole(number).unwrap_or(Credits::MAX);
    let (least, most) = (whole(buy.least), whole(buy.most));
    view! {
        <div class="flex items-baseline gap-3">
            <dd class="num fig text-xl w-20 text-right flex-none">{move || range_text(i18n.get_locale(), least, most)}</dd>
            <dt class="flex-1">{buy.name}</dt>
            <dd class="text-sm text-muted num whitespace-nowrap">
                {move || {
                    let locale = i18n.get_locale();
                    let price = if buy.min == buy.max { credits_text(locale, buy.min) } else { range_text(locale, buy.min, buy.max) };
                    t_string!(i18n, prices.each, price = price)
                }}
            </dd>
        </div>
    }
}
