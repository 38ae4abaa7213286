//! `/wallet/history` and `/wallet/history/{seq}`: find a row, trust it, export it.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use wallet::tariff::Category;

use crate::components::ledger::receipt::ReceiptPanel;
use crate::components::ui::panel::{Loaded, PageHead};
use crate::components::ui::shell::{AppShell, Nav};
use crate::data::ledger::{HISTORY_ROWS, HistoryPage as Page, HistoryQuery, history, receipt};
use crate::i18n::*;
use crate::islands::history::{HistoryRows, HistoryView};
use crate::text::category::category_name;

/// Reads the filters from the address.
fn query_of(params: &leptos_router::params::ParamsMap) -> HistoryQuery {
    let text = |name: &str| params.get_str(name).unwrap_or_default().to_owned();
    HistoryQuery {
        period: text("period"),
        kind: text("kind"),
        category: text("category"),
        q: text("q"),
        before: params.get_str("before").and_then(|before| before.parse().ok()),
    }
}

/// The history, and beside it the receipt of the row in the address.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let address = use_query_map();
    let query = Memo::new(move |_| address.with(query_of));
    let selected = Memo::new(move |_| params.with(|params| params.get_str("seq").map(str::to_owned)));
    let seq = Memo::new(move |_| selected.get().and_then(|seq| seq.parse::<i64>().ok()));
    let page = Resource::new_blocking(move || query.get(), history);
    let opened = Resource::new_blocking(
        move || selected.get(),
        |selected| async move {
            match selected {
                None => Ok(None),
                // A word in place of a number is a row that isn't there.
                Some(seq) => receipt(seq.parse().unwrap_or(0)).await.map(Some),
            }
        },
    );
    view! {
        <AppShell active=Nav::History title=move || t_string!(i18n, ledger.title) wide=true>
            <PageHead title=move || t_string!(i18n, ledger.title) note=move || t_string!(i18n, ledger.note)>
                <a class="btn btn-plain" download="" href=move || format!("/wallet/history.csv{}", query.get().at(None).to_query())>
                    {t!(i18n, ledger.export)}
                </a>
            </PageHead>
            <Filters query=query />
            // Two columns only while a receipt is open.
            <div class=move || {
                let columns = if selected.get().is_some() { "xl:grid-cols-[minmax(0,1fr)_408px]" } else { "" };
                format!("grid grid-cols-[minmax(0,1fr)] gap-5 items-start {columns}")
            }>
                <Loaded data=page let:page>
                    <HistoryRows page=view_of(page) selected=seq.get_untracked() />
                </Loaded>
                <Show when=move || selected.get().is_some()>
                    <Loaded data=opened let:detail>
                        {detail.map(|detail| view! { <ReceiptPanel detail=detail close=format!("/wallet/history{}", query.get_untracked().to_query()) /> })}
                    </Loaded>
                </Show>
            </div>
        </AppShell>
    }
}

/// What the rows are drawn from.
fn view_of(page: Page) -> HistoryView {
    let query = page.query;
    let address = |query: HistoryQuery| format!("/wallet/history{}", query.to_query());
    let first = page.entries.first().map_or(0, |row| row.seq);
    // Rows are numbered without a gap, so unfiltered pages can also be counted upwards; filtered ones go to the newest.
    let newer = query.before.map(|_| {
        let up = (!query.is_filtered()).then(|| first.saturating_add(i64::from(HISTORY_ROWS)).saturating_add(1));
        address(query.at(up))
    });
    HistoryView {
        is_top: query.is_top(),
        is_filtered: query.is_filtered(),
        query: query.to_query(),
        newer,
        older: page.older.map(|before| (before, address(query.at(Some(before))))),
        entries: page.entries,
        balance: page.balance,
        today: page.today,
        archived: page.archived,
    }
}

/// The filter form: a GET form, so that it works without a script and its result has an address.
#[component]
fn Filters(query: Memo<HistoryQuery>) -> impl IntoView {
    let i18n = use_i18n();
    let select = move |name: &'static str, label: String, options: Vec<(&'static str, String)>, value: String| {
        let options = options
            .into_iter()
            .map(|(code, words)| view! { <option value=code selected=code == value>{words}</option> })
            .collect_view();
        view! {
            <label class="flex-none">
                <span class="sr-only">{label}</span>
                <select name=name class="field field-sm w-auto">{options}</select>
            </label>
        }
    };
    move || {
        let query = query.get();
        let words = |text: &str| text.to_owned();
        let periods = vec![
            ("", words(t_string!(i18n, ledger.period_all))),
            ("7d", words(t_string!(i18n, ledger.period_7d))),
            ("30d", words(t_string!(i18n, ledger.period_30d))),
            ("month", words(t_string!(i18n, ledger.period_month))),
        ];
        let kinds = vec![
            ("", words(t_string!(i18n, ledger.kind_all))),
            ("spend", words(t_string!(i18n, ledger.kind_spend))),
            ("in", words(t_string!(i18n, ledger.kind_in))),
            ("hold", words(t_string!(i18n, ledger.kind_hold))),
            ("release", words(t_string!(i18n, ledger.kind_release))),
            ("refund", words(t_string!(i18n, ledger.kind_credit_back))),
            ("expiry", words(t_string!(i18n, ledger.kind_expiry))),
            ("correction", words(t_string!(i18n, ledger.kind_correction))),
        ];
        let all = std::iter::once(("", words(t_string!(i18n, ledger.category_all))));
        let named = Category::ALL.map(|known| (known.code(), words(category_name(i18n.get_locale(), known))));
        let categories = all.chain(named).collect::<Vec<_>>();
        let is_filtered = query.is_filtered();
        view! {
            <form
                method="get"
                action="/wallet/history"
                class="flex gap-2 mb-3 overflow-x-auto sm:flex-wrap sm:overflow-visible -mx-4 px-4 lg:mx-0 lg:px-0 py-1"
                aria-label=t_string!(i18n, ledger.filters)
            >
                {select("period", words(t_string!(i18n, ledger.period)), periods, query.period)}
                {select("kind", words(t_string!(i18n, ledger.kind)), kinds, query.kind)}
                {select("category", words(t_string!(i18n, ledger.category)), categories, query.category)}
                <label class="flex-none w-56">
                    <span class="sr-only">{t!(i18n, ledger.search)}</span>
                    <input
                        type="search"
                        name="q"
                        maxlength="200"
                        class="field field-sm"
                        placeholder=t_string!(i18n, ledger.search_hint)
                        value=query.q
                    />
                </label>
                <button class="btn btn-plain btn-sm flex-none">{t!(i18n, ledger.apply)}</button>
                {is_filtered
                    .then(|| view! { <a class="btn btn-quiet btn-sm flex-none" href="/wallet/history">{t!(i18n, ledger.clear)}</a> })}
            </form>
        }
    }
}
