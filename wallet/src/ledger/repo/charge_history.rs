//! Reading what was spent, equal debits together.
//!
//! The table is read once, by its pages in their order, [`PART`] at a time: nothing on the ledger's hot way pays for an
//! index by time, and how much is read says how far one is. Rows never change, and the transaction sees one moment and
//! keeps the table from being written anew, so each row is met exactly once.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::{PgPool, Postgres, Transaction};

use crate::db;
use crate::error::Result;
use crate::id::AccountId;
use crate::money::Credits;

/// Pages of one part: 8 MB, some twenty thousand rows.
const PART: i64 = 1_024;

/// Equal debits of one account.
pub(in crate::ledger) struct SpentRow {
    pub account: AccountId,
    pub kind: i16,
    pub operation: Option<String>,
    pub count: i64,
    pub credits: Credits,
    pub detail: Option<String>,
    pub times: i64,
}

/// Reads charges and captures of a time.
pub(in crate::ledger) struct Reader {
    tx: Transaction<'static, Postgres>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    pub pages: i64,
    next: i64,
}

impl Reader {
    /// Begins, as of now.
    pub(crate) async fn begin(pool: &PgPool, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self> {
        let mut tx = db::begin(pool).await?;
        db::one_moment(&mut tx).await?;
        db::take_time(&mut tx).await?;
        // Every part would be compiled for itself, for longer than it runs.
        sqlx::query!("SELECT set_config('jit', 'off', true)").fetch_one(&mut *tx).await?;
        let pages = sqlx::query_scalar!(
            r#"SELECT pg_relation_size('entries') / current_setting('block_size')::bigint AS "pages!""#
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(Self { tx, from, to, pages, next: 0 })
    }

    /// Hands over the next part, without what was paid back; says up to which page, or `None` where nothing is left.
    pub(crate) async fn read(&mut self, mut take: impl FnMut(SpentRow) + Send) -> Result<Option<i64>> {
        if self.next >= self.pages {
            return Ok(None);
        }
        let end = self.next.saturating_add(PART).min(self.pages);
        // A locked quote has a name of its own: without it, charges at the same price are equal.
        // Asking for each row whether it was paid back keeps the planner from reading the whole table for every part.
        let mut rows = sqlx::query!(
            r#"SELECT w.account_id, s.kind, s.operation, s.quantity, s.amount, s.detail, s.times AS "times!"
               FROM (
                   SELECT e.shard, e.wallet_id, e.kind, e.operation, e.quantity, e.amount,
                          CASE WHEN e.detail LIKE '%,"u":"quo\_%'
                               THEN regexp_replace(e.detail, ',"u":"quo_[0-9a-f]{32}"', '', 'g')
                               ELSE e.detail
                          END AS detail,
                          count(*) AS times
                   FROM entries AS e
                   LEFT JOIN LATERAL (
                       SELECT b.seq
                       FROM entries AS b
                       WHERE b.shard = e.shard AND b.wallet_id = e.wallet_id AND b.refers_to = e.seq AND b.kind = 8
                       LIMIT 1
                   ) AS back ON true
                   WHERE e.ctid >= $3::text::tid
                     AND e.ctid < $4::text::tid
                     AND e.kind IN (2, 4)
                     AND e.created_at >= $1
                     AND e.created_at < $2
                     AND back.seq IS NULL
                   GROUP BY 1, 2, 3, 4, 5, 6, 7
               ) AS s
               JOIN wallets AS w ON w.shard = s.shard AND w.wallet_id = s.wallet_id"#,
            self.from,
            self.to,
            format!("({},0)", self.next),
            format!("({end},0)")
        )
        .fetch(&mut *self.tx);
        while let Some(row) = rows.try_next().await? {
            take(SpentRow {
                account: AccountId::from_uuid(row.account_id),
                kind: row.kind,
                operation: row.operation,
                count: row.quantity,
                // A debit changes what is settled by less than nothing.
                credits: Credits::from_micros(row.amount.saturating_neg()),
                detail: row.detail,
                times: row.times,
            });
        }
        drop(rows);
        self.next = end;
        Ok(Some(end))
    }
}
