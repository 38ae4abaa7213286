//! Server-sent events: every committed row of a wallet's ledger, in order, and the balance after it.
//!
//! A stream follows the ledger by its `seq`: it reads the rows after the newest one it has sent, so nothing is missed
//! and nothing doubled however the wake-ups come. `entry` events carry the row's `seq` as their id; `balance` events
//! are absolute and carry none (but for the first, which says where the stream begins). A slow reader holds back its
//! own reads and nothing else: rows are fetched in pages, and only when the page before has been taken.
//!
//! Streams for programs also have `hold` and `payment` events: how far a hold or a payment is. They carry no id and are
//! absolute, so that one that comes again changes nothing. A `hold` comes before its row: whoever comes back with the
//! row's `seq` has had both. Payments change without a row, too; they are looked at every few seconds, and who comes
//! back is told those of the last quarter of an hour again.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use app::context::Viewer;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use wallet::Wallet;
use wallet::id::{AccountId, PaymentId, WalletId};
use wallet::ledger::EntryView;
use wallet::payment::PaymentView;

use crate::auth::{AuthSession, session};
use crate::json;
use crate::state::AppState;
use crate::streams::{Pass, Place};

/// Rows read at once.
const PAGE: u16 = 200;
/// How often an idle stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts; then the reader comes back and shows again who it is.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How often an idle stream looks at payments, and a busy one at most.
const PAYMENTS_EVERY: Duration = Duration::from_secs(2);
/// How far back each look at payments reaches: what was written at the same time commits in another order.
const PAYMENTS_OVERLAP: TimeDelta = TimeDelta::seconds(30);
/// How long a reader waits before it comes back, in milliseconds.
const RETRY: Duration = Duration::from_millis(500);

/// Gives the route for signed-in browsers; keys use `/api/v2/events`.
pub fn router() -> Router<AppState> {
    Router::new().route("/live", get(live))
}

/// Where a stream goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The newest `seq` that the reader has.
    pub after: Option<i64>,
    /// `preview` for the other wallet of the project.
    pub environment: Option<String>,
}

async fn live(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    session: AuthSession,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let (Some(Extension(viewer)), Some(session)) = (viewer, session.session.id()) else {
        return if is_stream(&headers) {
            signed_out()
        } else {
            (StatusCode::UNAUTHORIZED, "Sign in first.").into_response()
        };
    };
    let resume: Resume = match json::from_query(query.as_deref().unwrap_or_default()) {
        Ok(resume) => resume,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{}: {}", error.field, error.message)).into_response(),
    };
    let wallet = if resume.environment.as_deref() == Some("preview") { viewer.preview_wallet } else { viewer.wallet };
    let pass = Pass::Session(session::token(&session));
    match events::<Plain>(&state, (viewer.account, wallet), pass, cursor(&headers, resume.after)) {
        Some(events) => events,
        None => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "Too many streams are open.")
            .into_response(),
    }
}

/// Whether the reader is an `EventSource`: it names the only type that it takes, and never learns a refusal's status.
fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"))
}

/// Tells a page whose session ended meanwhile so, in the only words that it hears: one event, and the end.
fn signed_out() -> Response {
    let event = Event::default().event(app::live::SIGNED_OUT).retry(LIFETIME).data("{}");
    let mut response = Sse::new(stream::iter([Ok::<_, Infallible>(event)])).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Takes the reader's place: the header that browsers send when they come back wins over the address.
#[must_use]
pub fn cursor(headers: &HeaderMap, after: Option<i64>) -> Option<i64> {
    headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).or(after).filter(|seq| *seq >= 0)
}

/// How rows and balances are written: the app's read models for pages, the documented bodies for the API.
pub trait Form: Send + 'static {
    /// Writes a row.
    fn entry(entry: wallet::ledger::EntryView) -> impl Serialize;
    /// Writes a balance.
    fn balance(balance: wallet::ledger::BalanceView) -> impl Serialize;
    /// Writes how far the hold of a row is; `None` where the row is of none, or where holds are not told.
    fn hold(entry: &EntryView) -> Option<impl Serialize>;
    /// Writes a payment; `None` where payments are not told.
    fn payment(payment: PaymentView) -> Option<impl Serialize>;
    /// Whether payments are told.
    const TELLS_PAYMENTS: bool;
}

/// The app's read models as they are.
struct Plain;

impl Form for Plain {
    fn entry(entry: wallet::ledger::EntryView) -> impl Serialize {
        entry
    }

    fn balance(balance: wallet::ledger::BalanceView) -> impl Serialize {
        balance
    }

    fn hold(_: &EntryView) -> Option<impl Serialize> {
        None::<()>
    }

    fn payment(_: PaymentView) -> Option<impl Serialize> {
        None::<()>
    }

    const TELLS_PAYMENTS: bool = false;
}

/// Opens a stream of an account's wallet for who has shown a pass.
///
/// `None` when too many are open. It ends when the pass works no more.
pub fn events<F: Form>(
    state: &AppState,
    (account, wallet): (AccountId, WalletId),
    pass: Pass,
    after: Option<i64>,
) -> Option<Response> {
    let place = state.streams.enter((account, wallet), pass)?;
    state.streams.watch(&state.wallet);
    let ended = place.end();
    let follower = Follower::<F> {
        newest: state.wallet.ledger().watch(wallet),
        services: state.wallet.clone(),
        wallet,
        cursor: after,
        started: false,
        ready: VecDeque::new(),
        payments: Payments::from(state.wallet.clock().now(), after.is_some()),
        _place: place,
        _form: std::marker::PhantomData,
    };
    let stopping = state.stopping.clone();
    let end = async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = ended.cancelled() => {}
            () = tokio::time::sleep(LIFETIME) => {}
        }
    };
    let events = follower.into_stream().take_until(Box::pin(end));
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Some proxies would otherwise hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Some(response)
}

