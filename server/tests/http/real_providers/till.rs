//! A wallet that sells by both providers, somebody who buys, and clocks that are moved together.

use chrono::{DateTime, Utc};
use clap::Parser;
use serde_json::json;
use server::cli::Cli;
use server::config::Settings;
use server::providers;
use sqlx::PgPool;
use wallet::catalog::{Interval, Preset};
use wallet::clock::Clock;
use wallet::error::Error;
use wallet::id::{PaymentId, UserId};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, SignUp, Viewer};
use wallet::ledger::{Command, Receipt, Scope, Submission};
use wallet::money::{Credits, Currency};
use wallet::payment::{PayWith, PaymentStatus, PaymentView, PlanChoice, TopUp};
use wallet::{Options, Renewed, Wallet};

use super::doubles::{By, Doubles};

/// Where buyers come back to.
pub const BASE: &str = "https://scrip.example";

/// The wallet, its providers and a buyer.
pub struct Till {
    pub wallet: Wallet,
    pub doubles: Doubles,
    pub viewer: Viewer,
}

/// The light package of the NeuralBox preset: 100 credits.
pub fn light(with: PayWith) -> TopUp {
    TopUp { package: Some("light".into()), amount: None, currency: Currency::RUB, with: Some(with), save_method: false }
}

/// The settings whose providers are at an address.
pub fn settings(url: &str) -> Settings {
    let mut line = vec!["scrip".to_owned()];
    line.extend(Doubles::flags_at(url));
    line.push("serve".to_owned());
    Cli::try_parse_from(line).expect("settings").settings
}

/// A wallet over a database whose providers are at an address; its clock is the test's.
pub fn open(pool: PgPool, url: &str, clock: Clock) -> Wallet {
    let settings = settings(url);
    let wallet = Wallet::new(pool, Options::for_tests(clock));
    providers::attach(&wallet, &settings);
    wallet
}

impl Till {
    /// Opens one now, with events that go nowhere.
    pub async fn open(pool: &PgPool) -> Self {
        Self::open_at(pool, Utc::now(), &Preset::by_name("neuralbox").expect("a preset")).await
    }

    /// Opens one at a time of both clocks, which sells a preset.
    pub async fn open_at(pool: &PgPool, at: DateTime<Utc>, preset: &Preset) -> Self {
        let mut doubles = Doubles::new().await;
        doubles.serve(None);
        let wallet = open(pool.clone(), &doubles.url, Clock::fixed(at));
        wallet.catalog().load_preset(preset).await.expect("loaded");
        let viewer = person(&wallet, "anna").await;
        let till = Self { wallet, doubles, viewer };
        till.set_clocks(at).await;
        till
    }

    /// Another node on the same database, with the same clock.
    pub fn node(&self) -> Wallet {
        open(self.wallet.pool().clone(), &self.doubles.url, self.wallet.clock().clone())
    }

    /// Sets both clocks.
    pub async fn set_clocks(&self, at: DateTime<Utc>) {
        self.wallet.clock().set(at);
        self.doubles.control("clock", json!({ "now": at.timestamp() })).await;
    }

    /// Moves both clocks to an instant, from one due date to the next, and renews on two nodes at each.
    pub async fn live_until(&self, until: DateTime<Utc>) -> Renewed {
        let (node, mut report) = (self.node(), Renewed::default());
        while let Some(due) = self.wallet.plans().next_due().await.expect("read").filter(|due| *due <= until) {
            self.set_clocks(due).await;
            let (one, other) = tokio::join!(self.wallet.renew_plans(), node.renew_plans());
            report.add(&one.expect("renewed"));
            report.add(&other.expect("renewed"));
        }
        self.set_clocks(until).await;
        report
    }

    /// Orders the light package.
    pub async fn order(&self, with: PayWith, key: &str, save_method: bool) -> PaymentView {
        let wanted = TopUp { save_method, ..light(with) };
        self.wallet.payments().start_top_up(&self.viewer, &wanted, key, BASE).await.expect("ordered")
    }

    /// The order's page.
    pub fn page(payment: &PaymentView) -> &str {
        payment.checkout_url.as_deref().unwrap_or_else(|| panic!("no page: {payment:?}"))
    }

    /// Saves a card by buying the light package; gives it.
    pub async fn saved(&self, by: By, number: &str) -> PayWith {
        let order = self.order(by.card(), &format!("save-{number}"), true).await;
        self.doubles.pay(by, Self::page(&order), number).await.expect("paid");
        self.is_paid(order.id).await;
        let methods = self.wallet.payments().methods(&self.viewer).await.expect("methods");
        PayWith::Saved(methods.iter().find(|method| method.provider == by.name()).expect("a saved card").id)
    }

    /// Begins the Basic plan, paid by a card that is kept.
    pub async fn subscribe(&self, by: By, number: &str) {
        self.subscribe_to(by, ("basic", Interval::Month, Currency::RUB), number).await;
    }

    /// Begins a plan.
    pub async fn subscribe_to(&self, by: By, (plan, interval, currency): (&str, Interval, Currency), number: &str) {
        let choice = PlanChoice { plan: plan.to_owned(), interval, currency, with: Some(by.card()) };
        let ordered = self.wallet.payments().start_plan(&self.viewer, &choice, "plan", BASE).await.expect("ordered");
        let place = self.doubles.pay(by, Self::page(&ordered), number).await.expect("led on");
        if place.ends_with("/authenticate") {
            let page = format!("{}/authenticate", Self::page(&ordered));
            let answer = self.doubles.client.post(page).header("content-type", "application/x-www-form-urlencoded");
            answer.body("action=complete").send().await.expect("an answer");
        }
        self.is_paid(ordered.id).await;
    }

