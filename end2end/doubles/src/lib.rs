//! Stand-ins of Stripe and YooKassa for tests: one program with state, never part of the server.
//!
//! Reading order: [`core`] (what both share: clock, faults, request log, idempotency, events on their way), then a
//! provider: its rules without HTTP, its HTTP, its hosted pages; [`control`] is how a test steers them. README.md has
//! the addresses and the control calls.

pub mod control;
pub mod core;
pub mod stripe;
pub mod yookassa;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::core::Core;
use crate::core::listener::{CuttableListener, Cutter};

/// What both stand-ins are started with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port on loopback; 0 takes any that is free.
    pub port: u16,
    /// Where each request is written as one line of JSON.
    pub requests: Option<PathBuf>,
    /// Where Stripe's events go besides the webhook endpoints made by the API.
    pub stripe_webhook: Option<String>,
    /// The secret that signs them.
    pub stripe_secret: Option<String>,
    /// Where YooKassa's notifications go.
    pub yookassa_webhook: Option<String>,
}

/// A provider's stand-in, as the control calls see it.
pub trait Provider: Send + Sync {
    /// Does what is due by now: sessions expire, refunds end.
    fn tick(&self);
    /// Forgets everything.
    fn reset(&self);
    /// Everything it holds, for a test to look at.
    fn snapshot(&self) -> serde_json::Value;
}

/// Listens on loopback.
pub async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

/// Serves both stand-ins until the process ends.
pub async fn serve(listener: TcpListener, options: &Options) -> anyhow::Result<()> {
    let base_url = format!("http://{}", listener.local_addr()?);
    let core = Arc::new(Core::new(base_url, options.requests.as_deref())?);
    let stripe = stripe::Stripe::new(core.clone(), options);
    let yookassa = yookassa::Yookassa::new(core.clone(), options);
    let providers: control::Providers = vec![("stripe", stripe.clone()), ("yookassa", yookassa.clone())];
    let app = Router::new()
        .merge(stripe.router())
        .merge(yookassa.router())
        .nest("/_control", control::router(core, providers.clone()));
    tokio::spawn(async move {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            providers.iter().for_each(|(_, provider)| provider.tick());
        }
    });
    let listener = CuttableListener(listener);
    axum::serve(listener, app.into_make_service_with_connect_info::<Cutter>()).await?;
    Ok(())
}
