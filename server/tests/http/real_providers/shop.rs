//! A site that sells by both providers, whose events a test may keep from it.

use chrono::Utc;
use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;
use wallet::identity::Viewer;
use wallet::ledger::Scope;
use wallet::payment::{PaymentView, TopUp};

use super::doubles::{By, Doubles, Letter, PostBox, STRIPE_SECRET};
use super::till::light;
use crate::support::{Browser, Site};

/// The site, the stand-ins, and a buyer.
pub struct Shop {
    pub site: Site,
    pub doubles: Doubles,
    pub post_box: PostBox,
    pub viewer: Viewer,
}

impl Shop {
    /// Opens one whose events go to the post box.
    pub async fn open(pool: PgPool) -> Self {
        Self::open_with(pool, &[]).await
    }

    /// The same with more settings.
    pub async fn open_with(pool: PgPool, more: &[&str]) -> Self {
        let mut doubles = Doubles::new().await;
        let own = Doubles::flags_at(&doubles.url);
        let flags: Vec<&str> = own.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let site = Site::start_with(pool, &flags).await;
        let (post_box, url) = PostBox::open().await;
        doubles.serve(Some(&url));
        let (_, viewer) = site.person("buyer").await;
        Self { site, doubles, post_box, viewer }
    }

    /// A signed-in browser of somebody.
    pub async fn browser(&self, name: &str) -> Browser<'_> {
        let mut browser = self.site.browser();
        browser.sign_in(name).await;
        browser
    }

    /// Orders the light package.
    pub async fn order(&self, by: By, key: &str) -> PaymentView {
        self.order_saving(by, key, false).await
    }

    /// The same, saving the card.
    pub async fn order_saving(&self, by: By, key: &str, save_method: bool) -> PaymentView {
        let wanted = TopUp { save_method, ..light(by.card()) };
        let payments = self.site.wallet().payments();
        payments.start_top_up(&self.viewer, &wanted, key, &self.site.url).await.expect("ordered")
    }

    /// Orders and pays; gives the order and what the provider tells of it.
    pub async fn paid(&self, by: By, key: &str) -> (PaymentView, Vec<Letter>) {
        self.post_box.take();
        let order = self.order(by, key).await;
        let page = order.checkout_url.as_deref().expect("a page");
        self.doubles.pay(by, page, by.good()).await.expect("paid");
        self.doubles.told().await;
        (order, self.post_box.take())
    }

    /// Brings an event to the site.
    pub async fn deliver(&self, letter: &Letter) -> StatusCode {
        let mut headers = letter.headers.clone();
        // The client writes these.
        for own in ["host", "content-length"] {
            headers.remove(own);
        }
        let call = self.site.client.post(format!("{}{}", self.site.url, letter.path)).headers(headers);
        call.body(letter.body.clone()).send().await.expect("an answer").status()
    }

    /// Brings bytes that a secret has signed so many seconds ago.
    pub async fn deliver_signed(&self, body: &str, secret: &str, age: i64) -> StatusCode {
        let header = stripe_webhook::Webhook::generate_test_header(body, secret, Some(Utc::now().timestamp() - age));
        let call = self.site.client.post(format!("{}/webhooks/stripe", self.site.url));
        call.header("stripe-signature", header).body(body.to_owned()).send().await.expect("an answer").status()
    }

    /// Brings bytes that Stripe has signed.
    pub async fn deliver_as_stripe(&self, body: &str) -> StatusCode {
        self.deliver_signed(body, STRIPE_SECRET, 0).await
    }

    /// The stored events that wait for their job.
    pub async fn waiting(&self) -> Vec<Uuid> {
        let waiting = "SELECT id FROM provider_events WHERE state IN ('received', 'failed') ORDER BY received_at, id";
        sqlx::query_scalar(waiting).fetch_all(self.site.wallet().pool()).await.expect("events")
    }

    /// Works on the stored events, as their job does.
    pub async fn process(&self) {
        for id in self.waiting().await {
            self.site.wallet().payments().process_event(id).await.expect("processed");
        }
    }

    /// How many events are stored in a state; in all of them for `%`.
    pub async fn stored(&self, state: &str) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM provider_events WHERE state LIKE $1").bind(state);
        count.fetch_one(self.site.wallet().pool()).await.expect("a count")
    }

    /// What the buyer's wallet holds.
    pub async fn settled(&self) -> String {
        self.site.wallet().ledger().balance(self.viewer.wallet).await.expect("a balance").settled.to_string()
    }

    /// Holds every invariant against the database.
    pub async fn is_right(&self) {
        assert_eq!(self.site.wallet().verify(Scope::Everything).await.expect("verified"), []);
    }
}
