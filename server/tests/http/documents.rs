//! Receipts and invoices over HTTP: files of the account that paid, mailed with the payment, refused by name.

use reqwest::StatusCode;
use sqlx::PgPool;
use wallet::identity::Actor;
use wallet::invoice::{Party, Seller};

use crate::matrix::accountant;
use crate::support::{Browser, Site, location};

const CARD: [(&str, &str); 4] =
    [("number", "4242 4242 4242 4242"), ("expiry", "12/39"), ("cvc", "123"), ("action", "pay")];

/// Buys the package of 449 roubles at the sandbox; gives the order's address.
async fn buy(browser: &mut Browser<'_>) -> String {
    let fields = [("package", "light"), ("currency", "RUB"), ("idempotency_key", "form")];
    let page = location(&browser.post("/wallet/top-up", &fields).await);
    let back = location(&browser.post(&page, &CARD).await);
    location(&browser.open(&back).await)
}

/// Reads a file, and gives its type and its name.
async fn file(browser: &mut Browser<'_>, path: &str) -> (String, String) {
    let told = browser.open(path).await;
    assert_eq!(told.status, StatusCode::OK, "{path}: {}", told.text);
    assert!(told.text.starts_with("%PDF-1.7"), "{path}");
    let header = |name: &str| told.headers[name].to_str().expect("a text").to_owned();
    (header("content-type"), header("content-disposition"))
}

async fn sells(site: &Site) {
    let party =
        Party {
            name: "Scrip OÜ".into(), address: "Narva mnt 5".into(), country: "Estonia".into(), ..Party::default()
        };
    let seller = Seller { party, tax: None, note: String::new() };
    site.wallet().invoices().set_seller(&Actor::system("test"), seller).await.expect("set");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_receipt_is_mailed_and_is_a_file_of_its_account(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, owner) = site.person("owner").await;
    site.person("stranger").await;
    let [mut own, mut other] = [site.browser(), site.browser()];
    own.sign_in("owner").await;
    other.sign_in("stranger").await;
    let order = buy(&mut own).await;
    let receipt = format!("{order}/receipt.pdf");
    let (kind, name) = file(&mut own, &receipt).await;
    assert_eq!((kind.as_str(), name.as_str()), ("application/pdf", "attachment; filename=\"RC-00001.pdf\""));
    let page = site.wallet().invoices().documents(&owner, None, 10).await.expect("a page");
    let [document] = page.documents.as_slice() else { panic!("{page:?}") };
    let path = format!("/wallet/documents/{}.pdf", document.id);
    file(&mut own, &path).await;
    let month = page.months[0];
    file(&mut own, &format!("/wallet/statements/{month}.pdf")).await;

    for path in [&path, &receipt] {
        assert_eq!(other.open(path).await.status, StatusCode::NOT_FOUND, "{path} by a stranger");
    }
    let staff_path = path.replace("/wallet/", "/admin/");
    assert_eq!(own.open(&staff_path).await.status, StatusCode::NOT_FOUND, "not for customers");
    let mut finance = accountant(&site).await;
    file(&mut finance, &staff_path).await;
    for wrong in ["/wallet/statements/2026-13.pdf", "/wallet/statements/9999-12.pdf", "/wallet/statements/2020-01"] {
        assert_eq!(own.open(wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(own.open(path.trim_end_matches(".pdf")).await.status, StatusCode::NOT_FOUND, "no file of that name");

    // The email about the payment has it with it.
    site.work().await;
    let folder = site.state.settings.mail_dir();
    let mut mails = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let has_it = mails.any(|path| std::fs::read_to_string(path).is_ok_and(|mail| mail.contains("RC-00001.pdf")));
    assert!(has_it, "the receipt is attached");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_invoice_is_refused_by_name_until_there_is_an_address(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, owner) = site.person("owner").await;
    let mut own = site.browser();
    own.sign_in("owner").await;
    let order = buy(&mut own).await;
    file(&mut own, &format!("{order}/receipt.pdf")).await;
    let invoices = site.wallet().invoices();
    let receipt = invoices.documents(&owner, None, 10).await.expect("a page").documents.remove(0).id;
    let button = format!("/wallet/documents/{receipt}/invoice");

    let none = own.post(&button, &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text.contains("Invoices are not set up here yet."), "{}", none.text);
    assert!(!own.open("/wallet/documents").await.text.contains("Issue invoice"), "no button that can't work");
    sells(&site).await;
    let refused = own.post(&button, &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("have no address and no country"), "{}", refused.text);
    assert!(refused.text.contains("/settings/billing") && refused.text.contains("RC-00001"), "nothing is lost");

    let form = [("name", "ACME"), ("address", "東京 1\r\nDublin"), ("country", "Ireland"), ("tax_id", "")];
    let unprintable = own.post("/settings/billing", &form).await;
    assert_eq!(unprintable.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unprintable.text.contains("be printed with “東”") && unprintable.text.contains("東京 1"), "kept");
    let form = form.map(|(name, value)| (name, if name == "address" { "Main Street 1\r\nDublin" } else { value }));
    assert_eq!(location(&own.post("/settings/billing", &form).await), "/settings/billing?done=saved");
    assert!(own.open("/settings/billing").await.text.contains("Main Street 1\nDublin"));

    for _ in 0..2 {
        assert_eq!(location(&own.post(&button, &[]).await), "/wallet/documents?done=invoice");
    }
    let page = invoices.documents(&owner, None, 10).await.expect("a page");
    assert_eq!(page.documents.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["INV-00001", "RC-00001"]);
    let listed = own.open("/wallet/documents").await.text;
    assert!(listed.contains("INV-00001") && !listed.contains("Issue invoice"), "{listed}");
}
