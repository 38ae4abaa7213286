//! Payment providers: each implements the wallet's `Provider`, and shows or calls its own pages.

pub mod sandbox;
pub mod stripe;
pub mod yookassa;

use std::sync::Arc;

use axum::http::header;
use axum::http::request::Parts;
use wallet::Wallet;
use wallet::clock::Clock;
use wallet::payment::Provider;

use self::stripe::Stripe;
use self::yookassa::YooKassa;
use crate::config::Settings;
use crate::state::AppState;

/// Hands the providers that the settings allow to the wallet: those that take real money first.
pub fn attach(wallet: &Wallet, settings: &Settings) {
    match real(settings, wallet.clock()) {
        Ok(providers) => providers.into_iter().for_each(|provider| wallet.payments().register(provider)),
        // `scrip serve` has checked them before.
        Err(error) => tracing::error!(%error, "payment providers are off: their settings are wrong"),
    }
    attach_sandbox(wallet, settings);
}

/// Hands the sandbox alone to the wallet; nothing in production.
pub fn attach_sandbox(wallet: &Wallet, settings: &Settings) {
    if !settings.production() {
        let (books, clock) = (wallet.payments().sandbox(), wallet.clock().clone());
        let secret = settings.web.sandbox_webhook_secret.clone();
        wallet.payments().register(Arc::new(sandbox::Sandbox::new(books, clock, secret)));
    }
}

/// Makes the providers that take real money, as far as they are set up.
pub fn real(settings: &Settings, clock: &Clock) -> anyhow::Result<Vec<Arc<dyn Provider>>> {
    let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
    if let Some(keys) = settings.stripe.keys()? {
        providers.push(Arc::new(Stripe::new(keys, &settings.stripe, &settings.public_url(), clock.clone())?));
    }
    if let Some(yookassa) = YooKassa::from_settings(&settings.yookassa, clock.clone())? {
        providers.push(Arc::new(yookassa));
    }
    Ok(providers)
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
