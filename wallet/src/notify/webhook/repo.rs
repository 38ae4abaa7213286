//! The SQL of outgoing webhooks.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Attempt, Delivery, DeliveryState, Endpoint, EventKind, NewEndpoint, Outgoing, Sent};
use crate::error::{Error, Result};
use crate::id::{Shard, WalletId};

struct EndpointRow {
    id: Uuid,
    url: String,
    description: String,
    events: Vec<String>,
    old_secret_until: Option<DateTime<Utc>>,
    disabled_at: Option<DateTime<Utc>>,
    disabled_why: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<EndpointRow> for Endpoint {
    fn from(row: EndpointRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            events: row.events.iter().filter_map(|code| EventKind::from_code(code)).collect(),
            old_secret_until: row.old_secret_until,
            disabled: row.disabled_at.zip(row.disabled_why),
            created_at: row.created_at,
        }
    }
}

/// Locks a wallet's endpoints against each other, and counts them.
pub(super) async fn lock_and_count(connection: &mut PgConnection, wallet: WalletId) -> Result<usize> {
    let rows = sqlx::query_scalar!(
        "SELECT id FROM webhook_endpoints WHERE shard = $1 AND wallet_id = $2 FOR UPDATE",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.len())
}

/// Adds an endpoint; it hears of what comes from now on. `false` where there is no such wallet, or the endpoint.
pub(super) async fn insert(
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
             (id, account_id, shard, wallet_id, url, description, events, secret, told_seq, created_at)
         SELECT $3, account_id, shard, wallet_id, $4, $5, $6, $7, seq, $8
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
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists a wallet's endpoints, oldest first.
pub(super) async fn list(pool: &PgPool, wallet: WalletId) -> Result<Vec<Endpoint>> {
    let rows = sqlx::query_as!(
        EndpointRow,
        "SELECT id, url, description, events, old_secret_until, disabled_at, disabled_why, created_at
         FROM webhook_endpoints
         WHERE shard = $1 AND wallet_id = $2
         ORDER BY id",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Endpoint::from).collect())
}

/// Reads a wallet's endpoint with its secret.
pub(super) async fn one(
    connection: &mut PgConnection,
    wallet: WalletId,
    id: Uuid,
) -> Result<Option<(Endpoint, String)>> {
    let row = sqlx::query!(
        "SELECT id, url, description, events, old_secret_until, disabled_at, disabled_why, created_at, secret
         FROM webhook_endpoints
         WHERE shard = $1 AND wallet_id = $2 AND id = $3
         FOR UPDATE",
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
            created_at: row.created_at,
        };
        (endpoint.into(), row.secret)
    }))
}

