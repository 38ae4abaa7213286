//! The list of all payments: tabs, filters, rows by day.

use chrono::NaiveDate;
use leptos::prelude::*;
use wallet::payment::{GroupCounts, StaffPayment, StatusGroup};

use crate::components::ui::tabs::{CountTab, CountTabs};
use crate::data::console::PaymentsQuery;
use crate::i18n::*;
use crate::text::amount::{count_text, credits_text, money_text, unit_text};
use crate::text::console::{failure_words, group_name, item_text, status_class, status_name};
use crate::text::date_time::{When, WhenStyle, ZoneNote, day_heading, local_text, use_zone};
use crate::text::payment::provider_name;

/// Where the list stands.
pub const PAYMENTS: &str = "/admin/payments";

/// The groups of states as tabs, each with how many payments it has.
#[component]
pub fn StatusTabs(
    /// The filters of the page.
    query: PaymentsQuery,
    /// How many there are in each.
    counts: GroupCounts,
) -> impl IntoView {
    let i18n = use_i18n();
    let open = query.group();
    let tab = |group| CountTab {
        href: format!("{PAYMENTS}{}", query.in_group(group).to_query()),
        label: Signal::derive(move || group_name(i18n.get_locale(), group)),
        count: counts.of(group),
        is_open: group == open,
    };
    view! { <CountTabs tabs=StatusGroup::ALL.into_iter().map(tab).collect() /> }
}

/// The filter form: a GET form, so that it works without a script and its result has an address.
#[component]
pub fn PaymentFilters(
    /// The filters of the page.
    query: PaymentsQuery,
    /// The providers of all payments.
    providers: Vec<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let select = |name: &'static str, label: String, options: Vec<(String, String)>, value: String| {
        let options = options
            .into_iter()
            .map(|(code, words)| view! { <option value=code.clone() selected=code == value>{words}</option> })
            .collect_view();
        view! {
            <label class="flex-none">
                <span class="sr-only">{label}</span>
                <select name=name class="field field-sm w-auto">{options}</select>
            </label>
        }
    };
    move || {
        let query = query.clone();
        let locale = i18n.get_locale();
        let option = |code: &str, words: &str| (code.to_owned(), words.to_owned());
        let periods = vec![
            option("", td_string!(locale, ledger.period_30d)),
            option("7d", td_string!(locale, ledger.period_7d)),
            option("month", td_string!(locale, ledger.period_month)),
            option("all", td_string!(locale, ledger.period_all)),
        ];
        let mut sources = vec![option("", td_string!(locale, payments.all_providers))];
        sources.extend(providers.iter().map(|name| (name.clone(), provider_name(locale, name))));
        let items = vec![
            option("", td_string!(locale, payments.all_items)),
            option("packages", td_string!(locale, payments.packages)),
            option("plans", td_string!(locale, payments.plans)),
        ];
        let (is_filtered, status) = (query.is_filtered(), query.status.clone());
        let clear =
            format!("{PAYMENTS}{}", PaymentsQuery { status: status.clone(), ..PaymentsQuery::default() }.to_query());
        view! {
            <form
                method="get"
                action=PAYMENTS
                class="flex gap-2 mb-3 overflow-x-auto sm:flex-wrap sm:overflow-visible -mx-4 px-4 lg:mx-0 lg:px-0 py-1"
                aria-label=td_string!(locale, ledger.filters)
            >
                {(!status.is_empty()).then(|| view! { <input type="hidden" name="status" value=status /> })}
                {select("period", td_string!(locale, ledger.period).to_owned(), periods, query.period)}
                {select("provider", td_string!(locale, payments.provider).to_owned(), sources, query.provider)}
                {select("item", td_string!(locale, order.what).to_owned(), items, query.item)}
                <label class="flex-none w-64">
                    <span class="sr-only">{td_string!(locale, payments.search)}</span>
                    <input
                        type="search"
                        name="q"
                        maxlength="200"
                        class="field field-sm"
                        placeholder=td_string!(locale, payments.search_hint)
                        value=query.q
                    />
                </label>
                <button class="btn btn-plain btn-sm flex-none">{td_string!(locale, ledger.apply)}</button>
                {is_filtered
                    .then(|| view! { <a class="btn btn-quiet btn-sm flex-none" href=clear>{td_string!(locale, ledger.clear)}</a> })}
            </form>
        }
    }
}

