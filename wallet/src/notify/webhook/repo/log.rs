//! The log of messages, for the wallet's people.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::super::{Attempt, Delivery, DeliveryState};
use super::event;
use crate::error::{Error, Result};
use crate::id::WalletId;

struct DeliveryRow {
    id: Uuid,
    endpoint_id: Uuid,
    event: String,
    state: String,
    tries: i32,
    due_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    replay_of: Option<Uuid>,
    last_status: Option<i16>,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = Error;

    fn try_from(row: DeliveryRow) -> Result<Self> {
        let state = DeliveryState::from_code(&row.state);
        Ok(Self {
            id: row.id,
            endpoint: row.endpoint_id,
            event: event(&row.event)?,
            state: state.ok_or_else(|| Error::internal(format!("a message in the state {}", row.state)))?,
            tries: u32::try_from(row.tries).unwrap_or(0),
            due_at: row.due_at,
            created_at: row.created_at,
            finished_at: row.finished_at,
            replay_of: row.replay_of,
            last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
        })
    }
}

/// Lists a wallet's messages, newest first.
pub(in crate::notify::webhook) async fn deliveries(
    pool: &PgPool,
    wallet: WalletId,
    endpoint: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        r#"SELECT d.id, d.endpoint_id, d.event, d.state, d.tries, d.due_at, d.created_at, d.finished_at, d.replay_of,
                  (SELECT a.status FROM webhook_attempts AS a WHERE a.delivery_id = d.id ORDER BY number DESC LIMIT 1)
                      AS last_status
           FROM webhook_deliveries AS d
           JOIN webhook_endpoints AS e ON e.id = d.endpoint_id
           WHERE e.shard = $1
             AND e.wallet_id = $2
             AND ($3::uuid IS NULL OR d.endpoint_id = $3)
             AND ($4::uuid IS NULL OR d.id < $4)
           ORDER BY d.id DESC
           LIMIT $5"#,
        wallet.shard.as_i16(),
        wallet.number,
        endpoint,
        before,
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Reads one of a wallet's messages with what it says.
pub(in crate::notify::webhook) async fn delivery(
    connection: &mut PgConnection,
    wallet: WalletId,
    id: Uuid,
) -> Result<Option<(Delivery, String)>> {
    let row = sqlx::query!(
        r#"SELECT d.id, d.endpoint_id, d.event, d.state, d.tries, d.due_at, d.created_at, d.finished_at, d.replay_of,
                  d.payload,
                  (SELECT a.status FROM webhook_attempts AS a WHERE a.delivery_id = d.id ORDER BY number DESC LIMIT 1)
                      AS last_status
           FROM webhook_deliveries AS d
           JOIN webhook_endpoints AS e ON e.id = d.endpoint_id
           WHERE e.shard = $1 AND e.wallet_id = $2 AND d.id = $3"#,
        wallet.shard.as_i16(),
        wallet.number,
        id
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let delivery = DeliveryRow {
            id: row.id,
            endpoint_id: row.endpoint_id,
            event: row.event,
            state: row.state,
            tries: row.tries,
            due_at: row.due_at,
            created_at: row.created_at,
            finished_at: row.finished_at,
            replay_of: row.replay_of,
            last_status: row.last_status,
        };
        Ok((Delivery::try_from(delivery)?, row.payload))
    })
    .transpose()
}

/// Lists the tries of a message, the first one first.
pub(in crate::notify::webhook) async fn attempts(
    connection: &mut PgConnection,
    delivery: Uuid,
) -> Result<Vec<Attempt>> {
    let rows = sqlx::query!(
        "SELECT number, at, millis, status, note FROM webhook_attempts WHERE delivery_id = $1 ORDER BY number",
        delivery
    )
    .fetch_all(connection)
    .await?;
    let attempt = rows.into_iter().map(|row| Attempt {
        number: u32::try_from(row.number).unwrap_or(0),
        at: row.at,
        millis: u32::try_from(row.millis).unwrap_or(0),
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        note: row.note,
    });
    Ok(attempt.collect())
}
