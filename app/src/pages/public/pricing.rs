//! `/pricing`: know the cost before signing up or running.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::catalog::{CatalogView, FailurePolicy, Interval};
use wallet::money::Currency;
use wallet::tariff::{Announcement, PriceBook};

use crate::components::pricing::{
    AddOnList, BuysList, CallCalculator, CategoryTabs, Coming, FreeAmountLine, MeteredTable, PackageTable, PlanStrip,
    PriceQuery, PriceSearch, PriceTable, Reader,
};
use crate::components::ui::panel::Loaded;
use crate::components::ui::public_shell::{Listed, PublicShell};
use crate::data::prices::{PriceList, load_prices};
use crate::i18n::*;
use crate::session::use_session;
use crate::text::date_time::{WhenStyle, when_text};

/// The price page.
#[component]
pub fn PricingPage() -> impl IntoView {
    let i18n = use_i18n();
    let list = Resource::new_blocking(|| (), |()| load_prices());
    let listed = Listed { path: "/pricing".to_owned(), description: t_string!(i18n, prices.about).to_owned() };
    view! {
        <PublicShell title=move || t_string!(i18n, prices.title) prices=true listed=listed>
            <Loaded data=list let:list>
                <Prices list=list />
            </Loaded>
        </PublicShell>
    }
}

#[component]
fn Prices(list: PriceList) -> impl IntoView {
    let i18n = use_i18n();
    let map = use_query_map();
    let query = Memo::new(move |_| PriceQuery::of(&map.read()));
    let catalog = list.catalog;
    let currencies = catalog.settings.currencies.clone();
    let currency = Memo::new(move |_| {
        let asked = query.read().get("cur").and_then(|code| code.to_uppercase().parse::<Currency>().ok());
        asked
            .filter(|currency| currencies.contains(currency))
            .or_else(|| currencies.first().copied())
            .unwrap_or(Currency::USD)
    });
    let interval =
        Memo::new(move |_| if query.read().get("billing") == Some("y") { Interval::Year } else { Interval::Month });
    let head = view! {
        <Hero
            book=list.book.clone()
            announced=list.announced.clone()
            notice_days=catalog.settings.notice_days
            customer_failure=catalog.settings.customer_failure
        />
    };
    let coming = StoredValue::new(Coming::new(list.announced, &catalog));
    let note = catalog.settings.unit.note.clone();
    let book = StoredValue::new(list.book);
    let offers = StoredValue::new(catalog);
    let viewer = use_session().get_untracked().and_then(Result::ok).and_then(|session| session.viewer);
    let own = StoredValue::new(viewer.map(|viewer| viewer.plan.code));
    let reader = Memo::new(move |_| {
        let own = own.get_value();
        offers.with_value(|offers| Reader::of(offers, own.as_deref(), interval.get(), currency.get()))
    });
    let selected = Memo::new(move |_| query.read().get("model").map(str::to_owned));
    view! {
        {head}
        <Plans offers=offers query=query currency=currency interval=interval own=own />
        <section class="mt-12 grid lg:grid-cols-[minmax(0,1fr)_440px] gap-x-12 gap-y-12">
            <div class="grid gap-10 content-start">
                <TopUps offers=offers currency=currency />
                {offers.with_value(|offers| {
                    let (add_ons, metered) = (offers.add_ons.clone(), offers.metered.clone());
                    let plans = offers.plan_names();
                    view! {
                        {(!add_ons.is_empty()).then(|| view! { <AddOnList add_ons=add_ons /> })}
                        {(!metered.is_empty()).then(|| view! { <MeteredTable items=metered plans=plans /> })}
                    }
                })}
            </div>
            <BuysList book=book query=query />
        </section>
        <section aria-labelledby="all" class="mt-14">
            <div class="flex flex-wrap items-center gap-3 mb-1">
                <h2 id="all" class="text-xl font-semibold">{t!(i18n, prices.all)}</h2>
                <span class="flex-1"></span>
                <PriceSearch query=query />
            </div>
            <CategoryTabs book=book query=query />
            <div class="grid lg:grid-cols-[minmax(0,1fr)_400px] gap-x-12 gap-y-8 mt-1">
                <div>
                    <PriceTable book=book query=query selected=selected reader=reader coming=coming />
                    {move || {
                        let language = if i18n.get_locale() == Locale::ru { "ru" } else { "en" };
                        note.get(language).map(|note| view! { <p class="text-sm text-muted mt-1 px-3">{note.clone()}</p> })
                    }}
                </div>
                <CallCalculator book=book query=query offers=offers own=own reader=reader public_url=list.public_url />
            </div>
        </section>
    }
}

/// The plans, where there are any; else what there is to choose stands alone.
#[component]
fn Plans(
    offers: StoredValue<CatalogView>,
    query: Memo<PriceQuery>,
    currency: Memo<Currency>,
    interval: Memo<Interval>,
    own: StoredValue<Option<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    if offers.with_value(|offers| offers.plans.is_empty()) {
        return view! {
            <div class="border-t border-line pt-6 flex justify-end gap-3">
                <Choices offers=offers query=query currency=currency interval=interval />
            </div>
        }
        .into_any();
    }
    view! {
        <section aria-labelledby="plans" class="border-t border-line pt-6">
            <div class="flex flex-wrap items-center gap-x-4 gap-y-3 mb-4">
                <h2 id="plans" class="text-xl font-semibold">{t!(i18n, prices.plans)}</h2>
                <p class="text-muted hidden lg:block">{t!(i18n, prices.plans_note)}</p>
                <span class="flex-1"></span>
                <Choices offers=offers query=query currency=currency interval=interval />
            </div>
            {move || {
                let (currency, interval) = (currency.get(), interval.get());
                view! { <PlanStrip catalog=offers.get_value() currency=currency interval=interval own=own.get_value() /> }
            }}
        </section>
    }
    .into_any()
}

