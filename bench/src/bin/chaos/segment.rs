//! Some rounds of faults under load, with wallets of their own, and the proof after them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::task::JoinSet;

use crate::buyer::Buyer;
use crate::caller::{Board, Caller, Diary};
use crate::giver::Giver;
use crate::node::Node;
use crate::plan::{Fault, Plan, Random};
use crate::postgres::Postgres;
use crate::progress::Progress;
use crate::proxy::Proxy;
use crate::stripe::Stripe;
use crate::{check, seed};

/// The most rounds before the ledger is proven.
const ROUNDS_MAX: u64 = 50;
/// How long the app may take to answer again after a fault is over.
const RECOVERY: Duration = Duration::from_secs(30);
/// How long callers may take to have their last intents answered.
const FINISH: Duration = Duration::from_secs(60);

/// Runs the next rounds, and proves what they left. Where a round goes wrong, what there is is proven all the same, and
/// then the error is given.
pub async fn run(
    plan: &Plan,
    progress: &mut Progress,
    nodes: &mut [Node],
    (postgres, proxy): (&Postgres, &Proxy),
    stripe: &Stripe,
) -> Result<()> {
    progress.begin_segment(plan)?;
    let (first, segment) = (progress.rounds, progress.segments);
    let rounds = (plan.rounds - first).min(ROUNDS_MAX);
    let payers = seed::payers(&plan.url, plan.payers, segment).await?;
    let ports: Arc<Vec<u16>> = Arc::new(nodes.iter().map(Node::port).collect());
    let diary = Arc::new(Diary::create(&plan.folder.join(format!("intents-{segment}.jsonl")))?);
    let board = Arc::new(Board::default());
    let mut load = JoinSet::new();
    for number in 0..plan.callers {
        let payer = payers[number % payers.len()].clone();
        let caller = Caller::new(number, payer, Arc::clone(&ports), Arc::clone(&diary), Arc::clone(&board));
        load.spawn(caller.work(Random::new(plan.seed ^ (segment << 32) ^ (number as u64 + 1))));
    }
    let mut orders = JoinSet::new();
    let buyers = seed::buyers(&plan.url, plan.buyers, segment).await?;
    for (number, buyer) in (plan.callers..).zip(&buyers) {
        let buyer = Buyer::new(number, buyer.clone(), Arc::clone(&ports), stripe.clone(), Arc::clone(&board))?;
        orders.spawn(buyer.work(Random::new(plan.seed ^ (segment << 32) ^ (number as u64 + 1))));
    }
    let giver = Giver::new(&plan.url, &payers, segment, Arc::clone(&board)).await?;
    load.spawn(giver.work());

    let mut random = Random::new(plan.seed ^ (segment << 32));
    let mut slowest = Duration::ZERO;
    let mut broken = None;
    for round in first..first + rounds {
        tokio::time::sleep(Duration::from_millis(random.between(150, 900))).await;
        let fault = plan.fault(round, &mut random);
        let done = async {
            strike(&fault, nodes, postgres, proxy).await?;
            recovered(&board, nodes, &mut load).await
        };
        match done.await.with_context(|| format!("round {round}: {fault:?}")) {
            Ok(took) => {
                slowest = slowest.max(took);
                println!("{round:>5}  {:<34} all callers go on after {:>5} ms", fault.to_string(), took.as_millis());
            }
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    board.stop();
    let ended = ended(&mut load).await;
    let bought = bought(&mut orders).await;
    let counts = match &ended {
        Ok(()) => check::ledger(&plan.url, &payers, &diary).await?,
        // Callers that gave up leave rows that nobody was told of; the invariants hold all the same.
        Err(_) => check::Counts::default(),
    };
    check::invariants(plan)?;
    println!("{}", board.report());
    println!("{counts}; the slowest recovery took {} ms; every invariant holds", slowest.as_millis());
    if let Some(error) = broken {
        return Err(error);
    }
    ended?;
    println!("{}", check::payments(&plan.url, &buyers, &bought?, stripe).await?);
    if board.broken() > 0 {
        bail!("an outage was answered with 500; see the logs in {}", plan.folder.display());
    }
    progress.note_rounds(plan, rounds)
}

/// Waits until every caller has its last intent answered.
async fn ended(load: &mut JoinSet<Result<()>>) -> Result<()> {
    let asked_at = Instant::now();
    let mut result = Ok(());
    while let Some(done) = tokio::time::timeout(FINISH.saturating_sub(asked_at.elapsed()), load.join_next())
        .await
        .context("an intent was not answered in time")?
    {
        result = result.and(done?);
    }
    result
}

/// Waits until every buyer has the credits of the last order; gives all orders.
async fn bought(orders: &mut JoinSet<Result<Vec<String>>>) -> Result<Vec<String>> {
    let mut all = Vec::new();
    while let Some(bought) = orders.join_next().await {
        all.extend(bought??);
    }
    Ok(all)
}

/// Does a fault, and ends it.
async fn strike(fault: &Fault, nodes: &mut [Node], postgres: &Postgres, proxy: &Proxy) -> Result<()> {
    match fault {
        Fault::KillNode(number) => nodes[*number].kill_and_restart().await,
        Fault::KillPostgres => {
            postgres.kill()?;
            postgres.start().await
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
