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

/// One stream at a time: its number tells late events of an earlier one from its own.
struct Stream {
    live: LiveWallet,
    source: Option<EventSource>,
    number: u64,
    retry_ms: u64,
}

type Shared = Rc<RefCell<Stream>>;

/// Opens the stream as soon as a snapshot is there, and closes it with the owner.
pub fn connect_when_started(live: LiveWallet) {
    let shared: Shared = Rc::new(RefCell::new(Stream { live, source: None, number: 0, retry_ms: RETRY_FIRST_MS }));
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
        stream.retry_ms = RETRY_FIRST_MS;
        stream.live.link.set(Link::Live);
    });
    listen(&source, "entry", shared, number, |shared, _, data| {
        let live = shared.borrow().live;
        let whole = serde_json::from_str(data).is_ok_and(|entry| live.take_entry(entry));
        if !whole {
            open(shared);
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
