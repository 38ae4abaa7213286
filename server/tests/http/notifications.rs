//! The page of notifications, and the links in mails that switch some off.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::notify::{Mail, Topic};

use crate::pricing::text_of;
use crate::support::{Program, Site, location};

const PAGE: &str = "/settings/notifications";

/// The token of the newest mail about credits that is due.
async fn token(site: &Site) -> String {
    site.wallet().tell_of_balances().await.expect("looked");
    for id in site.wallet().notify().due_mails(100).await.expect("a list") {
        let queued = site.wallet().notify().take_mail(id).await.expect("taken");
        if let Some(Mail::Balance(mail)) = queued.map(|queued| queued.mail) {
            return mail.unsubscribe;
        }
    }
    panic!("nobody was told");
}

async fn wanted(site: &Site, program: &Program<'_>) -> Vec<Topic> {
    site.wallet().notify().alert_settings(&program.viewer).await.expect("read").wanted
}

#[sqlx::test(migrations = "../migrations")]
async fn an_owner_sets_a_threshold_and_chooses_mails(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("mira", 1_000).await;
    let mut browser = site.browser();
    browser.sign_in("mira").await;
    let page = browser.open(PAGE).await;
    let text = text_of(&page.text);
    for words in [
        "Sent to mira@example.com.",
        "less than 20%",
        "Available now: 1,000",
        "cannot be turned off",
        "Refunds and disputes",
    ] {
        assert!(text.contains(words), "no “{words}” in {text}");
    }
    assert_eq!(page.text.matches("name=\"mails\"").count(), Topic::ALL.len());
    assert_eq!(page.text.matches(" checked").count(), Topic::ALL.len() - 1, "one is off by default");

    let fields = [("low_below", "12 480,5"), ("mails", "empty"), ("mails", "expiring")];
    let saved = browser.post(PAGE, &fields).await;
    assert_eq!(
        (saved.status, location(&saved).as_str()),
        (StatusCode::SEE_OTHER, "/settings/notifications?done=saved")
    );
    let page = browser.open("/settings/notifications?done=saved").await;
    assert!(page.text.contains("Notifications saved.") && page.text.contains("value=\"12480.5\""), "{}", page.text);
    assert_eq!(wanted(&site, &program).await, [Topic::Empty, Topic::Expiring]);
    // As it is shown, it can be saved again.
    let again = browser.post(PAGE, &[("low_below", "12480.5"), ("mails", "empty"), ("mails", "expiring")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.text);

    for (typed, words) in [
        ("0", "more than zero"),
        ("-5", "more than zero"),
        ("999999999999999999999", "too large"),
        ("2000000000", "At most 1000000000."),
        ("much", "Enter a number"),
        ("1,000", "two ways"),
    ] {
        let refused = browser.post(PAGE, &[("low_below", typed), ("mails", "empty")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        let text = text_of(&refused.text);
        assert!(text.contains(words) && refused.text.contains(&format!("value=\"{typed}\"")), "{typed}: {text}");
    }
    assert_eq!(browser.post(PAGE, &[("mails", "receipt")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wanted(&site, &program).await, [Topic::Empty, Topic::Expiring], "what was refused changed nothing");
    // Nothing chosen, and no threshold any more.
    assert_eq!(browser.post(PAGE, &[("low_below", "")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(wanted(&site, &program).await, []);

    browser.post("/settings/locale", &[("locale", "ru")]).await;
    let text = text_of(&browser.open(PAGE).await.text);
    assert!(text.contains("Необязательные письма") && text.contains("Отключить их нельзя"), "{text}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mailed_link_switches_its_mails_off_without_a_sign_in(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("mira", 1_000).await;
    for key in ["a", "b", "c", "d", "e"] {
        let charged = program.post("/charges", key, &json!({ "operation": "gpt-5", "count": 90 })).await;
        assert_eq!(charged.status, StatusCode::CREATED, "{}", charged.text);
    }
    let token = token(&site).await;
    let link = format!("/unsubscribe?token={token}");
    let mut browser = site.browser();
    // Programs that scan mails follow links: nothing happens.
    let page = browser.open(&link).await;
    assert!(
        page.status == StatusCode::OK && page.text.contains("Stop emails on this topic: Low balance."),
        "{}",
        page.text
    );
    assert!(wanted(&site, &program).await.contains(&Topic::LowBalance));
    let done = browser.post("/unsubscribe", &[("token", &token)]).await;
    assert!(
        done.status == StatusCode::OK && done.text.contains("You will get no more emails on this topic"),
        "{}",
        done.text
    );
    let left = wanted(&site, &program).await;
    assert!(!left.contains(&Topic::LowBalance) && left.contains(&Topic::Empty));

    // A mail program's one click (RFC 8058): a post to the link itself, without cookies or a page.
    let request = site.client.post(format!("{}{link}", site.url));
    let form = request.header("content-type", "application/x-www-form-urlencoded").body("List-Unsubscribe=One-Click");
    assert_eq!(form.send().await.expect("an answer").status(), StatusCode::OK);

    // Altered: the same page for each, and nothing is done.
    for wrong in [token.replace("low_balance", "empty"), format!("{token}0"), "nonsense".to_owned(), String::new()] {
        let page = browser.open(&format!("/unsubscribe?token={wrong}")).await;
        assert!(page.text.contains("This link is not valid."), "{}", page.text);
        let refused = browser.post("/unsubscribe", &[("token", &wrong)]).await;
        assert!(
            refused.status.is_client_error() && refused.text.contains("This link is not valid."),
            "{}",
            refused.text
        );
    }
    assert_eq!(wanted(&site, &program).await, left);
}
