//! A wallet with very many rows beside an empty one: its newest page and its balance.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use wallet::Wallet;
use wallet::id::WalletId;
use wallet::identity::Viewer;
use wallet::ledger::{EntryFilter, Page};

use crate::Plan;
use crate::report::Report;
use crate::resource_usage::ResourceUsage;
use crate::sample::{Cost, Sample};
use crate::seed;

/// Who fills the wallet.
const CALLERS: u64 = 512;
/// How often each wallet is read.
const READS: usize = 3_000;
/// Rows of a page, as the ledger's page shows them.
const PAGE: u16 = 50;

/// Fills a wallet through the door, row by row as in life, and reads it in turn with a new one.
pub async fn measure(
    plan: &Plan,
    wallet: &Wallet,
    owner: &Viewer,
    usage: &ResourceUsage,
    report: &mut Report,
) -> Result<()> {
    let mut made = seed::payers(wallet, owner, 3).await?.into_iter().map(|payer| payer.wallet);
    let mut next = || made.next().context("no wallet");
    let (empty, small, large) = (next()?, next()?, next()?);
    println!("Charging one wallet {} times …", plan.entries);
    let started_at = Instant::now();
    fill(wallet, small, u64::from(PAGE)).await?;
    fill(wallet, large, plan.entries).await?;
    let took = started_at.elapsed();
    println!("That took {} s.", took.as_secs());
    usage.checkpoint().await?;

    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for turn in 0..READS {
        for (place, id) in [empty, small, large].into_iter().enumerate() {
            let time = read(wallet, id).await?;
            // The first ones fill caches.
            if turn >= READS / 10 {
                times[place].push(time);
            }
        }
    }
    let names = ["an empty wallet", "a wallet of one page", "the large wallet"];
    let mut found = Vec::new();
    for (name, times) in names.into_iter().zip(times) {
        let window: Duration = times.iter().sum();
        let mut sample = Sample::new(&format!("newest page and balance of {name}"), 1, times, window, Cost::default());
        sample.cost.bound = "round trips to PostgreSQL".to_owned();
        found.push(report.add(sample));
    }
    if let [empty, small, large] = found.as_slice() {
        let rows = plan.entries;
        let over = |other: &Sample| large.p50.as_secs_f64() / other.p50.as_secs_f64();
        report.at_most(&format!("{rows} rows: newest page and balance / an empty wallet's"), over(empty), 1.5, 1.1);
        report.at_most(&format!("{rows} rows: the same / a wallet's of {PAGE} rows"), over(small), 1.5, 1.1);
    }
    Ok(())
}

/// Charges a wallet so many times.
pub async fn fill(wallet: &Wallet, id: WalletId, rows: u64) -> Result<()> {
    let receipt = Arc::new(seed::receipt());
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let (wallet, receipt) = (wallet.clone(), Arc::clone(&receipt));
        callers.spawn(async move {
            let mut number = caller;
            while number < rows {
                seed::charge(&wallet, id, &receipt, format!("fill-{number}")).await?;
                number += CALLERS;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(())
}

/// Reads what the ledger's page shows first.
async fn read(wallet: &Wallet, id: WalletId) -> Result<Duration> {
    let started_at = Instant::now();
    let page = Page { before: None, limit: PAGE };
    wallet.ledger().balance(id).await?;
    wallet.ledger().entries(id, &EntryFilter::default(), page).await?;
    Ok(started_at.elapsed())
}
