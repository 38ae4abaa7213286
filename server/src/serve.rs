//! `scrip serve`: checks, starts, prints where to go, and stops without losing anything.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::{AppState, build, cli, database};

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    settings.check()?;
    // The port first: a second start must not touch the first one's database.
    let listener = listen(settings.address()).await?;
    let wallet = cli::open(&settings).await?;
    if settings.web.no_migrate {
        database::migrated(&wallet).await?;
    } else {
        database::migrate(&wallet).await?;
    }
    let mut settings = settings;
    // Port 0 asks for any free one; the addresses that we print and hand out must name it.
    settings.web.port = listener.local_addr()?.port();
    let state = AppState::new(wallet.clone(), settings.clone())?;

    stop_on_signal(state.stopping.clone());
    welcome(&settings);
    let limit = Duration::from_secs(settings.web.shutdown_seconds);
    serve(listener, state.clone(), limit).await?;
    wallet.shutdown().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("port {} is in use: stop what listens there, or set PORT to a free one", address.port())
        }
        std::io::ErrorKind::PermissionDenied => {
            anyhow!("port {} needs more rights: set PORT to one above 1023", address.port())
        }
        std::io::ErrorKind::AddrNotAvailable => {
            anyhow!("{} is no address of this machine: change HOST", address.ip())
        }
        _ => anyhow!("can't listen on {address}: {error}"),
    })
}

/// Serves; after the signal, waits for open requests until the limit.
async fn serve(listener: TcpListener, state: AppState, limit: Duration) -> anyhow::Result<()> {
    let stopping = state.stopping.clone();
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    let service = build(state).into_make_service_with_connect_info::<SocketAddr>();
    let graceful = stopping.clone();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(async move { graceful.cancelled().await })
        .into_future();
    tokio::select! {
        served = server => served.map_err(|error| anyhow!("the server stopped: {error}")),
        () = async { stopping.cancelled().await; tokio::time::sleep(limit).await } => {
            tracing::warn!("some requests did not finish in time");
            Ok(())
        }
    }
}


/// Fires the token at the first signal, and ends the process at the second.
fn stop_on_signal(stopping: CancellationToken) {
    tokio::spawn(async move {
        signalled().await;
        stopping.cancel();
        signalled().await;
        std::process::exit(130);
    });
}

async fn signalled() {
    let interrupt = async { signal::ctrl_c().await.ok() };
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<Option<()>>();
    tokio::select! { _ = interrupt => {}, _ = terminate => {} }
}

fn welcome(settings: &Settings) { println!("Scrip serves {}", settings.public_url()); }
/// Refuses to go on where the settings are contradictory; used by commands that need a demo.
pub fn demo_only(settings: &Settings) -> anyhow::Result<()> {
    if settings.production() {
        bail!("this is for trying out and never for production: set SCRIP_MODE=development");
    }
    Ok(())
}
