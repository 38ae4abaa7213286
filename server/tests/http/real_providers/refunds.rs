//! Money that goes back: asked for by a person, decided by staff, made in the provider's dashboard.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use sqlx::PgPool;
use wallet::error::Error;
use wallet::id::{PaymentId, RefundId};
use wallet::money::{Credits, Currency, Money};
use wallet::payment::{EventAbout, VerifiedEvent};
use wallet::refund::{NewRefundRequest, Obstacle, RefundAbout, RefundReason, RefundRequest, RequestState};

use super::doubles::By;
use super::till::{Till, credits, person, staff};
use crate::support::TIMEOUT;

/// Its refund takes a minute and then fails.
const FAILS_LATER: &str = "4000000000005126";
/// Its refund takes a minute.
const TAKES_TIME: &str = "4000000000007726";

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn money_for(id: PaymentId) -> NewRefundRequest {
    NewRefundRequest { about: RefundAbout::Payment { id }, reason: RefundReason::NotNeeded, details: String::new() }
}

async fn asked(till: &Till, id: PaymentId, key: &str) -> RefundRequest {
    till.wallet.refunds().ask(&till.viewer, &money_for(id), key).await.expect("asked")
}

/// Looks at everything that is under way, until a request is somewhere else.
async fn moves_on(till: &Till, request: &RefundRequest, to: RequestState) {
    let began = std::time::Instant::now();
    while began.elapsed() < TIMEOUT {
        let due = sqlx::query("UPDATE refunds SET check_at = created_at WHERE check_at > created_at");
        due.execute(till.wallet.pool()).await.expect("due");
        till.wallet.refunds().run_due().await.expect("run");
        let seen = till.wallet.refunds().request(&till.viewer, request.id).await.expect("a request");
        if seen.state == to {
            return;
        }
    }
    panic!("the request did not become {to:?}");
}

/// Waits until Stripe has a refund.
async fn is_sent(till: &Till) {
    let sent = async {
        while till.doubles.held(By::Stripe, "refunds").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, sent).await.expect("Stripe has a refund");
}

/// What Stripe has given back, in cents.
async fn given_back(till: &Till) -> i64 {
    let refunds = till.doubles.held(By::Stripe, "refunds").await;
    let done = refunds.iter().filter(|refund| refund["status"] == "succeeded");
    done.map(|refund| refund["amount"].as_i64().expect("an amount")).sum()
}

