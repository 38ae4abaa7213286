//! The connections of this server: accepted, counted, timed, and ended without losing an answer.
//!
//! A connection costs a descriptor and memory from its first byte on, so whoever opens many and says nothing must not
//! keep others out. A request's head has some seconds to come, an idle connection ends after a while, a reader that
//! takes nothing or next to nothing ends as well; an answer that goes on for long (a stream of events, a file) does
//! not. There are so many connections of an address, a quarter of all at most, and so many in all; where these are
//! taken, a slow reader makes room, else the one that has waited longest for a request.

pub mod limit;
mod registry;
mod stream;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::Service as _;

pub use registry::{ConnectionLimits, Registry};
use registry::{End, Place, TICK_MILLIS};
use stream::{Answer, Busy, Noted};

use crate::config::Settings;
use crate::connections::limit::most;
use crate::http::dispatch::Front;
use crate::state::AppState;

/// How long to wait after a connection could not be accepted for want of something (descriptors, memory).
const PAUSE: Duration = Duration::from_millis(100);
/// How long a reader may take nothing of its answer.
const STALLED: Duration = Duration::from_secs(60);
/// How many bytes it must take for each such time that it is waited for: 1 KiB a second.
const STALLED_BYTES: u64 = 60 * 1_024;
/// One address has at most this part of all connections.
const OF_ADDRESS: usize = 4;

impl ConnectionLimits {
    /// Reads them from the settings; no more connections than the process may open.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let ticks = |seconds: u64| u32::try_from(seconds.saturating_mul(1_000) / TICK_MILLIS).unwrap_or(u32::MAX);
        let (web, most) = (&settings.web, most(settings));
        if i64::try_from(most).is_ok_and(|most| most < i64::from(web.connections_max)) {
            tracing::info!(
                most,
                wanted = web.connections_max,
                "the limit of open files (ulimit -n) allows fewer connections"
            );
        }
        Self {
            most,
            of_address: usize::try_from(web.connections_each).unwrap_or(usize::MAX).min(most / OF_ADDRESS).max(1),
            head_ticks: ticks(web.head_timeout),
            idle_ticks: ticks(web.idle_timeout),
            stalled_ticks: ticks(STALLED.as_secs()),
            stalled_bytes: STALLED_BYTES,
        }
    }
}

/// Serves until the state's token says to stop; then waits for what is being answered.
pub async fn serve(listener: TcpListener, front: Front, state: AppState) {
    let registry = Arc::new(Registry::new(ConnectionLimits::of(&state.settings)));
    let mut tasks = JoinSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(TICK_MILLIS));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = state.stopping.cancelled() => break,
            _ = tick.tick() => {
                registry.tick();
                while tasks.try_join_next().is_some() {}
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = registry.enter(counted(peer.ip(), &state)) else {
                        // A word would cost time: whoever is turned away here has hundreds of connections.
                        continue;
                    };
                    tasks.spawn(connection(stream, peer, place, front.clone()));
                }
                Err(error) if is_of_one(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    registry.end_all();
    while !tasks.is_empty() {
        tokio::select! {
            _ = tasks.join_next() => {}
            _ = tick.tick() => registry.tick(),
        }
    }
}

/// The address by which a connection is counted; none for a trusted proxy.
fn counted(address: IpAddr, state: &AppState) -> Option<IpAddr> {
    let is_proxy = state.settings.web.trusted_proxies.iter().any(|network| network.contains(address));
    (!is_proxy).then_some(address)
}

/// Whether only this one connection has failed.
fn is_of_one(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

/// Serves one connection to its end.
async fn connection(stream: TcpStream, peer: SocketAddr, place: Place, front: Front) {
    stream.set_nodelay(true).ok();
    let known = Arc::clone(&place.connection);
    let noted = Arc::clone(&known);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let busy = Busy::begin(&noted);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = front.clone().call(request);
        async move {
            let Ok(answer) = answer.await;
            Ok::<_, Infallible>(answer.map(|body| Answer::new(body, busy)))
        }
    });
    let io = TokioIo::new(Noted::new(stream, Arc::clone(&known)));
    let mut serving = std::pin::pin!(http1::Builder::new().serve_connection(io, service));
    loop {
        tokio::select! {
            biased;
            // Whatever went wrong, the other side has gone or speaks something else.
            _ = serving.as_mut() => return,
            end = known.ended() => match end {
                End::Now => return,
                End::Gently => serving.as_mut().graceful_shutdown(),
            },
        }
    }
}
