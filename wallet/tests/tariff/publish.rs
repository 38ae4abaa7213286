//! Publishing: drops at once, rises after the notice, both in two steps.

use chrono::TimeDelta;
use serde_json::{Map, json};
use sqlx::PgPool;
use wallet::error::{Problem, Refusal};
use wallet::tariff::{BookStatus, Direction};

use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn a_drop_takes_effect_when_it_is_published_and_is_in_the_log(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let draft = draft(&wallet, "gpt-5.2-pro", 32).await;
    assert_eq!((draft.status, draft.version, draft.revision), (BookStatus::Draft, 2, 2));
    let diff = wallet.tariffs().diff(2).await.expect("a diff");
    assert_eq!(diff.len(), 1);
    assert_eq!((diff[0].operation.as_str(), diff[0].direction), ("gpt-5.2-pro", Direction::Drop));
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(39));
    let admin = staff();
    let book = wallet.tariffs().publish(&admin, 2, draft.revision, None).await.expect("published");
    assert_eq!((book.status, book.effective_at), (BookStatus::Active, Some(start())));
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(32));
    let done = charge(&wallet, request(id, 0, line("gpt-5.2-pro", json!({}))), "a").await.expect("charged");
    assert_eq!(done.balance.available, credits(68));
    let log = wallet.identity().audit_log(None, 10).await.expect("the log").rows;
    let row = log.iter().find(|row| row.action == "price_book.published").expect("in the log");
    assert_eq!((&row.actor, row.at, row.subject.as_str()), (&admin, start(), "price book 2"));
    assert_eq!(
        (&row.before["prices"]["gpt-5.2-pro"], &row.after["prices"]["gpt-5.2-pro"]),
        (&json!("39"), &json!("32"))
    );
    let changed = log.iter().find(|row| row.action == "tariff.changed").expect("in the log");
    assert_eq!(
        (&changed.before["rule"]["credits"], &changed.after["rule"]["credits"]),
        (&json!(39_000_000), &json!(32_000_000))
    );
    let versions: Vec<BookStatus> =
        wallet.tariffs().versions().await.expect("a list").iter().map(|book| book.status).collect();
    assert_eq!(versions, [BookStatus::Active, BookStatus::Retired]);
    let told = wallet.tariffs().changelog(None, 10).await.expect("a changelog").announcements;
    assert_eq!(told[0].changes, diff);
    let again = wallet.tariffs().set_rule(&admin, 2, book.revision, "gpt-5", flat(1)).await;
    assert_eq!(refusal(again), Refusal::VersionConflict, "a published book never changes");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_rise_waits_for_its_notice_whoever_asks(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = draft(&wallet, "gpt-5", 3).await;
    for early in [None, Some(start() + TimeDelta::days(30) - TimeDelta::seconds(1))] {
        let refused = wallet.tariffs().publish(&staff(), book.version, book.revision, early).await;
        assert_eq!(field(refused), ("effective_at".into(), Problem::TooSoon));
    }
    let first = wallet.tariffs().first_rise().await.expect("a day");
    let unrehearsed = wallet.tariffs().publish(&staff(), 2, book.revision, Some(first)).await;
    assert_eq!(field(unrehearsed), ("rehearsal".into(), Problem::Required));
    simulate(&wallet, 2).await;
    assert_eq!(first, start() + TimeDelta::days(30));
    let scheduled = wallet.tariffs().publish(&staff(), 2, book.revision, Some(first)).await.expect("announced");
    assert_eq!(scheduled.status, BookStatus::Scheduled);
    wallet.clock().advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(price(&wallet, "gpt-5").await, credits(2));
    wallet.clock().advance(TimeDelta::seconds(1));
    assert_eq!(price(&wallet, "gpt-5").await, credits(3), "at its instant, before anybody has written it down");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_drop_during_the_notice_outlives_the_announced_book(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let rise = draft(&wallet, "gpt-5", 3).await;
    let day = start() + TimeDelta::days(31);
    simulate(&wallet, rise.version).await;
    wallet.tariffs().publish(&staff(), rise.version, rise.revision, Some(day)).await.expect("announced");
    let drop = draft(&wallet, "gpt-5.2-pro", 32).await;
    wallet.tariffs().publish(&staff(), drop.version, drop.revision, None).await.expect("published");
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(2), credits(32)));
    wallet.clock().advance(TimeDelta::days(31));
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(3), credits(32)));
}

