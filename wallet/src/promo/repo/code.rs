//! Redemption codes and their batches.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::{Error, Result};
use crate::id::{AccountId, CodeBatchId, UserId, WalletId};
use crate::money::Credits;
use crate::promo::model::{CodeBatchView, NewCodeBatch};
use crate::promo::rule::CodeStanding;

/// A code as stored, with what its batch says.
#[derive(Clone, Debug)]
pub(crate) struct CodeRow {
    pub(crate) batch: CodeBatchId,
    pub(crate) number: i32,
    pub(crate) label: String,
    pub(crate) credits: Credits,
    pub(crate) grant_days: Option<i32>,
    pub(crate) standing: CodeStanding,
    /// When it was redeemed.
    pub(crate) redeemed_at: Option<DateTime<Utc>>,
    /// Who has redeemed it, and by which form or call.
    pub(crate) redeemed_by: Option<(AccountId, String)>,
    pub(crate) entry_seq: Option<i64>,
}

/// A code that is being redeemed.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) batch: CodeBatchId,
    pub(crate) number: i32,
    pub(crate) per_account: u32,
    pub(crate) account: AccountId,
    pub(crate) user: Option<UserId>,
    pub(crate) wallet: WalletId,
    pub(crate) request_key: String,
}

/// Adds a batch with the hashes of its codes, numbered from 1.
pub(crate) async fn insert_batch(
    connection: &mut PgConnection,
    id: CodeBatchId,
    (new, made_by): (&NewCodeBatch, &str),
    hashes: &[Vec<u8>],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO code_batches (id, label, credits, codes, per_account, expires_at, grant_days, made_by, reason,
                                   created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id.uuid(),
        new.label,
        new.credits.micros(),
        number(new.count)?,
        number(new.per_account)?,
        new.expires_at,
        new.grant_days.map(i32::from),
        made_by,
        new.reason,
        now
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO redemption_codes (batch_id, number, hash)
         SELECT $1, number, hash
         FROM unnest($2::bytea[]) WITH ORDINALITY AS codes (hash, number)",
        id.uuid(),
        hashes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lists batches, newest first; or the one of an id.
pub(crate) async fn batches(pool: &PgPool, id: Option<CodeBatchId>, limit: i64) -> Result<Vec<CodeBatchView>> {
    let rows = sqlx::query!(
        r#"SELECT b.id, b.label, b.credits, b.codes, b.per_account, b.expires_at, b.grant_days, b.made_by, b.created_at,
                  b.withdrawn_at, c.redeemed AS "redeemed!", c.withdrawn AS "withdrawn!"
           FROM code_batches AS b
           CROSS JOIN LATERAL (
               SELECT count(redeemed_at) AS redeemed,
                      count(withdrawn_at) FILTER (WHERE redeemed_at IS NULL) AS withdrawn
               FROM redemption_codes
               WHERE batch_id = b.id
           ) AS c
           WHERE $1::uuid IS NULL OR b.id = $1
           ORDER BY b.created_at DESC, b.id DESC
           LIMIT $2"#,
        id.map(CodeBatchId::uuid),
        limit
    )
    .fetch_all(pool)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(CodeBatchView {
            id: CodeBatchId::from_uuid(row.id),
            label: row.label,
            credits: Credits::from_micros(row.credits),
            count: count(row.codes)?,
            redeemed: u32::try_from(row.redeemed).map_err(Error::internal)?,
            withdrawn: u32::try_from(row.withdrawn).map_err(Error::internal)?,
            per_account: count(row.per_account)?,
            expires_at: row.expires_at,
            grant_days: row.grant_days.map(u16::try_from).transpose().map_err(Error::internal)?,
            made_by: row.made_by,
            created_at: row.created_at,
            withdrawn_at: row.withdrawn_at,
        })
    });
    read.collect()
}

/// Withdraws a batch; `false` where it was withdrawn before.
pub(crate) async fn withdraw_batch(
    connection: &mut PgConnection,
    id: CodeBatchId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE code_batches SET withdrawn_at = $2, withdrawn_by = $3 WHERE id = $1 AND withdrawn_at IS NULL",
        id.uuid(),
        now,
        by
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Withdraws one code; `false` where it was redeemed or withdrawn before, or is not there.
pub(crate) async fn withdraw_code(
    connection: &mut PgConnection,
    (batch, number): (CodeBatchId, i32),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE redemption_codes
         SET withdrawn_at = $3
         WHERE batch_id = $1
           AND number = $2
           AND redeemed_at IS NULL
           AND withdrawn_at IS NULL",
        batch.uuid(),
        number,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Says whether a code was redeemed.
pub(crate) async fn is_redeemed(connection: &mut PgConnection, (batch, number): (CodeBatchId, i32)) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM redemption_codes WHERE batch_id = $1 AND number = $2 AND redeemed_at IS NOT NULL
           ) AS "found!""#,
        batch.uuid(),
        number
    );
    Ok(found.fetch_one(connection).await?)
}

