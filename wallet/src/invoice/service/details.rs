//! Who sells, by staff; who buys, by the account; and the series of numbers.

use serde_json::{Value, json};

use super::super::details::{BillingDetails, Seller};
use super::super::model::{DocumentKind, SeriesView};
use super::super::repo;
use super::Invoices;
use crate::error::{Problem, Refusal, Result};
use crate::identity::{self, Actor, NewAudit, Viewer};

/// The longest name of a series.
const SERIES_MAX: usize = 16;

impl Invoices {
    /// Says who sells, where staff have said so.
    pub async fn seller(&self) -> Result<Option<Seller>> {
        repo::details::seller(self.db.pool()).await
    }

    /// Sets who sells. It counts for documents from now on; those that were issued stay as they are.
    pub async fn set_seller(&self, by: &Actor, seller: Seller) -> Result<Seller> {
        let seller = seller.checked()?;
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let before = repo::details::seller(&mut *tx).await?;
        if before.as_ref() == Some(&seller) {
            return Ok(seller);
        }
        repo::details::set_seller(&mut tx, &seller, now).await?;
        let audit = NewAudit {
            actor: by.clone(),
            action: "invoice.seller".to_owned(),
            subject: "invoices".to_owned(),
            before: json!(before),
            after: json!(seller),
        };
        identity::audit_in_tx(&mut tx, &audit, now).await?;
        tx.commit().await?;
        Ok(seller)
    }

    /// Lists the series of numbers, of each kind the current one first.
    pub async fn series(&self) -> Result<Vec<SeriesView>> {
        repo::number::list(self.db.pool()).await
    }

    /// Lets documents of a kind take their numbers from a series from now on. A new series begins with 1; one that was
    /// used before goes on where it was.
    pub async fn set_series(&self, by: &Actor, kind: DocumentKind, name: &str) -> Result<()> {
        let name = name.trim().to_uppercase();
        let mut letters = name.bytes();
        let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let is_name = letters.next().is_some_and(is_letter) && letters.all(|byte| is_letter(byte) || byte == b'-');
        if !is_name || name.len() > SERIES_MAX {
            let message = format!("A series has 1–{SERIES_MAX} letters A–Z, digits and dashes: INV, 2027-INV.");
            return Err(Refusal::invalid("series", Problem::Malformed, message).into());
        }
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let Some(before) = repo::number::choose(&mut tx, kind, &name).await? else {
            let message = format!("The series {name} has numbers of other documents. Choose another name.");
            return Err(Refusal::unprocessable("series", Problem::Taken, message).into());
        };
        if before.as_deref() == Some(name.as_str()) {
            return Ok(());
        }
        let audit = NewAudit {
            actor: by.clone(),
            action: "invoice.series".to_owned(),
            subject: "invoices".to_owned(),
            before: json!({ "kind": kind, "series": before }),
            after: json!({ "kind": kind, "series": name }),
        };
        identity::audit_in_tx(&mut tx, &audit, now).await?;
        Ok(tx.commit().await?)
    }

    /// Gives to whom the documents of the person's account are addressed.
    pub async fn billing_details(&self, viewer: &Viewer) -> Result<BillingDetails> {
        repo::details::billing(self.db.pool(), viewer.account).await
    }

    /// Sets to whom they are addressed from now on; those that were issued stay as they are. A repeat changes nothing.
    pub async fn set_billing_details(&self, viewer: &Viewer, details: BillingDetails) -> Result<BillingDetails> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not change billing details".to_owned() }.into());
        }
        let details = details.checked()?;
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, viewer.account).await?;
        if repo::details::billing(&mut *tx, viewer.account).await? == details {
            return Ok(details);
        }
        repo::details::set_billing(&mut tx, viewer.account, &details, now).await?;
        // What it says stays out of the log, which is kept for ever: an address may be a person's home.
        let audit = NewAudit {
            actor: viewer.actor(),
            action: "account.billing_details".to_owned(),
            subject: format!("account {}", viewer.account),
            before: Value::Null,
            after: Value::Null,
        };
        identity::audit_in_tx(&mut tx, &audit, now).await?;
        tx.commit().await?;
        Ok(details)
    }
}
