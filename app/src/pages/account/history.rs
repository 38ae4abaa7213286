//! `/wallet/history` and `/wallet/history/{seq}`: find a row, trust it, export it.


use leptos::either::Either;
use leptos::html::Div;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use wallet::ledger::{ArchivedRows, BalanceView};

use crate::components::ledger::feed::{LiveSummary, NewRowsPill, PauseButton, watch_scroll};
use crate::components::ledger::receipt::ReceiptPanel;
use crate::components::ledger::table::LedgerTable;
use crate::components::ui::live_status::LinkState;
use crate::components::ui::panel::{EmptyState, Loaded, PageHead};
use crate::components::ui::shell::{AppShell, Nav};
use crate::i18n::*;
use crate::live::{shown_balance, use_feed, use_live_wallet};
use crate::server_fns::ledger::{HISTORY_ROWS, HistoryPage as Page, HistoryQuery, history, receipt};
use crate::text::amount::credits_text;
use crate::text::date_time::{ZoneNote, date_text, use_zone};

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
                <a class="btn btn-plain" rel="external" download="" href=move || format!("/wallet/history.csv{}", query.get().at(None).to_query())>
                    {t!(i18n, ledger.export)}
                </a>
            </PageHead>
            <Filters query=query />
            <div class="grid xl:grid-cols-[minmax(0,1fr)_408px] gap-5 items-start">
                <Loaded data=page let:page>
                    <HistoryRows page=page selected=seq.get_untracked() />
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

/// The rows with their totals, the pill for new ones, and the way to older ones.
#[island]
pub fn HistoryRows(
    /// The rows, the balance and the filters.
    page: Page,
    /// The row whose receipt is open.
    selected: Option<i64>,
) -> impl IntoView {
    let balance = shown_balance(page.balance.clone());
    let query = page.query.clone();
    let is_top = query.is_top();
    let is_empty = page.entries.is_empty();
    let newest_drawn = page.entries.first().map_or(0, |row| row.seq);
    let feed = use_feed(page.entries, None);
    if !is_top {
        // Rows that come now are not of these: they are counted in the pill, and the pill leads to them.
        feed.is_paused.set(true);
    }
    let panel = NodeRef::<Div>::new();
    watch_scroll(feed, panel);
    let row_query = query.to_query();
    let query_for_pages = query.clone();
    let total = balance.with_untracked(|balance| balance.seq);
    view! {
        <div class="min-w-0">
            <div class="flex flex-wrap items-center gap-x-8 gap-y-1 mb-3">
                <Totals balance=balance />
                <span class="flex-1"></span>
                <LinkState />
                {is_top.then(|| view! { <PauseButton feed=feed /> })}
            </div>
            <div node_ref=panel>
                {if is_top {
                    Either::Left(view! { <NewRowsPill feed=feed /> })
                } else {
                    Either::Right(view! { <NewRowsLink newest_drawn=newest_drawn.max(total) /> })
                }}
                {if is_empty && query.is_filtered() {
                    let further = page.older.map(|before| (before, query.at(Some(before)).to_query()));
                    match further {
                        Some((before, query)) => view! { <NoMatchYet before=before query=query /> }.into_any(),
                        None => view! { <NoMatch total=total /> }.into_any(),
                    }
                } else {
                    view! {
                        <Show
                            when=move || feed.rows.with(|rows| !rows.is_empty())
                            fallback=move || view! { <EmptyWallet /> }
                        >
                            <div
                                class="panel overflow-hidden"
                                on:mouseenter=move |_| feed.is_busy.set(true)
                                on:mouseleave=move |_| feed.is_busy.set(false)
                                on:focusin=move |_| feed.is_busy.set(true)
                                on:focusout=move |_| feed.is_busy.set(false)
                            >
                                <LedgerTable
                                    rows=feed.rows
                                    newest_live=feed.newest_live
                                    selected=Signal::stored(selected)
                                    query=row_query.clone()
                                    today=page.today
                                    has_newer=!is_top
                                    has_older=page.older.is_some()
                                />
                            </div>
                        </Show>
                    }
                        .into_any()
                }}
            </div>
            <LiveSummary feed=feed />
            <Pages query=query_for_pages older=page.older first=newest_drawn />
            {page.archived.map(|archived| view! { <Archived archived=archived /> })}
        </div>
    }
}

