//! What stands on a document: worked out from the facts of a payment or a refund, and nothing else.
//!
//! Tax: what the provider added counts; else a part of the price, where the seller's prices include a tax. Of what goes
//! back it is the original's tax in proportion, worked out over everything that went back so far, so that the parts come
//! to the original's tax to the cent.

use chrono::NaiveDate;

use super::details::{BillingDetails, Party, Seller};
use super::model::{
    Bought, Document, DocumentContent, DocumentKind, DocumentLine, DocumentTax, StatementRow, StatementTotals,
};
use crate::error::{FieldError, Problem, Refusal};
use crate::id::{AccountId, DisputeId, DocumentId, PaymentId, RefundId};
use crate::money::{Credits, Currency, Money};

#[cfg(test)]
mod tests;

/// A payment that succeeded.
#[derive(Clone, Debug)]
pub(crate) struct Paid {
    pub(crate) payment: PaymentId,
    pub(crate) account: AccountId,
    /// The price that was ordered.
    pub(crate) money: Money,
    /// The tax that the provider added to it, in the minor unit.
    pub(crate) tax_minor: i64,
    pub(crate) bought: Bought,
    pub(crate) title: String,
    pub(crate) credits: Credits,
    /// The credits that came for nothing beside them.
    pub(crate) bonus: Credits,
    pub(crate) provider: String,
    pub(crate) method: Option<String>,
    /// Who paid: name and address of e-mail.
    pub(crate) payer: (String, String),
    pub(crate) billing: BillingDetails,
    /// The account's language.
    pub(crate) locale: String,
}

/// Why money went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    Refund(RefundId),
    Dispute(DisputeId),
}

/// Money that went back.
#[derive(Clone, Debug)]
pub(crate) struct WentBack {
    pub(crate) payment: PaymentId,
    pub(crate) why: Back,
    /// How much, with its share of the tax, in the minor unit.
    pub(crate) minor: i64,
    /// Its share of a tax that the provider added, where that is known.
    pub(crate) tax_minor: Option<i64>,
    /// The credits that were taken for it.
    pub(crate) credits: Credits,
}

/// What of a payment was credited so far, by credit notes less debit notes, in the minor unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credited {
    pub(crate) total: i64,
    pub(crate) tax: i64,
}

/// A document without a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) kind: DocumentKind,
    pub(crate) account: AccountId,
    pub(crate) payment: PaymentId,
    pub(crate) why: Option<Back>,
    pub(crate) original: Option<DocumentId>,
    pub(crate) total: Money,
    pub(crate) tax_minor: i64,
    pub(crate) locale: String,
    pub(crate) content: DocumentContent,
}

/// Gives the tax in an amount that includes it, rounded half up: 20 % of the net is a sixth of 1200, 200.
#[must_use]
pub(crate) fn included_tax(total_minor: i64, basis_points: u16) -> i64 {
    let rate = i128::from(basis_points);
    rounded(i128::from(total_minor).saturating_mul(rate), rate.saturating_add(10_000))
}

/// Divides what is not negative by what is positive, rounded half up.
fn rounded(top: i128, bottom: i128) -> i64 {
    let twice = top.saturating_mul(2).saturating_add(bottom);
    let result = twice.checked_div(bottom.saturating_mul(2)).unwrap_or_default();
    i64::try_from(result).unwrap_or(i64::MAX)
}

