//! Documents on PostgreSQL: numbered without gaps, issued once, the same for ever.
#![cfg(feature = "postgres")]

mod people_support;

use people_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::Problem;
use wallet::id::{DocumentId, PaymentId, RefundId};
use wallet::identity::{Actor, Role, Viewer};
use wallet::invoice::{BillingDetails, Document, DocumentKind, Issued, Month, Party, Seller, SellerTax};
use wallet::ledger::Scope;
use wallet::payment::{PaymentStatus, ProviderStatus};

const BASE: &str = "https://scrip.example/";

/// Somebody who buys, and the double behind the payments.
async fn buyer(pool: &PgPool) -> (Wallet, Viewer, Double) {
    let wallet = open(pool).await;
    let viewer = member(&wallet, "anna@example.com").await;
    let double = Double::new(&wallet);
    (wallet, viewer, double)
}

/// Buys the package of 449 roubles.
async fn buy(wallet: &Wallet, viewer: &Viewer, double: &Double, key: &str) -> PaymentId {
    let payment = wallet.payments().start_top_up(viewer, &light(), key, BASE).await.expect("ordered").id;
    double.set(payment, ProviderStatus::Paid);
    let seen = wallet.payments().check(viewer, payment).await.expect("checked");
    assert_eq!(seen.status, PaymentStatus::Succeeded);
    payment
}

fn staff() -> Actor {
    Actor::system("test")
}

fn seller() -> Seller {
    let party = Party {
        name: "ООО «Скрип»".into(),
        address: "ул. Мира, 1\nМосква".into(),
        country: "Россия".into(),
        tax_id: "7701234567".into(),
        email: String::new(),
    };
    Seller { party, tax: Some(SellerTax { name: "НДС".into(), basis_points: 2_000 }), note: String::new() }
}

fn acme() -> BillingDetails {
    BillingDetails {
        name: "ACME".into(),
        address: "Main Street 1\nDublin".into(),
        country: "Ireland".into(),
        tax_id: "IE1234567A".into(),
    }
}

async fn is_right(wallet: &Wallet) {
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
}

/// The codes of all documents, oldest first.
async fn codes(wallet: &Wallet, viewer: &Viewer) -> Vec<String> {
    let page = wallet.invoices().documents(viewer, None, 200).await.expect("a page");
    page.documents.into_iter().rev().map(|document| document.code).collect()
}

/// Notes a refund that has succeeded, as the provider's answer does.
async fn refund(pool: &PgPool, payment: PaymentId, minor: i64) -> RefundId {
    let id = RefundId::new();
    sqlx::query(
        "INSERT INTO refunds (id, payment_id, source, minor, tax_minor, currency, credits, state, begun_by, created_at,
             updated_at, check_at)
         VALUES ($1, $2, 'staff', $3, 0, 'RUB', 0, 'succeeded', 'test', now(), now(), now())",
    )
    .bind(id.uuid())
    .bind(payment.uuid())
    .bind(minor)
    .execute(pool)
    .await
    .expect("noted");
    id
}

async fn receipt(wallet: &Wallet, viewer: &Viewer, payment: PaymentId) -> Document {
    wallet.invoices().receipt(viewer, payment).await.expect("a receipt")
}