#[sqlx::test(migrations = "../migrations")]
async fn drops_start_at_once_and_rises_after_the_notice_or_neither(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    wallet.clock().advance(TimeDelta::hours(1));
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let book = draft(&wallet, "gpt-5", 3).await;
    let book = tariffs.set_rule(&admin, 2, book.revision, "gpt-5.2-pro", flat(32)).await.expect("changed");
    let book = tariffs.remove(&admin, 2, book.revision, "musicgen").await.expect("removed");
    let first = tariffs.first_rise().await.expect("a day");
    let unrehearsed = tariffs.publish_drops_first(&admin, 2, book.revision, first).await;
    assert_eq!(field(unrehearsed), ("rehearsal".into(), Problem::Required));
    simulate(&wallet, 2).await;
    for early in [start(), first - TimeDelta::microseconds(1)] {
        let refused = tariffs.publish_drops_first(&admin, 2, book.revision, early).await;
        assert_eq!(field(refused), ("effective_at".into(), Problem::TooSoon));
    }
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(39), "nothing of it is in force");
    assert_eq!(tariffs.versions().await.expect("a list").len(), 2);

    let (now, later) = tariffs.publish_drops_first(&admin, 2, book.revision, first).await.expect("published");
    assert_eq!((now.version, now.status), (2, BookStatus::Active));
    assert_eq!((later.version, later.status, later.effective_at), (3, BookStatus::Scheduled, Some(first)));
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(2), credits(32)));
    assert!(tariffs.quote("musicgen", &Map::new(), 1).await.is_ok(), "it goes away later");
    let found = tariffs.simulation(3).await.expect("read").expect("goes with the rises");
    assert_eq!((found.version, found.revision), (3, book.revision), "what was rehearsed, under its new number");
    assert_eq!(diff_of(&wallet, 2).await, ["gpt-5.2-pro"]);
    assert_eq!(diff_of(&wallet, 3).await, ["gpt-5", "musicgen"]);

    wallet.clock().advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(price(&wallet, "gpt-5").await, credits(2));
    wallet.clock().advance(TimeDelta::seconds(1));
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(3), credits(32)));
    assert!(tariffs.quote("musicgen", &Map::new(), 1).await.is_err());
}

#[sqlx::test(migrations = "../migrations")]
async fn two_steps_need_a_drop_and_a_free_calendar(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let book = draft(&wallet, "gpt-5", 3).await;
    simulate(&wallet, 2).await;
    let first = tariffs.first_rise().await.expect("a day");
    let no_drop = tariffs.publish_drops_first(&admin, 2, book.revision, first).await;
    assert_eq!(field(no_drop), ("version".into(), Problem::NotAllowed));
    tariffs.publish(&admin, 2, book.revision, Some(first)).await.expect("announced");
    let book = draft(&wallet, "gpt-5.2", 5).await;
    let book = tariffs.set_rule(&admin, 3, book.revision, "gpt-5.2-pro", flat(32)).await.expect("changed");
    simulate(&wallet, 3).await;
    let two = tariffs.publish_drops_first(&admin, 3, book.revision, first).await;
    assert_eq!(field(two), ("version".into(), Problem::NotAllowed), "another rise is announced");
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(39), "neither of the two");
}

