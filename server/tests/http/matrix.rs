//! Who may post which form and open which page: all of them, by guests, members of every role, people of other accounts
//! and staff. A form or page that is not listed here fails a test.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::identity::{SignUp, StaffRole};

use crate::strangers::Things;
use crate::support::{Browser, PASSWORD, Site, Told, location};

/// Whom a form or page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Everybody, also guests.
    Anybody,
    /// Whoever is signed in.
    Person,
    /// Who may spend the account's money: owner and admin.
    Payer,
    /// Who may make keys: owner, admin and developer.
    KeyKeeper,
    /// The platform's admins; for others it does not exist.
    Admin,
    /// The platform's admins and its finance staff; for others it does not exist.
    Finance,
}

use Asks::{Admin, Anybody, Finance, KeyKeeper, Payer, Person};

/// A form's address.
pub struct Form {
    pub path: &'static str,
    asks: Asks,
}

const fn form(path: &'static str, asks: Asks) -> Form {
    Form { path, asks }
}

/// Every form.
pub const FORMS: [Form; 71] = [
    form("/sign-up", Anybody),
    form("/sign-in", Anybody),
    form("/sign-out", Anybody),
    form("/forgot", Anybody),
    form("/reset", Anybody),
    form("/verify-email", Anybody),
    form("/verify-email/resend", Person),
    form("/wallet/top-up", Payer),
    form("/wallet/top-up/code", Payer),
    form("/wallet/invite", Payer),
    form("/wallet/quotes", Person),
    form("/wallet/orders/{id}/check", Person),
    form("/wallet/payment/methods", Payer),
    form("/wallet/payment/methods/{id}/default", Payer),
    form("/wallet/payment/methods/{id}/plan", Payer),
    form("/wallet/payment/methods/{id}/remove", Payer),
    form("/wallet/payment/auto-top-up", Payer),
    form("/wallet/payment/auto-top-up/off", Payer),
    form("/wallet/payment/auto-top-up/pay", Payer),
    form("/wallet/documents/{id}/invoice", Payer),
    form("/settings/billing", Payer),
    form("/settings/notifications", Payer),
    form("/unsubscribe", Anybody),
    form("/wallet/plan", Payer),
    form("/wallet/plan/pay", Payer),
    form("/wallet/plan/change", Payer),
    form("/wallet/plan/keep", Payer),
    form("/wallet/plan/cancel", Payer),
    form("/wallet/plan/resume", Payer),
    form("/wallet/plan/add-ons", Payer),
    form("/wallet/plan/add-ons/off", Payer),
    form("/wallet/plan/time-zone", Payer),
    form("/wallet/confirm-activity", Payer),
    form("/wallet/refunds/new", Payer),
    form("/wallet/refunds/{id}/withdraw", Person),
    form("/wallet/price-changes/{version}/dismiss", Person),
    form("/playground/run", KeyKeeper),
    form("/playground/finish", KeyKeeper),
    form("/developers/keys", KeyKeeper),
    form("/developers/keys/move", Payer),
    form("/developers/keys/{id}/revoke", KeyKeeper),
    form("/developers/webhooks", KeyKeeper),
    form("/developers/webhooks/{id}/rotate", KeyKeeper),
    form("/developers/webhooks/{id}/test", KeyKeeper),
    form("/developers/webhooks/{id}/enable", KeyKeeper),
    form("/developers/webhooks/{id}/remove", KeyKeeper),
    form("/developers/webhooks/deliveries/{id}/replay", KeyKeeper),
    form("/admin/payments/{id}/decision", Finance),
    form("/admin/payments/{id}/dispute", Finance),
    form("/admin/refunds/{id}/approve", Finance),
    form("/admin/refunds/{id}/refuse", Finance),
    form("/admin/disputes/{id}/result", Finance),
    form("/admin/tariffs", Admin),
    form("/admin/tariffs/{n}/prices", Admin),
    form("/admin/tariffs/{n}/operations", Admin),
    form("/admin/tariffs/{n}/remove", Admin),
    form("/admin/tariffs/{n}/import", Admin),
    form("/admin/tariffs/{n}/discard", Admin),
    form("/admin/tariffs/{n}/undo", Admin),
    form("/admin/tariffs/{n}/rebase", Admin),
    form("/admin/tariffs/{n}/rehearse", Admin),
    form("/admin/tariffs/{n}/publish", Admin),
    form("/admin/tariffs/{n}/withdraw", Admin),
    form("/admin/margins", Admin),
    form("/admin/margins/draft", Admin),
    form("/settings/security/password", Person),
    form("/settings/security/name", Person),
    form("/settings/security/sessions/end", Person),
    form("/settings/security/sessions/{id}/end", Person),
    form("/settings/theme", Anybody),
    form("/settings/locale", Anybody),
];

