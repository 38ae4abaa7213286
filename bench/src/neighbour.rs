//! One account that reads a very large wallet without end, and another one that charges beside it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use wallet::Wallet;
use wallet::identity::Viewer;

use crate::Plan;
use crate::growth::fill;
use crate::http::{Ask, Server};
use crate::report::Report;
use crate::resource_usage::ResourceUsage;
use crate::sample::{Sample, milliseconds};
use crate::seed;

/// Rows of the large wallet, at most.
const ROWS: u64 = 1_000_000;
/// The reader's connections: as many as its queue has places.
const READERS: usize = 20;
/// The neighbour's connections, and how long each waits between two charges: a busy platform, not a full machine.
const CHARGERS: usize = 8;
/// How long each of them waits.
const PAUSE: Duration = Duration::from_millis(10);
/// What is read: sums by the groups that people look at, and a search for what is not there.
const READS: [(&str, &str); 3] = [
    ("usage by day and operation", "/api/v2/usage?group_by=day,operation"),
    ("usage by day, operation and customer", "/api/v2/usage?group_by=day,operation,metadata.customer_id"),
    ("a search for what is not there", "/api/v2/ledger?operation=nothing"),
];

/// Fills a wallet, and measures its reads alone and a neighbour's charges without and with them.
pub async fn measure(
    plan: &Plan,
    wallet: &Wallet,
    url: &str,
    owner: &Viewer,
    usage: &ResourceUsage,
    report: &mut Report,
) -> Result<()> {
    let rows = plan.entries.min(ROWS);
    let mut payers = seed::payers(wallet, owner, 2).await?.into_iter();
    let (large, neighbour) = (payers.next().context("no wallet")?, payers.next().context("no wallet")?);
    println!("Charging the wallet that is read {rows} times …");
    fill(wallet, large.wallet, rows).await?;
    wallet.ledger().sum_usage_of(large.wallet).await?;
    let server = Server::start(&plan.server, url, &plan.folder).await?;
    let (reader, charger) = (Arc::new(vec![large.key.clone()]), Arc::new(vec![neighbour.key.clone()]));
    let price = json!({ "operation": seed::OPERATION, "params": seed::params() }).to_string();
    let charge = Ask { body: price, pause: PAUSE, ..Ask::post("/api/v2/charges", 201) };
    let name = format!("POST /charges of a neighbour, alone, {CHARGERS} connections");
    let alone = report.add(server.load(&name, CHARGERS, &charger, &charge, plan.window, usage).await?);
    for (what, path) in READS {
        let read = Ask::get(path);
        let name = format!("{what}, {rows} rows, one caller");
        let own = report.add(server.load(&name, 1, &reader, &read, plan.window, usage).await?);
        report.at_most(&format!("p99 of {what}, {rows} rows, ms"), milliseconds(own.p99), 300.0, 100.0);
        let (reads, name) = (format!("{what}, {READERS} at once"), format!("POST /charges beside {what}"));
        let (reads, charges) = tokio::try_join!(
            server.load(&reads, READERS, &reader, &read, plan.window, usage),
            server.load(&name, CHARGERS, &charger, &charge, plan.window, usage),
        )?;
        report.add(reads);
        let charges = report.add(charges);
        report.at_most(&format!("p99 of a neighbour's charges beside {what} / alone"), p99(&charges, &alone), 1.5, 1.1);
    }
    Ok(())
}

fn p99(of: &Sample, to: &Sample) -> f64 {
    of.p99.as_secs_f64() / to.p99.as_secs_f64()
}
