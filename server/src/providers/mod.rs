//! Payment providers: each implements the wallet's `Provider`, and shows or calls its own pages.

pub mod sandbox;

use std::sync::Arc;

use axum::http::header;
use axum::http::request::Parts;
use wallet::Wallet;

use crate::config::Settings;

use crate::state::AppState;

/// Hands the providers that the settings allow to the wallet.
pub fn attach(wallet: &Wallet, settings: &Settings) {
    if !settings.production() {
        let (books, clock) = (wallet.payments().sandbox(), wallet.clock().clone());
        let secret = settings.web.sandbox_webhook_secret.clone();
        wallet.payments().register(Arc::new(sandbox::Sandbox::new(books, clock, secret)));
    }
}

/// Gives the address to come back to from a provider's page.
///
/// That is the public one; where none was set (development), the one that the browser used on this machine, so that
/// `localhost` and `127.0.0.1` both keep their session.
#[must_use]
pub fn base_url(state: &AppState, parts: &Parts) -> String {
    let own = state.app.public_url.clone();
    if state.settings.web.public_url.is_some() || state.settings.production() {
        return own;
    }
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let local = ["localhost", "127.0.0.1", "[::1]"].into_iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
        })
    });
    if local { format!("http://{host}") } else { own }
}
