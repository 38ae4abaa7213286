//! Simulation of new prices over a million real charges: many operations, with and without params, of many accounts.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use wallet::db::JobQueue;
use wallet::id::UserId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Actor;
use wallet::money::Credits;
use wallet::tariff::Flat;
use wallet::tariff::{ChargeRequest, LineRequest, Rule};
use wallet::{Options, Wallet};

use crate::report::Report;
use crate::resource_usage::ResourceUsage;
use crate::sample::Sample;
use crate::{Plan, seed};

/// How many accounts pay, each from a wallet of its own.
const ACCOUNTS: usize = 1_000;
/// Who charges at once.
const CALLERS: u64 = 512;
/// Operations that have one price.
const FLAT: [&str; 8] = [
    "gpt-5",
    "gpt-5-nano",
    "gpt-5.2",
    "claude-sonnet-4.5",
    "claude-opus-4.5",
    "flux-1.1-pro",
    "nano-banana-pro",
    "elevenlabs-music",
];
/// Kinds of calls: the flat ones, two grids of prices, and two that are measured.
const KINDS: u64 = FLAT.len() as u64 + 4;
/// What the draft changes.
const CHANGED: [(&str, i64); 3] = [("gpt-5", 3), ("gpt-5.2", 3), ("flux-1.1-pro", 8)];

/// Charges through the door in a database of its own, then simulates a draft as the job does.
pub async fn measure(plan: &Plan, pool: &PgPool, usage: &ResourceUsage, report: &mut Report) -> Result<()> {
    let url = crate::fresh_database(pool, &plan.url, "scrip_bench_rehearsal").await?;
    let wallet = Wallet::connect(&url, Options { jobs: JobQueue::None, ..Options::default() }).await?;
    wallet.migrate().await?;
    let owner = seed::owner(&wallet).await?;
    println!("Charging {} times for a rehearsal …", plan.charges);
    let payers = Arc::new(seed::payers(&wallet, &owner, ACCOUNTS).await?);
    let started_at = Instant::now();
    fill(&wallet, &payers, plan.charges).await?;
    println!("That took {} s.", started_at.elapsed().as_secs());

    let staff = Actor::Staff { id: UserId::new(), name: "Bench".to_owned() };
    let tariffs = wallet.tariffs();
    let mut draft = tariffs.create_draft(&staff).await?;
    for (operation, price) in CHANGED {
        let rule = Rule::Flat(Flat { credits: Credits::from_whole(price).context("too much")? });
        draft = tariffs.set_rule(&staff, draft.version, draft.revision, operation, rule).await?;
    }
    usage.checkpoint().await?;
    let before = usage.read().await?;
    let started_at = Instant::now();
    tariffs.ask_simulation(&staff, draft.version).await?;
    tariffs.run_simulations(|_| ControlFlow::Continue(())).await?;
    let took = started_at.elapsed();
    let after = usage.read().await?;

    let found = tariffs.simulation(draft.version).await?.context("the simulation found nothing")?;
    ensure!(u64::try_from(found.charges)? == plan.charges, "{} charges were simulated", found.charges);
    ensure!(found.before != found.after && found.failing.is_empty(), "the draft changes nothing: {found:?}");
    let cost = usage.cost(&before, &after, usize::try_from(plan.charges)?);
    let mut sample = Sample::new("charges rated again by a rehearsal", 1, vec![took], took, cost);
    sample.per_second = plan.charges as f64 / took.as_secs_f64();
    let sample = report.add(sample);
    let work = format!("seconds for a rehearsal of a million charges ({} rated again)", plan.charges);
    report.at_most(&work, 1e6 / sample.per_second, 20.0, 10.0);
    wallet.shutdown().await;
    wallet.pool().close().await;
    sqlx::query("DROP DATABASE scrip_bench_rehearsal WITH (FORCE)").execute(pool).await?;
    Ok(())
}

/// Charges so many times by the price list, everybody in turn and everything in turn.
async fn fill(wallet: &Wallet, payers: &Arc<Vec<seed::Payer>>, charges: u64) -> Result<()> {
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let (wallet, payers) = (wallet.clone(), Arc::clone(payers));
        callers.spawn(async move {
            let mut number = caller;
            while number < charges {
                let payer = &payers[usize::try_from(number)? % payers.len()];
                let key = IdempotencyKey::parse(&format!("r{number}"))?;
                let request = ChargeRequest {
                    wallet: payer.wallet,
                    plan_rank: i32::MAX,
                    line: call(number),
                    quote: None,
                    metadata: Value::Null,
                };
                wallet.tariffs().charge(request, Actor::System { what: "bench".to_owned() }, key).await?;
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

/// The call of a number: measured ones have nearly as many inputs as there are calls of them.
fn call(number: u64) -> LineRequest {
    // Not in step with the payers: each of them calls everything.
    let kind = (number / 7 + number) % KINDS;
    let pick = |options: &[&str], by: u64| options[usize::try_from(by).unwrap_or(0) % options.len()].to_owned();
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let (operation, params) = match kind {
        8 => {
            let size = pick(&["1024x1024", "1024x1792", "1792x1024"], spread);
            ("dall-e-3", json!({ "size": size, "quality": pick(&["standard", "hd"], spread / 3) }))
        }
        9 => {
            let size = pick(&["1024x1024", "1024x1536", "1536x1024"], spread);
            ("gpt-image-1.5", json!({ "size": size, "quality": pick(&["low", "medium", "high"], spread / 3) }))
        }
        10 => ("openai-tts", json!({ "characters": 1 + spread % 20_000 })),
        11 => ("minimax-tts", json!({ "characters": 1 + spread % 20_000 })),
        flat => (FLAT[usize::try_from(flat).unwrap_or(0)], Value::Null),
    };
    let params = params.as_object().cloned().unwrap_or_else(Map::new);
    LineRequest { operation: operation.to_owned(), params, count: 1 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_calls_are_of_every_kind_and_hardly_two_measured_ones_are_alike() {
        let calls: Vec<LineRequest> = (0..12_000).map(call).collect();
        let operations: BTreeSet<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
        assert_eq!(operations.len(), FLAT.len() + 4);
        let measured = calls.iter().filter(|call| call.operation == "openai-tts");
        let measured: Vec<String> = measured.map(|call| call.params["characters"].to_string()).collect();
        let different: BTreeSet<&String> = measured.iter().collect();
        assert!(different.len() * 10 > measured.len() * 9, "{} of {}", different.len(), measured.len());
    }
}