/// Makes the receipt of a payment; `None` where its amounts are too large to be added.
///
/// `seller` is who sells as staff say, `product` the platform's name where they have not; `unit` is the word for the
/// credits, `bonus_unit` that for the bonus, which has a line of its own that costs nothing.
#[must_use]
pub(crate) fn receipt(
    paid: Paid,
    (seller, product): (Option<&Seller>, &str),
    (unit, bonus_unit): (String, String),
    (paid_on, issued_on): (NaiveDate, NaiveDate),
) -> Option<Draft> {
    let currency = paid.money.currency();
    let total = paid.money.minor().checked_add(paid.tax_minor)?;
    let tax_of = seller.and_then(|seller| seller.tax.as_ref());
    let tax = match (paid.tax_minor, tax_of) {
        (0, None) => None,
        (0, Some(tax)) => {
            let minor = included_tax(total, tax.basis_points);
            Some(DocumentTax { name: tax.name.clone(), basis_points: Some(tax.basis_points), minor })
        }
        (minor, tax) => {
            Some(DocumentTax { name: tax.map(|tax| tax.name.clone()).unwrap_or_default(), basis_points: None, minor })
        }
    };
    let tax_minor = tax.as_ref().map_or(0, |tax| tax.minor);
    let line = DocumentLine {
        bought: paid.bought,
        title: paid.title,
        credits: paid.credits,
        unit,
        net_minor: total.checked_sub(tax_minor)?,
    };
    let bonus = paid.bonus.is_positive().then(|| DocumentLine {
        bought: Bought::Credits,
        title: format!("{} bonus", line.title),
        credits: paid.bonus,
        unit: bonus_unit,
        net_minor: 0,
    });
    let platform = || Party { name: product.to_owned(), ..Party::default() };
    let content = DocumentContent {
        seller: seller.map_or_else(platform, |seller| seller.party.clone()),
        buyer: buyer(&paid.billing, &paid.payer.0, &paid.payer.1),
        lines: std::iter::once(line).chain(bonus).collect(),
        tax,
        original: None,
        is_dispute: false,
        paid_on,
        issued_on,
        provider: paid.provider,
        method: paid.method,
        note: seller.map(|seller| seller.note.clone()).unwrap_or_default(),
    };
    Some(Draft {
        kind: DocumentKind::Receipt,
        account: paid.account,
        payment: paid.payment,
        why: None,
        original: None,
        total: Money::from_minor(total, currency),
        tax_minor,
        locale: paid.locale,
        content,
    })
}

fn buyer(billing: &BillingDetails, name: &str, email: &str) -> Party {
    let BillingDetails { name: own, address, country, tax_id } = billing.clone();
    let name = if own.is_empty() { name.to_owned() } else { own };
    Party { name, address, country, tax_id, email: email.to_owned() }
}

/// Makes the invoice of a receipt: the same amounts, addressed to the buyer as the account says now.
///
/// Refused where the seller has not said who it is, and by name where the buyer's address or country is missing.
pub(crate) fn invoice(
    receipt: &Document,
    seller: Option<&Seller>,
    billing: &BillingDetails,
    issued_on: NaiveDate,
) -> Result<Draft, Refusal> {
    let Some(seller) = seller else {
        let message = "Invoices are not set up here yet. Your receipt stays in the list.";
        return Err(Refusal::unprocessable("seller", Problem::NotAllowed, message));
    };
    let missing: Vec<FieldError> = [
        ("address", &billing.address, "An invoice needs your address. Add it to your billing details."),
        ("country", &billing.country, "An invoice needs your country. Add it to your billing details."),
    ]
    .into_iter()
    .filter(|(_, text, _)| text.is_empty())
    .map(|(field, _, message)| FieldError::new(field, Problem::Required, message))
    .collect();
    if !missing.is_empty() {
        return Err(Refusal::Unprocessable { fields: missing });
    }
    let payer = &receipt.content.buyer;
    let content = DocumentContent {
        seller: seller.party.clone(),
        buyer: buyer(billing, &payer.name, &payer.email),
        original: Some(receipt.code()),
        issued_on,
        note: seller.note.clone(),
        ..receipt.content.clone()
    };
    Ok(Draft { kind: DocumentKind::Invoice, content, ..following(receipt) })
}

