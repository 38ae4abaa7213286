//! The price page of each preset: what it sells is there, and nothing that it doesn't.

use std::ops::ControlFlow;

use reqwest::StatusCode;
use sqlx::PgPool;
use wallet::identity::Actor;
use wallet::money::Credits;
use wallet::tariff::Flat;
use wallet::tariff::Rule;

use crate::support::Site;

/// The text of a page as a person reads it: without tags, with plain spaces.
pub fn text_of(html: &str) -> String {
    let (mut text, mut is_tag) = (String::new(), false);
    let body = html.split_once("<main").map_or(html, |(_, body)| body);
    let body = body.split_once("</main>").map_or(body, |(body, _)| body);
    // Between two texts of one sentence stands a comment.
    for letter in body.replace("<!>", "").chars() {
        match letter {
            '<' => {
                is_tag = true;
                text.push(' ');
            }
            '>' => is_tag = false,
            letter if !is_tag => text.push(letter),
            _ => {}
        }
    }
    let text = text.replace("&#x27;", "'").replace("&amp;", "&").replace("&quot;", "\"").replace('\u{a0}', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub async fn page(site: &Site, query: &str, language: &str) -> String {
    let request = site.client.get(format!("{}/pricing{query}", site.url));
    let request = request.header("accept", "text/html").header("accept-language", language);
    let told = site.browser().send(request).await;
    assert_eq!(told.status, StatusCode::OK, "{query}: {}", told.text);
    text_of(&told.text)
}

pub fn has(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "“{words}” is not in: {page}");
    }
}

fn lacks(page: &str, words: &[&str]) {
    for words in words {
        assert!(!page.contains(words), "“{words}” is in: {page}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn neuralbox_sells_plans_and_packages_in_roubles(pool: PgPool) {
    let site = Site::start(pool).await;
    let english = page(&site, "", "en").await;
    has(
        &english,
        &["Plans", "Packages", "₽890", "₽2.967 per token", "One time, no card", "A failed run costs nothing"],
    );
    has(&english, &["On Basic", "5–13", "₽14.83–38.57", "per 1,000 characters"]);
    lacks(&english, &["Add-ons", "Metered usage", "Custom pricing"]);
    let russian = page(&site, "?model=elevenlabs-v2", "ru").await;
    has(&russian, &["На тарифе Basic", "за 1 000 знаков", "1 000 знаков × 35 (за 1 000 знаков)"]);
    lacks(&russian, &["characters ×", "(per "]);
}

#[sqlx::test(migrations = "../migrations")]
async fn neuralinka_sells_any_amount_and_no_plan(pool: PgPool) {
    let site = Site::start_selling(pool, "neuralinka", &[]).await;
    let english = page(&site, "", "en").await;
    has(&english, &["Top up", "Any amount from 10 to 100,000 credits, bought once.", "₽3 per credit", "1–3"]);
    lacks(&english, &["Plans", "Packages", "A plan lowers the rate"]);
    has(&page(&site, "?cur=usd", "en").await, &["$0.035 per credit"]);
    let audio = page(&site, "?model=whisper", "ru").await;
    has(&audio, &["60 секунд × 1 (за 60 секунд)", "за минуту"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn aixplain_says_what_one_credit_does(pool: PgPool) {
    let site = Site::start_selling(pool, "aixplain", &[]).await;
    let english = page(&site, "?credits=1", "en").await;
    has(&english, &["Top up", "Any amount from 1 to 100,000 credits", "$1 per credit"]);
    has(
        &english,
        &["41 AWS Transcribe", "100,000 characters · Azure Translation", "62,500 characters · Google Text-to-Speech"],
    );
    has(&english, &["16,666 tokens · OpenAI GPT-4", "10 per 1,000,000 characters"]);
    lacks(&english, &["Plans", "Packages"]);
    for model in ["azure-translate", "aws-transcribe", "gpt-4", "google-tts", "speech-translation", "benchmark"] {
        let one = page(&site, &format!("?model={model}"), "en").await;
        lacks(&one, &["must be", "Give characters", "Give seconds", "Give tokens", "is required"]);
    }
    let cleared = page(&site, "?model=gpt-4&count=1&p.tokens=", "en").await;
    has(&cleared, &["Give tokens: a whole number"]);
    has(&page(&site, "?model=gpt-4", "ru").await, &["1 000 000 токенов × 60 (за 1 000 000 токенов)"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn neural_draft_tells_its_rates_apart_and_its_gates_by_name(pool: PgPool) {
    let site = Site::start_selling(pool, "neuraldraft", &[]).await;
    let english = page(&site, "", "en").await;
    has(&english, &["$0.005 per credit", "$0.00476 per credit", "$0.00399 per credit", "5% off", "20% off"]);
    has(&english, &["Every month, no card", "premium: Build and up", "Custom pricing", "Metered usage", "Storage"]);
    has(&english, &["Storage 1 GB Hobby: 5 GB, Build: 20 GB, Scale: 100 GB", "Custom domains 1 Build: 3, Scale: 10"]);
    lacks(&english, &["coming soon"]);
    has(&english, &["an error caused by your input is charged once"]);
    has(&english, &["250 Chat message", "5–50 Social post", "7 Image generation", "4 Blog post", "up to 6 Video clip"]);
    has(&english, &["1 Website generation", "On Hobby", "$0.01 ", "$0.005 "]);
    lacks(&english, &["One time, no card", "A failed run costs nothing", "Add-ons"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn monthly_credits_sells_by_the_year_and_add_ons(pool: PgPool) {
    let site = Site::start_selling(pool, "monthly-credits", &[]).await;
    let monthly = page(&site, "", "en").await;
    has(&monthly, &["$10 / month", "Every month, no card", "Add-ons", "Voice cloning", "300 credits a month"]);
    has(&monthly, &["Any amount from 100 to 1,000,000 credits", "$0.01 per credit"]);
    lacks(&monthly, &["Custom pricing", "Packages", "One time, no card", "Metered usage"]);
    let yearly = page(&site, "?billing=y", "en").await;
    has(&yearly, &["$100 / year", "$0.00833 per credit", "$0"]);
    lacks(&yearly, &["Custom pricing", "$10 / month"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_announced_price_stands_in_its_row_with_its_day(pool: PgPool) {
    let site = Site::start(pool).await;
    let (tariffs, staff) = (site.wallet().tariffs(), Actor::system("test"));
    let before = page(&site, "?q=gpt-5.2", "en").await;
    let draft = tariffs.create_draft(&staff).await.expect("a draft");
    let rule = Rule::Flat(Flat { credits: Credits::from_whole(41).expect("fits") });
    let draft = tariffs.set_rule(&staff, draft.version, draft.revision, "gpt-5.2-pro", rule).await.expect("changed");
    let draft = tariffs.remove(&staff, draft.version, draft.revision, "gpt-5.2").await.expect("removed");
    tariffs.ask_simulation(&staff, draft.version).await.expect("asked");
    assert_eq!(tariffs.run_simulations(|_| ControlFlow::Continue(())).await.expect("run"), 1);
    let day = tariffs.first_rise().await.expect("a day") + chrono::TimeDelta::days(1);
    tariffs.publish(&staff, draft.version, draft.revision, Some(day)).await.expect("announced");
    let after = page(&site, "?q=gpt-5.2", "en").await;
    let date = day.format("%-d %b").to_string();
    let (rise, end) = (format!("39 from {date}: 41"), format!("4 until {date}"));
    has(&after, &[&rise, &end]);
    lacks(&before, &[&date]);
    has(&page(&site, "?q=gpt-5.2", "ru").await, &["39 с ", ": 41"]);
}
