//! A year on a plan that began on the last day of January, with the provider's clock and ours moved together.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wallet::catalog::{Interval, Preset};
use wallet::ledger::{EntryFilter, EntryKind, Page};
use wallet::money::Currency;

use super::doubles::By;
use super::till::Till;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// The days on which a plan's months were granted, from the one that was bought.
async fn months(till: &Till) -> Vec<String> {
    let filter = EntryFilter { kinds: vec![EntryKind::Grant], ..EntryFilter::default() };
    let page = Page { before: None, limit: 200 };
    let rows = till.wallet.ledger().entries(till.viewer.wallet, &filter, page).await.expect("rows").entries;
    let months = rows.into_iter().rev().filter(|row| row.category.as_deref() == Some("allowance"));
    months.map(|row| row.created_at.format("%Y-%m-%d %H:%M").to_string()).collect()
}

async fn charged(till: &Till, by: By) -> Vec<String> {
    till.doubles.taken(by).await.iter().map(|taken| taken.at.format("%Y-%m-%d %H:%M").to_string()).collect()
}

fn neuralbox() -> Preset {
    Preset::by_name("neuralbox").expect("a preset")
}

async fn lives_a_year(pool: &PgPool, by: By, begins: &str, february: &str) {
    let begun = at(begins);
    let till = Till::open_at(pool, begun, &neuralbox()).await;
    till.subscribe(by, by.good()).await;
    let report = till.live_until(begun + TimeDelta::days(363)).await;
    assert_eq!((report.paid, report.declined, report.failed), (11, 0, 0), "two schedulers, one charge each");
    let year = begins.get(..4).expect("a year");
    let days =
        ["01-31", february, "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31"];
    let days: Vec<String> = days.iter().map(|day| format!("{year}-{day} 10:00")).collect();
    assert_eq!(charged(&till, by).await, days, "charges");
    assert_eq!(months(&till).await, days, "grants");
    assert_eq!(till.settled().await, "350", "each month ends with its day; the gift stays");
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_year_at_stripe_keeps_the_last_day_of_each_month(pool: PgPool) {
    lives_a_year(&pool, By::Stripe, "2027-01-31T10:00:00Z", "02-28").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_leap_year_at_yookassa_keeps_the_last_day_of_each_month(pool: PgPool) {
    lives_a_year(&pool, By::YooKassa, "2028-01-31T10:00:00Z", "02-29").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_year_that_was_paid_at_once_is_twelve_months_and_one_charge(pool: PgPool) {
    let source = Preset::source_of("monthly-credits").expect("a preset");
    let source = source.replace("billing_dates = \"calendar_month\"", "billing_dates = \"anniversary\"");
    let (preset, _) = Preset::parse(&source).expect("a preset");
    let begun = at("2027-01-31T10:00:00Z");
    let till = Till::open_at(&pool, begun, &preset).await;
    till.subscribe_to(By::Stripe, ("standard", Interval::Year, Currency::USD), By::Stripe.good()).await;
    let report = till.live_until(at("2028-01-30T10:00:00Z")).await;
    assert_eq!((report.granted, report.paid, report.failed), (11, 0, 0));
    let days = ["02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31"];
    let days: Vec<String> = days.iter().map(|day| format!("2027-{day} 10:00")).collect();
    // The first two are the free plan's and the first of the year.
    assert_eq!(months(&till).await[2..], days);
    let taken = till.doubles.taken(By::Stripe).await;
    assert_eq!(taken.iter().map(|taken| taken.amount.as_str()).collect::<Vec<_>>(), ["10000 usd"]);
    till.is_right().await;

    assert_eq!(till.live_until(at("2028-01-31T10:00:00Z")).await.paid, 1, "the second year");
    assert_eq!(charged(&till, By::Stripe).await, ["2027-01-31 10:00", "2028-01-31 10:00"]);
    till.is_right().await;
}
