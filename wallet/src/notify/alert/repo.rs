//! The SQL of alerts: choices, thresholds, what wallets' owners were told.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::Topic;
use super::rule::{Crossing, Line};
use crate::error::Result;
use crate::id::{AccountId, Shard, WalletId};
use crate::ledger::GrantSource;
use crate::money::Credits;

/// Whom mails about an account go to: its owner, where the address is proven; and what of them is wanted.
pub(crate) struct Owner {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: String,
    choices: Vec<(String, bool)>,
}

impl Owner {
    /// Says whether mails about a topic are wanted.
    pub(crate) fn wants(&self, topic: Topic) -> bool {
        let choice = self.choices.iter().find(|(code, _)| code == topic.code());
        choice.map_or(topic.is_on_by_default(), |(_, wanted)| *wanted)
    }
}

/// Reads an account's owner with what was chosen; `None` where nobody has a proven address.
pub(crate) async fn owner(connection: &mut PgConnection, account: AccountId) -> Result<Option<Owner>> {
    let row = sqlx::query!(
        "SELECT u.email, u.name, u.locale
         FROM members AS m
         JOIN users AS u ON u.id = m.user_id
         WHERE m.account_id = $1 AND m.role = 'owner' AND u.verified_at IS NOT NULL",
        account.uuid()
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let choices = choices(connection, account).await?;
    Ok(Some(Owner { email: row.email, name: row.name, locale: row.locale, choices }))
}

/// Lists what was chosen for an account: topic and whether it is wanted.
pub(crate) async fn choices(executor: impl PgExecutor<'_>, account: AccountId) -> Result<Vec<(String, bool)>> {
    let rows = sqlx::query!("SELECT topic, is_wanted FROM mail_choices WHERE account_id = $1", account.uuid())
        .fetch_all(executor)
        .await?;
    Ok(rows.into_iter().map(|row| (row.topic, row.is_wanted)).collect())
}

/// Keeps a choice; `false` where there is no such account.
pub(crate) async fn choose(
    connection: &mut PgConnection,
    account: AccountId,
    (topic, is_wanted): (Topic, bool),
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO mail_choices AS c (account_id, topic, is_wanted, chosen_at)
         SELECT id, $2::text, $3::boolean, $4::timestamptz FROM accounts WHERE id = $1
         ON CONFLICT ON CONSTRAINT mail_choices_pk DO UPDATE SET is_wanted = $3, chosen_at = $4",
        account.uuid(),
        topic.code(),
        is_wanted,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives what signs links.
pub(crate) async fn secret(executor: impl PgExecutor<'_>) -> Result<Vec<u8>> {
    Ok(sqlx::query_scalar!("SELECT secret FROM unsubscribe_key").fetch_one(executor).await?)
}

/// Reads a wallet's own threshold.
pub(crate) async fn threshold(executor: impl PgExecutor<'_>, wallet: WalletId) -> Result<Option<Credits>> {
    let found = sqlx::query_scalar!(
        "SELECT low_below FROM wallet_alerts WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    );
    Ok(found.fetch_optional(executor).await?.flatten().map(Credits::from_micros))
}

/// Sets a wallet's own threshold.
pub(crate) async fn set_threshold(
    connection: &mut PgConnection,
    wallet: WalletId,
    low_below: Option<Credits>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE wallet_alerts SET low_below = $3 WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        low_below.map(Credits::micros)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A wallet that has moved since it was looked at.
pub(crate) struct Moved {
    pub(crate) wallet: WalletId,
    pub(crate) account: AccountId,
    /// When it was last worked out until when its credits last.
    pub(crate) forecast_at: Option<DateTime<Utc>>,
}

/// Lists some production wallets that have moved since they were looked at, after a place.
pub(crate) async fn moved(pool: &PgPool, after: Option<WalletId>, limit: i64) -> Result<Vec<Moved>> {
    let (shard, number) = after.map_or((-1, 0), |wallet| (wallet.shard.as_i16(), wallet.number));
    let rows = sqlx::query!(
        r#"SELECT w.shard, w.wallet_id, w.account_id, a.forecast_at AS "forecast_at?"
           FROM wallets AS w
           LEFT JOIN wallet_alerts AS a ON a.shard = w.shard AND a.wallet_id = w.wallet_id
           WHERE w.environment = 'production'
             AND w.seq > coalesce(a.looked_seq, 0)
             AND (w.shard, w.wallet_id) > ($1, $2)
           ORDER BY w.shard, w.wallet_id
           LIMIT $3"#,
        shard,
        number,
        limit
    )
    .fetch_all(pool)
    .await?;
    let moved = rows.into_iter().map(|row| Moved {
        wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
        account: AccountId::from_uuid(row.account_id),
        forecast_at: row.forecast_at,
    });
    Ok(moved.collect())
}

/// How a wallet stands, and what was looked at before. Locked: another node waits.
pub(crate) struct Seen {
    pub(crate) seq: i64,
    pub(crate) available: Credits,
    pub(crate) last_refill: Option<Credits>,
    pub(crate) grants: i64,
    /// Whether the other wallet of the project owes something.
    pub(crate) other_owes: bool,
    pub(crate) looked_seq: i64,
    pub(crate) low_below: Option<Credits>,
}

/// Locks what is kept of a wallet, and reads how it stands; `None` where there is no such wallet.
pub(crate) async fn lock(connection: &mut PgConnection, wallet: WalletId) -> Result<Option<Seen>> {
    sqlx::query!(
        "INSERT INTO wallet_alerts (shard, wallet_id)
         SELECT shard, wallet_id FROM wallets WHERE shard = $1 AND wallet_id = $2
         ON CONFLICT ON CONSTRAINT wallet_alerts_pk DO NOTHING",
        wallet.shard.as_i16(),
        wallet.number
    )
    .execute(&mut *connection)
    .await?;
    // First the lock, then a statement of its own: it sees what was committed while this one waited.
    let kept = sqlx::query!(
        "SELECT looked_seq, low_below FROM wallet_alerts WHERE shard = $1 AND wallet_id = $2 FOR UPDATE",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(kept) = kept else { return Ok(None) };
    let row = sqlx::query!(
        r#"SELECT w.seq, w.settled - w.held AS "available!", w.last_refill, w.grants_made,
                  EXISTS (
                      SELECT FROM wallets AS o
                      WHERE o.shard = w.shard AND o.project_id = w.project_id AND o.environment <> w.environment
                        AND o.debt > 0
                  ) AS "other_owes!"
           FROM wallets AS w WHERE w.shard = $1 AND w.wallet_id = $2"#,
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_one(connection)
    .await?;
    Ok(Some(Seen {
        seq: row.seq,
        available: Credits::from_micros(row.available),
        last_refill: row.last_refill.map(Credits::from_micros),
        grants: row.grants_made,
        other_owes: row.other_owes,
        looked_seq: kept.looked_seq,
        low_below: kept.low_below.map(Credits::from_micros),
    }))
}

/// Notes up to which row a wallet was looked at, and when its end was worked out, where it was now.
pub(crate) async fn looked(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
    forecast_at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE wallet_alerts
         SET looked_seq = $3, forecast_at = coalesce($4, forecast_at)
         WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        seq,
        forecast_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lists the lines that a wallet's credits are or were below.
pub(crate) async fn lines(connection: &mut PgConnection, wallet: WalletId) -> Result<Vec<(Line, Crossing)>> {
    let rows = sqlx::query!(
        "SELECT line, below_since, told_at, told_grants FROM wallet_lines WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(connection)
    .await?;
    let line = |code: &str| Line::ALL.into_iter().find(|line| line.code() == code);
    let lines = rows.into_iter().filter_map(|row| {
        let (below_since, told_at, told_grants) = (row.below_since, row.told_at, row.told_grants);
        Some((line(&row.line)?, Crossing { below_since, told_at, told_grants }))
    });
    Ok(lines.collect())
}

/// Keeps what changed of a line.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    wallet: WalletId,
    (line, crossing): (Line, Crossing),
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO wallet_lines (shard, wallet_id, line, below_since, told_at, told_grants)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT wallet_lines_pk
         DO UPDATE SET below_since = $4, told_at = $5, told_grants = $6",
        wallet.shard.as_i16(),
        wallet.number,
        line.code(),
        crossing.below_since,
        crossing.told_at,
        crossing.told_grants
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a line: with another threshold it is another one.
pub(crate) async fn forget_line(connection: &mut PgConnection, wallet: WalletId, line: Line) -> Result<()> {
    sqlx::query!(
        "DELETE FROM wallet_lines WHERE shard = $1 AND wallet_id = $2 AND line = $3",
        wallet.shard.as_i16(),
        wallet.number,
        line.code()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sums what a plan's months brought after a row, and tells when the last of it ends.
pub(crate) async fn allowance_after(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Option<(Credits, Option<DateTime<Utc>>)>> {
    let row = sqlx::query!(
        r#"SELECT sum(granted)::bigint AS granted, max(expires_at) AS expires_at
           FROM grants
           WHERE shard = $1 AND wallet_id = $2 AND source = $3 AND seq > $4"#,
        wallet.shard.as_i16(),
        wallet.number,
        GrantSource::Allowance.code(),
        seq
    )
    .fetch_one(connection)
    .await?;
    Ok(row.granted.map(|granted| (Credits::from_micros(granted), row.expires_at)))
}

/// Credits that expire, and of which it was not told yet so many days ahead.
pub(crate) struct Expiring {
    pub(crate) wallet: WalletId,
    pub(crate) account: AccountId,
    pub(crate) is_production: bool,
    pub(crate) grant: i64,
    pub(crate) label: String,
    pub(crate) remaining: Credits,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) days: i16,
}

/// Lists credits that expire within 30, 7 or 1 days and of which it was not told so late, wallet by wallet: those of a
/// wallet are never cut apart.
///
/// Credits that last no longer than half as long again as the warning is ahead are left out: nobody wants to read on
/// the second day of a month that its credits end with it.
pub(crate) async fn expiring(
    pool: &PgPool,
    after: Option<WalletId>,
    now: DateTime<Utc>,
    wallets: i64,
) -> Result<Vec<Expiring>> {
    let (shard, number) = after.map_or((-1, 0), |wallet| (wallet.shard.as_i16(), wallet.number));
    let rows = sqlx::query!(
        r#"WITH due AS (
               SELECT g.shard, g.wallet_id, g.grant_id, g.label, g.remaining, g.expires_at, d.days,
                      dense_rank() OVER (ORDER BY g.shard, g.wallet_id) AS place
               FROM grants AS g
               CROSS JOIN LATERAL (
                   SELECT (CASE
                               WHEN g.expires_at <= $1::timestamptz + interval '1 day' THEN 1
                               WHEN g.expires_at <= $1::timestamptz + interval '7 days' THEN 7
                               ELSE 30
                           END)::smallint AS days
               ) AS d
               WHERE g.open
                 AND g.shard BETWEEN 0 AND 255
                 AND g.expires_at > $1
                 AND g.expires_at <= $1::timestamptz + interval '30 days'
                 AND g.remaining > 0
                 AND g.expires_at - g.effective_at > d.days * interval '36 hours'
                 AND (g.shard, g.wallet_id) > ($2, $3)
                 AND NOT EXISTS (
                     SELECT
                     FROM grant_warnings AS t
                     WHERE t.shard = g.shard AND t.wallet_id = g.wallet_id AND t.grant_id = g.grant_id
                       AND t.days <= d.days
                 )
           )
           SELECT due.shard AS "shard!", due.wallet_id AS "wallet_id!", due.grant_id AS "grant_id!",
                  due.label AS "label!", due.remaining AS "remaining!", due.expires_at AS "expires_at!",
                  due.days AS "days!", w.account_id, w.environment = 'production' AS "is_production!"
           FROM due
           JOIN wallets AS w ON w.shard = due.shard AND w.wallet_id = due.wallet_id
           WHERE due.place <= $4
           ORDER BY due.shard, due.wallet_id, due.expires_at, due.grant_id"#,
        now,
        shard,
        number,
        wallets
    )
    .fetch_all(pool)
    .await?;
    let expiring = rows.into_iter().map(|row| Expiring {
        wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
        account: AccountId::from_uuid(row.account_id),
        is_production: row.is_production,
        grant: row.grant_id,
        label: row.label,
        remaining: Credits::from_micros(row.remaining),
        expires_at: row.expires_at,
        days: row.days,
    });
    Ok(expiring.collect())
}

/// Notes that it is told of expiring credits; `false` where that was noted before.
pub(crate) async fn note_expiring(connection: &mut PgConnection, of: &Expiring, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO grant_warnings (shard, wallet_id, grant_id, days, told_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT grant_warnings_pk DO NOTHING",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.grant,
        of.days,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
