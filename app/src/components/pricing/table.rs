//! All prices: by category, searched, with what a price is for and depends on.

use leptos::prelude::*;
use wallet::tariff::{Category, PriceBook, Tariff};

use crate::components::pricing::packages::heading;
use crate::components::pricing::query::{CarriedChoices, PriceQuery};
use crate::components::pricing::reader::{Coming, Reader, plan_requirements};
use crate::i18n::*;
use crate::text::amount::{exact_text, range_text};
use crate::text::date_time::day_month_text;
use crate::text::price_labels::{category_name, depends_words, unit_words};

/// Says whether a tariff is looked for.
fn is_match(tariff: &Tariff, category: Option<Category>, search: &str) -> bool {
    let is_in = category.is_none_or(|category| tariff.category == category);
    let supplier = tariff.supplier.as_deref().unwrap_or_default().to_lowercase();
    let words = [tariff.operation.to_lowercase(), tariff.name.to_lowercase(), supplier];
    is_in && (search.is_empty() || words.iter().any(|word| word.contains(search)))
}

/// The search, the categories and the prices.
#[component]
pub fn PriceTable(
    /// The book in force.
    book: StoredValue<PriceBook>,
    /// What the reader chose.
    query: Memo<PriceQuery>,
    /// The model that stands in the calculator.
    selected: Memo<Option<String>>,
    /// What a credit costs this reader.
    reader: Memo<Option<Reader>>,
    /// The prices that were announced, and the names of the plans.
    coming: StoredValue<Coming>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = Memo::new(move |_| {
        let query = query.read();
        let (category, search) = (query.category(), query.search());
        book.with_value(|book| {
            let found = book.tariffs.iter().filter(|tariff| is_match(tariff, category, &search));
            found.cloned().collect::<Vec<_>>()
        })
    });
    let is_empty = move || rows.read().is_empty();
    view! {
        <Show when=move || !is_empty() fallback=move || view! { <NoMatch query=query /> }>
            <table class="grid-table">
                <caption class="sr-only">{t!(i18n, prices.all)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!(i18n, prices.model)}</th>
                        <th scope="col" class="hidden md:table-cell">{t!(i18n, prices.supplier)}</th>
                        <th scope="col" class="hidden sm:table-cell">{t!(i18n, prices.unit)}</th>
                        <th scope="col" class="r">{move || heading(i18n.get_locale())}</th>
                        {move || reader.get().map(|reader| view! {
                            <th scope="col" class="r hidden sm:table-cell">{move || reader.heading(i18n.get_locale())}</th>
                        })}
                    </tr>
                </thead>
                <tbody>
                    <For each=move || rows.get() key=|tariff| tariff.operation.clone() let:tariff>
                        <PriceRow tariff=tariff book=book query=query selected=selected reader=reader coming=coming />
                    </For>
                </tbody>
            </table>
        </Show>
        <p class="text-sm text-muted mt-3 px-3">{t!(i18n, prices.range_note)}</p>
    }
}

/// The search field; Enter searches, with and without a script.
#[component]
pub fn PriceSearch(
    /// What the reader chose.
    query: Memo<PriceQuery>,
) -> impl IntoView {
    let i18n = use_i18n();
    let typed = Memo::new(move |_| query.read().get("q").unwrap_or_default().to_owned());
    view! {
        <form method="get" action="/pricing" data-redraw="main">
            <CarriedChoices query=query own=&["q"] />
            <div class="flex gap-2" role="search">
                <label class="sr-only" for="q">{t!(i18n, prices.search)}</label>
                <input
                    id="q"
                    name="q"
                    type="search"
                    class="field sm:!w-64"
                    maxlength="60"
                    autocomplete="off"
                    placeholder=move || t_string!(i18n, prices.search)
                    value=move || typed.get()
                />
                <button class="btn btn-plain">{t!(i18n, prices.find)}</button>
            </div>
        </form>
    }
}

/// The categories that the book has, each with its number of prices.
#[component]
pub fn CategoryTabs(
    /// The book in force.
    book: StoredValue<PriceBook>,
    /// What the reader chose.
    query: Memo<PriceQuery>,
) -> impl IntoView {
    let i18n = use_i18n();
    let count = move |category: Option<Category>| {
        book.with_value(|book| book.tariffs.iter().filter(|tariff| is_match(tariff, category, "")).count())
    };
    let tab = move |category: Option<Category>| {
        let code = category.map_or("", Category::code);
        view! {
            <a
                href=move || query.read().with("cat", code)
                attr:data-noscroll=""
                aria-current=move || (query.read().category() == category).then_some("true")
            >
                {move || category.map_or_else(|| t_string!(i18n, prices.cat_all), |category| category_name(i18n.get_locale(), category))}
                " "
                <span class="num text-sm text-muted font-normal">{count(category)}</span>
            </a>
        }
    };
    let tabs =
        Category::ALL.into_iter().filter(|category| count(Some(*category)) > 0).map(Some).map(tab).collect_view();
    view! {
        <nav class="tabs-line" aria-label=move || t_string!(i18n, prices.categories) tabindex="0">
            {tab(None)}
            {tabs}
        </nav>
    }
}

