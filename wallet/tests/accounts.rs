//! Whose an account is, on PostgreSQL: what waits for the proof of an address and what ends with it, who is kept out by
//! strangers' tries, what people change about their own sign-in.
#![cfg(feature = "postgres")]

mod people_support;

use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use people_support::*;
use serde_json::json;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Error, Problem, Refusal};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Ended, Environment, NewKey, SessionRecord, SignUp, Viewer, Visit};
use wallet::money::Credits;
use wallet::notify::Mail;
use wallet::notify::webhook::{EventKind, NewEndpoint};

const ANNA: &str = "anna@example.com";
const NEW: &str = "a whole new secret";

fn new_key(name: &str) -> NewKey {
    NewKey { name: name.into(), environment: Environment::Production, scopes: vec![], ceiling: Some(credits(5)) }
}

fn endpoint(description: &str) -> NewEndpoint {
    NewEndpoint {
        url: "https://hooks.example.com/in".into(),
        description: description.into(),
        events: vec![EventKind::LedgerEntryCreated],
        is_slack: false,
    }
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::internal(text)
}

fn from(last: u8) -> Visit {
    Visit { from: Some(IpAddr::from([192, 0, 2, last])), ..Visit::default() }
}

async fn open_session(wallet: &Wallet, viewer: &Viewer, token: [u8; 16]) {
    let expires_at = Utc::now() + TimeDelta::hours(1);
    let data =
        json!({ "machine": { "user_agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0", "address": "192.0.2.7" } });
    let record = SessionRecord { user: Some(viewer.user), data, expires_at };
    assert!(wallet.identity().session_create(&token, &record).await.expect("created"));
}

