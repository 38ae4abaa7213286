//! People on PostgreSQL: signing up and in, once per person, sessions, keys, the audit log.
#![cfg(feature = "postgres")]

mod people_support;

use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use people_support::*;
use serde_json::json;
use sqlx::PgPool;
use wallet::clock::Clock;
use wallet::error::{Error, Problem, Refusal};
use wallet::id::KeyId;
use wallet::identity::{Actor, Environment, NewAudit, NewKey, Role, SessionRecord, StaffRole, Visit};
use wallet::ledger::GrantSource;
use wallet::money::Credits;
use wallet::{Options, Wallet};

#[sqlx::test(migrations = "../migrations")]
async fn a_person_signs_up_with_an_account_and_two_wallets(pool: PgPool) {
    let wallet = open(&pool).await;
    let new = sign_up(&wallet, "Anna@Example.com").await;
    let viewer = wallet.identity().viewer(new.user).await.expect("a viewer");
    assert_eq!(
        (viewer.email.as_str(), viewer.name.as_str(), viewer.locale.as_str()),
        ("Anna@Example.com", "Anna", "ru")
    );
    assert_eq!((viewer.role, viewer.staff, viewer.email_verified), (Role::Owner, None, false));
    assert_eq!((viewer.plan.code.as_str(), viewer.plan.rank), ("starter", 0));
    assert_eq!((viewer.wallet, viewer.preview_wallet), (new.wallet, new.preview_wallet));
    assert_ne!(viewer.wallet, viewer.preview_wallet);
    assert_eq!(available(&wallet, viewer.wallet).await, Credits::ZERO, "the gift waits for the proof");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_is_one_person_whatever_its_case(pool: PgPool) {
    let wallet = open(&pool).await;
    sign_up(&wallet, "anna@example.com").await;
    wallet.identity().register(form("ANNA@example.com"), &Visit::default()).await.expect("the same answer");
    // Six at once: one wins, none leaves half an account.
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let wallet = wallet.clone();
        tasks.spawn(async move { wallet.identity().register(form("boris@example.com"), &Visit::default()).await });
    }
    tasks.join_all().await.into_iter().for_each(|answer| drop(answer.expect("the same answer")));
    let count =
        |table: &str| sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")));
    assert_eq!(count("users").fetch_one(&pool).await.expect("a count"), 2);
    assert_eq!(count("accounts").fetch_one(&pool).await.expect("a count"), 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_forms_name_every_field(pool: PgPool) {
    let wallet = open(&pool).await;
    let mut bad = form("not an address");
    bad.password = "short".into();
    let fields = problems(refusal(wallet.identity().register(bad, &Visit::default()).await));
    assert_eq!(fields, [("email".to_owned(), Problem::NotAnEmail), ("password".to_owned(), Problem::TooShort)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_gift_comes_once_per_person(pool: PgPool) {
    let wallet = open(&pool).await;
    let new = sign_up(&wallet, "anna.b@gmail.com").await;
    let token = newest_token(&wallet, "anna.b@gmail.com").await;
    let mut tasks = tokio::task::JoinSet::new();
    // As many as may try at once.
    for _ in 0..5 {
        let (wallet, token) = (wallet.clone(), token.clone());
        tasks.spawn(async move { prove(&wallet, &token).await.expect("verified").user.email_verified });
    }
    assert!(tasks.join_all().await.into_iter().all(|verified| verified));
    assert_eq!(available(&wallet, new.wallet).await, credits(50));
    let balance = wallet.ledger().balance(new.wallet).await.expect("a balance");
    assert_eq!((balance.grants.len(), balance.grants[0].source), (1, GrantSource::OneTime));

    // The same mailbox in other spellings is proven, but gets nothing.
    for other in ["annab+2@gmail.com", "a.n.n.a.b@googlemail.com"] {
        let viewer = member(&wallet, other).await;
        assert!(viewer.email_verified);
        assert_eq!(available(&wallet, viewer.wallet).await, Credits::ZERO, "{other}");
    }
    let other = member(&wallet, "someone.else@gmail.com").await;
    assert_eq!(available(&wallet, other.wallet).await, credits(50));
}

#[sqlx::test(migrations = "../migrations")]
async fn links_end(pool: PgPool) {
    let wallet = open(&pool).await;
    let new = sign_up(&wallet, "anna@example.com").await;
    let first = newest_token(&wallet, "anna@example.com").await;
    assert!(matches!(
        refusal(wallet.identity().resend_verification(new.user).await),
        Refusal::RateLimited { retry_after_seconds: 1..=60 }
    ));
    wallet.clock().advance(minutes(2));
    wallet.identity().resend_verification(new.user).await.expect("sent");
    let second = newest_token(&wallet, "anna@example.com").await;
    wallet.clock().advance(TimeDelta::hours(25));
    let old = [("token".to_owned(), Problem::Expired)];
    for link in [&first, &second] {
        assert_eq!(problems(refusal(prove(&wallet, link).await)), old);
    }
    assert_eq!(problems(refusal(prove(&wallet, "nonsense\0").await)), old);
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM mails WHERE content::text LIKE '%token%'")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(stored, 0, "a mail that was sent keeps no secret");
}

#[sqlx::test(migrations = "../migrations")]
async fn unknown_and_wrong_get_the_same_answer(pool: PgPool) {
    let wallet = open(&pool).await;
    let new = sign_up(&wallet, "anna@example.com").await;
    let unproven = refusal(wallet.identity().authenticate("anna@example.com", PASSWORD, None).await);
    let token = newest_token(&wallet, "anna@example.com").await;
    prove(&wallet, &token).await.expect("verified");
    let user = wallet.identity().authenticate(" ANNA@example.com ", PASSWORD, None).await.expect("signed in");
    assert_eq!(user.id, new.user);
    let wrong = refusal(wallet.identity().authenticate("anna@example.com", "wrong horse", None).await);
    let unknown = refusal(wallet.identity().authenticate("nobody@example.com", "wrong horse", None).await);
    let nonsense = refusal(wallet.identity().authenticate("nobody", &"x".repeat(10_000), None).await);
    assert_eq!((&wrong, &wrong, &wrong), (&unknown, &nonsense, &unproven));
    assert_eq!(problems(wrong), [("password".to_owned(), Problem::WrongCredentials)]);
    let empty = problems(refusal(wallet.identity().authenticate("", "", None).await));
    assert_eq!(empty.len(), 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn guessing_gets_slower_and_nobody_is_locked_out(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, "anna@example.com").await;
    let (thief, anna) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
    let guess = |from| {
        let wallet = wallet.clone();
        async move { refusal(wallet.identity().authenticate("anna@example.com", "wrong horse", from).await) }
    };
    for _ in 0..6 {
        assert!(matches!(guess(thief).await, Refusal::Unprocessable { .. }));
    }
    let Refusal::RateLimited { retry_after_seconds: first } = guess(thief).await else { panic!("not slower") };
    // The right password has to wait as well: else it could be told from a wrong one.
    let waits = refusal(wallet.identity().authenticate("anna@example.com", PASSWORD, thief).await);
    assert!(matches!(waits, Refusal::RateLimited { .. }));
    // From elsewhere the owner comes in at once.
    wallet.identity().authenticate("anna@example.com", PASSWORD, anna).await.expect("signed in");
    wallet.clock().advance(TimeDelta::seconds(i64::from(first) + 1));
    assert!(matches!(guess(thief).await, Refusal::Unprocessable { .. }));
    let Refusal::RateLimited { retry_after_seconds: second } = guess(thief).await else { panic!("not slower") };
    assert!(second > first, "{second} s after {first} s");
    wallet.clock().advance(TimeDelta::hours(2));
    wallet.identity().authenticate("anna@example.com", PASSWORD, thief).await.expect("forgotten after a while");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_burst_of_guesses_gets_no_further_than_one_after_the_other(pool: PgPool) {
    let wallet = open(&pool).await;
    member(&wallet, "anna@example.com").await;
    let (thief, anna) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
    let guesses = (0..24).map(|_| wallet.identity().authenticate("anna@example.com", "wrong horse", thief));
    let answers = futures::future::join_all(guesses).await;
    let looked_at =
        answers.into_iter().filter(|answer| matches!(answer, Err(Error::Refused(Refusal::Unprocessable { .. }))));
    assert_eq!(looked_at.count(), 6, "five cost nothing, and the sixth makes the others wait");
    // Who comes in leaves nothing behind: neither at the address nor at the peer.
    for _ in 0..60 {
        wallet.identity().authenticate("anna@example.com", PASSWORD, anna).await.expect("signed in");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn one_machine_signs_up_no_crowd_and_mails_nobody_to_death(pool: PgPool) {
    let wallet = open(&pool).await;
    let visit = Visit { from: Some(IpAddr::from([192, 0, 2, 1])), ..Visit::default() };
    let elsewhere = Visit { from: Some(IpAddr::from([192, 0, 2, 2])), ..Visit::default() };
    for number in 0..21 {
        let email = format!("person{number}@example.com");
        wallet.identity().request_password_reset(&email, &visit).await.expect("the same answer");
    }
    let waits = refusal(wallet.identity().register(form("late@example.com"), &visit).await);
    assert!(matches!(waits, Refusal::RateLimited { .. }), "{waits:?}");
    let waits = refusal(wallet.identity().request_password_reset("late@example.com", &visit).await);
    assert!(matches!(waits, Refusal::RateLimited { .. }), "{waits:?}");
    wallet.identity().register(form("late@example.com"), &elsewhere).await.expect("from elsewhere");
    wallet.clock().advance(TimeDelta::hours(2));
    wallet.identity().register(form("later@example.com"), &visit).await.expect("forgotten after a while");
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_becomes_staff_by_having_registered_the_address_first(pool: PgPool) {
    let wallet = open(&pool).await;
    sign_up(&wallet, "chief@example.com").await;
    let squatted = refusal(wallet.identity().create_staff(form("chief@example.com"), StaffRole::Admin).await);
    assert_eq!(problems(squatted), [("email".to_owned(), Problem::Taken)]);
    let squatted = refusal(wallet.identity().appoint_staff("chief@example.com", StaffRole::Admin).await);
    assert_eq!(problems(squatted), [("email".to_owned(), Problem::Taken)]);
    let viewer = member(&wallet, "anna@example.com").await;
    let taken = refusal(wallet.identity().create_staff(form("anna@example.com"), StaffRole::Support).await);
    assert_eq!(problems(taken), [("email".to_owned(), Problem::Taken)]);
    let made = wallet.identity().appoint_staff("Anna@example.com", StaffRole::Support).await.expect("proven");
    assert_eq!((made.id, made.staff), (viewer.user, Some(StaffRole::Support)));
    wallet.identity().authenticate("anna@example.com", PASSWORD, None).await.expect("the password stays");
    let nobody = refusal(wallet.identity().appoint_staff("nobody@example.com", StaffRole::Admin).await);
    assert_eq!(problems(nobody), [("email".to_owned(), Problem::Unknown)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_password_signs_out_everywhere(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, "anna@example.com").await;
    let record = SessionRecord {
        user: Some(viewer.user),
        data: json!({ "theme": "dark" }),
        expires_at: Utc::now() + TimeDelta::hours(1),
    };
    assert!(wallet.identity().session_create(b"token", &record).await.expect("created"));
    wallet.identity().request_password_reset("nobody@example.com", &Visit::default()).await.expect("the same answer");
    wallet.identity().request_password_reset("Anna@example.com", &Visit::default()).await.expect("sent");
    wallet.identity().request_password_reset("anna@example.com", &Visit::default()).await.expect("not sent twice");
    let token = newest_token(&wallet, "anna@example.com").await;
    let weak = problems(refusal(wallet.identity().reset_password(&token, "password").await));
    assert_eq!(weak, [("password".to_owned(), Problem::TooCommon)]);
    let before = wallet.identity().user(viewer.user).await.expect("read").expect("there").auth_hash;
    let user = wallet.identity().reset_password(&token, "a whole new secret").await.expect("reset");
    assert_ne!(user.auth_hash, before);
    assert_eq!(wallet.identity().session_load(b"token").await.expect("read"), None);
    refusal(wallet.identity().authenticate("anna@example.com", PASSWORD, None).await);
    wallet.identity().authenticate("anna@example.com", "a whole new secret", None).await.expect("signed in");
    let used = problems(refusal(wallet.identity().reset_password(&token, "another new secret").await));
    assert_eq!(used, [("token".to_owned(), Problem::Expired)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_that_was_deleted_stays_deleted(pool: PgPool) {
    let wallet = Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())));
    let identity = wallet.identity();
    let mut record =
        SessionRecord { user: None, data: json!({ "a": 1 }), expires_at: Utc::now() + TimeDelta::hours(1) };
    assert!(identity.session_create(b"one", &record).await.expect("created"));
    assert!(!identity.session_create(b"one", &record).await.expect("taken"));
    record.data = json!({ "a": 2 });
    assert!(identity.session_save(b"one", &record).await.expect("saved"));
    let loaded = identity.session_load(b"one").await.expect("read").expect("there");
    assert_eq!(loaded.data, json!({ "a": 2 }));
    identity.session_delete(b"one").await.expect("deleted");
    assert!(!identity.session_save(b"one", &record).await.expect("gone"));
    assert_eq!(identity.session_load(b"one").await.expect("read"), None);
    record.expires_at = Utc::now() - TimeDelta::seconds(1);
    assert!(identity.session_create(b"old", &record).await.expect("created"));
    assert_eq!(identity.session_load(b"old").await.expect("read"), None);
    assert_eq!(identity.sessions_sweep().await.expect("swept"), 1);
    let raw: i64 = sqlx::query_scalar("SELECT count(*) FROM sessions WHERE id_hash = 'one'")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(raw, 0);
}

fn new_key(name: &str, environment: Environment) -> NewKey {
    NewKey { name: name.into(), environment, scopes: vec![], ceiling: None }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_opens_its_wallet_until_it_is_revoked(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, "anna@example.com").await;
    let other = member(&wallet, "boris@example.com").await;
    let live = wallet.identity().create_key(&viewer, &new_key("ci", Environment::Production)).await.expect("made");
    let test = wallet.identity().create_key(&viewer, &new_key("try", Environment::Preview)).await.expect("made");
    assert!(live.secret.starts_with("nb_live_") && test.secret.starts_with("nb_test_"), "{test:?}");
    let access = wallet.identity().authenticate_key(&live.secret).await.expect("right");
    assert_eq!((access.wallet, access.account, access.plan.code.as_str()), (viewer.wallet, viewer.account, "starter"));
    let access = wallet.identity().authenticate_key(&test.secret).await.expect("right");
    assert_eq!((access.wallet, access.environment), (viewer.preview_wallet, Environment::Preview));

    // Found by its id, refused by its secret.
    let forged = wallet::identity::write_key("nb", Environment::Production, live.key.id, [1, 2]);
    for text in [forged.as_str(), "", "nb_live_x", &live.secret[..live.secret.len() - 1]] {
        assert_eq!(refusal(wallet.identity().authenticate_key(text).await), Refusal::Unauthenticated);
    }
    // Somebody else's key isn't there.
    let foreign = refusal(wallet.identity().revoke_key(&other, live.key.id).await);
    assert_eq!(foreign, Refusal::not_found("key"));

    // Another node has the key in memory; it sees the revocation within a second.
    let node = Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())));
    node.identity().authenticate_key(&live.secret).await.expect("right");
    wallet.identity().revoke_key(&viewer, live.key.id).await.expect("revoked");
    assert_eq!(refusal(wallet.identity().authenticate_key(&live.secret).await), Refusal::Unauthenticated);
    let began = std::time::Instant::now();
    while node.identity().authenticate_key(&live.secret).await.is_ok() {
        assert!(began.elapsed() < std::time::Duration::from_secs(1), "still open on the other node");
        tokio::task::yield_now().await;
    }
    node.identity().authenticate_key(&test.secret).await.expect("the other key works");

    wallet.identity().flush_key_uses().await.expect("written");
    let keys = wallet.identity().keys(&viewer).await.expect("a list");
    assert_eq!(keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["try", "ci"]);
    assert!(keys[0].last_used_at.is_some() && keys[1].revoked_at.is_some());
    assert!(wallet.identity().keys(&other).await.expect("a list").is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn keys_are_checked_and_viewers_make_none(pool: PgPool) {
    let wallet = open(&pool).await;
    let mut viewer = member(&wallet, "anna@example.com").await;
    let bad = NewKey {
        name: " ".into(),
        environment: Environment::Preview,
        scopes: vec!["webhooks:*".into()],
        ceiling: Some(Credits::ZERO),
    };
    let fields = problems(refusal(wallet.identity().create_key(&viewer, &bad).await));
    assert_eq!(fields.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["name", "scopes", "ceiling"]);
    viewer.role = Role::Viewer;
    let new = new_key("ci", Environment::Production);
    assert_eq!(refusal(wallet.identity().create_key(&viewer, &new).await).status(), 403);
    assert_eq!(refusal(wallet.identity().revoke_key(&viewer, KeyId::new()).await).status(), 403);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_audit_log_is_read_page_by_page(pool: PgPool) {
    let wallet = open(&pool).await;
    let staff = wallet.identity().create_staff(form("ada@example.com"), StaffRole::Admin).await.expect("made");
    let viewer = wallet.identity().viewer(staff.id).await.expect("a viewer");
    assert!(viewer.is_admin() && viewer.email_verified);
    let before = wallet.identity().audit_log(None, 200).await.expect("a page").rows.len();
    for number in 0..5 {
        let audit = NewAudit {
            actor: viewer.staff_actor().expect("staff"),
            action: "tariff.published".into(),
            subject: format!("price book {number}"),
            before: json!({ "price": 13 }),
            after: json!({ "price": 12 }),
        };
        wallet.identity().audit(&audit).await.expect("written");
    }
    let page = wallet.identity().audit_log(None, 3).await.expect("a page");
    assert_eq!(page.rows[0].subject, "price book 4");
    assert_eq!(page.rows[0].actor, Actor::Staff { id: staff.id, name: "Anna".into() });
    assert_eq!((&page.rows[0].before, &page.rows[0].after), (&json!({ "price": 13 }), &json!({ "price": 12 })));
    let rest = wallet.identity().audit_log(page.next, 200).await.expect("a page");
    assert_eq!((rest.rows.len(), rest.next), (2 + before, None));
}

#[sqlx::test(migrations = "../migrations")]
async fn demo_data_is_loaded_once(pool: PgPool) {
    let wallet = open(&pool).await;
    let demo = wallet.demo_load().await.expect("loaded");
    let user = wallet.identity().authenticate(demo.user.email, demo.user.password, None).await.expect("signed in");
    let viewer = wallet.identity().viewer(user.id).await.expect("a viewer");
    let admin = wallet.identity().authenticate(demo.admin.email, demo.admin.password, None).await.expect("signed in");
    assert_eq!(admin.staff, Some(StaffRole::Admin));
    let access = wallet.identity().authenticate_key(&demo.key).await.expect("right");
    assert_eq!(access.wallet, viewer.wallet);
    let balance = wallet.ledger().balance(viewer.wallet).await.expect("a balance");
    assert!(balance.seq >= 10, "only {} rows of history", balance.seq);
    wallet.identity().authenticate_service_key(&demo.service_key).await.expect("the platform's key");
    let again = wallet.demo_load().await.expect("loaded");
    assert_eq!(again, demo);
    assert_eq!(wallet.ledger().balance(viewer.wallet).await.expect("a balance"), balance);
}
