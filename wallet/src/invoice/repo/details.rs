//! Who sells and who buys.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::invoice::details::{BillingDetails, Party, Seller, SellerTax};

/// Reads who sells; `None` where nobody has said so.
pub(crate) async fn seller(executor: impl PgExecutor<'_>) -> Result<Option<Seller>> {
    let row = sqlx::query!(
        "SELECT name, address, country, tax_id, email, tax_name, tax_basis_points, note FROM invoice_seller"
    )
    .fetch_optional(executor)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let tax = match row.tax_name.zip(row.tax_basis_points) {
        Some((name, points)) => Some(SellerTax { name, basis_points: u16::try_from(points).map_err(Error::internal)? }),
        None => None,
    };
    let party = Party {
        name: row.name,
        address: row.address,
        country: row.country,
        tax_id: row.tax_id.unwrap_or_default(),
        email: row.email.unwrap_or_default(),
    };
    Ok(Some(Seller { party, tax, note: row.note.unwrap_or_default() }))
}

/// Says who sells from now on.
pub(crate) async fn set_seller(connection: &mut PgConnection, seller: &Seller, now: DateTime<Utc>) -> Result<()> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    sqlx::query!(
        "INSERT INTO invoice_seller (name, address, country, tax_id, email, tax_name, tax_basis_points, note,
             updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (only_row) DO UPDATE
         SET name = excluded.name, address = excluded.address, country = excluded.country, tax_id = excluded.tax_id,
             email = excluded.email, tax_name = excluded.tax_name, tax_basis_points = excluded.tax_basis_points,
             note = excluded.note, updated_at = excluded.updated_at",
        seller.party.name,
        seller.party.address,
        seller.party.country,
        some(&seller.party.tax_id),
        some(&seller.party.email),
        seller.tax.as_ref().map(|tax| tax.name.as_str()),
        seller.tax.as_ref().map(|tax| i32::from(tax.basis_points)),
        some(&seller.note),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads an account's billing details; empty where there are none.
pub(crate) async fn billing(executor: impl PgExecutor<'_>, account: AccountId) -> Result<BillingDetails> {
    let row = sqlx::query_as!(
        BillingDetails,
        "SELECT name, address, country, tax_id FROM billing_details WHERE account_id = $1",
        account.uuid()
    );
    Ok(row.fetch_optional(executor).await?.unwrap_or_default())
}

/// Sets an account's billing details.
pub(crate) async fn set_billing(
    connection: &mut PgConnection,
    account: AccountId,
    details: &BillingDetails,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO billing_details (account_id, name, address, country, tax_id, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id) DO UPDATE
         SET name = excluded.name, address = excluded.address, country = excluded.country, tax_id = excluded.tax_id,
             updated_at = excluded.updated_at",
        account.uuid(),
        details.name,
        details.address,
        details.country,
        details.tax_id,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives the zone in which an account's days are counted, and its language: its owner's.
pub(crate) async fn zone_and_locale(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<Option<(String, String)>> {
    let row = sqlx::query!(
        r#"SELECT a.time_zone,
                  coalesce((
                      SELECT u.locale
                      FROM members AS m
                      JOIN users AS u ON u.id = m.user_id
                      WHERE m.account_id = a.id AND m.role = 'owner'
                      LIMIT 1
                  ), 'en') AS "locale!"
           FROM accounts AS a
           WHERE a.id = $1"#,
        account.uuid()
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| (row.time_zone, row.locale)))
}
