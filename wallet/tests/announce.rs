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
use wallet::tariff::Flat;
use wallet::tariff::{BookStatus, ChargeRequest, Direction, LineRequest, Rule, Tariff};

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
    tariffs.ask_simulation(&staff(), book.version).await.expect("asked");
    tariffs.run_simulations(|_| ControlFlow::Continue(())).await.expect("rehearsed");
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

#[sqlx::test(migrations = "../migrations")]
async fn a_rise_after_a_drop_is_one_to_those_who_paid_more_before(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    charge(&wallet, &anna, "gpt-5", "1").await;
    charge(&wallet, &anna, "gpt-5", "2").await;
    wallet.clock().advance(TimeDelta::hours(1));
    publish(&wallet, &[("gpt-5", 0)], &[], false).await;
    wallet.tell_price_changes().await.expect("told");
    wallet.clock().advance(TimeDelta::days(10));
    let rise = publish(&wallet, &[("gpt-5", 1)], &[], true).await;
    wallet.tell_price_changes().await.expect("told");
    let mails = rise_mails(&wallet, "anna@example.com").await;
    assert_eq!(mails.iter().map(|mail| (mail.before, mail.after)).collect::<Vec<_>>(), [(credits(0), credits(2))]);
    let notice = wallet.tariffs().coming_rise(anna.account, anna.user).await.expect("asked").expect("a banner");
    assert_eq!((notice.version, notice.before, notice.after), (rise, credits(0), credits(2)));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_that_is_asked_for_is_told_to_those_below_it(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    charge(&wallet, &anna, "gpt-5", "1").await;
    wallet.clock().advance(TimeDelta::hours(1));
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let book = tariffs.create_draft(&admin).await.expect("a draft");
    let known = book.tariff("gpt-5").expect("there").clone();
    let gated = Tariff { minimum_plan: Some("pro".into()), ..known };
    let book = tariffs.set_tariff(&admin, book.version, book.revision, gated).await.expect("changed");
    tariffs.ask_simulation(&admin, book.version).await.expect("asked");
    tariffs.run_simulations(|_| ControlFlow::Continue(())).await.expect("rehearsed");
    let day = tariffs.first_rise().await.expect("a day");
    tariffs.publish(&admin, book.version, book.revision, Some(day)).await.expect("announced");
    wallet.tell_price_changes().await.expect("told");
    let mails = rise_mails(&wallet, "anna@example.com").await;
    assert_eq!(mails.iter().map(|mail| (mail.refused, mail.after)).collect::<Vec<_>>(), [(1, credits(0))]);
    let notice = tariffs.coming_rise(anna.account, anna.user).await.expect("asked").expect("a banner");
    assert_eq!((notice.refused, notice.before, notice.after), (1, credits(0), credits(0)));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_withdrawn_rise_never_comes_and_whoever_was_mailed_hears_once(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let boris = member(&wallet, "boris@example.com").await;
    charge(&wallet, &anna, "gpt-5", "1").await;
    wallet.clock().advance(TimeDelta::hours(1));
    let version = publish(&wallet, &[("gpt-5", 5)], &[], true).await;
    wallet.tell_price_changes().await.expect("told");
    assert_eq!(rise_mails(&wallet, "anna@example.com").await.len(), 1);
    wallet.clock().advance(TimeDelta::days(1));
    let tariffs = wallet.tariffs();
    let changed_at = tariffs.changelog(None, 10).await.expect("a page").changed_at;
    for _ in 0..2 {
        tariffs.withdraw(&staff(), version).await.expect("withdrawn, and a repeat changes nothing");
    }
    let told = wallet.tell_price_changes().await.expect("told");
    assert_eq!(told.iter().map(|told| (told.version, told.mails)).collect::<Vec<_>>(), [(version, 1)]);
    assert_eq!(wallet.tell_price_changes().await.expect("told"), [], "once");
    let withdrawn = async |to: &str| {
        let mails = mails(&wallet, to).await;
        mails.into_iter().filter(|mail| matches!(mail, Mail::RiseWithdrawn(mail) if mail.version == version)).count()
    };
    assert_eq!((withdrawn("anna@example.com").await, withdrawn("boris@example.com").await), (1, 0));
    assert!(tariffs.coming_rise(anna.account, anna.user).await.expect("asked").is_none());
    assert!(tariffs.coming_rise(boris.account, boris.user).await.expect("asked").is_none());
    let page = tariffs.changelog(None, 10).await.expect("a page");
    assert_eq!((page.announcements[0].version, page.announcements[0].status), (version, BookStatus::Withdrawn));
    assert!(page.changed_at > changed_at, "feeds tell it anew");

    // Another rise may be announced; the old day passes without one.
    let next = publish(&wallet, &[("gpt-5", 3)], &[], true).await;
    wallet.clock().advance(TimeDelta::days(29));
    let now = async || tariffs.quote("gpt-5", &Map::new(), 1).await.expect("a price").credits;
    assert_eq!(now().await, credits(2));
    wallet.clock().advance(TimeDelta::days(1));
    assert_eq!(now().await, credits(3));
    assert_eq!(tariffs.diff(next).await.expect("a diff").len(), 1, "against the book in force, not the withdrawn one");
    assert!(tariffs.withdraw(&staff(), next).await.is_err(), "it is in force");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_withdrawal_while_people_are_told_is_told_next(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    charge(&wallet, &anna, "gpt-5", "1").await;
    wallet.clock().advance(TimeDelta::hours(1));
    let version = publish(&wallet, &[("gpt-5", 5)], &[], true).await;
    let tariffs = wallet.tariffs();
    assert_eq!(tariffs.take_untold().await.expect("taken"), Some(version));
    let seen = tariffs.announcement(version).await.expect("there");
    tariffs.withdraw(&staff(), version).await.expect("withdrawn");
    assert_eq!(tariffs.take_untold().await.expect("asked"), None, "somebody is at it");
    tariffs.mark_told(&seen).await.expect("told what was seen");
    assert_eq!(tariffs.take_untold().await.expect("taken"), Some(version), "the withdrawal is still to be told");
}