/// The packages and the free amount, as far as either is sold.
#[component]
fn TopUps(offers: StoredValue<CatalogView>, currency: Memo<Currency>) -> impl IntoView {
    let i18n = use_i18n();
    let (packages, free) =
        offers.with_value(|offers| (offers.packages.clone(), offers.settings.top_up.free_amount.clone()));
    let has_packages = !packages.is_empty();
    if !has_packages && free.is_none() {
        return ().into_any();
    }
    let (packages, has) = (StoredValue::new(packages), StoredValue::new(has_packages));
    let title = move || if has_packages { t_string!(i18n, prices.packages) } else { t_string!(i18n, prices.top_up) };
    view! {
        <section aria-labelledby="packs">
            <h2 id="packs" class="text-xl font-semibold">{title}</h2>
            {has_packages.then(|| view! { <p class="text-muted mt-1 mb-4">{t!(i18n, prices.packages_note)}</p> })}
            {move || {
                let currency = currency.get();
                let table = has_packages
                    .then(|| view! { <PackageTable packages=packages.get_value() currency=currency /> });
                let line = free
                    .clone()
                    .map(|amount| view! { <FreeAmountLine amount=amount currency=currency beside_packages=has /> });
                view! { {table} {line} }
            }}
        </section>
    }
    .into_any()
}

/// The heading, and which book is in force.
#[component]
fn Hero(
    book: PriceBook,
    announced: Vec<Announcement>,
    notice_days: u16,
    customer_failure: FailurePolicy,
) -> impl IntoView {
    let i18n = use_i18n();
    let since = book.effective_at;
    let next = announced.first().map(|announcement| (announcement.changes.len(), announcement.effective_at));
    view! {
        <section class="pt-10 lg:pt-14 pb-8 grid lg:grid-cols-[minmax(0,1fr)_380px] gap-8 lg:gap-12 items-end">
            <div>
                <h1 class="hero">{t!(i18n, prices.hero)}</h1>
                <p class="text-lg text-muted mt-3 max-w-[56ch]">
                    {move || match customer_failure {
                        FailurePolicy::Free => t_string!(i18n, prices.hero_note),
                        FailurePolicy::ChargedOnce => t_string!(i18n, prices.hero_note_charged),
                    }}
                </p>
            </div>
            <div class="panel px-4 py-3 text-sm">
                <p class="flex items-center gap-2 flex-wrap">
                    <span class="font-semibold text-base">{t!(i18n, prices.book, version = book.version)}</span>
                    <span class="tag tag-ok">{t!(i18n, prices.in_force)}</span>
                    <span class="flex-1"></span>
                    {since.map(|since| {
                        view! {
                            <span class="text-muted">
                                {move || t_string!(i18n, prices.since, date = when_text(i18n.get_locale(), since, WhenStyle::Date))}
                            </span>
                        }
                    })}
                </p>
                <p class="text-muted mt-1.5">
                    {move || match next {
                        Some((count, at)) => {
                            let date = when_text(i18n.get_locale(), at, WhenStyle::Date);
                            t_string!(i18n, prices.announced, count = count, date = date)
                        }
                        None => t_string!(i18n, prices.none_announced, days = notice_days),
                    }}
                    " " <a class="link-q" href="/changelog">{t!(i18n, changelog.title)}</a>
                </p>
            </div>
        </section>
    }
}

/// Monthly or yearly, and the currency: links, where there is something to choose.
#[component]
fn Choices(
    offers: StoredValue<CatalogView>,
    query: Memo<PriceQuery>,
    currency: Memo<Currency>,
    interval: Memo<Interval>,
) -> impl IntoView {
    let i18n = use_i18n();
    let (currencies, intervals) =
        offers.with_value(|offers| (offers.settings.currencies.clone(), offers.settings.intervals.clone()));
    let billing = (intervals.len() > 1).then(|| {
        view! {
            <nav class="seg" aria-label=move || t_string!(i18n, prices.billing)>
                <a href=move || query.read().with("billing", "") aria-current=move || (interval.get() == Interval::Month).then_some("true")>
                    {t!(i18n, prices.monthly)}
                </a>
                <a href=move || query.read().with("billing", "y") aria-current=move || (interval.get() == Interval::Year).then_some("true")>
                    {t!(i18n, prices.yearly)}
                </a>
            </nav>
        }
    });
    let money = (currencies.len() > 1).then(|| {
        let links = currencies
            .into_iter()
            .map(|one| {
                let code = one.code().to_lowercase();
                view! {
                    <a href=move || query.read().with("cur", &code) aria-current=move || (currency.get() == one).then_some("true")>
                        {one.code()}
                    </a>
                }
            })
            .collect_view();
        view! { <nav class="seg" aria-label=move || t_string!(i18n, prices.currency)>{links}</nav> }
    });
    view! { {billing} {money} }
}
