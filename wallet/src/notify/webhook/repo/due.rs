//! Which messages are sent next.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::super::shares::{Claim, UnderWay};
use crate::error::Result;
use crate::id::AccountId;

/// A message that is due.
pub(in crate::notify::webhook) struct Due {
    pub(in crate::notify::webhook) id: Uuid,
    pub(in crate::notify::webhook) claim: Claim,
}

/// Lists messages that are due, none of those whose share is used up: at most `each` of an endpoint and eight times as
/// many of an account (of those that have a message under way some will not do).
///
/// They go round the accounts: first the one that has least under way, then the one whose last turn is longest ago; of
/// an account, and where all that is equal, the oldest goes first. Slow endpoints of an account are counted apart, so
/// that they never stand before its others.
pub(in crate::notify::webhook) async fn due(
    pool: &PgPool,
    under_way: &UnderWay,
    (limit, each): (i64, i64),
    now: DateTime<Utc>,
) -> Result<Vec<Due>> {
    let uuids = |accounts: Vec<AccountId>| accounts.into_iter().map(AccountId::uuid).collect::<Vec<Uuid>>();
    let (there, whose): (Vec<String>, Vec<AccountId>) = under_way.full_at_hosts().into_iter().unzip();
    let turns = under_way.turns();
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id!", c.endpoint_id AS "endpoint_id!", c.account_id AS "account_id!", c.host AS "host!",
                c.is_slow AS "is_slow!"
         FROM (
             SELECT d.id, d.due_at, e.id AS endpoint_id, e.account_id, e.host, e.is_slow,
                    row_number() OVER (PARTITION BY e.account_id, e.is_slow ORDER BY d.due_at, d.id) AS place
             FROM webhook_endpoints AS e
             CROSS JOIN LATERAL (
                 SELECT id, due_at
                 FROM webhook_deliveries
                 WHERE endpoint_id = e.id AND state = 'queued' AND due_at <= $1
                 ORDER BY due_at
                 LIMIT CASE WHEN e.is_slow THEN 1 ELSE $2::bigint END
             ) AS d
             WHERE e.disabled_at IS NULL
               AND (e.paused_until IS NULL OR e.paused_until <= $1)
               AND e.id <> ALL($3)
               AND e.account_id <> ALL($4)
               AND e.host <> ALL($5)
               AND NOT (e.is_slow AND ($6 OR e.id = ANY($7) OR e.account_id = ANY($8)))
               AND NOT EXISTS (
                   SELECT
                   FROM unnest($9::text[], $10::uuid[]) AS there (host, account_id)
                   WHERE there.host = e.host AND there.account_id = e.account_id
               )
         ) AS c
         LEFT JOIN unnest($11::uuid[], $12::boolean[], $13::bigint[], $14::bigint[])
                   AS t (account_id, is_slow, under_way, last)
             ON t.account_id = c.account_id AND t.is_slow = c.is_slow
         WHERE c.place <= $2::bigint * 8
         ORDER BY c.place + coalesce(t.under_way, 0), coalesce(t.last, 0), c.due_at, c.id
         LIMIT $15"#,
        now,
        each,
        &under_way.full_endpoints(),
        &uuids(under_way.full_accounts()),
        &under_way.full_hosts(),
        under_way.is_slow_full(),
        &under_way.busy_endpoints(),
        &uuids(under_way.full_slow_accounts()),
        &there,
        &uuids(whose),
        &uuids(turns.iter().map(|turn| turn.account).collect()),
        &turns.iter().map(|turn| turn.is_slow).collect::<Vec<bool>>(),
        &turns.iter().map(|turn| i64::try_from(turn.under_way).unwrap_or(i64::MAX)).collect::<Vec<i64>>(),
        &turns.iter().map(|turn| turn.last).collect::<Vec<i64>>(),
        limit
    )
    .fetch_all(pool)
    .await?;
    let due = rows.into_iter().map(|row| Due {
        id: row.id,
        claim: Claim {
            endpoint: row.endpoint_id,
            account: AccountId::from_uuid(row.account_id),
            host: row.host,
            is_slow: row.is_slow,
        },
    });
    Ok(due.collect())
}