/// Makes the credit note of money that went back; `None` where nothing of the original is left to reduce.
///
/// A refund is never more than was paid. A bank may take more than what is left by a dispute: what is left counts.
#[must_use]
pub(crate) fn credit_note(
    original: &Document,
    back: &WentBack,
    credited: Credited,
    unit: String,
    (paid_on, issued_on): (NaiveDate, NaiveDate),
) -> Option<Draft> {
    let left = original.total.minor().checked_sub(credited.total)?;
    let minor = back.minor.min(left);
    if minor <= 0 {
        return None;
    }
    let is_added = original.content.tax.as_ref().is_some_and(|tax| tax.basis_points.is_none());
    let tax_minor = match back.tax_minor.filter(|_| is_added) {
        Some(told) => told.clamp(0, minor),
        None => share(original, minor, credited),
    };
    let line = original.content.lines.first()?;
    let content = DocumentContent {
        lines: vec![DocumentLine {
            credits: back.credits,
            unit,
            net_minor: minor.checked_sub(tax_minor)?,
            ..line.clone()
        }],
        tax: original.content.tax.clone().map(|tax| DocumentTax { minor: tax_minor, ..tax }),
        original: Some(original.code()),
        is_dispute: matches!(back.why, Back::Dispute(_)),
        paid_on,
        issued_on,
        ..original.content.clone()
    };
    Some(Draft {
        kind: DocumentKind::CreditNote,
        why: Some(back.why),
        total: Money::from_minor(minor, original.total.currency()),
        tax_minor,
        content,
        ..following(original)
    })
}

/// Gives the part of what goes back that is tax: the original's tax in proportion to all that went back with it, less
/// what was credited before.
fn share(original: &Document, minor: i64, credited: Credited) -> i64 {
    let so_far = i128::from(credited.total).saturating_add(i128::from(minor));
    let due = rounded(i128::from(original.tax_minor).saturating_mul(so_far), i128::from(original.total.minor()));
    due.saturating_sub(credited.tax).clamp(0, minor)
}

/// Makes the debit note that takes a credit note back.
#[must_use]
pub(crate) fn debit_note(credit_note: &Document, why: Back, issued_on: NaiveDate) -> Draft {
    let content = DocumentContent {
        original: Some(credit_note.code()),
        paid_on: issued_on,
        issued_on,
        ..credit_note.content.clone()
    };
    Draft { kind: DocumentKind::DebitNote, why: Some(why), content, ..following(credit_note) }
}

/// Begins a document that is issued for another one.
fn following(original: &Document) -> Draft {
    Draft {
        kind: original.kind,
        account: original.account,
        payment: original.payment,
        why: None,
        original: Some(original.id),
        total: original.total,
        tax_minor: original.tax_minor,
        locale: original.locale.clone(),
        content: original.content.clone(),
    }
}

/// Gives a document's total and tax with the sign that they have in a statement.
#[must_use]
pub(crate) const fn signed(kind: DocumentKind, minor: i64) -> i64 {
    match kind {
        DocumentKind::CreditNote => minor.saturating_neg(),
        DocumentKind::Receipt | DocumentKind::Invoice | DocumentKind::DebitNote => minor,
    }
}

/// Adds the rows of a statement up, by currency in the order of their first rows; `None` where a sum is too large.
#[must_use]
pub(crate) fn totals(rows: &[StatementRow]) -> Option<Vec<StatementTotals>> {
    let mut currencies: Vec<Currency> = Vec::new();
    for row in rows {
        if !currencies.contains(&row.total.currency()) {
            currencies.push(row.total.currency());
        }
    }
    currencies.into_iter().map(|currency| totals_of(rows, currency)).collect()
}

fn totals_of(rows: &[StatementRow], currency: Currency) -> Option<StatementTotals> {
    let (mut paid, mut returned, mut tax) = (0_i64, 0_i64, 0_i64);
    for row in rows.iter().filter(|row| row.total.currency() == currency) {
        match row.kind {
            DocumentKind::Receipt => paid = paid.checked_add(row.total.minor())?,
            DocumentKind::CreditNote | DocumentKind::DebitNote => returned = returned.checked_sub(row.total.minor())?,
            DocumentKind::Invoice => continue,
        }
        tax = tax.checked_add(row.tax_minor)?;
    }
    let money = |minor| Money::from_minor(minor, currency);
    let net = money(paid.checked_sub(returned)?);
    Some(StatementTotals { paid: money(paid), returned: money(returned), net, tax_minor: tax })
}
