//! Service keys.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::Result;
use crate::id::{AccountId, ProjectId, ServiceKeyId, Shard, WalletId};
use crate::identity::model::key::Environment;
use crate::identity::model::service_key::ServiceKeyView;

/// A working key: what it may do, and the hash that proves it.
pub(crate) struct WorkingRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) key_hash: Vec<u8>,
    pub(crate) scopes: Vec<String>,
}

/// Adds a key; `false` where its id or its name is there already.
pub(crate) async fn insert(connection: &mut PgConnection, key: &ServiceKeyView, hash: &[u8; 32]) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO service_keys (id, name, key_hash, hint, scopes, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING",
        key.id.uuid(),
        key.name,
        &hash[..],
        key.hint,
        &key.scopes,
        key.created_by,
        key.created_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts the working keys.
pub(crate) async fn count_working(connection: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM service_keys WHERE revoked_at IS NULL"#)
        .fetch_one(connection)
        .await?)
}

/// Lists keys, working ones first, then newest first.
pub(crate) async fn list(pool: &PgPool, limit: i64) -> Result<Vec<ServiceKeyView>> {
    let rows = sqlx::query!(
        "SELECT id, name, scopes, hint, created_by, created_at, last_used_at, revoked_at
         FROM service_keys
         ORDER BY revoked_at IS NOT NULL, created_at DESC, id DESC
         LIMIT $1",
        limit
    )
    .fetch_all(pool)
    .await?;
    let views = rows.into_iter().map(|row| ServiceKeyView {
        id: ServiceKeyId::from_uuid(row.id),
        name: row.name,
        scopes: row.scopes,
        hint: row.hint,
        created_by: row.created_by,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    });
    Ok(views.collect())
}

/// Reads all working keys.
pub(crate) async fn working(pool: &PgPool) -> Result<Vec<WorkingRow>> {
    let rows =
        sqlx::query_as!(WorkingRow, "SELECT id, name, key_hash, scopes FROM service_keys WHERE revoked_at IS NULL");
    Ok(rows.fetch_all(pool).await?)
}

/// Revokes a key by its name, and gives its id and whether it worked until now; `None` where there is no such key. A
/// repeat keeps the first time.
pub(crate) async fn revoke(
    connection: &mut PgConnection,
    name: &str,
    at: DateTime<Utc>,
) -> Result<Option<(ServiceKeyId, bool)>> {
    let row = sqlx::query!(
        r#"UPDATE service_keys AS changed
           SET revoked_at = coalesce(changed.revoked_at, $2)
           FROM (SELECT id, revoked_at FROM service_keys WHERE name = $1 FOR UPDATE) AS before
           WHERE changed.id = before.id
           RETURNING changed.id, before.revoked_at IS NULL AS "first!""#,
        name,
        at
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (ServiceKeyId::from_uuid(row.id), row.first)))
}

/// Writes down when keys were last used; a later time stays.
pub(crate) async fn touch(pool: &PgPool, used: &[(ServiceKeyId, DateTime<Utc>)]) -> Result<()> {
    let ids: Vec<Uuid> = used.iter().map(|(id, _)| id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = used.iter().map(|(_, at)| *at).collect();
    sqlx::query!(
        "UPDATE service_keys
         SET last_used_at = greatest(service_keys.last_used_at, used.at)
         FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
         WHERE service_keys.id = used.id",
        &ids,
        &times
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Finds the wallet of an account's project and environment; `None` also where the project is another account's.
pub(crate) async fn wallet_at(
    pool: &PgPool,
    account: AccountId,
    project: ProjectId,
    environment: Environment,
) -> Result<Option<WalletId>> {
    let row = sqlx::query!(
        "SELECT shard, wallet_id
         FROM wallet_directory
         WHERE project_id = $1
           AND environment = $2
           AND account_id = $3",
        project.uuid(),
        environment.code(),
        account.uuid()
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id }))
}
