//! Old rows leave for files: the proof goes on over them, keys answer for ever, and every invariant stays.
#![cfg(feature = "postgres")]

mod ledger_support;

use chrono::{DateTime, Utc};
use ledger_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Error, Refusal};
use wallet::id::{AccountId, WalletId};
use wallet::ledger::Hash;
use wallet::ledger::{
    ArchiveFile, ArchivePart, Command, EntryFilter, Environment, GrantSource, HoldState, NewGrant, Page, Receipt, Scope,
};
use wallet::ledger::{Audit, verify_export};
use wallet::ledger::{Checkpoint, CheckpointKey};
use wallet::money::Credits;

fn text(part: &ArchivePart) -> String {
    part.lines().map(|line| line.expect("json") + "\n").collect()
}

fn file(part: &ArchivePart) -> ArchiveFile {
    let text = text(part);
    ArchiveFile {
        name: part.file_name(),
        bytes: text.len() as u64,
        sha256: Hash::from_bytes([1; 32]),
        verified: verify_export(text.as_bytes()).expect("right"),
    }
}

/// Archives what is older than an instant; gives the files' texts.
async fn archive(wallet: &Wallet, id: WalletId, before: DateTime<Utc>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(part) = wallet.ledger().archive_part(id, before).await.expect("read") {
        assert!(wallet.ledger().archive(&part, &file(&part)).await.expect("archived"));
        texts.push(text(&part));
    }
    texts
}

/// A year: a bought grant, one that ends, holds that are captured, released and open, a credit-back, a transfer.
async fn year(wallet: &Wallet) -> (WalletId, WalletId) {
    let account = AccountId::new();
    let id = wallet_of(wallet, account, Environment::Production).await;
    let other = wallet_of(wallet, account, Environment::Preview).await;
    grant(wallet, id, "g", 1000).await;
    let promo = NewGrant::new(credits(50), GrantSource::Promo, "Hi");
    let promo = NewGrant { expires_at: Some(start() + hours(48)), ..promo };
    submit(wallet, id, "promo", Command::Grant(promo)).await.expect("granted");
    charge(wallet, id, "c1", 60).await.expect("charged");
    let held = hold(wallet, id, "h1", &[20]).await.seq();
    submit(wallet, id, "x1", capture_all(held)).await.expect("captured");
    let held = hold(wallet, id, "h2", &[5]).await.seq();
    submit(wallet, id, "x2", release(held)).await.expect("released");
    charge(wallet, id, "c2", 7).await.expect("charged");
    submit(wallet, id, "back", Command::CreditBack { charge: 3, reason: "failed".into() }).await.expect("paid back");
    submit(wallet, id, "t", Command::Transfer { to: other, amount: credits(9), reason: "tests".into(), grant: None })
        .await
        .expect("transferred");
    submit(wallet, id, "claw", Command::Clawback { grant: Some(1), amount: credits(30), reason: "refund".into() })
        .await
        .expect("taken back");
    let lines = vec![Receipt::flat("job", "Job", credits(3))];
    submit(wallet, id, "open", Command::Hold { lines, expires_in: Some(7 * 24 * 3600) }).await.expect("held");
    wallet.clock().advance(hours(24 * 4));
    wallet.ledger().expire_grants().await.expect("swept");
    charge(wallet, id, "c3", 11).await.expect("charged");
    (id, other)
}

