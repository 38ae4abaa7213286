//! API keys.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{AccountId, KeyId, ProjectId, Shard, UserId, WalletId};
use crate::identity::model::key::{ApiKeyView, Environment};
use crate::money::Credits;

/// A key to store.
pub(crate) struct NewKeyRow<'a> {
    pub(crate) id: KeyId,
    pub(crate) account: AccountId,
    pub(crate) project: ProjectId,
    pub(crate) environment: Environment,
    pub(crate) name: &'a str,
    pub(crate) hash: [u8; 32],
    pub(crate) hint: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) ceiling: Option<Credits>,
    pub(crate) created_by: UserId,
    pub(crate) created_at: DateTime<Utc>,
}

/// What a right key opens.
pub(crate) struct AccessRow {
    pub(crate) id: KeyId,
    pub(crate) name: String,
    pub(crate) hash: Vec<u8>,
    pub(crate) account: AccountId,
    pub(crate) project: ProjectId,
    pub(crate) environment: Environment,
    pub(crate) wallet: WalletId,
    pub(crate) scopes: Vec<String>,
    pub(crate) ceiling: Option<Credits>,
}

fn environment(code: &str) -> Result<Environment> {
    Environment::from_code(code).ok_or_else(|| Error::internal("an environment that is not known"))
}

/// Adds a key; `false` where it is there already.
pub(crate) async fn insert(connection: &mut PgConnection, key: &NewKeyRow<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO api_keys (id, account_id, project_id, environment, name, key_hash, hint, scopes, ceiling,
                               created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT ON CONSTRAINT api_keys_pk DO NOTHING",
        key.id.uuid(),
        key.account.uuid(),
        key.project.uuid(),
        key.environment.code(),
        key.name,
        &key.hash[..],
        key.hint,
        key.scopes,
        key.ceiling.map(Credits::micros),
        key.created_by.uuid(),
        key.created_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts an account's working keys.
pub(crate) async fn count_working(connection: &mut PgConnection, account: AccountId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL"#,
        account.uuid()
    )
    .fetch_one(connection)
    .await?)
}

/// Lists an account's keys, working ones first, then newest first.
pub(crate) async fn list(pool: &PgPool, account: AccountId, limit: i64) -> Result<Vec<ApiKeyView>> {
    let rows = sqlx::query!(
        r#"SELECT api_keys.id, api_keys.name, api_keys.environment, api_keys.scopes, api_keys.ceiling, api_keys.hint,
                  coalesce(users.name, '') AS "created_by!", api_keys.created_at, api_keys.last_used_at,
                  api_keys.revoked_at
           FROM api_keys
           LEFT JOIN users ON users.id = api_keys.created_by
           WHERE api_keys.account_id = $1
           ORDER BY api_keys.revoked_at IS NOT NULL, api_keys.created_at DESC, api_keys.id DESC
           LIMIT $2"#,
        account.uuid(),
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ApiKeyView {
                id: KeyId::from_uuid(row.id),
                name: row.name,
                environment: environment(&row.environment)?,
                scopes: row.scopes,
                ceiling: row.ceiling.map(Credits::from_micros),
                hint: row.hint,
                created_by: row.created_by,
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                revoked_at: row.revoked_at,
            })
        })
        .collect()
}

/// Says whether a key was ever made.
pub(crate) async fn exists(pool: &PgPool, id: KeyId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM api_keys WHERE id = $1) AS "exists!""#, id.uuid())
        .fetch_one(pool)
        .await?)
}

/// Finds working keys by their ids. None works as long as the address of its account's owner is not proven.
pub(crate) async fn working(executor: impl PgExecutor<'_>, ids: &[KeyId]) -> Result<Vec<AccessRow>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT api_keys.id, api_keys.name, api_keys.key_hash, api_keys.account_id, api_keys.project_id,
                api_keys.environment, api_keys.scopes, api_keys.ceiling, directory.shard, directory.wallet_id
         FROM api_keys
         JOIN wallet_directory AS directory
           ON directory.project_id = api_keys.project_id AND directory.environment = api_keys.environment
         WHERE api_keys.id = ANY($1)
           AND api_keys.revoked_at IS NULL
           AND NOT EXISTS (
               SELECT
               FROM members
               JOIN users ON users.id = members.user_id
               WHERE members.account_id = api_keys.account_id
                 AND members.role = 'owner'
                 AND users.verified_at IS NULL
           )",
        &ids
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AccessRow {
                id: KeyId::from_uuid(row.id),
                name: row.name,
                hash: row.key_hash,
                account: AccountId::from_uuid(row.account_id),
                project: ProjectId::from_uuid(row.project_id),
                environment: environment(&row.environment)?,
                wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
                scopes: row.scopes,
                ceiling: row.ceiling.map(Credits::from_micros),
            })
        })
        .collect()
}

/// Lists the keys of an account that are not revoked, each with its wallet.
pub(crate) async fn of_account(
    connection: &mut PgConnection,
    account: AccountId,
) -> Result<Vec<(KeyId, String, WalletId)>> {
    let rows = sqlx::query!(
        "SELECT api_keys.id, api_keys.name, directory.shard, directory.wallet_id
         FROM api_keys
         JOIN wallet_directory AS directory
           ON directory.project_id = api_keys.project_id AND directory.environment = api_keys.environment
         WHERE api_keys.account_id = $1
           AND api_keys.revoked_at IS NULL
         ORDER BY directory.shard, directory.wallet_id, api_keys.id",
        account.uuid()
    )
    .fetch_all(connection)
    .await?;
    let wallet = |shard, number| WalletId { shard: Shard::from_i16(shard), number };
    Ok(rows.into_iter().map(|row| (KeyId::from_uuid(row.id), row.name, wallet(row.shard, row.wallet_id))).collect())
}

/// Revokes an account's key, and gives its name; `None` where there is no such key. A repeat keeps the first time.
pub(crate) async fn revoke(
    connection: &mut PgConnection,
    account: AccountId,
    id: KeyId,
    at: DateTime<Utc>,
) -> Result<Option<(String, String, bool)>> {
    let row = sqlx::query!(
        r#"UPDATE api_keys AS changed
           SET revoked_at = coalesce(changed.revoked_at, $3)
           FROM (SELECT id, revoked_at FROM api_keys WHERE id = $2 AND account_id = $1 FOR UPDATE) AS before
           WHERE changed.id = before.id
           RETURNING changed.name, changed.hint, before.revoked_at IS NULL AS "first!""#,
        account.uuid(),
        id.uuid(),
        at
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.name, row.hint, row.first)))
}

/// Lists the keys that were revoked since a time.
pub(crate) async fn revoked_since(pool: &PgPool, since: DateTime<Utc>) -> Result<Vec<KeyId>> {
    let ids = sqlx::query_scalar!("SELECT id FROM api_keys WHERE revoked_at >= $1", since).fetch_all(pool).await?;
    Ok(ids.into_iter().map(KeyId::from_uuid).collect())
}

/// Writes down when keys were last used; a later time stays.
pub(crate) async fn touch(pool: &PgPool, used: &[(KeyId, DateTime<Utc>)]) -> Result<()> {
    let ids: Vec<Uuid> = used.iter().map(|(id, _)| id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = used.iter().map(|(_, at)| *at).collect();
    sqlx::query!(
        "UPDATE api_keys
         SET last_used_at = greatest(api_keys.last_used_at, used.at)
         FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
         WHERE api_keys.id = used.id",
        &ids,
        &times
    )
    .execute(pool)
    .await?;
    Ok(())
}
