//! Saved methods, read whole.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentMethodId};
use crate::payment::provider::MethodKind;

/// A method as stored.
#[derive(Clone, Debug)]
pub(crate) struct MethodRow {
    pub(crate) id: PaymentMethodId,
    pub(crate) account: AccountId,
    pub(crate) provider: String,
    pub(crate) reference: Option<String>,
    pub(crate) kind: MethodKind,
    pub(crate) brand: Option<String>,
    pub(crate) last4: Option<String>,
    pub(crate) expires: Option<(u16, u8)>,
    pub(crate) label: String,
    pub(crate) is_default: bool,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) setup_ref: Option<String>,
    pub(crate) setup_url: Option<String>,
    pub(crate) return_base: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

struct Raw {
    id: Uuid,
    account_id: Uuid,
    provider: String,
    reference: Option<String>,
    kind: String,
    brand: Option<String>,
    last4: Option<String>,
    expires_year: Option<i16>,
    expires_month: Option<i16>,
    label: String,
    is_default: bool,
    state: String,
    reason: Option<String>,
    setup_ref: Option<String>,
    setup_url: Option<String>,
    return_base: Option<String>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Raw> for MethodRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let expires = match (raw.expires_year, raw.expires_month) {
            (Some(year), Some(month)) => {
                Some((u16::try_from(year).map_err(Error::internal)?, u8::try_from(month).map_err(Error::internal)?))
            }
            _ => None,
        };
        Ok(Self {
            id: PaymentMethodId::from_uuid(raw.id),
            account: AccountId::from_uuid(raw.account_id),
            provider: raw.provider,
            reference: raw.reference,
            kind: MethodKind::from_code(&raw.kind).ok_or_else(|| Error::internal("an unknown kind of method"))?,
            brand: raw.brand,
            last4: raw.last4,
            expires,
            label: raw.label,
            is_default: raw.is_default,
            state: raw.state,
            reason: raw.reason,
            setup_ref: raw.setup_ref,
            setup_url: raw.setup_url,
            return_base: raw.return_base,
            created_at: raw.created_at,
        })
    }
}

/// Selects methods as [`Raw`] rows; the text goes on from `WHERE`.
macro_rules! select_methods {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Raw,
            "SELECT id, account_id, provider, reference, kind, brand, last4, expires_year, expires_month, label,
                    is_default, state, reason, setup_ref, setup_url, return_base, created_at
             FROM payment_methods
             " + $tail
            $(, $argument)*
        )
    };
}

/// Lists an account's methods: the one that its owner has put first, then the newest.
pub(crate) async fn list(pool: &PgPool, account: AccountId) -> Result<Vec<MethodRow>> {
    let rows = select_methods!(
        "WHERE account_id = $1
           AND state = 'active'
         ORDER BY is_default DESC, created_at DESC
         LIMIT 100",
        account.uuid()
    );
    rows.fetch_all(pool).await?.into_iter().map(MethodRow::try_from).collect()
}

/// Finds a method of an account, in whatever state.
pub(crate) async fn find(pool: &PgPool, account: AccountId, id: PaymentMethodId) -> Result<Option<MethodRow>> {
    let row = select_methods!(
        "WHERE account_id = $1
           AND id = $2",
        account.uuid(),
        id.uuid()
    );
    row.fetch_optional(pool).await?.map(MethodRow::try_from).transpose()
}

/// Finds an active method.
pub(crate) async fn by_id(pool: &PgPool, id: PaymentMethodId) -> Result<Option<MethodRow>> {
    let row = select_methods!(
        "WHERE id = $1
           AND state = 'active'",
        id.uuid()
    );
    row.fetch_optional(pool).await?.map(MethodRow::try_from).transpose()
}

/// Finds the method that a provider knows under a reference.
pub(crate) async fn by_reference(pool: &PgPool, provider: &str, reference: &str) -> Result<Option<MethodRow>> {
    let row = select_methods!(
        "WHERE provider = $1
           AND reference = $2",
        provider,
        reference
    );
    row.fetch_optional(pool).await?.map(MethodRow::try_from).transpose()
}

/// Finds the method whose page a provider knows under a reference.
pub(crate) async fn by_setup(pool: &PgPool, provider: &str, reference: &str) -> Result<Option<MethodRow>> {
    let row = select_methods!(
        "WHERE provider = $1
           AND setup_ref = $2",
        provider,
        reference
    );
    row.fetch_optional(pool).await?.map(MethodRow::try_from).transpose()
}

/// Finds the method that was begun with a key.
pub(crate) async fn by_key(pool: &PgPool, account: AccountId, key: &str) -> Result<Option<MethodRow>> {
    let row = select_methods!(
        "WHERE account_id = $1
           AND setup_key = $2",
        account.uuid(),
        key
    );
    row.fetch_optional(pool).await?.map(MethodRow::try_from).transpose()
}

/// Lists pages whose time is over and that were not finished, oldest first.
pub(crate) async fn open_setups(pool: &PgPool, before: DateTime<Utc>, limit: i64) -> Result<Vec<MethodRow>> {
    let rows = select_methods!(
        "WHERE state = 'setup'
           AND setup_until <= $1
         ORDER BY setup_until
         LIMIT $2",
        before,
        limit
    );
    rows.fetch_all(pool).await?.into_iter().map(MethodRow::try_from).collect()
}

/// Counts an account's methods and open pages, which it must be locked for.
pub(crate) async fn count(connection: &mut PgConnection, account: AccountId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM payment_methods WHERE account_id = $1 AND state IN ('active', 'setup')"#,
        account.uuid()
    )
    .fetch_one(connection)
    .await?)
}