#[sqlx::test(migrations = "../migrations")]
async fn every_payment_has_one_receipt_and_numbers_have_no_gaps(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    for number in 0..5 {
        buy(&wallet, &viewer, &double, &format!("form-{number}")).await;
        wallet.clock().advance(minutes(1));
    }
    // Whoever takes a number and stops halfway has taken none.
    let mut halfway = pool.begin().await.expect("a transaction");
    sqlx::query("UPDATE invoice_series SET last_number = last_number + 1 WHERE kind = 'receipt'")
        .execute(&mut *halfway)
        .await
        .expect("taken");
    halfway.rollback().await.expect("rolled back");
    let mut looks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let wallet = wallet.clone();
        looks.spawn(async move { wallet.invoices().issue_due().await.expect("looked") });
    }
    let issued: u32 = looks.join_all().await.into_iter().map(|done| done.receipts).sum();
    assert_eq!(issued, 5);
    let all = codes(&wallet, &viewer).await;
    assert_eq!(all, ["RC-00001", "RC-00002", "RC-00003", "RC-00004", "RC-00005"]);
    assert_eq!(wallet.invoices().issue_due().await.expect("looked"), Issued::default(), "once");
    let page = wallet.invoices().documents(&viewer, None, 2).await.expect("a page");
    let next = wallet.invoices().documents(&viewer, page.next, 10).await.expect("a page");
    assert_eq!((page.documents[1].code.as_str(), next.documents.len()), ("RC-00004", 3));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_receipt_tells_what_was_paid_for_ever(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let open = wallet.payments().start_top_up(&viewer, &light(), "open", BASE).await.expect("ordered").id;
    assert_eq!(refusal(wallet.invoices().receipt(&viewer, open).await).status(), 404, "not paid");
    let payment = buy(&wallet, &viewer, &double, "form").await;
    // Asked for before the look comes to it.
    let first = receipt(&wallet, &viewer, payment).await;
    assert_eq!((first.total, first.tax_minor, first.locale.as_str()), (roubles(44_900), 0, "ru"));
    assert_eq!(first.content.seller, Party { name: "NeuralBox".into(), ..Party::default() });
    assert_eq!(first.content.buyer.email, "anna@example.com");
    assert_eq!((first.content.lines[0].title.as_str(), first.content.lines[0].unit.as_str()), ("Light", "токенов"));

    wallet.invoices().set_seller(&staff(), seller()).await.expect("set");
    wallet.invoices().set_billing_details(&viewer, acme()).await.expect("set");
    assert_eq!(receipt(&wallet, &viewer, payment).await, first, "it does not change");
    let second = receipt(&wallet, &viewer, buy(&wallet, &viewer, &double, "form-2").await).await;
    assert_eq!((second.content.seller.name.as_str(), second.content.buyer.name.as_str()), ("ООО «Скрип»", "ACME"));
    // 20 % of the net, which is five sixths of 449.
    assert_eq!((second.total, second.tax_minor), (roubles(44_900), 7_483));
    for change in ["UPDATE invoice_documents SET total_minor = 1", "DELETE FROM invoice_documents"] {
        assert!(sqlx::query(sqlx::AssertSqlSafe(change)).execute(&pool).await.is_err(), "{change}");
    }
    let stranger = member(&wallet, "eve@example.com").await;
    assert_eq!(refusal(wallet.invoices().document(&stranger, first.id).await).status(), 404);
    assert_eq!(refusal(wallet.invoices().receipt(&stranger, payment).await).status(), 404);
    assert_eq!(codes(&wallet, &stranger).await, Vec::<String>::new());
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_invoice_is_issued_once_there_is_an_address(pool: PgPool) {
    let (wallet, mut viewer, double) = buyer(&pool).await;
    let receipt = receipt(&wallet, &viewer, buy(&wallet, &viewer, &double, "form").await).await;
    let invoices = wallet.invoices();
    let refused = |result| problems(refusal(result));
    let told = refused(invoices.issue_invoice(&viewer, receipt.id).await);
    assert_eq!(told, [("seller".to_owned(), Problem::NotAllowed)]);
    invoices.set_seller(&staff(), seller()).await.expect("set");
    let told = refused(invoices.issue_invoice(&viewer, receipt.id).await);
    assert_eq!(told, [("address".to_owned(), Problem::Required), ("country".to_owned(), Problem::Required)]);
    assert_eq!(codes(&wallet, &viewer).await, ["RC-00001"], "nothing is lost, no number is taken");
    let wrong = BillingDetails { tax_id: "<script>".into(), ..acme() };
    assert_eq!(refused(invoices.set_billing_details(&viewer, wrong).await.map(|_| receipt.clone()))[0].0, "tax_id");
    invoices.set_billing_details(&viewer, acme()).await.expect("set");

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (wallet, viewer, id) = (wallet.clone(), viewer.clone(), receipt.id);
        tasks.spawn(async move { wallet.invoices().issue_invoice(&viewer, id).await.expect("issued") });
    }
    let issued = tasks.join_all().await;
    assert!(issued.iter().all(|one| one == &issued[0]));
    let invoice = &issued[0];
    assert_eq!(
        (invoice.code().as_str(), invoice.kind, invoice.total),
        ("INV-00001", DocumentKind::Invoice, receipt.total)
    );
    assert_eq!(invoice.content.original.as_deref(), Some("RC-00001"));
    assert_eq!(invoice.content.buyer.address, "Main Street 1\nDublin");
    assert_eq!(refusal(invoices.issue_invoice(&viewer, invoice.id).await).status(), 404, "not of an invoice");
    assert_eq!(refusal(invoices.issue_invoice(&viewer, DocumentId::new()).await).status(), 404);
    let stranger = member(&wallet, "eve@example.com").await;
    assert_eq!(refusal(invoices.issue_invoice(&stranger, receipt.id).await).status(), 404);
    viewer.role = Role::Developer;
    assert_eq!(refusal(invoices.issue_invoice(&viewer, receipt.id).await).status(), 403);
    assert_eq!(refusal(invoices.set_billing_details(&viewer, acme()).await).status(), 403);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_went_back_has_credit_notes_that_come_to_it(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    wallet.invoices().set_seller(&staff(), seller()).await.expect("set");
    wallet.invoices().set_billing_details(&viewer, acme()).await.expect("set");
    let payment = buy(&wallet, &viewer, &double, "form").await;
    let receipt = receipt(&wallet, &viewer, payment).await;
    wallet.invoices().issue_invoice(&viewer, receipt.id).await.expect("issued");
    let first = refund(&pool, payment, 10_000).await;
    wallet.invoices().issue_due().await.expect("looked");
    assert_eq!(codes(&wallet, &viewer).await, ["RC-00001", "INV-00001", "CN-00001"]);
    let page = wallet.invoices().documents(&viewer, None, 1).await.expect("a page");
    let note = wallet.invoices().document(&viewer, page.documents[0].id).await.expect("a document");
    assert_eq!((note.total, note.tax_minor), (roubles(10_000), 1_667));
    assert_eq!(note.content.original.as_deref(), Some("INV-00001"), "the invoice is what it reduces");

    // It did not arrive after all; another one goes back wholly, at the same moment.
    sqlx::query("UPDATE refunds SET state = 'failed', failure = 'lost' WHERE id = $1")
        .bind(first.uuid())
        .execute(&pool)
        .await
        .expect("failed");
    refund(&pool, payment, 44_900).await;
    let mut looks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let wallet = wallet.clone();
        looks.spawn(async move { wallet.invoices().issue_due().await.expect("looked") });
    }
    looks.join_all().await;
    wallet.invoices().issue_due().await.expect("looked");
    let all = wallet.invoices().documents_of(payment).await.expect("a list");
    let of = |kind| all.iter().filter(|document| document.kind == kind).map(|one| one.total).collect::<Vec<_>>();
    assert_eq!(of(DocumentKind::DebitNote), [roubles(10_000)]);
    assert_eq!(of(DocumentKind::CreditNote), [roubles(44_900), roubles(10_000)]);
    is_right(&wallet).await;

    let month = Month::of(start().date_naive());
    let statement = wallet.invoices().statement(&viewer, month).await.expect("a statement");
    assert_eq!((statement.rows.len(), statement.is_final, statement.totals.len()), (4, false, 1));
    let sum = statement.totals[0];
    assert_eq!((sum.paid, sum.returned, sum.net, sum.tax_minor), (roubles(44_900), roubles(44_900), roubles(0), 0));
    let next = Month::of(month.end());
    assert_eq!(refusal(wallet.invoices().statement(&viewer, next).await).status(), 404, "it has not begun");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_that_is_lost_has_a_credit_note_for_what_is_left(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let payment = buy(&wallet, &viewer, &double, "form").await;
    refund(&pool, payment, 40_000).await;
    sqlx::query(
        "INSERT INTO disputes (id, payment_id, provider_ref, state, reason, minor, currency, opened_by, created_at,
             updated_at)
         VALUES (gen_random_uuid(), $1, 'dp_1', 'lost', 'fraudulent', 44900, 'RUB', 'provider', now(), now())",
    )
    .bind(payment.uuid())
    .execute(&pool)
    .await
    .expect("noted");
    let done = wallet.invoices().issue_due().await.expect("looked");
    assert_eq!((done.receipts, done.notes, done.failed), (1, 2, 0));
    let all = wallet.invoices().documents_of(payment).await.expect("a list");
    let totals: Vec<_> = all.iter().rev().map(|one| (one.code.as_str(), one.total)).collect();
    let expected = [("RC-00001", roubles(44_900)), ("CN-00001", roubles(40_000)), ("CN-00002", roubles(4_900))];
    assert_eq!(totals, expected);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn staff_name_the_series(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let invoices = wallet.invoices();
    let buy_next = async |key: &str| receipt(&wallet, &viewer, buy(&wallet, &viewer, &double, key).await).await.code();
    assert_eq!(buy_next("1").await, "RC-00001");
    invoices.set_series(&staff(), DocumentKind::Receipt, "2027-rc").await.expect("set");
    assert_eq!((buy_next("2").await, buy_next("3").await), ("2027-RC-00001".to_owned(), "2027-RC-00002".to_owned()));
    invoices.set_series(&staff(), DocumentKind::Receipt, "RC").await.expect("set");
    assert_eq!(buy_next("4").await, "RC-00002", "it goes on where it was");
    for (wrong, problem) in
        [("", Problem::Malformed), ("a b", Problem::Malformed), ("-A", Problem::Malformed), ("INV", Problem::Taken)]
    {
        let refused = invoices.set_series(&staff(), DocumentKind::Receipt, wrong).await;
        assert_eq!(problems(refusal(refused)), [("series".to_owned(), problem)], "{wrong:?}");
    }
    assert_eq!(buy_next("5").await, "RC-00003", "a refused name changes nothing");
    let all = invoices.series().await.expect("a list");
    let current = all.iter().find(|series| series.kind == DocumentKind::Receipt && series.is_current);
    assert_eq!(current.map(|series| (series.name.as_str(), series.last_number)), Some(("RC", 3)));
    is_right(&wallet).await;
}
