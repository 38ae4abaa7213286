//! What strangers learn by signing up and in, and what they can spoil for others, on PostgreSQL.
#![cfg(feature = "postgres")]

mod people_support;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use people_support::*;
use serde_json::json;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Problem, Refusal};
use wallet::identity::{SessionRecord, Visit};
use wallet::notify::Mail;

const ANNA: &str = "anna@example.com";
const BORIS: &str = "boris@example.com";
const NEW: &str = "a whole new secret";

fn from(last: u8) -> Visit {
    Visit { from: Some(IpAddr::from([192, 0, 2, last])), ..Visit::default() }
}

async fn known(wallet: &Wallet, email: &str, visit: Visit) -> Visit {
    let device = wallet.identity().sign_in(email, PASSWORD, &visit).await.expect("signed in").device;
    Visit { device: Some(device), ..visit }
}

/// What a stranger hears who signs up with an address and then tries to sign in, with and without the machine's secret.
async fn heard(wallet: &Wallet, email: &str, machine: u8) -> Vec<Refusal> {
    let visit = from(machine);
    let device = wallet.identity().register(form(email), &visit).await.expect("the same answer");
    let here = Visit { device: Some(device), ..visit };
    let elsewhere = from(machine + 100);
    let mut heard = Vec::new();
    for (password, visit) in [(PASSWORD, &here), (PASSWORD, &elsewhere), ("wrong horse", &elsewhere)] {
        heard.push(refusal(wallet.identity().sign_in(email, password, visit).await));
    }
    // A machine that is known may guess on; this one is known to nobody.
    for _ in 0..8 {
        heard.push(refusal(wallet.identity().sign_in(email, "wrong horse", &here).await));
    }
    heard.push(refusal(wallet.identity().sign_in(email, PASSWORD, &here).await));
    heard
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_in_after_signing_up_tells_nobody_who_has_a_wallet(pool: PgPool) {
    let wallet = open(&pool).await;
    let taken = wallet::identity::SignUp { password: NEW.into(), ..form("taken@example.com") };
    wallet.identity().create_proven(taken).await.expect("a person");
    sign_up(&wallet, "waiting@example.com").await;
    let free = heard(&wallet, "free@example.com", 1).await;
    assert_eq!(heard(&wallet, "taken@example.com", 2).await, free);
    assert_eq!(heard(&wallet, "waiting@example.com", 3).await, free);
    let wrong = [("password".to_owned(), Problem::WrongCredentials)];
    assert_eq!(problems(free[0].clone()), wrong);
    assert!(matches!(free.last(), Some(Refusal::RateLimited { .. })), "{free:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_link_lets_in_whoever_signed_up_and_the_password_does_afterwards(pool: PgPool) {
    let wallet = open(&pool).await;
    let device = wallet.identity().register(form(ANNA), &from(1)).await.expect("registered");
    let here = Visit { device: Some(device.clone()), ..from(1) };
    refusal(wallet.identity().sign_in(ANNA, PASSWORD, &here).await);
    let token = newest_token(&wallet, ANNA).await;
    let done = wallet.identity().confirm_email(&token, "", (None, &here)).await.expect("confirmed");
    assert!(done.enters);
    let entered = wallet.identity().enter(done.user, &here).await.expect("signed in");
    assert_eq!(entered.device, device, "the machine stays known");
    for _ in 0..20 {
        refusal(wallet.identity().sign_in(ANNA, "wrong horse", &here).await);
    }
    wallet.identity().sign_in(ANNA, PASSWORD, &here).await.expect("known, so never refused");
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_has_lost_the_mail_signs_up_again_and_is_sent_the_link(pool: PgPool) {
    let wallet = open(&pool).await;
    wallet.identity().register(form(ANNA), &from(1)).await.expect("registered");
    mails(&wallet, ANNA).await;
    wallet.clock().advance(TimeDelta::hours(30));
    wallet.identity().register(form(ANNA), &from(2)).await.expect("the same answer");
    let token = newest_token(&wallet, ANNA).await;
    let done = wallet.identity().confirm_email(&token, PASSWORD, (None, &from(3))).await.expect("confirmed");
    assert!(done.enters && done.user.email_verified);
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_up_makes_no_known_machine_a_strangers(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    wallet.clock().advance(minutes(2));
    let mut visit = known(&wallet, ANNA, from(1)).await;
    // Once with an address that is free, once with the own one.
    for email in [BORIS, ANNA] {
        let device = wallet.identity().register(form(email), &visit).await.expect("the same answer");
        assert_ne!(Some(&device), visit.device.as_ref(), "a new secret each time");
        visit.device = Some(device);
    }
    for _ in 0..20 {
        refusal(wallet.identity().sign_in(ANNA, "wrong horse", &visit).await);
    }
    wallet.identity().sign_in(ANNA, PASSWORD, &visit).await.expect("known as before");
}

/// Both kinds of failure are answered while nothing can be written into the audit log: neither waits for its row.
#[sqlx::test(migrations = "../migrations")]
async fn a_failed_sign_in_is_answered_before_it_is_written_down(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let own = known(&wallet, ANNA, from(7)).await;
    let mut lock = pool.begin().await.expect("a transaction");
    sqlx::raw_sql("LOCK TABLE audit_log IN EXCLUSIVE MODE").execute(&mut *lock).await.expect("locked");
    for (email, visit) in [(ANNA, from(1)), ("nobody@example.com", from(2)), (ANNA, own)] {
        let answer = wallet.identity().sign_in(email, "wrong horse", &visit);
        let answer = tokio::time::timeout(Duration::from_secs(20), answer).await.expect("it waits for no row");
        assert_eq!(problems(refusal(answer)), [("password".to_owned(), Problem::WrongCredentials)], "{email}");
    }
    lock.commit().await.expect("unlocked");
    let rows = wallet.identity().audit_log(None, 200).await.expect("listed").rows;
    let failed: Vec<&str> =
        rows.iter().filter(|row| row.action == "sign_in.failed").map(|row| row.subject.as_str()).collect();
    let own = format!("user {}", viewer.user);
    assert_eq!(failed.iter().filter(|subject| **subject == own).count(), 2, "{failed:?}");
    assert_eq!(failed.iter().filter(|subject| **subject == "unknown address").count(), 1, "{failed:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_success_is_written_down_and_failures_by_network(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let mut visit = from(1);
    for _ in 0..12 {
        visit = known(&wallet, ANNA, visit).await;
    }
    for number in 0..12 {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 1, 1, 0, 0, 0, number);
        let visit = Visit { from: Some(IpAddr::V6(address)), ..Visit::default() };
        refusal(wallet.identity().sign_in(&format!("nobody{number}@example.com"), PASSWORD, &visit).await);
    }
    let rows = wallet.identity().audit_log(None, 200).await.expect("listed").rows;
    let count = |action: &str| rows.iter().filter(|row| row.action == action).count();
    assert_eq!(count("sign_in.succeeded"), 12);
    assert_eq!(count("sign_in.failed"), 6, "five and the eighth, since all come from one network");
    assert!(rows.iter().all(|row| row.action != "sign_in.succeeded" || row.subject == format!("user {}", viewer.user)));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_requests_at_once_send_one_mail(pool: PgPool) {
    let wallet = open(&pool).await;
    let new = sign_up(&wallet, BORIS).await;
    member(&wallet, ANNA).await;
    wallet.clock().advance(minutes(2));
    mails(&wallet, BORIS).await;
    let resent = join_all((0..100).map(|_| wallet.identity().resend_verification(new.user))).await;
    assert_eq!(resent.iter().filter(|sent| sent.is_ok()).count(), 1);
    assert_eq!(mails(&wallet, BORIS).await.len(), 1);
    let visits: Vec<Visit> = (0..100).map(from).collect();
    for answer in join_all(visits.iter().map(|visit| wallet.identity().request_password_reset(ANNA, visit))).await {
        answer.expect("the same answer");
    }
    assert_eq!(mails(&wallet, ANNA).await.len(), 1);
    let again = join_all(visits.iter().take(20).map(|visit| wallet.identity().register(form(ANNA), visit))).await;
    assert!(again.iter().all(Result::is_ok), "{again:?}");
    assert_eq!(mails(&wallet, ANNA).await, [Mail::SignUpAgain { name: "Anna".into() }]);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_is_mailed_twenty_times_a_day_whatever_strangers_ask_for(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    let own = known(&wallet, ANNA, from(250)).await;
    wallet.clock().advance(TimeDelta::days(2));
    let mut sent = 0;
    let mut longest = TimeDelta::zero();
    let mut last = wallet.clock().now();
    for tick in 0..(24 * 30) {
        let visit = from((tick % 200) as u8);
        // What follows a sign-up brings no link to a new password, so it must use up no mail that would.
        if tick % 8 == 0 {
            wallet.identity().register(form(ANNA), &visit).await.expect("the same answer");
        }
        wallet.identity().request_password_reset(ANNA, &visit).await.expect("the same answer");
        let is_reset = |mail: &Mail| matches!(mail, Mail::PasswordReset { .. });
        let count = mails(&wallet, ANNA).await.iter().filter(|mail| is_reset(mail)).count();
        sent += count;
        if count > 0 {
            longest = longest.max(wallet.clock().now() - last);
            last = wallet.clock().now();
        }
        wallet.clock().advance(minutes(2));
    }
    assert!((15..=20).contains(&sent), "{sent}");
    assert!(longest <= TimeDelta::hours(2) + minutes(2), "nobody is kept from a new password for a day: {longest}");
    // The owner asks from where she has signed in before: strangers have used nothing up there.
    wallet.identity().request_password_reset(ANNA, &own).await.expect("sent");
    assert_eq!(mails(&wallet, ANNA).await.len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stranger_spoils_no_reset_and_a_new_password_ends_all_links(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    wallet.identity().request_password_reset(ANNA, &from(1)).await.expect("sent");
    let own = newest_token(&wallet, ANNA).await;
    let mut foreign = Vec::new();
    for number in 0..58 {
        wallet.clock().advance(minutes(1));
        wallet.identity().request_password_reset(ANNA, &from(number + 2)).await.expect("the same answer");
        for mail in mails(&wallet, ANNA).await {
            if let Mail::PasswordReset { token, .. } = mail {
                foreign.push(token);
            }
        }
    }
    assert!(foreign.len() >= 5, "{}", foreign.len());
    wallet.identity().reset_password(&own, NEW).await.expect("the first link works for its hour");
    let ended = [("token".to_owned(), Problem::Expired)];
    for token in &foreign {
        assert_eq!(problems(refusal(wallet.identity().reset_password(token, "a third secret").await)), ended);
    }
    // The same for whoever changes the password while signed in.
    wallet.clock().advance(TimeDelta::hours(12));
    wallet.identity().request_password_reset(ANNA, &from(1)).await.expect("sent");
    let open = newest_token(&wallet, ANNA).await;
    wallet.identity().change_password(&viewer, NEW, "a third secret", &from(1)).await.expect("changed");
    assert_eq!(problems(refusal(wallet.identity().reset_password(&open, "a fourth secret").await)), ended);
}

#[sqlx::test(migrations = "../migrations")]
async fn two_links_at_once_set_one_password(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    let mut links = Vec::new();
    for number in 0..4 {
        wallet.identity().request_password_reset(ANNA, &from(number)).await.expect("sent");
        links.push(newest_token(&wallet, ANNA).await);
        wallet.clock().advance(minutes(2));
    }
    let asked = links.iter().map(|token| wallet.identity().reset_password(token, NEW));
    let answers = join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    let ended = [("token".to_owned(), Problem::Expired)];
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(problems(refusal(answer)), ended);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn one_person_signing_in_over_and_over_keeps_no_other_out(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    member(&wallet, BORIS).await;
    let (anna, boris) = (known(&wallet, ANNA, from(1)).await, known(&wallet, BORIS, from(2)).await);
    let flood: Vec<_> = (0..400)
        .map(|_| {
            let (wallet, anna) = (wallet.clone(), anna.clone());
            tokio::spawn(async move { wallet.identity().sign_in(ANNA, PASSWORD, &anna).await })
        })
        .collect();
    for _ in 0..5 {
        wallet.identity().sign_in(BORIS, PASSWORD, &boris).await.expect("not refused for what another one does");
    }
    let mut refused = 0;
    for answer in flood {
        match answer.await.expect("no panic") {
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(error.refusal(), Some(Refusal::RateLimited { .. })), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 200, "the one who floods waits: {refused}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_has_a_hundred_sessions_and_the_oldest_ends(pool: PgPool) {
    let wallet = open(&pool).await;
    let (anna, boris) = (member(&wallet, ANNA).await, member(&wallet, BORIS).await);
    let token = |number: u8| [number; 16];
    let open = async |user, token: [u8; 16]| {
        let expires_at = Utc::now() + TimeDelta::hours(1);
        let record = SessionRecord { user: Some(user), data: json!({}), expires_at };
        assert!(wallet.identity().session_create(&token, &record).await.expect("created"));
    };
    open(boris.user, token(200)).await;
    for number in 0..103 {
        open(anna.user, token(number)).await;
    }
    let is_open = async |number| wallet.identity().session_load(&token(number)).await.expect("read").is_some();
    for (number, expected) in [(0, false), (2, false), (3, true), (102, true), (200, true)] {
        assert_eq!(is_open(number).await, expected, "{number}");
    }
    assert_eq!(wallet.identity().sessions(&anna, None).await.expect("listed").len(), 100, "all of them are shown");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_reset_whose_proof_failed_goes_on_with_the_same_link(pool: PgPool) {
    let wallet = open(&pool).await;
    sign_up(&wallet, ANNA).await;
    wallet.identity().request_password_reset(ANNA, &from(1)).await.expect("sent");
    let token = newest_token(&wallet, ANNA).await;
    let mut person = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM wallets FOR UPDATE").execute(&mut *person).await.expect("locked");
    // The password is set; the gift finds the wallet locked.
    assert_eq!(refusal(wallet.identity().reset_password(&token, NEW).await), Refusal::Unavailable);
    person.rollback().await.expect("let go");
    let ended = [("token".to_owned(), Problem::Expired)];
    assert_eq!(problems(refusal(wallet.identity().reset_password(&token, "another secret").await)), ended);
    wallet.identity().reset_password(&token, NEW).await.expect("it goes on from there");
    wallet.identity().sign_in(ANNA, NEW, &from(1)).await.expect("signed in");
    assert_eq!(problems(refusal(wallet.identity().reset_password(&token, NEW).await)), ended, "once");
}