/// Settled, held and available, live.
#[component]
fn Totals(balance: Signal<BalanceView>) -> impl IntoView {
    let i18n = use_i18n();
    let figure = move |pick: fn(&BalanceView) -> wallet::money::Credits| {
        move || credits_text(i18n.get_locale(), balance.with(pick))
    };
    view! {
        <dl class="flex flex-wrap gap-x-8 gap-y-1 num">
            <div class="flex items-baseline gap-2">
                <dt class="text-sm text-muted">{t!(i18n, ledger.balance_now)}</dt>
                <dd class="font-semibold">{figure(|balance| balance.settled)}</dd>
            </div>
            <div class="flex items-baseline gap-2">
                <dt class="text-sm text-muted">{t!(i18n, wallet.held)}</dt>
                <dd class="font-semibold">{figure(|balance| balance.held)}</dd>
            </div>
            <div class="flex items-baseline gap-2">
                <dt class="text-sm text-muted">{t!(i18n, wallet.available)}</dt>
                <dd class="font-semibold">{figure(|balance| balance.available)}</dd>
            </div>
        </dl>
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
        let categories = vec![
            ("", words(t_string!(i18n, ledger.category_all))),
            ("text", words(t_string!(i18n, ledger.category_text))),
            ("image", words(t_string!(i18n, ledger.category_image))),
            ("video", words(t_string!(i18n, ledger.category_video))),
            ("music", words(t_string!(i18n, ledger.category_music))),
            ("tts", words(t_string!(i18n, ledger.category_tts))),
            ("stt", words(t_string!(i18n, ledger.category_stt))),
            ("tool", words(t_string!(i18n, ledger.category_tool))),
            ("job", words(t_string!(i18n, ledger.category_job))),
        ];
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

/// Newer and older, by the rows' numbers.
#[component]
fn Pages(query: HistoryQuery, older: Option<i64>, first: i64) -> impl IntoView {
    let i18n = use_i18n();
    // Rows are numbered without a gap, so unfiltered pages can also be counted upwards; filtered ones go to the newest.
    let newer = query.before.map(|_| {
        let up = (!query.is_filtered()).then(|| first.saturating_add(i64::from(HISTORY_ROWS)).saturating_add(1));
        format!("/wallet/history{}", query.at(up).to_query())
    });
    let older = older.map(|before| format!("/wallet/history{}", query.at(Some(before)).to_query()));
    let link = |href: Option<String>, words: AnyView| match href {
        Some(href) => view! { <a class="btn btn-plain btn-sm" href=href>{words}</a> }.into_any(),
        None => view! { <span class="btn btn-plain btn-sm" aria-disabled="true">{words}</span> }.into_any(),
    };
    view! {
        <nav aria-label=move || t_string!(i18n, ledger.pages) class="flex items-center gap-2 mt-3">
            <p class="text-sm text-muted flex-1"><ZoneNote /></p>
            {link(newer, view! { {t!(i18n, ledger.newer)} }.into_any())}
            {link(older, view! { {t!(i18n, ledger.older)} }.into_any())}
        </nav>
    }
}

/// Where the rows end: the older ones were moved to files.
#[component]
fn Archived(archived: ArchivedRows) -> impl IntoView {
    let i18n = use_i18n();
    let until = use_zone().day(archived.until);
    let words = move || {
        let locale = i18n.get_locale();
        let until = date_text(locale, until);
        t_string!(i18n, ledger.archived, to = archived.to, until = until)
    };
    view! { <p class="panel p-4 mt-3 text-sm text-muted">{words}</p> }
}

/// On a filtered or older page new rows are only counted; the link leads to them.
#[component]
fn NewRowsLink(newest_drawn: i64) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live_wallet();
    let count = move || {
        let fresh =
            live.map_or(0, |live| live.fresh.with(|rows| rows.iter().filter(|row| row.seq > newest_drawn).count()));
        i64::try_from(fresh).unwrap_or(i64::MAX)
    };
    view! {
        <Show when=move || { count() > 0 }>
            <div class="sticky top-16 z-10 h-0 flex justify-center">
                <a href="/wallet/history" class="btn btn-primary btn-sm rounded-full -translate-y-1 shadow-lg">
                    {move || t_string!(i18n, live.new_rows, count = count())}
                </a>
            </div>
        </Show>
    }
}

/// No row has these filters; how many there are without.
#[component]
fn NoMatch(total: i64) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <EmptyState
            title=move || t_string!(i18n, ledger.no_match)
            note=move || t_string!(i18n, ledger.no_match_note, count = total)
        >
            <a class="btn btn-plain" href="/wallet/history">{t!(i18n, ledger.clear)}</a>
        </EmptyState>
    }
}

/// No row of those that were looked at has these filters; a search looks at so many at a time.
#[component]
fn NoMatchYet(
    /// The oldest row that was looked at.
    before: i64,
    /// The filters, at the rows before it.
    query: String,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <EmptyState
            title=move || t_string!(i18n, ledger.no_match_yet)
            note=move || t_string!(i18n, ledger.no_match_yet_note, row = before)
        >
            <a class="btn btn-primary" href=format!("/wallet/history{query}")>{t!(i18n, ledger.search_on)}</a>
            <a class="btn btn-plain" href="/wallet/history">{t!(i18n, ledger.clear)}</a>
        </EmptyState>
    }
}

/// Nothing has happened in this wallet.
#[component]
fn EmptyWallet() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <EmptyState
            title=move || t_string!(i18n, wallet.feed_empty)
            note=move || t_string!(i18n, wallet.feed_empty_note)
        >
            <a class="btn btn-plain" href="/wallet/top-up">{t!(i18n, wallet.top_up)}</a>
        </EmptyState>
    }
}
