//! What every preset shows of its prices: all digits that they need, and nothing as to be had that can't be had yet.

use reqwest::StatusCode;
use sqlx::PgPool;
use wallet::money::Credits;

use crate::pricing::{has, page, text_of};
use crate::support::Site;

/// Writes an amount as English pages do, with every decimal.
fn exact(amount: Credits) -> String {
    let text = amount.to_string();
    let (whole, part) =
        text.split_once('.').map_or((text.as_str(), String::new()), |(whole, part)| (whole, format!(".{part}")));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &part
}

async fn shows_what_it_sells(pool: PgPool, preset: &str) {
    let site = Site::start_selling(pool, preset, &[]).await;
    let book = site.wallet().tariffs().active().await.expect("a book");
    let catalog = site.wallet().catalog().view().await.expect("a catalog");
    for tariff in &book.tariffs {
        let range = tariff.rule.range();
        let shown = page(&site, &format!("?model={}", tariff.operation), "en").await;
        has(&shown, &[&exact(range.min), &exact(range.max)]);
    }
    let english = page(&site, "", "en").await;
    let russian = page(&site, "", "ru").await;
    if !catalog.add_ons.is_empty() {
        has(&english, &["Add-ons", "Manage add-ons"]);
        has(&russian, &["Дополнения", "Управлять дополнениями"]);
    }
    if !catalog.metered.is_empty() {
        has(&english, &["Metered usage", "See your usage"]);
        has(&russian, &["Оплата по использованию", "Открыть использование"]);
    }
    site.person("buyer").await;
    let mut browser = site.browser();
    browser.sign_in("buyer").await;
    let top_up = browser.open("/wallet/top-up").await;
    assert_eq!(top_up.status, StatusCode::OK);
    let shown = text_of(&top_up.text);
    let currency = catalog.settings.currencies[0];
    for package in catalog.packages.iter().filter(|_| catalog.settings.top_up.packages) {
        if let Some(rate) = package.rate(currency) {
            has(&shown, &[&rate.fine()]);
        }
    }
    let program = site.program("program", 10).await;
    let add_ons = program.get("/add-ons").await.json();
    let add_ons = add_ons["add_ons"].as_array().expect("a list");
    assert_eq!(add_ons.len(), catalog.add_ons.len());
    let is_off = |add_on: &serde_json::Value| add_on["available"] == true && add_on["wallet"]["state"] == "off";
    assert!(add_ons.iter().all(is_off), "{add_ons:?}");
    let metered = program.get("/metered").await.json();
    let items = metered["metered"].as_array().expect("a list");
    assert_eq!(items.len(), catalog.metered.len());
    let is_unmeasured = |item: &serde_json::Value| item["available"] == true && item["wallet"]["value"].is_null();
    assert!(items.iter().all(is_unmeasured), "{items:?}");
    assert_eq!(metered["month"].is_null(), items.is_empty());
}

macro_rules! presets {
    ($($test:ident $preset:literal),*) => {$(
        #[sqlx::test(migrations = "../migrations")]
        async fn $test(pool: PgPool) {
            shows_what_it_sells(pool, $preset).await;
        }
    )*};
}

presets!(
    neuralbox_shows_every_digit "neuralbox",
    neuralinka_shows_every_digit "neuralinka",
    aixplain_shows_every_digit "aixplain",
    neuraldraft_shows_every_digit "neuraldraft",
    monthly_credits_show_every_digit "monthly-credits"
);