/// Announces changes of several prices, and operations that go away, for a day.
async fn announce(wallet: &wallet::Wallet, prices: &[(&str, i64)], gone: &[&str], days: i64) -> i32 {
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let mut book = tariffs.create_draft(&admin).await.expect("a draft");
    for (operation, price) in prices {
        book = tariffs.set_rule(&admin, book.version, book.revision, operation, flat(*price)).await.expect("changed");
    }
    for operation in gone {
        book = tariffs.remove(&admin, book.version, book.revision, operation).await.expect("removed");
    }
    simulate(wallet, book.version).await;
    let day = wallet.clock().now() + TimeDelta::days(days);
    tariffs.publish(&admin, book.version, book.revision, Some(day)).await.expect("announced").version
}

#[sqlx::test(migrations = "../migrations")]
async fn a_drop_outlives_an_announced_removal_that_moves_every_place(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let operations: Vec<String> =
        wallet.tariffs().active().await.expect("a book").tariffs.iter().map(|it| it.operation.clone()).collect();
    let (first, last) = (operations[0].clone(), "gpt-5.2-pro");
    assert!(operations.iter().position(|it| it == last) > Some(0));
    announce(&wallet, &[], &[&first], 30).await;
    let drop = draft(&wallet, last, 32).await;
    wallet.tariffs().publish(&staff(), drop.version, drop.revision, None).await.expect("published");
    wallet.clock().advance(TimeDelta::days(30));
    assert_eq!(price(&wallet, last).await, credits(32), "it doesn't jump back on the day");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_rise_that_nobody_was_told_of_needs_its_own_notice(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let announced = announce(&wallet, &[("gpt-5.2-pro", 36), ("gpt-5", 3)], &[], 31).await;
    wallet.clock().advance(TimeDelta::days(10));
    let deeper = draft(&wallet, "gpt-5.2-pro", 32).await;
    let refused = tariffs.publish(&admin, deeper.version, deeper.revision, None).await;
    assert_eq!(field(refused), ("version".into(), Problem::RiseUntold), "39 → 36 was told, 32 → 36 would come");
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(39), "nothing of it is in force");
    let book = tariffs.book(announced).await.expect("the announced one");
    assert_eq!(book.tariff("gpt-5.2-pro").map(|tariff| tariff.rule.clone()), Some(flat(36)));
    let as_deep = tariffs.set_rule(&admin, deeper.version, deeper.revision, "gpt-5.2-pro", flat(36)).await;
    let as_deep = as_deep.expect("changed");
    tariffs.publish(&admin, as_deep.version, as_deep.revision, None).await.expect("no rise follows");
    let rise = draft(&wallet, "gpt-5", 1).await;
    tariffs.publish(&admin, rise.version, rise.revision, None).await.expect("its rise to 3 was announced in time");
    wallet.clock().advance(TimeDelta::days(21));
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(3), credits(36)));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_price_can_t_be_let_in_cheap_before_its_announced_one(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let with_new = async |price: i64| {
        let book = tariffs.create_draft(&admin).await.expect("a draft");
        let known = book.tariff("gpt-5").expect("there").clone();
        let new = wallet::tariff::Tariff { operation: "brand-new".into(), rule: flat(price), ..known };
        tariffs.set_tariff(&admin, book.version, book.revision, new).await.expect("added")
    };
    let dear = with_new(1_000).await;
    let tomorrow = start() + TimeDelta::days(1);
    tariffs.publish(&admin, dear.version, dear.revision, Some(tomorrow)).await.expect("new needs no notice");
    let cheap = with_new(1).await;
    let refused = tariffs.publish(&admin, cheap.version, cheap.revision, None).await;
    assert_eq!(field(refused), ("version".into(), Problem::RiseUntold));
}

#[sqlx::test(migrations = "../migrations")]
async fn breaking_calls_is_no_drop(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = draft(&wallet, "dall-e-3", 5).await;
    let diff = wallet.tariffs().diff(book.version).await.expect("a diff");
    assert_eq!(diff[0].direction, Direction::Rise, "a call that says its size would be refused");
    let refused = wallet.tariffs().publish(&staff(), book.version, book.revision, None).await;
    assert_eq!(field(refused), ("effective_at".into(), Problem::TooSoon));
}
