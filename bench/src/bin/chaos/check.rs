//! What must hold when everything is over.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use http_client::{Connection, Request};
use sqlx::postgres::PgPoolOptions;
use wallet::id::WalletId;

use crate::ANSWER_LIMIT;
use crate::caller::Diary;
use crate::node::Node;
use crate::plan::Plan;
use crate::seed::{Payer, email};
use crate::stripe::Stripe;

/// How long a mail may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Micro-credits of a credit.
const CREDIT: i64 = 1_000_000;

/// What was compared.
#[derive(Debug, Default)]
pub struct Counts {
    told: usize,
    refused: usize,
    rows: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} intents acknowledged, {} refused, {} rows of them", self.told, self.refused, self.rows)
    }
}

/// Compares what callers were told with the ledger: the same rows, each once, and the balances that follow.
pub async fn ledger(url: &str, payers: &[Payer], diary: &Diary) -> Result<Counts> {
    let pool = PgPoolOptions::new().connect(url).await.context("no database")?;
    let mut told = diary.told();
    let (mut rows, mut refused) = (0, 0);
    for payer in payers {
        let WalletId { shard, number } = payer.wallet;
        let name = payer.wallet.to_string();
        let found: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT idem_key, seq, amount FROM entries WHERE shard = $1 AND wallet_id = $2 AND actor_kind IN (2, 6) ORDER BY seq",
        )
        .bind(shard.as_i16())
        .bind(number)
        .fetch_all(&pool)
        .await?;
        // What came in: the wallet's first credits, those of its plan, gifts.
        let others: Option<i64> = sqlx::query_scalar(
            "SELECT sum(amount)::bigint FROM entries WHERE shard = $1 AND wallet_id = $2 AND actor_kind NOT IN (2, 6)",
        )
        .bind(shard.as_i16())
        .bind(number)
        .fetch_one(&pool)
        .await?;
        let mut settled = others.unwrap_or(0);
        for (key, seq, amount) in found {
            // A key that came with a service key is stored with a sign of its own before it.
            let key = key.trim_start_matches('¶').to_owned();
            let told =
                told.remove(&key).with_context(|| format!("{name}: row {seq} ({key}) was never acknowledged"))?;
            ensure!(told.wallet == name && told.seq == Some(seq), "{key} was told as row {:?}, it is {seq}", told.seq);
            ensure!(told.change * CREDIT == amount, "{key} was told as {}, it is {amount}", told.change);
            settled += amount;
            rows += 1;
        }
        let (now, held): (i64, i64) =
            sqlx::query_as("SELECT settled, held FROM wallets WHERE shard = $1 AND wallet_id = $2")
                .bind(shard.as_i16())
                .bind(number)
                .fetch_one(&pool)
                .await?;
        ensure!(now == settled, "{name} has {now}, its callers count {settled}");
        ensure!(held == 0, "{name} still holds {held}");
    }
    for (key, told) in &told {
        ensure!(told.seq.is_none(), "{key} was acknowledged as row {:?} of {}, and is lost", told.seq, told.wallet);
        refused += 1;
    }
    Ok(Counts { told: rows, refused, rows })
}

/// Compares the orders that buyers have seen paid with the money that was taken and the credits that were added: each
/// once, and nothing else.
pub async fn payments(url: &str, buyers: &[Payer], bought: &[String], stripe: &Stripe) -> Result<String> {
    let pool = PgPoolOptions::new().connect(url).await.context("no database")?;
    let mut granted = BTreeMap::new();
    for buyer in buyers {
        let WalletId { shard, number } = buyer.wallet;
        let orders: Vec<(String, String, Option<i64>)> =
            sqlx::query_as("SELECT id::text, status, entry_seq FROM payments WHERE shard = $1 AND wallet_id = $2")
                .bind(shard.as_i16())
                .bind(number)
                .fetch_all(&pool)
                .await?;
        for (order, status, entry) in orders {
            ensure!(entry.is_some(), "order {order} is {status} and brought no credits");
            granted.insert(order, 1_usize);
        }
    }
    let mut taken = stripe.taken().await?;
    taken.retain(|order, count| granted.contains_key(order) || *count > 1);
    ensure!(taken == granted, "money was taken for {taken:?}, and credits were added for {granted:?}");
    ensure!(granted.len() == bought.len(), "{} orders were paid, buyers know {}", granted.len(), bought.len());
    if let Some(other) = bought.iter().find(|order| !granted.contains_key(order.as_str())) {
        bail!("a buyer knows order {other}, and nobody else does");
    }
    Ok(format!("{} orders paid, each charged once and granted once", bought.len()))
}

/// Runs `scrip verify`.
pub fn invariants(plan: &Plan) -> Result<()> {
    let output = Command::new(&plan.server).arg("verify").env("DATABASE_URL", &plan.url).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() { Ok(()) } else { bail!("`scrip verify` found breaches:\n{text}") }
}

/// Asks for a mail on each node, and waits until somebody's jobs have sent it: they, too, must have come back.
pub async fn jobs_work(nodes: &[Node]) -> Result<String> {
    let asked_at = Instant::now();
    let before = mails(nodes);
    for (number, node) in nodes.iter().enumerate() {
        let body = format!("email={}", email(number).replace('@', "%40"));
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")];
        let request = Request::new("POST", "/forgot", &headers, &body);
        let answer = Connection::open(node.port(), ANSWER_LIMIT).await?.send(&request).await?;
        ensure!(answer.status == 200, "a form was answered with {}", answer.status);
    }
    while mails(nodes) < before + nodes.len() {
        if asked_at.elapsed() > TIMEOUT {
            bail!("jobs do not run any more: no mail in {} s", TIMEOUT.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(format!("jobs send mails after {} ms", asked_at.elapsed().as_millis()))
}

/// Counts the mails of all nodes: any node's jobs may send one.
fn mails(nodes: &[Node]) -> usize {
    let count = |node: &Node| std::fs::read_dir(node.mails()).map_or(0, Iterator::count);
    nodes.iter().map(count).sum()
}