/// Gives an endpoint a new secret; the one before signs beside it until its time is over.
pub(super) async fn rotate(
    connection: &mut PgConnection,
    id: Uuid,
    secret: &str,
    old_until: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_endpoints
         SET old_secret = secret, old_secret_until = $3, secret = $2
         WHERE id = $1",
        id,
        secret,
        old_until
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Switches an endpoint off.
pub(super) async fn disable(connection: &mut PgConnection, id: Uuid, why: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_endpoints SET disabled_at = $2, disabled_why = $3 WHERE id = $1 AND disabled_at IS NULL",
        id,
        at,
        why
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Switches an endpoint on again; what happened meanwhile is not told.
pub(super) async fn enable(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_endpoints AS e
         SET disabled_at = NULL, disabled_why = NULL, told_seq = w.seq
         FROM wallets AS w
         WHERE e.id = $1 AND w.shard = e.shard AND w.wallet_id = e.wallet_id",
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes an endpoint with its log.
pub(super) async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("DELETE FROM webhook_endpoints WHERE id = $1", id).execute(connection).await?;
    Ok(())
}

/// An endpoint whose wallet's ledger has gone on.
pub(super) struct Behind {
    pub(super) id: Uuid,
    pub(super) wallet: WalletId,
    pub(super) events: Vec<EventKind>,
    pub(super) told_seq: i64,
}

/// Lists endpoints that are to hear of ledger rows.
pub(super) async fn behind(pool: &PgPool, limit: i64) -> Result<Vec<Behind>> {
    let rows = sqlx::query!(
        "SELECT e.id, e.shard, e.wallet_id, e.events, e.told_seq
         FROM webhook_endpoints AS e
         JOIN wallets AS w ON w.shard = e.shard AND w.wallet_id = e.wallet_id
         WHERE e.disabled_at IS NULL
           AND w.seq > e.told_seq
           AND e.events && ARRAY['ledger.entry.created', 'project.credits_low', 'project.out_of_credits']
         ORDER BY e.id
         LIMIT $1",
        limit
    )
    .fetch_all(pool)
    .await?;
    let behind = rows.into_iter().map(|row| Behind {
        id: row.id,
        wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
        events: row.events.iter().filter_map(|code| EventKind::from_code(code)).collect(),
        told_seq: row.told_seq,
    });
    Ok(behind.collect())
}

/// Moves an endpoint's cursor; `false` where another node has moved it.
pub(super) async fn advance(connection: &mut PgConnection, id: Uuid, from: i64, to: i64) -> Result<bool> {
    let done = sqlx::query!("UPDATE webhook_endpoints SET told_seq = $3 WHERE id = $1 AND told_seq = $2", id, from, to)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists published price changes of the last days that endpoints are still to hear of.
pub(super) async fn untold_prices(pool: &PgPool, since: DateTime<Utc>, limit: i64) -> Result<Vec<(Uuid, i32)>> {
    let rows = sqlx::query!(
        "SELECT e.id, b.version
         FROM price_books AS b
         JOIN webhook_endpoints AS e ON e.created_at <= b.announced_at
         WHERE b.status <> 'draft'
           AND b.announced_at > $1
           AND jsonb_array_length(coalesce(b.changes, '[]')) > 0
           AND e.disabled_at IS NULL
           AND 'price_change.announced' = ANY(e.events)
           AND NOT EXISTS (
               SELECT
               FROM webhook_deliveries AS d
               WHERE d.endpoint_id = e.id
                 AND d.event = 'price_change.announced'
                 AND d.subject = format('price_change:%s', b.version)
           )
         ORDER BY b.version
         LIMIT $2",
        since,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.version)).collect())
}

/// A message to queue.
pub(super) struct Message {
    pub(super) endpoint: Uuid,
    pub(super) event: EventKind,
    pub(super) subject: String,
    pub(super) payload: String,
    pub(super) replay_of: Option<Uuid>,
}

/// Queues messages; those that are queued already, or were, are left out.
pub(super) async fn queue(connection: &mut PgConnection, messages: &[Message], at: DateTime<Utc>) -> Result<u64> {
    let ids: Vec<Uuid> = messages.iter().map(|_| Uuid::now_v7()).collect();
    let endpoints: Vec<Uuid> = messages.iter().map(|message| message.endpoint).collect();
    let events: Vec<String> = messages.iter().map(|message| message.event.code().to_owned()).collect();
    let subjects: Vec<String> = messages.iter().map(|message| message.subject.clone()).collect();
    let payloads: Vec<String> = messages.iter().map(|message| message.payload.clone()).collect();
    let replays: Vec<Option<Uuid>> = messages.iter().map(|message| message.replay_of).collect();
    let done = sqlx::query!(
        "INSERT INTO webhook_deliveries (id, endpoint_id, event, subject, payload, replay_of, due_at, created_at)
         SELECT n.id, n.endpoint_id, n.event, n.subject, n.payload, n.replay_of, $7, $7
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[])
              AS n (id, endpoint_id, event, subject, payload, replay_of)
         ON CONFLICT (endpoint_id, event, subject) DO NOTHING",
        &ids,
        &endpoints,
        &events,
        &subjects,
        &payloads,
        &replays as &[Option<Uuid>],
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Takes messages that are due: at most `each` of an endpoint, of endpoints that are not busy. Nobody else gets them
/// before `until`.
pub(super) async fn take(
    pool: &PgPool,
    busy: &[Uuid],
    (limit, each): (i64, i64),
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Outgoing>> {
    let rows = sqlx::query!(
        r#"WITH due AS (
               SELECT d.id
               FROM webhook_endpoints AS e
               CROSS JOIN LATERAL (
                   SELECT id
                   FROM webhook_deliveries
                   WHERE endpoint_id = e.id AND state = 'queued' AND due_at <= $1
                   ORDER BY due_at
                   LIMIT $4
               ) AS d
               WHERE e.disabled_at IS NULL AND e.id <> ALL($2)
               LIMIT $3
           ), taken AS (
               SELECT id
               FROM webhook_deliveries
               WHERE id IN (SELECT id FROM due) AND state = 'queued' AND due_at <= $1
               FOR UPDATE SKIP LOCKED
           )
           UPDATE webhook_deliveries AS d
           SET due_at = $5, tries = d.tries + 1
           FROM taken, webhook_endpoints AS e
           WHERE d.id = taken.id AND e.id = d.endpoint_id
           RETURNING d.id, d.endpoint_id, coalesce(d.replay_of, d.id) AS "message!", d.event, e.url, d.payload, e.secret,
                     CASE WHEN e.old_secret_until > $1 THEN e.old_secret END AS old_secret, d.tries"#,
        now,
        busy,
        limit,
        each,
        until
    )
    .fetch_all(pool)
    .await?;
    let outgoing = rows.into_iter().map(|row| {
        Ok(Outgoing {
            id: row.id,
            endpoint: row.endpoint_id,
            message: row.message,
            event: event(&row.event)?,
            url: row.url,
            payload: row.payload,
            secrets: std::iter::once(row.secret).chain(row.old_secret).collect(),
            tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        })
    });
    outgoing.collect()
}

fn event(code: &str) -> Result<EventKind> {
    EventKind::from_code(code).ok_or_else(|| Error::internal(format!("a message of the event {code}")))
}

/// Keeps a try.
pub(super) async fn insert_attempt(
    connection: &mut PgConnection,
    delivery: Uuid,
    number: u32,
    sent: &Sent,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO webhook_attempts (delivery_id, number, at, millis, status, note)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (delivery_id, number) DO NOTHING",
        delivery,
        i32::try_from(number).unwrap_or(i32::MAX),
        at,
        i32::try_from(sent.millis).unwrap_or(i32::MAX),
        sent.status.and_then(|status| i16::try_from(status).ok()),
        sent.note
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Says where a message stands after a try: tried again at `due_at`, or finished.
pub(super) async fn set_state(
    connection: &mut PgConnection,
    delivery: Uuid,
    state: DeliveryState,
    due_at: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_deliveries
         SET state = $2,
             due_at = coalesce($3, due_at),
             finished_at = CASE WHEN $2 = 'queued' THEN NULL ELSE $4::timestamptz END
         WHERE id = $1 AND state = 'queued'",
        delivery,
        state.code(),
        due_at,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives the wallet of an endpoint; `None` where it was removed.
pub(super) async fn wallet_of(pool: &PgPool, endpoint: Uuid) -> Result<Option<WalletId>> {
    let row = sqlx::query!("SELECT shard, wallet_id FROM webhook_endpoints WHERE id = $1", endpoint)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id }))
}

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
pub(super) async fn deliveries(
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
pub(super) async fn delivery(
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

/// Reads a message that was queued under a subject.
pub(super) async fn by_subject(connection: &mut PgConnection, endpoint: Uuid, subject: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 AND subject = $2 LIMIT 1",
        endpoint,
        subject
    )
    .fetch_optional(connection)
    .await?)
}

/// Lists the tries of a message, the first one first.
pub(super) async fn attempts(connection: &mut PgConnection, delivery: Uuid) -> Result<Vec<Attempt>> {
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

/// Removes finished messages of long ago; says how many.
pub(super) async fn sweep(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM webhook_deliveries WHERE state <> 'queued' AND created_at < $1", before)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}
