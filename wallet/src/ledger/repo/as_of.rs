//! Reads wallets as they were.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::model::wallet_state::Grant;
use crate::ledger::repo::{GrantRow, in_burn_order};
use crate::money::Credits;

/// A row's place and moment, and what was set aside after it.
pub(in crate::ledger) struct Moment {
    pub seq: i64,
    pub created_at: DateTime<Utc>,
    pub held_after: i64,
}

/// Reads the newest row at or before a `seq`.
pub(in crate::ledger) async fn moment(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Option<Moment>> {
    Ok(sqlx::query_as!(
        Moment,
        "SELECT seq, created_at, held_after FROM entries
         WHERE shard = $1 AND wallet_id = $2 AND seq <= $3
         ORDER BY seq DESC
         LIMIT 1",
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_optional(connection)
    .await?)
}

/// What the rows of a stretch, `after` excluded and `to` included, changed in each grant: number, had, held.
pub(in crate::ledger) async fn changes(
    connection: &mut PgConnection,
    wallet: WalletId,
    after: i64,
    to: i64,
) -> Result<Vec<(i64, i64, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT grant_id AS "grant_id!", sum(amount)::bigint AS "had!", sum(held_change)::bigint AS "held!"
           FROM shares
           WHERE shard = $1 AND wallet_id = $2 AND seq > $3 AND seq <= $4
           GROUP BY grant_id"#,
        wallet.shard.as_i16(),
        wallet.number,
        after,
        to
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.grant_id, row.had, row.held)).collect())
}

/// Reads the grants that rows up to a `seq` brought, open or not, as they are now, in burn order.
pub(in crate::ledger) async fn grants_until(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Vec<Grant>> {
    let rows = sqlx::query_as!(
        GrantRow,
        "SELECT shard, wallet_id, grant_id, seq, source, label, granted, remaining, held, clawed, priority,
                effective_at, expires_at, cost_minor, cost_currency, reference, limited_to
         FROM grants
         WHERE shard = $1 AND wallet_id = $2 AND seq <= $3
         ORDER BY grant_id",
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_all(connection)
    .await?;
    in_burn_order(rows)
}

/// Gives back the numbers that a grant had, from what it has and what happened since.
pub(in crate::ledger) fn set(grant: &mut Grant, had: i64, held: i64) {
    grant.held = Credits::from_micros(held);
    grant.remaining = Credits::from_micros(had.saturating_sub(held));
}
