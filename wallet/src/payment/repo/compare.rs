//! Our payments for a comparison with a provider's books, and what comparisons found.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::PaymentId;
use crate::money::{Currency, Money};
use crate::payment::compare::{ComparedPeriod, Difference, DifferenceKind, OurPayment};
use crate::payment::console::{FoundDifference, Reconciliation};
use crate::payment::model::{PaymentStatus, RETURNED};

/// A payment as it is compared.
struct Raw {
    id: Uuid,
    provider_ref: Option<String>,
    status: String,
    failure: Option<String>,
    minor: i64,
    tax_minor: i64,
    currency: String,
    created_at: DateTime<Utc>,
    refunded: i64,
}

impl TryFrom<Raw> for OurPayment {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let status = PaymentStatus::from_code(&raw.status);
        let status = status.ok_or_else(|| Error::internal("an unknown payment state"))?;
        let total = raw.minor.checked_add(raw.tax_minor);
        let total = total.ok_or_else(|| Error::internal("a payment's total is too large"))?;
        Ok(Self {
            id: PaymentId::from_uuid(raw.id),
            reference: raw.provider_ref,
            status,
            is_returned: status == PaymentStatus::Cancelled && raw.failure.as_deref() == Some(RETURNED),
            total: Money::from_minor(total, currency(&raw.currency)?),
            refunded_minor: raw.refunded,
            created_at: raw.created_at,
        })
    }
}

fn currency(code: &str) -> Result<Currency> {
    code.parse().map_err(|_| Error::internal("an unknown currency"))
}

/// Lists the payments of a period for which a provider must have taken money.
pub(crate) async fn paid_in(pool: &PgPool, provider: &str, period: &ComparedPeriod) -> Result<Vec<OurPayment>> {
    sqlx::query_as!(
        Raw,
        r#"SELECT id, provider_ref, status, failure, minor, tax_minor, currency, created_at,
                coalesce((
                    SELECT sum(r.minor) FROM refunds AS r WHERE r.payment_id = payments.id AND r.state <> 'failed'
                ), 0)::bigint AS "refunded!"
         FROM payments
         WHERE provider = $1
           AND created_at >= $2
           AND created_at < $3
           AND (status = 'succeeded' OR (status = 'cancelled' AND failure = 'returned'))
         ORDER BY created_at, id"#,
        provider,
        period.from,
        period.to
    )
    .fetch_all(pool)
    .await?
    .into_iter()
    .map(OurPayment::try_from)
    .collect()
}

/// Finds a provider's payments by our ids or the provider's names of them.
pub(crate) async fn named(
    pool: &PgPool,
    provider: &str,
    (ids, references): (&[Uuid], &[String]),
) -> Result<Vec<OurPayment>> {
    sqlx::query_as!(
        Raw,
        r#"SELECT id, provider_ref, status, failure, minor, tax_minor, currency, created_at,
                coalesce((
                    SELECT sum(r.minor) FROM refunds AS r WHERE r.payment_id = payments.id AND r.state <> 'failed'
                ), 0)::bigint AS "refunded!"
         FROM payments
         WHERE provider = $1
           AND (id = ANY($2) OR provider_ref = ANY($3))"#,
        provider,
        ids,
        references
    )
    .fetch_all(pool)
    .await?
    .into_iter()
    .map(OurPayment::try_from)
    .collect()
}

/// Names the providers of payments that were ordered in a period.
pub(crate) async fn providers_in(pool: &PgPool, period: &ComparedPeriod) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "SELECT DISTINCT provider FROM payments WHERE created_at >= $1 AND created_at < $2 ORDER BY provider",
        period.from,
        period.to
    )
    .fetch_all(pool)
    .await?)
}

