//! Announcing prices on a real database: the changelog, each reader's own figures, one mail a person, the banner.
#![cfg(feature = "postgres")]

mod people_support;

use std::ops::ControlFlow;

use chrono::TimeDelta;
use people_support::*;
use serde_json::{Map, Value};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::id::UserId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::notify::{Mail, RiseMail};
use wallet::tariff::rule::Flat;
use wallet::tariff::{BookStatus, ChargeRequest, Direction, LineRequest, Rule};

fn staff() -> Actor {
    Actor::Staff { id: UserId::new(), name: "Lev Orlov".to_owned() }
}

async fn charge(wallet: &Wallet, viewer: &Viewer, operation: &str, name: &str) {
    let line = LineRequest { operation: operation.to_owned(), params: Map::new(), count: 1 };
    let request = ChargeRequest { wallet: viewer.wallet, plan_rank: 0, line, quote: None, metadata: Value::Null };
    let key = IdempotencyKey::parse(name).expect("a key");
    wallet.tariffs().charge(request, Actor::system("test"), key).await.expect("charged");
}

/// Publishes prices: at once, or when the notice is over where one of them rises.
async fn publish(wallet: &Wallet, prices: &[(&str, i64)], gone: &[&str], rises: bool) -> i32 {
    let tariffs = wallet.tariffs();
    let mut book = tariffs.create_draft(&staff()).await.expect("a draft");
    for (operation, price) in prices {
        let rule = Rule::Flat(Flat { credits: credits(*price) });
        book = tariffs.set_rule(&staff(), book.version, book.revision, operation, rule).await.expect("changed");
    }
    for operation in gone {
        book = tariffs.remove(&staff(), book.version, book.revision, operation).await.expect("removed");
    }
    tariffs.ask_rehearsal(&staff(), book.version).await.expect("asked");
    tariffs.run_rehearsals(|_| ControlFlow::Continue(())).await.expect("rehearsed");
    let from = if rises { Some(tariffs.first_rise().await.expect("a day")) } else { None };
    tariffs.publish(&staff(), book.version, book.revision, from).await.expect("published").version
}