/// The payments, newest first, under the days on which they were ordered.
#[component]
pub fn PaymentTable(
    /// The payments.
    payments: Vec<StaffPayment>,
    /// The payment whose story is open.
    #[prop(into)]
    selected: Signal<Option<String>>,
    /// The query of the page, kept in the links to the payments.
    query: String,
    /// The day on which the page was drawn.
    today: NaiveDate,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let rows = payments
        .chunk_by(|a, b| zone.day(a.created_at) == zone.day(b.created_at))
        .map(|group| {
            let day = group.first().map_or(today, |payment| zone.day(payment.created_at));
            let rows = group
                .iter()
                .map(|payment| view! { <PaymentRow payment=payment.clone() selected=selected query=query.clone() /> })
                .collect_view();
            view! {
                <tr class="day">
                    <th scope="rowgroup" colspan="5" class="!bg-base-200 !py-1.5 !text-base-content">
                        {move || day_heading(i18n.get_locale(), day, today)}
                    </th>
                </tr>
                {rows}
            }
        })
        .collect_view();
    view! {
        <div class="panel overflow-hidden">
            <table class="grid-table">
                <caption class="sr-only">{t!(i18n, payments.caption)}</caption>
                <thead>
                    <tr>
                        <th scope="col" class="hidden sm:table-cell">{t!(i18n, ledger.time)}</th>
                        <th scope="col" class="max-sm:!pl-4">{t!(i18n, payments.customer)}</th>
                        <th scope="col" class="hidden md:table-cell">{t!(i18n, payments.provider)}</th>
                        <th scope="col" class="r max-sm:!pr-4">{t!(i18n, payments.amount)}</th>
                        <th scope="col" class="hidden sm:table-cell">{t!(i18n, order.state)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// One payment; the customer's name is the link to its story.
#[component]
fn PaymentRow(payment: StaffPayment, selected: Signal<Option<String>>, query: String) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let id = payment.id.to_string();
    let href = format!("{PAYMENTS}/{id}{query}");
    let own = id.clone();
    let is_selected = move || selected.with(|selected| selected.as_ref() == Some(&own)).then_some("true");
    let (at, money, credits, status) = (payment.created_at, payment.money, payment.credits, payment.status);
    let StaffPayment { account_name, title, plan, provider, failure, .. } = payment;
    let item = move || {
        let locale = i18n.get_locale();
        let item = item_text(locale, &title, plan.as_ref());
        format!("{item}, {} {}", credits_text(locale, credits), unit_text(locale, credits))
    };
    let why = failure.clone();
    let tag = move || {
        let failure = failure.clone();
        view! {
            <span class=status_class(status)>{move || status_name(i18n.get_locale(), status, failure.as_deref())}</span>
        }
    };
    view! {
        <tr class="hot" aria-selected=is_selected data-payment=id>
            <td class="num text-muted hidden sm:table-cell whitespace-nowrap"><When at=at style=WhenStyle::Clock /></td>
            <td class="max-sm:!pl-4">
                <a href=href data-keep-scroll data-focus="#story" class="font-medium hover:underline underline-offset-4 [overflow-wrap:anywhere]">
                    {account_name}
                </a>
                <span class="block text-sm text-muted">
                    <span class="sm:hidden num">{move || local_text(i18n.get_locale(), &zone, at, WhenStyle::Minute)}", "</span>
                    {item}
                </span>
            </td>
            <td class="hidden md:table-cell text-muted">{move || provider_name(i18n.get_locale(), &provider)}</td>
            <td class="r font-semibold whitespace-nowrap max-sm:!pr-4">
                {move || money_text(i18n.get_locale(), money)}
                <span class="sm:hidden block font-normal mt-0.5">{tag.clone()()}</span>
            </td>
            <td class="hidden sm:table-cell">
                {tag()}
                {why
                    .filter(|why| why != "returned")
                    .map(|why| view! { <span class="block text-sm text-muted">{move || failure_words(i18n.get_locale(), &why)}</span> })}
            </td>
        </tr>
    }
}

/// How many there are, in which zone the times are, and the ways to newer and older ones.
#[component]
pub fn PaymentPages(
    /// The filters of the page.
    query: PaymentsQuery,
    /// Where the older ones begin.
    older: Option<String>,
    /// How many payments the open tab has.
    total: i64,
) -> impl IntoView {
    let i18n = use_i18n();
    let newest = (!query.before.is_empty()).then(|| format!("{PAYMENTS}{}", query.at("").to_query()));
    let older = older.map(|before| format!("{PAYMENTS}{}", query.at(&before).to_query()));
    let link = |href: Option<String>, words: AnyView| match href {
        Some(href) => view! { <a class="btn btn-plain btn-sm" href=href>{words}</a> }.into_any(),
        None => view! { <span class="btn btn-plain btn-sm" aria-disabled="true">{words}</span> }.into_any(),
    };
    let words = move || t_string!(i18n, payments.total, count = count_text(i18n.get_locale(), total));
    view! {
        <nav aria-label=move || t_string!(i18n, ledger.pages) class="flex items-center gap-2 mt-3">
            <p class="text-sm text-muted num flex-1">{words} " " <ZoneNote /></p>
            {link(newest, view! { {t!(i18n, payments.newest)} }.into_any())}
            {link(older, view! { {t!(i18n, ledger.older)} }.into_any())}
        </nav>
    }
}
