//! Calls of the running minute, counted across nodes.

use sqlx::PgPool;
use uuid::Uuid;

use crate::error::Result;
use crate::id::KeyId;
use crate::identity::model::key::RateCount;

/// Writes a node's counts of a minute, and reads what the other nodes have counted of the same.
pub(crate) async fn share(pool: &PgPool, node: Uuid, minute: i64, counts: &[RateCount]) -> Result<Vec<RateCount>> {
    let keys: Vec<Uuid> = counts.iter().map(|count| count.key.uuid()).collect();
    let writes: Vec<bool> = counts.iter().map(|count| count.is_write).collect();
    let used: Vec<i64> = counts.iter().map(|count| i64::from(count.used)).collect();
    let rows = sqlx::query!(
        r#"WITH told AS (
               INSERT INTO rate_counts (key_id, is_write, minute, node, used)
               SELECT key_id, is_write, $2, $1, used
               FROM unnest($3::uuid[], $4::boolean[], $5::bigint[]) AS own (key_id, is_write, used)
               ON CONFLICT ON CONSTRAINT rate_counts_pk DO UPDATE
               SET used = excluded.used
           )
           SELECT other.key_id, other.is_write, sum(other.used)::bigint AS "used!"
           FROM unnest($3::uuid[], $4::boolean[]) AS own (key_id, is_write)
           JOIN rate_counts AS other
             ON other.key_id = own.key_id AND other.is_write = own.is_write AND other.minute = $2
           WHERE other.node <> $1
           GROUP BY other.key_id, other.is_write"#,
        node,
        minute,
        &keys,
        &writes,
        &used
    )
    .fetch_all(pool)
    .await?;
    let count = |(key, is_write, used)| RateCount {
        key: KeyId::from_uuid(key),
        is_write,
        used: u32::try_from(used).unwrap_or(u32::MAX),
    };
    Ok(rows.into_iter().map(|row| count((row.key_id, row.is_write, row.used))).collect())
}

/// Removes what was counted before a minute.
pub(crate) async fn sweep(pool: &PgPool, minute: i64) -> Result<u64> {
    Ok(sqlx::query!("DELETE FROM rate_counts WHERE minute < $1", minute).execute(pool).await?.rows_affected())
}
