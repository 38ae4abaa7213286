//! Notices that endpoints are told of.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::super::EventKind;
use super::Form;
use crate::error::Result;
use crate::id::{Shard, WalletId};

/// A notice that was not queued yet, with the endpoints that listen.
pub(in crate::notify::webhook) struct NewNotice {
    pub(in crate::notify::webhook) id: Uuid,
    pub(in crate::notify::webhook) wallet: WalletId,
    pub(in crate::notify::webhook) data: Value,
    pub(in crate::notify::webhook) at: DateTime<Utc>,
    pub(in crate::notify::webhook) endpoints: Vec<(Uuid, Form)>,
}

/// Adds a notice.
pub(in crate::notify::webhook) async fn insert(
    connection: &mut PgConnection,
    wallet: WalletId,
    (event, data): (EventKind, &Value),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO webhook_notices (id, shard, wallet_id, event, data, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        wallet.shard.as_i16(),
        wallet.number,
        event.code(),
        data,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes notices that were not queued yet, oldest first, and marks them; another node takes others.
pub(in crate::notify::webhook) async fn take(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<NewNotice>> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
               SELECT id
               FROM webhook_notices
               WHERE relayed_at IS NULL
               ORDER BY id
               LIMIT $2
               FOR UPDATE SKIP LOCKED
           )
           UPDATE webhook_notices AS n
           SET relayed_at = $1
           FROM taken
           WHERE n.id = taken.id
           RETURNING n.id, n.shard, n.wallet_id, n.data, n.created_at,
                     ARRAY(
                         SELECT e.id
                         FROM webhook_endpoints AS e
                         WHERE e.shard = n.shard AND e.wallet_id = n.wallet_id AND e.disabled_at IS NULL
                           AND e.created_at <= n.created_at AND n.event = ANY(e.events) AND NOT e.is_slack
                     ) AS "endpoints!",
                     ARRAY(
                         SELECT e.id
                         FROM webhook_endpoints AS e
                         WHERE e.shard = n.shard AND e.wallet_id = n.wallet_id AND e.disabled_at IS NULL
                           AND e.created_at <= n.created_at AND n.event = ANY(e.events) AND e.is_slack
                     ) AS "slack_endpoints!",
                     (SELECT u.locale
                      FROM wallet_directory AS d
                      JOIN members AS m ON m.account_id = d.account_id AND m.role = 'owner'
                      JOIN users AS u ON u.id = m.user_id
                      WHERE d.shard = n.shard AND d.wallet_id = n.wallet_id) AS locale"#,
        now,
        limit
    );
    let mut rows = rows.fetch_all(connection).await?;
    // What an update returns has no order.
    rows.sort_unstable_by_key(|row| row.id);
    let notices = rows.into_iter().map(|row| {
        let standard = row.endpoints.into_iter().map(|id| (id, Form::Standard));
        let slack = row.slack_endpoints.into_iter().map(|id| (id, Form::of(true, row.locale.clone())));
        NewNotice {
            id: row.id,
            wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
            data: row.data,
            at: row.created_at,
            endpoints: standard.chain(slack).collect(),
        }
    });
    Ok(notices.collect())
}

/// Removes notices that were queued long ago.
pub(in crate::notify::webhook) async fn sweep(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM webhook_notices WHERE relayed_at < $1", before).execute(pool).await?;
    Ok(done.rows_affected())
}
