//! `scrip payments check`: what no test without the internet can show, asked of the providers' test modes.
//!
//! Pages are opened, read, found and closed as a purchase does it; nobody pays, so that nothing is taken. A provider
//! whose keys are not set is skipped, and said to be.

use std::process::ExitCode;

use anyhow::bail;
use chrono::{TimeDelta, Utc};
use uuid::Uuid;
use wallet::clock::Clock;
use wallet::id::{AccountId, PaymentId, PaymentMethodId};
use wallet::money::{Currency, Money};
use wallet::payment::{
    BookPeriod, BooksAnswer, CheckoutAnswer, CheckoutOrder, CustomerAnswer, CustomerOrder, FetchAnswer, Provider,
    ProviderStatus, SetupAnswer, SetupOrder,
};

use crate::config::Settings;
use crate::providers;

/// Each provider, and what turns it on.
const PROVIDERS: [(&str, &str); 2] =
    [("stripe", "STRIPE_SECRET_KEY=sk_test_…"), ("yookassa", "YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY=test_…")];
/// Whom receipts of a test mode would go to.
const EMAIL: &str = "check@example.com";

/// Tries each provider whose keys are set; exit code 1 where one does not do what Scrip relies on.
pub async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let known = providers::real(settings, &Clock::system())?;
    let mut failures = 0_u32;
    for (name, keys) in PROVIDERS {
        let Some(provider) = known.iter().find(|provider| provider.name() == name) else {
            println!("skipped  {name:<9} its test keys are not set: {keys}");
            continue;
        };
        if !provider.capabilities().test_only {
            bail!("the keys of {name} take real money: set test keys ({keys})");
        }
        for found in provider.examine().await {
            let word = if found.is_problem { "note" } else { "ok" };
            println!("{word:<8} {name:<9} {}: {}", found.what, found.text);
        }
        if let Err(failure) = drive(&**provider, &settings.public_url()).await {
            println!("failed   {name:<9} {failure}");
            failures = failures.saturating_add(1);
        }
    }
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Does with a provider what a purchase does, short of paying.
async fn drive(provider: &dyn Provider, back: &str) -> anyhow::Result<()> {
    let ok = |what: &str| println!("ok       {:<9} {what}", provider.name());
    let customer = customer(provider).await?;
    let order = order(provider, customer.clone(), back);
    let (reference, page) = opened(provider.create_checkout(&order).await)?;
    // The address is for the buyer alone: of it only the origin is looked at.
    if !provider.page_origins().iter().any(|origin| page.starts_with(&format!("{origin}/"))) {
        bail!("the page is on none of {}: browsers would not go there", provider.page_origins().join(", "));
    }
    ok("a page is opened, on an origin that forms may lead to");
    match opened(provider.create_checkout(&order).await)? {
        (again, _) if again == reference => ok("the same key opens the same page"),
        (again, _) => bail!("the same key opened two pages, {reference} and {again}"),
    }
    is_open(&order, &reference, provider.fetch_payment(&reference).await)?;
    ok("its payment is read: amount, order, nothing paid");
    is_open(&order, &reference, provider.find_by_order(order.payment).await)?;
    ok("its payment is found by the order");
    match provider.find_by_order(PaymentId::new()).await {
        FetchAnswer::Missing => ok("an order that was never sent is not found"),
        answer => bail!("an order that was never sent: {}", said(&answer)),
    }
    books(provider).await?;
    ok("the last hour's payments are listed");
    if provider.capabilities().setup {
        setup(provider, customer, back).await?;
        ok("a page is opened on which a card is saved");
    }
    match provider.expire_checkout(&reference).await {
        FetchAnswer::Found(closed) if closed.status == ProviderStatus::Expired => ok("the page is closed"),
        FetchAnswer::Found(closed) if closed.status == ProviderStatus::Open => {
            ok("the page closes by itself within its hour");
        }
        answer => bail!("closing the page: {}", said(&answer)),
    }
    Ok(())
}

