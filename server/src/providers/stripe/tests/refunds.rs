//! Money given back.

use serde_json::json;
use wallet::id::RefundId;
use wallet::payment::{ProviderRefund, RefundAnswer, RefundOrder, RefundStatus};

use super::*;

fn back(answer: RefundAnswer) -> ProviderRefund {
    match answer {
        RefundAnswer::Found(refund) => refund,
        other => panic!("{other:?}"),
    }
}

fn refund(payment: PaymentId, reference: &str, money: Money) -> RefundOrder {
    let refund = RefundId::new();
    RefundOrder {
        refund,
        payment,
        reference: reference.to_owned(),
        money,
        title: "2,000 credits".to_owned(),
        email: "ann@example.com".to_owned(),
        idempotency_key: refund.to_string(),
    }
}

async fn paid(bench: &Bench, card: &str) -> (PaymentId, String) {
    let order = order(usd(1_000));
    let (reference, page) = bench.open(&order).await;
    assert!(bench.card(&page, card).await.is_redirection());
    (order.payment, reference)
}

#[tokio::test]
async fn a_payment_is_given_back_in_parts_and_never_more_than_it_was() {
    let bench = Bench::start().await;
    let (payment, reference) = paid(&bench, "4242 4242 4242 4242").await;
    let part = refund(payment, &reference, usd(400));
    let first = back(bench.stripe.refund(&part).await);
    assert_eq!((first.refund, first.money, &first.status), (Some(part.refund), usd(400), &RefundStatus::Succeeded));
    assert_eq!(first.payment_reference, reference);
    assert_eq!(back(bench.stripe.refund(&part).await), first, "a repeat gives nothing more");
    let again = back(bench.stripe.fetch_refund(&first.reference).await);
    assert_eq!((again.refund, again.money, &again.status), (Some(part.refund), usd(400), &RefundStatus::Succeeded));
    assert_eq!(bench.found(&again.payment_reference).await.reference, reference, "its payment is found by its name");
    assert_eq!(bench.found(&reference).await.refunded_minor, 400);
    let refused = bench.stripe.refund(&refund(payment, &reference, usd(900))).await;
    assert!(matches!(refused, RefundAnswer::Refused { .. }), "{refused:?}");
    back(bench.stripe.refund(&refund(payment, &reference, usd(600))).await);
    assert_eq!(bench.found(&reference).await.refunded_minor, 1_000);
    assert_eq!(bench.held("refunds").await.len(), 2);
}

#[tokio::test]
async fn a_refund_may_be_on_its_way_and_may_fail() {
    let bench = Bench::start().await;
    let (payment, reference) = paid(&bench, "4000 0000 0000 7726").await;
    let waiting = back(bench.stripe.refund(&refund(payment, &reference, usd(1_000))).await);
    assert_eq!(waiting.status, RefundStatus::Pending);
    bench.control(&format!("stripe/refunds/{}/settle", waiting.reference), json!({ "status": "failed" })).await;
    let failed = back(bench.stripe.fetch_refund(&waiting.reference).await);
    assert!(matches!(failed.status, RefundStatus::Failed { .. }), "{:?}", failed.status);
}

#[tokio::test]
async fn a_refund_whose_answer_got_lost_is_given_once() {
    let bench = Bench::start().await;
    let (payment, reference) = paid(&bench, "4242 4242 4242 4242").await;
    for (kind, made) in [("lost_answer", 1), ("unreadable", 2), ("429", 3)] {
        let order = refund(payment, &reference, usd(100));
        bench.fault(fault(kind, "/v1/refunds")).await;
        let answer = bench.stripe.refund(&order).await;
        assert!(matches!(answer, RefundAnswer::Unknown { .. }), "{kind}: {answer:?}");
        back(bench.stripe.refund(&order).await);
        assert_eq!(bench.held("refunds").await.len(), made, "{kind}");
    }
    // A fault that Stripe keeps and repeats, after it has given the money back.
    let order = refund(payment, &reference, usd(100));
    bench.fault(json!({ "kind": "saved_500", "method": "POST", "path": "/v1/refunds", "done": true })).await;
    let kept = back(bench.stripe.refund(&order).await);
    assert_eq!((kept.refund, kept.money), (Some(order.refund), usd(100)));
    assert_eq!(bench.found(&reference).await.refunded_minor, 400);
}

#[tokio::test]
async fn what_was_not_paid_or_is_not_there_is_not_given_back() {
    let bench = Bench::start().await;
    let order = order(usd(1_000));
    let (open, _) = bench.open(&order).await;
    for reference in [open.as_str(), "cs_test_none", "sbx_1"] {
        let answer = bench.stripe.refund(&refund(order.payment, reference, usd(100))).await;
        assert_eq!(answer, RefundAnswer::Missing, "{reference}");
    }
    let answer = bench.stripe.refund(&refund(order.payment, "pi_none", usd(100))).await;
    assert!(matches!(answer, RefundAnswer::Refused { .. } | RefundAnswer::Missing), "{answer:?}");
    for reference in ["re_none", "ch_1", "re_a/../b"] {
        assert_eq!(bench.stripe.fetch_refund(reference).await, RefundAnswer::Missing, "{reference}");
    }
}
