//! Whose an account is, over HTTP: sign-up that tells nobody anything, machines that are known, the page of the own
//! sign-in, refused pages in the audit log.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use sqlx::PgPool;
use wallet::identity::{ServiceScope, SignUp, StaffRole};

use crate::support::{Browser, PASSWORD, Site, Told, location};

/// The newest link of a kind that was mailed to an address.
async fn mailed(site: &Site, to: &str, path: &str) -> Option<String> {
    site.work().await;
    let mails = server::mail::Folder::new(site.state.settings.mail_dir()).list().await.expect("mails");
    let word = mails
        .iter()
        .filter(|mail| mail.to == to)
        .find_map(|mail| mail.text.split_whitespace().find(|word| word.contains(path)).map(str::to_owned));
    word.and_then(|link| link.split("token=").nth(1).map(str::to_owned))
}

fn device(browser: &Browser<'_>) -> Option<String> {
    browser.cookies.get("scrip-device").cloned()
}

/// What a page says, without what differs from request to request.
fn said(told: &Told, email: &str) -> String {
    let text = told.text.replace(email, "EMAIL");
    let body = text.split("<main").nth(1).unwrap_or_default();
    body.split("</main>").next().unwrap_or_default().to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_up_and_forgetting_tell_nobody_who_exists(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("taken").await;
    for (path, name) in [("/sign-up", "Anna"), ("/forgot", "")] {
        let mut answers = Vec::new();
        for email in ["taken@example.com", "free@example.com"] {
            let mut browser = site.browser();
            let began = Instant::now();
            let told = browser.post(path, &[("email", email), ("password", PASSWORD), ("name", name)]).await;
            assert!(began.elapsed() >= Duration::from_millis(400), "{path}: answered in the time that it took");
            assert_eq!(told.status, StatusCode::OK, "{path} {email}: {}", told.text);
            let names: Vec<String> = browser.cookies.keys().cloned().collect();
            answers.push((said(&told, email), names));
        }
        assert_eq!(answers[0], answers[1], "{path}");
        assert!(!answers[0].0.is_empty());
    }
    assert!(mailed(&site, "free@example.com", "/verify-email?token=").await.is_some());
    assert!(mailed(&site, "taken@example.com", "/verify-email?token=").await.is_none());
    let mails = server::mail::Folder::new(site.state.settings.mail_dir()).list().await.expect("mails");
    assert!(
        mails.iter().any(|mail| mail.to == "taken@example.com" && mail.subject.contains("already")),
        "told by mail"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_registers_somebody_elses_address_gains_nothing(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let (mut thief, mut owner) = (site.browser(), site.browser());
    thief.post("/sign-up", &[("email", "owner@example.com"), ("password", PASSWORD), ("name", "Owner")]).await;
    let told = thief.post("/sign-in", &[("email", "owner@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "before the link was opened");
    assert!(told.text.contains("or the address is not confirmed yet"), "{}", told.text);
    // A session of an older version, that let in whoever had signed up.
    sqlx::query("UPDATE users SET verified_at = now()").execute(&pool).await.expect("let in");
    thief.sign_in("owner").await;
    sqlx::query("UPDATE users SET verified_at = NULL").execute(&pool).await.expect("not proven");
    assert_eq!(thief.open("/wallet").await.status, StatusCode::OK);
    let form = "0123456789abcdef".repeat(4);
    let key = thief
        .post("/developers/keys", &[("name", "CI"), ("environment", "production"), ("idempotency_key", &form)])
        .await;
    assert_eq!(key.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(key.text.contains("Confirm your email address first"), "{}", key.text);
    let hook = [
        ("url", "https://hooks.example.com/in"),
        ("description", "x"),
        ("events", "ledger.entry.created"),
        ("idempotency_key", form.as_str()),
    ];
    let hook = thief.post("/developers/webhooks", &hook).await;
    assert!(
        hook.status == StatusCode::UNPROCESSABLE_ENTITY && hook.text.contains("Confirm your email"),
        "{}",
        hook.text
    );

    // The owner follows the link of a mail that nobody has asked for.
    let token = mailed(&site, "owner@example.com", "/verify-email?token=").await.expect("a link");
    assert_eq!(owner.open(&format!("/verify-email?token={token}")).await.status, StatusCode::OK);
    let asked = owner.post("/verify-email", &[("token", &token)]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.text.contains(r#"name="password""#) && asked.text.contains("/forgot"), "{}", asked.text);
    owner.post("/forgot", &[("email", "owner@example.com")]).await;
    let token = mailed(&site, "owner@example.com", "/reset?token=").await.expect("a link");
    let page = owner.open(&format!("/reset?token={token}")).await;
    assert!(page.text.contains("ends all sessions, API keys and webhooks"), "{}", page.text);
    let told = owner.post("/reset", &[("token", &token), ("password", "another horse battery")]).await;
    assert_eq!(location(&told), "/wallet?password=new");
    let page = owner.open("/wallet?password=new").await;
    assert!(page.text.contains("earlier sessions, API keys and webhooks have ended"), "{}", page.text);
    assert_eq!(thief.open("/wallet").await.status, StatusCode::SEE_OTHER, "signed out");
    let again = thief.post("/sign-in", &[("email", "owner@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let viewer = site.wallet().identity().authenticate("owner@example.com", "another horse battery", None).await;
    assert!(viewer.expect("the owner").email_verified, "who opens the link of a reset has the mailbox");
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_in_after_signing_up_tells_nobody_who_exists(pool: PgPool) {
    let site = Site::start(pool).await;
    let other = SignUp {
        email: "taken@example.com".to_owned(),
        password: "another horse battery".to_owned(),
        name: "Anna".to_owned(),
        locale: "en".to_owned(),
        ..SignUp::default()
    };
    site.wallet().identity().create_proven(other).await.expect("a person");
    let mut answers = Vec::new();
    for email in ["taken@example.com", "free@example.com"] {
        let mut browser = site.browser();
        browser.post("/sign-up", &[("email", email), ("password", PASSWORD), ("name", "Anna")]).await;
        let mut heard = Vec::new();
        for password in [PASSWORD, "wrong horse", PASSWORD] {
            let told = browser.post("/sign-in", &[("email", email), ("password", password)]).await;
            let names: Vec<String> = browser.cookies.keys().cloned().collect();
            heard.push((told.status, said(&told, email), names));
        }
        assert_eq!(heard[0].0, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        assert_eq!(browser.open("/wallet").await.status, StatusCode::SEE_OTHER, "{email}");
        answers.push(heard);
    }
    assert_eq!(answers[0], answers[1]);
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_up_at_a_known_machine_leaves_it_known(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("anna").await;
    let mut browser = site.browser();
    browser.sign_in("anna").await;
    browser.post("/sign-out", &[]).await;
    for email in ["anna@example.com", "friend@example.com"] {
        let told = browser.post("/sign-up", &[("email", email), ("password", PASSWORD), ("name", "A")]).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    }
    let visit = wallet::identity::Visit { device: device(&browser), ..Default::default() };
    for _ in 0..15 {
        site.wallet().identity().sign_in("anna@example.com", "wrong horse", &visit).await.expect_err("wrong");
    }
    browser.sign_in("anna").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn every_way_in_is_in_the_log(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let fields = [("email", "mira@example.com"), ("password", PASSWORD), ("name", "Mira")];
    let mut here = site.browser();
    here.post("/sign-up", &fields).await;
    let link = mailed(&site, "mira@example.com", "/verify-email?token=").await.expect("a link");
    let mut ways = Vec::new();
    let count = async || {
        let rows = site.wallet().identity().audit_log(None, 200).await.expect("listed").rows;
        rows.iter().filter(|row| row.action == "sign_in.succeeded").count()
    };
    let told = here.post("/verify-email", &[("token", &link)]).await;
    assert_eq!(location(&told), "/wallet?verified=1");
    ways.push(count().await);
    here.sign_in("mira").await;
    ways.push(count().await);
    // The link again, elsewhere, with the password: the address is proven already.
    let told = site.browser().post("/verify-email", &[("token", &link), ("password", PASSWORD)]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    ways.push(count().await);
    let mut elsewhere = site.browser();
    elsewhere.post("/forgot", &[("email", "mira@example.com")]).await;
    let token = mailed(&site, "mira@example.com", "/reset?token=").await.expect("a link");
    let told = elsewhere.post("/reset", &[("token", &token), ("password", "another horse battery")]).await;
    assert_eq!(location(&told), "/wallet?password=new");
    ways.push(count().await);
    assert_eq!(ways, [1, 2, 3, 4]);
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_signs_up_to_see_a_page_sees_it_after_the_proof(pool: PgPool) {
    let site = Site::start(pool).await;
    for (next, seen) in
        [("/wallet/top-up?package=light", "/wallet/top-up?package=light"), ("//evil.example", "/wallet")]
    {
        let email = format!("person{}@example.com", next.len());
        let mut browser = site.browser();
        browser.post("/sign-up", &[("email", &email), ("password", PASSWORD), ("name", "P"), ("next", next)]).await;
        let token = mailed(&site, &email, "/verify-email?token=").await.expect("a link");
        let told = browser.post("/verify-email", &[("token", &token)]).await;
        assert_eq!(location(&told), seen);
        assert!(browser.cookies.get("scrip-next").is_some_and(String::is_empty), "forgotten");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_owner_comes_in_whatever_strangers_try(pool: PgPool) {
    let site = Site::start_with(pool, &["--trusted-proxies", "127.0.0.1"]).await;
    site.person("anna").await;
    let mut own = site.browser();
    let told = own.post("/sign-in", &[("email", "anna@example.com"), ("password", PASSWORD)]).await;
    let cookies: Vec<&str> =
        told.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect();
    let cookie = cookies.iter().find(|cookie| cookie.starts_with("scrip-device=")).expect("a cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=34560000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let mut alone = site.browser();
    alone.cookies.insert("scrip-device".to_owned(), device(&own).expect("a cookie"));
    assert_eq!(alone.open("/wallet").await.status, StatusCode::SEE_OTHER, "it opens nothing");

    let guess = async |machine: u8, cookies: Option<String>, password: &str| {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("email", "anna@example.com"), ("password", password)])
            .finish();
        let request = site
            .client
            .post(format!("{}/sign-in", site.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", &site.url)
            .header("x-forwarded-for", format!("198.51.100.{machine}"))
            .header("cookie", cookies.map(|token| format!("scrip-device={token}")).unwrap_or_default())
            .body(body);
        Told::of(request.send().await.expect("an answer")).await
    };
    let mut waits = None;
    for _ in 0..8 {
        for machine in 1..=24 {
            let told = guess(machine, None, "wrong horse").await;
            if told.status == StatusCode::TOO_MANY_REQUESTS {
                waits = Some(told.header("retry-after").to_owned());
            }
        }
    }
    let seconds: u32 = waits.expect("some have to wait").parse().expect("seconds");
    assert!(seconds >= 1);
    let told = guess(1, device(&own), PASSWORD).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "from her own machine: {}", told.text);
    let told = guess(77, None, PASSWORD).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "from a machine that is new: {}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_looks_after_the_own_sign_in(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("mira").await;
    let (mut here, mut there) = (site.browser(), site.browser());
    here.sign_in("mira").await;
    there.sign_in("mira").await;
    let page = here.open("/settings/security").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    for words in ["Security", "This device", "End all other sessions", "Signed in", "127.0.0.1"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert_eq!(site.browser().open("/settings/security").await.status, StatusCode::SEE_OTHER);
    // One by its name.
    let mut names = page.text.split("/settings/security/sessions/").filter_map(|rest| rest.get(..36));
    let id = names.find(|name| name.parse::<uuid::Uuid>().is_ok()).expect("another session").to_owned();
    let told = here.post(&format!("/settings/security/sessions/{id}/end"), &[]).await;
    assert_eq!(location(&told), "/settings/security?done=session");
    assert_eq!(there.open("/wallet").await.status, StatusCode::SEE_OTHER, "ended");
    there.sign_in("mira").await;
    let told = here.post("/settings/security/sessions/end", &[]).await;
    assert_eq!(location(&told), "/settings/security?done=sessions");
    assert_eq!(there.open("/wallet").await.status, StatusCode::SEE_OTHER, "ended");

    there.sign_in("mira").await;
    let wrong = [("current_password", "wrong horse"), ("new_password", "another horse battery")];
    let told = here.post("/settings/security/password", &wrong).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.text.contains("This is not your current password.") && !told.text.contains("horse"), "{}", told.text);
    let weak = [("current_password", PASSWORD), ("new_password", "mira@example.com")];
    let told = here.post("/settings/security/password", &weak).await;
    assert!(told.status == StatusCode::UNPROCESSABLE_ENTITY && told.text.contains("easy to guess"), "{}", told.text);
    let before = here.cookies.get("scrip").cloned();
    let right = [("current_password", PASSWORD), ("new_password", "another horse battery")];
    let told = here.post("/settings/security/password", &right).await;
    assert_eq!(location(&told), "/settings/security?done=password", "{}", told.text);
    assert_ne!(here.cookies.get("scrip").cloned(), before, "a new session");
    let page = here.open("/settings/security?done=password").await;
    assert!(page.text.contains("Password changed."), "{}", page.text);
    assert_eq!(there.open("/wallet").await.status, StatusCode::SEE_OTHER, "ended");

    let link = [("current_password", "another horse battery"), ("name", "see evil.com/x")];
    let told = here.post("/settings/security/name", &link).await;
    assert!(told.status == StatusCode::UNPROCESSABLE_ENTITY && told.text.contains("Remove links"), "{}", told.text);
    let name = [("current_password", "another horse battery"), ("name", "Mira S.")];
    let told = here.post("/settings/security/name", &name).await;
    assert_eq!(location(&told), "/settings/security?done=name", "{}", told.text);
    assert!(here.open("/settings/security").await.text.contains("Mira S., mira@example.com"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_page_of_the_staff_is_in_the_log_in_words(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("curious").await;
    let mut browser = site.browser();
    browser.sign_in("curious").await;
    assert_eq!(browser.open("/admin/tariffs").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.open("/nothing/here").await.status, StatusCode::NOT_FOUND);
    let mut admin = site.admin().await;
    let page = admin.open("/admin/audit").await.text;
    for words in ["Access denied", "path /admin/tariffs", "Signed in", "Confirmed the email address"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(page.matches("Access denied").count(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn whatever_is_refused_for_lack_of_a_right_is_in_the_log(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let (user, _) = site.person("curious").await;
    sqlx::query("UPDATE members SET role = 'viewer'").execute(&pool).await.expect("changed");
    let program = site.program_with("limited", 50, &["balance:read"]).await;
    let platform = site.platform_with("reader", &[ServiceScope::KeysRead]).await;
    let helper = SignUp {
        email: "helper@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        name: "Helper".to_owned(),
        locale: "en".to_owned(),
        ..SignUp::default()
    };
    let helper = site.wallet().identity().create_staff(helper, StaffRole::Support).await.expect("staff");
    let (mut curious, mut support) = (site.browser(), site.browser());
    curious.sign_in("curious").await;
    support.sign_in("helper").await;

    assert_eq!(curious.open("/admin/tariffs").await.status, StatusCode::NOT_FOUND);
    assert_eq!(curious.open("/admin/audit").await.status, StatusCode::NOT_FOUND);
    let form = site.wallet().identity().form_secret();
    let key = [("name", "CI"), ("environment", "production"), ("idempotency_key", form.as_str())];
    assert_eq!(curious.post("/developers/keys", &key).await.status, StatusCode::FORBIDDEN);
    assert_eq!(support.open("/admin/tariffs/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(support.open("/admin/tariffs/1/prices.csv").await.status, StatusCode::NOT_FOUND);
    let charge = serde_json::json!({ "operation": "gpt-5" });
    assert_eq!(program.post("/charges", "k", &charge).await.status, StatusCode::FORBIDDEN);
    let charge = serde_json::json!({ "operation": "gpt-5", "on_behalf_of": program.key });
    assert_eq!(platform.post("/service/charges", "k", &charge).await.status, StatusCode::FORBIDDEN);
    // No refusal for lack of a right.
    assert_eq!(curious.open("/wallet/orders/pay_0").await.status, StatusCode::NOT_FOUND);
    assert_eq!(program.get("/nothing").await.status, StatusCode::NOT_FOUND);

    let rows = site.wallet().identity().audit_log(None, 200).await.expect("listed").rows;
    let mut refused: Vec<(String, String)> = rows
        .into_iter()
        .filter(|row| row.action == "access.refused")
        .map(|row| (row.subject, row.after["path"].as_str().unwrap_or_default().to_owned()))
        .collect();
    refused.sort();
    let subjects = [format!("user {}", user.id), format!("user {}", helper.id)];
    let of = |subject: &str| -> Vec<&str> {
        refused.iter().filter(|(named, _)| named == subject).map(|(_, path)| path.as_str()).collect()
    };
    assert_eq!(of(&subjects[0]), ["/admin/audit", "/admin/tariffs", "POST /developers/keys"]);
    assert_eq!(of(&subjects[1]), ["/admin/tariffs/1", "/admin/tariffs/1/prices.csv"]);
    let keys: Vec<&str> = refused
        .iter()
        .filter(|(subject, _)| subject.starts_with("key ") || subject.starts_with("service key "))
        .map(|(_, path)| path.as_str())
        .collect();
    assert_eq!(keys, ["POST /charges", "POST /service/charges"]);
    assert_eq!(refused.len(), 7, "{refused:?}");
}
