//! The live list of the newest rows on the wallet's front page.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use chrono::NaiveDate;
use leptos::html::Div;
use leptos::prelude::*;
use wallet::ledger::EntryView;

use crate::i18n::*;
use crate::islands::entry::{CategoryDot, EntryAmount, actor_name, entry_detail, entry_title};
use crate::islands::live_status::LinkState;
use crate::live::{Feed, use_feed, use_live_wallet};
use crate::text::amount::credits_text;
use crate::text::date_time::{Recent, WhenStyle, ZoneNote, recent_text, use_zone};

/// How many rows the front page shows.
pub const FEED_ROWS: usize = 8;

/// The panel with the newest rows; they change as the ledger does.
#[island]
pub fn LedgerFeed(
    /// The newest rows as the page was drawn.
    rows: Vec<EntryView>,
    /// The day that it was then.
    today: NaiveDate,
    /// Whether the list stands in a narrow column: then without who did it and the balance after.
    narrow: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let by = if narrow { "hidden" } else { "hidden md:table-cell" };
    let after = if narrow { "hidden" } else { "r hidden sm:table-cell" };
    let feed = use_feed(rows, Some(FEED_ROWS));
    let panel = NodeRef::<Div>::new();
    watch_scroll(feed, panel);
    view! {
        <section aria-labelledby="feed" class="min-w-0">
            <div class="panel" node_ref=panel>
                <div class="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 sm:px-5 pt-4 pb-2">
                    <h2 id="feed" class="h2">{t!(i18n, wallet.latest)}</h2>
                    <LinkState />
                    <span class="flex-1"></span>
                    <PauseButton feed=feed />
                    <a href="/wallet/history" class="link-q text-sm whitespace-nowrap">{t!(i18n, wallet.full_history)}</a>
                </div>
                <NewRowsPill feed=feed />
                <Show when=move || feed.rows.with(Vec::is_empty)>
                    <div class="px-5 pb-6 pt-2">
                        <p class="font-medium">{t!(i18n, wallet.feed_empty)}</p>
                        <p class="text-muted">{t!(i18n, wallet.feed_empty_note)}</p>
                    </div>
                </Show>
                <div
                    on:mouseenter=move |_| feed.is_busy.set(true)
                    on:mouseleave=move |_| feed.is_busy.set(false)
                    on:focusin=move |_| feed.is_busy.set(true)
                    on:focusout=move |_| feed.is_busy.set(false)
                >
                    <table class="grid-table" class:hidden=move || feed.rows.with(Vec::is_empty)>
                        <caption class="sr-only">{t!(i18n, wallet.feed_caption)}</caption>
                        <thead>
                            <tr>
                                <th scope="col" class="hidden sm:table-cell">{t!(i18n, ledger.time)}</th>
                                <th scope="col">{t!(i18n, ledger.operation)}</th>
                                <th scope="col" class=by>{t!(i18n, ledger.by)}</th>
                                <th scope="col" class="r">{t!(i18n, ledger.credits)}</th>
                                <th scope="col" class=after>{t!(i18n, ledger.balance_after)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || feed.rows.get() key=|row| row.seq let:row>
                                <FeedRow row=row today=today newest_live=feed.newest_live.into() narrow=narrow />
                            </For>
                        </tbody>
                    </table>
                </div>
            </div>
            <LiveSummary feed=feed />
            <p class="text-sm text-muted mt-2"><ZoneNote /></p>
        </section>
    }
}

/// One row of the feed.
#[component]
fn FeedRow(row: EntryView, today: NaiveDate, newest_live: Signal<Option<i64>>, narrow: bool) -> impl IntoView {
    let i18n = use_i18n();
    let by = if narrow { "hidden" } else { "hidden md:table-cell text-muted" };
    let after_class = if narrow { "hidden" } else { "r text-muted hidden sm:table-cell" };
    let seq = row.seq;
    let class = move || if newest_live.get() == Some(seq) { "hot row-new" } else { "hot" };
    let (title, detail, actor, at) = (row.clone(), row.clone(), row.clone(), row.created_at);
    let zone = use_zone();
    let after = row.settled_after;
    view! {
        <tr class=class data-seq=seq>
            <td class="num text-muted hidden sm:table-cell whitespace-nowrap">
                <Recent at=at today=today />
            </td>
            <td>
                <span class="flex items-center gap-2.5">
                    <CategoryDot category=row.category.clone() />
                    <span class="min-w-0">
                        <a href=format!("/wallet/history/{seq}") class="block hover:underline underline-offset-4 font-medium">
                            {move || entry_title(i18n.get_locale(), &title)}
                        </a>
                        <span class="text-sm text-muted">
                            <span class="sm:hidden num">
                                {move || recent_text(i18n.get_locale(), &zone, at, today, WhenStyle::Minute)}" "
                            </span>
                            {move || entry_detail(i18n.get_locale(), &detail)}
                        </span>
                    </span>
                </span>
            </td>
            <td class=by>{move || actor_name(i18n.get_locale(), &actor)}</td>
            <td class="r"><EntryAmount entry=row.clone() /></td>
            <td class=after_class>{move || credits_text(i18n.get_locale(), after)}</td>
        </tr>
    }
}

/// Stops and resumes the updates of a list (WCAG 2.2.2).
#[component]
pub fn PauseButton(
    /// The list.
    feed: Feed,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <button
            type="button"
            class="btn btn-quiet btn-sm needs-script"
            aria-pressed=move || feed.is_paused.get().to_string()
            on:click=move |_| {
                feed.is_paused.update(|is_paused| *is_paused = !*is_paused);
                if !feed.is_paused.get_untracked() {
                    feed.show_waiting();
                }
            }
        >
            {move || if feed.is_paused.get() { t_string!(i18n, live.resume) } else { t_string!(i18n, live.pause) }}
        </button>
    }
}