fn refusal(done: Result<impl std::fmt::Debug, Error>) -> String {
    let error = done.expect_err("refused");
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
    error.to_string()
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_unused_goes_back_once_however_often_it_is_approved(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let before = till.settled().await;
    let payment = till.pack(By::Stripe.good(), "one").await;
    till.spend(credits(400), "c").await.expect("spent");
    let choices = till.wallet.refunds().choices(&till.viewer, None).await.expect("choices");
    let offered = choices.purchases[0].verdict.expect("refundable");
    // Free credits of the plan go first, so that some of the 400 are not the package's.
    let request = asked(&till, payment.id, "form").await;
    assert_eq!((request.asked, request.asked_credits), (Some(offered.money), offered.credits));
    assert_eq!(asked(&till, payment.id, "form").await.id, request.id, "the same form once more");
    let another = till.wallet.refunds().ask(&till.viewer, &money_for(payment.id), "form-2").await;
    assert!(refusal(another).contains("already"));

    let by = staff();
    let refunds = till.wallet.refunds();
    let node = till.node();
    let (one, other) = tokio::join!(
        refunds.approve(&by, request.id, None, "Thank you for trying us."),
        node.refunds().approve(&by, request.id, None, "Thank you for trying us."),
    );
    for approved in [one.expect("approved"), other.expect("approved")] {
        assert_eq!(approved.granted, Some(offered.money));
    }
    moves_on(&till, &request, RequestState::Paid).await;
    let again = refunds.approve(&by, request.id, None, "Once more").await.expect("nothing happens");
    assert_eq!(again.state, RequestState::Paid);
    assert!(refusal(refunds.refuse(&by, request.id, "No").await).contains("decided"));
    assert!(refusal(refunds.withdraw(&till.viewer, request.id).await).contains("decided"));
    assert_eq!(till.told("refund.").await, ["refund.requested", "refund.approved", "refund.succeeded"]);
    assert_eq!(given_back(&till).await, offered.money.minor());
    let after = till.holds().await;
    let spent_of_the_package = credits(4_000).checked_sub(offered.credits).expect("less");
    let others = before.parse::<Credits>().expect("credits").checked_sub(credits(400)).expect("fits");
    assert_eq!(after, others.checked_add(spent_of_the_package).expect("fits"));
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_rule_says_no_by_its_reason_and_staff_may_override_it(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(By::Stripe.good(), "one").await;
    let free = till.holds().await;
    till.spend(credits(1_001), "c").await.expect("spent");
    // Of what is left so much is the package's that more than a quarter of it is used.
    let rest = free.checked_sub(credits(4_000)).and_then(|free| credits(1_001).checked_sub(free)).expect("fits");
    let assessed = till.wallet.refunds().choices(&till.viewer, None).await.expect("choices").purchases.remove(0);
    assert_eq!(assessed.purchase.unused, credits(4_000).checked_sub(rest).expect("fits"));
    till.spend(credits(1_001), "c2").await.expect("spent");
    let assessed = till.wallet.refunds().choices(&till.viewer, None).await.expect("choices").purchases.remove(0);
    assert!(matches!(assessed.verdict, Err(Obstacle::TooMuchUsed { .. })), "{assessed:?}");
    let refused = till.wallet.refunds().ask(&till.viewer, &money_for(payment.id), "form").await;
    assert!(refusal(refused).contains("refund rule"));
    let other = till.wallet.refunds().ask(&person(&till.wallet, "eve").await, &money_for(payment.id), "form").await;
    assert!(refusal(other).contains("not found"), "another account's payment");

    // Staff send a quarter all the same; more than was paid they can't.
    let by = staff();
    let refunds = till.wallet.refunds();
    let refund = RefundId::new();
    assert!(refusal(refunds.refund(&by, refund, payment.id, Some(usd(2_001)), "Sorry").await).contains("at most"));
    assert!(refusal(refunds.refund(&by, refund, payment.id, Some(usd(0)), "Sorry").await).contains("above zero"));
    assert!(refusal(refunds.refund(&by, refund, payment.id, None, "Sorry").await).contains("amount"));
    let made = refunds.refund(&by, refund, payment.id, Some(usd(500)), "Sorry").await.expect("made");
    assert_eq!((made.money, made.credits), (usd(500), credits(1_000)));
    let same = refunds.refund(&by, refund, payment.id, Some(usd(500)), "Sorry").await.expect("the same one");
    assert_eq!(same.id, made.id);
    refunds.send(made.id).await.expect("sent");
    assert_eq!(refunds.choices(&till.viewer, None).await.expect("choices").purchases[0].most_minor, 1_500);
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_that_fails_later_brings_the_credits_back_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(FAILS_LATER, "one").await;
    let before = till.settled().await;
    let request = asked(&till, payment.id, "form").await;
    till.wallet.refunds().approve(&staff(), request.id, None, "Yes").await.expect("approved");
    assert_ne!(till.settled().await, before, "taken before the money goes");
    moves_on(&till, &request, RequestState::Paid).await;
    till.doubles.control("clock", json!({ "advance": 120 })).await;
    till.wallet.refunds().look_at(payment.id).await.expect("looked");
    moves_on(&till, &request, RequestState::Failed).await;
    assert_eq!(till.settled().await, before);
    for _ in 0..3 {
        till.wallet.refunds().look_at(payment.id).await.expect("looked");
    }
    assert_eq!(till.settled().await, before, "once");
    // It can be asked for again.
    assert_eq!(asked(&till, payment.id, "form-2").await.state, RequestState::Waiting);
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_on_its_way_keeps_its_credits_aside(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(TAKES_TIME, "one").await;
    let request = asked(&till, payment.id, "form").await;
    till.wallet.refunds().approve(&staff(), request.id, None, "Yes").await.expect("approved");
    is_sent(&till).await;
    let seen = till.wallet.refunds().request(&till.viewer, request.id).await.expect("a request");
    assert_eq!(seen.state, RequestState::Approved);
    till.doubles.control("clock", json!({ "advance": 120 })).await;
    moves_on(&till, &request, RequestState::Paid).await;
    assert_eq!(given_back(&till).await, 2_000);
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_answer_that_is_lost_gives_the_money_back_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    for (number, kind) in ["lost_answer", "saved_500", "unreadable", "429", "down"].into_iter().enumerate() {
        let payment = till.pack(By::Stripe.good(), kind).await;
        let request = asked(&till, payment.id, kind).await;
        till.doubles.fault(kind, "/v1/refunds", json!({ "done": true })).await;
        till.wallet.refunds().approve(&staff(), request.id, None, "Yes").await.expect("approved");
        moves_on(&till, &request, RequestState::Paid).await;
        till.doubles.mend().await;
        assert_eq!(given_back(&till).await, 2_000 * (i64::try_from(number).expect("fits") + 1), "{kind}");
    }
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_against_spending_never_takes_more_than_is_unused(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(By::Stripe.good(), "one").await;
    let request = asked(&till, payment.id, "form").await;
    let by = staff();
    let approve = till.wallet.refunds().approve(&by, request.id, None, "Yes");
    let spending = async {
        let keys: Vec<String> = (0..40).map(|number| format!("c{number}")).collect();
        let all = keys.iter().map(|key| till.spend(credits(20), key));
        futures::future::join_all(all).await
    };
    let (approved, _) = tokio::join!(approve, spending);
    let approved = approved.expect("approved");
    moves_on(&till, &request, RequestState::Paid).await;
    assert_eq!(given_back(&till).await, approved.granted.expect("money").minor());
    let left = till.holds().await;
    assert!(!left.is_negative(), "{left}");
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_somebody_gives_back_at_the_provider_is_found_and_mirrored_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(By::Stripe.good(), "one").await;
    let before = till.holds().await;
    let intent =
        till.doubles.held(By::Stripe, "payment_intents").await.remove(0)["id"].as_str().expect("an id").to_owned();
    let refund = format!("stripe/payment_intents/{intent}/refund");
    let back = |amount: i64| till.doubles.control(&refund, json!({ "amount": amount }));
    back(500).await;
    let look = || async {
        let (one, other) = (till.wallet.refunds(), till.node());
        let (one, other) = tokio::join!(one.look_at(payment.id), other.refunds().look_at(payment.id));
        one.expect("looked");
        other.expect("looked");
    };
    look().await;
    look().await;
    assert_eq!(till.settled().await, before.checked_sub(credits(1_000)).expect("fits").to_string(), "a quarter");
    // All that is left is spent; then the rest goes back: the wallet owes it, and the next purchase repays it first.
    till.spend(before.checked_sub(credits(1_000)).expect("fits"), "all").await.expect("spent");
    back(1_500).await;
    look().await;
    assert_eq!(till.settled().await, "-3000");
    assert!(till.spend(credits(1), "more").await.is_err(), "debits are refused while it owes");
    till.pack(By::Stripe.good(), "two").await;
    assert_eq!(till.settled().await, "1000");
    let compared = till.wallet.payments().compare_lately(&staff()).await.expect("compared");
    assert!(compared.iter().all(|compared| compared.differences.is_empty()), "{compared:?}");
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn credits_for_an_operation_come_back_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    till.pack(By::Stripe.good(), "one").await;
    let before = till.settled().await;
    let charge = till.spend(credits(25), "c").await.expect("spent");
    let wanted = NewRefundRequest {
        about: RefundAbout::Charge { seq: charge },
        reason: RefundReason::Failed,
        details: "The clip was broken.".to_owned(),
    };
    let refunds = till.wallet.refunds();
    let request = refunds.ask(&till.viewer, &wanted, "form").await.expect("asked");
    assert_eq!((request.asked, request.asked_credits), (None, credits(25)));
    let by = staff();
    let node = till.node();
    let (one, other) = tokio::join!(
        refunds.approve(&by, request.id, None, "Sorry"),
        node.refunds().approve(&by, request.id, None, "Sorry"),
    );
    assert_eq!(one.expect("approved").state, RequestState::Approved);
    assert_eq!(other.expect("approved").state, RequestState::Approved);
    assert_eq!(till.settled().await, before);
    assert!(refusal(refunds.ask(&till.viewer, &wanted, "form-2").await).contains("can't be given back"));
    let eve = person(&till.wallet, "eve").await;
    refusal(refunds.ask(&eve, &wanted, "form").await);
    assert!(refusal(refunds.request(&eve, request.id).await).contains("not found"));
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_request_is_withdrawn_or_refused_with_words(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(By::Stripe.good(), "one").await;
    let refunds = till.wallet.refunds();
    let first = asked(&till, payment.id, "form").await;
    let withdrawn = refunds.withdraw(&till.viewer, first.id).await.expect("withdrawn");
    assert_eq!(withdrawn.state, RequestState::Withdrawn);
    assert_eq!(refunds.withdraw(&till.viewer, first.id).await.expect("a repeat").state, RequestState::Withdrawn);
    assert!(refusal(refunds.approve(&staff(), first.id, None, "Yes").await).contains("decided"));
    let second = asked(&till, payment.id, "form-2").await;
    assert!(refusal(refunds.refuse(&staff(), second.id, "  ").await).contains("message"));
    let refused = refunds.refuse(&staff(), second.id, "More than 25 % was used.").await.expect("refused");
    assert_eq!((refused.state, refused.message.as_deref()), (RequestState::Refused, Some("More than 25 % was used.")));
    till.wallet.clock().advance(TimeDelta::days(30));
    let late = refunds.ask(&till.viewer, &money_for(payment.id), "form-3").await;
    assert!(refusal(late).contains("refund rule"), "the days are over");
    assert_eq!(given_back(&till).await, 0);
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_of_the_provider_has_its_payment_looked_at(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(By::Stripe.good(), "one").await;
    let before = till.holds().await;
    let intent = till.intent(payment.id).await;
    till.doubles.control(&format!("stripe/payment_intents/{intent}/refund"), json!({ "amount": 1_000 })).await;
    let event = VerifiedEvent {
        dedupe_key: "evt_1".to_owned(),
        kind: "charge.refunded".to_owned(),
        about: EventAbout::Payment,
        object_ref: Some(intent),
        created_at: Utc::now(),
        raw: json!({}),
    };
    assert!(till.wallet.payments().ingest_event("stripe", &event).await.expect("stored"));
    let id = sqlx::query_scalar("SELECT id FROM provider_events WHERE dedupe_key = 'evt_1'");
    till.wallet.payments().process_event(id.fetch_one(&pool).await.expect("an event")).await.expect("worked on");
    till.wallet.refunds().run_due().await.expect("run");
    assert_eq!(till.settled().await, before.checked_sub(credits(2_000)).expect("fits").to_string());
    let due: i64 = sqlx::query_scalar("SELECT count(*) FROM payments WHERE books_due_at IS NOT NULL")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(due, 0, "looked at");
    assert_eq!(till.seen(payment.id).await.status, wallet::payment::PaymentStatus::Succeeded);
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn small_requests_are_approved_by_themselves_where_the_catalog_says_so(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let limit = |minor: i64| {
        let rule = json!({ "days": 30, "max_used_percent": 25, "automatic_up_to": usd(minor) });
        sqlx::query("UPDATE catalog SET settings = jsonb_set(settings, '{refund}', $1)").bind(rule).execute(&pool)
    };
    limit(1_999).await.expect("set");
    let payment = till.pack(By::Stripe.good(), "one").await;
    let node = till.node();
    let first = node.refunds().ask(&till.viewer, &money_for(payment.id), "form").await.expect("asked");
    assert_eq!(first.state, RequestState::Waiting, "a cent too much");
    node.refunds().withdraw(&till.viewer, first.id).await.expect("withdrawn");
    limit(2_000).await.expect("set");
    let node = till.node();
    let second = node.refunds().ask(&till.viewer, &money_for(payment.id), "form-2").await.expect("asked");
    assert_eq!(second.state, RequestState::Approved);
    moves_on(&till, &second, RequestState::Paid).await;
    assert_eq!(given_back(&till).await, 2_000);
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_given_back_elsewhere_before_it_was_approved_is_taken_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let payment = till.pack(By::Stripe.good(), "one").await;
    let before = till.holds().await;
    let request = asked(&till, payment.id, "form").await;
    let intent = till.intent(payment.id).await;
    till.doubles.control(&format!("stripe/payment_intents/{intent}/refund"), json!({})).await;
    // Nobody has looked at it yet: Stripe refuses to give it back twice.
    till.wallet.refunds().approve(&staff(), request.id, None, "Yes").await.expect("approved");
    moves_on(&till, &request, RequestState::Failed).await;
    till.wallet.refunds().run_due().await.expect("run");
    assert_eq!(given_back(&till).await, 2_000);
    assert_eq!(till.holds().await, before.checked_sub(credits(4_000)).expect("fits"), "once");
    till.is_sound().await;
}
