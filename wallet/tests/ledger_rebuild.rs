//! A wallet whose numbers do not follow from its rows is made what they say; rows that do not add up are left alone.
#![cfg(feature = "postgres")]

mod ledger_support;

use ledger_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Error, Refusal};
use wallet::id::{AccountId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::Hash;
use wallet::ledger::verify_export;
use wallet::ledger::{ArchiveFile, Command, Environment, Scope};
use wallet::money::Credits;

fn staff() -> Actor {
    Actor::system("command line")
}

/// The numbers of a wallet and its grants, as text.
async fn numbers(pool: &PgPool, id: WalletId) -> Vec<String> {
    let all = "SELECT format('%s %s %s %s %s %s', seq, settled, held, debt, grants_made, head_hash)
               FROM wallets WHERE shard = $1 AND wallet_id = $2
               UNION ALL
               SELECT format('%s: %s %s %s %s', grant_id, remaining, held, clawed, open)
               FROM grants WHERE shard = $1 AND wallet_id = $2
               ORDER BY 1";
    sqlx::query_scalar(all).bind(id.shard.as_i16()).bind(id.number).fetch_all(pool).await.expect("numbers")
}

/// Does something with a wallet and then sets its numbers back to what they were before: its newest rows are there, and
/// nothing follows from them.
async fn wedge(pool: &PgPool, wallet: &Wallet, id: WalletId) {
    let keep = ["CREATE TABLE was_wallets AS SELECT * FROM wallets", "CREATE TABLE was_grants AS SELECT * FROM grants"];
    for keep in keep {
        sqlx::query(keep).execute(pool).await.expect("kept");
    }
    charge(wallet, id, "lost", 2).await.expect("charged");
    let back = [
        "UPDATE wallets AS w SET seq = b.seq, settled = b.settled, held = b.held, head_hash = b.head_hash,
                                 last_at = b.last_at, version = w.version + 1
         FROM was_wallets AS b WHERE (w.shard, w.wallet_id) = (b.shard, b.wallet_id)",
        "UPDATE grants AS g SET remaining = b.remaining, held = b.held, open = b.open
         FROM was_grants AS b WHERE (g.shard, g.wallet_id, g.grant_id) = (b.shard, b.wallet_id, b.grant_id)",
        "DROP TABLE was_wallets",
        "DROP TABLE was_grants",
    ];
    for back in back {
        sqlx::query(back).execute(pool).await.expect("set back");
    }
}

/// A wallet with all kinds of rows.
async fn busy(wallet: &Wallet) -> WalletId {
    let id = new_wallet(wallet).await;
    grant(wallet, id, "g1", 10).await;
    grant(wallet, id, "g2", 20).await;
    charge(wallet, id, "c1", 12).await.expect("charged");
    let held = hold(wallet, id, "h1", &[3, 1]).await.seq();
    submit(wallet, id, "x1", capture_all(held)).await.expect("captured");
    hold(wallet, id, "open", &[2]).await;
    let back = Command::Clawback { grant: Some(2), amount: credits(1), reason: "refund".into() };
    submit(wallet, id, "claw", back).await.expect("taken back");
    // The newest grant goes wholly to debt: no row has a share of it.
    let back = Command::Clawback { grant: None, amount: credits(14), reason: "refund".into() };
    submit(wallet, id, "claw-more", back).await.expect("taken back");
    grant(wallet, id, "g3", 3).await;
    assert_eq!(available(wallet, id).await, Credits::ZERO);
    let paid_back = Command::CreditBack { charge: 3, reason: "it failed".into() };
    submit(wallet, id, "back", paid_back).await.expect("paid back");
    id
}

async fn is_rebuilt(pool: &PgPool, wallet: &Wallet, id: WalletId) {
    wedge(pool, wallet, id).await;
    let stuck = charge(wallet, id, "stuck", 1).await;
    assert_eq!(refusal(stuck), Refusal::Unavailable, "nothing can be written to it");
    assert!(!wallet.ledger().verify(Scope::Wallet(id)).await.expect("verified").is_empty());
    let before = numbers(pool, id).await;

    let plan = wallet.ledger().rebuild_plan(id).await.expect("a plan");
    let names: Vec<&str> = plan.iter().map(|number| number.what.as_str()).collect();
    assert!(names.starts_with(&["seq", "settled", "head hash"]), "{names:?}");
    assert!(!names.contains(&"grants made"), "{names:?}");
    assert_eq!(numbers(pool, id).await, before, "a plan changes nothing");
    let moved = wallet.ledger().rebuild(id, (&staff(), "wedged"), &plan[1..]).await;
    assert!(matches!(refusal(moved), Refusal::Unprocessable { .. }), "what was not told is not done");
    wallet.ledger().rebuild(id, (&staff(), "wedged"), &plan).await.expect("rebuilt");
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    charge(wallet, id, "after", 1).await.expect("charged");
    grant(wallet, id, "top-up", 5).await;
    assert_eq!(wallet.ledger().rebuild_plan(id).await.expect("a plan"), []);
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    let log = wallet.identity().audit_log(None, 10).await.expect("a page").rows;
    let row = log.iter().find(|row| row.action == "wallet.rebuilt").expect("a row of the audit log");
    assert_eq!((row.subject.as_str(), &row.after["note"]), (format!("wallet {id}").as_str(), &"wedged".into()));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_that_nothing_can_be_written_to_is_made_what_its_rows_say(pool: PgPool) {
    let wallet = open(&pool);
    let id = busy(&wallet).await;
    is_rebuilt(&pool, &wallet, id).await;
    assert_eq!(available(&wallet, id).await, credits(12 - 2 - 1 + 5));
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_that_nothing_can_be_written_to_holds_up_no_other(pool: PgPool) {
    let wallet = open(&pool);
    let account = AccountId::new();
    // Of one account, so of one writer.
    let stuck = wallet_of(&wallet, account, Environment::Production).await;
    let others = [
        wallet_of(&wallet, account, Environment::Production).await,
        wallet_of(&wallet, account, Environment::Preview).await,
    ];
    for id in [stuck, others[0], others[1]] {
        grant(&wallet, id, "g", 100).await;
    }
    wedge(&pool, &wallet, stuck).await;
    for round in 0..5 {
        let charges = |id| charge(&wallet, id, format!("c{round}"), 1);
        // Together: they are decided in the same batch.
        let (refused, more, one, two) = tokio::join!(
            charges(stuck),
            charge(&wallet, stuck, format!("d{round}"), 1),
            charges(others[0]),
            charges(others[1])
        );
        assert_eq!(refusal(refused), Refusal::Unavailable, "round {round}");
        assert_eq!(refusal(more), Refusal::Unavailable, "round {round}");
        one.unwrap_or_else(|error| panic!("round {round}: {error}"));
        two.unwrap_or_else(|error| panic!("round {round}: {error}"));
    }
    for id in others {
        assert_eq!(available(&wallet, id).await, credits(95));
        assert_eq!(wallet.ledger().verify(Scope::Wallet(id)).await.expect("verified"), []);
    }
    let plan = wallet.ledger().rebuild_plan(stuck).await.expect("a plan");
    wallet.ledger().rebuild(stuck, (&staff(), "wedged"), &plan).await.expect("rebuilt");
    charge(&wallet, stuck, "after", 1).await.expect("charged");
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_with_archived_rows_is_rebuilt_from_what_they_left(pool: PgPool) {
    let wallet = open(&pool);
    let id = busy(&wallet).await;
    wallet.clock().advance(hours(24 * 8));
    wallet.ledger().expire_holds().await.expect("swept");
    charge(&wallet, id, "late", 1).await.expect("charged");
    let part = wallet.ledger().archive_part(id, start() + hours(24)).await.expect("read").expect("rows");
    let text: String = part.lines().map(|line| line.expect("json") + "\n").collect();
    let file = ArchiveFile {
        name: part.file_name(),
        bytes: text.len() as u64,
        sha256: Hash::from_bytes([1; 32]),
        verified: verify_export(text.as_bytes()).expect("right"),
    };
    assert!(wallet.ledger().archive(&part, &file).await.expect("archived"));
    is_rebuilt(&pool, &wallet, id).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_whose_rows_do_not_add_up_is_left_alone(pool: PgPool) {
    let wallet = open(&pool);
    let id = busy(&wallet).await;
    wedge(&pool, &wallet, id).await;
    // Somebody at the database changes a row.
    for tamper in [
        "ALTER TABLE entries DISABLE TRIGGER USER",
        "UPDATE entries SET amount = amount - 1, settled_after = settled_after - 1 WHERE idem_key = 'c1'",
        "ALTER TABLE entries ENABLE TRIGGER USER",
    ] {
        sqlx::query(tamper).execute(&pool).await.expect("tampered");
    }
    let before = numbers(&pool, id).await;
    let refused = refusal(wallet.ledger().rebuild_plan(id).await);
    let Refusal::Unprocessable { fields } = refused else { panic!("{refused:?}") };
    assert!(fields[0].message.contains("row 3"), "{}", fields[0].message);
    assert_eq!(numbers(&pool, id).await, before);
    let unknown = WalletId { number: id.number + 1, ..id };
    let missing = wallet.ledger().rebuild_plan(unknown).await;
    assert!(matches!(missing, Err(Error::Refused(Refusal::NotFound { .. }))));
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn freezing_and_thawing_stand_in_the_audit_log_once_each(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10).await;
    let ledger = wallet.ledger();
    assert_eq!(refusal(ledger.freeze(id, &staff(), " ").await).status(), 400, "a reason is needed");
    for _ in 0..2 {
        ledger.freeze(id, &staff(), "chargeback").await.expect("frozen");
    }
    assert!(matches!(refusal(charge(&wallet, id, "c", 1).await), Refusal::Forbidden { .. }));
    for _ in 0..2 {
        ledger.unfreeze(id, &staff(), "won").await.expect("thawed");
    }
    charge(&wallet, id, "c", 1).await.expect("charged");
    // What the hourly check finds is told as well; a wallet that staff have frozen keeps their reason.
    sqlx::query("UPDATE wallets SET settled = settled + 1").execute(&pool).await.expect("tampered");
    for _ in 0..2 {
        assert!(!wallet.verify_and_freeze().await.expect("verified").is_empty());
    }
    let log = wallet.identity().audit_log(None, 20).await.expect("a page").rows;
    let told: Vec<(&str, &str)> = log.iter().rev().map(|row| (row.action.as_str(), row.actor.name())).collect();
    let wanted = [("wallet.frozen", "command line"), ("wallet.unfrozen", "command line"), ("wallet.frozen", "verify")];
    assert_eq!(told, wanted);
    let why = wallet.ledger().balance(id).await.expect("a balance").frozen.expect("a reason");
    assert!(why.contains("fails a check"), "{why}");
    assert_eq!(available(&wallet, id).await, Credits::from_whole(9).expect("fits"));
    wallet.shutdown().await;
}