/// The pill that says how many rows wait, and brings them in.
#[component]
pub fn NewRowsPill(
    /// The list.
    feed: Feed,
) -> impl IntoView {
    let i18n = use_i18n();
    let waiting = move || i64::try_from(feed.waiting.get()).unwrap_or(i64::MAX);
    view! {
        <Show when=move || { feed.waiting.get() > 0 }>
            <div class="sticky top-16 z-10 h-0 flex justify-center">
                <button
                    type="button"
                    class="btn btn-primary btn-sm rounded-full -translate-y-1 shadow-lg"
                    on:click=move |_| feed.show_waiting()
                >
                    {move || t_string!(i18n, live.new_rows, count = waiting())}
                </button>
            </div>
        </Show>
    }
}

/// The one polite summary for screen readers: how many new rows, and what is available.
#[component]
pub fn LiveSummary(
    /// The list.
    feed: Feed,
) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live_wallet();
    let words = move || {
        feed.newest_live.get()?;
        let count = live.map_or(0, |live| live.fresh.with(Vec::len));
        let available =
            live.and_then(|live| live.balance.with(|balance| balance.as_ref().map(|shown| shown.available)))?;
        let available = credits_text(i18n.get_locale(), available);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Some(t_string!(i18n, live.summary, count = count, available = available))
    };
    view! { <p class="sr-only" role="status">{words}</p> }
}

/// Keeps the list from moving while its top is out of sight.
pub fn watch_scroll(feed: Feed, panel: NodeRef<Div>) {
    #[cfg(feature = "hydrate")]
    {
        let look = move || {
            if let Some(panel) = panel.get_untracked() {
                let is_scrolled = panel.get_bounding_client_rect().top() < 0.0;
                if feed.is_scrolled.get_untracked() != is_scrolled {
                    feed.is_scrolled.set(is_scrolled);
                }
            }
        };
        let handle = window_event_listener(leptos::ev::scroll, move |_| look());
        on_cleanup(move || handle.remove());
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (feed, panel);
}