impl Form {
    /// The address of what somebody has.
    pub fn about(&self, things: &Things) -> String {
        let id = match self.path {
            path if path.starts_with("/wallet/orders") || path.starts_with("/admin/payments") => &things.payment,
            path if path.starts_with("/developers/keys") => &things.key,
            path if path.contains("/deliveries/") => &things.delivery,
            path if path.starts_with("/settings/security/sessions") => &things.session,
            _ => &things.endpoint,
        };
        self.path.replace("{id}", id)
    }

    /// The address of something that nobody has.
    fn about_nothing(&self) -> String {
        let id = if self.path.starts_with("/wallet/orders") { "pay_0" } else { "0192aaaa-0000-7000-8000-000000000000" };
        self.path.replace("{id}", id).replace("{n}", "1").replace("{version}", "1")
    }
}

/// Every page, by its pattern in `app/src/routes.rs`.
const PAGES: [(&str, Asks); 40] = [
    ("/pricing", Anybody),
    ("/changelog", Anybody),
    ("/changelog/:version", Anybody),
    ("/sign-in", Anybody),
    ("/sign-up", Anybody),
    ("/forgot", Anybody),
    ("/reset", Anybody),
    ("/verify-email", Anybody),
    ("/unsubscribe", Anybody),
    ("/not-found", Anybody),
    ("/wallet", Person),
    ("/wallet/history/:seq?", Person),
    ("/wallet/top-up", Person),
    ("/wallet/invite", Person),
    ("/wallet/plan", Person),
    ("/wallet/payment", Person),
    ("/wallet/quotes", Person),
    ("/wallet/orders", Person),
    ("/wallet/orders/:id", Person),
    ("/wallet/documents", Person),
    ("/wallet/refunds", Person),
    ("/wallet/refunds/new", Person),
    ("/wallet/refunds/:id", Person),
    ("/developers/keys", Person),
    ("/developers/webhooks", Person),
    ("/settings/billing", Person),
    ("/settings/notifications", Person),
    ("/settings/security", Person),
    ("/playground", Person),
    ("/admin/payments/:id?", Finance),
    ("/admin/refunds/:id?", Finance),
    ("/admin/disputes", Finance),
    ("/admin/reconciliation", Finance),
    ("/admin/tariffs", Admin),
    ("/admin/tariffs/:n", Admin),
    ("/admin/tariffs/:n/operations", Admin),
    ("/admin/tariffs/:n/import", Admin),
    ("/admin/tariffs/:n/publish", Admin),
    ("/admin/margins", Admin),
    ("/admin/audit", Admin),
];

/// The address of a page about nothing in particular.
fn address(pattern: &str) -> String {
    let part = |part: &str| match part {
        ":n" | ":version" => Some("1".to_owned()),
        optional if optional.ends_with('?') => None,
        name if name.starts_with(':') => Some("0192aaaa-0000-7000-8000-000000000000".to_owned()),
        plain => Some(plain.to_owned()),
    };
    pattern.split('/').filter_map(part).collect::<Vec<_>>().join("/")
}

/// Fields that make every form right in itself, so that nothing but who posts it can be wrong.
fn fields(site: &Site) -> Vec<(&'static str, String)> {
    // What the form of a key needs is good enough for the others.
    let key = site.wallet().identity().form_secret();
    let fixed = [
        ("currency", "RUB"),
        ("package", "light"),
        ("plan", "vip"),
        ("interval", "month"),
        ("environment", "production"),
        ("to", "preview"),
        ("amount", "1"),
        ("name", "walker"),
        ("scopes", "balance:read"),
        ("url", "https://8.8.8.8/hook"),
        ("events", "ledger.entry.created"),
        ("time_zone", "Europe/Berlin"),
        ("revision", "0"),
        ("operation", "gpt-5"),
        ("lines", r#"[{"operation":"gpt-5"}]"#),
        ("email", "nobody@example.com"),
        ("theme", "dark"),
        ("payment", "0192aaaa-0000-7000-8000-000000000000"),
        ("reason", "mistake"),
    ];
    let fixed = fixed.into_iter().map(|(name, value)| (name, value.to_owned()));
    fixed.chain([("idempotency_key", key)]).collect()
}

async fn post(browser: &mut Browser<'_>, path: &str) -> Told {
    let fields = fields(browser.site);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &fields).await
}

/// Gives a member of a new account the role, and their browser.
pub async fn member<'s>(site: &'s Site, pool: &PgPool, role: &str) -> Browser<'s> {
    let (user, _) = site.person(role).await;
    let done = sqlx::query("UPDATE members SET role = $2 WHERE user_id = $1").bind(user.id.uuid()).bind(role);
    assert_eq!(done.execute(pool).await.expect("changed").rows_affected(), 1);
    let mut browser = site.browser();
    browser.sign_in(role).await;
    browser
}

