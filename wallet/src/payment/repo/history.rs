//! What happened to a payment: its states, its provider's answers and messages, its mails.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::PaymentId;
use crate::money::{Currency, Money};
use crate::payment::console::{EventState, PaymentStep, TimedStep};
use crate::payment::model::PaymentStatus;
use crate::payment::provider::{EventAbout, ProviderPayment, ProviderStatus};

/// The most messages, answers and mails of one story.
const EACH_MAX: i64 = 100;

/// Keeps what a provider said of a payment, where it differs from what it said before.
pub(crate) async fn note_answer(
    pool: &PgPool,
    payment: PaymentId,
    found: &ProviderPayment,
    now: DateTime<Utc>,
) -> Result<()> {
    let (status, decline) = written(&found.status);
    sqlx::query!(
        "INSERT INTO payment_answers (id, payment_id, status, decline, reference, order_id, minor, currency, tax_minor,
                                      refunded_minor, at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
         WHERE NOT EXISTS (
             SELECT
             FROM (
                 SELECT status, decline, reference, order_id, minor, currency, tax_minor, refunded_minor
                 FROM payment_answers
                 WHERE payment_id = $2
                 ORDER BY id DESC
                 LIMIT 1
             ) AS last
             WHERE (status, decline, reference, order_id, minor, currency, tax_minor, refunded_minor)
                 IS NOT DISTINCT FROM ($3::text, $4::text, $5::text, $6::uuid, $7::bigint, $8::text, $9::bigint,
                                       $10::bigint)
         )",
        Uuid::now_v7(),
        payment.uuid(),
        status,
        decline,
        found.reference,
        found.order.map(PaymentId::uuid),
        found.money.minor(),
        found.money.currency().code(),
        found.tax_minor,
        found.refunded_minor,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

fn written(status: &ProviderStatus) -> (&'static str, Option<&str>) {
    match status {
        ProviderStatus::Open => ("open", None),
        ProviderStatus::Processing => ("processing", None),
        ProviderStatus::Paid => ("paid", None),
        ProviderStatus::Declined { code } => ("declined", Some(code)),
        ProviderStatus::Cancelled => ("cancelled", None),
        ProviderStatus::Expired => ("expired", None),
    }
}

fn read(status: &str, decline: Option<String>) -> Result<ProviderStatus> {
    Ok(match status {
        "open" => ProviderStatus::Open,
        "processing" => ProviderStatus::Processing,
        "paid" => ProviderStatus::Paid,
        "declined" => ProviderStatus::Declined { code: decline.unwrap_or_default() },
        "cancelled" => ProviderStatus::Cancelled,
        "expired" => ProviderStatus::Expired,
        _ => return Err(Error::internal("an unknown state of a provider's answer")),
    })
}

/// Gives the states that a payment has had, and when its provider first named it.
pub(crate) async fn states(connection: &mut PgConnection, id: PaymentId) -> Result<Vec<TimedStep>> {
    let rows = sqlx::query!(
        "SELECT number, status, failure, at FROM payment_states WHERE payment_id = $1 ORDER BY number",
        id.uuid()
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut steps = Vec::with_capacity(rows.len().saturating_add(1));
    for row in rows {
        let status = PaymentStatus::from_code(&row.status);
        let status = status.ok_or_else(|| Error::internal("an unknown payment state"))?;
        let step = PaymentStep::State { status, failure: row.failure, is_first: row.number == 1 };
        steps.push(TimedStep { at: row.at, step });
    }
    let sent = sqlx::query!(
        r#"SELECT sent_at AS "sent_at!", provider_ref AS "provider_ref!"
           FROM payments
           WHERE id = $1
             AND sent_at IS NOT NULL
             AND provider_ref IS NOT NULL"#,
        id.uuid()
    )
    .fetch_optional(connection)
    .await?;
    steps
        .extend(sent.map(|row| TimedStep { at: row.sent_at, step: PaymentStep::Sent { reference: row.provider_ref } }));
    Ok(steps)
}

/// Gives what a payment's provider said when it was asked, and how many answers there are.
pub(crate) async fn answers(connection: &mut PgConnection, id: PaymentId) -> Result<(Vec<TimedStep>, i64)> {
    let rows = sqlx::query!(
        r#"SELECT status, decline, minor, currency, tax_minor, refunded_minor, at, count(*) OVER () AS "count!"
           FROM payment_answers
           WHERE payment_id = $1
           ORDER BY id
           LIMIT $2"#,
        id.uuid(),
        EACH_MAX
    )
    .fetch_all(connection)
    .await?;
    let count = rows.first().map_or(0, |row| row.count);
    let steps = rows.into_iter().map(|row| {
        let currency: Currency = row.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
        let step = PaymentStep::Answer {
            status: read(&row.status, row.decline)?,
            money: Money::from_minor(row.minor, currency),
            tax_minor: row.tax_minor,
            refunded_minor: row.refunded_minor,
        };
        Ok(TimedStep { at: row.at, step })
    });
    Ok((steps.collect::<Result<_>>()?, count))
}

/// Gives the messages that came about a payment; what they hold stays where it is.
pub(crate) async fn events(connection: &mut PgConnection, id: PaymentId) -> Result<Vec<TimedStep>> {
    let rows = sqlx::query!(
        r#"SELECT e.id, e.kind AS "kind!", e.about AS "about!", e.state AS "state!", e.received_at AS "received_at!"
           FROM provider_events AS e
           WHERE e.payment_id = $1
           UNION
           SELECT e.id, e.kind, e.about, e.state, e.received_at
           FROM payments AS p
           JOIN provider_events AS e ON e.provider = p.provider AND e.object_ref = p.provider_ref
           WHERE p.id = $1
           ORDER BY 5, 1
           LIMIT $2"#,
        id.uuid(),
        EACH_MAX
    )
    .fetch_all(connection)
    .await?;
    let steps = rows.into_iter().map(|row| {
        let about = EventAbout::from_code(&row.about).unwrap_or_default();
        let step = PaymentStep::Event { kind: row.kind, about, state: EventState::from_code(&row.state) };
        TimedStep { at: row.received_at, step }
    });
    Ok(steps.collect())
}

/// Gives the mails that were written about a payment and are still kept.
pub(crate) async fn mails(connection: &mut PgConnection, id: PaymentId) -> Result<Vec<TimedStep>> {
    let rows = sqlx::query!(
        "SELECT kind, state, coalesce(sent_at, created_at) AS \"at!\" FROM mails WHERE payment_id = $1 LIMIT $2",
        id.uuid(),
        EACH_MAX
    )
    .fetch_all(connection)
    .await?;
    let steps = rows.into_iter().map(|row| {
        let is_sent = match row.state.as_str() {
            "sent" => Some(true),
            "failed" => Some(false),
            _ => None,
        };
        TimedStep { at: row.at, step: PaymentStep::Mail { kind: row.kind, is_sent } }
    });
    Ok(steps.collect())
}

/// Gives the ledger rows that a payment brought: its own, and those of the months of a plan that it paid.
pub(crate) async fn entry_seqs(connection: &mut PgConnection, id: PaymentId) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT entry_seq AS "seq!" FROM payments WHERE id = $1 AND entry_seq IS NOT NULL
           UNION
           SELECT entry_seq FROM billing_periods WHERE paid_by = $1
           ORDER BY 1
           LIMIT $2"#,
        id.uuid(),
        EACH_MAX
    )
    .fetch_all(connection)
    .await?)
}
