//! What each rule of the wallet costs: the same charges with and without it, in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::ledger::{BudgetPeriod, BudgetScope, Command, NewBudget, Receipt, Submission};
use wallet::ledger::{Hash, entry_hash};
use wallet::money::Credits;

use crate::Plan;
use crate::load_loop::run_callers;
use crate::report::Report;
use crate::resource_usage::ResourceUsage;
use crate::sample::Sample;
use crate::seed;

/// How many callers charge at once.
const CALLERS: usize = 256;
/// How often every variant is measured; the medians count.
const ROUNDS: usize = 3;
/// Rows that are copied to weigh the shard.
const ROWS: i64 = 100_000;

/// One way to charge.
#[derive(Clone)]
struct Variant {
    name: &'static str,
    wallet: WalletId,
    receipt: Arc<Receipt>,
    metadata: Value,
}

/// Measures every variant and notes what it costs.
pub async fn measure(
    plan: &Plan,
    wallet: &Wallet,
    owner: &Viewer,
    usage: &ResourceUsage,
    report: &mut Report,
) -> Result<()> {
    let variants = variants(wallet, owner).await?;
    let mut found: Vec<Vec<Sample>> = variants.iter().map(|_| Vec::new()).collect();
    println!("What each rule costs, one hot wallet, {CALLERS} callers, {ROUNDS} rounds …");
    for round in 0..ROUNDS {
        for (place, variant) in variants.iter().enumerate() {
            let sample = charge(plan, wallet, variant, round, usage).await?;
            found[place].push(sample);
        }
    }
    let medians: Vec<Sample> = found.into_iter().filter_map(median).map(|sample| report.add(sample)).collect();
    if let Some((bare, others)) = medians.split_first() {
        for other in others {
            report.notes.push(format!(
                "{}: {:.0} % of the rate of a bare charge, {:+.0} WAL bytes",
                other.name,
                100.0 * other.per_second / bare.per_second,
                other.cost.wal_bytes - bare.cost.wal_bytes
            ));
        }
    }
    report.notes.push(hashing(wallet, &variants).await?);
    report.notes.push(sharding(wallet.pool()).await?);
    report.notes.push("outbox: nothing, the ledger's rows are what others are told from".to_owned());
    Ok(())
}

/// A bare charge, and one rule more each.
async fn variants(wallet: &Wallet, owner: &Viewer) -> Result<Vec<Variant>> {
    let mut wallets = seed::payers(wallet, owner, 5).await?.into_iter().map(|payer| payer.wallet);
    let full = Arc::new(seed::receipt());
    let bare = Arc::new(Receipt::flat(seed::OPERATION, "DALL·E 3", full.total));
    let mut variant = |name, receipt: &Arc<Receipt>, metadata| -> Result<Variant> {
        let wallet = wallets.next().context("no wallet")?;
        Ok(Variant { name, wallet, receipt: Arc::clone(receipt), metadata })
    };
    let metadata = json!({
        "customer_id": "customer-4711", "request_id": "0193a1d2-7f5e-7c3a-9b1e-5d2f8c6a4b10", "feature": "illustration",
    });
    let variants = vec![
        variant("costs: a bare charge", &bare, Value::Null)?,
        variant("costs: with inputs and formula lines", &full, Value::Null)?,
        variant("costs: with 120 bytes of metadata", &bare, metadata)?,
        variant("costs: under three ceilings of its own", &bare, Value::Null)?,
        variant("costs: under three ceilings of its project", &bare, Value::Null)?,
    ];
    for (variant, scope) in variants.iter().skip(3).zip([BudgetScope::Environment, BudgetScope::Project]) {
        for period in [BudgetPeriod::Day, BudgetPeriod::Week, BudgetPeriod::Month] {
            let ceiling = Credits::from_whole(900_000_000).context("too much")?;
            let budget = NewBudget { name: format!("{period:?}"), scope: scope.clone(), period, ceiling };
            wallet.ledger().set_budget(variant.wallet, budget).await?;
        }
    }
    Ok(variants)
}

async fn charge(
    plan: &Plan,
    wallet: &Wallet,
    variant: &Variant,
    round: usize,
    usage: &ResourceUsage,
) -> Result<Sample> {
    let (wallet, charged) = (wallet.clone(), variant.clone());
    let call = move |caller: usize, number: u64| {
        let (wallet, variant) = (wallet.clone(), charged.clone());
        async move {
            let command = Command::Charge { receipt: (*variant.receipt).clone() };
            let key = IdempotencyKey::parse(&format!("c{round}-{caller}-{number}"))?;
            let actor = Actor::System { what: "bench".to_owned() };
            let submission = Submission::new(variant.wallet, key, actor, command).with_metadata(variant.metadata);
            wallet.ledger().submit(submission).await?;
            anyhow::Ok(())
        }
    };
    run_callers(variant.name, CALLERS, plan.window, usage, call).await
}

