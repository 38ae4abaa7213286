//! Money that was put aside, and what staff do about it.

use std::sync::Arc;

use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::Problem;
use wallet::id::PaymentId;
use wallet::identity::Actor;
use wallet::money::Money;
use wallet::payment::PaymentStatus;
use wallet::payment::ProviderStatus;

use crate::people_support::*;
use crate::support::*;

fn staff() -> Actor {
    Actor::system("command line")
}

async fn decided(wallet: &Wallet, action: &str) -> usize {
    let log = wallet.identity().audit_log(None, 50).await.expect("a page").rows;
    log.iter().filter(|row| row.action == action).count()
}

fn took(double: &Double, order: PaymentId, minor: i64) {
    double.books().pages.get_mut(&reference(order)).expect("a page").money = roubles(minor);
}

#[sqlx::test(migrations = "../migrations")]
async fn money_that_differs_is_released_only_when_it_is_what_was_asked(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let order = wallet.payments().start_top_up(&viewer, &light(), "light", BASE).await.expect("ordered");
    double.set(order.id, ProviderStatus::Paid);
    took(&double, order.id, 1);
    assert_eq!(wallet.payments().check(&viewer, order.id).await.expect("checked").status, PaymentStatus::Held);
    let held = wallet.payments().held().await.expect("listed");
    assert_eq!((held.len(), held[0].id, held[0].money, held[0].why.as_str()), (1, order.id, order.money, "mismatch"));
    assert_eq!(held[0].email, ANNA);

    let refused = refusal(wallet.payments().release(&staff(), order.id, "as ordered").await);
    assert_eq!(problems(refused), [("payment".to_owned(), Problem::NotAllowed)]);
    let refused = refusal(wallet.payments().release(&staff(), order.id, " ").await);
    assert_eq!(problems(refused), [("note".to_owned(), Problem::Required)]);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));
    took(&double, order.id, order.money.minor());
    for _ in 0..2 {
        let seen = wallet.payments().release(&staff(), order.id, "the provider mended its books").await;
        assert_eq!(seen.expect("released").status, PaymentStatus::Succeeded);
    }
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50).checked_add(order.credits).expect("fits"));
    assert_eq!(
        (decided(&wallet, "payment.release").await, wallet.payments().held().await.expect("listed").len()),
        (1, 0)
    );
    let late = refusal(wallet.payments().returned(&staff(), order.id, "too late").await);
    assert_eq!(problems(late), [("payment".to_owned(), Problem::NotAllowed)]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_second_plan_is_given_back_and_stays_so_whatever_the_provider_tells(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let first = order(&wallet, &viewer, &basic(), "tab-1").await.id;
    let second = order(&wallet, &viewer, &basic(), "tab-2").await.id;
    // Both are paid before anybody looks: the page of the second could not be closed any more.
    for id in [first, second] {
        double.set(id, ProviderStatus::Paid);
    }
    for id in [first, second] {
        wallet.payments().check(&viewer, id).await.expect("checked");
    }
    let refused = refusal(wallet.payments().release(&staff(), second, "two plans").await);
    assert_eq!(problems(refused), [("payment".to_owned(), Problem::NotAllowed)]);
    for _ in 0..2 {
        let seen = wallet.payments().returned(&staff(), second, "refund re_1").await.expect("noted");
        assert_eq!((seen.status, seen.failure.as_deref()), (PaymentStatus::Cancelled, Some("returned")));
    }
    assert_eq!(decided(&wallet, "payment.returned").await, 1);
    // The provider tells of the refund.
    let page = |books: &mut Books| {
        let page = books.pages.get_mut(&reference(second)).expect("a page");
        page.refunded_minor = Money::minor(page.money);
    };
    page(&mut double.books());
    let event = double.event(second, 1);
    wallet.payments().ingest_event("double", &event).await.expect("kept");
    wallet.clock().advance(minutes(5));
    wallet.payments().reconcile().await.expect("reconciled");
    assert_eq!(wallet.payments().payment(&viewer, second).await.expect("read").status, PaymentStatus::Cancelled);
    assert_eq!(wallet.payments().held().await.expect("listed"), []);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_renewal_whose_money_was_given_back_is_charged_anew(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    double.books().takes_other_money = true;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + minutes(150)).await;
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(plan(&wallet, &viewer).await, "basic", "it is ours to decide");
    let held = wallet.payments().held().await.expect("listed");
    double.books().takes_other_money = false;
    wallet.payments().returned(&staff(), held[0].id, "refund re_2").await.expect("noted");
    let report = live_until(&wallet, due + minutes(300)).await;
    assert_eq!((report.paid, report.declined, double.books().charged.len()), (1, 0, 2));
    assert_eq!(months(&wallet, &viewer).await.len(), 2);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_of_the_staff_never_give_both_credits_and_money(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let order = wallet.payments().start_top_up(&viewer, &light(), "light", BASE).await.expect("ordered");
    double.set(order.id, ProviderStatus::Paid);
    took(&double, order.id, 1);
    wallet.payments().check(&viewer, order.id).await.expect("checked");
    took(&double, order.id, order.money.minor());
    // One has read that it is put aside, and asks the provider; meanwhile the other notes that the money went back.
    let gate = Arc::new(Gate::default());
    double.books().gate = Some(Arc::clone(&gate));
    let (first, id) = (wallet.clone(), order.id);
    let release = tokio::spawn(async move { first.payments().release(&staff(), id, "as ordered").await });
    gate.reached.notified().await;
    wallet.payments().returned(&staff(), order.id, "refund re_1").await.expect("noted");
    gate.go_on.notify_one();
    let refused = refusal(release.await.expect("no panic"));
    assert_eq!(problems(refused), [("payment".to_owned(), Problem::NotAllowed)]);
    let seen = wallet.payments().payment(&viewer, order.id).await.expect("there");
    assert_eq!((seen.status, seen.failure.as_deref()), (PaymentStatus::Cancelled, Some("returned")));
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50), "no credits for money that went back");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_slow_look_never_revives_money_that_went_back(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let order = wallet.payments().start_top_up(&viewer, &light(), "light", BASE).await.expect("ordered");
    // Called off by the person, as we know it; a look that is on its way finds it paid.
    double.set(order.id, ProviderStatus::Cancelled);
    wallet.payments().check(&viewer, order.id).await.expect("checked");
    double.set(order.id, ProviderStatus::Paid);
    let gate = Arc::new(Gate::default());
    double.books().gate = Some(Arc::clone(&gate));
    let (first, id) = (wallet.clone(), order.id);
    let look = tokio::spawn(async move { first.payments().refresh(id).await });
    gate.reached.notified().await;
    // Meanwhile it is put aside, and its money goes back: it is cancelled again, for another reason.
    took(&double, order.id, 1);
    wallet.payments().refresh(order.id).await.expect("put aside");
    wallet.payments().returned(&staff(), order.id, "refund re_1").await.expect("noted");
    gate.go_on.notify_one();
    let seen = look.await.expect("no panic").expect("looked");
    assert_eq!((seen.status, seen.failure.as_deref()), (PaymentStatus::Cancelled, Some("returned")));
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));
    is_right(&wallet).await;
}