async fn customer(provider: &dyn Provider) -> anyhow::Result<Option<String>> {
    if !provider.capabilities().customers {
        return Ok(None);
    }
    // The same at each run: test modes are not filled with customers.
    let order = CustomerOrder {
        account: AccountId::from_uuid(Uuid::nil()),
        email: EMAIL.to_owned(),
        name: "Check".to_owned(),
        locale: "en".to_owned(),
        idempotency_key: format!("check-{}", Uuid::now_v7()),
    };
    match provider.ensure_customer(&order).await {
        CustomerAnswer::Found { reference } => Ok(Some(reference)),
        CustomerAnswer::NotNeeded => Ok(None),
        CustomerAnswer::Refused { code } => bail!("a customer is refused: {code}"),
        CustomerAnswer::Unknown { detail } => bail!("no answer about a customer: {detail}"),
    }
}

fn order(provider: &dyn Provider, customer: Option<String>, back: &str) -> CheckoutOrder {
    let (payment, currencies) = (PaymentId::new(), provider.capabilities().currencies);
    // Ten dollars where dollars are taken, else a hundred roubles.
    let money = if currencies.contains(&Currency::USD) {
        Money::from_minor(1_000, Currency::USD)
    } else {
        Money::from_minor(10_000, Currency::RUB)
    };
    let back = format!("{back}/wallet/orders/{payment}/return");
    CheckoutOrder {
        payment,
        account: AccountId::from_uuid(Uuid::nil()),
        customer,
        kind: None,
        email: EMAIL.to_owned(),
        locale: "en".to_owned(),
        title: "Check of Scrip".to_owned(),
        money,
        return_url: back.clone(),
        cancel_url: back,
        expires_at: Utc::now() + TimeDelta::hours(1),
        save_method: false,
        idempotency_key: payment.to_string(),
    }
}

fn opened(answer: CheckoutAnswer) -> anyhow::Result<(String, String)> {
    match answer {
        CheckoutAnswer::Created { reference, redirect_url, .. } => Ok((reference, redirect_url)),
        CheckoutAnswer::Refused { code } => bail!("a page is refused: {code}"),
        CheckoutAnswer::Unknown { detail } => bail!("no answer about a page: {detail}"),
    }
}

fn is_open(order: &CheckoutOrder, reference: &str, answer: FetchAnswer) -> anyhow::Result<()> {
    match answer {
        FetchAnswer::Found(found) => {
            let is_same = found.reference == reference && found.order == Some(order.payment);
            if !is_same || found.money != order.money || found.status != ProviderStatus::Open {
                bail!("the payment is not as it was ordered: {found:?}");
            }
            Ok(())
        }
        answer => bail!("the payment can't be read: {}", said(&answer)),
    }
}

async fn books(provider: &dyn Provider) -> anyhow::Result<()> {
    let now = Utc::now();
    let period = BookPeriod { from: now - TimeDelta::hours(1), to: now + TimeDelta::minutes(1), cursor: None };
    match provider.list_payments(&period).await {
        Some(BooksAnswer::Page { .. }) | None => Ok(()),
        Some(BooksAnswer::Unknown { detail }) => bail!("the payments can't be listed: {detail}"),
    }
}

async fn setup(provider: &dyn Provider, customer: Option<String>, back: &str) -> anyhow::Result<()> {
    let method = PaymentMethodId::new();
    let order = SetupOrder {
        method,
        account: AccountId::from_uuid(Uuid::nil()),
        customer,
        email: EMAIL.to_owned(),
        locale: "en".to_owned(),
        return_url: format!("{back}/wallet/payment/methods/{method}/return"),
        cancel_url: format!("{back}/wallet/payment"),
        idempotency_key: method.to_string(),
    };
    let (reference, _) = opened(provider.create_setup(&order).await)?;
    match provider.fetch_setup(&reference).await {
        SetupAnswer::Open => Ok(()),
        SetupAnswer::Unknown { detail } => bail!("no answer about the page of a card: {detail}"),
        answer => bail!("the page of a card is not open: {answer:?}"),
    }
}

fn said(answer: &FetchAnswer) -> String {
    match answer {
        FetchAnswer::Found(found) => format!("it is {:?}", found.status),
        FetchAnswer::Missing => "it is not there".to_owned(),
        FetchAnswer::Unknown { detail } => format!("no answer: {detail}"),
    }
}