fn median(mut samples: Vec<Sample>) -> Option<Sample> {
    samples.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let middle = samples.len() / 2;
    samples.into_iter().nth(middle)
}

/// What one row's place in the chain costs this process.
async fn hashing(wallet: &Wallet, variants: &[Variant]) -> Result<String> {
    let full = variants.get(1).context("no variant")?;
    let (_, rows) = wallet.ledger().proof(full.wallet, 0, 1_000).await?;
    let entries: Vec<_> = rows.iter().filter_map(|row| row.entry(full.wallet)).collect();
    let started_at = Instant::now();
    let mut last = Hash::default();
    let mut times = 0_u32;
    while started_at.elapsed() < Duration::from_millis(500) {
        for entry in &entries {
            last = entry_hash(&last, entry);
            times += 1;
        }
    }
    let each = started_at.elapsed() / times.max(1);
    Ok(format!("hash chain: {} ns of this process a row, 32 bytes of it", each.as_nanos()))
}

/// What the shard in the keys costs PostgreSQL: the same rows into the same table with and without it.
async fn sharding(pool: &PgPool) -> Result<String> {
    const SETUP: [&str; 8] = [
        "DROP TABLE IF EXISTS bench_with, bench_without",
        "CREATE UNLOGGED TABLE bench_rows AS SELECT * FROM entries LIMIT 0",
        "CREATE TABLE bench_with (LIKE entries INCLUDING ALL)",
        "CREATE TABLE bench_without (LIKE entries INCLUDING CONSTRAINTS INCLUDING DEFAULTS)",
        "ALTER TABLE bench_without DROP COLUMN shard, ADD PRIMARY KEY (wallet_id, seq), ADD UNIQUE (wallet_id, idem_key)",
        "CREATE UNIQUE INDEX ON bench_without (wallet_id, refers_to) WHERE kind IN (4, 5, 6)",
        "CREATE INDEX ON bench_without (wallet_id, refers_to) WHERE refers_to IS NOT NULL AND kind NOT IN (4, 5, 6)",
        "CREATE INDEX ON bench_without (expires_at) WHERE expires_at IS NOT NULL",
    ];
    for statement in SETUP {
        sqlx::query(statement).execute(pool).await?;
    }
    sqlx::query("INSERT INTO bench_rows SELECT * FROM entries LIMIT $1").bind(ROWS).execute(pool).await?;
    let columns: String = sqlx::query_scalar(
        "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute \
         WHERE attrelid = 'bench_without'::regclass AND attnum > 0 AND NOT attisdropped",
    )
    .fetch_one(pool)
    .await?;
    let with = "INSERT INTO bench_with SELECT * FROM bench_rows".to_owned();
    let without = format!("INSERT INTO bench_without SELECT {columns} FROM bench_rows");
    let (mut with_times, mut without_times) = (Vec::new(), Vec::new());
    let (mut with_wal, mut without_wal) = (0, 0);
    for _ in 0..ROUNDS {
        for (statement, times, wal) in
            [(&with, &mut with_times, &mut with_wal), (&without, &mut without_times, &mut without_wal)]
        {
            sqlx::query("TRUNCATE bench_with, bench_without").execute(pool).await?;
            let before = lsn(pool).await?;
            let started_at = Instant::now();
            sqlx::query(sqlx::AssertSqlSafe(statement.as_str())).execute(pool).await?;
            times.push(started_at.elapsed());
            *wal = lsn(pool).await? - before;
        }
    }
    sqlx::query("DROP TABLE bench_with, bench_without, bench_rows").execute(pool).await?;
    with_times.sort_unstable();
    without_times.sort_unstable();
    let ratio = with_times[ROUNDS / 2].as_secs_f64() / without_times[ROUNDS / 2].as_secs_f64();
    Ok(format!(
        "shard in every key: inserting rows takes {ratio:.2} times as long, {:+.0} WAL bytes a row",
        (with_wal - without_wal) as f64 / ROWS as f64
    ))
}

async fn lsn(pool: &PgPool) -> Result<i64> {
    let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}
