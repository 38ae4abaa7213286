//! Documents.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use super::number::Taken;
use super::{kind, money};
use crate::error::{Error, Result};
use crate::id::{AccountId, DisputeId, DocumentId, PaymentId, RefundId, RefundRequestId};
use crate::invoice::model::{Document, DocumentSummary, document_code};
use crate::invoice::rule::{Back, Credited, Draft};

/// Stores a document; `false` where there is one of its kind already about the same.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    id: DocumentId,
    draft: &Draft,
    taken: &Taken,
) -> Result<bool> {
    let (refund, dispute) = match draft.why {
        Some(Back::Refund(id)) => (Some(id.uuid()), None),
        Some(Back::Dispute(id)) => (None, Some(id.uuid())),
        None => (None, None),
    };
    let done = sqlx::query!(
        "INSERT INTO invoice_documents (id, kind, series, number, account_id, payment_id, refund_id, dispute_id,
             original_id, total_minor, tax_minor, currency, locale, content, issued_at, issued_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT DO NOTHING",
        id.uuid(),
        draft.kind.code(),
        taken.series,
        taken.number,
        draft.account.uuid(),
        draft.payment.uuid(),
        refund,
        dispute,
        draft.original.map(DocumentId::uuid),
        draft.total.minor(),
        draft.tax_minor,
        draft.total.currency().code(),
        draft.locale,
        serde_json::to_value(&draft.content)?,
        taken.issued_at,
        draft.content.issued_on
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the database gives for a document; one shape for every query.
struct Raw {
    id: Uuid,
    kind: String,
    series: String,
    number: i64,
    account_id: Uuid,
    payment_id: Uuid,
    total_minor: i64,
    tax_minor: i64,
    currency: String,
    locale: String,
    content: Value,
    issued_at: DateTime<Utc>,
}

impl TryFrom<Raw> for Document {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: DocumentId::from_uuid(raw.id),
            kind: kind(&raw.kind)?,
            series: raw.series,
            number: raw.number,
            account: AccountId::from_uuid(raw.account_id),
            payment: PaymentId::from_uuid(raw.payment_id),
            total: money(raw.total_minor, &raw.currency)?,
            tax_minor: raw.tax_minor,
            locale: raw.locale,
            issued_at: raw.issued_at,
            content: serde_json::from_value(raw.content)?,
        })
    }
}

/// Selects documents as [`Raw`] rows; the text goes on from `WHERE`.
macro_rules! select_documents {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Raw,
            "SELECT id, kind, series, number, account_id, payment_id, total_minor, tax_minor, currency, locale, content,
                    issued_at
             FROM invoice_documents
             " + $tail
            $(, $argument)*
        )
    };
}

/// Finds a document.
pub(crate) async fn by_id(executor: impl PgExecutor<'_>, id: DocumentId) -> Result<Option<Document>> {
    let row = select_documents!("WHERE id = $1", id.uuid()).fetch_optional(executor).await?;
    row.map(Document::try_from).transpose()
}

/// Finds the receipt of a payment.
pub(crate) async fn receipt(executor: impl PgExecutor<'_>, payment: PaymentId) -> Result<Option<Document>> {
    let row = select_documents!("WHERE payment_id = $1 AND kind = 'receipt'", payment.uuid());
    row.fetch_optional(executor).await?.map(Document::try_from).transpose()
}

/// Finds what a credit note of a payment reduces: its invoice, else its receipt.
pub(crate) async fn original(executor: impl PgExecutor<'_>, payment: PaymentId) -> Result<Option<Document>> {
    let row = select_documents!(
        "WHERE payment_id = $1 AND kind IN ('receipt', 'invoice') ORDER BY kind = 'receipt' LIMIT 1",
        payment.uuid()
    );
    row.fetch_optional(executor).await?.map(Document::try_from).transpose()
}

/// Finds the credit note of a refund.
pub(crate) async fn credit_note(executor: impl PgExecutor<'_>, refund: RefundId) -> Result<Option<Document>> {
    let row = select_documents!("WHERE refund_id = $1 AND kind = 'credit_note'", refund.uuid());
    row.fetch_optional(executor).await?.map(Document::try_from).transpose()
}

/// Finds the refund that a request brought.
pub(crate) async fn refund_of(executor: impl PgExecutor<'_>, request: RefundRequestId) -> Result<Option<RefundId>> {
    let id = sqlx::query_scalar!("SELECT id FROM refunds WHERE request_id = $1", request.uuid());
    Ok(id.fetch_optional(executor).await?.map(RefundId::from_uuid))
}

