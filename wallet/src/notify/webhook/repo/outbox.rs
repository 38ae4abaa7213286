//! Messages on their way: what endpoints are still to hear of, what is queued, taken, tried and done.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::super::shares::Claim;
use super::super::{DeliveryState, EventKind, Outgoing, Sent};
use super::{Form, event};
use crate::error::Result;
use crate::id::{AccountId, Shard, WalletId};

/// An endpoint whose wallet's ledger has gone on.
pub(in crate::notify::webhook) struct Behind {
    pub(in crate::notify::webhook) id: Uuid,
    pub(in crate::notify::webhook) wallet: WalletId,
    pub(in crate::notify::webhook) events: Vec<EventKind>,
    pub(in crate::notify::webhook) told_seq: i64,
    pub(in crate::notify::webhook) form: Form,
}

/// Lists endpoints that are to hear of ledger rows: those after a place first, so that none waits for ever behind busy
/// ones. One for which `most` messages wait is left out until some of them are done: its rows stay in the ledger.
pub(in crate::notify::webhook) async fn behind(
    pool: &PgPool,
    after: Uuid,
    (limit, most): (i64, i64),
) -> Result<Vec<Behind>> {
    let of_rows = EventKind::OF_ROWS.map(|event| event.code().to_owned()).to_vec();
    let rows = sqlx::query!(
        r#"SELECT e.id, e.shard, e.wallet_id, e.events, e.told_seq, e.is_slack, u.locale AS "locale?"
         FROM webhook_endpoints AS e
         JOIN wallets AS w ON w.shard = e.shard AND w.wallet_id = e.wallet_id
         LEFT JOIN members AS m ON m.account_id = e.account_id AND m.role = 'owner'
         LEFT JOIN users AS u ON u.id = m.user_id
         WHERE e.disabled_at IS NULL
           AND w.seq > e.told_seq
           AND e.events && $4::text[]
           AND NOT EXISTS (
               SELECT
               FROM webhook_deliveries AS d
               WHERE d.endpoint_id = e.id AND d.state = 'queued'
               OFFSET $3::bigint - 1
           )
         ORDER BY e.id <= $2, e.id
         LIMIT $1"#,
        limit,
        after,
        most,
        &of_rows
    )
    .fetch_all(pool)
    .await?;
    let behind = rows.into_iter().map(|row| Behind {
        id: row.id,
        wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
        events: row.events.iter().filter_map(|code| EventKind::from_code(code)).collect(),
        told_seq: row.told_seq,
        form: Form::of(row.is_slack, row.locale),
    });
    Ok(behind.collect())
}

