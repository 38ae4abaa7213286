//! The rows of the history page: they grow as the ledger does.

use chrono::NaiveDate;
use leptos::either::Either;
use leptos::html::Div;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wallet::ledger::{ArchivedRows, BalanceView, EntryView};

use crate::i18n::*;
use crate::islands::feed::{LiveSummary, NewRowsPill, PauseButton, watch_scroll};
use crate::islands::live_status::LinkState;
use crate::islands::parts::EmptyState;
use crate::islands::table::LedgerTable;
use crate::live::{shown_balance, use_feed, use_live_wallet};
use crate::text::amount::credits_text;
use crate::text::date_time::{ZoneNote, date_text, use_zone};

/// What the rows are drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    /// The rows, newest first.
    pub entries: Vec<EntryView>,
    /// The balance when the page was drawn.
    pub balance: BalanceView,
    /// The day when the page was drawn.
    pub today: NaiveDate,
    /// Whether these are the newest rows of all: then live rows belong on top.
    pub is_top: bool,
    /// Whether any filter is set.
    pub is_filtered: bool,
    /// The query of the page, kept in the links to the rows.
    pub query: String,
    /// The address of newer rows, where there are any.
    pub newer: Option<String>,
    /// Where the older rows begin, and their address.
    pub older: Option<(i64, String)>,
    /// The rows before the end that were moved to files.
    pub archived: Option<ArchivedRows>,
}

/// The rows with their totals, the pill for new ones, and the way to older ones.
#[island]
pub fn HistoryRows(
    /// The rows, the balance, and the ways to others.
    page: HistoryView,
    /// The row whose receipt is open.
    selected: Option<i64>,
) -> impl IntoView {
    let balance = shown_balance(page.balance.clone());
    let is_top = page.is_top;
    let is_empty = page.entries.is_empty();
    let newest_drawn = page.entries.first().map_or(0, |row| row.seq);
    let feed = use_feed(page.entries, None);
    if !is_top {
        // Rows that come now are not of these: they are counted in the pill, and the pill leads to them.
        feed.is_paused.set(true);
    }
    let panel = NodeRef::<Div>::new();
    watch_scroll(feed, panel);
    let row_query = page.query;
    let has_older = page.older.is_some();
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
                {if is_empty && page.is_filtered {
                    match page.older.clone() {
                        Some((before, address)) => view! { <NoMatchYet before=before address=address /> }.into_any(),
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
                                    has_older=has_older
                                />
                            </div>
                        </Show>
                    }
                        .into_any()
                }}
            </div>
            <LiveSummary feed=feed />
            <Pages newer=page.newer older=page.older.map(|(_, address)| address) />
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

/// Newer and older, by the rows' numbers.
#[component]
fn Pages(newer: Option<String>, older: Option<String>) -> impl IntoView {
    let i18n = use_i18n();
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
    /// The address of the rows before it.
    address: String,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <EmptyState
            title=move || t_string!(i18n, ledger.no_match_yet)
            note=move || t_string!(i18n, ledger.no_match_yet_note, row = before)
        >
            <a class="btn btn-primary" href=address>{t!(i18n, ledger.search_on)}</a>
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