async fn has_session(wallet: &Wallet, token: [u8; 16]) -> bool {
    wallet.identity().session_load(&token).await.expect("read").is_some()
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_acts_or_hears_before_the_address_is_proven(pool: PgPool) {
    let wallet = open(&pool).await;
    let new = sign_up(&wallet, ANNA).await;
    let viewer = wallet.identity().viewer(new.user).await.expect("a viewer");
    let waits = [("email".to_owned(), Problem::NotConfirmed)];
    assert_eq!(problems(refusal(wallet.identity().create_key(&viewer, &new_key("thief")).await)), waits);
    let made = wallet.webhooks().create(viewer.wallet, &viewer.actor(), &endpoint("thief"), &key("1")).await;
    assert_eq!(problems(refusal(made)), waits);
    let token = newest_token(&wallet, ANNA).await;
    prove(&wallet, &token).await.expect("verified");
    let live = wallet.identity().create_key(&viewer, &new_key("own")).await.expect("made");
    let hook =
        wallet.webhooks().create(viewer.wallet, &viewer.actor(), &endpoint("own"), &key("1")).await.expect("made");
    wallet.identity().authenticate_key(&live.secret).await.expect("right");
    // One that an older version has made does nothing either.
    sqlx::query("UPDATE users SET verified_at = NULL").execute(&pool).await.expect("unproven");
    let other = open(&pool).await;
    assert_eq!(refusal(other.identity().authenticate_key(&live.secret).await), Refusal::Unauthenticated);
    let (by, id) = (viewer.actor(), hook.endpoint.id);
    assert_eq!(problems(refusal(wallet.webhooks().rotate(viewer.wallet, &by, id, &key("2")).await)), waits);
    assert_eq!(problems(refusal(wallet.webhooks().test(viewer.wallet, id, &key("3")).await)), waits);
    assert_eq!(problems(refusal(wallet.webhooks().enable(viewer.wallet, &by, id, None).await)), waits);
}

/// Everything that somebody has who knew the password before the owner came.
async fn squat(wallet: &Wallet, pool: &PgPool) -> (Viewer, String) {
    let viewer = member(wallet, ANNA).await;
    let live = wallet.identity().create_key(&viewer, &new_key("thief")).await.expect("made");
    wallet.webhooks().create(viewer.wallet, &viewer.actor(), &endpoint("thief"), &key("1")).await.expect("made");
    open_session(wallet, &viewer, [1; 16]).await;
    open_session(wallet, &viewer, [2; 16]).await;
    wallet.identity().sign_in(ANNA, PASSWORD, &from(1)).await.expect("signed in");
    sqlx::query("UPDATE one_time_tokens SET used_at = NULL").execute(pool).await.expect("unused");
    (viewer, live.secret)
}

async fn is_silent(wallet: &Wallet, viewer: &Viewer, secret: &str) {
    assert_eq!(refusal(wallet.identity().authenticate_key(secret).await), Refusal::Unauthenticated);
    let hooks = wallet.webhooks().endpoints(viewer.wallet).await.expect("listed");
    assert!(hooks.iter().all(|hook| hook.disabled.is_some()), "{hooks:?}");
    assert!(!has_session(wallet, [1; 16]).await && !has_session(wallet, [2; 16]).await);
    assert_eq!(wallet.ledger().budgets(viewer.wallet).await.expect("listed"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_password_ends_what_was_there_and_says_so(pool: PgPool) {
    let wallet = open(&pool).await;
    let (viewer, secret) = squat(&wallet, &pool).await;
    wallet.identity().authenticate_key(&secret).await.expect("it works, and is remembered");
    wallet.identity().request_password_reset(ANNA, &from(9)).await.expect("sent");
    let token = newest_token(&wallet, ANNA).await;
    wallet.identity().reset_password(&token, NEW).await.expect("reset");
    is_silent(&wallet, &viewer, &secret).await;
    let ended = Ended { sessions: 2, keys: 1, webhooks: 1 };
    assert_eq!(mails(&wallet, ANNA).await, [Mail::PasswordChanged { name: "Anna".into(), ended }]);
    let known: i64 = sqlx::query_scalar("SELECT count(*) FROM known_devices").fetch_one(&pool).await.expect("counted");
    assert_eq!(known, 0, "the thief's machine is a stranger's");
    assert_eq!(wallet.verify(wallet::ledger::Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_first_proof_ends_what_was_there_and_says_so(pool: PgPool) {
    let wallet = open(&pool).await;
    let (viewer, secret) = squat(&wallet, &pool).await;
    sqlx::query("UPDATE users SET verified_at = NULL").execute(&pool).await.expect("unproven");
    wallet.clock().advance(minutes(2));
    wallet.identity().resend_verification(viewer.user).await.expect("sent");
    let token = newest_token(&wallet, ANNA).await;
    let visit = Visit { session: Some([2; 16]), ..from(9) };
    // A stranger's browser, and a link that was opened by mistake: nothing is proven.
    let asked = refusal(wallet.identity().confirm_email(&token, "", (None, &visit)).await);
    assert_eq!(problems(asked), [("password".to_owned(), Problem::Required)]);
    let wrong = refusal(wallet.identity().confirm_email(&token, "wrong horse", (None, &visit)).await);
    assert_eq!(problems(wrong), [("password".to_owned(), Problem::WrongPassword)]);
    assert!(!wallet.identity().viewer(viewer.user).await.expect("a viewer").email_verified);
    let done = wallet.identity().confirm_email(&token, "", (Some(viewer.user), &visit)).await.expect("confirmed");
    assert!(done.user.email_verified && !done.enters);
    assert!(!has_session(&wallet, [1; 16]).await && has_session(&wallet, [2; 16]).await, "this one stays");
    wallet.identity().end_other_sessions(&viewer, &Visit::default()).await.expect("ended");
    is_silent(&wallet, &viewer, &secret).await;
    let ended = Ended { sessions: 1, keys: 1, webhooks: 1 };
    assert_eq!(mails(&wallet, ANNA).await, [Mail::AddressProven { name: "Anna".into(), ended }]);
    assert_eq!(wallet.verify(wallet::ledger::Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_link_counts_where_the_person_signed_up_or_with_the_password(pool: PgPool) {
    let wallet = open(&pool).await;
    let device = wallet.identity().register(form(ANNA), &from(1)).await.expect("registered");
    let token = newest_token(&wallet, ANNA).await;
    let elsewhere = Visit { device: Some("0".repeat(64)), ..from(2) };
    let asked = refusal(wallet.identity().confirm_email(&token, "", (None, &elsewhere)).await);
    assert_eq!(problems(asked), [("password".to_owned(), Problem::Required)]);
    let here = Visit { device: Some(device), ..from(1) };
    let done = wallet.identity().confirm_email(&token, "", (None, &here)).await.expect("confirmed");
    assert!(done.enters && done.user.email_verified);
    // A repeat signs nobody in, and is no mistake.
    let again = wallet.identity().confirm_email(&token, "", (None, &here)).await.expect("confirmed before");
    assert!(!again.enters);

    wallet.identity().register(form("boris@example.com"), &from(3)).await.expect("registered");
    let token = newest_token(&wallet, "boris@example.com").await;
    let done = wallet.identity().confirm_email(&token, PASSWORD, (None, &elsewhere)).await.expect("confirmed");
    assert!(done.enters && done.user.email_verified);
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_registered_an_address_first_gains_nothing(pool: PgPool) {
    let wallet = open(&pool).await;
    let thief = from(1);
    let device = wallet.identity().register(form(ANNA), &thief).await.expect("registered");
    let here = Visit { device: Some(device), ..thief };
    refusal(wallet.identity().sign_in(ANNA, PASSWORD, &here).await);
    let user: uuid::Uuid = sqlx::query_scalar("SELECT id FROM users").fetch_one(&pool).await.expect("one person");
    // A session of an older version, that let in whoever had signed up.
    let viewer = wallet.identity().viewer(wallet::id::UserId::from_uuid(user)).await.expect("a viewer");
    open_session(&wallet, &viewer, [1; 16]).await;
    mails(&wallet, ANNA).await;
    // The owner comes, knows no password, and asks for a new one: the reset proves the address, and the gift comes.
    wallet.identity().request_password_reset(ANNA, &from(9)).await.expect("sent");
    let token = newest_token(&wallet, ANNA).await;
    let user = wallet.identity().reset_password(&token, NEW).await.expect("reset");
    assert!(user.email_verified);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));
    assert!(!has_session(&wallet, [1; 16]).await);
    refusal(wallet.identity().sign_in(ANNA, PASSWORD, &from(1)).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_up_tells_nobody_who_has_a_wallet(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    wallet.clock().advance(minutes(2));
    let count = async |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&pool).await.expect("counted")
    };
    let before = (count("users").await, count("accounts").await, count("wallets").await);
    let device = wallet.identity().register(form("ANNA@example.com"), &from(1)).await.expect("the same answer");
    let other = wallet.identity().register(form("new@example.com"), &from(1)).await.expect("the same answer");
    assert_eq!((device.len(), other.len()), (64, 64));
    assert_eq!(
        (count("users").await, count("accounts").await, count("wallets").await),
        (before.0 + 1, before.1 + 1, before.2 + 2)
    );
    let told = mails(&wallet, ANNA).await;
    assert_eq!(told, [Mail::SignUpAgain { name: "Anna".into() }]);
    assert!(matches!(mails(&wallet, "new@example.com").await.as_slice(), []), "mails() has sent them all");
    // The password stays, and nobody is mailed to death.
    wallet.identity().authenticate(ANNA, PASSWORD, None).await.expect("signed in");
    for _ in 0..5 {
        wallet.identity().register(form(ANNA), &from(2)).await.expect("the same answer");
    }
    assert_eq!(mails(&wallet, ANNA).await, [], "one a minute");
    let weak = wallet::identity::SignUp { password: "NeuralBox2026".into(), ..form("weak@example.com") };
    let weak = problems(refusal(wallet.identity().register(weak, &from(3)).await));
    assert_eq!(weak, [("password".to_owned(), Problem::TooCommon)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn strangers_keep_no_owner_out(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    let known = wallet.identity().sign_in(ANNA, PASSWORD, &from(200)).await.expect("signed in");
    let own = Visit { device: Some(known.device), ..from(200) };
    // Twenty-four machines, each as often as it may.
    for round in 0..8 {
        for machine in 1..=24 {
            refusal(wallet.identity().sign_in(ANNA, "wrong horse", &from(machine)).await);
        }
        wallet.clock().advance(TimeDelta::seconds(10 * round));
        wallet.identity().sign_in(ANNA, PASSWORD, &own).await.expect("never refused where she signed in before");
        for machine in 1..=24 {
            refusal(wallet.identity().sign_in(ANNA, "wrong horse", &from(machine)).await);
        }
        // From a machine that nobody knows, and whose address never failed: at once.
        wallet.identity().authenticate(ANNA, PASSWORD, from(100 + round as u8).from).await.expect("signed in");
    }
    // While many try, a further machine has one free try instead of five.
    for machine in 31..=54 {
        refusal(wallet.identity().sign_in(ANNA, "wrong horse", &from(machine)).await);
    }
    let tries = [201, 201, 201];
    let mut told = Vec::new();
    for machine in tries {
        told.push(refusal(wallet.identity().sign_in(ANNA, "wrong horse", &from(machine)).await).status());
    }
    assert_eq!(told, [422, 422, 429], "one is free, one begins the wait");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_known_machine_is_its_persons_and_no_licence_to_guess(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    member(&wallet, "boris@example.com").await;
    let first = wallet.identity().sign_in(ANNA, PASSWORD, &from(1)).await.expect("signed in");
    let own = Visit { device: Some(first.device.clone()), ..from(1) };
    let again = wallet.identity().sign_in(ANNA, PASSWORD, &own).await.expect("signed in");
    assert_eq!(again.device, first.device, "it stays");
    for _ in 0..40 {
        let wrong = refusal(wallet.identity().sign_in(ANNA, "wrong horse", &own).await);
        assert_eq!(problems(wrong), [("password".to_owned(), Problem::WrongCredentials)]);
    }
    wallet.identity().sign_in(ANNA, PASSWORD, &own).await.expect("forty typos are no reason");
    // Boris at the same computer: both are known there, under a secret that he did not bring along.
    let boris = wallet.identity().sign_in("boris@example.com", PASSWORD, &own).await.expect("signed in");
    assert_ne!(boris.device, first.device);
    let shared = Visit { device: Some(boris.device), ..from(1) };
    for _ in 0..10 {
        refusal(wallet.identity().sign_in(ANNA, "wrong horse", &shared).await);
    }
    wallet.identity().sign_in(ANNA, PASSWORD, &shared).await.expect("known as well");
    // The older secret is nobody's any more: its guesses wait like everybody's.
    let stale = Visit { from: Some(IpAddr::from([198, 51, 100, 1])), ..own };
    let mut told = Vec::new();
    for _ in 0..8 {
        told.push(refusal(wallet.identity().sign_in(ANNA, "wrong horse", &stale).await).status());
    }
    assert!(told.contains(&429), "{told:?}");
    // Whoever stole the cookie guesses a hundred times, and not for ever.
    let thief = Visit { from: Some(IpAddr::from([198, 51, 100, 2])), ..shared };
    let mut looked_at = 0;
    for _ in 0..130 {
        match refusal(wallet.identity().sign_in("boris@example.com", "wrong horse", &thief).await) {
            Refusal::Unprocessable { .. } => looked_at += 1,
            refused => assert!(matches!(refused, Refusal::RateLimited { .. }), "{refused:?}"),
        }
    }
    assert!((100..110).contains(&looked_at), "{looked_at}");
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM known_devices WHERE token_hash = decode($1, 'hex')")
        .bind(&first.device)
        .fetch_one(&pool)
        .await
        .expect("counted");
    assert_eq!(stored, 0, "only its hash is kept");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_flood_of_sign_ins_is_told_to_come_back(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, ANNA).await;
    let known = wallet.identity().sign_in(ANNA, PASSWORD, &from(1)).await.expect("signed in");
    let own = Visit { device: Some(known.device), ..from(1) };
    let flood = (0..200).map(|number| {
        let visit = Visit { from: Some(IpAddr::from([198, 51, 100, number])), ..Visit::default() };
        let wallet = wallet.clone();
        async move { wallet.identity().sign_in(&format!("nobody{number}@example.com"), "wrong horse", &visit).await }
    });
    let flood = tokio::spawn(futures::future::join_all(flood));
    wallet.identity().sign_in(ANNA, PASSWORD, &own).await.expect("a known machine has a place of its own");
    let answers = flood.await.expect("no panic");
    let full = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Error::Refused(Refusal::RateLimited { retry_after_seconds: 1..=5 }))));
    let (full, all) = (full.count(), answers.len());
    let wrong = answers.iter().filter(|answer| matches!(answer, Err(Error::Refused(Refusal::Unprocessable { .. }))));
    assert_eq!(full + wrong.count(), all, "{answers:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_changes_password_and_name(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let live = wallet.identity().create_key(&viewer, &new_key("ci")).await.expect("made");
    let signed_in = wallet.identity().sign_in(ANNA, PASSWORD, &from(1)).await.expect("signed in");
    wallet.identity().sign_in(ANNA, PASSWORD, &from(2)).await.expect("signed in elsewhere");
    open_session(&wallet, &viewer, [1; 16]).await;
    open_session(&wallet, &viewer, [2; 16]).await;
    mails(&wallet, ANNA).await;
    let here = Visit { session: Some([1; 16]), device: Some(signed_in.device), ..from(1) };
    let identity = wallet.identity();
    let wrong = refusal(identity.change_password(&viewer, "wrong horse", NEW, &here).await);
    assert_eq!(problems(wrong), [("current_password".to_owned(), Problem::WrongPassword)]);
    for (new, problem) in [
        ("short", Problem::TooShort),
        ("sunshine", Problem::TooCommon),
        ("anna@example.com", Problem::TooCommon),
        ("NeuralBox1", Problem::TooCommon),
        (PASSWORD, Problem::NotAllowed),
    ] {
        let weak = refusal(identity.change_password(&viewer, PASSWORD, new, &here).await);
        assert_eq!(problems(weak), [("new_password".to_owned(), problem)], "{new}");
    }
    assert_eq!(mails(&wallet, ANNA).await, []);
    let before = identity.user(viewer.user).await.expect("read").expect("there").auth_hash;
    let user = identity.change_password(&viewer, PASSWORD, NEW, &here).await.expect("changed");
    assert_ne!(user.auth_hash, before, "whoever is still signed in by the old one is not any more");
    assert!(has_session(&wallet, [1; 16]).await && !has_session(&wallet, [2; 16]).await);
    let ended = Ended { sessions: 1, keys: 0, webhooks: 0 };
    assert_eq!(mails(&wallet, ANNA).await, [Mail::PasswordChanged { name: "Anna".into(), ended }]);
    identity.authenticate_key(&live.secret).await.expect("keys stay");
    refusal(identity.authenticate(ANNA, PASSWORD, None).await);

    let link = refusal(identity.change_name(&viewer, NEW, "visit evil.com", &here).await);
    assert_eq!(problems(link), [("name".to_owned(), Problem::HasLink)]);
    let wrong = refusal(identity.change_name(&viewer, "", "Anna B", &here).await);
    assert_eq!(problems(wrong), [("current_password".to_owned(), Problem::Required)]);
    identity.change_name(&viewer, NEW, " Anna B ", &here).await.expect("changed");
    let viewer = identity.viewer(viewer.user).await.expect("a viewer");
    assert_eq!((viewer.name.as_str(), viewer.account_name.as_str()), ("Anna B", "Anna B"));
    let told = Mail::NameChanged { name: "Anna B".into(), before: "Anna".into() };
    assert_eq!(mails(&wallet, ANNA).await, [told]);
    assert_eq!(identity.change_name(&viewer, NEW, "Anna B", &here).await.expect("the same").name, "Anna B");
    assert_eq!(mails(&wallet, ANNA).await, [], "nothing has changed");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_sees_and_ends_the_own_sessions_and_no_other(pool: PgPool) {
    let wallet = open(&pool).await;
    let (anna, boris) = (member(&wallet, ANNA).await, member(&wallet, "boris@example.com").await);
    for token in [[1; 16], [2; 16], [3; 16]] {
        open_session(&wallet, &anna, token).await;
    }
    open_session(&wallet, &boris, [9; 16]).await;
    let identity = wallet.identity();
    let seen = Visit { session: Some([1; 16]), user_agent: "Mozilla/5.0 (iPhone) Safari/604.1".into(), ..from(5) };
    sqlx::query("UPDATE sessions SET last_used_at = now() - interval '2 minutes'").execute(&pool).await.expect("ago");
    identity.session_seen(&seen).await.expect("seen");
    let sessions = identity.sessions(&anna, Some(&[1; 16])).await.expect("listed");
    assert_eq!(sessions.len(), 3);
    let this = &sessions[0];
    assert!(this.is_this && this.device.is_mobile, "{this:?}");
    assert_eq!((this.device.system.as_deref(), this.address.as_deref()), (Some("iPhone"), Some("192.0.2.5")));
    let other = &sessions[1];
    assert!(!other.is_this && sessions.iter().filter(|session| session.is_this).count() == 1);
    assert_eq!((other.device.browser.as_deref(), other.address.as_deref()), (Some("Firefox"), Some("192.0.2.7")));
    // Somebody else's, by its id: nothing happens.
    let foreign = identity.sessions(&boris, None).await.expect("listed")[0].id;
    identity.end_session(&anna, foreign).await.expect("nothing");
    assert!(has_session(&wallet, [9; 16]).await);
    identity.end_session(&anna, other.id).await.expect("ended");
    identity.end_session(&anna, other.id).await.expect("a repeat changes nothing");
    assert_eq!(identity.sessions(&anna, None).await.expect("listed").len(), 2);
    assert_eq!(identity.end_other_sessions(&anna, &seen).await.expect("ended"), 1);
    assert!(has_session(&wallet, [1; 16]).await && has_session(&wallet, [9; 16]).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn names_with_links_or_hidden_letters_are_refused_wherever_they_go(pool: PgPool) {
    use wallet::ledger::{BudgetPeriod, BudgetScope, NewBudget};
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    for (name, problem) in [
        ("Win at http://evil.example", Problem::HasLink),
        ("www.evil", Problem::HasLink),
        ("evil.com/prize", Problem::HasLink),
        ("An\u{202e}na", Problem::HasHidden),
        ("An\u{200b}na", Problem::HasHidden),
        ("An\nna", Problem::HasHidden),
    ] {
        let person = wallet::identity::SignUp { name: name.into(), ..form("x@example.com") };
        let named = [("name".to_owned(), problem)];
        assert_eq!(problems(refusal(wallet.identity().register(person, &from(1)).await)), named, "{name:?}");
        assert_eq!(problems(refusal(wallet.identity().create_key(&viewer, &new_key(name)).await)), named, "{name:?}");
        let (scope, period) = (BudgetScope::Project, BudgetPeriod::Day);
        let budget = NewBudget { name: name.into(), scope, period, ceiling: Credits::ONE };
        assert_eq!(problems(refusal(wallet.ledger().set_budget(viewer.wallet, budget).await)), named, "{name:?}");
        let hook = wallet.webhooks().create(viewer.wallet, &viewer.actor(), &endpoint(name), &key(name)).await;
        assert_eq!(problems(refusal(hook)), [("description".to_owned(), problem)], "{name:?}");
    }
    let nameless = wallet::identity::SignUp { name: String::new(), ..form("evil.com@example.com") };
    let made = wallet.identity().create_proven(nameless).await.expect("made");
    assert_eq!(made.name, "evil com", "what is taken from the address is a name, too");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_account_is_in_the_time_zone_of_its_browser(pool: PgPool) {
    let wallet = open(&pool).await;
    for (number, (told, kept)) in
        [("Asia/Yekaterinburg", "Asia/Yekaterinburg"), ("", "UTC"), ("Mars/Olympus", "UTC"), ("'; --", "UTC")]
            .into_iter()
            .enumerate()
    {
        let form = SignUp { time_zone: told.into(), ..form(&format!("person-{number}@example.com")) };
        assert_eq!(sign_up_with(&wallet, form).await.time_zone, kept);
    }
}
