//! The live wallet: one `EventSource` a page, and what arrived through it.
//!
//! The page is drawn from a snapshot (balance and newest `seq`). From there on the server sends every later ledger
//! row (`entry`, its `seq` as the event's id) and the balance after it (`balance`, absolute). Rows are applied in
//! order: one that was already seen is ignored, one that leaves a gap is not applied; then, and after every lost
//! connection, the stream is opened again from the newest row that was seen, so nothing is missed and nothing doubled.
//!
//! `leptos_use::use_event_source` was not taken: it opens every retry with the URL of the first one, and hands events
//! over in a signal, where two that come in the same tick become one.

#[cfg(feature = "hydrate")]
mod browser;
mod feed;

pub use feed::{Feed, use_feed};

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use wallet::ledger::{BalanceView, EntryView};

/// The most rows kept of those that arrived since the page was drawn.
const FRESH_ROWS_MAX: usize = 500;

/// The event that tells a page that its session has ended.
pub const SIGNED_OUT: &str = "signed_out";

/// The state of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Before the first answer; the figures are those of the page.
    Connecting,
    /// Events arrive.
    Live,
    /// Lost more than three seconds ago; tries go on.
    Reconnecting,
    /// The browser says that there is no network.
    Offline,
    /// The session has ended, here or in another window; nothing is tried any more.
    SignedOut,
}

/// What the pages of one signed-in person see of their wallet as it changes.
#[derive(Clone, Copy, Debug)]
pub struct LiveWallet {
    /// The newest balance; `None` until the snapshot came.
    pub balance: RwSignal<Option<BalanceView>>,
    /// The rows that arrived since the page was drawn, newest first.
    pub fresh: RwSignal<Vec<EntryView>>,
    /// The connection.
    pub link: RwSignal<Link>,
    /// When the last event came.
    pub last_event_at: RwSignal<Option<DateTime<Utc>>>,
    newest: StoredValue<i64>,
}

impl LiveWallet {
    /// Makes the store; nothing is connected yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            balance: RwSignal::new(None),
            fresh: RwSignal::new(Vec::new()),
            link: RwSignal::new(Link::Connecting),
            last_event_at: RwSignal::new(None),
            newest: StoredValue::new(0),
        }
    }

    /// Takes a snapshot that came with a page, unless the stream is already ahead of it.
    pub fn start_from(&self, balance: BalanceView) {
        if balance.seq >= self.newest.get_value() {
            self.newest.set_value(balance.seq);
            if self.balance.with_untracked(|known| known.as_ref() != Some(&balance)) {
                self.balance.set(Some(balance));
            }
        }
    }

    /// Gives the newest row that was seen: where the stream goes on from.
    #[must_use]
    pub fn newest(&self) -> i64 {
        self.newest.get_value()
    }

    /// Applies one row; `false` where rows before it are missing.
    pub fn take_entry(&self, entry: EntryView) -> bool {
        let newest = self.newest.get_value();
        if entry.seq <= newest {
            return true;
        }
        if entry.seq != newest + 1 {
            return false;
        }
        self.newest.set_value(entry.seq);
        self.last_event_at.set(Some(entry.created_at));
        self.fresh.update(|rows| {
            rows.insert(0, entry);
            rows.truncate(FRESH_ROWS_MAX);
        });
        true
    }

    /// Applies an absolute balance, unless it is older than the one shown.
    pub fn take_balance(&self, balance: BalanceView) {
        let is_newer = self.balance.with_untracked(|shown| shown.as_ref().is_none_or(|shown| balance.seq >= shown.seq));
        if is_newer {
            self.balance.set(Some(balance));
            #[cfg(feature = "hydrate")]
            browser::tell_page();
        }
    }
}

impl Default for LiveWallet {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts the store in the context of everything below; connects once the page is alive in the browser.
pub fn provide_live_wallet() -> LiveWallet {
    let live = LiveWallet::new();
    provide_context(live);
    #[cfg(feature = "hydrate")]
    browser::connect_when_started(live);
    live
}

/// Gives the store of this page, where it has one.
#[must_use]
pub fn use_live_wallet() -> Option<LiveWallet> {
    use_context::<LiveWallet>()
}

/// Gives the balance that a page shows: the live one, or until it came the one that the page was drawn with.
///
/// A memo, since it goes with its page: what is still drawn of a page that is being left would otherwise be told of the
/// live balance, and read through a signal that is gone.
#[must_use]
pub fn shown_balance(drawn: BalanceView) -> Signal<BalanceView> {
    let live = use_live_wallet();
    if let Some(live) = live {
        live.start_from(drawn.clone());
    }
    Memo::new(move |_| live.and_then(|live| live.balance.get()).unwrap_or_else(|| drawn.clone())).into()
}
