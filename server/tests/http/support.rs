//! A running server, and callers of it: a program with a key, a browser with cookies.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use server::{AppState, build, connections, database, jobs, providers};
use sqlx::PgPool;
use tokio::net::TcpListener;
use wallet::catalog::Preset;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{
    Actor, Environment, KeyScope, NewKey, NewServiceKey, ServiceScope, SignUp, StaffRole, User, Viewer,
};
use wallet::ledger::{Command, GrantSource, NewGrant, Submission};
use wallet::money::Credits;
use wallet::{Options, Wallet};

/// The longest wait for something that must come.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

/// Waits, where a minute of the clock is nearly over, until the next one begins: limits count by minutes, and what a
/// test counts must lie within one.
pub async fn early_in_a_minute() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
    let second = now.as_secs() % 60;
    if second > 45 {
        tokio::time::sleep(Duration::from_secs(60 - second) + Duration::from_millis(50)).await;
    }
}

/// A running server.
pub struct Site {
    /// Where it listens.
    pub url: String,
    /// Its parts.
    pub state: AppState,
    /// A client that follows no redirect.
    pub client: reqwest::Client,
    folder: std::path::PathBuf,
}

/// What panicked since this process began: a task that panics ends quietly, and its test would not see it.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Notes every panic, once in a process.
fn note_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
            usual(panic);
        }));
    });
}

impl Drop for Site {
    fn drop(&mut self) {
        self.state.stopping.cancel();
        std::fs::remove_dir_all(&self.folder).ok();
        // A test that fails panics itself.
        if !std::thread::panicking() {
            let panics = std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner));
            assert!(panics.is_empty(), "the server panicked: {}", panics.join("\n"));
        }
    }
}

impl Site {
    /// Starts a server on the test's database, with the NeuralBox preset loaded.
    pub async fn start(pool: PgPool) -> Self {
        Self::start_with(pool, &[]).await
    }

    /// Gives the browser of an admin who has just signed in.
    pub async fn admin(&self) -> Browser<'_> {
        let form = SignUp {
            email: "chief@example.com".to_owned(),
            password: PASSWORD.to_owned(),
            name: "Chief".to_owned(),
            locale: "en".to_owned(),
            ..SignUp::default()
        };
        self.wallet().identity().create_staff(form, StaffRole::Admin).await.expect("staff");
        let mut browser = self.browser();
        browser.sign_in("chief").await;
        browser
    }

    /// Starts a server with settings of its own.
    pub async fn start_with(pool: PgPool, flags: &[&str]) -> Self {
        Self::start_selling(pool, "neuralbox", flags).await
    }

    /// Starts a server that sells another preset.
    pub async fn start_selling(pool: PgPool, preset: &str, flags: &[&str]) -> Self {
        note_panics();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let folder = std::env::temp_dir().join(format!("scrip-test-{}", uuid::Uuid::now_v7()));
        let port = address.port().to_string();
        let data = folder.display().to_string();
        let mut line = vec!["scrip", "--port", &port, "--data-dir", &data];
        line.extend(flags);
        line.push("serve");
        let settings = server::cli::Cli::try_parse_from(line).expect("settings").settings;
        database::migrate(&pool).await.expect("migrated");
        let wallet = Wallet::new(pool, Options { reads: settings.read_limits(), ..Options::default() });
        let preset = Preset::by_name(preset).expect("a preset");
        // The same preset again changes nothing: a second server of one database.
        wallet.catalog().load_preset(&preset).await.expect("loaded");
        providers::attach(&wallet, &settings);
        let state = AppState::new(wallet, settings).expect("a state");
        let (settings, stopping) = (state.settings.clone(), state.stopping.clone());
        tokio::spawn(connections::serve(listener, build(state.clone()), settings, stopping));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { url: format!("http://{address}"), state, client, folder }
    }

    /// The wallet's façade.
    pub fn wallet(&self) -> &Wallet {
        &self.state.wallet
    }

    /// Makes a person whose address is proven.
    pub async fn person(&self, name: &str) -> (User, Viewer) {
        let form = SignUp {
            email: format!("{name}@example.com"),
            password: PASSWORD.to_owned(),
            name: name.to_owned(),
            locale: "en".to_owned(),
            ..SignUp::default()
        };
        let user = self.wallet().identity().create_proven(form).await.expect("a person");
        let viewer = self.wallet().identity().viewer(user.id).await.expect("a viewer");
        (user, viewer)
    }

    /// Makes a program with a key that may do everything, of a new person's wallet that holds so many credits (the
    /// plan's own are taken out).
    pub async fn program(&self, name: &str, credits: i64) -> Program<'_> {
        self.program_with(name, credits, &KeyScope::ALL.map(KeyScope::code)).await
    }

    /// The same with scopes.
    pub async fn program_with(&self, name: &str, credits: i64, scopes: &[&str]) -> Program<'_> {
        let (_, viewer) = self.person(name).await;
        let before = self.wallet().ledger().balance(viewer.wallet).await.expect("a balance").available;
        let wanted = Credits::from_whole(credits).expect("fits").checked_sub(before).expect("fits");
        let command = if wanted.is_negative() {
            Command::Adjustment { amount: wanted, reason: "test".to_owned() }
        } else {
            Command::Grant(NewGrant::new(wanted, GrantSource::TopUp, "test"))
        };
        if wanted != Credits::ZERO {
            let key = IdempotencyKey::internal("test:start");
            let submission = Submission::new(viewer.wallet, key, Actor::system("test"), command);
            self.wallet().ledger().submit(submission).await.expect("filled");
        }
        let new = NewKey {
            name: "test".to_owned(),
            environment: Environment::Production,
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            ceiling: None,
        };
        let key = self.wallet().identity().create_key(&viewer, &new).await.expect("a key").secret;
        Program { site: self, key, viewer }
    }

    /// Makes the platform's backend, with a service key that may spend.
    pub async fn platform(&self) -> Platform<'_> {
        self.platform_with("platform", &[ServiceScope::SpendWrite]).await
    }

    /// The same with a name and scopes.
    pub async fn platform_with(&self, name: &str, scopes: &[ServiceScope]) -> Platform<'_> {
        let scopes = scopes.iter().map(|scope| scope.code().to_owned()).collect();
        let new = NewServiceKey { name: name.to_owned(), scopes };
        let made = self.wallet().identity().create_service_key(&Actor::system("test"), &new).await;
        Platform { site: self, key: made.expect("a service key").secret }
    }

    /// Does every job that is due.
    pub async fn work(&self) {
        jobs::worker(&self.state).await.expect("a worker").run_once().await.expect("jobs");
    }

    /// Starts a browser.
    pub fn browser(&self) -> Browser<'_> {
        Browser { site: self, cookies: BTreeMap::new() }
    }
}

