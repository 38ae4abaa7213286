//! Scrip beside pgbench, in one run, on one durable PostgreSQL: `make bench`.
//!
//! Environment (set by `cargo xtask bench`): `DATABASE_URL`, `PG_BIN`, `SCRIP_BIN`, `BENCH_FOLDER`. Arguments:
//! `--seconds N` (measured time of each figure, 5), `--quick` (2 seconds, 500 wallets), `--wallets N` (10 000).

mod drive;
mod http;
mod meter;
mod naive;
mod pgbench;
mod pricing;
mod report;
mod sample;
mod seed;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::future::BoxFuture;
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use wallet::ledger::Receipt;
use wallet::{Options, Wallet};

use crate::drive::{Window, drive};
use crate::http::Server;
use crate::meter::Meter;
use crate::pgbench::Pgbench;
use crate::report::Report;
use crate::sample::Sample;
use crate::seed::Payer;

/// What to measure, and how long.
struct Plan {
    window: Window,
    wallets: usize,
    url: String,
    folder: PathBuf,
    server: PathBuf,
    pg_bin: Option<PathBuf>,
}

/// pgbench's figures that others are held against.
#[derive(Default)]
struct Yardsticks {
    one: Option<Sample>,
    sixteen: Option<Sample>,
    thirty_two: Option<Sample>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match bench().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> Result<()> {
    let plan = Plan::read()?;
    std::fs::create_dir_all(&plan.folder)?;
    let pool = PgPoolOptions::new().max_connections(64).connect(&plan.url).await.context("no database")?;
    let meter = Meter::new(pool.clone(), &plan.folder).await?;
    let mut report = Report::default();
    println!("One flush to the disk takes {} ms when nothing else goes on.\n", sample::milliseconds(meter.fsync()));

    let priced = report.add(pricing::measure(plan.window.measured)?);
    report.at_least("million prices a second, pricing alone, one core", priced.per_second / 1e6, 1.0, 2.0);
    let yardsticks = yardsticks(&plan, &meter, &mut report).await?;
    let naive = naive(&plan, &pool, &meter, &mut report).await?;

    let url = fresh_database(&pool, &plan.url).await?;
    let wallet = Wallet::connect(&url, Options::default()).await?;
    wallet.migrate().await?;
    let owner = seed::owner(&wallet).await?;
    println!("Making {} wallets …", plan.wallets + 1);
    let mut payers = seed::payers(&wallet, &owner, plan.wallets + 1).await?;
    let hot = payers.pop().context("no wallet")?;
    let spread = Arc::new(payers);

    engine(&plan, &wallet, &hot, &spread, &meter, (&yardsticks, &naive), &mut report).await?;
    two_nodes(&plan, &wallet, &url, &spread, &meter, &mut report).await?;
    wallet.shutdown().await;
    over_http(&plan, &url, &hot, &spread, &meter, &yardsticks, &mut report).await?;

    println!("{}", report.table());
    report.write(&plan.folder, &machine(&pool, &meter).await?)?;
    println!("Written: {0}/bench.json and {0}/bench.svg", plan.folder.display());
    Ok(())
}

impl Plan {
    fn read() -> Result<Self> {
        let mut seconds = 5_u64;
        let mut wallets = 10_000;
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut number =
                || args.next().and_then(|text| text.parse().ok()).with_context(|| format!("{arg} wants a number"));
            match arg.as_str() {
                "--seconds" => seconds = number()?,
                "--wallets" => wallets = usize::try_from(number()?)?,
                "--quick" => (seconds, wallets) = (2, 500),
                _ => bail!("there is --seconds N, --wallets N and --quick, not {arg}"),
            }
        }
        let path = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set: run `make bench`"))
        };
        Ok(Self {
            window: Window {
                warm_up: Duration::from_secs(seconds.div_ceil(3)),
                measured: Duration::from_secs(seconds),
            },
            wallets,
            url: std::env::var("DATABASE_URL").context("DATABASE_URL is not set: run `make bench`")?,
            folder: path("BENCH_FOLDER")?,
            server: path("SCRIP_BIN")?,
            pg_bin: std::env::var_os("PG_BIN").map(PathBuf::from),
        })
    }
}

