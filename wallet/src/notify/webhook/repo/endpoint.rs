//! Endpoints: who wants to be told, where, and with which secret.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::super::{Endpoint, EventKind, NewEndpoint};
use crate::error::Result;
use crate::id::{AccountId, Shard, WalletId};
use crate::idempotency::IdempotencyKey;

struct EndpointRow {
    id: Uuid,
    url: String,
    description: String,
    events: Vec<String>,
    old_secret_until: Option<DateTime<Utc>>,
    disabled_at: Option<DateTime<Utc>>,
    disabled_why: Option<String>,
    failing_since: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    is_slack: bool,
}

impl From<EndpointRow> for Endpoint {
    fn from(row: EndpointRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            events: row.events.iter().filter_map(|code| EventKind::from_code(code)).collect(),
            is_slack: row.is_slack,
            old_secret_until: row.old_secret_until,
            disabled: row.disabled_at.zip(row.disabled_why),
            failing_since: row.failing_since,
            created_at: row.created_at,
        }
    }
}

/// Locks the account of a wallet, so that endpoints of it are made one after the other, and counts the wallet's.
pub(in crate::notify::webhook) async fn lock_and_count(
    connection: &mut PgConnection,
    wallet: WalletId,
) -> Result<usize> {
    // The endpoints themselves would not do: where there is none, nothing would be locked.
    sqlx::query!(
        "SELECT a.id
         FROM wallets AS w
         JOIN accounts AS a ON a.id = w.account_id
         WHERE w.shard = $1 AND w.wallet_id = $2
         FOR NO KEY UPDATE OF a",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(&mut *connection)
    .await?;
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM webhook_endpoints WHERE shard = $1 AND wallet_id = $2"#,
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_one(connection)
    .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Adds an endpoint; it hears of what comes from now on. `false` where there is no such wallet, or the endpoint.
pub(in crate::notify::webhook) async fn insert(
    connection: &mut PgConnection,
    wallet: WalletId,
    id: Uuid,
    new: &NewEndpoint,
    secret: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let events: Vec<String> = new.events.iter().map(|event| event.code().to_owned()).collect();
    let done = sqlx::query!(
        "INSERT INTO webhook_endpoints
             (id, account_id, shard, wallet_id, url, description, events, secret, told_seq, created_at, is_slack)
         SELECT $3, account_id, shard, wallet_id, $4, $5, $6, $7, seq, $8, $9
         FROM wallets
         WHERE shard = $1 AND wallet_id = $2
         ON CONFLICT (id) DO NOTHING",
        wallet.shard.as_i16(),
        wallet.number,
        id,
        new.url,
        new.description,
        &events,
        secret,
        at,
        new.is_slack
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists a wallet's endpoints, oldest first.
pub(in crate::notify::webhook) async fn list(pool: &PgPool, wallet: WalletId) -> Result<Vec<Endpoint>> {
    let rows = sqlx::query_as!(
        EndpointRow,
        r#"SELECT id, url, description, events, disabled_at, disabled_why, failing_since, created_at, is_slack,
                (SELECT max(signs_until) FROM webhook_rotations WHERE endpoint_id = id) AS "old_secret_until?"
         FROM webhook_endpoints
         WHERE shard = $1 AND wallet_id = $2
         ORDER BY id"#,
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Endpoint::from).collect())
}

/// Reads a wallet's endpoint with its secret.
pub(in crate::notify::webhook) async fn one(
    connection: &mut PgConnection,
    wallet: WalletId,
    id: Uuid,
) -> Result<Option<(Endpoint, String)>> {
    let row = sqlx::query!(
        r#"SELECT id, url, description, events, disabled_at, disabled_why, failing_since, created_at, is_slack, secret,
                (SELECT max(signs_until) FROM webhook_rotations WHERE endpoint_id = id) AS "old_secret_until?"
         FROM webhook_endpoints
         WHERE shard = $1 AND wallet_id = $2 AND id = $3
         FOR UPDATE"#,
        wallet.shard.as_i16(),
        wallet.number,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| {
        let endpoint = EndpointRow {
            id: row.id,
            url: row.url,
            description: row.description,
            events: row.events,
            old_secret_until: row.old_secret_until,
            disabled_at: row.disabled_at,
            disabled_why: row.disabled_why,
            failing_since: row.failing_since,
            created_at: row.created_at,
            is_slack: row.is_slack,
        };
        (endpoint.into(), row.secret)
    }))
}

/// Says whether a request has rotated an endpoint's secret already.
pub(in crate::notify::webhook) async fn is_rotated_by(
    connection: &mut PgConnection,
    id: Uuid,
    key: &IdempotencyKey,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM webhook_rotations WHERE endpoint_id = $1 AND key = $2) AS "known!""#,
        id,
        key.as_str()
    )
    .fetch_one(connection)
    .await?)
}

/// Counts the secrets of before that still sign.
pub(in crate::notify::webhook) async fn count_old(
    connection: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM webhook_rotations WHERE endpoint_id = $1 AND signs_until > $2"#,
        id,
        now
    )
    .fetch_one(connection)
    .await?)
}

