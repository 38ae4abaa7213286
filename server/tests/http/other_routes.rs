//! Who may reach what is neither a form, a page nor a call of the API: files, streams, the way back from a
//! provider, and the sandbox's own pages. A route that is not listed here fails a test.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use reqwest::header::COOKIE;
use sqlx::PgPool;

use crate::matrix::{Asks, accountant, member, supporter};
use crate::support::{Browser, Site, location};

/// Every such route.
const ROUTES: [(&str, Asks); 15] = [
    ("/live", Asks::Person),
    ("/wallet/history.csv", Asks::Person),
    ("/wallet/documents/{id}", Asks::Person),
    ("/wallet/orders/{id}/receipt.pdf", Asks::Person),
    ("/wallet/orders/{id}/return", Asks::Anybody),
    ("/wallet/statements/{month}", Asks::Person),
    ("/admin/documents/{id}", Asks::Finance),
    ("/wallet/payment/methods/{id}/return", Asks::Anybody),
    ("/admin/payments.csv", Asks::Finance),
    ("/admin/margins/costs.csv", Asks::Admin),
    ("/admin/tariffs/{n}/prices.csv", Asks::Admin),
    ("/admin/tariffs/{n}/prices.toml", Asks::Admin),
    ("/admin/tariffs/{n}/rehearsal.csv", Asks::Admin),
    ("/sandbox/checkout/{reference}", Asks::Anybody),
    ("/sandbox/checkout/{reference}/challenge", Asks::Anybody),
];

const CARD: [(&str, &str); 4] =
    [("number", "4242 4242 4242 4242"), ("expiry", "12/39"), ("cvc", "123"), ("action", "pay")];

#[test]
fn every_other_route_is_in_the_matrix() {
    let sources = [
        include_str!("../../src/live.rs"),
        include_str!("../../src/export.rs"),
        include_str!("../../src/providers/sandbox/pages.rs"),
        include_str!("../../src/forms/mod.rs"),
    ];
    let is_form = |line: &&str| line.contains("post(") && !line.contains("/sandbox/");
    let lines = sources.iter().flat_map(|source| source.split(".route(").skip(1)).filter(|line| !is_form(line));
    let found: BTreeSet<&str> = lines.filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(found, ROUTES.iter().map(|(path, _)| *path).collect());
}

/// Asks for something, and reads no more than the status: a stream has no end.
async fn status(browser: &Browser<'_>, path: &str) -> StatusCode {
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = browser.site.client.get(format!("{}{path}", browser.site.url)).header(COOKIE, cookies.join("; "));
    request.header("accept", "text/html").send().await.expect("an answer").status()
}

