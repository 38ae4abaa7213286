//! What was paid and what went back in a month.

use super::super::details::Party;
use super::super::model::{Month, Statement, StatementRow};
use super::super::repo;
use super::super::rule::{self, signed};
use super::{Invoices, day};
use crate::error::{Error, Problem, Refusal, Result};
use crate::identity::Viewer;
use crate::money::Money;

/// The most documents of one statement.
const ROWS_MAX: i64 = 5_000;

impl Invoices {
    /// Gives the statement of a month for the person's account: its receipts, credit notes and debit notes, and what they
    /// come to by currency. A month that is over has the same rows for ever, since documents are only added.
    pub async fn statement(&self, viewer: &Viewer, month: Month) -> Result<Statement> {
        let (zone, locale) = self.zone_and_locale(viewer.account).await?;
        let now = self.db.now();
        let today = day(now, &zone);
        if month > Month::of(today) {
            return Err(Refusal::not_found("statement").into());
        }
        let pool = self.db.pool();
        let period = (month.first(), month.end());
        let documents = repo::document::of_period(pool, viewer.account, period, ROWS_MAX.saturating_add(1)).await?;
        if i64::try_from(documents.len()).is_ok_and(|count| count > ROWS_MAX) {
            let message = format!("A statement has at most {ROWS_MAX} documents. Download them from the list.");
            return Err(Refusal::unprocessable("month", Problem::TooMany, message).into());
        }
        let product = self.catalog.view().await?.settings.name.clone();
        let newest = documents.last();
        let seller = newest.map(|document| document.content.seller.clone());
        let buyer = newest.map(|document| document.content.buyer.clone());
        let rows: Vec<StatementRow> = documents
            .into_iter()
            .map(|document| StatementRow {
                kind: document.kind,
                code: document.code(),
                title: document.content.lines.first().map(|line| line.title.clone()).unwrap_or_default(),
                on: document.content.issued_on,
                total: Money::from_minor(signed(document.kind, document.total.minor()), document.total.currency()),
                tax_minor: signed(document.kind, document.tax_minor),
            })
            .collect();
        let totals = rule::totals(&rows).ok_or_else(|| Error::internal("the sums of a statement are too large"))?;
        Ok(Statement {
            month,
            is_final: month < Month::of(today),
            seller: seller.unwrap_or_else(|| Party { name: product, ..Party::default() }),
            buyer: buyer.unwrap_or_else(|| Party { name: viewer.account_name.clone(), ..Party::default() }),
            locale,
            rows,
            totals,
            made_on: today,
        })
    }
}