/// pgbench's own figures, at every number of clients that something is held against.
async fn yardsticks(plan: &Plan, meter: &Meter, report: &mut Report) -> Result<Yardsticks> {
    let Some(pgbench) = Pgbench::find(plan.pg_bin.as_deref(), &plan.url) else {
        let note =
            "pgbench is missing, so nothing can be held against it: install it (Debian: `apt-get install postgresql`)";
        println!("{note}");
        report.notes.push(note.to_owned());
        return Ok(Yardsticks::default());
    };
    println!("Filling pgbench's tables …");
    pgbench.prepare()?;
    let mut found = Yardsticks::default();
    for (clients, place) in [(1, &mut found.one), (16, &mut found.sixteen), (32, &mut found.thirty_two)] {
        *place = Some(report.add(pgbench.run_tpcb(clients, plan.window, meter).await?));
    }
    Ok(found)
}

/// The usual way, on one wallet.
async fn naive(plan: &Plan, pool: &PgPool, meter: &Meter, report: &mut Report) -> Result<Sample> {
    naive::prepare(pool).await?;
    let pool = pool.clone();
    let call = move |caller: usize, number: u64| {
        let pool = pool.clone();
        async move { naive::charge(&pool, &format!("{caller}-{number}")).await }
    };
    Ok(report.add(drive("a transaction a charge, one wallet, 32 callers", 32, plan.window, meter, call).await?))
}

/// Charges inside this process.
async fn engine(
    plan: &Plan,
    wallet: &Wallet,
    hot: &Payer,
    spread: &Arc<Vec<Payer>>,
    meter: &Meter,
    (yardsticks, naive): (&Yardsticks, &Sample),
    report: &mut Report,
) -> Result<()> {
    let receipt = Arc::new(seed::receipt());
    let one = Arc::new(vec![hot.clone()]);
    let charges = |name: &'static str, callers: usize, payers: &Arc<Vec<Payer>>| {
        let call = charging(name, wallet, payers, &receipt, callers);
        drive(name, callers, plan.window, meter, call)
    };
    let hot_256 = report.add(charges("engine, one hot wallet, 256 callers", 256, &one).await?);
    let spread_256 = report.add(charges("engine, many wallets, 256 callers", 256, spread).await?);
    let hot_32 = report.add(charges("engine, one hot wallet, 32 callers", 32, &one).await?);
    let single = report.add(charges("engine, one caller", 1, &one).await?);
    let name = "engine, hold and capture, one hot wallet, 256 callers";
    let (held, from, priced) = (wallet.clone(), hot.wallet, Arc::clone(&receipt));
    let pair = move |caller: usize, number: u64| {
        let (wallet, receipt) = (held.clone(), Arc::clone(&priced));
        async move { seed::hold_and_capture(&wallet, from, &receipt, format!("hc{caller}-{number}")).await }
    };
    let pairs = report.add(drive(name, 256, plan.window, meter, pair).await?);

    let sixteen = yardsticks.sixteen.as_ref();
    report.ratio("engine, one hot wallet, 256 callers / TPC-B at 16 clients", &hot_256, sixteen, 8.0, 15.0);
    report.ratio("the same / one transaction a charge, same wallet", &hot_256, Some(naive), 30.0, 55.0);
    report.ratio(
        &format!("engine, {} wallets, 256 callers / TPC-B at 16", spread.len()),
        &spread_256,
        sixteen,
        6.0,
        12.0,
    );
    report.ratio("engine, one hot wallet, 32 callers / TPC-B at 32", &hot_32, yardsticks.thirty_two.as_ref(), 3.0, 6.5);
    report.ratio("engine, one caller / TPC-B at 1 client", &single, yardsticks.one.as_ref(), 1.0, 2.5);
    report.ratio("hold and capture pairs / charges, one hot wallet", &pairs, Some(&hot_256), 0.4, 0.5);
    report.at_most("WAL bytes a charge, one hot wallet", hot_256.cost.wal_bytes, 1300.0, 800.0);
    report.at_most("WAL bytes a charge, many wallets", spread_256.cost.wal_bytes, 1600.0, 1100.0);
    Ok(())
}

