//! Stripe's events: which are taken, and what they are about.

use std::net::{IpAddr, Ipv4Addr};

use stripe_webhook::Webhook;
use wallet::payment::{EventAbout, EventError, VerifiedEvent};

use super::*;

const SENDER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn event(kind: &str, object: Value) -> String {
    json!({
        "id": "evt_1", "object": "event", "type": kind, "created": 1_795_990_000, "livemode": false,
        "api_version": "2026-09-30.endive", "pending_webhooks": 1, "data": { "object": object },
    })
    .to_string()
}

fn signed(body: &str, secret: &str, age: i64) -> Vec<(String, String)> {
    let header = Webhook::generate_test_header(body, secret, Some(Utc::now().timestamp() - age));
    vec![("stripe-signature".to_owned(), header)]
}

fn verified(bench: &Bench, body: &str) -> VerifiedEvent {
    bench.stripe.verify_webhook(&signed(body, SECRET, 0), SENDER, body.as_bytes()).expect("an event")
}

#[tokio::test]
async fn only_what_stripe_signed_just_now_is_taken() {
    let bench = Bench::start_with(|settings| {
        settings.stripe_webhook_secret = Some(SecretString::from(format!("whsec_new,{SECRET}")));
    })
    .await;
    let body = event("checkout.session.completed", json!({ "id": "cs_test_1", "mode": "payment" }));
    let take = |headers: &[(String, String)], body: &[u8]| bench.stripe.verify_webhook(headers, SENDER, body);
    for secret in ["whsec_new", SECRET] {
        assert!(take(&signed(&body, secret, 0), body.as_bytes()).is_ok(), "{secret}");
    }
    let refused = Some(EventError::Signature);
    for (headers, why) in [
        (Vec::new(), "no signature"),
        (signed(&body, "whsec_of_another", 0), "another secret"),
        (signed(&body, SECRET, 400), "too old"),
        (signed(&body, SECRET, -400), "of the future"),
        (vec![("stripe-signature".to_owned(), "t=1,v1=00".to_owned())], "nonsense"),
        (vec![("stripe-signature".to_owned(), "".to_owned())], "empty"),
        ([signed(&body, SECRET, 0), signed(&body, SECRET, 0)].concat(), "two of them"),
    ] {
        assert_eq!(take(&headers, body.as_bytes()).err(), refused, "{why}");
    }
    let headers = signed(&body, SECRET, 0);
    assert_eq!(take(&headers, format!("{body} ").as_bytes()).err(), refused, "another body");
    assert_eq!(take(&headers, &[0xff, 0xfe]).err(), refused, "no text");
}

#[tokio::test]
async fn an_event_says_what_to_ask_for() {
    let bench = Bench::start().await;
    for (kind, object, about, reference) in [
        ("checkout.session.completed", json!({"id": "cs_1", "mode": "payment"}), EventAbout::Payment, Some("cs_1")),
        ("checkout.session.expired", json!({"id": "cs_1", "mode": "setup"}), EventAbout::Setup, Some("cs_1")),
        (
            "checkout.session.completed",
            json!({"id": "cs_1", "mode": "subscription"}),
            EventAbout::Nothing,
            Some("cs_1"),
        ),
        ("payment_intent.succeeded", json!({"id": "pi_1"}), EventAbout::Payment, Some("pi_1")),
        ("charge.refunded", json!({"id": "ch_1", "payment_intent": "pi_1"}), EventAbout::Payment, Some("pi_1")),
        ("charge.dispute.created", json!({"id": "dp_1", "payment_intent": "pi_1"}), EventAbout::Payment, Some("pi_1")),
        ("refund.failed", json!({"id": "re_1", "payment_intent": {"id": "pi_1"}}), EventAbout::Payment, Some("pi_1")),
        ("charge.succeeded", json!({"id": "ch_1", "payment_intent": null}), EventAbout::Nothing, Some("ch_1")),
        ("setup_intent.succeeded", json!({"id": "seti_1"}), EventAbout::Setup, Some("seti_1")),
        ("payment_method.automatically_updated", json!({"id": "pm_1"}), EventAbout::Method, Some("pm_1")),
        ("invoice.paid", json!({"id": "in_1"}), EventAbout::Nothing, Some("in_1")),
        ("customer.subscription.updated", json!({"id": "sub_1"}), EventAbout::Nothing, Some("sub_1")),
        ("an.event.of.next.year", json!({}), EventAbout::Nothing, None),
    ] {
        let event = verified(&bench, &event(kind, object));
        assert_eq!((event.dedupe_key.as_str(), event.kind.as_str()), ("evt_1", kind));
        assert_eq!((event.about, event.object_ref.as_deref()), (about, reference), "{kind}");
        assert_eq!(event.created_at.timestamp(), 1_795_990_000);
    }
}

#[tokio::test]
async fn what_is_for_the_payer_alone_is_not_kept() {
    let bench = Bench::start().await;
    let page = "https://checkout.stripe.com/c/pay/secret";
    let asks = json!({"type": "redirect_to_url", "redirect_to_url": {"return_url": page, "url": page}});
    let charges = json!([{"id": "ch_1", "receipt_url": page}]);
    let object = json!({"id": "cs_1", "mode": "payment", "url": page, "client_secret": "secret",
                        "payment_intent": {"id": "pi_1", "next_action": asks}, "charges": charges});
    let kept = verified(&bench, &event("checkout.session.completed", object)).raw.to_string();
    assert!(!kept.contains("secret") && kept.contains("cs_1") && kept.contains("ch_1"), "{kept}");
}

#[tokio::test]
async fn an_event_of_the_other_mode_is_refused() {
    let bench = Bench::start().await;
    let body = event("payment_intent.succeeded", json!({"id": "pi_1"})).replace("false", "true");
    let answer = bench.stripe.verify_webhook(&signed(&body, SECRET, 0), SENDER, body.as_bytes());
    assert_eq!(answer.err(), Some(EventError::OtherMode));
}

#[tokio::test]
async fn a_signed_event_that_can_not_be_read_tells_its_name_and_is_read_later() {
    let bench = Bench::start().await;
    let take = |body: &str| bench.stripe.verify_webhook(&signed(body, SECRET, 0), SENDER, body.as_bytes());
    let unread = take(r#"{"id":"evt_2","type":"refund.created"}"#).err();
    assert_eq!(unread, Some(EventError::Unreadable { dedupe_key: "evt_2".to_owned() }));
    for body in ["", "[]", "not JSON", r#"{"id":7}"#, r#"{"id":""}"#] {
        let Some(EventError::Unreadable { dedupe_key }) = take(body).err() else { panic!("{body}") };
        assert!(dedupe_key.starts_with("sha256:") && dedupe_key.len() == 71, "{dedupe_key}");
        assert_eq!(bench.stripe.reread_webhook(&dedupe_key, body.as_bytes()), None);
    }
    let body = event("refund.created", json!({"id": "re_1", "payment_intent": "pi_1"}));
    let reread = bench.stripe.reread_webhook("the name of then", body.as_bytes()).expect("an event");
    assert_eq!((reread.dedupe_key.as_str(), reread.object_ref.as_deref()), ("the name of then", Some("pi_1")));
}