/// Gives an endpoint a new secret; the one before signs beside it until its time is over, and so do older ones.
pub(in crate::notify::webhook) async fn rotate(
    connection: &mut PgConnection,
    id: Uuid,
    key: &IdempotencyKey,
    secret: &str,
    old_until: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO webhook_rotations (endpoint_id, key, old_secret, signs_until)
         SELECT id, $2, secret, $3
         FROM webhook_endpoints
         WHERE id = $1",
        id,
        key.as_str(),
        old_until
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("UPDATE webhook_endpoints SET secret = $2 WHERE id = $1", id, secret).execute(connection).await?;
    Ok(())
}

/// Removes secrets that have not signed for long; says how many.
pub(in crate::notify::webhook) async fn sweep_old(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM webhook_rotations WHERE signs_until < $1", before).execute(pool).await?;
    Ok(done.rows_affected())
}

/// Switches an endpoint off; `false` where it was off, or is gone.
pub(in crate::notify::webhook) async fn disable(
    connection: &mut PgConnection,
    id: Uuid,
    why: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE webhook_endpoints SET disabled_at = $2, disabled_why = $3 WHERE id = $1 AND disabled_at IS NULL",
        id,
        at,
        why
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a try tells of its endpoint.
pub(in crate::notify::webhook) struct Tried {
    pub(in crate::notify::webhook) is_taken: bool,
    pub(in crate::notify::webhook) is_slow: bool,
    pub(in crate::notify::webhook) paused_until: Option<DateTime<Utc>>,
}

/// Notes what a try tells of its endpoint, where that is new; says since when every try has failed.
pub(in crate::notify::webhook) async fn note_try(
    connection: &mut PgConnection,
    id: Uuid,
    tried: &Tried,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    sqlx::query!(
        "UPDATE webhook_endpoints
         SET is_slow = $2,
             failing_since = CASE WHEN $3 THEN NULL ELSE coalesce(failing_since, $4) END,
             failing_told_at = CASE WHEN $3 THEN NULL ELSE failing_told_at END,
             paused_until = coalesce($5, paused_until)
         WHERE id = $1
           AND (is_slow <> $2 OR (failing_since IS NULL) <> $3 OR $5::timestamptz IS NOT NULL)",
        id,
        tried.is_slow,
        tried.is_taken,
        at,
        tried.paused_until
    )
    .execute(&mut *connection)
    .await?;
    let since = sqlx::query_scalar!("SELECT failing_since FROM webhook_endpoints WHERE id = $1", id)
        .fetch_optional(connection)
        .await?;
    Ok(since.flatten())
}

/// Notes that the owner of an endpoint is told that it fails; `false` where that was noted since it began.
pub(in crate::notify::webhook) async fn note_failing(
    connection: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE webhook_endpoints SET failing_told_at = $2 WHERE id = $1 AND failing_told_at IS NULL",
        id,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Tells the account of an endpoint, and where it is.
pub(in crate::notify::webhook) async fn place(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<(AccountId, String)>> {
    let row = sqlx::query!("SELECT account_id, url FROM webhook_endpoints WHERE id = $1", id)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (AccountId::from_uuid(row.account_id), row.url)))
}

/// Names the owner of an endpoint's account, and its address: address, name, language, endpoint.
pub(in crate::notify::webhook) async fn owner(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<(String, String, String, String)>> {
    let row = sqlx::query!(
        "SELECT u.email, u.name, u.locale, e.url
         FROM webhook_endpoints AS e
         JOIN members AS m ON m.account_id = e.account_id AND m.role = 'owner'
         JOIN users AS u ON u.id = m.user_id
         WHERE e.id = $1",
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.email, row.name, row.locale, row.url)))
}

/// Switches all endpoints of an account off, and gives those that were on.
pub(in crate::notify::webhook) async fn disable_all(
    connection: &mut PgConnection,
    account: AccountId,
    why: &str,
    at: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "UPDATE webhook_endpoints
         SET disabled_at = $2, disabled_why = $3
         WHERE account_id = $1
           AND disabled_at IS NULL
         RETURNING id",
        account.uuid(),
        at,
        why
    )
    .fetch_all(connection)
    .await?)
}

/// Finds the account of a wallet.
pub(in crate::notify::webhook) async fn account_of(
    connection: &mut PgConnection,
    wallet: WalletId,
) -> Result<Option<AccountId>> {
    let account = sqlx::query_scalar!(
        "SELECT account_id FROM wallets WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    Ok(account.map(AccountId::from_uuid))
}

/// Switches an endpoint on again; what happened meanwhile is not told.
pub(in crate::notify::webhook) async fn enable(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_endpoints AS e
         SET disabled_at = NULL,
             disabled_why = NULL,
             is_slow = false,
             failing_since = NULL,
             failing_told_at = NULL,
             paused_until = NULL,
             told_seq = w.seq
         FROM wallets AS w
         WHERE e.id = $1 AND w.shard = e.shard AND w.wallet_id = e.wallet_id",
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes an endpoint with its log.
pub(in crate::notify::webhook) async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("DELETE FROM webhook_endpoints WHERE id = $1", id).execute(connection).await?;
    Ok(())
}

/// Gives the wallet of an endpoint; `None` where it was removed.
pub(in crate::notify::webhook) async fn wallet_of(pool: &PgPool, endpoint: Uuid) -> Result<Option<WalletId>> {
    let row = sqlx::query!("SELECT shard, wallet_id FROM webhook_endpoints WHERE id = $1", endpoint)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id }))
}
