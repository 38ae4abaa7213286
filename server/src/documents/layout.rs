//! What stands where on a receipt, an invoice, a credit note or a debit note.

use app::i18n::{Locale, td_string};
use app::text::amount::{credits_text, money_text};
use app::text::date_time::long_date_text;
use app::text::document::kind_name;
use app::text::payment::provider_name;
use wallet::invoice::{Bought, Document, DocumentKind, DocumentLine, DocumentTax, Party};
use wallet::money::Money;

use super::paper::{HEIGHT, Ink, MARGIN, Page, Style, WIDTH, Weight, width, wrap};

pub(super) const RIGHT: f32 = WIDTH - MARGIN;
/// Where the second of two columns begins.
const SECOND: f32 = 310.0;
/// Where the column of credits ends.
const CREDITS: f32 = 430.0;
/// How wide a column of addresses is.
const COLUMN: f32 = 225.0;

pub(super) const TEXT: Style = Style { size: 10.0, weight: Weight::Regular, ink: Ink::Black };
pub(super) const STRONG: Style = Style { size: 10.0, weight: Weight::SemiBold, ink: Ink::Black };
pub(super) const LABEL: Style = Style { size: 8.5, weight: Weight::Regular, ink: Ink::Muted };
pub(super) const TITLE: Style = Style { size: 22.0, weight: Weight::SemiBold, ink: Ink::Black };
const NAME: Style = Style { size: 12.0, weight: Weight::SemiBold, ink: Ink::Black };
const SUM: Style = Style { size: 13.0, weight: Weight::SemiBold, ink: Ink::Black };
/// From one line to the next.
pub(super) const STEP: f32 = 14.5;

/// Lays a document out.
pub(super) fn pages(document: &Document, locale: Locale) -> Vec<Page> {
    let mut page = Page::default();
    let content = &document.content;
    let mut y = heading(&mut page, &content.seller.name, kind_name(locale, document.kind), &document.code());
    y = parties(&mut page, locale, (&content.seller, &content.buyer), y + 26.0);
    y = facts(&mut page, locale, document, y + 18.0);
    y = table(&mut page, locale, document, y + 36.0);
    y = totals(&mut page, locale, document, y + 12.0);
    let texts = [explanation(locale, document), Some(content.note.clone())];
    y += 14.0;
    for text in texts.into_iter().flatten().filter(|text| !text.is_empty()) {
        for line in wrap(&text, TEXT, RIGHT - MARGIN) {
            y += STEP;
            page.write((MARGIN, y), TEXT, line);
        }
        y += 6.0;
    }
    let mut pages = vec![page];
    foot(&mut pages, locale, &document.code());
    pages
}

/// Writes the seller's name, and at the right what it is; says where it ends.
pub(super) fn heading(page: &mut Page, seller: &str, title: &str, below: &str) -> f32 {
    let room = RIGHT - MARGIN - width(title, TITLE) - 24.0;
    let mut y = MARGIN + 16.0;
    page.write_to((RIGHT, y + 2.0), TITLE, title);
    page.write_to((RIGHT, y + 22.0), TEXT, below);
    for line in wrap(seller, NAME, room.max(120.0)) {
        page.write((MARGIN, y), NAME, line);
        y += 16.0;
    }
    let end = y.max(MARGIN + 46.0);
    page.line(MARGIN, RIGHT, end);
    end
}

/// Writes who sells and who buys side by side; says where they end.
pub(super) fn parties(page: &mut Page, locale: Locale, (seller, buyer): (&Party, &Party), y: f32) -> f32 {
    page.write((MARGIN, y), LABEL, td_string!(locale, document.seller));
    page.write((SECOND, y), LABEL, td_string!(locale, document.buyer));
    let left = party(page, locale, seller, (MARGIN, y));
    let right = party(page, locale, buyer, (SECOND, y));
    left.max(right)
}

fn party(page: &mut Page, locale: Locale, party: &Party, (x, mut y): (f32, f32)) -> f32 {
    let tax_id = match party.tax_id.as_str() {
        "" => String::new(),
        id => td_string!(locale, document.tax_id, id = id),
    };
    let parts =
        [(&party.name, STRONG), (&party.address, TEXT), (&party.country, TEXT), (&tax_id, TEXT), (&party.email, TEXT)];
    for (text, style) in parts.into_iter().filter(|(text, _)| !text.is_empty()) {
        for line in wrap(text, style, COLUMN) {
            y += STEP;
            page.write((x, y), style, line);
        }
    }
    y
}

/// Writes days, instrument and what it refers to; says where they end.
fn facts(page: &mut Page, locale: Locale, document: &Document, y: f32) -> f32 {
    let content = &document.content;
    page.line(MARGIN, RIGHT, y);
    let paid = match document.kind {
        DocumentKind::Receipt | DocumentKind::Invoice => Some(td_string!(locale, document.paid_on)),
        DocumentKind::CreditNote => Some(td_string!(locale, document.returned_on)),
        DocumentKind::DebitNote => None,
    };
    let with = match &content.method {
        Some(method) => format!("{method}, {}", provider_name(locale, &content.provider)),
        None => provider_name(locale, &content.provider),
    };
    let facts = [
        Some((td_string!(locale, document.issued_on), long_date_text(locale, content.issued_on))),
        paid.map(|label| (label, long_date_text(locale, content.paid_on))),
        Some((td_string!(locale, document.method), with)),
        content.original.clone().map(|code| (td_string!(locale, document.original), code)),
    ];
    let mut y = y + 8.0;
    for (label, value) in facts.into_iter().flatten() {
        let lines = wrap(&value, TEXT, RIGHT - MARGIN - 130.0);
        page.write((MARGIN, y + STEP), LABEL, label);
        for line in lines {
            y += STEP;
            page.write((MARGIN + 130.0, y), TEXT, line);
        }
    }
    y
}

