//! Payments on PostgreSQL: one order per key, one grant per payment, whoever finds out first.
#![cfg(feature = "postgres")]

mod people_support;

use people_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Problem, Refusal};
use wallet::id::{AccountId, PaymentId};
use wallet::identity::{Role, Viewer};
use wallet::ledger::{GrantSource, Scope};
use wallet::money::{Credits, Currency};
use wallet::notify::Mail;
use wallet::payment::{CheckoutOrder, ProviderStatus};
use wallet::payment::{PaymentStatus, PaymentView, TopUp};
use wallet::payment::{SandboxState, SandboxStep};

const BASE: &str = "https://scrip.example/";

async fn order(wallet: &Wallet, viewer: &Viewer, key: &str) -> PaymentView {
    wallet.payments().start_top_up(viewer, &light(), key, BASE).await.expect("ordered")
}

/// Somebody with the gift, and the double behind the payments.
async fn buyer(pool: &PgPool) -> (Wallet, Viewer, Double) {
    let wallet = open(pool).await;
    let viewer = member(&wallet, "anna@example.com").await;
    let double = Double::new(&wallet);
    (wallet, viewer, double)
}

async fn one_grant(wallet: &Wallet, viewer: &Viewer, payment: PaymentId) {
    assert_eq!(available(wallet, viewer.wallet).await, credits(150));
    let balance = wallet.ledger().balance(viewer.wallet).await.expect("a balance");
    let bought: Vec<_> = balance.grants.iter().filter(|grant| grant.source == GrantSource::TopUp).collect();
    assert_eq!(bought.len(), 1);
    assert_eq!((bought[0].label.as_str(), bought[0].cost), ("Light", Some(roubles(44_900))));
    assert_eq!(bought[0].reference, Some(format!("payment:{payment}")));
    let view = wallet.payments().payment(viewer, payment).await.expect("a payment");
    assert_eq!((view.status, view.entry_seq, view.checkout_url), (PaymentStatus::Succeeded, Some(bought[0].seq), None));
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_order_is_priced_here_and_made_once(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (wallet, viewer) = (wallet.clone(), viewer.clone());
        tasks.spawn(async move { order(&wallet, &viewer, "form-1").await });
    }
    let orders = tasks.join_all().await;
    assert!(orders.iter().all(|other| other.id == orders[0].id));
    let first = &orders[0];
    assert_eq!((first.credits, first.money, first.status), (credits(100), roubles(44_900), PaymentStatus::Pending));
    assert_eq!(double.books().created, 1);
    let url = order(&wallet, &viewer, "form-1").await.checkout_url.expect("a page");
    assert!(url.ends_with(&first.id.to_string()), "{url}");
    let other = TopUp { package: Some("ultra".into()), ..light() };
    let changed = refusal(wallet.payments().start_top_up(&viewer, &other, "form-1", BASE).await);
    assert_eq!(changed, Refusal::IdempotencyMismatch);
    let second = order(&wallet, &viewer, "form-2").await;
    assert_ne!(second.id, first.id);
    let page = wallet.payments().payments(&viewer, None, 1).await.expect("a page");
    assert_eq!((page.payments[0].id, page.next), (second.id, Some(second.id)));
    let page = wallet.payments().payments(&viewer, page.next, 10).await.expect("a page");
    assert_eq!((page.payments.len(), page.next), (1, None));
}

#[sqlx::test(migrations = "../migrations")]
async fn wrong_orders_are_refused_at_their_field(pool: PgPool) {
    let (wallet, mut viewer, _) = buyer(&pool).await;
    let package = |code: &str, currency| TopUp {
        package: Some(code.into()),
        amount: None,
        currency,
        with: None,
        save_method: false,
    };
    for (top_up, field, problem) in [
        (package("nonsense", Currency::RUB), "package", Problem::Unknown),
        (package("light", Currency::USD), "currency", Problem::NotAllowed),
        (
            TopUp { package: None, amount: Some(credits(1)), currency: Currency::RUB, with: None, save_method: false },
            "amount",
            Problem::NotAllowed,
        ),
        (
            TopUp { package: None, amount: None, currency: Currency::RUB, with: None, save_method: false },
            "package",
            Problem::Required,
        ),
        (TopUp { amount: Some(credits(-1)), ..light() }, "amount", Problem::NotAllowed),
    ] {
        let refused = wallet.payments().start_top_up(&viewer, &top_up, "k", BASE).await;
        assert_eq!(problems(refusal(refused)), [(field.to_owned(), problem)]);
    }
    let no_key = refusal(wallet.payments().start_top_up(&viewer, &light(), "", BASE).await);
    assert_eq!(no_key, Refusal::IdempotencyKeyRequired);
    viewer.role = Role::Developer;
    let forbidden = refusal(wallet.payments().start_top_up(&viewer, &light(), "k", BASE).await);
    assert_eq!(forbidden.status(), 403);
}

