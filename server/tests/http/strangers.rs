//! What belongs to somebody else is not there: every route that names a thing, with another account's name for it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::keys::{Asks, calls};
use crate::support::{Program, Site, Told, named};

/// What one account has, by the beginning of its address.
pub struct Things {
    pub charge: String,
    pub hold: String,
    pub payment: String,
    pub budget: String,
    pub endpoint: String,
    pub delivery: String,
    pub key: String,
    pub session: String,
}

impl Things {
    pub async fn of(owner: &Program<'_>) -> Self {
        let made = async |path: &str, body: Value| {
            let told = owner.post(path, path, &body).await;
            assert!(told.status.is_success(), "{path}: {}", told.text);
            told.json()
        };
        let charge = named(&made("/charges", json!({ "operation": "gpt-5" })).await, "/id");
        let hold = named(&made("/holds", json!({ "lines": [{ "operation": "gpt-5" }] })).await, "/id");
        let payment = named(&made("/top-ups", json!({ "package": "light", "currency": "RUB" })).await, "/payment_id");
        let hook = json!({ "url": "https://8.8.8.8/hook", "events": ["ledger.entry.created"] });
        let endpoint = named(&made("/webhook-endpoints", hook).await, "/id");
        made(&format!("/webhook-endpoints/{endpoint}/test"), Value::Null).await;
        let delivery = named(&owner.get("/webhook-deliveries").await.json(), "/webhook_deliveries/0/id");
        let ceiling = json!({ "name": "x", "scope": "customer", "of": "acme", "period": "day", "ceiling": 5 });
        let put = owner.call(Method::PUT, "/budgets").header("idempotency-key", "b").json(&ceiling);
        let budget = named(&Told::of(put.send().await.expect("an answer")).await.json(), "/budgets/0/id");
        let key = owner.site.wallet().identity().keys(&owner.viewer).await.expect("keys")[0].id.to_string();
        let mut browser = owner.site.browser();
        browser.sign_in(owner.viewer.email.trim_end_matches("@example.com")).await;
        let session = sessions(owner).await.remove(0);
        Self { charge, hold, payment, budget, endpoint, delivery, key, session }
    }

    /// The path with the name of such a thing.
    fn named(&self, path: &str) -> String {
        let starts = [
            ("/charges", &self.charge),
            ("/holds", &self.hold),
            ("/payments", &self.payment),
            ("/budgets", &self.budget),
            ("/webhook-endpoints", &self.endpoint),
            ("/webhook-deliveries", &self.delivery),
        ];
        let own = starts.into_iter().find(|(start, _)| path.starts_with(start));
        path.replace("{id}", own.map_or("", |(_, name)| name.as_str())).replace("{seq}", &self.charge)
    }
}

/// The sessions of an account's owner.
async fn sessions(owner: &Program<'_>) -> Vec<String> {
    let sessions = owner.site.wallet().identity().sessions(&owner.viewer, None).await.expect("sessions");
    sessions.iter().map(|session| session.id.to_string()).collect()
}

/// Everything that an account reads of itself.
async fn everything(owner: &Program<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["/balance", "/ledger", "/payments", "/budgets", "/webhook-endpoints", "/webhook-deliveries"] {
        all.push(owner.get(path).await.json());
    }
    all
}

#[sqlx::test(migrations = "../migrations")]
async fn no_route_knows_what_belongs_to_somebody_else(pool: PgPool) {
    let site = Site::start(pool).await;
    let owner = site.program("owner", 1_000).await;
    let things = Things::of(&owner).await;
    let stranger = site.program("stranger", 1_000).await;
    let (before, own) = (everything(&owner).await, everything(&stranger).await);
    let mut tried = 0;
    for (method, path, asks, body) in calls() {
        // The platform's own calls are nobody's but the platform's: `service.rs` asks them.
        if matches!(asks, Asks::Platform(_)) || (!path.contains("{id}") && !path.contains("{seq}")) {
            continue;
        }
        let method: Method = method.parse().expect("a method");
        let at = things.named(path);
        let mut request =
            stranger.call(method.clone(), &at).header("idempotency-key", uuid::Uuid::now_v7().to_string());
        if !body.is_null() {
            request = request.json(&body);
        }
        let told = Told::of(request.send().await.expect("an answer")).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{method} {at}");
        tried += 1;
    }
    assert!(tried >= 14, "{tried} routes name a thing");

    let mut browser = site.browser();
    browser.sign_in("stranger").await;
    let page = browser.open(&format!("/wallet/orders/{}", things.payment)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    for form in crate::matrix::FORMS.iter().filter(|form| form.path.contains("{id}")) {
        let form = form.about(&things);
        let told = browser.post(&form, &[("idempotency_key", form.as_str())]).await;
        // To end a session that is none of one's own is to end nothing, as a second click does (`accounts.rs` of the
        // wallet).
        let none = if form.starts_with("/settings/") { StatusCode::SEE_OTHER } else { StatusCode::NOT_FOUND };
        assert_eq!(told.status, none, "{form}: {}", told.text);
    }
    assert_eq!(everything(&owner).await, before, "nothing of the owner's has changed");
    assert_eq!(sessions(&owner).await, [things.session], "the owner is still signed in");
    assert_eq!(everything(&stranger).await, own, "nor anything of the stranger's");
    assert_eq!(owner.get("/balance").await.status, StatusCode::OK, "the owner's key works");
}