/// Says what a line is about.
fn item(locale: Locale, line: &DocumentLine) -> String {
    let name = line.title.as_str();
    match line.bought {
        Bought::Credits => name.to_owned(),
        Bought::PlanMonth => td_string!(locale, document.plan_month, name = name),
        Bought::PlanYear => td_string!(locale, document.plan_year, name = name),
        Bought::PlanChange => td_string!(locale, document.plan_change, name = name),
    }
}

fn table(page: &mut Page, locale: Locale, document: &Document, y: f32) -> f32 {
    let currency = document.total.currency();
    let amount = match &document.content.tax {
        Some(_) => td_string!(locale, document.net_amount),
        None => td_string!(locale, document.amount),
    };
    page.write((MARGIN, y), LABEL, td_string!(locale, document.item));
    page.write_to((CREDITS, y), LABEL, td_string!(locale, document.quantity));
    page.write_to((RIGHT, y), LABEL, amount);
    let mut y = y + 7.0;
    page.line(MARGIN, RIGHT, y);
    for line in &document.content.lines {
        let first = y + STEP + 3.0;
        let credits = format!("{} {}", credits_text(locale, line.credits), line.unit);
        y += 3.0;
        for text in wrap(&item(locale, line), TEXT, 250.0) {
            y += STEP;
            page.write((MARGIN, y), TEXT, text);
        }
        // Money may go back without any credits being left to take.
        if line.credits.is_positive() {
            page.write_to((CREDITS, first), TEXT, credits);
        }
        page.write_to((RIGHT, first), TEXT, money_text(locale, Money::from_minor(line.net_minor, currency)));
        y += 7.0;
        page.line(MARGIN, RIGHT, y);
    }
    y
}

/// Names the tax: `VAT 20%`, or `Tax` where its provider has worked it out.
fn tax_name(locale: Locale, tax: &DocumentTax) -> String {
    let name = if tax.name.is_empty() { td_string!(locale, document.tax) } else { tax.name.as_str() };
    match tax.basis_points {
        Some(points) => format!("{name} {}", percent(locale, points)),
        None => name.to_owned(),
    }
}

/// Writes hundredths of a percent: `20%`, `7.5%`, `20 %` in Russian.
fn percent(locale: Locale, points: u16) -> String {
    let (whole, rest) = (points / 100, points % 100);
    let figure = if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:02}") };
    let figure = figure.strip_suffix('0').filter(|_| rest != 0).unwrap_or(&figure).to_owned();
    match locale {
        Locale::en => format!("{figure}%"),
        Locale::ru => format!("{}\u{a0}%", figure.replace('.', ",")),
    }
}

fn totals(page: &mut Page, locale: Locale, document: &Document, mut y: f32) -> f32 {
    let currency = document.total.currency();
    let money = |minor| money_text(locale, Money::from_minor(minor, currency));
    if let Some(tax) = &document.content.tax {
        let net = document.total.minor().saturating_sub(document.tax_minor);
        for (label, value) in
            [(td_string!(locale, document.net).to_owned(), money(net)), (tax_name(locale, tax), money(tax.minor))]
        {
            y += STEP;
            page.write((SECOND, y), TEXT, label);
            page.write_to((RIGHT, y), TEXT, value);
        }
    }
    let label = match document.kind {
        DocumentKind::Receipt | DocumentKind::Invoice => td_string!(locale, document.total_paid),
        DocumentKind::CreditNote => td_string!(locale, document.total_returned),
        DocumentKind::DebitNote => td_string!(locale, document.total_taken_back),
    };
    y += STEP + 6.0;
    page.write((SECOND, y), STRONG, label);
    page.write_to((RIGHT, y), SUM, money_text(locale, document.total));
    y
}

/// Says in one sentence why it was issued, where that is not plain.
fn explanation(locale: Locale, document: &Document) -> Option<String> {
    let original = document.content.original.as_deref()?;
    match document.kind {
        DocumentKind::Receipt => None,
        DocumentKind::Invoice => Some(td_string!(locale, document.why_invoice, original = original)),
        DocumentKind::CreditNote if document.content.is_dispute => {
            Some(td_string!(locale, document.why_dispute, original = original))
        }
        DocumentKind::CreditNote => Some(td_string!(locale, document.why_refund, original = original)),
        DocumentKind::DebitNote => Some(td_string!(locale, document.why_debit, original = original)),
    }
}

/// Writes at the foot of every page what it belongs to, and which of how many it is.
pub(super) fn foot(pages: &mut [Page], locale: Locale, code: &str) {
    let all = pages.len();
    for (index, page) in pages.iter_mut().enumerate() {
        let y = HEIGHT - MARGIN + 10.0;
        page.write((MARGIN, y), LABEL, code);
        let number = (index + 1).to_string();
        let text = td_string!(locale, document.page, number = number, all = all.to_string());
        page.write_to((RIGHT, y), LABEL, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_have_the_digits_that_they_need() {
        let english = [2_000, 750, 725, 5].map(|points| percent(Locale::en, points));
        assert_eq!(english, ["20%", "7.5%", "7.25%", "0.05%"]);
        assert_eq!(percent(Locale::ru, 750), "7,5\u{a0}%");
    }
}
