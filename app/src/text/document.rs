//! Words for receipts, invoices, credit notes and statements.

use wallet::invoice::{DocumentKind, Month};

use crate::i18n::*;
use crate::text::date_time::long_date_text;

/// Names what a document is.
#[must_use]
pub fn kind_name(locale: Locale, kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Receipt => td_string!(locale, document.kind_receipt),
        DocumentKind::Invoice => td_string!(locale, document.kind_invoice),
        DocumentKind::CreditNote => td_string!(locale, document.kind_credit_note),
        DocumentKind::DebitNote => td_string!(locale, document.kind_debit_note),
    }
}

/// Writes a month as its days: `1–30 November 2026`. In Russian a month by itself has another form than in a date.
#[must_use]
pub fn period_text(locale: Locale, month: Month) -> String {
    let last = month.end().pred_opt().unwrap_or_else(|| month.end());
    format!("1–{}", long_date_text(locale, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_written_as_its_days() {
        let month: Month = "2028-02".parse().expect("a month");
        assert_eq!(period_text(Locale::en, month), "1–29 February 2028");
        assert_eq!(period_text(Locale::ru, month), "1–29\u{a0}февраля 2028\u{a0}г.");
    }
}
