//! The `EventSource` itself.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use leptos::web_sys::{self, EventSource, MessageEvent};

use super::{Link, LiveWallet, SIGNED_OUT};

/// A connection lost for less than this is not worth a word.
const QUIET: Duration = Duration::from_secs(3);
/// The wait before the first new try; it doubles up to the longest.
const RETRY_FIRST_MS: u64 = 250;
const RETRY_LONGEST_MS: u64 = 8_000;
/// After how many streams in a row that a row has stopped the page is loaded again: its script is older than the
/// server, or rows before it have left for an archive.
const STUCK_MAX: u32 = 2;

/// One stream at a time: its number tells late events of an earlier one from its own.
struct Stream {
    live: LiveWallet,
    source: Option<EventSource>,
    number: u64,
    retry_ms: u64,
    stuck: u32,
}

type Shared = Rc<RefCell<Stream>>;

/// Opens the stream as soon as a snapshot is there, and closes it with the owner.
pub fn connect_when_started(live: LiveWallet) {
    let shared: Shared =
        Rc::new(RefCell::new(Stream { live, source: None, number: 0, retry_ms: RETRY_FIRST_MS, stuck: 0 }));
    let shared = StoredValue::new_local(shared);
    let started = StoredValue::new(false);
    Effect::new(move |_| {
        if live.balance.with(Option::is_some) && !started.get_value() {
            started.set_value(true);
            shared.with_value(open);
        }
    });
    let online = window_event_listener(leptos::ev::online, move |_| shared.with_value(open));
    let offline = window_event_listener(leptos::ev::offline, move |_| live.link.set(Link::Offline));
    on_cleanup(move || {
        online.remove();
        offline.remove();
        shared.with_value(close);
    });
}

/// Tells the page's script that the balance has changed: what the server draws of it may be asked for again.
pub fn tell_page() {
    if let Ok(event) = web_sys::Event::new("scrip:balance") {
        let _ = window().dispatch_event(&event);
    }
}

/// Ends the stream for good: whatever it still says is too late.
fn close(shared: &Shared) {
    let mut stream = shared.borrow_mut();
    stream.number += 1;
    if let Some(source) = stream.source.take() {
        source.close();
    }
}

/// Opens the stream from the newest row that was seen, in place of the one before.
fn open(shared: &Shared) {
    close(shared);
    let (number, url) = {
        let stream = shared.borrow();
        (stream.number, format!("/live?after={}", stream.live.newest()))
    };
    let Ok(source) = EventSource::new(&url) else {
        return retry(shared, number);
    };
    listen(&source, "open", shared, number, |shared, _, _| {
        let mut stream = shared.borrow_mut();
        if stream.stuck == 0 {
            stream.retry_ms = RETRY_FIRST_MS;
        }
        stream.live.link.set(Link::Live);
    });
    listen(&source, "entry", shared, number, |shared, number, data| {
        let live = shared.borrow().live;
        if serde_json::from_str(data).is_ok_and(|entry| live.take_entry(entry)) {
            let mut stream = shared.borrow_mut();
            (stream.stuck, stream.retry_ms) = (0, RETRY_FIRST_MS);
        } else {
            get_past(shared, number);
        }
    });
    listen(&source, "balance", shared, number, |shared, _, data| {
        let live = shared.borrow().live;
        if let Ok(balance) = serde_json::from_str(data) {
            live.take_balance(balance);
        }
    });
    listen(&source, SIGNED_OUT, shared, number, |shared, _, _| {
        close(shared);
        shared.borrow().live.link.set(Link::SignedOut);
    });
    listen(&source, "error", shared, number, |shared, number, _| retry(shared, number));
    shared.borrow_mut().source = Some(source);
}

/// Opens the stream again, later each time, after a row that could not be applied; a page that stays stuck is loaded
/// anew.
fn get_past(shared: &Shared, number: u64) {
    let is_stuck = {
        let mut stream = shared.borrow_mut();
        stream.stuck += 1;
        stream.stuck >= STUCK_MAX
    };
    if is_stuck && !has_reloaded_lately() {
        let _ = window().location().reload();
        return;
    }
    retry(shared, number);
}

/// Whether this tab has loaded itself anew for such a row within the last minute; notes that it does now where not.
fn has_reloaded_lately() -> bool {
    const NOTE: &str = "scrip-reloaded-at";
    const PAUSE_SECONDS: i64 = 60;
    let Ok(Some(notes)) = window().session_storage() else { return true };
    let now = chrono::Utc::now().timestamp();
    let last = notes.get_item(NOTE).ok().flatten().and_then(|text| text.parse::<i64>().ok());
    if last.is_some_and(|last| (0..PAUSE_SECONDS).contains(&(now - last))) {
        return true;
    }
    notes.set_item(NOTE, &now.to_string()).is_err()
}

/// Calls back for one kind of event, as long as the stream is the present one.
fn listen(
    source: &EventSource,
    event: &str,
    shared: &Shared,
    number: u64,
    react: impl Fn(&Shared, u64, &str) + 'static,
) {
    let shared = Rc::clone(shared);
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        if shared.borrow().number == number {
            let data = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
            react(&shared, number, data.as_deref().unwrap_or(""));
        }
    });
    // The listener lives as long as the stream; a page opens a handful of them at most.
    let _ = source.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Closes the lost stream and opens a new one after a wait that grows; says so when it takes long.
fn retry(shared: &Shared, number: u64) {
    let (live, wait) = {
        let mut stream = shared.borrow_mut();
        if let Some(source) = stream.source.take() {
            source.close();
        }
        let wait = stream.retry_ms;
        stream.retry_ms = (wait * 2).min(RETRY_LONGEST_MS);
        (stream.live, wait)
    };
    if live.link.get_untracked() == Link::Live {
        live.link.set(Link::Connecting);
        let shared = Rc::clone(shared);
        set_timeout(
            move || {
                let live = shared.borrow().live;
                if live.link.get_untracked() == Link::Connecting {
                    live.link.set(Link::Reconnecting);
                }
            },
            QUIET,
        );
    }
    let shared = Rc::clone(shared);
    set_timeout(
        move || {
            if shared.borrow().number == number {
                open(&shared);
            }
        },
        Duration::from_millis(wait),
    );
}