/// Finds a code by its hash, as it stands for an account.
pub(crate) async fn find(pool: &PgPool, hash: &[u8; 32], account: AccountId) -> Result<Option<CodeRow>> {
    let row = sqlx::query!(
        r#"SELECT c.batch_id, c.number, b.label, b.credits, b.grant_days, b.per_account, b.expires_at,
                  (c.withdrawn_at IS NOT NULL OR b.withdrawn_at IS NOT NULL) AS "is_withdrawn!",
                  c.redeemed_at, c.account_id, c.request_key, c.entry_seq,
                  coalesce(u.used, 0) AS "used!"
           FROM redemption_codes AS c
           JOIN code_batches AS b ON b.id = c.batch_id
           LEFT JOIN code_uses AS u ON u.batch_id = c.batch_id AND u.account_id = $2
           WHERE c.hash = $1"#,
        &hash[..],
        account.uuid()
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(CodeRow {
            batch: CodeBatchId::from_uuid(row.batch_id),
            number: row.number,
            label: row.label,
            credits: Credits::from_micros(row.credits),
            grant_days: row.grant_days,
            standing: CodeStanding {
                is_redeemed: row.entry_seq.is_some(),
                is_withdrawn: row.is_withdrawn,
                expires_at: row.expires_at,
                used: count(row.used)?,
                per_account: count(row.per_account)?,
            },
            redeemed_at: row.redeemed_at,
            redeemed_by: row.account_id.map(AccountId::from_uuid).zip(row.request_key),
            entry_seq: row.entry_seq,
        })
    })
    .transpose()
}

/// Gives the hash of the code that an account's form or call has redeemed.
pub(crate) async fn redeemed_with(pool: &PgPool, account: AccountId, request_key: &str) -> Result<Option<Vec<u8>>> {
    let hash = sqlx::query_scalar!(
        "SELECT hash FROM redemption_codes WHERE account_id = $1 AND request_key = $2 AND redeemed_at IS NOT NULL",
        account.uuid(),
        request_key
    );
    Ok(hash.fetch_optional(pool).await?)
}

/// Claims a code in the transaction of its grant, and counts it for its account; `false` where it can't be redeemed any
/// more, or not by this account.
pub(crate) async fn claim(
    connection: &mut PgConnection,
    claim: &Claim,
    entry_seq: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE redemption_codes AS c
         SET redeemed_at = $8,
             account_id = $3,
             user_id = $4,
             request_key = $5,
             shard = $6,
             wallet_id = $7,
             entry_seq = $9
         FROM code_batches AS b
         WHERE c.batch_id = $1
           AND c.number = $2
           AND c.redeemed_at IS NULL
           AND c.withdrawn_at IS NULL
           AND b.id = c.batch_id
           AND b.withdrawn_at IS NULL
           AND b.expires_at > $8",
        claim.batch.uuid(),
        claim.number,
        claim.account.uuid(),
        claim.user.map(UserId::uuid),
        claim.request_key,
        claim.wallet.shard.as_i16(),
        claim.wallet.number,
        now,
        entry_seq
    )
    .execute(&mut *connection)
    .await;
    match done {
        Ok(done) if done.rows_affected() == 1 => {}
        Ok(_) => return Ok(false),
        // The form has redeemed another code meanwhile.
        Err(error) if constraint(&error) == Some("redemption_codes_key_unique") => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let counted = sqlx::query!(
        "INSERT INTO code_uses AS u (batch_id, account_id, used)
         VALUES ($1, $2, 1)
         ON CONFLICT ON CONSTRAINT code_uses_pk DO UPDATE
         SET used = u.used + 1
         WHERE u.used < $3",
        claim.batch.uuid(),
        claim.account.uuid(),
        number(claim.per_account)?
    );
    Ok(counted.execute(connection).await?.rows_affected() == 1)
}

fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|error| error.constraint())
}

fn number(count: u32) -> Result<i32> {
    i32::try_from(count).map_err(Error::internal)
}

fn count(number: i32) -> Result<u32> {
    u32::try_from(number).map_err(Error::internal)
}
