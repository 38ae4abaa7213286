//! `scrip serve`: checks, starts, prints where to go, and stops without losing anything.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use futures::FutureExt;
use tokio::net::TcpListener;
use tokio::signal;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::ApiPayloads;
use crate::config::Settings;
use crate::looks::Look;
use crate::rate_limit::by_key;
use crate::{
    AppState, build, checkpoints, client_ip, connections, database, demo, jobs, looks, providers, webhook_delivery,
};

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    settings.check()?;
    checkpoints::keys(&settings)?;
    // The port first: a second start must not touch the first one's database.
    let listener = listen(settings.address()).await?;
    let wallet = database::open_to_serve(&settings).await?;
    if settings.production() {
        no_demo(&wallet).await?;
    }
    let mut settings = settings;
    // Port 0 asks for any free one; the addresses that we print and hand out must name it.
    settings.web.port = listener.local_addr()?.port();
    providers::attach(&wallet, &settings);
    let state = AppState::new(wallet.clone(), settings.clone())?;
    let demo = if settings.demo { Some(demo::ensure(&wallet, &settings).await?) } else { None };

    let worker = jobs::start(&state).await?;
    let webhooks = webhook_delivery::start(&state, ApiPayloads::of(&state))?;
    share_rates(&state);
    let renewals = looks::start(&state, Look::Plans);
    let top_ups = looks::start(&state, Look::LowWallets);
    let documents = looks::start(&state, Look::Documents);
    stop_on_signal(state.stopping.clone())?;
    print_addresses(&settings, demo.as_ref());
    if settings.lacks_proxies() {
        tracing::warn!("{}", client_ip::NO_PROXIES);
    }
    let limit = Duration::from_secs(settings.web.shutdown_seconds);
    let asked = tokio::spawn(state.stopping.clone().cancelled_owned().map(|()| Instant::now()));
    serve(listener, state.clone(), limit).await?;
    // One time limit for all: requests, jobs and messages were asked to end at the same moment.
    let deadline = asked.await? + limit;
    tokio::join!(
        finish(worker, deadline),
        finish(webhooks, deadline),
        finish(renewals, deadline),
        finish(top_ups, deadline),
        finish(documents, deadline)
    );
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
    let server = connections::serve(listener, build(state.clone()), state.settings.clone(), state.stopping.clone());
    tokio::select! {
        () = server => Ok(()),
        () = async { stopping.cancelled().await; tokio::time::sleep(limit).await } => {
            tracing::warn!("some requests did not finish in time");
            Ok(())
        }
    }
}

async fn finish(worker: JoinHandle<()>, deadline: Instant) {
    if tokio::time::timeout_at(deadline, worker).await.is_err() {
        tracing::warn!("some jobs did not finish in time; they are taken up again at the next start");
    }
}

/// Fires the token at the first signal, and ends the process at the second. Heeds signals from the moment it returns.
fn stop_on_signal(stopping: CancellationToken) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        signals.next().await;
        stopping.cancel();
        signals.next().await;
        std::process::exit(130);
    });
    Ok(())
}

/// Ctrl-C, and SIGTERM where there is one.
struct Signals {
    #[cfg(unix)]
    interrupt: signal::unix::Signal,
    #[cfg(unix)]
    terminate: signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> anyhow::Result<Self> {
        use signal::unix::SignalKind;
        let heed = |kind| signal::unix::signal(kind).map_err(|error| anyhow!("signals can't be heeded: {error}"));
        Ok(Self { interrupt: heed(SignalKind::interrupt())?, terminate: heed(SignalKind::terminate())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
    }

    #[cfg(not(unix))]
    fn new() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        signal::ctrl_c().await.ok();
    }
}

/// Prints where to go; in the demo also with what to sign in and what to try.
fn print_addresses(settings: &Settings, demo: Option<&wallet::demo::Demo>) {
    let url = settings.public_url();
    println!("Scrip serves {url}");
    let Some(demo) = demo else { return };
    println!("\n  Sign in as {}  with {}", demo.user.email, demo.user.password);
    println!("  or admin   {}  with {}", demo.admin.email, demo.admin.password);
    if !settings.production() && settings.mail.mail_url.is_none() {
        println!("  Mails land on {url}/dev/mail");
    }
    println!("\n  API key: {}", demo.key);
    println!("  Service key: {}\n\n  Try:", demo.service_key);
    println!("  curl {url}/api/v2/balance -H 'Authorization: Bearer {}'", demo.key);
    println!(
        "  curl {url}/api/v2/models/dall-e-3/calculate-price -H 'Authorization: Bearer {}' \
         -H 'Content-Type: application/json' -d '{{\"params\": {{\"size\": \"1792x1024\", \"quality\": \"hd\"}}, \"count\": 1}}'",
        demo.key
    );
    println!(
        "  curl {url}/api/v2/service/charges -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \
         -H \"Idempotency-Key: $(date +%s%N)\" \
         -d '{{\"on_behalf_of\": \"{}\", \"operation\": \"gpt-5\", \"params\": {{}}}}'\n",
        demo.service_key, demo.key
    );
}

/// Refuses a database in which a demo was: everybody can read its passwords and its key.
async fn no_demo(wallet: &wallet::Wallet) -> anyhow::Result<()> {
    let traces = wallet.demo_traces().await?;
    if traces.is_empty() {
        return Ok(());
    }
    bail!(
        "the database holds a demo ({}), whose passwords and key everybody can read: set DATABASE_URL to a database \
         without one (`createdb`, then `scrip migrate`), or SCRIP_MODE=development",
        traces.join(", ")
    )
}

/// Shares this node's counts with the others until the process stops.
fn share_rates(state: &AppState) -> JoinHandle<()> {
    let state = state.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(by_key::SHARED_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = state.stopping.cancelled() => return,
                _ = tick.tick() => {}
            }
            if let Err(error) = state.rates.share(&state.wallet).await {
                tracing::warn!(%error, "counted calls could not be shared with other nodes");
            }
        }
    })
}
