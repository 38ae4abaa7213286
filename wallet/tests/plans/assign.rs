//! A plan that was agreed with an account: staff put it on, its months come, it ends by itself.

use chrono::TimeDelta;
use sqlx::PgPool;
use wallet::error::Problem;
use wallet::identity::Actor;
use wallet::money::{Currency, Money};
use wallet::payment::PlanChoice;
use wallet::plan::Assignment;

use crate::people_support::*;
use crate::support::*;

fn agreed(months: u32) -> Assignment {
    let price = Money::from_minor(120_000, Currency::USD);
    Assignment { plan: "enterprise".into(), months, price, credits: credits(400_000) }
}

fn staff() -> Actor {
    Actor::system("command line")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_that_was_agreed_brings_its_months_and_ends(pool: PgPool) {
    let wallet = open_with(&pool, "neuraldraft").await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let before = available(&wallet, viewer.wallet).await;
    let assign = || {
        let (wallet, account) = (wallet.clone(), viewer.account);
        tokio::spawn(async move { wallet.plans().assign(&staff(), account, &agreed(3), "contract 7").await })
    };
    let (one, two) = (assign(), assign());
    let done = [one.await.expect("ran"), two.await.expect("ran")];
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
    let paid = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert!(paid.is_assigned && paid.cancel_at_end);
    assert_eq!(plan(&wallet, &viewer).await, "enterprise");
    assert_eq!(available(&wallet, viewer.wallet).await, before.checked_add(credits(400_000)).expect("fits"));
    is_right(&wallet).await;

    // Its owner changes nothing of it.
    let refused = problems(refusal(wallet.plans().resume(&viewer).await));
    assert_eq!(refused, [("plan".to_owned(), Problem::NotAllowed)]);
    let scale = PlanChoice { plan: "scale".into(), currency: Currency::USD, ..basic() };
    let refused = wallet.payments().change_plan(&viewer, &scale, None, "k", BASE).await;
    assert_eq!(problems(refusal(refused)), [("plan".to_owned(), Problem::NotAllowed)]);

    let report = live_until(&wallet, paid.paid_until + TimeDelta::days(1)).await;
    assert_eq!((report.paid, report.ended, report.failed), (0, 1, 0));
    assert_eq!(plan(&wallet, &viewer).await, "free");
    assert!(double.books().charged.is_empty());
    let came = months(&wallet, &viewer).await;
    assert_eq!(came.iter().filter(|row| row.amount == credits(400_000)).count(), 3);
    let log = wallet.identity().audit_log(None, 20).await.expect("a page").rows;
    assert_eq!(log.iter().filter(|row| row.action == "subscription.assigned").count(), 1);
    assert_eq!(events(&pool).await, ["subscription.started", "subscription.ended"]);
    is_right(&wallet).await;
}

/// What endpoints would be told of plans, oldest first.
async fn events(pool: &PgPool) -> Vec<String> {
    let told = "SELECT event FROM webhook_notices WHERE event LIKE 'subscription.%' ORDER BY id";
    sqlx::query_scalar(told).fetch_all(pool).await.expect("read")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wrong_assignment_says_why_and_a_paid_plan_is_ended_first(pool: PgPool) {
    let (wallet, viewer, _double) = subscriber(&pool, "neuralbox", &basic()).await;
    let vip = |months| Assignment {
        plan: "vip".into(),
        months,
        price: Money::from_minor(1, Currency::RUB),
        credits: credits(9),
    };
    let assign = async |plan: &Assignment, note: &str| {
        problems(refusal(wallet.plans().assign(&staff(), viewer.account, plan, note).await))
    };
    let problem = |field: &str, problem| [(field.to_owned(), problem)];
    assert_eq!(assign(&vip(1), " ").await, problem("note", Problem::Required));
    assert_eq!(assign(&vip(0), "n").await, problem("months", Problem::NotAllowed));
    assert_eq!(assign(&vip(61), "n").await, problem("months", Problem::NotAllowed));
    let unknown = Assignment { plan: "gold".into(), ..vip(1) };
    assert_eq!(assign(&unknown, "n").await, problem("plan", Problem::Unknown));
    let free = Assignment { price: Money::from_minor(0, Currency::RUB), ..vip(1) };
    assert_eq!(assign(&free, "n").await, problem("price", Problem::TooSmall));
    assert_eq!(assign(&vip(1), "n").await, problem("account", Problem::Taken));

    let left = available(&wallet, viewer.wallet).await;
    wallet.plans().end_now(&staff(), viewer.account, "moves to a contract").await.expect("ended");
    assert_eq!(plan(&wallet, &viewer).await, "starter");
    assert_eq!(available(&wallet, viewer.wallet).await, left, "what came stays");
    let again = problems(refusal(wallet.plans().end_now(&staff(), viewer.account, "twice").await));
    assert_eq!(again, problem("account", Problem::NotAllowed));
    wallet.plans().assign(&staff(), viewer.account, &vip(1), "contract 8").await.expect("assigned");
    assert_eq!(plan(&wallet, &viewer).await, "vip");
    assert_eq!(events(&pool).await, ["subscription.started", "subscription.ended", "subscription.started"]);
    is_right(&wallet).await;
}
