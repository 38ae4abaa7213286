//! Counts requests by the address they come from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::client_ip::peer;
use crate::rate_limit::{Subject, is_write};
use crate::state::AppState;
use wallet::identity::network;

/// Finds the address by which a request is counted, also behind trusted proxies; of IPv6 the /64.
#[must_use]
pub fn address_of(extensions: &Extensions, headers: &HeaderMap, state: &AppState) -> Option<IpAddr> {
    let ConnectInfo(connected) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    state.unknown_proxies.look(connected.ip(), headers, &state.settings.web.trusted_proxies);
    Some(network(peer(connected.ip(), headers, &state.settings.web.trusted_proxies)))
}

/// Counts what browsers ask for by their address.
pub async fn by_address(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if let Some(address) = address_of(request.extensions(), request.headers(), &state)
        && let Err(many) = state.subjects.count(Subject::Address(address), is_write(request.method()))
    {
        return many.into_response();
    }
    next.run(request).await
}

/// Counts the site's files by their reader's address, apart from its pages.
pub async fn files_by_address(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if let Some(address) = address_of(request.extensions(), request.headers(), &state)
        && let Err(many) = state.subjects.count(Subject::Files(address), false)
    {
        return many.into_response();
    }
    next.run(request).await
}
