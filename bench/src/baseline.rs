//! The baseline, the usual way: one transaction a charge, with the wallet's row locked from its beginning to its end.
//!
//! Same rules as the ledger's core (grants in order, idempotency, running balance), without receipts, hashes and
//! budgets.

use anyhow::{Context, Result};
use sqlx::{Connection as _, PgConnection, PgPool};

/// Tables of its own, in the shape of the ledger's.
const TABLES: &str = "
DROP TABLE IF EXISTS baseline_wallets, baseline_grants, baseline_entries, baseline_allocations;
CREATE TABLE baseline_wallets (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0), seq bigint NOT NULL)
    WITH (fillfactor = 90);
CREATE TABLE baseline_grants (id bigint PRIMARY KEY, wallet_id bigint NOT NULL, remaining bigint NOT NULL
    CHECK (remaining >= 0), open boolean NOT NULL) WITH (fillfactor = 90);
CREATE INDEX baseline_grants_index ON baseline_grants (wallet_id) WHERE open;
CREATE TABLE baseline_entries (wallet_id bigint, seq bigint, amount bigint NOT NULL, balance_after bigint NOT NULL,
    idempotency_key text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (wallet_id, seq),
    UNIQUE (wallet_id, idempotency_key));
CREATE TABLE baseline_allocations (wallet_id bigint, seq bigint, grant_id bigint, amount bigint NOT NULL,
    PRIMARY KEY (wallet_id, seq, grant_id));
INSERT INTO baseline_wallets VALUES (1, 1000000000000, 0);
INSERT INTO baseline_grants VALUES (1, 1, 1000000000000, true);
";

/// Makes the tables, with one wallet.
pub async fn prepare(pool: &PgPool) -> Result<()> {
    sqlx::raw_sql(TABLES).execute(pool).await?;
    Ok(())
}

/// Takes one credit from the wallet.
pub async fn charge(pool: &PgPool, key: &str) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let (balance, seq) = lock(&mut tx).await?;
    let known: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM baseline_entries WHERE wallet_id = 1 AND idempotency_key = $1")
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?;
    if known.is_some() {
        return Ok(());
    }
    let (grant, remaining): (i64, i64) =
        sqlx::query_as("SELECT id, remaining FROM baseline_grants WHERE wallet_id = 1 AND open ORDER BY id LIMIT 1")
            .fetch_one(&mut *tx)
            .await?;
    let balance = balance.checked_sub(1).context("the wallet is empty")?;
    sqlx::query("UPDATE baseline_grants SET remaining = $2, open = $2 > 0 WHERE id = $1")
        .bind(grant)
        .bind(remaining - 1)
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE baseline_wallets SET balance = $1, seq = $2 WHERE id = 1")
        .bind(balance)
        .bind(seq + 1)
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO baseline_entries VALUES (1, $1, -1, $2, $3)")
        .bind(seq + 1)
        .bind(balance)
        .bind(key)
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO baseline_allocations VALUES (1, $1, $2, 1)")
        .bind(seq + 1)
        .bind(grant)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

async fn lock(connection: &mut PgConnection) -> Result<(i64, i64)> {
    Ok(sqlx::query_as("SELECT balance, seq FROM baseline_wallets WHERE id = 1 FOR UPDATE")
        .fetch_one(connection)
        .await?)
}
