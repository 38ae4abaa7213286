//! What changes saved methods: each change only where it is still as it was seen.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::{AccountId, PaymentMethodId, UserId};
use crate::payment::provider::{MethodKind, ProviderMethod};

/// A page where a method is saved, to be stored.
pub(crate) struct NewSetup<'a> {
    pub(crate) id: PaymentMethodId,
    pub(crate) account: AccountId,
    pub(crate) user: UserId,
    pub(crate) provider: &'a str,
    pub(crate) kind: MethodKind,
    pub(crate) key: &'a str,
    pub(crate) consent: &'a str,
    pub(crate) return_base: &'a str,
    pub(crate) until: DateTime<Utc>,
}

/// Adds a page; nothing happens where the key was used before.
pub(crate) async fn insert_setup(
    connection: &mut PgConnection,
    new: &NewSetup<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO payment_methods (id, account_id, provider, kind, state, setup_key, setup_until, return_base,
                                      user_id, consent, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'setup', $5, $6, $7, $8, $9, $10, $10)
         ON CONFLICT ON CONSTRAINT payment_methods_key_unique DO NOTHING",
        new.id.uuid(),
        new.account.uuid(),
        new.provider,
        new.kind.code(),
        new.key,
        new.until,
        new.return_base,
        new.user.uuid(),
        new.consent,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Notes the page of a method.
pub(crate) async fn set_setup_page(
    pool: &PgPool,
    id: PaymentMethodId,
    (reference, url): (&str, &str),
    until: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE payment_methods
         SET setup_ref = $2,
             setup_url = $3,
             setup_until = $4
         WHERE id = $1
           AND state = 'setup'",
        id.uuid(),
        reference,
        url,
        until
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Sets when an open page is asked about next.
pub(crate) async fn delay_setup(pool: &PgPool, id: PaymentMethodId, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE payment_methods SET setup_until = $2 WHERE id = $1 AND state = 'setup'", id.uuid(), until)
        .execute(pool)
        .await?;
    Ok(())
}

/// A method that was saved, and who agreed to it.
pub(crate) struct Saved<'a> {
    pub(crate) account: AccountId,
    pub(crate) user: Option<UserId>,
    pub(crate) provider: &'a str,
    pub(crate) method: &'a ProviderMethod,
    pub(crate) consent: &'a str,
}

/// Adds a method that was saved with a payment, or takes up one that is there already. A reference that belongs to
/// another account changes nothing, and neither does one that its owner has removed.
pub(crate) async fn save(connection: &mut PgConnection, saved: &Saved<'_>, now: DateTime<Utc>) -> Result<()> {
    let (year, month) = expiry(saved.method);
    sqlx::query!(
        "INSERT INTO payment_methods AS m (id, account_id, provider, reference, kind, brand, last4, expires_year,
                                           expires_month, label, state, user_id, consent, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11, $12, $13, $13)
         ON CONFLICT ON CONSTRAINT payment_methods_reference_unique DO UPDATE
         SET brand = excluded.brand,
             last4 = excluded.last4,
             expires_year = excluded.expires_year,
             expires_month = excluded.expires_month,
             label = excluded.label,
             state = 'active',
             reason = NULL,
             removed_at = NULL,
             user_id = coalesce(excluded.user_id, m.user_id),
             consent = excluded.consent,
             updated_at = excluded.updated_at
         WHERE m.account_id = excluded.account_id
           AND m.reason IS DISTINCT FROM 'removed_by_owner'",
        PaymentMethodId::new().uuid(),
        saved.account.uuid(),
        saved.provider,
        saved.method.reference,
        saved.method.kind.code(),
        saved.method.brand,
        saved.method.last4,
        year,
        month,
        saved.method.label,
        saved.user.map(UserId::uuid),
        saved.consent,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Finishes a page: its method is saved. `false` where the page was finished before, or the provider's method is in
/// the list already.
pub(crate) async fn finish_setup(
    connection: &mut PgConnection,
    id: PaymentMethodId,
    method: &ProviderMethod,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (year, month) = expiry(method);
    let done = sqlx::query!(
        "UPDATE payment_methods AS m
         SET reference = $2,
             kind = $3,
             brand = $4,
             last4 = $5,
             expires_year = $6,
             expires_month = $7,
             label = $8,
             state = 'active',
             setup_url = NULL,
             updated_at = $9
         WHERE id = $1
           AND state = 'setup'
           AND NOT EXISTS (SELECT FROM payment_methods WHERE provider = m.provider AND reference = $2)",
        id.uuid(),
        method.reference,
        method.kind.code(),
        method.brand,
        method.last4,
        year,
        month,
        method.label,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Takes over what a provider says of a method: a card that the network has renewed, say.
pub(crate) async fn update(
    pool: &PgPool,
    id: PaymentMethodId,
    method: &ProviderMethod,
    now: DateTime<Utc>,
) -> Result<()> {
    let (year, month) = expiry(method);
    sqlx::query!(
        "WITH changed AS (
             UPDATE payment_methods
             SET brand = $2,
                 last4 = $3,
                 expires_year = $4,
                 expires_month = $5,
                 label = $6,
                 updated_at = $7
             WHERE id = $1
               AND state = 'active'
               AND (brand, last4, expires_year, expires_month, label) IS DISTINCT FROM ($2, $3, $4, $5, $6)
             RETURNING provider, reference
         )
         UPDATE subscriptions
         SET method_label = $6
         FROM changed
         WHERE subscriptions.provider = changed.provider
           AND subscriptions.method_ref = changed.reference",
        id.uuid(),
        method.brand,
        method.last4,
        year,
        month,
        method.label,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends a method or an open page; `false` where it is ended already.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    id: PaymentMethodId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payment_methods
         SET state = 'removed',
             reason = $2,
             is_default = false,
             setup_url = NULL,
             removed_at = $3,
             updated_at = $3
         WHERE id = $1
           AND state <> 'removed'",
        id.uuid(),
        reason,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Ends a page on which nothing was saved; nothing happens where its method is saved by now.
pub(crate) async fn end_setup(
    connection: &mut PgConnection,
    id: PaymentMethodId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE payment_methods
         SET state = 'removed',
             reason = $2,
             setup_url = NULL,
             removed_at = $3,
             updated_at = $3
         WHERE id = $1
           AND state = 'setup'",
        id.uuid(),
        reason,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes to what the owner of a method has agreed.
pub(crate) async fn set_consent(
    connection: &mut PgConnection,
    id: PaymentMethodId,
    (user, consent): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE payment_methods SET consent = $2, user_id = $3, updated_at = $4 WHERE id = $1 AND state = 'active'",
        id.uuid(),
        consent,
        user.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a method the default of an account, which must be locked.
pub(crate) async fn set_default(
    connection: &mut PgConnection,
    account: AccountId,
    id: PaymentMethodId,
    now: DateTime<Utc>,
) -> Result<()> {
    for (is_default, only) in [(false, None), (true, Some(id.uuid()))] {
        sqlx::query!(
            "UPDATE payment_methods
             SET is_default = $3,
                 updated_at = $4
             WHERE account_id = $1
               AND state = 'active'
               AND is_default <> $3
               AND ($2::uuid IS NULL OR id = $2)",
            account.uuid(),
            only,
            is_default,
            now
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Takes methods that expire with a month, of whose end their owner was not told in the last weeks, and notes that it
/// is told now.
pub(crate) async fn take_expiring(
    connection: &mut PgConnection,
    (year, month): (i16, i16),
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PaymentMethodId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE payment_methods
         SET expiry_told_at = $3
         WHERE id IN (
             SELECT id
             FROM payment_methods
             WHERE state = 'active'
               AND expires_year = $1
               AND expires_month = $2
               AND (expiry_told_at IS NULL OR expiry_told_at < $3::timestamptz - interval '20 days')
             ORDER BY id
             LIMIT $4
             FOR UPDATE SKIP LOCKED
         )
         RETURNING id",
        year,
        month,
        now,
        limit
    );
    Ok(ids.fetch_all(connection).await?.into_iter().map(PaymentMethodId::from_uuid).collect())
}

fn expiry(method: &ProviderMethod) -> (Option<i16>, Option<i16>) {
    method.expires.map(|(year, month)| (i16::try_from(year).unwrap_or(i16::MAX), i16::from(month))).unzip()
}
