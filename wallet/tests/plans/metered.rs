//! Metered items: what was measured is summed by the second, and each month is charged once, as far as it can be.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wallet::error::{Problem, Refusal, Result};
use wallet::idempotency::{IdempotencyKey, RequestHash};
use wallet::identity::{Actor, Viewer};
use wallet::ledger::{EntryKind, EntryView, Receipt};
use wallet::metered::{MeteredItemView, MeteredView, NewGauge, Quantity};
use wallet::money::Credits;
use wallet::notify::{Mail, MeteredMail};
use wallet::{MonthsClosed, Wallet};

use crate::add_ons::give;
use crate::people_support::*;
use crate::support::*;

/// 20 credits a GB, 1 included with no plan.
pub const STORAGE: &str = "storage";
/// 200 credits each, 3 included.
pub const ACCOUNTS: &str = "connected-account";
/// 400 credits each, 1 included.
pub const DOMAINS: &str = "custom-domain";

pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// The end of the month in which the tests begin, in UTC.
pub fn october() -> DateTime<Utc> {
    utc("2026-10-01T00:00:00Z")
}

/// When that month is closed.
pub fn closing() -> DateTime<Utc> {
    october() + TimeDelta::hours(1)
}

/// A gauge of a wallet, in thousandths.
pub fn gauge(viewer: &Viewer, item: &str, thousandths: i64, at: DateTime<Utc>) -> NewGauge {
    let value = Quantity::from_thousandths(thousandths);
    NewGauge { wallet: viewer.wallet, account: viewer.account, item: item.into(), value, at: Some(at) }
}

/// Sets a gauge under a key; says whether it was a repeat.
pub async fn set(wallet: &Wallet, new: &NewGauge, key: &str) -> Result<bool> {
    let key = IdempotencyKey::parse(key).expect("a key");
    let hash = RequestHash::of(format!("{new:?}").as_bytes());
    let answer = |at: DateTime<Utc>| Ok(at.to_rfc3339());
    Ok(wallet.metered().set_gauge(new, &Actor::system("test"), (&key, hash), answer).await?.1)
}

/// Sets a gauge under a key of its own.
pub async fn measure(wallet: &Wallet, viewer: &Viewer, item: &str, thousandths: i64, at: DateTime<Utc>) {
    let key = format!("{item}:{thousandths}:{}", at.timestamp_micros());
    assert!(!set(wallet, &gauge(viewer, item, thousandths, at), &key).await.expect("set"));
}

/// Looks at what is due, at an instant.
pub async fn close_at(wallet: &Wallet, at: DateTime<Utc>) -> MonthsClosed {
    wallet.clock().set(at);
    wallet.close_metered_months().await.expect("looked")
}

pub async fn charged(wallet: &Wallet, viewer: &Viewer) -> Vec<EntryView> {
    rows(wallet, viewer, EntryKind::Metered).await
}

pub async fn view(wallet: &Wallet, viewer: &Viewer) -> MeteredView {
    wallet.metered().view(viewer.wallet).await.expect("a view").expect("something is metered")
}

async fn receipt(wallet: &Wallet, entry: &EntryView) -> Receipt {
    let detail = wallet.ledger().entry(entry.wallet, entry.seq).await.expect("a row");
    detail.parts().into_iter().next().expect("a receipt").receipt
}

async fn item(wallet: &Wallet, viewer: &Viewer, code: &str) -> MeteredItemView {
    view(wallet, viewer).await.items.into_iter().find(|item| item.code == code).expect("offered")
}

/// What was summed of each item of a closed month, in thousandths × seconds.
pub async fn used(wallet: &Wallet, viewer: &Viewer, month: i32) -> Vec<(String, i64)> {
    let read = "SELECT item, used FROM metered_month_items WHERE wallet_id = $1 AND month = $2 ORDER BY item";
    let found = sqlx::query_as(read).bind(viewer.wallet.number).bind(month).fetch_all(wallet.pool()).await;
    found.expect("read")
}

fn carried(mails: Vec<Mail>) -> Vec<MeteredMail> {
    let of = |mail| match mail {
        Mail::MeteredCarried(mail) => Some(mail),
        _ => None,
    };
    mails.into_iter().filter_map(of).collect()
}

