//! A server that is killed (`kill -9`) while it charges a saved card: another one finds what it left.

use std::time::{Duration, Instant};

use clap::Parser;
use doubles::{Options, listen, serve};
use reqwest::StatusCode;
use reqwest::header::{LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use server::cli::Cli;
use server::providers;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::demo::{USER_EMAIL, USER_PASSWORD};
use wallet::ledger::Scope;

use crate::startup::Running;
use crate::{folder, url};

/// The longest wait for something that must come.
const TIMEOUT: Duration = Duration::from_secs(20);
const STRIPE_KEY: &str = "sk_test_of_a_server_that_dies";
const STRIPE_SECRET: &str = "whsec_of_a_server_that_dies";

/// Stripe's stand-in, and a browser of the demo's owner.
struct Bench {
    stripe: String,
    client: reqwest::Client,
    cookies: String,
}

impl Bench {
    async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = listen(0).await.expect("a port");
        let stripe = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { serve(listener, &Options::default()).await });
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { stripe, client: client.build().expect("a client"), cookies: String::new() }
    }

    /// How many charges Stripe has made.
    async fn charges(&self) -> usize {
        let state = self.client.get(format!("{}/_control/state", self.stripe)).send().await.expect("an answer");
        let state: Value = state.json().await.expect("JSON");
        state["stripe"]["charges"].as_array().expect("charges").len()
    }

    /// How many faults are still to come.
    async fn faults(&self) -> usize {
        let faults = self.client.get(format!("{}/_control/faults", self.stripe)).send().await.expect("an answer");
        faults.json::<Vec<Value>>().await.expect("JSON").len()
    }

    async fn fault(&self, kind: &str, ms: u64) {
        let fault = json!({ "kind": kind, "method": "POST", "path": "/v1/payment_intents", "ms": ms });
        let set = self.client.post(format!("{}/_control/faults", self.stripe)).json(&fault).send().await;
        assert!(set.expect("an answer").status().is_success());
    }

    /// Begins to post a form of one of our pages.
    fn post(&self, address: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form = self.client.post(address).header("content-type", "application/x-www-form-urlencoded");
        form.header("sec-fetch-site", "same-origin").header("cookie", &self.cookies).body(body)
    }

    /// Posts it; gives where it leads.
    async fn lands(&mut self, address: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(address, fields).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{address}");
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().expect("text").split(';').next().expect("a pair");
            self.cookies = format!("{}{pair}; ", self.cookies);
        }
        answer.headers()[LOCATION].to_str().expect("text").to_owned()
    }

    /// Waits for something at the stand-in.
    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let asked = Instant::now();
        while !is_so().await {
            assert!(asked.elapsed() < TIMEOUT, "{what} never came");
            tokio::task::yield_now().await;
        }
    }
}

/// When a server is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many milliseconds after the form was sent: somewhere before, between or after what it does.
    After(u64),
    /// While Stripe works on the charge.
    WhileCharging,
    /// As soon as Stripe has charged.
    Charged,
}

#[sqlx::test(migrations = false)]
async fn a_server_that_is_killed_while_it_charges_leaves_one_charge_and_one_grant(pool: PgPool) {
    let (database, folder, mut bench) = (url(&pool), folder(), Bench::new().await);
    let settings = [
        ("DATABASE_URL", database.clone()),
        ("PORT", "0".to_owned()),
        ("SCRIP_DEMO", "true".to_owned()),
        ("SCRIP_DATA_DIR", folder.clone()),
        ("STRIPE_SECRET_KEY", STRIPE_KEY.to_owned()),
        ("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET.to_owned()),
        ("STRIPE_API_URL", bench.stripe.clone()),
    ];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let begin = || {
        let mut server = Running::start(&settings);
        let text = server.until("Scrip serves http");
        let address = text.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
        (server, address)
    };
    let (mut server, mut address) = begin();
    bench.lands(&format!("{address}/sign-in"), &[("email", USER_EMAIL), ("password", USER_PASSWORD)]).await;
    let form = |method: &str, key: &str| {
        let fields = [("package", "light"), ("currency", "RUB"), ("method", method), ("idempotency_key", key)];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let with_card = [
        ("package", "light"),
        ("currency", "RUB"),
        ("method", "stripe.card"),
        ("save_method", "yes"),
        ("idempotency_key", "save"),
    ];
    let page = bench.lands(&format!("{address}/wallet/top-up"), &with_card).await;
    let card =
        [("number", "4242424242424242"), ("expiry", "12/60"), ("cvc", "123"), ("name", "Ann"), ("action", "pay")];
    let back = bench.post(&page, &card).send().await.expect("an answer");
    let back = back.headers()[LOCATION].to_str().expect("text").to_owned();
    bench.client.get(&back).header("cookie", &bench.cookies).send().await.expect("an answer");
    let saved: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM payment_methods WHERE state = 'active' AND provider = 'stripe'")
            .fetch_one(&pool)
            .await
            .expect("a saved card");

    let mut line = vec!["scrip", "--stripe-secret-key", STRIPE_KEY, "--stripe-webhook-secret", STRIPE_SECRET];
    line.extend(["--stripe-api-url", bench.stripe.as_str(), "serve"]);
    let other = Wallet::new(pool.clone(), wallet::Options::default());
    providers::attach(&other, &Cli::try_parse_from(line).expect("settings").settings);
    let granted = async || {
        let count = "SELECT count(*) FROM payments WHERE provider = 'stripe' AND entry_seq IS NOT NULL";
        usize::try_from(sqlx::query_scalar::<_, i64>(count).fetch_one(&pool).await.expect("a count")).expect("fits")
    };
    let delays = [2, 9, 17, 26, 40].map(Moment::After);
    let moments = delays.into_iter().chain([Moment::WhileCharging, Moment::Charged]);
    for (number, moment) in moments.enumerate() {
        let before = bench.charges().await;
        assert_eq!(before, granted().await, "before {moment:?}");
        if matches!(moment, Moment::WhileCharging) {
            bench.fault("slow", 300).await;
        }
        let fields = form(&format!("saved.{saved}"), &format!("form-{number}"));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let sent = bench.post(&format!("{address}/wallet/top-up"), &fields);
        let answer = tokio::spawn(async move { sent.send().await.map(|answer| answer.status()) });
        match moment {
            Moment::After(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Moment::WhileCharging => bench.until("the call", async || bench.faults().await == 0).await,
            Moment::Charged => bench.until("the charge", async || bench.charges().await > before).await,
        }
        server.kill();
        // Whether the browser heard of it is not known; what was on its way to Stripe arrives.
        drop(answer.await);
        if !matches!(moment, Moment::After(_)) {
            bench.until("the charge", async || bench.charges().await > before).await;
        }
        let is_found = async || {
            let due = sqlx::query("UPDATE payments SET check_at = created_at WHERE status IN ('pending', 'unknown')");
            due.execute(&pool).await.expect("due");
            other.payments().reconcile().await.expect("reconciled");
            granted().await == bench.charges().await
        };
        bench.until("what was taken", is_found).await;
        // The person sends the form once more.
        (server, address) = begin();
        bench.lands(&format!("{address}/wallet/top-up"), &fields).await;
        assert_eq!((bench.charges().await, granted().await), (before + 1, before + 1), "{moment:?}: once");
    }
    server.kill();
    assert_eq!(other.verify(Scope::Everything).await.expect("verified"), []);
    std::fs::remove_dir_all(folder).ok();
}
