//! Scrip beside pgbench, in one run, on one durable PostgreSQL: `make bench`.
//!
//! Environment (set by `cargo xtask bench`): `DATABASE_URL`, `PG_BIN`, `SCRIP_BIN`, `BENCH_FOLDER`. Arguments:
//! `--seconds N` (measured time of each figure, 5), `--wallets N` (10 000), `--entries N` (rows of the largest wallet,
//! 10 000 000), `--charges N` (charges of the simulation, 1 000 000), `--quick` (2 seconds, 500 wallets, 200 000 rows,
//! 50 000 charges), `--only PART` (engine, http, costs, rehearsal, neighbour or growth).

mod baseline;
mod costs;
mod engine;
mod growth;
mod http;
mod load_loop;
mod neighbour;
mod over_http;
mod pgbench;
mod pricing;
mod report;
mod resource_usage;
mod sample;
mod seed;
mod simulation;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use wallet::{Options, Wallet};

use crate::load_loop::{Window, run_callers};
use crate::pgbench::Pgbench;
use crate::report::Report;
use crate::resource_usage::ResourceUsage;
use crate::sample::Sample;

/// The same as the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to measure, and how long.
struct Plan {
    window: Window,
    wallets: usize,
    /// How many rows the largest wallet gets.
    entries: u64,
    /// How many charges are simulated.
    charges: u64,
    url: String,
    folder: PathBuf,
    server: PathBuf,
    pg_bin: Option<PathBuf>,
    /// The one part to measure; all where none is named.
    only: Option<String>,
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
    let usage = ResourceUsage::new(pool.clone(), &plan.folder).await?;
    let mut report = Report::default();
    println!("One flush to the disk takes {} ms when nothing else goes on.\n", sample::milliseconds(usage.fsync()));

    let priced = report.add(pricing::measure(plan.window.measured, &plan.folder)?);
    report.at_least("million prices a second, pricing alone, one core", priced.per_second / 1e6, 1.0, 2.0);
    let yardsticks = yardsticks(&plan, &usage, &mut report).await?;
    let baseline = baseline(&plan, &pool, &usage, &mut report).await?;

    let url = fresh_database(&pool, &plan.url, "scrip_bench").await?;
    let wallet = Wallet::connect(&url, Options::default()).await?;
    wallet.migrate().await?;
    let owner = seed::owner(&wallet).await?;
    println!("Making {} wallets …", plan.wallets + 1);
    let mut payers = seed::payers(&wallet, &owner, plan.wallets + 1).await?;
    let hot = payers.pop().context("no wallet")?;
    let spread = Arc::new(payers);

    if plan.wants("engine") {
        engine::engine(&plan, &wallet, &hot, &spread, &usage, (&yardsticks, &baseline), &mut report).await?;
        engine::two_nodes(&plan, &wallet, &url, &spread, &usage, &mut report).await?;
    }
    if plan.wants("http") {
        over_http::over_http(&plan, &url, &hot, &spread, &usage, &yardsticks, &mut report).await?;
    }
    if plan.wants("costs") {
        costs::measure(&plan, &wallet, &owner, &usage, &mut report).await?;
    }
    if plan.wants("rehearsal") {
        simulation::measure(&plan, &pool, &usage, &mut report).await?;
    }
    if plan.wants("neighbour") {
        neighbour::measure(&plan, &wallet, &url, &owner, &usage, &mut report).await?;
    }
    exact(&url, &plan).await?;
    if plan.wants("growth") {
        growth::measure(&plan, &wallet, &owner, &usage, &mut report).await?;
    }
    wallet.shutdown().await;

    println!("{}", report.table());
    report.write(&plan.folder, &machine(&pool, &usage).await?)?;
    println!("Written: {0}/bench.json and {0}/bench.svg", plan.folder.display());
    Ok(())
}

impl Plan {
    fn read() -> Result<Self> {
        let mut seconds = 5_u64;
        let mut wallets = 10_000;
        let mut entries = 10_000_000;
        let mut charges = 1_000_000;
        let mut only = None;
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            if arg == "--only" {
                only = args.next();
                continue;
            }
            let mut number =
                || args.next().and_then(|text| text.parse().ok()).with_context(|| format!("{arg} wants a number"));
            match arg.as_str() {
                "--seconds" => seconds = number()?,
                "--wallets" => wallets = usize::try_from(number()?)?,
                "--entries" => entries = number()?,
                "--charges" => charges = number()?,
                "--quick" => (seconds, wallets, entries, charges) = (2, 500, 200_000, 50_000),
                _ => bail!(
                    "there is --seconds N, --wallets N, --entries N, --charges N, --only PART and --quick, not {arg}"
                ),
            }
        }
        let path = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set: run `make bench`"))
        };
        Ok(Self {
            window: Window {
                // Long enough that every one of many wallets and keys was asked for once.
                warm_up: Duration::from_secs(seconds),
                measured: Duration::from_secs(seconds),
            },
            wallets,
            entries,
            charges,
            url: std::env::var("DATABASE_URL").context("DATABASE_URL is not set: run `make bench`")?,
            folder: path("BENCH_FOLDER")?,
            server: path("SCRIP_BIN")?,
            pg_bin: std::env::var_os("PG_BIN").map(PathBuf::from),
            only,
        })
    }

    /// Whether a part is to be measured.
    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

/// pgbench's own figures, at every number of clients that something is held against.
async fn yardsticks(plan: &Plan, usage: &ResourceUsage, report: &mut Report) -> Result<Yardsticks> {
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
        *place = Some(report.add(pgbench.run_tpcb(clients, plan.window, usage).await?));
    }
    Ok(found)
}

/// The usual way, on one wallet.
async fn baseline(plan: &Plan, pool: &PgPool, usage: &ResourceUsage, report: &mut Report) -> Result<Sample> {
    baseline::prepare(pool).await?;
    let pool = pool.clone();
    let call = move |caller: usize, number: u64| {
        let pool = pool.clone();
        async move { baseline::charge(&pool, &format!("{caller}-{number}")).await }
    };
    Ok(report.add(run_callers("a transaction a charge, one wallet, 32 callers", 32, plan.window, usage, call).await?))
}

/// Proves every invariant after all this work, with the command that people use.
async fn exact(url: &str, plan: &Plan) -> Result<()> {
    println!("Proving every invariant (scrip verify) …");
    let status = tokio::process::Command::new(&plan.server)
        .arg("verify")
        .env("DATABASE_URL", url)
        .env("SCRIP_LOG", "error")
        .status()
        .await?;
    if status.success() { Ok(()) } else { bail!("`scrip verify` found something") }
}

/// An empty database beside the one that pgbench uses.
async fn fresh_database(pool: &PgPool, url: &str, name: &'static str) -> Result<String> {
    for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await?;
    }
    let (server, _) = url.rsplit_once('/').context("DATABASE_URL names no database")?;
    Ok(format!("{server}/{name}"))
}

/// What it was measured on.
async fn machine(pool: &PgPool, usage: &ResourceUsage) -> Result<serde_json::Value> {
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(pool).await?;
    Ok(json!({
        "processors": std::thread::available_parallelism()?.get(),
        "postgresql": version,
        "flush_ms": sample::milliseconds(usage.fsync()),
    }))
}
