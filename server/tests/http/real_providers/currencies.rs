//! Amounts on their way to both providers and back, in every currency that they take.

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use server::providers;
use wallet::clock::Clock;
use wallet::id::{AccountId, PaymentId};
use wallet::money::{Currency, Money};
use wallet::payment::{CheckoutAnswer, CheckoutOrder, FetchAnswer, Provider};

use super::doubles::{By, Doubles};
use super::till::settings;

fn order(money: Money) -> CheckoutOrder {
    let payment = PaymentId::new();
    CheckoutOrder {
        payment,
        account: AccountId::new(),
        customer: None,
        kind: None,
        email: "ann@example.com".to_owned(),
        locale: "en".to_owned(),
        title: "Light".to_owned(),
        money,
        return_url: "http://127.0.0.1:3000/back".to_owned(),
        cancel_url: "http://127.0.0.1:3000/back".to_owned(),
        expires_at: Utc::now() + TimeDelta::hours(1),
        save_method: false,
        idempotency_key: payment.to_string(),
    }
}

/// Opens a page for money, and reads the money back; `None` where the stand-in does not know the currency.
async fn there_and_back(provider: &dyn Provider, money: Money) -> Option<Money> {
    let reference = match provider.create_checkout(&order(money)).await {
        CheckoutAnswer::Created { reference, .. } => reference,
        CheckoutAnswer::Refused { .. } => return None,
        CheckoutAnswer::Unknown { detail } => panic!("{money:?}: {detail}"),
    };
    match provider.fetch_payment(&reference).await {
        FetchAnswer::Found(payment) => Some(payment.money),
        other => panic!("{money:?}: {other:?}"),
    }
}

/// What the newest call asked for, as the provider writes it.
async fn asked(doubles: &Doubles) -> String {
    let requests = doubles.look("requests").await;
    let newest = requests.as_array().expect("requests").iter().rfind(|request| request["method"] == "POST");
    let params = &newest.expect("a call")["params"];
    match params.pointer("/line_items/0/price_data") {
        Some(price) => format!("{} {}", text(&price["unit_amount"]), text(&price["currency"])),
        None => format!("{} {}", params["amount"]["value"], text(&params["amount"]["currency"])),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[tokio::test]
async fn amounts_are_written_in_each_providers_own_way_and_come_back() {
    let mut doubles = Doubles::new().await;
    doubles.serve(None);
    let providers = providers::real(&settings(&doubles.url), &Clock::system()).expect("providers");
    let of = |by: By| providers.iter().find(|provider| provider.name() == by.name()).expect("set up");
    for (by, typed, sent) in [
        (By::Stripe, "500 JPY", "500 jpy"),
        (By::Stripe, "5 USD", "500 usd"),
        (By::Stripe, "1.230 KWD", "1230 kwd"),
        (By::Stripe, "449 RUB", "44900 rub"),
        (By::Stripe, "5000 ISK", "500000 isk"),
        (By::YooKassa, "5 RUB", "\"5.00\" RUB"),
        (By::YooKassa, "449.01 RUB", "\"449.01\" RUB"),
    ] {
        let (amount, code) = typed.split_once(' ').expect("an amount and a code");
        let money = Money::parse(amount, code.parse().expect("a currency")).expect("an amount");
        assert_eq!(there_and_back(&**of(by), money).await, Some(money), "{by:?} {typed}");
        assert_eq!(asked(&doubles).await, sent, "{by:?} {typed}");
    }
    // What a provider has no amount for is refused, not rounded.
    let odd = Money::parse("1.234", "KWD".parse().expect("a currency")).expect("an amount");
    assert_eq!(there_and_back(&**of(By::Stripe), odd).await, None);

    let mut tried = 0;
    for by in By::BOTH {
        let provider = of(by);
        let taken: Vec<Currency> = provider.capabilities().currencies;
        assert!(!taken.is_empty(), "{by:?}");
        for currency in taken {
            let least = provider.limits(currency).min.unwrap_or_default();
            for minor in [least.max(10_000), least.max(10_000) + 990] {
                let money = Money::from_minor(minor, currency);
                let Some(back) = there_and_back(&**provider, money).await else { continue };
                assert_eq!(back, money, "{by:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 80, "{tried} amounts");
}
