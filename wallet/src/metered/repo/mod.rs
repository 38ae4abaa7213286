//! The SQL of metered items: wallets and their terms, gauges, closed months.

mod gauge;
pub(crate) mod invariants;
mod month;

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};

pub(crate) use gauge::{insert_gauge, insert_terms, lock, open};
pub(crate) use month::{end_month, insert_item, insert_month, renew_terms};

use crate::error::{Error, Result};
use crate::id::{AccountId, Shard, WalletId};
use crate::metered::{MeteredWallet, Quantity, Terms, Usage};
use crate::money::Credits;

/// Reads a wallet for which something is measured.
pub(crate) async fn find(executor: impl PgExecutor<'_>, wallet: WalletId) -> Result<Option<MeteredWallet>> {
    let row = sqlx::query!(
        "SELECT account_id, month, starts_at, ends_at, carried, gauges, short_since, version
         FROM metered_wallets
         WHERE shard = $1
           AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(executor)
    .await?;
    row.map(|row| {
        Ok(MeteredWallet {
            wallet,
            account: AccountId::from_uuid(row.account_id),
            month: u32::try_from(row.month).map_err(Error::internal)?,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            carried: Credits::from_micros(row.carried),
            gauges: row.gauges,
            short_since: row.short_since,
            version: row.version,
        })
    })
    .transpose()
}

/// Sums what was measured of each item from the running month's first instant until another one, by the second: the
/// value that the month began with, then each gauge's until the next one's. The last value is the one at `now`, which is
/// after the month's end while the month waits to be closed.
pub(crate) async fn usage(
    executor: impl PgExecutor<'_>,
    of: &MeteredWallet,
    (until, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Usage>> {
    let rows = sqlx::query!(
        r#"SELECT t.item, t.name, t.unit, t.included, t.monthly_credits, t.since, last.value AS "last?",
                  coalesce(summed.used, 0) AS "used!"
           FROM metered_terms AS t
           LEFT JOIN LATERAL (
               SELECT g.value
               FROM metered_gauges AS g
               WHERE g.shard = t.shard AND g.wallet_id = t.wallet_id AND g.item = t.item
                 AND g.at >= t.since AND g.at <= $5
               ORDER BY g.at DESC, g.number DESC
               LIMIT 1
           ) AS last ON true
           LEFT JOIN LATERAL (
               SELECT sum(span.value * span.seconds)::bigint AS used
               FROM (
                   SELECT p.value,
                          extract(epoch FROM lead(p.at, 1, $4) OVER (ORDER BY p.at, p.number) - p.at)::bigint AS seconds
                   FROM (
                       (
                           SELECT g.value, $3::timestamptz AS at, 0::bigint AS number
                           FROM metered_gauges AS g
                           WHERE g.shard = t.shard AND g.wallet_id = t.wallet_id AND g.item = t.item
                             AND g.at >= t.since AND g.at < $3
                           ORDER BY g.at DESC, g.number DESC
                           LIMIT 1
                       )
                       UNION ALL
                       SELECT g.value, g.at, g.number
                       FROM metered_gauges AS g
                       WHERE g.shard = t.shard AND g.wallet_id = t.wallet_id AND g.item = t.item
                         AND g.at >= t.since AND g.at >= $3 AND g.at < $4
                   ) AS p
               ) AS span
           ) AS summed ON true
           WHERE t.shard = $1
             AND t.wallet_id = $2
           ORDER BY t.item"#,
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.starts_at,
        until,
        now
    );
    let rows = rows.fetch_all(executor).await?;
    let usage = rows.into_iter().map(|row| Usage {
        terms: Terms {
            item: row.item,
            name: row.name,
            unit: row.unit,
            included: row.included,
            credits: Credits::from_micros(row.monthly_credits),
            since: row.since,
        },
        used: row.used,
        last: row.last.map(Quantity::from_thousandths),
    });
    Ok(usage.collect())
}

/// Takes wallets whose month is over, oldest first, and sets when they are looked at again should nobody come to an end
/// with them; another node takes others.
pub(crate) async fn take_due(
    pool: &PgPool,
    now: DateTime<Utc>,
    again: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<WalletId>> {
    let rows = sqlx::query!(
        "WITH due AS (
             SELECT shard, wallet_id
             FROM metered_wallets
             WHERE due_at <= $1
             ORDER BY due_at
             LIMIT $3
             FOR NO KEY UPDATE SKIP LOCKED
         )
         UPDATE metered_wallets AS m
         SET due_at = $2
         FROM due
         WHERE m.shard = due.shard
           AND m.wallet_id = due.wallet_id
         RETURNING m.shard, m.wallet_id",
        now,
        again,
        limit
    );
    let rows = rows.fetch_all(pool).await?;
    let wallet = |shard, number| WalletId { shard: Shard::from_i16(shard), number };
    Ok(rows.into_iter().map(|row| wallet(row.shard, row.wallet_id)).collect())
}

/// Tells when a month is over next after an instant.
pub(crate) async fn next_due(pool: &PgPool, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let due = sqlx::query_scalar!("SELECT min(due_at) FROM metered_wallets WHERE due_at > $1", after);
    Ok(due.fetch_one(pool).await?)
}

/// Sets when a wallet is looked at next, and since when credits are waited for, unless its month was closed since it was
/// read.
pub(crate) async fn wait(
    pool: &PgPool,
    of: &MeteredWallet,
    due_at: DateTime<Utc>,
    short_since: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE metered_wallets
         SET due_at = $4,
             short_since = $5
         WHERE shard = $1
           AND wallet_id = $2
           AND month = $3",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        i32::try_from(of.month).map_err(Error::internal)?,
        due_at,
        short_since
    )
    .execute(pool)
    .await?;
    Ok(())
}