async fn rise_mails(wallet: &Wallet, to: &str) -> Vec<RiseMail> {
    let rises = mails(wallet, to).await.into_iter().filter_map(|mail| match mail {
        Mail::PriceRise(rise) => Some(rise),
        _ => None,
    });
    rises.collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn the_changelog_has_what_changed_newest_first(pool: PgPool) {
    let wallet = open(&pool).await;
    assert_eq!(wallet.tariffs().changelog(None, 10).await.expect("a page").announcements, []);
    publish(&wallet, &[("gpt-5.2-pro", 32)], &[], false).await;
    wallet.clock().advance(TimeDelta::hours(1));
    let second = publish(&wallet, &[("gpt-5", 3), ("inpaint", 2)], &[], true).await;

    let page = wallet.tariffs().changelog(None, 1).await.expect("a page");
    assert_eq!((page.announcements.len(), page.next), (1, Some(second)));
    let newest = &page.announcements[0];
    assert_eq!((newest.version, newest.status), (second, BookStatus::Scheduled));
    assert_eq!(newest.effective_at - newest.announced_at, TimeDelta::days(30));
    let change = newest.changes.iter().find(|change| change.operation == "gpt-5").expect("there");
    assert_eq!((change.direction, change.percent().expect("a part").most), (Direction::Rise, 500));

    let rest = wallet.tariffs().changelog(page.next, 10).await.expect("a page");
    assert_eq!((rest.announcements.len(), rest.next), (1, None));
    assert_eq!(rest.announcements[0].changes[0].percent().expect("a part").most, -179);
    assert_eq!(wallet.tariffs().announcement(second).await.expect("there"), *newest);
    assert!(wallet.tariffs().announcement(1).await.is_err(), "the first book changed nothing");
    wallet.clock().advance(TimeDelta::days(30));
    wallet.tariffs().versions().await.expect("a list");
    assert!(wallet.tariffs().coming().await.expect("asked").is_none(), "in force by now");
}

#[sqlx::test(migrations = "../migrations")]
async fn owners_hear_once_of_a_rise_with_their_own_figures(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let boris = member(&wallet, "boris@example.com").await;
    for (viewer, operation, name) in
        [(&anna, "gpt-5", "1"), (&anna, "gpt-5", "2"), (&anna, "inpaint", "3"), (&boris, "gpt-5-nano", "4")]
    {
        charge(&wallet, viewer, operation, name).await;
    }
    wallet.clock().advance(TimeDelta::hours(1));
    let version = publish(&wallet, &[("gpt-5", 5)], &["inpaint"], true).await;
    charge(&wallet, &anna, "gpt-5", "after").await;

    let told = wallet.tell_price_changes().await.expect("told");
    assert_eq!((told.len(), told[0].version, told[0].mails), (1, version, 1));
    let mails = rise_mails(&wallet, "anna@example.com").await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!((mail.before, mail.after, mail.refused), (credits(4), credits(10), 1), "two calls at 2, then at 5");
    assert_eq!(mail.words.0, "токенов");
    assert!(rise_mails(&wallet, "boris@example.com").await.is_empty(), "he used nothing that changes");

    assert_eq!(wallet.tell_price_changes().await.expect("told"), [], "once");
    sqlx::query("UPDATE price_books SET told_at = NULL, weighed_at = NULL")
        .execute(&pool)
        .await
        .expect("as if it had died");
    let again = wallet.tell_price_changes().await.expect("told");
    assert_eq!(again.iter().map(|told| told.mails).sum::<u64>(), 0, "a second round mails nobody again");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_banner_is_for_whom_it_concerns_until_it_is_put_away(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let boris = member(&wallet, "boris@example.com").await;
    charge(&wallet, &anna, "gpt-5", "1").await;
    charge(&wallet, &boris, "gpt-5-nano", "2").await;
    wallet.clock().advance(TimeDelta::hours(1));
    let version = publish(&wallet, &[("gpt-5", 5)], &[], true).await;
    wallet.tell_price_changes().await.expect("told");
    let coming =
        async |viewer: &Viewer| wallet.tariffs().coming_rise(viewer.account, viewer.user).await.expect("asked");
    let notice = coming(&anna).await.expect("a banner");
    assert_eq!((notice.version, notice.before, notice.after), (version, credits(2), credits(5)));
    assert!(coming(&boris).await.is_none());
    wallet.tariffs().dismiss_rise(version, anna.user).await.expect("put away");
    wallet.tariffs().dismiss_rise(version, anna.user).await.expect("a repeat changes nothing");
    assert!(coming(&anna).await.is_none());
    assert!(wallet.tariffs().dismiss_rise(99, anna.user).await.is_err());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_drop_during_the_notice_is_weighed_anew_and_mails_nobody(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    charge(&wallet, &anna, "gpt-5", "1").await;
    charge(&wallet, &anna, "gpt-5.2", "2").await;
    wallet.clock().advance(TimeDelta::hours(1));
    let rise = publish(&wallet, &[("gpt-5", 5)], &[], true).await;
    wallet.tell_price_changes().await.expect("told");
    assert_eq!(rise_mails(&wallet, "anna@example.com").await.len(), 1);
    let drop = publish(&wallet, &[("gpt-5.2", 1)], &[], false).await;
    wallet.tell_price_changes().await.expect("told");
    assert!(rise_mails(&wallet, "anna@example.com").await.is_empty(), "a drop is no rise");
    let impact = wallet.tariffs().impact(drop, anna.account).await.expect("asked").expect("hers");
    assert_eq!((impact.before, impact.after, impact.rises), (credits(4), credits(1), false));
    let rise = wallet.tariffs().impact(rise, anna.account).await.expect("asked").expect("hers");
    assert_eq!((rise.before, rise.after), (credits(2), credits(5)), "the drop is not a part of the rise");
}