fn amount(text: &str) -> Credits {
    text.parse().expect("an amount")
}

/// Somebody in the Neural Draft catalog, on the plan that costs nothing, with so many credits more.
pub async fn owner_with(pool: &PgPool, whole: i64) -> (Wallet, Viewer) {
    let wallet = open_with(pool, "neuraldraft").await;
    let viewer = member(&wallet, ANNA).await;
    if whole > 0 {
        give(&wallet, &viewer, whole, "stock").await;
    }
    mails(&wallet, ANNA).await;
    (wallet, viewer)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_that_waits_to_be_closed_shows_what_is_measured_now(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 10_000).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, wallet.clock().now()).await;
    wallet.clock().set(october() + TimeDelta::minutes(10));
    let before = item(&wallet, &viewer, DOMAINS).await;
    measure(&wallet, &viewer, DOMAINS, 5_000, october() + TimeDelta::minutes(5)).await;
    let now = item(&wallet, &viewer, DOMAINS).await;
    assert_eq!(
        (before.value, now.value),
        (Some(Quantity::from_thousandths(2_000)), Some(Quantity::from_thousandths(5_000)))
    );
    assert_eq!((now.so_far, now.forecast), (before.so_far, before.forecast), "it counts for the next month");
    // Somebody of whom the first thing is measured in this hour.
    let other = member(&wallet, "boris@example.com").await;
    measure(&wallet, &other, DOMAINS, 3_000, october() + TimeDelta::minutes(10)).await;
    let first = item(&wallet, &other, DOMAINS).await;
    assert_eq!((first.value, first.forecast), (Some(Quantity::from_thousandths(3_000)), Credits::ZERO));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_is_summed_by_the_second_and_charged_once(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 10_000).await;
    let before = available(&wallet, viewer.wallet).await;
    let first = view(&wallet, &viewer).await;
    assert_eq!((first.starts_at, first.ends_at, first.closes_at), (utc("2026-09-01T00:00:00Z"), october(), closing()));
    assert!(first.items.iter().all(|item| item.value.is_none() && item.is_offered), "{first:?}");
    assert_eq!((first.so_far(), first.forecast()), (Credits::ZERO, Credits::ZERO));

    // 13 domains from the 25th on: six days of thirty, 12 above the one that is included for 30 days.
    measure(&wallet, &viewer, DOMAINS, 2_000, start()).await;
    wallet.clock().set(utc("2026-09-25T00:00:00Z"));
    measure(&wallet, &viewer, DOMAINS, 13_000, utc("2026-09-25T00:00:00Z")).await;
    let seconds = (utc("2026-09-25T00:00:00Z") - start()).num_seconds() * 2_000 + 6 * 86_400 * 13_000;
    // 18.4 GB for the last day: less than one GB all the month.
    wallet.clock().set(utc("2026-09-30T00:00:00.999Z"));
    measure(&wallet, &viewer, STORAGE, 18_400, utc("2026-09-30T00:00:00.999Z")).await;
    let domains = item(&wallet, &viewer, DOMAINS).await;
    assert_eq!((domains.value, domains.included), (Some(Quantity::from_thousandths(13_000)), 1));
    let above = i128::from(seconds - 30 * 86_400 * 1_000);
    let cents = (above * 40_000 + 30 * 86_400 * 1_000 - 1) / (30 * 86_400 * 1_000);
    let cost = Credits::from_micros(i64::try_from(cents).expect("fits") * 10_000);
    assert_eq!(domains.forecast, cost);
    assert!(domains.so_far < domains.forecast && domains.so_far.is_positive());
    assert_eq!(item(&wallet, &viewer, STORAGE).await.forecast, Credits::ZERO);

    assert!(close_at(&wallet, closing() - TimeDelta::seconds(1)).await.is_nothing(), "gauges may still come");
    let over = view(&wallet, &viewer).await;
    assert_eq!((over.now, over.so_far()), (october(), over.forecast()));
    for _ in 0..2 {
        let report = close_at(&wallet, closing()).await;
        assert!(report.closed <= 1 && report.failed == 0);
    }
    assert_eq!(used(&wallet, &viewer, 0).await, [(DOMAINS.to_owned(), seconds), (STORAGE.to_owned(), 18_400 * 86_400)]);
    let entries = charged(&wallet, &viewer).await;
    let [entry] = entries.as_slice() else { panic!("one, not {entries:?}") };
    assert_eq!((entry.amount.checked_neg(), entry.operation.as_deref()), (Some(cost), Some("metered")));
    assert_eq!(before.checked_sub(available(&wallet, viewer.wallet).await), Some(cost));
    let next = view(&wallet, &viewer).await;
    assert_eq!((next.starts_at, next.ends_at), (october(), utc("2026-11-01T00:00:00Z")));
    assert_eq!(item(&wallet, &viewer, DOMAINS).await.value, Some(Quantity::from_thousandths(13_000)), "it goes on");
    assert_eq!(carried(mails(&wallet, ANNA).await), []);
    is_right(&wallet).await;

    // The next month has 13 all the time.
    close_at(&wallet, utc("2026-11-01T01:00:00Z")).await;
    let entries = charged(&wallet, &viewer).await;
    // 12 domains of 400, and 17.4 GB of 20.
    assert_eq!(entries[1].amount, amount("-5148"));
    let lines = receipt(&wallet, &entries[1]).await.lines.into_iter();
    let parts: Vec<(String, String, Credits)> = lines.map(|line| (line.label, line.quantity, line.credits)).collect();
    let expected = [("Custom domains", "12", "4800"), ("Storage", "17.4 GB", "348")];
    assert_eq!(parts, expected.map(|(label, quantity, cost)| (label.into(), quantity.into(), amount(cost))));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn gauges_count_by_their_own_time_in_whatever_order_they_come(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 0).await;
    let other = member(&wallet, "boris@example.com").await;
    let at = |hours: i64| start() + TimeDelta::hours(hours);
    let all = [(0, 5_000), (7, 1_250), (30, 0), (31, 9_999), (100, 3_000)];
    wallet.clock().set(at(101));
    for (hours, value) in all {
        measure(&wallet, &viewer, ACCOUNTS, value, at(hours)).await;
    }
    for place in [3, 0, 4, 2, 1] {
        let (hours, value) = all[place];
        measure(&wallet, &other, ACCOUNTS, value, at(hours)).await;
    }
    // Of two of the same second the one that came later counts; a fraction of a second does not.
    measure(&wallet, &viewer, ACCOUNTS, 77_000, at(31) + TimeDelta::milliseconds(400)).await;
    measure(&wallet, &viewer, ACCOUNTS, 9_999, at(31) + TimeDelta::milliseconds(100)).await;
    assert_eq!(close_at(&wallet, closing()).await.closed, 2);
    let (mine, others) = (used(&wallet, &viewer, 0).await, used(&wallet, &other, 0).await);
    let rest = (october() - at(100)).num_seconds();
    let sum = 3_600 * (7 * 5_000 + 23 * 1_250 + 69 * 9_999) + rest * 3_000;
    assert_eq!((mine[0].1, others[0].1), (sum, sum));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_gauge_is_set_once_per_key(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 0).await;
    let new = gauge(&viewer, STORAGE, 5_000, start());
    assert!(!set(&wallet, &new, "k").await.expect("set"));
    assert!(set(&wallet, &new, "k").await.expect("told again"));
    let other = gauge(&viewer, STORAGE, 6_000, start());
    assert!(matches!(refusal(set(&wallet, &other, "k").await), Refusal::IdempotencyMismatch));
    let gauges = "SELECT count(*) FROM metered_gauges";
    assert_eq!(sqlx::query_scalar::<_, i64>(gauges).fetch_one(&pool).await.expect("read"), 1);
    // Also when its month is closed long since.
    close_at(&wallet, closing()).await;
    assert!(set(&wallet, &new, "k").await.expect("told again"));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_can_not_be_measured_is_refused_and_leaves_nothing(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 0).await;
    let at = start();
    let cases = [
        (gauge(&viewer, "telepathy", 1_000, at), "item", Problem::Unknown),
        (gauge(&viewer, STORAGE, -1, at), "value", Problem::TooSmall),
        (gauge(&viewer, STORAGE, i64::MIN, at), "value", Problem::TooSmall),
        (gauge(&viewer, STORAGE, 1_000_000_000_001, at), "value", Problem::TooLarge),
        (gauge(&viewer, STORAGE, i64::MAX, at), "value", Problem::TooLarge),
        (gauge(&viewer, STORAGE, 1_000, at + TimeDelta::seconds(61)), "at", Problem::NotAllowed),
        (gauge(&viewer, STORAGE, 1_000, DateTime::<Utc>::MAX_UTC), "at", Problem::NotAllowed),
        (gauge(&viewer, STORAGE, 1_000, DateTime::<Utc>::MIN_UTC), "at", Problem::NotAllowed),
        (gauge(&viewer, STORAGE, 1_000, utc("2026-08-31T23:59:59Z")), "at", Problem::NotAllowed),
    ];
    for (new, field, problem) in cases {
        let refused = problems(refusal(set(&wallet, &new, "k").await));
        assert_eq!(refused, [(field.to_owned(), problem)], "{new:?}");
    }
    let left = "SELECT (SELECT count(*) FROM metered_wallets) + (SELECT count(*) FROM metered_gauges)
                       + (SELECT count(*) FROM metered_terms)";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&pool).await.expect("read"), 0);
    // The key is still free; a clock that is a little ahead is no reason to refuse.
    set(&wallet, &gauge(&viewer, STORAGE, 1_000_000_000_000, at + TimeDelta::seconds(60)), "k").await.expect("set");
    measure(&wallet, &viewer, STORAGE, 0, at + TimeDelta::seconds(60)).await;
    measure(&wallet, &viewer, STORAGE, 1_000, utc("2026-09-01T00:00:00Z")).await;

    // In an hour's time a month's gauges may still come; then it is closed.
    wallet.clock().set(closing() - TimeDelta::seconds(1));
    measure(&wallet, &viewer, STORAGE, 2_000, october() - TimeDelta::seconds(1)).await;
    assert_eq!(close_at(&wallet, closing()).await.closed, 1);
    let late = gauge(&viewer, STORAGE, 3_000, october() - TimeDelta::seconds(1));
    assert_eq!(problems(refusal(set(&wallet, &late, "late").await)), [("at".to_owned(), Problem::NotAllowed)]);
    measure(&wallet, &viewer, STORAGE, 3_000, october()).await;
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_gauge_that_costs_more_than_can_be_charged_is_refused(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 0).await;
    let dear = "UPDATE metered_items SET monthly_credits = 1000000000000 WHERE code = 'storage';
                UPDATE catalog SET revision = revision + 1";
    sqlx::raw_sql(dear).execute(&pool).await.expect("set");
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    let most = gauge(&viewer, STORAGE, 1_000_000_000_000, start());
    assert_eq!(problems(refusal(set(&node, &most, "k").await)), [("value".to_owned(), Problem::TooLarge)]);
    set(&node, &gauge(&viewer, STORAGE, 1_000_000_000, start()), "k").await.expect("set");
    assert_eq!(close_at(&node, closing()).await, MonthsClosed { closed: 1, carried: 1, failed: 0 });
    is_right(&node).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_wallet_lacks_goes_over_to_the_next_month(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 0).await;
    measure(&wallet, &viewer, DOMAINS, 4_000, utc("2026-09-01T00:00:00Z")).await;
    assert_eq!(available(&wallet, viewer.wallet).await, credits(250), "the plan's month");
    // 3 above the included, 400 each: 1200.
    assert_eq!(close_at(&wallet, closing()).await, MonthsClosed { closed: 1, carried: 1, failed: 0 });
    assert_eq!(available(&wallet, viewer.wallet).await, Credits::ZERO);
    let told = carried(mails(&wallet, ANNA).await);
    let [mail] = told.as_slice() else { panic!("one mail, not {told:?}") };
    assert_eq!((mail.due, mail.charged, mail.carried), (credits(1_200), credits(250), credits(950)));
    assert_eq!((mail.from.to_string(), mail.to.to_string()), ("2026-09-01".to_owned(), "2026-09-30".to_owned()));
    let month = view(&wallet, &viewer).await;
    assert_eq!((month.carried, month.forecast()), (credits(950), credits(1_200)));
    let receipt = receipt(&wallet, &charged(&wallet, &viewer).await[0]).await;
    let sum = Credits::checked_sum(receipt.lines.iter().map(|line| line.credits));
    assert_eq!((sum, receipt.total), (Some(credits(250)), credits(250)));

    // Nothing is charged before the next month's end, whatever comes.
    measure(&wallet, &viewer, DOMAINS, 0, october()).await;
    give(&wallet, &viewer, 5_000, "gift").await;
    assert!(close_at(&wallet, utc("2026-10-20T00:00:00Z")).await.is_nothing());
    assert_eq!(close_at(&wallet, utc("2026-11-01T01:00:00Z")).await, MonthsClosed { closed: 1, ..Default::default() });
    let entries = charged(&wallet, &viewer).await;
    assert_eq!(entries[1].amount, credits(-950));
    assert_eq!(entries[1].metadata["carried_over"], "950");
    assert_eq!(view(&wallet, &viewer).await.carried, Credits::ZERO);
    assert_eq!(carried(mails(&wallet, ANNA).await), []);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_that_may_not_spend_is_charged_nothing_and_the_month_closes(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 5_000).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    sqlx::query("UPDATE wallets SET frozen = 'a test', version = version + 1").execute(&pool).await.expect("frozen");
    assert_eq!(close_at(&wallet, closing()).await, MonthsClosed { closed: 1, carried: 1, failed: 0 });
    assert_eq!(charged(&wallet, &viewer).await, []);
    assert_eq!(view(&wallet, &viewer).await.carried, credits(400));
    is_right(&wallet).await;
    sqlx::query("UPDATE wallets SET frozen = NULL, version = version + 1").execute(&pool).await.expect("thawed");
    assert_eq!(close_at(&wallet, utc("2026-11-01T01:00:00Z")).await.closed, 1);
    assert_eq!(charged(&wallet, &viewer).await[0].amount, credits(-800));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn months_in_which_no_job_ran_are_closed_one_by_one(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 50_000).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    assert_eq!(close_at(&wallet, utc("2027-03-15T00:00:00Z")).await.closed, 6);
    let entries = charged(&wallet, &viewer).await;
    assert!(entries.len() == 6 && entries.iter().all(|entry| entry.amount == credits(-400)), "{entries:?}");
    assert_eq!(view(&wallet, &viewer).await.starts_at, utc("2027-03-01T00:00:00Z"));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_is_the_calendars_where_its_account_is(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 10_000).await;
    wallet.identity().set_time_zone(&viewer, "Europe/Moscow").await.expect("set");
    measure(&wallet, &viewer, DOMAINS, 3_000, utc("2026-08-31T21:00:00Z")).await;
    let before = gauge(&viewer, DOMAINS, 3_000, utc("2026-08-31T20:59:59Z"));
    assert_eq!(problems(refusal(set(&wallet, &before, "before").await)), [("at".to_owned(), Problem::NotAllowed)]);
    assert!(close_at(&wallet, utc("2026-09-30T21:59:59Z")).await.is_nothing());
    assert_eq!(close_at(&wallet, utc("2026-09-30T22:00:00Z")).await.closed, 1);
    assert_eq!(charged(&wallet, &viewer).await[0].amount, credits(-800));
    // The account moves to UTC: the running month keeps its end, the next one ends there.
    wallet.identity().set_time_zone(&viewer, "UTC").await.expect("set");
    assert_eq!(view(&wallet, &viewer).await.ends_at, utc("2026-10-31T21:00:00Z"));
    assert_eq!(close_at(&wallet, utc("2026-10-31T22:00:00Z")).await.closed, 1);
    assert_eq!(view(&wallet, &viewer).await.ends_at, utc("2026-12-01T00:00:00Z"));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_item_that_is_not_offered_any_more_is_charged_for_its_last_month(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 10_000).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    let gone = "DELETE FROM metered_items WHERE code = 'custom-domain'; UPDATE catalog SET revision = revision + 1";
    sqlx::raw_sql(gone).execute(&pool).await.expect("set");
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    let shown = item(&node, &viewer, DOMAINS).await;
    assert!(!shown.is_offered && shown.forecast == credits(400));
    let refused = problems(refusal(set(&node, &gauge(&viewer, DOMAINS, 1, start()), "k").await));
    assert_eq!(refused, [("item".to_owned(), Problem::Unknown)]);
    assert_eq!(close_at(&node, closing()).await.closed, 1);
    assert!(view(&node, &viewer).await.items.iter().all(|item| item.code != DOMAINS));
    assert_eq!(close_at(&node, utc("2026-11-01T01:00:00Z")).await.closed, 1);
    assert_eq!(charged(&node, &viewer).await.len(), 1);
    is_right(&node).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_price_counts_from_the_next_month_on(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 10_000).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    let dearer = "UPDATE metered_items SET monthly_credits = 2 * monthly_credits;
                  UPDATE catalog SET revision = revision + 1";
    sqlx::raw_sql(dearer).execute(&pool).await.expect("set");
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    assert_eq!(item(&node, &viewer, DOMAINS).await.monthly_credits, credits(400), "as it was when the month began");
    close_at(&node, closing()).await;
    close_at(&node, utc("2026-11-01T01:00:00Z")).await;
    let amounts: Vec<Credits> = charged(&node, &viewer).await.into_iter().map(|entry| entry.amount).collect();
    assert_eq!(amounts, [credits(-400), credits(-800)]);
    is_right(&node).await;
}

