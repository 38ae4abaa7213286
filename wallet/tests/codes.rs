//! Redemption codes on PostgreSQL: each brings its credits once, whoever tries at the same moment.
#![cfg(feature = "postgres")]

mod people_support;

use chrono::{DateTime, TimeDelta, Utc};
use people_support::*;
use sqlx::PgPool;
use tokio::task::JoinSet;
use wallet::Wallet;
use wallet::error::{Problem, Refusal, Result};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Role, Viewer};
use wallet::ledger::{GrantSource, GrantView, Scope};
use wallet::money::Credits;
use wallet::promo::{MadeCodes, NewCodeBatch, Redeemed};

fn until() -> DateTime<Utc> {
    start() + TimeDelta::days(30)
}

fn batch() -> NewCodeBatch {
    NewCodeBatch {
        credits: credits(100),
        count: 3,
        per_account: 1,
        expires_at: until(),
        grant_days: None,
        label: "Spring".into(),
        reason: "the spring campaign".into(),
    }
}

fn staff() -> Actor {
    Actor::system("test")
}

async fn make(wallet: &Wallet, new: NewCodeBatch) -> MadeCodes {
    wallet.promos().make_codes(&staff(), &new).await.expect("made")
}

async fn redeem(wallet: &Wallet, viewer: &Viewer, code: &str, key: &str) -> Result<Redeemed> {
    wallet.promos().redeem(viewer, code, &IdempotencyKey::parse(key).expect("a key")).await
}

async fn promos_of(wallet: &Wallet, viewer: &Viewer) -> Vec<GrantView> {
    let mut grants = wallet.ledger().balance(viewer.wallet).await.expect("a balance").grants;
    grants.retain(|grant| grant.source == GrantSource::Promo);
    grants
}

async fn is_right(wallet: &Wallet) {
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
}