/// A program with a key.
pub struct Program<'a> {
    pub site: &'a Site,
    pub key: String,
    pub viewer: Viewer,
}

impl Program<'_> {
    /// Begins a call.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.site.client.request(method, format!("{}/api/v2{path}", self.site.url)).bearer_auth(&self.key)
    }

    /// Gets something.
    pub async fn get(&self, path: &str) -> Told {
        Told::of(self.call(Method::GET, path).send().await.expect("an answer")).await
    }

    /// Posts JSON with an idempotency key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Told {
        let request = self.call(Method::POST, path).header("idempotency-key", key).json(body);
        Told::of(request.send().await.expect("an answer")).await
    }

    /// What can be spent.
    pub async fn available(&self) -> Credits {
        self.site.wallet().ledger().balance(self.viewer.wallet).await.expect("a balance").available
    }
}

/// The platform's backend, with a service key.
pub struct Platform<'a> {
    pub site: &'a Site,
    pub key: String,
}

impl Platform<'_> {
    /// Begins a call.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.site.client.request(method, format!("{}/api/v2{path}", self.site.url)).bearer_auth(&self.key)
    }

    /// Posts JSON with an idempotency key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Told {
        let request = self.call(Method::POST, path).header("idempotency-key", key).json(body);
        Told::of(request.send().await.expect("an answer")).await
    }

    /// Does the same on behalf of a customer's key.
    pub async fn post_for(&self, customer: &Program<'_>, path: &str, key: &str, body: &Value) -> Told {
        let mut body = body.clone();
        body["on_behalf_of"] = Value::String(customer.key.clone());
        self.post(path, key, &body).await
    }

    /// Gets something, naming a customer's key.
    pub async fn get_for(&self, customer: &str, path: &str) -> Told {
        let request = self.call(Method::GET, path).header("on-behalf-of", customer);
        Told::of(request.send().await.expect("an answer")).await
    }
}

/// What a call answered.
#[derive(Debug)]
pub struct Told {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Told {
    /// Reads an answer to its end.
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("a text") }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of an error; its envelope is checked.
    pub fn code(&self) -> String {
        let json = self.json();
        let error = &json["error"];
        assert!(error["message"].as_str().is_some_and(|text| text.len() > 5), "{json}");
        assert!(error["request_id"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
        assert!(error["detail"].is_object(), "{json}");
        error["code"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A browser: it keeps cookies, and sends what browsers send.
pub struct Browser<'a> {
    pub site: &'a Site,
    pub cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    /// Sends a request with the cookies, and keeps those that come back.
    pub async fn send(&mut self, request: RequestBuilder) -> Told {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header(COOKIE, cookies.join("; ")).send().await.expect("an answer");
        for cookie in response.headers().get_all(SET_COOKIE) {
            let text = cookie.to_str().expect("a cookie");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Told::of(response).await
    }

    /// Opens a page.
    pub async fn open(&mut self, path: &str) -> Told {
        let request = self.site.client.get(self.address(path)).header("accept", "text/html");
        self.send(request).await
    }

    /// Posts a form from one of our own pages.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Told {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .site
            .client
            .post(self.address(path))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", &self.site.url)
            .body(body);
        self.send(request).await
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.site.url) }
    }

    /// Signs in.
    pub async fn sign_in(&mut self, name: &str) {
        let told = self.post("/sign-in", &[("email", &format!("{name}@example.com")), ("password", PASSWORD)]).await;
        assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    }
}

/// A name that an answer tells, for an address: a text or a number. Fails where it is absent, so that no test asks for
/// a thing called "null".
pub fn named(json: &Value, pointer: &str) -> String {
    match json.pointer(pointer) {
        Some(Value::String(name)) if !name.is_empty() => name.clone(),
        Some(Value::Number(name)) => name.to_string(),
        found => panic!("{pointer} is {found:?} in {json}"),
    }
}

/// Where a redirect goes.
pub fn location(told: &Told) -> String {
    told.headers.get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default().to_owned()
}
