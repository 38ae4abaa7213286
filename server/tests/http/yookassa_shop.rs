//! A test shop at the stand-in of YooKassa: where it is, how its pages are paid, what goes wrong.

use clap::Parser;
use doubles::Options;
use serde_json::{Value, json};
use server::cli::Cli;
use server::providers::yookassa::YooKassa;
use tokio::net::TcpListener;
use wallet::clock::Clock;

use crate::stand_in::{read, submit};

/// A Mir card that is paid with at once.
pub const MIR: &str = "2202474301322987";
/// A YooMoney wallet.
pub const WALLET: &str = "410011758831136";

/// The stand-in.
pub struct Shop {
    url: String,
    listener: Option<TcpListener>,
    client: reqwest::Client,
}

impl Shop {
    /// Takes a port; nothing is served yet.
    pub async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = doubles::listen(0).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { url, listener: Some(listener), client: client.build().expect("a client") }
    }

    /// Serves, and sends notifications to a site where one is given.
    pub fn serve(&mut self, site: Option<&str>) {
        let listener = self.listener.take().expect("not served yet");
        let yookassa_webhook = site.map(|site| format!("{site}/webhooks/yookassa"));
        tokio::spawn(async move {
            let options = Options { yookassa_webhook, ..Options::default() };
            doubles::serve(listener, &options).await.expect("served");
        });
    }

    /// Serves without a site, and gives the provider that calls it.
    pub async fn alone() -> (Self, YooKassa) {
        let mut shop = Self::new().await;
        shop.serve(None);
        let provider = shop.provider(&[]);
        (shop, provider)
    }

    /// The settings that lead here.
    pub fn flags(&self) -> Vec<String> {
        let api = format!("{}/yookassa/v3", self.url);
        ["--yookassa-shop-id", "100500", "--yookassa-secret-key", "test_of-the-stand-in", "--yookassa-api-url", &api]
            .map(str::to_owned)
            .to_vec()
    }

    /// Gives the provider with more settings.
    pub fn provider(&self, more: &[&str]) -> YooKassa {
        let mut line = vec!["scrip".to_owned()];
        // One value for each flag: those that are given take the place of our own.
        let own = self.flags();
        let pairs = own.chunks(2).filter(|pair| !more.contains(&pair[0].as_str()));
        line.extend(pairs.flatten().cloned());
        line.extend(more.iter().map(|&flag| flag.to_owned()));
        line.push("serve".to_owned());
        let settings = Cli::try_parse_from(line).expect("settings").settings;
        YooKassa::from_settings(&settings.yookassa, Clock::system()).expect("settings").expect("a provider")
    }

    /// Steers the stand-in.
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/_control/{path}", self.url);
        let request = self.client.post(url).header("content-type", "application/json").body(body.to_string());
        read(request.send().await.expect("an answer")).await
    }

    /// Sets a fault for the next call of that method and list.
    pub async fn fault(&self, kind: &str, method: &str, list: &str) {
        let path = format!("/yookassa/v3/{list}");
        self.control("faults", &json!({ "kind": kind, "method": method, "path": path })).await;
    }

    /// Looks at the stand-in.
    pub async fn look(&self, path: &str) -> Value {
        read(self.client.get(format!("{}/_control/{path}", self.url)).send().await.expect("an answer")).await
    }

    /// What the shop has: `payments`, `methods`, `refunds`.
    pub async fn all(&self, what: &str) -> Vec<Value> {
        let state = self.look("state").await;
        state["yookassa"]["100500"][what].as_array().cloned().unwrap_or_default()
    }

    /// How many calls of a method and list came.
    pub async fn calls(&self, method: &str, list: &str) -> usize {
        let (requests, path) = (self.look("requests").await, format!("/yookassa/v3/{list}"));
        let is_one = |request: &&Value| request["method"] == method && request["path"] == path.as_str();
        requests.as_array().expect("requests").iter().filter(is_one).count()
    }

    /// Makes a payment by the API itself; gives its name.
    pub async fn create(&self, body: &Value) -> String {
        let request = self.client.post(format!("{}/yookassa/v3/payments", self.url));
        let request = request.basic_auth("100500", Some("test_of-the-stand-in"));
        let request = request.header("idempotence-key", "by-hand").header("content-type", "application/json");
        let made = read(request.body(body.to_string()).send().await.expect("an answer")).await;
        made["id"].as_str().expect("a name").to_owned()
    }

    /// Waits until each notification was delivered.
    pub async fn told(&self) {
        self.look("events/idle").await;
    }

    /// Gives a card on a page; gives where the browser is led, or nothing where it was refused.
    pub async fn pay_by_card(&self, page: &str, number: &str) -> Option<String> {
        submit(&self.client, page, &[("method", "bank_card"), ("number", number), ("expiry", "12/30"), ("csc", "123")])
            .await
    }

    /// Pays by a YooMoney wallet.
    pub async fn pay_by_wallet(&self, page: &str, number: &str) -> Option<String> {
        submit(&self.client, page, &[("method", "yoo_money"), ("wallet", number)]).await
    }
}
