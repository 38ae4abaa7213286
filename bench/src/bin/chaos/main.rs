//! What `make chaos` runs: Scrip under load while its processes, its PostgreSQL and its connections are killed.
//!
//! Reading order: [`plan`] (which fault when, from one seed), [`proxy`] (a wire that can be cut), [`postgres`] and
//! [`node`] (what is killed and started again), [`caller`] (the load: every intent is repeated with its key until it is
//! answered), [`check`] (nothing acknowledged is lost, nothing happened twice, every invariant holds).

mod caller;
mod check;
mod http;
mod node;
mod plan;
mod postgres;
mod proxy;
mod seed;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::task::JoinSet;

use caller::{Board, Caller, Diary};
use node::Node;
use plan::{Fault, Plan, Random};
use postgres::Postgres;
use proxy::Proxy;

/// How long the app may take to answer again after a fault is over.
const RECOVERY: Duration = Duration::from_secs(30);
/// How long callers may take to have their last intents answered.
const FINISH: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> ExitCode {
    match chaos().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn chaos() -> Result<()> {
    let plan = Plan::read()?;
    println!(
        "{} rounds, {} nodes, {} callers, seed {} (SEED={} makes the same run)",
        plan.rounds, plan.nodes, plan.callers, plan.seed, plan.seed
    );
    std::fs::create_dir_all(&plan.folder)?;
    let payers = seed::payers(&plan.url, plan.payers).await?;
    let postgres = Postgres::new(&plan);
    let proxy = Proxy::start(&plan.url).await?;
    let mut nodes = Vec::new();
    for number in 0..plan.nodes {
        nodes.push(Node::start(&plan, number, &proxy.url(&plan.url)?).await?);
    }
    let ports: Arc<Vec<u16>> = Arc::new(nodes.iter().map(Node::port).collect());
    let diary = Arc::new(Diary::create(&plan.folder.join("intents.jsonl"))?);
    let board = Arc::new(Board::default());
    let mut load = JoinSet::new();
    for number in 0..plan.callers {
        let payer = payers[number % payers.len()].clone();
        let caller = Caller::new(number, payer, Arc::clone(&ports), Arc::clone(&diary), Arc::clone(&board));
        load.spawn(caller.work(Random::new(plan.seed ^ (number as u64 + 1))));
    }

    let mut random = Random::new(plan.seed);
    let mut slowest = Duration::ZERO;
    for round in 0..plan.rounds {
        tokio::time::sleep(Duration::from_millis(random.between(150, 900))).await;
        let fault = plan.fault(round, &mut random);
        strike(&fault, &mut nodes, &postgres, &proxy).await?;
        let took = recovered(&board, &nodes, &mut load).await.with_context(|| format!("round {round}: {fault:?}"))?;
        slowest = slowest.max(took);
        println!("{round:>5}  {:<34} all callers go on after {:>5} ms", fault.to_string(), took.as_millis());
    }

    board.stop();
    let asked_at = Instant::now();
    while let Some(done) = tokio::time::timeout(FINISH.saturating_sub(asked_at.elapsed()), load.join_next())
        .await
        .context("an intent was not answered in time")?
    {
        done??;
    }
    if plan.rounds > 1 && proxy.cuts() == 0 {
        bail!("no connection was cut: the proxy does not know the writers");
    }
    if board.broken() > 0 {
        bail!("an outage was answered with 500; see the logs in {}:\n{}", plan.folder.display(), board.report());
    }
    let jobs = check::jobs_work(&nodes).await?;
    for node in &mut nodes {
        node.stop()?;
    }
    let counts = check::ledger(&plan.url, &payers, &diary).await?;
    check::invariants(&plan)?;
    println!("\n{}", board.report());
    println!("{counts}; {} cuts; the slowest recovery took {} ms; {jobs}", proxy.cuts(), slowest.as_millis());
    println!("Nothing acknowledged is lost, nothing happened twice, every invariant holds.");
    Ok(())
}

/// Does a fault, and ends it.
async fn strike(fault: &Fault, nodes: &mut [Node], postgres: &Postgres, proxy: &Proxy) -> Result<()> {
    match fault {
        Fault::KillNode(number) => nodes[*number].kill_and_restart().await,
        Fault::KillPostgres => {
            postgres.kill()?;
            postgres.start()
        }
        Fault::Cut(cuts) => {
            for cut in cuts {
                proxy.arm(*cut);
                // A cut waits for its moment; where none comes the next fault goes on.
                let _none_came = tokio::time::timeout(Duration::from_secs(2), proxy.is_cut()).await;
            }
            proxy.disarm();
            Ok(())
        }
    }
}

/// Waits until every caller had an intent answered since now; gives how long that took. No node may need a restart.
async fn recovered(board: &Board, nodes: &[Node], load: &mut JoinSet<Result<()>>) -> Result<Duration> {
    let since = Instant::now();
    let before = board.answers();
    loop {
        if board.all_beyond(&before) {
            return Ok(since.elapsed());
        }
        if since.elapsed() > RECOVERY {
            bail!("the app does not answer after {} s:\n{}", RECOVERY.as_secs(), board.report());
        }
        for node in nodes {
            node.must_live()?;
        }
        if let Some(ended) = load.try_join_next() {
            ended??;
            bail!("a caller ended early");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
