//! `scrip payments check`, by the stand-ins: what it tries, what it skips, and what it never tries.

use std::process::Output;

use doubles::{Options, listen, serve};

use crate::{refuses, run};

/// Runs the command beside stand-ins that are served meanwhile.
async fn check(settings: Vec<(&'static str, String)>) -> Output {
    let ran = tokio::task::spawn_blocking(move || {
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run(&["payments", "check"], &settings)
    });
    ran.await.expect("ran")
}

async fn stand_ins() -> String {
    rustls::crypto::ring::default_provider().install_default().ok();
    let listener = listen(0).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { serve(listener, &Options::default()).await });
    url
}

#[tokio::test]
async fn both_providers_are_tried_and_each_is_skipped_without_its_keys() {
    let url = stand_ins().await;
    let stripe = [("STRIPE_SECRET_KEY", "sk_test_of_this_check".to_owned()), ("STRIPE_API_URL", url.clone())];
    let yookassa = [
        ("YOOKASSA_SHOP_ID", "100500".to_owned()),
        ("YOOKASSA_SECRET_KEY", "test_of_this_check".to_owned()),
        ("YOOKASSA_API_URL", format!("{url}/yookassa/v3")),
    ];
    let output = check([stripe.to_vec(), yookassa.to_vec()].concat()).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told} {}", String::from_utf8_lossy(&output.stderr));
    for provider in ["stripe", "yookassa"] {
        let did = told.lines().filter(|line| line.starts_with("ok ") && line.contains(provider));
        assert!(did.count() >= 8, "{provider}: {told}");
    }
    assert!(!told.contains("skipped") && !told.contains("failed") && !told.contains(&url), "{told}");

    let output = check(stripe.to_vec()).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("skipped  yookassa"), "{told}");
    let output = check(Vec::new()).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let skipped: Vec<&str> = told.lines().filter(|line| line.starts_with("skipped")).collect();
    assert!(output.status.success() && skipped.len() == 2 && told.lines().count() == 2, "{told}");
}

#[tokio::test]
async fn a_provider_that_does_not_do_what_is_relied_on_fails_the_check() {
    let url = stand_ins().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let fault = r#"{"kind":"unreadable","method":"GET","path":"/v1/checkout/sessions/","times":9}"#;
    let call = client.post(format!("{url}/_control/faults")).header("content-type", "application/json").body(fault);
    assert!(call.send().await.expect("an answer").status().is_success());
    let output = check(vec![("STRIPE_SECRET_KEY", "sk_test_of_this_check".to_owned()), ("STRIPE_API_URL", url)]).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && told.contains("failed   stripe    the payment can't be read"), "{told}");

    let live = check(vec![("STRIPE_SECRET_KEY", "sk_live_of_this_check".to_owned())]).await;
    refuses(&live, &["real money", "sk_test_"]);
}