#[sqlx::test(migrations = "../migrations")]
async fn archived_rows_are_proven_by_their_files_and_the_ledger_goes_on(pool: PgPool) {
    let wallet = open(&pool);
    let (id, other) = year(&wallet).await;
    let whole = wallet.ledger().proof(id, 0, 1000).await.expect("a proof");
    let before = wallet.ledger().balance(id).await.expect("a balance");
    let cutoff = start() + hours(24);
    assert_eq!(wallet.ledger().archive_due(cutoff, None, 10).await.expect("due"), [id, other]);
    let texts = archive(&wallet, id, cutoff).await;
    assert_eq!(texts.len(), 1);
    assert_eq!(wallet.ledger().archive_due(cutoff, None, 10).await.expect("due"), [other]);
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    assert_eq!(archive(&wallet, other, cutoff).await.len(), 1, "the other half of the transfer");
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    assert_eq!(wallet.verify(Scope::Wallet(id)).await.expect("verified"), []);
    assert_eq!(wallet.verify(Scope::Wallet(other)).await.expect("verified"), []);
    assert_eq!(wallet.ledger().balance(id).await.expect("a balance"), before);

    // The page ends where the archive begins, and says so.
    let page = wallet.ledger().entries(id, &EntryFilter::default(), Page::default()).await.expect("a page");
    let archived = page.archived.expect("archived rows");
    assert_eq!((archived.to, archived.until), (11, start()), "up to the open hold");
    assert_eq!(page.entries.last().map(|row| row.seq), Some(12));
    let gone = wallet.ledger().entry(id, 3).await.expect_err("archived").to_string();
    assert!(gone.contains("up to 11") && gone.contains("the first one here is 12"), "{gone}");
    assert!(!gone.contains("jsonl"), "files are the staff's: {gone}");
    // A proof from within the archive is refused; one from the beginning says where it begins.
    for after in [1, 10] {
        let refused = wallet.ledger().proof(id, after, 10).await.expect_err("archived").to_string();
        assert!(refused.contains("Begin with 12") && !refused.contains("jsonl"), "{refused}");
    }

    // The archive and a later export are one chain, the one that it was before.
    let (header, rows) = wallet.ledger().proof(id, 0, 1000).await.expect("a proof");
    assert_eq!((header.after, rows.first().map(|row| row.seq)), (11, Some(12)));
    let lines = rows.iter().map(|row| serde_json::to_string(row).expect("json"));
    let export: Vec<String> = [serde_json::to_string(&header).expect("json")].into_iter().chain(lines).collect();
    let mut audit = Audit::default();
    audit.read(texts[0].as_bytes()).expect("right");
    audit.read(export.join("\n").as_bytes()).expect("goes on");
    let verified = audit.finish().expect("right");
    assert_eq!((verified.after, verified.rows, verified.seq), (0, 14, 14));
    assert_eq!(verified.hash, whole.1.last().expect("a row").hash);
    let mut wrong = Audit::default();
    wrong.read(export.join("\n").as_bytes()).expect("right");
    assert!(wrong.read(texts[0].as_bytes()).expect_err("not in order").contains("ends at row 14"));

    // What went before is still decided right: the open hold, its grants, spending, another archive.
    let fresh = open(&pool);
    fresh.clock().set(wallet.clock().now());
    let captured = submit(&fresh, id, "x3", capture_all(12)).await.expect("captured");
    assert_eq!(captured.entry().expect("a row").title.as_deref(), Some("Job"), "its lines were at hand");
    fresh.shutdown().await;
    assert_eq!(refusal(submit(&wallet, id, "x4", capture_all(4)).await), Refusal::HoldCaptured);
    assert_eq!(wallet.ledger().hold(id, 4).await.expect("a hold").state, HoldState::Captured, "of an archived one");
    charge(&wallet, id, "c4", 1).await.expect("charged");
    wallet.clock().advance(hours(1));
    charge(&wallet, id, "c5", 1).await.expect("charged");
    assert_eq!(archive(&wallet, id, wallet.clock().now()).await.len(), 1);
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    let paid = Command::CreditBack { charge: 8, reason: "failed".into() };
    assert_eq!(refusal(submit(&wallet, id, "b2", paid).await).code(), "unprocessable");
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn keys_of_archived_rows_answer_for_ever(pool: PgPool) {
    let (wallet, node) = (open(&pool), open(&pool));
    let (id, _) = year(&wallet).await;
    node.clock().set(wallet.clock().now());
    let first = charge(&wallet, id, "c2", 7).await.expect("a replay");
    // Both nodes remember the wallet; neither may act on a key that only the archive knows.
    charge(&node, id, "n1", 1).await.expect("charged");
    charge(&wallet, id, "n2", 1).await.expect("charged");
    archive(&wallet, id, start() + hours(24)).await;
    let fresh = open(&pool);
    fresh.clock().set(wallet.clock().now());
    charge(&fresh, id, "n3", 1).await.expect("charged");
    for node in [&wallet, &node, &fresh] {
        let again = charge(node, id, "c2", 7).await.expect("a replay");
        assert!(again.replayed);
        assert_eq!(again, first);
        // From memory, too: the wallet is remembered after this.
        charge(node, id, "n1", 1).await.expect("a replay");
        assert_eq!(refusal(charge(node, id, "c2", 8).await), Refusal::IdempotencyMismatch);
        let key = key("c2");
        let hash = wallet::idempotency::RequestHash::of(b"another");
        let told = node.ledger().replay(id, &key, hash).await;
        assert!(matches!(told, Err(Error::Refused(Refusal::IdempotencyMismatch))), "{told:?}");
    }
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..64 {
        let node = [&wallet, &node, &fresh][n % 3].clone();
        // Fresh keys beside the archived one, so that batches are decided from memory.
        let name = if n % 2 == 0 { "c1".to_owned() } else { format!("fresh{n}") };
        let whole = if n % 2 == 0 { 60 } else { 1 };
        racing.spawn(async move { charge(&node, id, name, whole).await.expect("answered").replayed });
    }
    let replays = racing.join_all().await.into_iter().filter(|replayed| *replayed).count();
    assert_eq!(replays, 32);
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    for wallet in [wallet, node, fresh] {
        wallet.shutdown().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_that_is_stopped_or_doubled_changes_nothing(pool: PgPool) {
    let wallet = open(&pool);
    let (id, _) = year(&wallet).await;
    let cutoff = start() + hours(24);
    // Stopped between the file and the rows' leaving: the next run makes the same file.
    let part = wallet.ledger().archive_part(id, cutoff).await.expect("read").expect("due");
    let again = wallet.ledger().archive_part(id, cutoff).await.expect("read").expect("still due");
    assert_eq!((part.file_name(), text(&part)), (again.file_name(), text(&again)));
    // A file that does not hold the rows moves nothing.
    let short =
        ArchiveFile { verified: verify_export(text(&part).lines().next().unwrap().as_bytes()).unwrap(), ..file(&part) };
    assert!(wallet.ledger().archive(&part, &short).await.is_err());
    // Two runs at once: one moves the rows, and both have the same file.
    let (one, two) = (file(&part), file(&again));
    let (one, two) = tokio::join!(wallet.ledger().archive(&part, &one), wallet.ledger().archive(&again, &two));
    assert_eq!(u8::from(one.expect("done")) + u8::from(two.expect("done")), 1);
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);

    // Rows leave only under a record, and the record stays.
    for statement in ["DELETE FROM entries", "DELETE FROM archives", "UPDATE archived_keys SET seq = 1"] {
        let refused = sqlx::raw_sql(statement).execute(&pool).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_past_before_an_archive_is_refused_by_name_and_the_rest_is_right(pool: PgPool) {
    let wallet = open(&pool);
    let (id, _) = year(&wallet).await;
    let at = start() + hours(30);
    let then = wallet.ledger().balance_at(id, at).await.expect("the past");
    let now = wallet.ledger().balance_at(id, wallet.clock().now()).await.expect("now");
    let held = wallet.ledger().holds_at(id, at).await.expect("the past");
    archive(&wallet, id, start() + hours(24)).await;
    assert_eq!(wallet.ledger().balance_at(id, at).await.expect("the past"), then);
    assert_eq!(wallet.ledger().balance_at(id, wallet.clock().now()).await.expect("now"), now);
    assert_eq!(wallet.ledger().holds_at(id, at).await.expect("the past"), held);
    for n in 0..20 {
        charge(&wallet, id, format!("more{n}"), 1).await.expect("charged");
        wallet.clock().advance(hours(1));
    }
    assert_eq!(wallet.ledger().balance_at(id, at).await.expect("the past"), then, "counted from the other end");
    let long_ago = wallet.ledger().balance_at(id, start() - hours(1)).await.expect_err("archived");
    assert!(long_ago.to_string().contains("archived"), "{long_ago}");
    assert_ne!(then.available, Credits::ZERO);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn checkpoints_lie_on_archives_too(pool: PgPool) {
    let wallet = open(&pool);
    let (id, _) = year(&wallet).await;
    submit(&wallet, id, "x3", capture_all(12)).await.expect("captured");
    let keys = [CheckpointKey::new("2026", &[7; 32]).expect("a key")];
    let mut kept: Vec<Checkpoint> = Vec::new();
    let mut keep = |heads: &[Checkpoint]| {
        kept.extend_from_slice(heads);
        Ok(())
    };
    wallet.ledger().sign_checkpoints(&keys[0], &mut keep).await.expect("signed");
    wallet.clock().advance(hours(1));
    charge(&wallet, id, "later", 1).await.expect("charged");
    wallet.ledger().sign_checkpoints(&keys[0], &mut keep).await.expect("signed");
    let texts = archive(&wallet, id, wallet.clock().now()).await;
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    assert_eq!(wallet.ledger().verify_checkpoints(&keys, &kept).await.expect("compared"), []);

    let mut audit = Audit::default();
    kept.iter().for_each(|head| audit.expect(head));
    audit.read(texts[0].as_bytes()).expect("right");
    let cut = audit.finish().expect_err("the newest row is not in the archive");
    assert!(cut.contains("row 16 was signed"), "{cut}");
    let (header, rows) = wallet.ledger().proof(id, 0, 10).await.expect("a proof");
    let export = format!("{}\n{}\n", serde_json::to_string(&header).unwrap(), serde_json::to_string(&rows[0]).unwrap());
    let mut audit = Audit::default();
    kept.iter().for_each(|head| audit.expect(head));
    audit.read(texts[0].as_bytes()).expect("right");
    audit.read(export.as_bytes()).expect("right");
    assert_eq!(audit.finish().expect("right").heads, 2);
    let own = kept.iter().find(|head| head.wallet == id.to_string()).expect("signed");
    let mut audit = Audit::default();
    audit.expect(&Checkpoint { hash: Hash::default().to_string(), ..own.clone() });
    assert!(audit.read(texts[0].as_bytes()).expect_err("forged").contains("not what was signed"));
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_rows_leave_in_bounded_parts(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10_000).await;
    for hundred in 0..52 {
        let charges = (0..100).map(|n| charge(&wallet, id, format!("c{hundred}-{n}"), 1));
        futures::future::join_all(charges).await.into_iter().for_each(|answer| drop(answer.expect("charged")));
    }
    let texts = archive(&wallet, id, start() + hours(1)).await;
    assert_eq!(texts.iter().map(|text| text.lines().count() - 1).collect::<Vec<_>>(), [5000, 200]);
    let mut audit = Audit::default();
    texts.iter().for_each(|text| audit.read(text.as_bytes()).expect("right"));
    assert_eq!(audit.finish().expect("right").seq, 5200);
    assert!(charge(&wallet, id, "c0-0", 1).await.expect("a replay").replayed);
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}