/// Callers that go round the payers, each charge with a key of its own.
fn charging(
    run: &'static str,
    wallet: &Wallet,
    payers: &Arc<Vec<Payer>>,
    receipt: &Arc<Receipt>,
    callers: usize,
) -> impl Fn(usize, u64) -> BoxFuture<'static, Result<()>> + Send + Sync + use<> {
    let (wallet, payers, receipt) = (wallet.clone(), Arc::clone(payers), Arc::clone(receipt));
    let run: String = run.chars().filter(char::is_ascii_alphanumeric).collect();
    move |caller, number| {
        let turn = usize::try_from(number).unwrap_or_default();
        let payer = payers[(caller + turn * callers) % payers.len()].wallet;
        let (wallet, receipt, key) = (wallet.clone(), Arc::clone(&receipt), format!("{run}-{caller}-{number}"));
        Box::pin(async move { seed::charge(&wallet, payer, &receipt, key).await })
    }
}

/// A second node on the same wallets, both at once.
async fn two_nodes(
    plan: &Plan,
    first: &Wallet,
    url: &str,
    spread: &Arc<Vec<Payer>>,
    meter: &Meter,
    report: &mut Report,
) -> Result<()> {
    let receipt = Arc::new(seed::receipt());
    let second = Wallet::connect(url, Options::default()).await?;
    let alone = charging("alone", first, spread, &receipt, 128);
    let alone = report.add(drive("engine, many wallets, one node, 128 callers", 128, plan.window, meter, alone).await?);
    let a = charging("nodea", first, spread, &receipt, 128);
    let b = charging("nodeb", &second, spread, &receipt, 128);
    let both = move |caller: usize, number: u64| {
        if caller.is_multiple_of(2) { a(caller / 2, number) } else { b(caller / 2, number) }
    };
    let both = report.add(drive("engine, many wallets, two nodes, 256 callers", 256, plan.window, meter, both).await?);
    report.ratio("two nodes on the same wallets, sum / one node", &both, Some(&alone), 0.6, 0.8);
    second.shutdown().await;
    Ok(())
}

/// Charges over HTTP.
async fn over_http(
    plan: &Plan,
    url: &str,
    hot: &Payer,
    spread: &[Payer],
    meter: &Meter,
    yardsticks: &Yardsticks,
    report: &mut Report,
) -> Result<()> {
    let server = Server::start(&plan.server, url, &plan.folder).await?;
    let body = json!({ "operation": seed::OPERATION, "params": seed::params() }).to_string();
    let one = Arc::new(vec![hot.key.clone()]);
    let all: Arc<Vec<String>> = Arc::new(spread.iter().map(|payer| payer.key.clone()).collect());
    let name = "POST /api/v2/charges, one hot wallet, 64 connections";
    let hot = report.add(server.charge(name, 64, one, &body, plan.window, meter).await?);
    let name = "POST /api/v2/charges, many wallets, 256 connections";
    let many = report.add(server.charge(name, 256, all, &body, plan.window, meter).await?);
    let sixteen = yardsticks.sixteen.as_ref();
    report.ratio("POST /charges, one hot wallet, 64 connections / TPC-B at 16", &hot, sixteen, 4.0, 8.0);
    report.ratio(
        &format!("POST /charges, {} wallets, 256 connections / TPC-B at 16", spread.len()),
        &many,
        sixteen,
        3.0,
        7.0,
    );
    if let Some(sixteen) = sixteen {
        let p99 = hot.p99.as_secs_f64() / sixteen.mean.as_secs_f64();
        report.at_most("p99 of HTTP at 64 connections / TPC-B's average at 16", p99, 3.0, 1.1);
    }
    Ok(())
}

/// An empty database beside the one that pgbench uses.
async fn fresh_database(pool: &PgPool, url: &str) -> Result<String> {
    sqlx::query("DROP DATABASE IF EXISTS scrip_bench WITH (FORCE)").execute(pool).await?;
    sqlx::query("CREATE DATABASE scrip_bench").execute(pool).await?;
    let (server, _) = url.rsplit_once('/').context("DATABASE_URL names no database")?;
    Ok(format!("{server}/scrip_bench"))
}

/// What it was measured on.
async fn machine(pool: &PgPool, meter: &Meter) -> Result<serde_json::Value> {
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(pool).await?;
    Ok(json!({
        "processors": std::thread::available_parallelism()?.get(),
        "postgresql": version,
        "flush_ms": sample::milliseconds(meter.fsync()),
    }))
}
