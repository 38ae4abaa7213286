//! Charges inside this process: one hot wallet, many wallets, holds, two nodes.

use std::sync::Arc;

use anyhow::Result;
use futures::future::BoxFuture;
use wallet::ledger::Receipt;
use wallet::{Options, Wallet};

use crate::load_loop::run_callers;
use crate::report::Report;
use crate::resource_usage::ResourceUsage;
use crate::sample::Sample;
use crate::seed::{self, Payer};
use crate::{Plan, Yardsticks};

/// The window in which every call sets credits aside, and then takes them.
const PAIRS: &str = "engine, hold and capture, one hot wallet, 256 callers";

/// Charges inside this process.
pub async fn engine(
    plan: &Plan,
    wallet: &Wallet,
    hot: &Payer,
    spread: &Arc<Vec<Payer>>,
    usage: &ResourceUsage,
    (yardsticks, baseline): (&Yardsticks, &Sample),
    report: &mut Report,
) -> Result<()> {
    let receipt = Arc::new(seed::receipt());
    let one = Arc::new(vec![hot.clone()]);
    let charges = |name: &'static str, callers: usize, payers: &Arc<Vec<Payer>>| {
        let call = charging(name, wallet, payers, &receipt, callers);
        run_callers(name, callers, plan.window, usage, call)
    };
    let hot_256 = report.add(charges("engine, one hot wallet, 256 callers", 256, &one).await?);
    let pairs = report.add(run_callers(PAIRS, 256, plan.window, usage, holding(wallet, hot, &receipt)).await?);
    // A machine is not as fast at one time as at another: pairs stand between two windows of what they are held
    // against.
    let hot_after = report.add(charges("engine, one hot wallet, 256 callers, after the pairs", 256, &one).await?);
    let spread_256 = report.add(charges("engine, many wallets, 256 callers", 256, spread).await?);
    let hot_32 = report.add(charges("engine, one hot wallet, 32 callers", 32, &one).await?);
    let single = report.add(charges("engine, one caller", 1, &one).await?);

    let sixteen = yardsticks.sixteen.as_ref();
    report.ratio("engine, one hot wallet, 256 callers / TPC-B at 16 clients", &hot_256, sixteen, 8.0, 15.0);
    report.ratio("the same / one transaction a charge, same wallet", &hot_256, Some(baseline), 30.0, 55.0);
    report.ratio(
        &format!("engine, {} wallets, 256 callers / TPC-B at 16", spread.len()),
        &spread_256,
        sixteen,
        6.0,
        12.0,
    );
    report.ratio("engine, one hot wallet, 32 callers / TPC-B at 32", &hot_32, yardsticks.thirty_two.as_ref(), 3.0, 6.5);
    report.ratio("engine, one caller / TPC-B at 1 client", &single, yardsticks.one.as_ref(), 1.0, 2.5);
    let around = hot_256.per_second.midpoint(hot_after.per_second);
    report.at_least("hold and capture pairs / charges before and after", pairs.per_second / around, 0.4, 0.5);
    report.at_most("WAL bytes a charge, one hot wallet", hot_256.cost.wal_bytes, 1300.0, 800.0);
    report.at_most("WAL bytes a charge, many wallets", spread_256.cost.wal_bytes, 1600.0, 1100.0);
    Ok(())
}

/// Callers that set credits aside and take them, each time with keys of their own.
fn holding(
    wallet: &Wallet,
    payer: &Payer,
    receipt: &Arc<Receipt>,
) -> impl Fn(usize, u64) -> BoxFuture<'static, Result<()>> + Send + Sync + use<> {
    let (wallet, payer, receipt) = (wallet.clone(), payer.wallet, Arc::clone(receipt));
    move |caller, number| {
        let (wallet, receipt, key) = (wallet.clone(), Arc::clone(&receipt), format!("hc{caller}-{number}"));
        Box::pin(async move { seed::hold_and_capture(&wallet, payer, &receipt, key).await })
    }
}

/// Callers that go round the payers, each charge with a key of its own.
pub fn charging(
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
pub async fn two_nodes(
    plan: &Plan,
    first: &Wallet,
    url: &str,
    spread: &Arc<Vec<Payer>>,
    usage: &ResourceUsage,
    report: &mut Report,
) -> Result<()> {
    let receipt = Arc::new(seed::receipt());
    let second = Wallet::connect(url, Options::default()).await?;
    let alone = charging("alone", first, spread, &receipt, 128);
    let alone =
        report.add(run_callers("engine, many wallets, one node, 128 callers", 128, plan.window, usage, alone).await?);
    let a = charging("nodea", first, spread, &receipt, 128);
    let b = charging("nodeb", &second, spread, &receipt, 128);
    let both = move |caller: usize, number: u64| {
        if caller.is_multiple_of(2) { a(caller / 2, number) } else { b(caller / 2, number) }
    };
    let both =
        report.add(run_callers("engine, many wallets, two nodes, 256 callers", 256, plan.window, usage, both).await?);
    report.ratio("two nodes on the same wallets, sum / one node", &both, Some(&alone), 0.6, 0.8);
    second.shutdown().await;
    Ok(())
}