/// Lists the documents of an account from one day to before another but its invoices, oldest first.
pub(crate) async fn of_period(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    (from, to): (NaiveDate, NaiveDate),
    limit: i64,
) -> Result<Vec<Document>> {
    let rows = select_documents!(
        "WHERE account_id = $1 AND issued_on >= $2 AND issued_on < $3 AND kind <> 'invoice'
         ORDER BY issued_at, id
         LIMIT $4",
        account.uuid(),
        from,
        to,
        limit
    );
    rows.fetch_all(executor).await?.into_iter().map(Document::try_from).collect()
}

/// Adds up what was credited of a payment so far.
pub(crate) async fn credited(executor: impl PgExecutor<'_>, payment: PaymentId) -> Result<Credited> {
    let row = sqlx::query_as!(
        Credited,
        r#"SELECT coalesce(sum(CASE kind WHEN 'credit_note' THEN total_minor ELSE -total_minor END), 0)::bigint
                      AS "total!",
                  coalesce(sum(CASE kind WHEN 'credit_note' THEN tax_minor ELSE -tax_minor END), 0)::bigint AS "tax!"
           FROM invoice_documents
           WHERE payment_id = $1
             AND kind IN ('credit_note', 'debit_note')"#,
        payment.uuid()
    );
    Ok(row.fetch_one(executor).await?)
}

/// Which documents a list shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// An account's.
    Account(AccountId),
    /// Those about a payment.
    Payment(PaymentId),
}

/// Lists documents before one, newest first.
pub(crate) async fn list(
    pool: &PgPool,
    of: Of,
    before: Option<DocumentId>,
    limit: i64,
) -> Result<Vec<DocumentSummary>> {
    let (account, payment) = match of {
        Of::Account(id) => (Some(id.uuid()), None),
        Of::Payment(id) => (None, Some(id.uuid())),
    };
    let rows = sqlx::query!(
        r#"SELECT d.id, d.kind, d.series, d.number, d.payment_id, d.total_minor, d.currency, d.issued_at,
                  coalesce(d.content #>> '{lines,0,title}', '') AS "title!", d.content ->> 'original' AS original,
                  EXISTS (
                      SELECT FROM invoice_documents AS i WHERE i.payment_id = d.payment_id AND i.kind = 'invoice'
                  ) AS "has_invoice!"
           FROM invoice_documents AS d
           WHERE ($1::uuid IS NULL OR d.account_id = $1)
             AND ($2::uuid IS NULL OR d.payment_id = $2)
             AND ($3::uuid IS NULL
                  OR (d.issued_at, d.id) < (SELECT b.issued_at, b.id FROM invoice_documents AS b WHERE b.id = $3))
           ORDER BY d.issued_at DESC, d.id DESC
           LIMIT $4"#,
        account,
        payment,
        before.map(DocumentId::uuid),
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(DocumentSummary {
                id: DocumentId::from_uuid(row.id),
                kind: kind(&row.kind)?,
                code: document_code(&row.series, row.number),
                title: row.title,
                payment: PaymentId::from_uuid(row.payment_id),
                original: row.original,
                total: money(row.total_minor, &row.currency)?,
                issued_at: row.issued_at,
                has_invoice: row.has_invoice,
            })
        })
        .collect()
}

/// Gives the days of an account's first and newest documents.
pub(crate) async fn span(pool: &PgPool, account: AccountId) -> Result<Option<(NaiveDate, NaiveDate)>> {
    let row = sqlx::query!(
        "SELECT min(issued_on) AS first, max(issued_on) AS newest FROM invoice_documents WHERE account_id = $1",
        account.uuid()
    );
    let row = row.fetch_one(pool).await?;
    Ok(row.first.zip(row.newest))
}

/// Notes that what a document is about has one now; `false` where it had, or is in another state by now.
pub(crate) async fn note_payment(connection: &mut PgConnection, id: PaymentId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payments SET documented_at = $2
         WHERE id = $1 AND status = 'succeeded' AND documented_at IS NULL",
        id.uuid(),
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Does the same for a refund.
pub(crate) async fn note_refund(connection: &mut PgConnection, id: RefundId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refunds SET documented_at = $2 WHERE id = $1 AND state = 'succeeded' AND documented_at IS NULL",
        id.uuid(),
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Does the same for a refund that failed after its credit note.
pub(crate) async fn note_reversal(connection: &mut PgConnection, id: RefundId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refunds SET reversed_at = $2
         WHERE id = $1 AND state = 'failed' AND documented_at IS NOT NULL AND reversed_at IS NULL",
        id.uuid(),
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Does the same for a dispute that was lost.
pub(crate) async fn note_dispute(connection: &mut PgConnection, id: DisputeId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE disputes SET documented_at = $2 WHERE id = $1 AND state = 'lost' AND documented_at IS NULL",
        id.uuid(),
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}
