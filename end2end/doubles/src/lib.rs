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
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use crate::core::Core;
use crate::core::listener::{CuttableListener, Cutter};

/// Names a folder for the requests of all stand-ins that a run of tests starts, wherever it starts them.
pub const REQUESTS: &str = "DOUBLES_REQUESTS";

/// What both stand-ins are started with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port on loopback; 0 takes any that is free.
    pub port: u16,
    /// Where each request is written as one line of JSON; a file of its own in the folder that [`REQUESTS`] names
    /// where none is given.
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
    let requests = options.requests.clone().or_else(own_requests);
    let core = Arc::new(Core::new(base_url, requests.as_deref())?);
    let stripe = stripe::Stripe::new(core.clone(), options);
    let yookassa = yookassa::Yookassa::new(core.clone(), options);
    let providers: control::Providers = vec![("stripe", stripe.clone()), ("yookassa", yookassa.clone())];
    let app = Router::new()
        .merge(stripe.router())
        .merge(yookassa.router())
        .nest("/_control", control::router(core, providers.clone()))
        .layer(middleware::from_fn(to_the_end));
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

/// Does a call also where its caller does not wait: a provider charges a card whether or not somebody listens.
async fn to_the_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A file that no other stand-in writes, in the folder for all of them.
fn own_requests() -> Option<PathBuf> {
    let folder = std::env::var_os(REQUESTS)?;
    let now = chrono::Utc::now().timestamp_micros();
    Some(PathBuf::from(folder).join(format!("{}-{now}.jsonl", std::process::id())))
}
