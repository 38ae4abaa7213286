//! Numbers without gaps, and the series that they are taken from.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::kind;
use crate::error::Result;
use crate::invoice::model::{DocumentKind, SeriesView};

/// A number that was taken.
pub(crate) struct Taken {
    pub(crate) series: String,
    pub(crate) number: i64,
    /// When its document counts as issued: now, and never before the one with the number before.
    pub(crate) issued_at: DateTime<Utc>,
}

/// Takes the next number of a kind. The series is locked until the caller's transaction ends: one that is rolled back
/// has taken none. `None` where the series was changed at the same moment: then it is tried again.
pub(crate) async fn take(connection: &mut PgConnection, of: DocumentKind, now: DateTime<Utc>) -> Result<Option<Taken>> {
    let row = sqlx::query!(
        r#"UPDATE invoice_series
           SET last_number = last_number + 1, last_issued_at = greatest(last_issued_at, $2)
           WHERE kind = $1
             AND is_current
           RETURNING name, last_number, last_issued_at AS "issued_at!""#,
        of.code(),
        now
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Taken { series: row.name, number: row.last_number, issued_at: row.issued_at }))
}

/// Lists all series: of each kind the current one first.
pub(crate) async fn list(pool: &PgPool) -> Result<Vec<SeriesView>> {
    let rows = sqlx::query!(
        "SELECT name, kind, last_number, is_current
         FROM invoice_series
         ORDER BY kind, NOT is_current, name"
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SeriesView {
                kind: kind(&row.kind)?,
                name: row.name,
                last_number: row.last_number,
                is_current: row.is_current,
            })
        })
        .collect()
}

/// Lets a kind take its numbers from a series from now on; `false` where the series is another kind's. Says the name of
/// the one before as well.
pub(crate) async fn choose(
    connection: &mut PgConnection,
    of: DocumentKind,
    name: &str,
) -> Result<Option<Option<String>>> {
    let before = sqlx::query_scalar!(
        "UPDATE invoice_series SET is_current = false WHERE kind = $1 AND is_current RETURNING name",
        of.code()
    )
    .fetch_optional(&mut *connection)
    .await?;
    let done = sqlx::query!(
        "INSERT INTO invoice_series (name, kind, is_current) VALUES ($1, $2, true)
         ON CONFLICT (name) DO UPDATE SET is_current = true WHERE invoice_series.kind = $2",
        name,
        of.code()
    )
    .execute(connection)
    .await?;
    Ok((done.rows_affected() == 1).then_some(before))
}