#[sqlx::test(migrations = "../migrations")]
async fn every_other_route_asks_who_comes(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let guest = site.browser();
    let mut people = Vec::new();
    for role in ["viewer", "developer", "owner"] {
        people.push((role, member(&site, &pool, role).await));
    }
    people.push(("helper", supporter(&site).await));
    let admin = site.admin().await;
    let accountant = accountant(&site).await;
    for (path, asks) in ROUTES {
        let path = path.replace("{n}", "1").replace("{id}", "pay_0").replace("{reference}", "sbx_0");
        let path = path.replace("{month}", "2020-01.pdf");
        // A document that nobody has.
        let is_missing = path.contains("/documents/") || path.ends_with("/receipt.pdf");
        let of_guest = status(&guest, &path).await;
        let nobody = [StatusCode::UNAUTHORIZED, StatusCode::SEE_OTHER, StatusCode::NOT_FOUND];
        assert!(asks == Asks::Anybody || nobody.contains(&of_guest), "{path} by a guest: {of_guest}");
        for (who, browser) in &people {
            let told = status(browser, &path).await;
            let expected = match asks {
                Asks::Admin | Asks::Finance => Some(StatusCode::NOT_FOUND),
                Asks::Person if is_missing => Some(StatusCode::NOT_FOUND),
                Asks::Person => Some(StatusCode::OK),
                _ => None,
            };
            assert!(
                !told.is_server_error() && expected.is_none_or(|expected| told == expected),
                "{path} by {who}: {told}"
            );
        }
        let told = status(&admin, &path).await;
        let is_theirs = matches!(asks, Asks::Admin | Asks::Finance);
        let found = if is_missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert!(!is_theirs || told == found, "{path} by an admin: {told}");
        let told = status(&accountant, &path).await;
        assert!(asks != Asks::Finance || told == found, "{path} by finance: {told}");
        assert!(asks != Asks::Admin || told == StatusCode::NOT_FOUND, "{path} by finance: {told}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn files_and_streams_are_of_who_asks(pool: PgPool) {
    let site = Site::start(pool).await;
    let owner = site.program("owner", 77).await;
    let charged = owner.post("/charges", "c", &serde_json::json!({ "operation": "gpt-5" })).await;
    assert_eq!(charged.status, StatusCode::CREATED);
    site.person("stranger").await;
    let [mut own, mut other] = [site.browser(), site.browser()];
    own.sign_in("owner").await;
    other.sign_in("stranger").await;
    assert!(own.open("/wallet/history.csv").await.text.contains("gpt-5"));
    // Whatever a stranger adds to the address, it is the stranger's own.
    for query in ["", "?preview=false", "?q=gpt-5"] {
        let file = other.open(&format!("/wallet/history.csv{query}")).await;
        assert!(file.status.is_client_error() || !file.text.contains("gpt-5"), "{query}: {}", file.text);
    }
    let named = format!("/live?wallet={}", owner.viewer.wallet);
    assert_eq!(other.open(&named).await.status, StatusCode::BAD_REQUEST, "no wallet can be named");
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_pays_at_the_sandbox_pays_for_whose_order_it_is(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, owner) = site.person("owner").await;
    let (_, stranger) = site.person("stranger").await;
    let [mut own, mut other] = [site.browser(), site.browser()];
    own.sign_in("owner").await;
    other.sign_in("stranger").await;
    let before = site.wallet().ledger().balance(stranger.wallet).await.expect("a balance").seq;

    for name in ["sbx_0", "sbx_0192aaaa00007000800000000000000", "%00", "pay_0"] {
        let path = format!("/sandbox/checkout/{name}");
        assert!(other.open(&path).await.status.is_client_error(), "{path}");
        assert!(other.post(&path, &CARD).await.status.is_client_error(), "{path}");
        let answered = other.post(&format!("{path}/challenge"), &[("answer", "approve")]).await;
        assert!(answered.status.is_client_error(), "{path}");
    }

    let fields = [("package", "light"), ("currency", "RUB"), ("idempotency_key", "form")];
    let page = location(&own.post("/wallet/top-up", &fields).await);
    // Whoever has the page's name can pay there, as at any provider: nothing was asked of the bank yet.
    let early = other.post(&format!("{page}/challenge"), &[("answer", "approve")]).await;
    assert_eq!(early.status, StatusCode::OK, "{}", early.text);
    assert!(early.text.contains("4242"), "nothing was paid: {}", early.text);
    let mut guest = site.browser();
    let card = CARD.map(|(name, value)| (name, if name == "number" { "4000 0025 0000 3155" } else { value }));
    assert_eq!(guest.post(&page, &card).await.status, StatusCode::OK, "the bank asks");
    let paid = other.post(&format!("{page}/challenge"), &[("answer", "approve")]).await;
    let back = location(&paid);
    assert!(back.ends_with("/return"), "{back}");
    // The way back tells neither a guest nor a stranger anything.
    for browser in [&mut guest, &mut other] {
        let to = location(&browser.open(&back).await);
        let shown = browser.open(&to).await;
        assert!(to.starts_with("/sign-in") || shown.status == StatusCode::NOT_FOUND, "{to}: {}", shown.text);
    }
    own.open(&back).await;
    let balance = async |wallet| site.wallet().ledger().balance(wallet).await.expect("a balance");
    assert_eq!(balance(owner.wallet).await.settled.to_string(), "150", "the credits are the owner's");
    assert_eq!(balance(stranger.wallet).await.seq, before, "and the stranger has none of them");
}