/// What a reader has been told of payments.
struct Payments {
    since: DateTime<Utc>,
    looked: Option<Instant>,
    /// When each has changed that was told.
    told: HashMap<PaymentId, DateTime<Utc>>,
}

impl Payments {
    /// Begins now; for who comes back, where an earlier stream may have ended.
    fn from(now: DateTime<Utc>, comes_back: bool) -> Self {
        let back = if comes_back { TimeDelta::from_std(LIFETIME).unwrap_or_default() } else { TimeDelta::zero() };
        Self { since: now - back, looked: None, told: HashMap::new() }
    }

    fn is_due(&self) -> bool {
        self.looked.is_none_or(|looked| looked.elapsed() >= PAYMENTS_EVERY)
    }
}

/// Follows one wallet's ledger for one reader.
struct Follower<F> {
    services: Wallet,
    wallet: WalletId,
    newest: watch::Receiver<i64>,
    cursor: Option<i64>,
    started: bool,
    ready: VecDeque<Event>,
    payments: Payments,
    _place: Place,
    _form: std::marker::PhantomData<fn() -> F>,
}

impl<F: Form> Follower<F> {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async move {
            loop {
                if let Some(event) = follower.ready.pop_front() {
                    return Some((Ok(event), follower));
                }
                if let Err(error) = follower.read().await {
                    // The reader comes back with its place.
                    tracing::warn!(%error, "a stream of events ends early");
                    return None;
                }
            }
        })
    }

    /// Fills `ready` with what comes next; waits where nothing is new.
    async fn read(&mut self) -> Result<(), Stop> {
        if !self.started {
            self.started = true;
            // Marked as seen before reading: what commits from here on wakes the stream.
            self.newest.borrow_and_update();
            let balance = self.services.balance(self.wallet).await?;
            let seq = balance.seq;
            let mut event = Event::default().event("balance").retry(RETRY).json_data(F::balance(balance))?;
            // A reader that claims rows which don't exist starts at the newest one.
            if self.cursor.is_none_or(|cursor| cursor > seq) {
                self.cursor = Some(seq);
                event = event.id(seq.to_string());
            }
            self.ready.push_back(event);
        } else if self.newest.has_changed().map_err(|_| Stop::Closed)? {
            self.newest.borrow_and_update();
        } else if F::TELLS_PAYMENTS {
            tokio::select! {
                changed = self.newest.changed() => changed.map_err(|_| Stop::Closed)?,
                // No row has come: only payments are looked at.
                () = tokio::time::sleep(PAYMENTS_EVERY) => return self.look_at_payments().await,
            }
        } else {
            self.newest.changed().await.map_err(|_| Stop::Closed)?;
        }
        if F::TELLS_PAYMENTS && self.payments.is_due() {
            self.look_at_payments().await?;
        }
        self.catch_up().await
    }

    /// Tells the payments that have changed since the last look.
    async fn look_at_payments(&mut self) -> Result<(), Stop> {
        self.payments.looked = Some(Instant::now());
        let from = self.payments.since - PAYMENTS_OVERLAP;
        let changed = self.services.payments().changed_since(self.wallet, from).await?;
        for (id, at) in changed {
            if self.payments.told.get(&id) == Some(&at) {
                continue;
            }
            let payment = self.services.payments().of_wallet(self.wallet, id).await?;
            if let Some(body) = F::payment(payment) {
                self.ready.push_back(Event::default().event("payment").json_data(body)?);
            }
            self.payments.told.insert(id, at);
            self.payments.since = self.payments.since.max(at);
        }
        let oldest = self.payments.since - PAYMENTS_OVERLAP;
        self.payments.told.retain(|_, at| *at >= oldest);
        Ok(())
    }

    async fn catch_up(&mut self) -> Result<(), Stop> {
        let ledger = self.services.ledger();
        let cursor = self.cursor.unwrap_or_default();
        let entries = ledger.entries_after(self.wallet, cursor, PAGE).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(()) };
        if entries.len() >= usize::from(PAGE) {
            // More rows may wait behind this page.
            self.newest.mark_changed();
        }
        for entry in entries {
            let id = entry.seq.to_string();
            if let Some(body) = F::hold(&entry) {
                self.ready.push_back(Event::default().event("hold").json_data(body)?);
            }
            self.ready.push_back(Event::default().event("entry").id(id).json_data(F::entry(entry))?);
        }
        self.cursor = Some(last);
        let balance = ledger.balance(self.wallet).await?;
        self.ready.push_back(Event::default().event("balance").json_data(F::balance(balance))?);
        Ok(())
    }
}

/// Why a stream ends before its time.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("the ledger is closed")]
    Closed,
    #[error(transparent)]
    Wallet(#[from] wallet::error::Error),
    #[error("an event can't be written: {0}")]
    Write(#[from] axum::Error),
}
