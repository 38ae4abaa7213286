//! Who may post which form and call which server function: all of them, by guests, members of every role, people of
//! other accounts and staff. A form or function that is not listed here fails a test.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::identity::{SignUp, StaffRole};

use crate::strangers::Things;
use crate::support::{Browser, PASSWORD, Site, Told, location};

/// Whom a form or function is for.
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
pub const FORMS: [Form; 62] = [
    form("/sign-up", Anybody),
    form("/sign-in", Anybody),
    form("/sign-out", Anybody),
    form("/forgot", Anybody),
    form("/reset", Anybody),
    form("/verify-email", Anybody),
    form("/verify-email/resend", Person),
    form("/wallet/top-up", Payer),
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
    form("/wallet/plan", Payer),
    form("/wallet/plan/pay", Payer),
    form("/wallet/plan/change", Payer),
    form("/wallet/plan/keep", Payer),
    form("/wallet/plan/cancel", Payer),
    form("/wallet/plan/resume", Payer),
    form("/wallet/plan/time-zone", Payer),
    form("/wallet/confirm-activity", Payer),
    form("/wallet/refunds/new", Payer),
    form("/wallet/refunds/{id}/withdraw", Person),
    form("/wallet/price-changes/{version}/dismiss", Person),
    form("/developers/keys", KeyKeeper),
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

/// A server function: its endpoint, whether it is posted, whom it is for, and arguments that can be read.
const FUNCTIONS: [(&str, bool, Asks, &str); 37] = [
    ("audit", false, Admin, ""),
    ("billing_details", false, Person, ""),
    ("changelog", false, Anybody, ""),
    ("documents", false, Person, ""),
    ("price_change", false, Anybody, "version=1"),
    ("posted_form", false, Anybody, "path=%2Fwallet"),
    ("keys_page", false, Person, ""),
    ("security", false, Person, ""),
    ("history", false, Person, ""),
    ("receipt", false, Person, "seq=999999"),
    ("margins", false, Admin, ""),
    ("order", false, Person, "id=0192aaaa-0000-7000-8000-000000000000"),
    ("order_check", true, Person, "id=0192aaaa-0000-7000-8000-000000000000"),
    ("orders", false, Person, ""),
    ("payment_methods", false, Person, ""),
    ("plan_page", false, Person, ""),
    ("playground", false, Person, ""),
    ("playground_run", true, KeyKeeper, "request[operation]=gpt-5&request[how]=charge&request[idempotency_key]=k"),
    ("playground_finish", true, KeyKeeper, "hold=1&how=capture&idempotency_key=k"),
    ("prices", false, Anybody, ""),
    ("quotes", false, Person, ""),
    ("session", false, Anybody, ""),
    ("price_book", false, Admin, "version=1"),
    ("reconciliation", false, Finance, ""),
    ("refund_form", false, Person, "row=999999"),
    ("refund_request", false, Person, "id=0192aaaa-0000-7000-8000-000000000000"),
    ("refund_requests", false, Person, ""),
    ("rehearsal", false, Admin, "version=1"),
    ("price_book_operation", false, Admin, "version=1"),
    ("staff_disputes", false, Finance, ""),
    ("staff_payment", false, Finance, "id=0192aaaa-0000-7000-8000-000000000000"),
    ("staff_payments", false, Finance, ""),
    ("staff_refund", false, Finance, "id=0192aaaa-0000-7000-8000-000000000000"),
    ("staff_refunds", false, Finance, ""),
    ("wallet_overview", false, Person, ""),
    ("top_up_offer", false, Person, "currency=RUB"),
    ("webhooks_page", false, Person, "query[preview]=false"),
];

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

async fn call(browser: &mut Browser<'_>, name: &str, is_posted: bool, args: &str) -> Told {
    let url = format!("{}/_fn/{name}", browser.site.url);
    let request = if is_posted {
        let form = "application/x-www-form-urlencoded";
        let request = browser.site.client.post(url).header("content-type", form);
        request.header("origin", &browser.site.url).header("sec-fetch-site", "same-origin").body(args.to_owned())
    } else {
        browser.site.client.get(format!("{url}?{args}"))
    };
    browser.send(request.header("accept", "application/json")).await
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
fn every_form_and_every_server_function_is_in_the_matrix() {
    let source = include_str!("../../src/forms/mod.rs");
    let routes = source.lines().filter(|line| line.contains(".route(") && line.contains("post("));
    let known: BTreeSet<&str> = FORMS.iter().map(|form| form.path).collect();
    let forms: BTreeSet<&str> = routes.filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(forms, known, "the forms of server/src/forms/mod.rs and the matrix");

    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src/server_fns");
    let mut endpoints = BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("the folder of server functions") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        for part in text.split("#[server(endpoint = \"").skip(1) {
            endpoints.insert(part.split('"').next().expect("a name").to_owned());
        }
    }
    let known: BTreeSet<String> = FUNCTIONS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(endpoints, known, "the endpoints of app/src/server_fns and the matrix");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_form_asks_who_posts_it(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
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
async fn every_server_function_asks_who_calls_it(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--demo=true"]).await;
    let mut guest = site.browser();
    let mut viewer = member(&site, &pool, "viewer").await;
    let mut developer = member(&site, &pool, "developer").await;
    let mut owner = member(&site, &pool, "owner").await;
    let mut helper = supporter(&site).await;
    let mut admin = site.admin().await;
    let mut accountant = accountant(&site).await;
    for (name, is_posted, asks, args) in FUNCTIONS {
        let told = call(&mut guest, name, is_posted, args).await;
        let expected = if asks == Anybody { None } else { Some(StatusCode::UNAUTHORIZED) };
        assert!(
            expected.is_none_or(|expected| told.status == expected),
            "{name} by a guest: {} {}",
            told.status,
            told.text
        );
        for (who, browser) in
            [("viewer", &mut viewer), ("developer", &mut developer), ("owner", &mut owner), ("helper", &mut helper)]
        {
            let told = call(browser, name, is_posted, args).await;
            assert!(!told.status.is_server_error(), "{name} by the {who}: {}", told.text);
            let is_hidden = matches!(asks, Admin | Finance);
            assert!(!is_hidden || told.status == StatusCode::NOT_FOUND, "{name} by the {who}: {}", told.status);
            let is_forbidden = asks == KeyKeeper && who == "viewer";
            assert_eq!(told.status == StatusCode::FORBIDDEN, is_forbidden, "{name} by the {who}: {}", told.text);
        }
        let told = call(&mut admin, name, is_posted, args).await;
        assert!(!told.status.is_server_error(), "{name} by an admin: {}", told.text);
        let told = call(&mut accountant, name, is_posted, args).await;
        assert!(!told.status.is_server_error(), "{name} by finance: {}", told.text);
        let is_hidden = asks == Admin || ["staff_payment", "staff_refund"].contains(&name);
        let is_found = told.status != StatusCode::NOT_FOUND;
        assert!(!matches!(asks, Admin | Finance) || is_found != is_hidden, "{name} by finance: {}", told.status);
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
        let args = format!("request[operation]=gpt-5&request[how]={how}&request[idempotency_key]={how}");
        let told = call(&mut browser, "playground_run", true, &args).await;
        assert_eq!(told.status, StatusCode::FORBIDDEN, "{how}: {}", told.text);
    }
    for how in ["capture", "release"] {
        let args = format!("hold={}&how={how}&idempotency_key={how}", hold["id"]);
        let told = call(&mut browser, "playground_finish", true, &args).await;
        assert_eq!(told.status, StatusCode::FORBIDDEN, "{how}: {}", told.text);
    }
    assert_eq!(program.get("/balance").await.json(), before);
}

#[sqlx::test(migrations = "../migrations")]
async fn no_server_function_knows_what_belongs_to_somebody_else(pool: PgPool) {
    let site = Site::start_with(pool, &["--demo=true"]).await;
    let owner = site.program("owner", 1_000).await;
    let things = Things::of(&owner).await;
    site.program("stranger", 1_000).await;
    let mut browser = site.browser();
    browser.sign_in("stranger").await;
    let asked = [
        ("receipt", false, format!("seq={}", things.charge)),
        ("order", false, format!("id={}", things.payment)),
        ("order_check", true, format!("id={}", things.payment)),
        ("webhooks_page", false, format!("query[preview]=false&query[delivery]={}", things.delivery)),
    ];
    for (name, is_posted, args) in asked {
        let told = call(&mut browser, name, is_posted, &args).await;
        assert_eq!(told.status, StatusCode::NOT_FOUND, "{name} {args}: {}", told.text);
    }
    let args = format!("hold={}&how=release&idempotency_key=k", things.hold);
    let told = call(&mut browser, "playground_finish", true, &args).await;
    assert!(told.text.contains("not_found"), "{}", told.text);
    assert_eq!(owner.get(&format!("/holds/{}", things.hold)).await.json()["state"], json!("open"));
}

#[sqlx::test(migrations = "../migrations")]
async fn garbage_in_a_server_function_is_a_malformed_request(pool: PgPool) {
    let site = Site::start_with(pool, &["--demo=true", "--rate-session-reads=10000"]).await;
    let mut admin = site.admin().await;
    let garbage = [
        "version=abc",
        "seq=",
        "seq=1.5",
        "seq=99999999999999999999",
        "id=%00",
        "id=%FF%FE",
        "query=1",
        "query[before]=x",
        "query[preview]=maybe",
        "query[delivery]=x",
        "query[a][b][c][d][e][f][g][h][i][j]=1",
        "request=1",
        "request[count]=many",
        "request[params]=1",
        "hold=x&how=y&idempotency_key=",
        "before[]=1",
        "before=%F0%28%8C%28",
        "]=[&[=]",
        "&&&=",
        "ids=quo_x,,%00",
        "currency[x]=1",
    ];
    let mut malformed = 0;
    for (name, is_posted, ..) in FUNCTIONS {
        for args in garbage {
            let told = call(&mut admin, name, is_posted, args).await;
            assert!(!told.status.is_server_error(), "{name} {args}: {} {}", told.status, told.text);
            malformed += usize::from(told.status == StatusCode::BAD_REQUEST);
        }
        // Another encoding than the function takes.
        let url = format!("{}/_fn/{name}", site.url);
        let request = site.client.post(url).header("content-type", "application/json").header("origin", &site.url);
        let told = admin.send(request.body("[1,2,3]")).await;
        assert!(told.status.is_client_error(), "{name}: {} {}", told.status, told.text);
    }
    let typed = [
        ("receipt", "seq=abc"),
        ("receipt", ""),
        ("price_change", "version=abc"),
        ("price_change", "version=99999999999"),
        ("history", "query[before]=x"),
        ("rehearsal", "version="),
        ("webhooks_page", "query[delivery]=x"),
    ];
    for (name, args) in typed {
        let told = call(&mut admin, name, false, args).await;
        assert_eq!(told.status, StatusCode::BAD_REQUEST, "{name} {args}: {}", told.text);
    }
    assert!(malformed > 20, "{malformed}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_form_is_shown_again_and_visited_at_the_address_of_its_page(pool: PgPool) {
    let site = Site::start(pool).await;
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