/// Moves an endpoint's cursor; `false` where another node has moved it.
pub(in crate::notify::webhook) async fn advance(
    connection: &mut PgConnection,
    id: Uuid,
    from: i64,
    to: i64,
) -> Result<bool> {
    let done = sqlx::query!("UPDATE webhook_endpoints SET told_seq = $3 WHERE id = $1 AND told_seq = $2", id, from, to)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A change of prices of which an endpoint is still to hear.
pub(in crate::notify::webhook) struct UntoldPrices {
    pub(in crate::notify::webhook) endpoint: Uuid,
    pub(in crate::notify::webhook) version: i32,
    /// What the message is called.
    pub(in crate::notify::webhook) subject: String,
    pub(in crate::notify::webhook) form: Form,
}

/// Lists published price changes of the last days that endpoints are still to hear of, and withdrawn ones of which they
/// have heard.
pub(in crate::notify::webhook) async fn untold_prices(
    pool: &PgPool,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<UntoldPrices>> {
    let rows = sqlx::query!(
        r#"SELECT e.id, b.version, s.subject AS "subject!", e.is_slack, u.locale AS "locale?"
         FROM price_books AS b
         JOIN webhook_endpoints AS e ON e.created_at <= b.announced_at
         LEFT JOIN members AS m ON m.account_id = e.account_id AND m.role = 'owner'
         LEFT JOIN users AS u ON u.id = m.user_id
         CROSS JOIN LATERAL (
             SELECT format('price_change:%s', b.version) AS announced,
                    format(
                        CASE WHEN b.status = 'withdrawn' THEN 'price_change:%s:withdrawn' ELSE 'price_change:%s' END,
                        b.version
                    ) AS subject
         ) AS s
         WHERE b.status <> 'draft'
           AND coalesce(b.withdrawn_at, b.announced_at) > $1
           AND jsonb_array_length(coalesce(b.changes, '[]')) > 0
           AND e.disabled_at IS NULL
           AND 'price_change.announced' = ANY(e.events)
           AND NOT EXISTS (
               SELECT
               FROM webhook_deliveries AS d
               WHERE d.endpoint_id = e.id
                 AND d.event = 'price_change.announced'
                 AND d.subject = s.subject
           )
           AND (
               b.status <> 'withdrawn'
               OR EXISTS (
                   SELECT
                   FROM webhook_deliveries AS d
                   WHERE d.endpoint_id = e.id
                     AND d.event = 'price_change.announced'
                     AND d.subject = s.announced
               )
           )
         ORDER BY b.version
         LIMIT $2"#,
        since,
        limit
    )
    .fetch_all(pool)
    .await?;
    let untold = rows.into_iter().map(|row| UntoldPrices {
        endpoint: row.id,
        version: row.version,
        subject: row.subject,
        form: Form::of(row.is_slack, row.locale),
    });
    Ok(untold.collect())
}

/// A message to queue.
pub(in crate::notify::webhook) struct Message {
    pub(in crate::notify::webhook) endpoint: Uuid,
    pub(in crate::notify::webhook) event: EventKind,
    pub(in crate::notify::webhook) subject: String,
    pub(in crate::notify::webhook) payload: String,
    pub(in crate::notify::webhook) replay_of: Option<Uuid>,
}

/// Queues messages; those that are queued already, or were, are left out.
pub(in crate::notify::webhook) async fn queue(
    connection: &mut PgConnection,
    messages: &[Message],
    at: DateTime<Utc>,
) -> Result<u64> {
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

/// Takes messages for sending. Nobody else gets them before `until`; what somebody else has taken meanwhile is left
/// out.
pub(in crate::notify::webhook) async fn take(
    pool: &PgPool,
    messages: &[Uuid],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Outgoing>> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
               SELECT id
               FROM webhook_deliveries
               WHERE id = ANY($2) AND state = 'queued' AND due_at <= $1
               FOR UPDATE SKIP LOCKED
           )
           UPDATE webhook_deliveries AS d
           SET due_at = $3, tries = d.tries + 1
           FROM taken, webhook_endpoints AS e
           WHERE d.id = taken.id AND e.id = d.endpoint_id AND e.disabled_at IS NULL
           RETURNING d.id, d.endpoint_id, e.account_id, e.host, e.is_slow,
                     coalesce(d.replay_of, d.id) AS "message!", d.event, e.url, d.payload, e.secret,
                     ARRAY(
                         SELECT old_secret
                         FROM webhook_rotations
                         WHERE endpoint_id = e.id AND signs_until > $1
                         ORDER BY signs_until DESC
                     ) AS "old_secrets!", d.tries"#,
        now,
        messages,
        until
    )
    .fetch_all(pool)
    .await?;
    let outgoing = rows.into_iter().map(|row| {
        Ok(Outgoing {
            id: row.id,
            claim: Claim {
                endpoint: row.endpoint_id,
                account: AccountId::from_uuid(row.account_id),
                host: row.host,
                is_slow: row.is_slow,
            },
            endpoint: row.endpoint_id,
            message: row.message,
            event: event(&row.event)?,
            url: row.url,
            payload: row.payload,
            secrets: std::iter::once(row.secret).chain(row.old_secrets).collect(),
            tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        })
    });
    outgoing.collect()
}

/// Says whether so many messages wait for an endpoint.
pub(in crate::notify::webhook) async fn is_full(
    connection: &mut PgConnection,
    endpoint: Uuid,
    most: i64,
) -> Result<bool> {
    let last = sqlx::query_scalar!(
        "SELECT endpoint_id
         FROM webhook_deliveries
         WHERE endpoint_id = $1 AND state = 'queued'
         OFFSET $2::bigint - 1
         LIMIT 1",
        endpoint,
        most
    )
    .fetch_optional(connection)
    .await?;
    Ok(last.is_some())
}

/// Counts the tests, or the repeats, that the account of an endpoint has asked for since an instant. Locks the account,
/// so that two requests at once are counted one after the other.
pub(in crate::notify::webhook) async fn lock_and_count_asked(
    connection: &mut PgConnection,
    endpoint: Uuid,
    are_tests: bool,
    since: DateTime<Utc>,
) -> Result<i64> {
    let account = sqlx::query_scalar!(
        "SELECT a.id
         FROM webhook_endpoints AS e
         JOIN accounts AS a ON a.id = e.account_id
         WHERE e.id = $1
         FOR NO KEY UPDATE OF a",
        endpoint
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!"
           FROM webhook_endpoints AS e
           JOIN webhook_deliveries AS d ON d.endpoint_id = e.id
           WHERE e.account_id = $1
             AND (d.event = 'webhook.test' OR d.replay_of IS NOT NULL)
             AND (d.replay_of IS NULL) = $2
             AND d.created_at > $3"#,
        account,
        are_tests,
        since
    )
    .fetch_one(connection)
    .await?)
}

/// Keeps a try.
pub(in crate::notify::webhook) async fn insert_attempt(
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
pub(in crate::notify::webhook) async fn set_state(
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

/// Gives up what is queued for an endpoint that will hear of nothing more.
pub(in crate::notify::webhook) async fn give_up(
    connection: &mut PgConnection,
    endpoint: Uuid,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_deliveries SET state = 'failed', finished_at = $2 WHERE endpoint_id = $1 AND state = 'queued'",
        endpoint,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads a message that was queued under a subject.
pub(in crate::notify::webhook) async fn by_subject(
    connection: &mut PgConnection,
    endpoint: Uuid,
    subject: &str,
) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 AND subject = $2 LIMIT 1",
        endpoint,
        subject
    )
    .fetch_optional(connection)
    .await?)
}

/// Removes finished messages of long ago; says how many.
pub(in crate::notify::webhook) async fn sweep(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM webhook_deliveries WHERE state <> 'queued' AND created_at < $1", before)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}
