//! Referral codes, and who invited whom.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::{AccountId, PaymentId, Shard, WalletId};

/// How many have signed up by an account's code, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) signed_up: i64,
    pub(crate) rewarded: i64,
    pub(crate) rewarded_since: i64,
}

/// Finds an account's code.
pub(crate) async fn code_of(pool: &PgPool, account: AccountId) -> Result<Option<String>> {
    let code = sqlx::query_scalar!("SELECT code FROM referral_codes WHERE account_id = $1", account.uuid());
    Ok(code.fetch_optional(pool).await?)
}

/// Adds an account's code; nothing happens where it has one, or where another account has this one.
pub(crate) async fn insert_code(pool: &PgPool, account: AccountId, code: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO referral_codes (account_id, code, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        account.uuid(),
        code,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Finds the account of a code.
pub(crate) async fn account_of(connection: &mut PgConnection, code: &str) -> Result<Option<AccountId>> {
    let id = sqlx::query_scalar!("SELECT account_id FROM referral_codes WHERE code = $1", code);
    Ok(id.fetch_optional(connection).await?.map(AccountId::from_uuid))
}

/// Notes which account invited a new one.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    (invited, referrer): (AccountId, AccountId),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO referrals (invited_id, referrer_id, created_at)
         VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT referrals_pk DO NOTHING",
        invited.uuid(),
        referrer.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds the account that invited one which has not paid yet, and locks the invitation.
pub(crate) async fn waiting(connection: &mut PgConnection, invited: AccountId) -> Result<Option<AccountId>> {
    let id = sqlx::query_scalar!(
        "SELECT referrer_id FROM referrals WHERE invited_id = $1 AND state = 'waiting' FOR UPDATE",
        invited.uuid()
    );
    Ok(id.fetch_optional(connection).await?.map(AccountId::from_uuid))
}

/// Locks an account's code against others that count its rewards, and counts those since a moment.
pub(crate) async fn count_rewarded(
    connection: &mut PgConnection,
    referrer: AccountId,
    since: DateTime<Utc>,
) -> Result<i64> {
    sqlx::query!("SELECT account_id FROM referral_codes WHERE account_id = $1 FOR UPDATE", referrer.uuid())
        .fetch_optional(&mut *connection)
        .await?;
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!"
           FROM referrals
           WHERE referrer_id = $1
             AND state = 'rewarded'
             AND decided_at >= $2"#,
        referrer.uuid(),
        since
    );
    Ok(count.fetch_one(connection).await?)
}

/// Says whether somebody is a member of both accounts.
pub(crate) async fn have_a_member(connection: &mut PgConnection, (one, other): (AccountId, AccountId)) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT
               FROM members AS a
               JOIN members AS b ON b.user_id = a.user_id
               WHERE a.account_id = $1
                 AND b.account_id = $2
           ) AS "found!""#,
        one.uuid(),
        other.uuid()
    );
    Ok(found.fetch_one(connection).await?)
}

/// Finds the production wallet of an account's first project.
pub(crate) async fn wallet_of(connection: &mut PgConnection, account: AccountId) -> Result<Option<WalletId>> {
    let row = sqlx::query!(
        "SELECT shard, wallet_id
         FROM wallet_directory
         WHERE account_id = $1
           AND environment = 'production'
         ORDER BY project_id
         LIMIT 1",
        account.uuid()
    );
    let row = row.fetch_optional(connection).await?;
    Ok(row.map(|row| WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id }))
}

/// Notes what came of an invitation with the account's first payment: rewarded, or why not.
pub(crate) async fn decide(
    connection: &mut PgConnection,
    (invited, payment): (AccountId, PaymentId),
    why_not: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE referrals
         SET state = CASE WHEN $3::text IS NULL THEN 'rewarded' ELSE 'refused' END,
             why = $3,
             payment_id = $2,
             decided_at = $4
         WHERE invited_id = $1
           AND state = 'waiting'",
        invited.uuid(),
        payment.uuid(),
        why_not,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts what came of an account's invitations, in all and since a moment.
pub(crate) async fn counts(pool: &PgPool, referrer: AccountId, since: DateTime<Utc>) -> Result<Counts> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "signed_up!",
                  count(*) FILTER (WHERE state = 'rewarded') AS "rewarded!",
                  count(*) FILTER (WHERE state = 'rewarded' AND decided_at >= $2) AS "rewarded_since!"
           FROM referrals
           WHERE referrer_id = $1"#,
        referrer.uuid(),
        since
    )
    .fetch_one(pool)
    .await?;
    Ok(Counts { signed_up: row.signed_up, rewarded: row.rewarded, rewarded_since: row.rewarded_since })
}
