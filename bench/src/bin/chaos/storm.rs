//! Two nodes and one wallet that has run dry: nearly all charges are free, some are refused, some keys are repeated.
//! Each node finds that the other one has moved the wallet, and goes back and forth between its memory and reading
//! first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http_client::{Connection, Request};
use serde_json::json;
use tokio::task::JoinSet;

use crate::ANSWER_LIMIT;
use crate::node::Node;
use crate::plan::{Plan, Random};
use crate::seed::{self, Payer};

/// Callers of the first node.
const CALLERS: u64 = 24;
/// The pause between two charges on the second node.
const PAUSE: Duration = Duration::from_millis(16);
/// Of a thousand charges of the first node, how many are too dear.
const DEAR: u64 = 30;
/// Of a thousand charges, how many repeat the key before.
const REPEATED: u64 = 10;

/// Charges for as long as the plan says; afterwards the wallet must still take a charge.
pub async fn run(plan: &Plan, nodes: &[Node]) -> Result<()> {
    let payer = Arc::new(seed::dry(&plan.url).await?);
    let ports: Vec<u16> = nodes.iter().map(Node::port).collect();
    let (first, second) = (ports[0], ports[ports.len() - 1]);
    let until = Instant::now() + Duration::from_secs(plan.storm_seconds);
    let mut load = JoinSet::new();
    for number in 0..=CALLERS {
        let (port, pause) = if number == CALLERS { (second, PAUSE) } else { (first, Duration::ZERO) };
        let dear = if number == CALLERS { 0 } else { DEAR };
        let random = Random::new(plan.seed ^ 0x5707 ^ (number << 16));
        load.spawn(charge(Arc::clone(&payer), number, port, (dear, pause), until, random));
    }
    let (mut done, mut refused) = (0, 0);
    while let Some(told) = load.join_next().await {
        let (charged, dear) = told??;
        done += charged;
        refused += dear;
    }
    let mut connection = Connection::open(first, ANSWER_LIMIT).await?;
    let answer = ask(&mut connection, &payer, "storm-last", FREE).await?;
    ensure!(answer == 201, "the wallet takes no charge any more: {answer}");
    println!("a dry wallet on two nodes for {} s: {done} charges, {refused} refused", plan.storm_seconds);
    Ok(())
}

const FREE: &str = "newsletter_subscribe";
const TOO_DEAR: &str = "blog_post";

async fn charge(
    payer: Arc<Payer>,
    number: u64,
    port: u16,
    (dear, pause): (u64, Duration),
    until: Instant,
    mut random: Random,
) -> Result<(u64, u64)> {
    let mut connection = Connection::open(port, ANSWER_LIMIT).await?;
    let (mut made, mut done, mut refused) = (0_u64, 0, 0);
    let mut last: Option<(String, &str)> = None;
    while Instant::now() < until {
        made += 1;
        let draw = random.below(1000);
        let operation = if draw < dear { TOO_DEAR } else { FREE };
        let (key, operation) = match &last {
            Some((key, operation)) if random.below(1000) < REPEATED => (key.clone(), *operation),
            _ => (format!("s{number}-{made}"), operation),
        };
        match ask(&mut connection, &payer, &key, operation).await.with_context(|| key.clone())? {
            201 => done += 1,
            402 if operation == TOO_DEAR => refused += 1,
            other => anyhow::bail!("{key} ({operation}) was answered with {other}"),
        }
        last = Some((key, operation));
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok((done, refused))
}

async fn ask(connection: &mut Connection, payer: &Payer, key: &str, operation: &str) -> Result<u16> {
    let body = json!({ "operation": operation, "params": {} }).to_string();
    Ok(connection.send(&Request::api("POST", "/api/v2/charges", &payer.key, key, &body)).await?.status)
}
