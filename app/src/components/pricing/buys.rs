//! "What can 250 credits buy?"

use leptos::prelude::*;
use wallet::money::{Credits, read_amount};
use wallet::tariff::{Buy, PriceBook};

use crate::components::pricing::query::{CarriedChoices, PriceQuery};
use crate::i18n::*;
use crate::text::amount::{count_text, range_text, unit_text};
use crate::text::price_labels::{counted_words, unit_words};

/// What is counted when nothing else is asked for.
const DEFAULT_CREDITS: &str = "250";
/// The most rows.
const ROWS: usize = 10;

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
        let amount = read_amount(&typed.read()).ok();
        amount.filter(|amount| amount.is_positive())
    });
    let rows = move || {
        let Some(amount) = amount.get() else {
            return view! { <p class="text-sm text-error" id="buys-error">{t!(i18n, prices.buys_wrong)}</p> }
                .into_any();
        };
        let rows = book.with_value(|book| book.affordable(amount, ROWS));
        if rows.is_empty() {
            return view! { <p class="text-muted">{t!(i18n, prices.buys_none)}</p> }.into_any();
        }
        let rows = rows.into_iter().map(|buy| view! { <BuyRow buy=buy /> }).collect_view();
        view! { <dl class="grid gap-y-2">{rows}</dl> }.into_any()
    };
    view! {
        <div class="panel p-5 self-start">
            <form method="get" action="/pricing" data-redraw="main">
                <CarriedChoices query=query own=&["credits"] />
                <div class="flex items-center gap-3 flex-wrap">
                    <h2 class="text-xl font-semibold"><label for="credits">{t!(i18n, prices.buys_before)}</label></h2>
                    <input
                        id="credits"
                        name="credits"
                        class="field num text-right font-semibold !w-24 text-lg"
                        value=move || typed.get()
                        inputmode="decimal"
                        maxlength="14"
                        autocomplete="off"
                        aria-describedby="buys-unit"
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
            </form>
            <hr class="perf-x my-4 -mx-1" />
            {rows}
            <p class="text-sm text-muted mt-4">{t!(i18n, prices.buys_note)}</p>
        </div>
    }
}

#[component]
fn BuyRow(buy: Buy) -> impl IntoView {
    let i18n = use_i18n();
    let (least, most) = (buy.least, buy.most);
    let figure = move || {
        let locale = i18n.get_locale();
        match least {
            0 => t_string!(i18n, prices.up_to, most = count_text(locale, most)),
            least if least == most => count_text(locale, most),
            least => format!("{}–{}", count_text(locale, least), count_text(locale, most)),
        }
    };
    let counted = buy.counted.clone();
    let counted = move || counted.clone().map(|what| format!("{} · ", counted_words(i18n.get_locale(), &what)));
    let (unit, is_call) = (buy.unit.clone(), buy.quantities == 0);
    let price = move || {
        let locale = i18n.get_locale();
        let price = range_text(locale, buy.min, buy.max);
        if is_call {
            t_string!(i18n, prices.each, price = price)
        } else {
            t_string!(i18n, prices.unit_price, price = price, per = unit_words(locale, &unit))
        }
    };
    view! {
        <div class="flex items-baseline gap-3">
            <dd class="num fig text-xl w-24 text-right flex-none">{figure}</dd>
            <dt class="flex-1 min-w-0 break-words"><span class="text-muted">{counted}</span>{buy.name}</dt>
            <dd class="text-sm text-muted num text-right">{price}</dd>
        </div>
    }
}