async fn two(pool: &PgPool) -> (Wallet, Viewer, Viewer) {
    let wallet = open(pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let boris = member(&wallet, "boris@example.com").await;
    (wallet, anna, boris)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_code_brings_its_credits_once(pool: PgPool) {
    let (wallet, anna, boris) = two(&pool).await;
    let made = make(&wallet, NewCodeBatch { grant_days: Some(10), ..batch() }).await;
    let code = made.codes[0].to_ascii_lowercase().replace('-', " ");
    let redeemed = redeem(&wallet, &anna, &code, "form").await.expect("redeemed");
    let end = start() + TimeDelta::days(10);
    assert_eq!((redeemed.credits, redeemed.label.as_str(), redeemed.expires_at), (credits(100), "Spring", Some(end)));
    let grants = promos_of(&wallet, &anna).await;
    assert_eq!(grants.len(), 1);
    let reference = format!("code:{}:1", made.batch.id);
    assert_eq!((grants[0].seq, grants[0].cost, grants[0].expires_at), (redeemed.entry_seq, None, Some(end)));
    assert_eq!(grants[0].reference.as_deref(), Some(reference.as_str()));
    // The same form again is told the same, later too; another form, or another account, hears that it is used.
    wallet.clock().advance(TimeDelta::days(2));
    assert_eq!(redeem(&wallet, &anna, &made.codes[0], "form").await.expect("told again"), redeemed);
    assert_eq!(refusal(redeem(&wallet, &anna, &made.codes[0], "other").await), Refusal::CodeUsed);
    assert_eq!(refusal(redeem(&wallet, &boris, &made.codes[0], "form").await), Refusal::CodeUsed);
    // The form that has redeemed one code redeems no other one.
    assert_eq!(refusal(redeem(&wallet, &anna, &made.codes[1], "form").await), Refusal::IdempotencyMismatch);
    assert_eq!(refusal(redeem(&wallet, &anna, &made.codes[1], "more").await), Refusal::CodeLimit);
    redeem(&wallet, &boris, &made.codes[1], "form").await.expect("of the other account");
    let batches = wallet.promos().code_batches().await.expect("a list");
    assert_eq!((batches.len(), batches[0].redeemed, batches[0].count), (1, 2, 3));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_at_once_are_one_grant(pool: PgPool) {
    let wallet = open(&pool).await;
    let made = make(&wallet, batch()).await;
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(member(&wallet, &format!("p{number}@example.com")).await);
    }
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    let mut tasks = JoinSet::new();
    for number in 0..50_usize {
        let (wallet, viewer) = (if number % 2 == 0 { &wallet } else { &node }, people[number % 10].clone());
        let (wallet, code) = (wallet.clone(), made.codes[0].clone());
        tasks.spawn(async move { redeem(&wallet, &viewer, &code, &format!("form-{number}")).await });
    }
    let done = tasks.join_all().await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
    let refused = |done: &Result<Redeemed>| {
        done.is_ok() || done.as_ref().err().and_then(|e| e.refusal()) == Some(&Refusal::CodeUsed)
    };
    assert!(done.iter().all(refused), "{done:?}");
    let mut granted = 0;
    for viewer in &people {
        granted += promos_of(&wallet, viewer).await.len();
    }
    assert_eq!(granted, 1);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_form_sent_many_times_at_once_is_one_grant(pool: PgPool) {
    let (wallet, anna, _) = two(&pool).await;
    let made = make(&wallet, batch()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (wallet, anna, code) = (wallet.clone(), anna.clone(), made.codes[0].clone());
        tasks.spawn(async move { redeem(&wallet, &anna, &code, "form").await.expect("the same answer") });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(promos_of(&wallet, &anna).await.len(), 1);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_redeems_as_many_of_a_batch_as_it_may(pool: PgPool) {
    let (wallet, anna, boris) = two(&pool).await;
    let made = make(&wallet, NewCodeBatch { count: 8, per_account: 2, ..batch() }).await;
    let mut tasks = JoinSet::new();
    for (number, code) in made.codes.iter().take(7).cloned().enumerate() {
        let (wallet, anna) = (wallet.clone(), anna.clone());
        tasks.spawn(async move { redeem(&wallet, &anna, &code, &format!("form-{number}")).await });
    }
    let done = tasks.join_all().await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 2, "{done:?}");
    for refused in done.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(refused), Refusal::CodeLimit);
    }
    assert_eq!(promos_of(&wallet, &anna).await.len(), 2);
    // Those that were refused are still there for others.
    let left = wallet.promos().code_batch(made.batch.id).await.expect("a batch");
    assert_eq!((left.count, left.redeemed), (8, 2));
    redeem(&wallet, &boris, &made.codes[7], "form").await.expect("redeemed");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_code_is_over_at_the_instant(pool: PgPool) {
    let (wallet, anna, boris) = two(&pool).await;
    let made = make(&wallet, batch()).await;
    wallet.clock().set(until() - TimeDelta::microseconds(1));
    redeem(&wallet, &anna, &made.codes[0], "form").await.expect("in time");
    wallet.clock().set(until());
    assert_eq!(refusal(redeem(&wallet, &boris, &made.codes[1], "form").await), Refusal::CodeExpired);
    assert_eq!(promos_of(&wallet, &boris).await, []);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_withdrawn_is_refused_and_what_was_redeemed_stays(pool: PgPool) {
    let (wallet, anna, boris) = two(&pool).await;
    let (promos, made) = (wallet.promos(), make(&wallet, batch()).await);
    let id = made.batch.id;
    redeem(&wallet, &anna, &made.codes[0], "form").await.expect("redeemed");
    let used = promos.withdraw_codes(&staff(), id, Some(1), "a mistake").await;
    assert_eq!(refusal(used), Refusal::CodeUsed);
    assert_eq!(promos.withdraw_codes(&staff(), id, Some(2), "a mistake").await.expect("withdrawn").withdrawn, 1);
    assert_eq!(promos.withdraw_codes(&staff(), id, Some(2), "a mistake").await.expect("a repeat").withdrawn, 1);
    assert_eq!(refusal(promos.withdraw_codes(&staff(), id, Some(4), "a mistake").await).code(), "not_found");
    assert_eq!(refusal(redeem(&wallet, &boris, &made.codes[1], "form").await), Refusal::CodeWithdrawn);
    for _ in 0..2 {
        let batch = promos.withdraw_codes(&staff(), id, None, "the campaign is over").await.expect("withdrawn");
        assert!(batch.withdrawn_at.is_some());
    }
    assert_eq!(refusal(redeem(&wallet, &boris, &made.codes[2], "form").await), Refusal::CodeWithdrawn);
    assert_eq!(refusal(redeem(&wallet, &boris, &made.codes[0], "form").await), Refusal::CodeUsed);
    assert_eq!(promos_of(&wallet, &anna).await.len(), 1);
    let log = wallet.identity().audit_log(None, 50).await.expect("the log").rows;
    let said = |action: &str| log.iter().filter(|row| row.action == action).count();
    assert_eq!((said("codes.made"), said("codes.withdrawn")), (1, 2));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn wrong_codes_are_unknown_and_too_many_have_to_wait(pool: PgPool) {
    let (wallet, anna, mut boris) = two(&pool).await;
    let made = make(&wallet, batch()).await;
    // Another deployment's: well-formed, and nobody here has made it.
    let foreign = "GC-0000-0000-0000-0000-";
    assert!(made.codes.iter().all(|code| !code.starts_with(foreign)));
    for (number, wrong) in ["", "hello", "GC-1234", &made.codes[0][..20]].into_iter().enumerate() {
        assert_eq!(refusal(redeem(&wallet, &anna, wrong, &format!("{number}")).await), Refusal::CodeUnknown, "{wrong}");
    }
    for number in 4..10 {
        assert_eq!(refusal(redeem(&wallet, &anna, "GC", &format!("{number}")).await), Refusal::CodeUnknown);
    }
    assert_eq!(refusal(redeem(&wallet, &anna, "GC", "10").await), Refusal::CodeUnknown, "the first wait begins here");
    let waits = refusal(redeem(&wallet, &anna, &made.codes[0], "11").await);
    assert_eq!(waits, Refusal::RateLimited { retry_after_seconds: 2 });
    wallet.clock().advance(TimeDelta::seconds(3));
    redeem(&wallet, &anna, &made.codes[0], "11").await.expect("after the wait");
    boris.role = Role::Developer;
    assert_eq!(refusal(redeem(&wallet, &boris, &made.codes[1], "form").await).status(), 403);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_code_of_another_deployment_is_unknown_here(pool: PgPool) {
    let (wallet, anna, _) = two(&pool).await;
    let made = make(&wallet, batch()).await;
    // The other deployment's table is not this one's: what it made is well-formed, and has no row here.
    sqlx::raw_sql(
        "SET session_replication_role = replica; DELETE FROM redemption_codes; DELETE FROM code_batches;
                   SET session_replication_role = DEFAULT",
    )
    .execute(&pool)
    .await
    .expect("as if made elsewhere");
    assert_eq!(refusal(redeem(&wallet, &anna, &made.codes[0], "form").await), Refusal::CodeUnknown);
    assert_eq!(promos_of(&wallet, &anna).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn batches_are_checked_field_by_field(pool: PgPool) {
    let wallet = open(&pool).await;
    let cases = [
        (NewCodeBatch { credits: Credits::ZERO, ..batch() }, "credits", Problem::TooSmall),
        (NewCodeBatch { credits: "0.5".parse().expect("credits"), ..batch() }, "credits", Problem::TooPrecise),
        (NewCodeBatch { count: 0, ..batch() }, "count", Problem::TooMany),
        (NewCodeBatch { count: 10_001, ..batch() }, "count", Problem::TooMany),
        (NewCodeBatch { per_account: 0, ..batch() }, "per_account", Problem::TooSmall),
        (NewCodeBatch { grant_days: Some(0), ..batch() }, "grant_days", Problem::TooLarge),
        (NewCodeBatch { label: "  ".into(), ..batch() }, "label", Problem::Required),
        (NewCodeBatch { label: "see evil.com".into(), ..batch() }, "label", Problem::HasLink),
        (NewCodeBatch { expires_at: start(), ..batch() }, "expires", Problem::TooSoon),
        (NewCodeBatch { reason: " ".into(), ..batch() }, "note", Problem::Required),
    ];
    for (new, field, problem) in cases {
        let refused = refusal(wallet.promos().make_codes(&staff(), &new).await);
        assert_eq!(problems(refused), [(field.to_owned(), problem)], "{new:?}");
    }
    assert_eq!(wallet.promos().code_batches().await.expect("a list"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_stored_shows_no_code_and_can_not_be_undone(pool: PgPool) {
    let (wallet, anna, _) = two(&pool).await;
    let made = make(&wallet, batch()).await;
    assert!(!format!("{made:?}").contains(&made.codes[0]));
    let hashes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM redemption_codes").fetch_all(&pool).await.expect("read");
    let plain = made.codes[0].replace('-', "");
    assert!(
        hashes.iter().all(|hash| hash.len() == 32 && !plain.as_bytes().windows(4).any(|part| hash.starts_with(part)))
    );
    redeem(&wallet, &anna, &made.codes[0], "form").await.expect("redeemed");
    for undo in [
        "UPDATE redemption_codes SET redeemed_at = NULL, account_id = NULL, request_key = NULL, shard = NULL, wallet_id = NULL, entry_seq = NULL WHERE redeemed_at IS NOT NULL",
        "UPDATE redemption_codes SET hash = 'x' WHERE number = 2",
        "DELETE FROM redemption_codes WHERE number = 2",
        "TRUNCATE redemption_codes",
    ] {
        assert!(sqlx::raw_sql(undo).execute(&pool).await.is_err(), "{undo}");
    }
}

const CANARIES: &[(&str, &str)] = &[
    ("code_is_redeemed_once_for_its_grant", "UPDATE redemption_codes SET entry_seq = 99 WHERE redeemed_at IS NOT NULL"),
    ("code_is_redeemed_once_for_its_grant", "UPDATE code_batches SET credits = credits + 1"),
    ("code_is_redeemed_once_for_its_grant", "UPDATE code_batches SET expires_at = '2020-01-01'"),
    ("code_is_redeemed_once_for_its_grant", "UPDATE grants SET cost_minor = 1, cost_currency = 'RUB' WHERE source = 3"),
    (
        "code_is_redeemed_once_for_its_grant",
        "UPDATE redemption_codes SET account_id = gen_random_uuid() WHERE redeemed_at IS NOT NULL",
    ),
    (
        "code_is_redeemed_once_for_its_grant",
        "UPDATE redemption_codes SET redeemed_at = NULL, account_id = NULL, request_key = NULL, shard = NULL,
                wallet_id = NULL, entry_seq = NULL",
    ),
    ("codes_of_an_account_are_counted", "UPDATE code_uses SET used = 2"),
    ("codes_of_an_account_are_counted", "DELETE FROM code_uses"),
    ("codes_of_an_account_are_counted", "INSERT INTO code_uses SELECT id, gen_random_uuid(), 1 FROM code_batches"),
    ("codes_are_guarded", "ALTER TABLE redemption_codes DISABLE TRIGGER redemption_codes_once"),
    ("codes_are_guarded", "DROP TRIGGER redemption_codes_kept ON redemption_codes"),
];

#[sqlx::test(migrations = "../migrations")]
async fn planted_faults_of_codes_are_found(pool: PgPool) {
    let (wallet, anna, _) = two(&pool).await;
    let made = make(&wallet, batch()).await;
    redeem(&wallet, &anna, &made.codes[0], "form").await.expect("redeemed");
    is_right(&wallet).await;
    all_are_found(&wallet, &pool, CANARIES).await;
}
