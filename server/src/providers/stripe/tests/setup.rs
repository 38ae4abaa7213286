//! The webhook endpoint, and what `scrip doctor` says.

use secrecy::ExposeSecret;
use serde_json::json;
use wallet::payment::Examined;

use super::super::endpoint::EVENTS;
use super::*;

async fn told(bench: &Bench, what: &str) -> Examined {
    let found = bench.stripe.examine().await;
    found.into_iter().find(|one| one.what == what).unwrap_or_else(|| panic!("nothing about {what}"))
}

#[tokio::test]
async fn the_endpoint_is_made_once_and_brought_up_to_date() {
    let bench = Bench::start().await;
    assert!(told(&bench, "webhook").await.is_problem);
    let made = bench.stripe.set_up_webhook(false).await.expect("made");
    assert_eq!(made.url, "https://wallet.example.com/webhooks/stripe");
    assert!(made.secret.as_ref().is_some_and(|secret| secret.expose_secret().starts_with("whsec")));
    assert!(!format!("{made:?}").contains("whsec"), "a secret is shown");
    for what in ["key", "webhook", "version", "clock"] {
        let found = told(&bench, what).await;
        assert!(!found.is_problem, "{found:?}");
    }
    let again = bench.stripe.set_up_webhook(false).await.expect("up to date");
    assert!(again.id == made.id && again.secret.is_none());
    assert_eq!(bench.held("webhook_endpoints").await.len(), 1);
}

#[tokio::test]
async fn an_endpoint_of_another_version_stays_until_the_new_one_is_in_force() {
    let bench = Bench::start().await;
    let old = [
        ("url", "https://wallet.example.com/webhooks/stripe"),
        ("enabled_events[0]", "checkout.session.completed"),
        ("api_version", "2025-03-31.basil"),
    ];
    let call = bench.http.post(format!("{}/v1/webhook_endpoints", bench.url)).bearer_auth("sk_test_of_these_tests");
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    let answer = call.body(serde_urlencoded::to_string(old).expect("a form")).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    let (webhook, version) = (told(&bench, "webhook").await, told(&bench, "version").await);
    assert!(webhook.is_problem && webhook.text.contains("refund.failed"), "{webhook:?}");
    assert!(version.is_problem && version.text.contains("2025-03-31.basil"), "{version:?}");
    let made = bench.stripe.set_up_webhook(true).await.expect("made");
    assert!(made.secret.is_some() && made.older.len() == 1 && made.removed.is_empty(), "{made:?}");
    let done = bench.stripe.set_up_webhook(true).await.expect("removed");
    assert_eq!((done.older.len(), done.removed), (0, made.older));
    assert!(!told(&bench, "version").await.is_problem);
}

#[tokio::test]
async fn a_wrong_key_and_an_account_that_does_not_answer_are_told() {
    let bench = Bench::start_with(|settings| settings.stripe_secret_key = Some("rk_test_bad".to_owned().into())).await;
    bench.fault(json!({ "kind": "down", "method": "GET", "path": "/v1/account" })).await;
    let found = told(&bench, "key").await;
    assert!(found.is_problem && !found.text.contains("rk_test"), "{found:?}");
    assert!(!format!("{:?}", bench.stripe).contains("rk_test"), "a secret is shown");
}

#[test]
fn events_are_named_once() {
    assert!(EVENTS.is_sorted_by(|one, next| one < next));
}
