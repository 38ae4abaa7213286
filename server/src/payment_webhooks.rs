//! Messages of payment providers: verify, store, answer. A job does the work.
//!
//! They have no rate limit: a provider sends what it has from few addresses, in bursts after an outage of ours, and a
//! message that is turned away is a payment that is late. A stranger's message costs one check of its signature, and no
//! query.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Extension, Router};
use wallet::db::has_nul;
use wallet::payment::EventError;

use crate::client_ip::peer;
use crate::state::AppState;

/// Gives the route.
pub fn router() -> Router<AppState> {
    Router::new().route("/webhooks/{provider}", post(receive))
}

/// Answers 200 once the message is stored, also where it can't be read: it is the provider's, and sending it again
/// would not make it readable. 400 for one that is not the provider's, and nothing is kept of it.
async fn receive(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    connected: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let payments = state.wallet.payments();
    let Some(provider) = payments.provider(&provider) else {
        return (StatusCode::NOT_FOUND, "There is no such provider.");
    };
    let sender = connected.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(connected))| {
        peer(connected.ip(), &headers, &state.settings.web.trusted_proxies)
    });
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers: Vec<(String, String)> = headers.iter().filter_map(text).collect();
    let event = match provider.verify_webhook(&headers, sender, &body) {
        // The database's JSON holds no NUL.
        Ok(event) if has_nul(&event.raw.to_string()) => {
            return keep_unread(&state, provider.name(), &event.dedupe_key, &body).await;
        }
        Ok(event) => event,
        Err(EventError::Signature) => {
            tracing::warn!(provider = provider.name(), "a message with a wrong signature was refused");
            return (StatusCode::BAD_REQUEST, "The signature is missing, wrong or too old.");
        }
        Err(EventError::OtherMode) => {
            tracing::error!(
                provider = provider.name(),
                "a message of the provider's other mode (test or live) was refused"
            );
            return (StatusCode::BAD_REQUEST, "This message is of the other mode (test or live) than the keys.");
        }
        Err(EventError::Unreadable { dedupe_key }) => {
            return keep_unread(&state, provider.name(), &dedupe_key, &body).await;
        }
    };
    match payments.ingest_event(provider.name(), &event).await {
        Ok(_) => (StatusCode::OK, "Stored."),
        Err(error) => {
            tracing::error!(%error, provider = provider.name(), "a message could not be stored");
            (StatusCode::SERVICE_UNAVAILABLE, "Try again.")
        }
    }
}

/// Keeps a signed message that can't be read, as it came; the reconciler and `scrip payment replay` read it again.
async fn keep_unread(state: &AppState, provider: &str, dedupe_key: &str, body: &[u8]) -> (StatusCode, &'static str) {
    match state.wallet.payments().keep_unread_event(provider, dedupe_key, body).await {
        Ok(_) => {
            tracing::error!(provider, dedupe_key, bytes = body.len(), "a signed message can't be read; it is kept");
            (StatusCode::OK, "Stored.")
        }
        Err(error) => {
            tracing::error!(%error, provider, "a message could not be stored");
            (StatusCode::SERVICE_UNAVAILABLE, "Try again.")
        }
    }
}
