//! When a live row may move the page: rows that arrive are put on top of a list at most once a second, and never under
//! a person's hands. Otherwise they wait behind a pill that says how many there are.

use leptos::prelude::*;
use wallet::ledger::EntryView;

use super::{LiveWallet, use_live_wallet};

/// More rows than this at once wait behind the pill.
#[cfg(feature = "hydrate")]
const INSERTED_AT_ONCE_MAX: usize = 3;
/// The shortest time between two moves of the page.
#[cfg(feature = "hydrate")]
const INSERT_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// A list of rows that grows at its top.
#[derive(Clone, Copy)]
pub struct Feed {
    /// The rows shown, newest first.
    pub rows: RwSignal<Vec<EntryView>>,
    /// How many newer rows wait behind the pill.
    pub waiting: Memo<usize>,
    /// Whether the person stopped the updates.
    pub is_paused: RwSignal<bool>,
    /// Whether the pointer or the keyboard is in the list.
    pub is_busy: RwSignal<bool>,
    /// Whether the top of the list is scrolled out of sight.
    pub is_scrolled: RwSignal<bool>,
    /// The newest row that came while the page was open: it keeps its tint until the next one.
    pub newest_live: RwSignal<Option<i64>>,
    limit: Option<usize>,
    live: Option<LiveWallet>,
}

impl Feed {
    /// Puts all waiting rows on top.
    pub fn show_waiting(&self) {
        let Some(live) = self.live else { return };
        let top = self.top();
        let mut rows = live.fresh.with_untracked(|fresh| newer_than(fresh, top));
        if let Some(first) = rows.first() {
            self.newest_live.set(Some(first.seq));
            self.rows.update(|shown| {
                rows.append(shown);
                rows.truncate(self.limit.unwrap_or(usize::MAX));
                *shown = rows;
            });
        }
    }

    fn top(&self) -> i64 {
        self.rows.with_untracked(|rows| rows.first().map_or(0, |row| row.seq))
    }
}

/// Picks the rows above a place.
fn newer_than(fresh: &[EntryView], top: i64) -> Vec<EntryView> {
    fresh.iter().filter(|row| row.seq > top).cloned().collect()
}

/// Makes a list of the given rows that follows the live wallet; it keeps at most `limit` rows.
pub fn use_feed(initial: Vec<EntryView>, limit: Option<usize>) -> Feed {
    let live = use_live_wallet();
    let rows = RwSignal::new(initial);
    let waiting = Memo::new(move |_| {
        let top = rows.with(|rows| rows.first().map_or(0, |row| row.seq));
        live.map_or(0, |live| live.fresh.with(|fresh| fresh.iter().filter(|row| row.seq > top).count()))
    });
    let feed = Feed {
        rows,
        waiting,
        is_paused: RwSignal::new(false),
        is_busy: RwSignal::new(false),
        is_scrolled: RwSignal::new(false),
        newest_live: RwSignal::new(None),
        limit,
        live,
    };
    #[cfg(feature = "hydrate")]
    insert_gently(feed);
    feed
}

/// Moves waiting rows in, as long as nobody is in the way and not more than once a second.
#[cfg(feature = "hydrate")]
fn insert_gently(feed: Feed) {
    let is_resting = StoredValue::new(false);
    let again = RwSignal::new(0_u32);
    Effect::new(move |_| {
        again.track();
        let waiting = feed.waiting.get();
        let is_still = !feed.is_paused.get() && !feed.is_busy.get() && !feed.is_scrolled.get();
        if waiting == 0 || waiting > INSERTED_AT_ONCE_MAX || !is_still || is_resting.get_value() {
            return;
        }
        feed.show_waiting();
        is_resting.set_value(true);
        set_timeout(
            move || {
                is_resting.try_set_value(false);
                again.try_update(|count| *count += 1);
            },
            INSERT_PAUSE,
        );
    });
}