#[sqlx::test(migrations = "../migrations")]
async fn everybody_finds_out_at_once_and_one_grant_is_made(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let payment = order(&wallet, &viewer, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    wallet.clock().advance(minutes(2));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..51 {
        let (wallet, viewer, double) = (wallet.clone(), viewer.clone(), double.clone());
        tasks.spawn(async move {
            match number % 3 {
                0 => drop(wallet.payments().check(&viewer, payment).await.expect("checked")),
                1 => {
                    let event = double.event(payment, number);
                    assert!(wallet.payments().ingest_event("double", &event).await.expect("kept"));
                }
                _ => drop(wallet.payments().reconcile().await.expect("reconciled")),
            }
        });
    }
    tasks.join_all().await;
    // The events' own jobs, all of them twice.
    let events: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM provider_events").fetch_all(&pool).await.expect("a list");
    assert_eq!(events.len(), 17);
    for event in events.iter().chain(&events) {
        wallet.payments().process_event(*event).await.expect("worked on");
    }
    one_grant(&wallet, &viewer, payment).await;
    assert_eq!(mails(&wallet, "anna@example.com").await.len(), 1, "one receipt");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_counts_once(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let payment = order(&wallet, &viewer, "form").await.id;
    let event = double.event(payment, 1);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (wallet, event) = (wallet.clone(), event.clone());
        tasks.spawn(async move { wallet.payments().ingest_event("double", &event).await.expect("kept") });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|new| *new).count(), 1);
    // It says "succeeded", but the provider doesn't: what a message says isn't believed.
    let id: uuid::Uuid = sqlx::query_scalar("SELECT id FROM provider_events").fetch_one(&pool).await.expect("one");
    wallet.payments().process_event(id).await.expect("worked on");
    assert_eq!(wallet.payments().payment(&viewer, payment).await.expect("there").status, PaymentStatus::Pending);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_that_never_comes_back_loses_nothing(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let payment = order(&wallet, &viewer, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    assert_eq!(wallet.payments().reconcile().await.expect("reconciled").checked, 0, "too early");
    wallet.clock().advance(minutes(2));
    let report = wallet.payments().reconcile().await.expect("reconciled");
    assert_eq!((report.checked, report.closed), (1, 1));
    one_grant(&wallet, &viewer, payment).await;
    let mails = mails(&wallet, "anna@example.com").await;
    assert!(matches!(mails.as_slice(), [Mail::CreditsLate(paid)] if paid.credits == credits(100)), "{mails:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_crowd_of_open_orders_delays_nobody(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    for name in ["boris", "clara", "dan"] {
        let other = member(&wallet, &format!("{name}@example.com")).await;
        for form in 0..20 {
            order(&wallet, &other, &format!("form-{form}")).await;
        }
        let more = wallet.payments().start_top_up(&other, &light(), "form-20", BASE).await;
        assert_eq!(problems(refusal(more)), [("package".to_owned(), Problem::TooMany)]);
        assert_eq!(order(&wallet, &other, "form-3").await.status, PaymentStatus::Pending, "a repeat is no new order");
    }
    let payment = order(&wallet, &viewer, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    wallet.clock().advance(minutes(2));
    let report = wallet.payments().reconcile().await.expect("reconciled");
    assert_eq!((report.checked, report.closed), (61, 1), "one run asks about all that are due");
    one_grant(&wallet, &viewer, payment).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn messages_of_long_ago_are_removed_and_open_ones_are_not(pool: PgPool) {
    let (wallet, ..) = buyer(&pool).await;
    for (key, state) in [("done", "done"), ("open", "received")] {
        sqlx::query(
            "INSERT INTO provider_events (id, provider, dedupe_key, kind, raw, state, received_at, processed_at)
             VALUES ($1, 'test', $2, 'x', '{}', $3, $4, CASE WHEN $3 = 'done' THEN $4 END)",
        )
        .bind(uuid::Uuid::now_v7())
        .bind(key)
        .bind(state)
        .bind(wallet.clock().now())
        .execute(&pool)
        .await
        .expect("stored");
    }
    assert_eq!(wallet.payments().purge_events().await.expect("purged"), 0, "too young");
    wallet.clock().advance(chrono::TimeDelta::days(401));
    assert_eq!(wallet.payments().purge_events().await.expect("purged"), 1);
    assert_eq!(wallet.payments().purge_events().await.expect("purged"), 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_answer_that_got_lost_is_found_again(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    double.books().swallow_next_page = true;
    let first = order(&wallet, &viewer, "form").await;
    assert_eq!((first.status, first.checkout_url), (PaymentStatus::Unknown, None));
    // The person submits the form again: the same order, and the page that was made the first time.
    let second = order(&wallet, &viewer, "form").await;
    assert_eq!((second.id, second.status, double.books().created), (first.id, PaymentStatus::Pending, 1));
    assert!(second.checkout_url.is_some());

    // The person has left the form, and looks at the order instead.
    double.books().swallow_next_page = true;
    let third = order(&wallet, &viewer, "form-2").await;
    assert_eq!(wallet.payments().check(&viewer, third.id).await.expect("checked").checkout_url, None);
    for _ in 0..2 {
        let seen = wallet.payments().check_and_open(&viewer, third.id).await.expect("opened");
        assert_eq!((seen.status, double.books().created), (PaymentStatus::Pending, 2));
        assert!(seen.checkout_url.is_some(), "the page that was made the first time");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_whose_page_never_reached_us_is_found_by_its_order(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    double.books().swallow_next_page = true;
    let payment = order(&wallet, &viewer, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    double.books().silent = true;
    wallet.clock().advance(minutes(2));
    let report = wallet.payments().reconcile().await.expect("reconciled");
    assert_eq!((report.checked, report.closed), (1, 0), "no answer is neither yes nor no");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));
    double.books().silent = false;
    wallet.clock().advance(minutes(2));
    assert_eq!(wallet.payments().reconcile().await.expect("reconciled").closed, 1);
    one_grant(&wallet, &viewer, payment).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_crash_between_grant_and_answer_grants_nothing_twice(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let payment = order(&wallet, &viewer, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    // The caller goes away in the middle: what was begun is finished or nothing.
    for patience in [0_u64, 1, 2, 4, 8] {
        let check = wallet.payments().check(&viewer, payment);
        let _ = tokio::time::timeout(std::time::Duration::from_millis(patience), check).await;
    }
    // Another node that knows nothing of the first one's work.
    let node = open(&pool).await;
    node.payments().register(std::sync::Arc::new(double.clone()));
    let seen = node.payments().check(&viewer, payment).await.expect("checked");
    assert_eq!(seen.status, PaymentStatus::Succeeded);
    one_grant(&wallet, &viewer, payment).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn other_money_than_ours_is_put_aside(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let cases: [fn(&mut wallet::payment::ProviderPayment); 3] = [
        |page| page.money = roubles(100),
        |page| page.money = wallet::money::Money::from_minor(44_900, Currency::USD),
        |page| page.order = Some(PaymentId::new()),
    ];
    for (number, change) in cases.into_iter().enumerate() {
        let payment = order(&wallet, &viewer, &format!("form-{number}")).await.id;
        double.set(payment, ProviderStatus::Paid);
        change(double.books().pages.get_mut(&reference(payment)).expect("a page"));
        let seen = wallet.payments().check(&viewer, payment).await.expect("checked");
        assert_eq!((seen.status, seen.failure.as_deref()), (PaymentStatus::Held, Some("mismatch")));
        wallet.payments().refresh(payment).await.expect("asked again");
    }
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));
    let log = wallet.identity().audit_log(None, 10).await.expect("a page").rows;
    assert_eq!(log.iter().filter(|row| row.action == "payment.held").count(), 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn declined_cancelled_and_late_payments_end_without_credits(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let declined = order(&wallet, &viewer, "declined").await.id;
    double.set(declined, ProviderStatus::Declined { code: "insufficient_funds".into() });
    let seen = wallet.payments().check(&viewer, declined).await.expect("checked");
    assert_eq!((seen.status, seen.failure.as_deref()), (PaymentStatus::Failed, Some("insufficient_funds")));
    let cancelled = order(&wallet, &viewer, "cancelled").await.id;
    double.set(cancelled, ProviderStatus::Cancelled);
    assert_eq!(wallet.payments().check(&viewer, cancelled).await.expect("checked").status, PaymentStatus::Cancelled);
    let slow = order(&wallet, &viewer, "slow").await.id;
    double.set(slow, ProviderStatus::Processing);
    assert_eq!(wallet.payments().check(&viewer, slow).await.expect("checked").status, PaymentStatus::Processing);
    let left = order(&wallet, &viewer, "left").await.id;
    wallet.clock().advance(minutes(61));
    wallet.payments().reconcile().await.expect("reconciled");
    assert_eq!(wallet.payments().payment(&viewer, left).await.expect("there").status, PaymentStatus::Expired);
    assert_eq!(double.books().pages[&reference(left)].status, ProviderStatus::Expired, "its page is closed first");
    assert_eq!(wallet.payments().payment(&viewer, slow).await.expect("there").status, PaymentStatus::Processing);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));

    // The bank changes its mind: money that was taken always becomes credits.
    double.set(declined, ProviderStatus::Paid);
    let seen = wallet.payments().refresh(declined).await.expect("asked again");
    assert_eq!((seen.status, seen.failure), (PaymentStatus::Succeeded, None));
    one_grant(&wallet, &viewer, declined).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn somebody_elses_payment_is_not_there(pool: PgPool) {
    let (wallet, viewer, _) = buyer(&pool).await;
    let other = member(&wallet, "boris@example.com").await;
    let payment = order(&wallet, &viewer, "form").await.id;
    assert_eq!(refusal(wallet.payments().payment(&other, payment).await), Refusal::not_found("payment"));
    assert_eq!(refusal(wallet.payments().check(&other, payment).await), Refusal::not_found("payment"));
    assert!(wallet.payments().payments(&other, None, 10).await.expect("a page").payments.is_empty());
    // The same key in another account is another order.
    assert_ne!(order(&wallet, &other, "form").await.id, payment);
    assert_eq!(available(&wallet, other.wallet).await, credits(50));
    assert_ne!(available(&wallet, other.wallet).await, Credits::ZERO);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sandbox_keeps_books_of_its_own(pool: PgPool) {
    let wallet = open(&pool).await;
    let books = wallet.payments().sandbox();
    let order = CheckoutOrder {
        payment: PaymentId::new(),
        account: AccountId::new(),
        customer: None,
        kind: None,
        email: "anna@example.com".into(),
        locale: "ru".into(),
        title: "Light".into(),
        money: roubles(44_900),
        return_url: "https://scrip.example/back".into(),
        cancel_url: "https://scrip.example/back".into(),
        expires_at: start() + minutes(60),
        save_method: false,
        idempotency_key: "one".into(),
    };
    let page = books.open(&order).await.expect("a page");
    assert_eq!(books.open(&order).await.expect("a page"), page, "the same key, the same page");
    assert_eq!(books.find_by_order(order.payment).await.expect("read"), Some(page.clone()));
    let visa = || "Visa •• 4242".to_owned();
    let step = SandboxStep::Challenge { method: visa() };
    assert_eq!(books.advance(&page.reference, &step).await.expect("a step").state, SandboxState::Challenge);
    let paid = books.advance(&page.reference, &SandboxStep::Pay { method: visa() }).await.expect("a step");
    assert_eq!((paid.state, paid.method.as_deref()), (SandboxState::Paid, Some("Visa •• 4242")));
    for late in [SandboxStep::Cancel, SandboxStep::Decline { code: "card_declined".into(), method: visa() }] {
        assert_eq!(books.advance(&page.reference, &late).await.expect("no step").state, SandboxState::Paid);
    }
    let other = CheckoutOrder { idempotency_key: "two".into(), payment: PaymentId::new(), ..order };
    let other = books.open(&other).await.expect("a page");
    wallet.clock().advance(minutes(61));
    let found = books.find(&other.reference).await.expect("read").expect("there");
    assert_eq!(found.state, SandboxState::Expired);
    assert_eq!(books.find("sbx_nothing").await.expect("read"), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_fifty_orders_at_once_twenty_wait_to_be_paid(pool: PgPool) {
    let (wallet, viewer, _double) = buyer(&pool).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (wallet, viewer) = (wallet.clone(), viewer.clone());
        tasks.spawn(
            async move { wallet.payments().start_top_up(&viewer, &light(), &format!("form-{number}"), BASE).await },
        );
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 20);
    for refused in answers.into_iter().filter(Result::is_err) {
        assert_eq!(problems(refusal(refused)), [("package".to_owned(), Problem::TooMany)]);
    }
}
