//! What `make chaos` runs: Scrip under load while its processes, its PostgreSQL and its connections are killed.
//!
//! Reading order: [`plan`] (which fault when, from one seed), [`proxy`] (a wire that can be cut), [`postgres`] and
//! [`node`] (what is killed and started again), [`caller`] (the load: every intent is repeated with its key until it is
//! answered), [`buyer`] (people who pay at [`stripe`]'s stand-in), [`segment`] (some rounds of faults and the proof after them), [`storm`] (no faults, but two nodes on one
//! wallet that has run dry), [`check`] (nothing acknowledged is lost, nothing happened twice, every invariant holds).

mod buyer;
mod caller;
mod check;
mod giver;
mod node;
mod plan;
mod postgres;
mod progress;
mod proxy;
mod seed;
mod segment;
mod storm;
mod stripe;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};

use node::Node;
use plan::Plan;
use postgres::Postgres;
use progress::Progress;
use proxy::Proxy;
use stripe::Stripe;

/// How long a connection or an answer may take before a caller gives up and asks again.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

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
    let mut plan = Plan::read()?;
    std::fs::create_dir_all(&plan.folder)?;
    let mut progress = Progress::read(&plan)?;
    plan.seed = progress.seed;
    println!(
        "{} rounds, {} nodes, {} callers, {} s of a dry wallet, seed {} (SEED={} makes the same run)",
        plan.rounds, plan.nodes, plan.callers, plan.storm_seconds, plan.seed, plan.seed
    );
    if progress.rounds > 0 || progress.segments > 0 {
        println!(
            "{} rounds are behind; it goes on from there (remove {} to start anew)",
            progress.rounds,
            plan.folder.display()
        );
    }
    seed::shop(&plan.url, plan.nodes).await?;
    let postgres = Postgres::new(&plan);
    let proxy = Proxy::start(&plan.url).await?;
    let (stripe, listener) = Stripe::new().await?;
    let mut nodes = Vec::new();
    for number in 0..plan.nodes {
        nodes.push(Node::start(&plan, number, &proxy.url(&plan.url)?, &stripe.url).await?);
    }
    Stripe::serve(listener, nodes[0].port());
    let mut failed = Vec::new();
    while progress.rounds < plan.rounds {
        let ran = segment::run(&plan, &mut progress, &mut nodes, (&postgres, &proxy), &stripe).await;
        if let Err(error) = ran {
            eprintln!("error: {error:#}");
            failed.push(format!("{error:#}"));
            break;
        }
    }
    if failed.is_empty() && plan.storm_seconds > 0 && !progress.stormed {
        storm::run(&plan, &nodes).await?;
        progress.note_storm(&plan)?;
    }
    let jobs = if failed.is_empty() { Some(check::jobs_work(&nodes).await?) } else { None };
    for node in &mut nodes {
        node.stop()?;
    }
    // Whatever went wrong on the way: what the ledger is like is proven in any case.
    check::invariants(&plan)?;
    if !failed.is_empty() {
        bail!("every invariant holds, but the run was not finished: {}", failed.join("; "));
    }
    if progress.rounds > 1 && proxy.cuts() == 0 && progress.started_at_zero {
        bail!("no connection was cut: the proxy does not know the writers");
    }
    if let Some(jobs) = jobs {
        println!("{} cuts; {jobs}", proxy.cuts());
    }
    progress.finish(&plan)?;
    println!("Nothing acknowledged is lost, nothing happened twice, every invariant holds.");
    Ok(())
}