/// Adds a comparison.
pub(crate) async fn add(connection: &mut PgConnection, run: &Reconciliation) -> Result<()> {
    sqlx::query!(
        "INSERT INTO reconciliations (id, provider, from_at, to_at, began_at, matched, differences, others, in_review,
                                      problem)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        run.id,
        run.provider,
        run.from,
        run.to,
        run.began_at,
        run.matched,
        run.differences,
        run.others,
        run.in_review,
        run.problem
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a difference that a comparison found, or finds the row that it has already; says whether it is new.
pub(crate) async fn add_difference(
    connection: &mut PgConnection,
    run: &Reconciliation,
    found: &Difference,
) -> Result<bool> {
    let key = found.key();
    let done = sqlx::query!(
        "INSERT INTO payment_differences (id, provider, same_key, kind, payment_id, reference, ours_minor,
                                          ours_currency, theirs_minor, theirs_currency, about_at, found_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT ON CONSTRAINT payment_differences_same_unique DO NOTHING",
        Uuid::now_v7(),
        run.provider,
        key,
        found.kind.code(),
        found.payment.map(PaymentId::uuid),
        found.reference,
        found.ours.map(Money::minor),
        found.ours.map(|money| money.currency().code()),
        found.theirs.map(Money::minor),
        found.theirs.map(|money| money.currency().code()),
        found.about_at,
        run.began_at
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO found_differences (reconciliation_id, difference_id)
         SELECT $1, id
         FROM payment_differences
         WHERE provider = $2
           AND same_key = $3",
        run.id,
        run.provider,
        key
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists the newest comparison with each provider.
pub(crate) async fn newest(pool: &PgPool) -> Result<Vec<Reconciliation>> {
    Ok(sqlx::query_as!(
        Reconciliation,
        r#"SELECT DISTINCT ON (provider) id, provider, from_at AS "from", to_at AS "to", began_at, matched, differences,
                  others, in_review, problem
           FROM reconciliations
           ORDER BY provider, began_at DESC, id DESC"#
    )
    .fetch_all(pool)
    .await?)
}

/// What the database gives for a difference.
struct RawDifference {
    id: Uuid,
    provider: String,
    kind: String,
    payment_id: Option<Uuid>,
    reference: Option<String>,
    ours_minor: Option<i64>,
    ours_currency: Option<String>,
    theirs_minor: Option<i64>,
    theirs_currency: Option<String>,
    about_at: DateTime<Utc>,
    found_at: DateTime<Utc>,
    last_found_at: DateTime<Utc>,
    is_current: bool,
}

impl TryFrom<RawDifference> for FoundDifference {
    type Error = Error;

    fn try_from(raw: RawDifference) -> Result<Self> {
        let money = |minor: Option<i64>, code: Option<String>| match (minor, code) {
            (Some(minor), Some(code)) => Ok::<_, Error>(Some(Money::from_minor(minor, currency(&code)?))),
            _ => Ok(None),
        };
        let kind = DifferenceKind::from_code(&raw.kind);
        Ok(Self {
            id: raw.id,
            provider: raw.provider,
            difference: Difference {
                kind: kind.ok_or_else(|| Error::internal("an unknown kind of difference"))?,
                payment: raw.payment_id.map(PaymentId::from_uuid),
                reference: raw.reference,
                ours: money(raw.ours_minor, raw.ours_currency)?,
                theirs: money(raw.theirs_minor, raw.theirs_currency)?,
                about_at: raw.about_at,
            },
            found_at: raw.found_at,
            last_found_at: raw.last_found_at,
            is_current: raw.is_current,
        })
    }
}

/// Lists differences: those that the newest comparisons found first, then the newest first.
pub(crate) async fn differences(pool: &PgPool, payment: Option<PaymentId>, limit: i64) -> Result<Vec<FoundDifference>> {
    sqlx::query_as!(
        RawDifference,
        r#"WITH newest AS (
               SELECT DISTINCT ON (provider) id FROM reconciliations ORDER BY provider, began_at DESC, id DESC
           )
           SELECT d.id, d.provider, d.kind, d.payment_id, d.reference, d.ours_minor, d.ours_currency, d.theirs_minor,
                  d.theirs_currency, d.about_at, d.found_at, f.last AS "last_found_at!", f.is_current AS "is_current!"
           FROM payment_differences AS d
           CROSS JOIN LATERAL (
               SELECT max(r.began_at) AS last, coalesce(bool_or(r.id IN (SELECT id FROM newest)), false) AS is_current
               FROM found_differences AS fd
               JOIN reconciliations AS r ON r.id = fd.reconciliation_id
               WHERE fd.difference_id = d.id
           ) AS f
           WHERE $1::uuid IS NULL OR d.payment_id = $1
           ORDER BY f.is_current DESC, d.found_at DESC, d.id DESC
           LIMIT $2"#,
        payment.map(PaymentId::uuid),
        limit
    )
    .fetch_all(pool)
    .await?
    .into_iter()
    .map(FoundDifference::try_from)
    .collect()
}