#[component]
fn PriceRow(
    tariff: Tariff,
    book: StoredValue<PriceBook>,
    query: Memo<PriceQuery>,
    selected: Memo<Option<String>>,
    reader: Memo<Option<Reader>>,
    coming: StoredValue<Coming>,
) -> impl IntoView {
    let i18n = use_i18n();
    let range = tariff.rule.range();
    let (min, max) = (range.min, range.max);
    let operation = tariff.operation.clone();
    let is_selected = {
        let operation = operation.clone();
        move || selected.read().as_deref() == Some(operation.as_str())
    };
    let has_other_name = tariff.name != tariff.operation;
    let unit = tariff.unit.clone();
    let depends = {
        let tariff = tariff.clone();
        Memo::new(move |_| depends_words(i18n.get_locale(), &tariff))
    };
    let words = Memo::new(move |_| unit_words(i18n.get_locale(), &unit));
    let price = move || {
        if max.micros() == 0 {
            t_string!(i18n, prices.free).to_owned()
        } else {
            range_text(i18n.get_locale(), min, max)
        }
    };
    view! {
        <tr class="hot" aria-selected=move || if is_selected() { "true" } else { "false" }>
            <th scope="row" class="!text-left">
                <a class="hover:underline underline-offset-4" href={
                    let operation = operation.clone();
                    move || query.read().with_model(&operation)
                }>{tariff.name.clone()}</a>
                <PlanRequirements tariff=tariff.clone() book=book coming=coming />
                {has_other_name.then(|| view! { <span class="block text-xs text-muted font-mono font-normal">{operation.clone()}</span> })}
                <span class="block sm:hidden text-sm text-muted font-normal">
                    {words} {move || depends.get().map(|depends| format!(", {depends}"))}
                </span>
            </th>
            <td class="text-muted hidden md:table-cell">{tariff.supplier.clone().unwrap_or_else(|| "—".to_owned())}</td>
            <td class="text-muted hidden sm:table-cell">
                {words} {move || depends.get().map(|depends| view! { <span class="block text-xs">{depends}</span> })}
            </td>
            <td class="r font-semibold text-lg whitespace-nowrap">
                {price} <BelowPrice tariff=tariff coming=coming />
            </td>
            {move || reader.get().map(|reader| view! {
                <td class="r text-muted num whitespace-nowrap hidden sm:table-cell">
                    {move || reader.money(i18n.get_locale(), min, max)}
                </td>
            })}
        </tr>
    }
}

/// The plans that the operation, or one of its options, needs.
#[component]
fn PlanRequirements(tariff: Tariff, book: StoredValue<PriceBook>, coming: StoredValue<Coming>) -> impl IntoView {
    let i18n = use_i18n();
    let gates = book.with_value(|book| coming.with_value(|coming| plan_requirements(book, &tariff, coming)));
    gates
        .into_iter()
        .map(|(option, plan)| {
            let words = move || match option.clone() {
                Some(option) => t_string!(i18n, prices.option_from_plan, option = option, plan = plan.clone()),
                None => t_string!(i18n, prices.from_plan, plan = plan.clone()),
            };
            view! { <span class="tag ml-2">{words}</span> }
        })
        .collect_view()
}

/// The least of a call, and the price that was announced.
#[component]
fn BelowPrice(tariff: Tariff, coming: StoredValue<Coming>) -> impl IntoView {
    let i18n = use_i18n();
    let class = "block text-xs font-normal text-muted";
    let least = tariff.rule.minimum().filter(|least| least.is_positive()).map(|least| {
        let words = move || {
            let price = exact_text(i18n.get_locale(), least);
            t_string!(i18n, prices.at_least, price = price)
        };
        view! { <span class=class>{words}</span> }
    });
    let later = coming.with_value(|coming| coming.of(&tariff.operation)).map(|(at, later)| {
        let words = move || {
            let locale = i18n.get_locale();
            let date = day_month_text(locale, at.date_naive());
            match &later {
                Some(range) => {
                    t_string!(i18n, prices.from_day, date = date, price = range_text(locale, range.min, range.max))
                }
                None => t_string!(i18n, prices.until_day, date = date),
            }
        };
        view! { <span class="block text-xs font-semibold text-rise">{words}</span> }
    });
    view! { {least} {later} }
}

/// Nothing is called so: the words, and the way back to all.
#[component]
fn NoMatch(query: Memo<PriceQuery>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="py-10 grid gap-2 justify-items-center text-center" role="status">
            <p class="font-semibold">
                {move || t_string!(i18n, prices.no_match, words = query.read().get("q").unwrap_or_default().to_owned())}
            </p>
            <a class="link-q" href="/pricing">{t!(i18n, prices.clear)}</a>
        </div>
    }
}
