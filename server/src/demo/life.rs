//! The demo's days before today, lived through the product's own calls by a clock that is moved from day to day.

use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use wallet::catalog::{Interval, Loaded, Preset};
use wallet::clock::Clock;
use wallet::error::{Error, Refusal, Result};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey, Viewer};
use wallet::ledger::{Command, GrantSource, NewGrant, Submission};
use wallet::money::{Credits, Currency};
use wallet::notify::webhook::{EventKind, NewEndpoint};
use wallet::payment::{PaymentView, PlanChoice, SandboxStep, TopUp};
use wallet::tariff::{ChargeRequest, Flat, LineRequest, Rule};
use wallet::{Options, Wallet};

use super::receiver::{FAILS, TAKES};
use crate::config::Settings;
use crate::providers;

/// What the demo's customers ask for, by key: operation, params.
const CALLS: [&[(&str, &str)]; 3] = [
    &[
        ("gpt-5", "{}"),
        ("claude-sonnet-4.5", "{}"),
        ("gpt-5-nano", "{}"),
        ("gemini-2.5-flash", "{}"),
        ("whisper", r#"{"seconds":210}"#),
    ],
    &[
        ("dall-e-3", r#"{"size":"1024x1024","quality":"standard"}"#),
        ("flux-1.1-pro", "{}"),
        ("remove-bg", "{}"),
        ("upscale", "{}"),
    ],
    &[("openai-tts", r#"{"characters":2400}"#), ("musicgen", "{}"), ("gpt-5.2", "{}")],
];
/// How many calls each day of a week has.
const CALLS_A_DAY: [usize; 7] = [4, 6, 3, 7, 5, 1, 2];
/// Whom they are for.
const CUSTOMERS: [&str; 3] = ["acme", "globex", "initech"];
/// What the models cost the platform.
const COSTS: &str = "operation,cost,per,currency,source,review_on
gpt-5,4.10,1,RUB,list of November,
gpt-5-nano,0.60,1,RUB,list of November,
gpt-5.2,9.80,1,RUB,list of November,
claude-sonnet-4.5,11.20,1,RUB,list of November,
gemini-2.5-flash,1.30,1,RUB,list of November,
dall-e-3,24.00,1,RUB,list of November,
flux-1.1-pro,19.50,1,RUB,list of November,
upscale,5.60,1,RUB,list of November,
";

/// The demo's customer, and the keys that spend.
struct Life {
    wallet: Wallet,
    viewer: Viewer,
    spenders: Vec<Actor>,
    calls: usize,
}

/// Fills an empty catalog from a preset as many days ago as the settings say, and lives until now.
pub(super) async fn live(now: &Wallet, settings: &Settings, preset: &Preset) -> Result<()> {
    let today = now.clock().now();
    let days = i64::from(settings.demo_days);
    let clock = Clock::fixed(today - TimeDelta::days(days));
    let wallet = Wallet::new(now.pool().clone(), Options { clock, ..Options::default() });
    // No real provider is asked for what was long ago.
    providers::attach_sandbox(&wallet, settings);
    if wallet.catalog().load_preset(preset).await? == Loaded::Unchanged {
        // Another process was first, and lives the days.
        wallet.shutdown().await;
        return Ok(());
    }
    wallet.demo_load().await?;
    let mut life = Life::begin(wallet).await?;
    for day in 0..days {
        life.day(today - TimeDelta::days(days - day), usize::try_from(day).unwrap_or_default()).await?;
    }
    life.wallet.clock().set(today);
    life.today(settings).await?;
    life.wallet.shutdown().await;
    Ok(())
}

impl Life {
    async fn begin(wallet: Wallet) -> Result<Self> {
        let viewer = wallet.demo_viewer().await?;
        let mut spenders = Vec::new();
        for (name, ceiling) in
            [("Chat backend", None), ("Image studio", Credits::from_whole(1_000)), ("Voice app", None)]
        {
            let new =
                NewKey { name: name.to_owned(), environment: Environment::Production, scopes: Vec::new(), ceiling };
            let key = wallet.identity().create_key(&viewer, &new).await?.key;
            spenders.push(Actor::on_behalf_of("demo-platform", key.id, &key.name));
        }
        Ok(Self { wallet, viewer, spenders, calls: 0 })
    }

    /// One day: what falls due, what is bought, what is asked for.
    async fn day(&mut self, at: DateTime<Utc>, number: usize) -> Result<()> {
        self.wallet.clock().set(at);
        self.wallet.renew_plans().await?;
        match number {
            2 => {
                let choice = PlanChoice {
                    plan: "basic".to_owned(),
                    interval: Interval::Month,
                    currency: Currency::RUB,
                    with: None,
                };
                let order = self.wallet.payments().start_plan(&self.viewer, &choice, "demo-plan", BASE).await?;
                self.pay(&order).await?;
            }
            13 | 27 => self.buy("light", number).await?,
            21 => self.buy("standard", number).await?,
            30 => self.gift(at).await?,
            _ => {}
        }
        let calls = CALLS_A_DAY[number % CALLS_A_DAY.len()];
        for call in 0..calls {
            self.wallet.clock().advance(TimeDelta::minutes(37 + 11 * i64::try_from(call).unwrap_or_default()));
            self.call().await?;
        }
        Ok(())
    }

    /// What there is to see today: credits that expire soon, endpoints, costs, prices that will rise.
    async fn today(&mut self, settings: &Settings) -> Result<()> {
        let staff = Actor::system("demo");
        self.wallet.renew_plans().await?;
        self.wallet.invoices().issue_due().await?;
        self.wallet.catalog().upload_costs(&staff, COSTS).await?;
        let tariffs = self.wallet.tariffs();
        let mut book = tariffs.create_draft(&staff).await?;
        for (operation, whole) in [("gpt-5", 3), ("upscale", 4)] {
            let credits = Credits::from_whole(whole).ok_or_else(|| Error::internal("a price fits"))?;
            book =
                tariffs.set_rule(&staff, book.version, book.revision, operation, Rule::Flat(Flat { credits })).await?;
        }
        tariffs.ask_simulation(&staff, book.version).await?;
        tariffs.run_simulations(|_| ControlFlow::Continue(())).await?;
        let from = tariffs.first_rise().await?;
        tariffs.publish(&staff, book.version, book.revision, Some(from)).await?;
        if settings.web.webhook_private {
            for (path, description) in [(TAKES, "Orders service"), (FAILS, "Old CRM")] {
                let endpoint = NewEndpoint {
                    url: format!("http://127.0.0.1:{}{path}", settings.web.port),
                    description: description.to_owned(),
                    events: vec![EventKind::LedgerEntryCreated],
                    is_slack: false,
                };
                let key = IdempotencyKey::internal(format!("demo:webhook:{path}"));
                self.wallet.webhooks().create(self.viewer.wallet, &self.viewer.actor(), &endpoint, &key).await?;
            }
        }
        for _ in 0..3 {
            self.call().await?;
        }
        Ok(())
    }

    /// Asks for something, by the key and for the customer whose turn it is. An empty wallet is refused, as it would be.
    async fn call(&mut self) -> Result<()> {
        let (number, by) = (self.calls, self.calls % 5 % CALLS.len());
        self.calls += 1;
        let (operation, params) = CALLS[by][number / 2 % CALLS[by].len()];
        let params: Map<String, Value> = serde_json::from_str(params)?;
        let request = ChargeRequest {
            wallet: self.viewer.wallet,
            plan_rank: self.viewer.plan.rank,
            line: LineRequest { operation: operation.to_owned(), params, count: 1 },
            quote: None,
            metadata: json!({ "demo": true, "customer_id": CUSTOMERS[number % CUSTOMERS.len()] }),
        };
        let (by, key) = (self.spenders[by].clone(), IdempotencyKey::internal(format!("demo:call:{number}")));
        match self.wallet.tariffs().charge(request, by, key).await {
            Ok(_) | Err(Error::Refused(Refusal::OutOfCredits { .. } | Refusal::PlanRequired { .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn buy(&self, package: &str, day: usize) -> Result<()> {
        let top_up = TopUp {
            package: Some(package.to_owned()),
            amount: None,
            currency: Currency::RUB,
            with: None,
            save_method: false,
        };
        let key = format!("demo-top-up-{day}");
        let order = self.wallet.payments().start_top_up(&self.viewer, &top_up, &key, BASE).await?;
        self.pay(&order).await
    }

    /// Pays an order on the sandbox's page.
    async fn pay(&self, order: &PaymentView) -> Result<()> {
        let (payments, sandbox) = (self.wallet.payments(), self.wallet.payments().sandbox());
        let page =
            sandbox.find_by_order(order.id).await?.ok_or_else(|| Error::internal("the sandbox has no such order"))?;
        sandbox.advance(&page.reference, &SandboxStep::Pay { method: "Visa •• 4242".to_owned() }).await?;
        payments.refresh(order.id).await.map(drop)
    }

    /// A gift that expires in a few days.
    async fn gift(&self, at: DateTime<Utc>) -> Result<()> {
        let amount = Credits::from_whole(40).ok_or_else(|| Error::internal("40 credits fit"))?;
        let mut grant = NewGrant::new(amount, GrantSource::Promo, "Autumn bonus");
        grant.priority = i16::MAX;
        grant.expires_at = Some(at + TimeDelta::days(14));
        let key = IdempotencyKey::internal("demo:bonus");
        let submission = Submission::new(self.viewer.wallet, key, Actor::system("demo"), Command::Grant(grant));
        self.wallet.ledger().submit(submission).await.map(drop)
    }
}

/// Where a browser would come back to.
const BASE: &str = "http://127.0.0.1:3000";
