//! What a person reads on documents, and that the files are what archives take.

use chrono::{DateTime, NaiveDate};
use wallet::id::{AccountId, DocumentId, PaymentId};
use wallet::invoice::{
    Bought, Document, DocumentContent, DocumentKind, DocumentLine, DocumentTax, Party, Statement, StatementRow,
    StatementTotals,
};
use wallet::money::{Credits, Currency, Money};

use super::paper::{Page, Placed, unprintable, width};
use super::*;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).expect("a day")
}

fn invoice(locale: &str) -> Document {
    let party = |name: &str, address: &str, country: &str, tax_id: &str| Party {
        name: name.into(),
        address: address.into(),
        country: country.into(),
        tax_id: tax_id.into(),
        email: String::new(),
    };
    Document {
        id: DocumentId::new(),
        kind: DocumentKind::Invoice,
        series: "INV".into(),
        number: 42,
        account: AccountId::new(),
        payment: PaymentId::new(),
        total: Money::from_minor(124_900, Currency::RUB),
        tax_minor: 20_817,
        locale: locale.into(),
        issued_at: DateTime::from_timestamp(1_795_000_000, 0).expect("a time"),
        content: DocumentContent {
            seller: party("ООО «Скрип»", "ул. Мира, 1\nМосква", "Россия", "7701234567"),
            buyer: party("ACME Łódź Ltd.", "Main Street 1", "Ireland", "IE1234567A"),
            lines: vec![DocumentLine {
                bought: Bought::Credits,
                title: "Ultra".into(),
                credits: Credits::from_micros(1_290_000_000),
                unit: if locale == "ru" { "токенов".into() } else { "tokens".into() },
                net_minor: 104_083,
            }],
            tax: Some(DocumentTax { name: "НДС".into(), basis_points: Some(2_000), minor: 20_817 }),
            original: Some("RC-00017".into()),
            is_dispute: false,
            paid_on: day(20),
            issued_on: day(21),
            provider: "stripe".into(),
            method: Some("Visa •• 4242".into()),
            note: "Вопросы: billing@example.com".into(),
        },
    }
}

fn texts(pages: &[Page]) -> Vec<&str> {
    pages.iter().flat_map(|page| page.texts.iter().map(|placed| placed.text.as_str())).collect()
}

/// Everything stands on its page, and nothing runs over its right margin.
fn fits(pages: &[Page]) {
    for Placed { x, y, style, text } in pages.iter().flat_map(|page| &page.texts) {
        assert!(*x >= paper::MARGIN - 0.1 && x + width(text, *style) <= layout::RIGHT + 0.1, "{text:?} at {x}");
        assert!(*y > 0.0 && *y < paper::HEIGHT, "{text:?} at {y}");
    }
}

#[test]
fn an_invoice_says_who_sold_what_to_whom() {
    let document = invoice("en");
    let pages = layout::pages(&document, Locale::en);
    fits(&pages);
    let found = texts(&pages);
    for expected in [
        "Invoice",
        "INV-00042",
        "ООО «Скрип»",
        "Москва",
        "Tax ID: 7701234567",
        "ACME Łódź Ltd.",
        "Tax ID: IE1234567A",
        "21 November 2026",
        "20 November 2026",
        "Visa •• 4242, Stripe",
        "RC-00017",
        "1,290 tokens",
        "₽1,040.83",
        "НДС 20%",
        "₽208.17",
        "₽1,249.00",
        "Page 1 of 1",
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
}

#[test]
fn an_invoice_is_in_the_language_of_its_account() {
    let document = invoice("ru");
    let pages = layout::pages(&document, Locale::ru);
    fits(&pages);
    let found = texts(&pages);
    for expected in ["Инвойс", "Покупатель", "1\u{a0}290 токенов", "НДС 20\u{a0}%", "1\u{a0}249,00\u{a0}₽"]
    {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    assert!(!found.iter().any(|text| text.contains('?')), "every letter can be printed: {found:?}");
}

#[test]
fn files_are_pdf_a_and_the_same_each_time() {
    for locale in ["en", "ru"] {
        let document = invoice(locale);
        let pdf = document_pdf(&document).expect("a file");
        assert!(pdf.starts_with(b"%PDF-1.7"), "{:?}", &pdf[..10]);
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains("<pdfaid:part>2</pdfaid:part>") && text.contains("<pdfaid:conformance>U"), "PDF/A-2u");
        assert!(text.contains("INV-00042"), "its title");
        assert!(text.contains("GolosText"), "the typeface is embedded");
        assert_eq!(document_pdf(&document).expect("a file"), pdf, "the same bytes");
        // To look at it, name a folder.
        if let Ok(folder) = std::env::var("SCRIP_PDF_FOLDER") {
            std::fs::write(format!("{folder}/invoice-{locale}.pdf"), pdf).expect("written");
        }
    }
}

#[test]
fn what_can_not_be_printed_is_known() {
    assert_eq!(unprintable("Łódź, Київ, Алматы: №1 — 5 €\n₽"), None);
    assert_eq!(unprintable("東京 1"), Some('東'));
    assert_eq!(unprintable("a\u{feff}"), Some('\u{feff}'));
    // Should one stand in a document all the same, the file is still made.
    let mut document = invoice("en");
    document.content.buyer.name = "東京 \u{202e}\u{e000}\u{feff}株式会社 😀".into();
    document.content.lines[0].title = "A".repeat(400);
    document.content.buyer.address = "1 ".repeat(150);
    let pages = layout::pages(&document, Locale::en);
    fits(&pages);
    assert!(texts(&pages).iter().any(|text| text.starts_with("?? ")), "{:?}", texts(&pages));
    document_pdf(&document).expect("a file");
}

#[test]
fn a_statement_has_as_many_pages_as_it_needs() {
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let row = |number: u32| StatementRow {
        kind: DocumentKind::Receipt,
        code: format!("RC-{number:05}"),
        title: "Light".into(),
        on: day(1 + number % 28),
        total: usd(1_000),
        tax_minor: 167,
    };
    let party = |name: &str| Party { name: name.into(), ..Party::default() };
    let mut statement = Statement {
        month: "2026-11".parse().expect("a month"),
        is_final: false,
        seller: party("NeuralBox"),
        buyer: party("Anna"),
        locale: "en".into(),
        rows: (1..=120).map(row).collect(),
        totals: vec![StatementTotals { paid: usd(120_000), returned: usd(0), net: usd(120_000), tax_minor: 20_040 }],
        made_on: day(30),
    };
    let pages = super::statement::pages(&statement, Locale::en);
    fits(&pages);
    let found = texts(&pages);
    assert!(pages.len() > 2, "{} pages", pages.len());
    assert!(found.contains(&"Receipt RC-00001") && found.contains(&"Receipt RC-00120"));
    assert!(found.contains(&"$1,200.00") && found.contains(&"$200.40") && found.contains(&"1–30 November 2026"));
    let pdf = statement_pdf(&statement).expect("a file");
    if let Ok(folder) = std::env::var("SCRIP_PDF_FOLDER") {
        std::fs::write(format!("{folder}/statement.pdf"), pdf).expect("written");
    }
    (statement.rows, statement.totals, statement.locale) = (Vec::new(), Vec::new(), "ru".into());
    let pages = super::statement::pages(&statement, Locale::ru);
    assert_eq!(pages.len(), 1);
    assert!(texts(&pages).contains(&"В этом месяце нет ни платежей, ни возвратов."));
    statement_pdf(&statement).expect("a file");
}