/// Somebody of the staff who is no admin.
pub async fn supporter(site: &Site) -> Browser<'_> {
    of_staff(site, "helper", StaffRole::Support).await
}

/// Somebody of the staff who handles payments.
pub async fn accountant(site: &Site) -> Browser<'_> {
    of_staff(site, "accountant", StaffRole::Finance).await
}

async fn of_staff<'s>(site: &'s Site, name: &str, role: StaffRole) -> Browser<'s> {
    let form = SignUp {
        email: format!("{name}@example.com"),
        password: PASSWORD.to_owned(),
        name: name.to_owned(),
        locale: "en".to_owned(),
        ..SignUp::default()
    };
    site.wallet().identity().create_staff(form, role).await.expect("staff");
    let mut browser = site.browser();
    browser.sign_in(name).await;
    browser
}

fn is_turned_away(told: &Told) -> bool {
    told.status == StatusCode::UNAUTHORIZED
        || (told.status == StatusCode::SEE_OTHER && location(told).starts_with("/sign-in"))
}

#[test]
fn every_form_and_every_page_is_in_the_matrix() {
    let source = include_str!("../../src/forms/mod.rs");
    let routes = source.lines().filter(|line| line.contains(".route(") && line.contains("post("));
    let known: BTreeSet<&str> = FORMS.iter().map(|form| form.path).collect();
    let forms: BTreeSet<&str> = routes.filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(forms, known, "the forms of server/src/forms/mod.rs and the matrix");

    let source = include_str!("../../../app/src/routes.rs");
    let pages: BTreeSet<&str> = source.split("path!(\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    let known: BTreeSet<&str> = PAGES.iter().map(|(pattern, _)| *pattern).collect();
    assert_eq!(pages, known, "the pages of app/src/routes.rs and the matrix");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_form_asks_who_posts_it(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--demo=true"]).await;
    let mut guest = site.browser();
    let mut viewer = member(&site, &pool, "viewer").await;
    let mut developer = member(&site, &pool, "developer").await;
    let mut owner = member(&site, &pool, "owner").await;
    let mut helper = supporter(&site).await;
    for form in &FORMS {
        let path = form.about_nothing();
        if form.asks == Anybody {
            let told = post(&mut site.browser(), &path).await;
            assert!(!told.status.is_server_error() && told.status != StatusCode::UNAUTHORIZED, "{path}: {}", told.text);
            continue;
        }
        let told = post(&mut guest, &path).await;
        assert!(is_turned_away(&told), "{path} by a guest: {}", told.status);
        let mut answers = Vec::new();
        for (who, browser) in
            [("viewer", &mut viewer), ("developer", &mut developer), ("owner", &mut owner), ("helper", &mut helper)]
        {
            let told = post(browser, &path).await;
            assert!(!told.status.is_server_error(), "{path} by the {who}: {}", told.text);
            answers.push((who, told.status));
        }
        let may_not: &[&str] = match form.asks {
            Payer => &["viewer", "developer"],
            KeyKeeper => &["viewer"],
            _ => &[],
        };
        for (who, status) in answers {
            let expected = if matches!(form.asks, Admin | Finance) {
                Some(StatusCode::NOT_FOUND)
            } else {
                may_not.contains(&who).then_some(StatusCode::FORBIDDEN)
            };
            match expected {
                Some(expected) => assert_eq!(status, expected, "{path} by the {who}"),
                None => assert_ne!(status, StatusCode::FORBIDDEN, "{path} by the {who}"),
            }
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn every_page_asks_who_opens_it(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--demo=true", "--rate-session-reads=10000"]).await;
    let mut guest = site.browser();
    let mut viewer = member(&site, &pool, "viewer").await;
    let mut developer = member(&site, &pool, "developer").await;
    let mut owner = member(&site, &pool, "owner").await;
    let mut helper = supporter(&site).await;
    let mut admin = site.admin().await;
    let mut accountant = accountant(&site).await;
    for (pattern, asks) in PAGES {
        let path = address(pattern);
        let told = guest.open(&path).await;
        assert_eq!(is_turned_away(&told), asks != Anybody, "{path} by a guest: {}", told.status);
        let is_hidden = matches!(asks, Admin | Finance);
        for (who, browser) in
            [("viewer", &mut viewer), ("developer", &mut developer), ("owner", &mut owner), ("helper", &mut helper)]
        {
            let told = browser.open(&path).await;
            assert!(!told.status.is_server_error(), "{path} by the {who}: {}", told.text);
            assert!(!is_hidden || told.status == StatusCode::NOT_FOUND, "{path} by the {who}: {}", told.status);
        }
        let told = admin.open(&path).await;
        assert!(!is_hidden || told.status == StatusCode::OK, "{path} by an admin: {}", told.status);
        let told = accountant.open(&path).await;
        assert!(!told.status.is_server_error(), "{path} by finance: {}", told.text);
        let expected = if asks == Admin { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert!(!is_hidden || told.status == expected, "{path} by finance: {}", told.status);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_viewer_spends_nothing_in_the_playground(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--demo=true"]).await;
    let program = site.program("reader", 100).await;
    let hold = program.post("/holds", "h", &json!({ "lines": [{ "operation": "gpt-5" }] })).await.json();
    let change = sqlx::query("UPDATE members SET role = 'viewer' WHERE user_id = $1");
    change.bind(program.viewer.user.uuid()).execute(&pool).await.expect("changed");
    let before = program.get("/balance").await.json();
    let mut browser = site.browser();
    browser.sign_in("reader").await;
    for how in ["charge", "hold"] {
        let form = [("operation", "gpt-5"), ("how", how), ("idempotency_key", how)];
        let told = browser.post("/playground/run", &form).await;
        assert_eq!(told.status, StatusCode::FORBIDDEN, "{how}: {}", told.text);
    }
    for how in ["capture", "release"] {
        let id = hold["id"].to_string();
        let form = [("hold", id.as_str()), ("how", how), ("idempotency_key", how)];
        let told = browser.post("/playground/finish", &form).await;
        assert_eq!(told.status, StatusCode::FORBIDDEN, "{how}: {}", told.text);
    }
    assert_eq!(program.get("/balance").await.json(), before);
}

#[sqlx::test(migrations = "../migrations")]
async fn no_page_knows_what_belongs_to_somebody_else(pool: PgPool) {
    let site = Site::start_with(pool, &["--demo=true"]).await;
    let owner = site.program("owner", 1_000).await;
    let things = Things::of(&owner).await;
    site.program("stranger", 1_000).await;
    let mut browser = site.browser();
    browser.sign_in("stranger").await;
    for path in [
        format!("/wallet/history/{}", things.charge),
        format!("/wallet/orders/{}", things.payment),
        format!("/developers/webhooks?delivery={}", things.delivery),
    ] {
        assert_eq!(browser.open(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let told = browser.post(&format!("/wallet/orders/{}/check", things.payment), &[]).await;
    assert_eq!(told.status, StatusCode::NOT_FOUND, "{}", told.text);
    let form = [("hold", things.hold.as_str()), ("how", "release"), ("idempotency_key", "k")];
    let told = browser.post("/playground/finish", &form).await;
    assert!(location(&told).contains("not_found"), "{}", location(&told));
    assert_eq!(owner.get(&format!("/holds/{}", things.hold)).await.json()["state"], json!("open"));
}

#[sqlx::test(migrations = "../migrations")]
async fn garbage_in_the_address_of_a_page_breaks_nothing(pool: PgPool) {
    let site = Site::start_with(pool, &["--demo=true", "--rate-session-reads=10000"]).await;
    let mut admin = site.admin().await;
    let garbage = [
        "seq=1.5&row=99999999999999999999&id=%00&before=x&ran=x",
        "id=%FF%FE&before=%F0%28%8C%28&delivery=x&version=abc",
        "ids=quo_x,,%00&currency[x]=1&currency=xyz&plan=%00&interval=century",
        "]=[&[=]&&&=&operation=&param.=1&refused=%7B&count=many",
        "state=unknown&q=%00&period=x&kind=x&category=x&preview=maybe",
    ];
    for (pattern, _) in PAGES {
        for query in garbage {
            let path = format!("{}?{query}", address(pattern));
            let told = admin.open(&path).await;
            assert!(!told.status.is_server_error(), "{path}: {} {}", told.status, told.text);
        }
    }
    for path in ["/wallet/history/abc", "/wallet/orders/%00", "/admin/tariffs/99999999999", "/changelog/abc"] {
        assert_eq!(admin.open(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_form_is_shown_again_and_visited_at_the_address_of_its_page(pool: PgPool) {
    let site = Site::start_with(pool, &["--demo=true"]).await;
    let mut admin = site.admin().await;
    for form in &FORMS {
        let path = form.about_nothing();
        let visited = admin.open(&path).await;
        let leads_on = visited.status == StatusCode::SEE_OTHER && location(&visited) != path;
        assert!(visited.status == StatusCode::OK || leads_on, "{path}: {}", visited.status);
    }
    let refused = admin.post("/admin/tariffs/1/discard", &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert!(refused.text.contains("data-page=\"/admin/tariffs/1\""), "{}", refused.text);
    assert_eq!(location(&admin.open("/admin/tariffs/1/discard").await), "/admin/tariffs/1");
    assert!(!admin.open("/admin/tariffs/1").await.text.contains("data-page"), "no form was answered");
}