const CANARIES: &[(&str, &str)] = &[
    ("metered_month_is_charged_once", "UPDATE metered_months SET entry_seq = 1 WHERE month = 0"),
    ("metered_month_is_charged_once", "UPDATE metered_months SET charged = 1, carried_out = 399999999 WHERE month = 0"),
    (
        "metered_month_is_charged_once",
        "UPDATE metered_months SET entry_seq = NULL, charged = 0, carried_out = 400000000 WHERE month = 0",
    ),
    ("metered_months_follow_each_other", "DELETE FROM metered_months WHERE month = 0"),
    ("metered_months_follow_each_other", "UPDATE metered_wallets SET month = 3"),
    (
        "metered_months_follow_each_other",
        "UPDATE metered_months SET ends_at = ends_at + interval '1 second' WHERE month = 0",
    ),
    ("metered_months_follow_each_other", "UPDATE metered_wallets SET carried = 1"),
    ("metered_month_is_the_sum_of_its_items", "DELETE FROM metered_month_items WHERE month = 1"),
    ("metered_month_is_the_sum_of_its_items", "UPDATE metered_month_items SET month = 7 WHERE month = 1"),
    ("metered_item_is_what_was_measured", "UPDATE metered_month_items SET used = used + 1 WHERE month = 1"),
    ("metered_item_is_what_was_measured", "UPDATE metered_gauges SET value = value - 1"),
    ("metered_item_is_what_was_measured", "UPDATE metered_gauges SET at = at + interval '1 second'"),
    ("metered_item_costs_what_its_terms_say", "UPDATE metered_month_items SET credits = credits + 10000"),
    ("metered_item_costs_what_its_terms_say", "UPDATE metered_month_items SET included = 0"),
    ("metered_gauges_are_all_there", "DELETE FROM metered_gauges"),
    ("metered_gauges_are_all_there", "UPDATE metered_wallets SET gauges = 9"),
    ("metered_gauges_are_all_there", "UPDATE metered_wallets SET account_id = gen_random_uuid()"),
    ("metered_rows_are_guarded", "DROP TRIGGER metered_gauges_append_only ON metered_gauges"),
    ("metered_rows_are_guarded", "DROP TRIGGER metered_months_append_only ON metered_months"),
    ("metered_rows_are_guarded", "ALTER TABLE metered_month_items DISABLE TRIGGER metered_month_items_not_truncated"),
];

#[sqlx::test(migrations = "../migrations")]
async fn what_is_wrong_with_metered_months_is_found(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 1_000).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    assert_eq!(close_at(&wallet, utc("2026-11-01T01:00:00Z")).await.closed, 2);
    is_right(&wallet).await;
    all_are_found(&wallet, &pool, CANARIES).await;
    for table in ["metered_gauges", "metered_months", "metered_month_items"] {
        let delete = format!("DELETE FROM {table}");
        let done = sqlx::query(sqlx::AssertSqlSafe(delete)).execute(&pool).await;
        assert!(done.expect_err("refused").to_string().contains("append-only"));
    }
}
