//! Documents as PDF/A: a pure function of what is stored, so that a file is the same whenever it is asked for.

mod layout;
mod paper;
mod statement;
#[cfg(test)]
mod tests;

use app::i18n::{I18nLocaleTrait as _, Locale, td_string};
use app::text::document::kind_name;
use chrono::NaiveTime;
use wallet::invoice::{Document, Statement};

pub use paper::{PdfError, unprintable};

/// What a PDF is called by HTTP and mail.
pub const PDF: &str = "application/pdf";

/// Writes a document as PDF.
pub fn document_pdf(document: &Document) -> Result<Vec<u8>, PdfError> {
    let locale: Locale = document.locale.parse().unwrap_or_default();
    let title = format!("{} {}", kind_name(locale, document.kind), document.code());
    let about = paper::About {
        title,
        author: document.content.seller.name.clone(),
        language: locale.as_str(),
        id: document.id.to_string(),
        made_at: document.issued_at,
    };
    paper::write(&layout::pages(document, locale), about)
}

/// Gives the name of a document's file: `INV-00042.pdf`.
#[must_use]
pub fn document_file(document: &Document) -> String {
    format!("{}.pdf", document.code())
}

/// Writes a statement as PDF.
pub fn statement_pdf(statement: &Statement) -> Result<Vec<u8>, PdfError> {
    let locale: Locale = statement.locale.parse().unwrap_or_default();
    let about = paper::About {
        title: format!("{} {}", td_string!(locale, document.statement), statement.month),
        author: statement.seller.name.clone(),
        language: locale.as_str(),
        id: format!("statement-{}", statement.month),
        made_at: statement.made_on.and_time(NaiveTime::MIN).and_utc(),
    };
    paper::write(&statement::pages(statement, locale), about)
}