    /// Asks about a payment, and finds it paid.
    pub async fn is_paid(&self, id: PaymentId) {
        let seen = self.wallet.payments().check(&self.viewer, id).await.expect("checked");
        assert_eq!(seen.status, PaymentStatus::Succeeded, "{seen:?}");
    }

    /// Opens one that sells by the preset with a refund rule: 30 days, at most a quarter used.
    pub async fn open_refunding(pool: &PgPool) -> Self {
        Self::open_at(pool, Utc::now(), &Preset::by_name("neuraldraft").expect("a preset")).await
    }

    /// Buys that preset's package of 4 000 credits for $20, at Stripe.
    pub async fn pack(&self, card: &str, key: &str) -> PaymentView {
        let pack = TopUp {
            package: Some("bundle-20".into()),
            amount: None,
            currency: Currency::USD,
            with: Some(By::Stripe.card()),
            save_method: false,
        };
        let order = self.wallet.payments().start_top_up(&self.viewer, &pack, key, BASE).await.expect("ordered");
        self.doubles.pay(By::Stripe, Self::page(&order), card).await.expect("paid");
        self.is_paid(order.id).await;
        self.seen(order.id).await
    }

    /// Stripe's name of the payment of an order.
    pub async fn intent(&self, order: PaymentId) -> String {
        let intents = self.doubles.held(By::Stripe, "payment_intents").await;
        let own = intents.iter().find(|intent| intent["metadata"]["order"] == order.to_string()).expect("its intent");
        own["id"].as_str().expect("an id").to_owned()
    }

    /// Charges the wallet; gives the entry.
    pub async fn spend(&self, amount: Credits, key: &str) -> Result<i64, Error> {
        let command = Command::Charge { receipt: Receipt::flat("chat_message", "Chat message", amount) };
        let key = IdempotencyKey::internal(key);
        let submission = Submission::new(self.viewer.wallet, key, Actor::system("test"), command);
        self.wallet.ledger().submit(submission).await.map(|outcome| outcome.seq())
    }

    /// What the wallet holds, as a number.
    pub async fn holds(&self) -> Credits {
        self.settled().await.parse().expect("credits")
    }

    /// What endpoints are told of events that begin so, in the order in which it was noted.
    pub async fn told(&self, start: &str) -> Vec<String> {
        let noted = "SELECT event FROM webhook_notices WHERE starts_with(event, $1) ORDER BY created_at, id";
        sqlx::query_scalar(noted).bind(start).fetch_all(self.wallet.pool()).await.expect("noted")
    }

    /// Holds every invariant against the database.
    pub async fn is_sound(&self) {
        assert_eq!(self.wallet.verify(Scope::Everything).await.expect("verified"), []);
    }

    /// How far a payment is, as it is known here.
    pub async fn seen(&self, id: PaymentId) -> PaymentView {
        self.wallet.payments().payment(&self.viewer, id).await.expect("a payment")
    }

    /// Lets the reconciler look at each open payment at once.
    pub async fn reconcile(&self) {
        let due = sqlx::query("UPDATE payments SET check_at = created_at WHERE check_at > created_at");
        due.execute(self.wallet.pool()).await.expect("due");
        self.wallet.payments().reconcile().await.expect("reconciled");
    }

    /// What the wallet holds.
    pub async fn settled(&self) -> String {
        self.wallet.ledger().balance(self.viewer.wallet).await.expect("a balance").settled.to_string()
    }

    /// How many payments brought credits.
    pub async fn granted(&self) -> usize {
        let count = "SELECT count(*) FROM payments WHERE entry_seq IS NOT NULL";
        let count: i64 = sqlx::query_scalar(count).fetch_one(self.wallet.pool()).await.expect("a count");
        usize::try_from(count).expect("a count")
    }

    /// Holds every invariant against the database, and the money that was taken against the credits.
    pub async fn is_right(&self) {
        assert_eq!(self.wallet.verify(Scope::Everything).await.expect("verified"), []);
        let mut taken = 0;
        for by in By::BOTH {
            let orders: Vec<String> = self.doubles.taken(by).await.into_iter().map(|taken| taken.order).collect();
            let mut once = orders.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), orders.len(), "money was taken twice for an order: {orders:?}");
            taken += orders.len();
        }
        assert_eq!(taken, self.granted().await, "money and grants");
    }
}

/// Somebody whose address is proven.
pub async fn person(wallet: &Wallet, name: &str) -> Viewer {
    let form = SignUp {
        email: format!("{name}@example.com"),
        password: crate::support::PASSWORD.to_owned(),
        name: name.to_owned(),
        locale: "en".to_owned(),
        ..SignUp::default()
    };
    let user = wallet.identity().create_proven(form).await.expect("a person");
    wallet.identity().viewer(user.id).await.expect("a viewer")
}

/// Somebody of the platform.
pub fn staff() -> Actor {
    Actor::Staff { id: UserId::new(), name: "Lev".to_owned() }
}

/// So many whole credits.
pub fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole).expect("fits")
}
