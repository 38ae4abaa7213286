//! Every invariant holds after every kind of entry, and catches a violation that is planted for it.
#![cfg(feature = "postgres")]

mod ledger_support;

use std::collections::BTreeSet;

use ledger_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::id::{AccountId, WalletId};
use wallet::ledger::Hash;
use wallet::ledger::verify_export;
use wallet::ledger::{
    ArchiveFile, ArchivePart, CaptureAmount, Command, Environment, FeeKind, GrantSource, Ledger, NewGrant, Receipt,
    Scope,
};
use wallet::ledger::{Checkpoint, CheckpointKey};

/// Two wallets of one account, through every kind of entry. The first one's rows:
///
/// 1 grant (bought, number 1) · 2 grant (ends in 2 h, number 2) · 3 charge 60 over both · 4 hold 20 · 5 capture 15 ·
/// 6 hold 5 · 7 release · 8 hold 5 · 9 hold expired · 10 fee · 11 adjustment +5 (grant 3) · 12 adjustment −1 ·
/// 13 credit-back of 3 · 14 grant expired · 15 transfer out · 16 clawback · 17 open hold 3
async fn history(wallet: &Wallet) -> (WalletId, WalletId) {
    let account = AccountId::new();
    let id = wallet_of(wallet, account, Environment::Production).await;
    let other = wallet_of(wallet, account, Environment::Preview).await;
    let done = async |name: &str, command| submit(wallet, id, name, command).await.expect(name).seq();
    let bought = NewGrant { reference: Some("payment:1".into()), ..grant_of(100) };
    done("1", Command::Grant(bought)).await;
    let promo =
        NewGrant { expires_at: Some(start() + hours(2)), ..NewGrant::new(credits(50), GrantSource::Promo, "Hi") };
    done("2", Command::Grant(promo)).await;
    done("3", charge_of(60)).await;
    let held = done("4", hold_of(&[20])).await;
    let part = Command::Capture { hold: held, amount: CaptureAmount::Total(credits(15)) };
    done("5", part).await;
    let held = done("6", hold_of(&[5])).await;
    done("7", release(held)).await;
    let held = done("8", hold_of(&[5])).await;
    wallet.clock().advance(hours(3));
    assert_eq!(wallet.ledger().expire_holds().await.expect("swept"), 1);
    assert_eq!(held, 8);
    let fee = Command::Fee { kind: FeeKind::WebhookFee, receipt: Receipt::flat("webhook", "Retry", credits(1)) };
    done("10", fee).await;
    done("11", Command::Adjustment { amount: credits(5), reason: "sorry".into() }).await;
    done("12", Command::Adjustment { amount: credits(-1), reason: "too much".into() }).await;
    done("13", Command::CreditBack { charge: 3, reason: "failed".into() }).await;
    done("15", Command::Transfer { to: other, amount: credits(20), reason: "for tests".into(), grant: None }).await;
    done("16", Command::Clawback { grant: Some(1), amount: credits(30), reason: "refund".into() }).await;
    done("17", hold_of(&[2, 1])).await;
    wallet.ledger().sum_usage_of(id).await.expect("summed up");
    (id, other)
}

#[sqlx::test(migrations = "../migrations")]
async fn every_kind_of_entry_keeps_every_invariant(pool: PgPool) {
    let wallet = open(&pool);
    let (id, other) = history(&wallet).await;
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    assert_eq!(wallet.ledger().verify(Scope::Wallet(id)).await.expect("verified"), []);
    assert_eq!(wallet.ledger().verify(Scope::Wallet(other)).await.expect("verified"), []);
    // A debt, and its repayment by a grant, a release and a credit-back.
    submit(&wallet, id, "d1", Command::Clawback { grant: None, amount: credits(500), reason: "dispute".into() })
        .await
        .expect("taken back");
    let open_hold = wallet.ledger().balance(id).await.expect("a balance");
    assert!(open_hold.available.is_negative());
    let hold_seq = {
        let filter = wallet::ledger::EntryFilter { kinds: vec![wallet::ledger::EntryKind::Hold], ..Default::default() };
        let page = wallet.ledger().entries(id, &filter, Default::default()).await.expect("a page");
        page.entries[0].seq
    };
    submit(&wallet, id, "d2", release(hold_seq)).await.expect("released");
    submit(&wallet, id, "d3", Command::CreditBack { charge: 5, reason: "failed".into() }).await.expect("paid back");
    grant(&wallet, id, "d4", 1000).await;
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

/// Invariant, and the violation that it must catch. Several may catch it; the named one must.
const CANARIES: &[(&str, &str)] = &[
    ("wallet_is_sum_of_entries", "UPDATE wallets SET settled = settled + 1"),
    ("wallet_is_sum_of_grants", "UPDATE wallets SET debt = debt + 1"),
    ("entries_are_gapless", "DELETE FROM entries WHERE seq = 7"),
    ("entries_are_gapless", "UPDATE wallets SET seq = seq + 1"),
    ("running_balances_chain", "UPDATE entries SET settled_after = settled_after + 1 WHERE seq = 3"),
    ("running_balances_chain", "UPDATE entries SET held_after = held_after + 1 WHERE seq = 4"),
    ("nothing_is_spent_below_zero", "UPDATE entries SET settled_after = -1 WHERE seq = 3"),
    (
        "amounts_have_the_sign_of_their_kind",
        "UPDATE entries SET amount = -amount, settled_after = settled_after - 2 * amount WHERE seq = 3",
    ),
    ("entry_is_sum_of_shares", "UPDATE allocations SET amount = amount + 1 WHERE seq = 3 AND place = 1"),
    ("grant_is_sum_of_shares", "UPDATE grants SET remaining = remaining - 1 WHERE grant_id = 1"),
    ("grant_is_sum_of_shares", "UPDATE entries SET grant_id = 3 WHERE kind = 12"),
    ("grants_are_what_their_entry_brought", "UPDATE grants SET granted = granted + 1 WHERE grant_id = 1"),
    ("grants_are_what_their_entry_brought", "UPDATE grants SET seq = 3 WHERE grant_id = 1"),
    ("held_is_in_open_holds", "UPDATE wallets SET held = held - 1 WHERE held > 0"),
    ("held_is_in_open_holds", "UPDATE entries SET held_change = held_change + 1 WHERE seq = 17"),
    ("held_is_in_open_holds", "UPDATE entries SET grant_id = 3 WHERE seq = 17"),
    ("hold_is_what_its_entries_say", "UPDATE entries SET amount = held_change - 1 WHERE seq = 5"),
    ("hold_is_what_its_entries_say", "UPDATE entries SET kind = 5 WHERE seq = 5"),
    ("hold_is_what_its_entries_say", "UPDATE entries SET held_change = held_change - 1 WHERE seq = 7"),
    ("hold_is_what_its_entries_say", "UPDATE entries SET grant_id = 3 WHERE seq = 7"),
    ("hold_is_what_its_entries_say", "DELETE FROM entries WHERE seq = 4"),
    ("hold_is_finished_once_and_in_time", "DROP INDEX entries_finish; UPDATE entries SET refers_to = 4 WHERE seq = 7"),
    ("hold_is_finished_once_and_in_time", "UPDATE entries SET expires_at = created_at WHERE seq = 4"),
    ("hold_is_finished_once_and_in_time", "UPDATE entries SET expires_at = 'infinity' WHERE seq = 8"),
    ("hold_is_finished_once_and_in_time", "UPDATE hold_sweep SET swept_until = 'infinity'"),
    ("hold_is_finished_once_and_in_time", "UPDATE entries SET expires_at = created_at WHERE seq = 17"),
    ("hash_chain_is_unbroken", "UPDATE entries SET expires_at = expires_at + interval '1 hour' WHERE seq = 17"),
    ("reference_is_granted_once", "UPDATE grants SET reference = 'payment:1' WHERE source <> 6"),
    ("clawback_is_within_its_grant", "UPDATE grants SET clawed = 0"),
    ("clawback_is_given_back_once", "UPDATE entries SET amount = 1, refers_to = 3 WHERE kind = 9"),
    ("expired_grants_are_not_spent", "UPDATE grants SET expires_at = effective_at WHERE grant_id = 1"),
    ("expiry_takes_only_what_has_expired", "UPDATE grants SET expires_at = 'infinity' WHERE grant_id = 2"),
    ("grants_burn_in_order", "UPDATE grants SET priority = 1 WHERE grant_id = 1"),
    (
        "grants_burn_in_order",
        "UPDATE grants SET limited_to = '{\"operations\":[\"gpt-5\"],\"categories\":[]}' WHERE grant_id = 1",
    ),
    (
        "limited_grants_pay_for_what_they_may",
        "UPDATE grants SET limited_to = '{\"operations\":[],\"categories\":[\"image\"]}' WHERE grant_id = 1",
    ),
    (
        "limited_grants_pay_for_what_they_may",
        "UPDATE grants SET limited_to = '{\"operations\":[\"gpt-5\",\"job\"],\"categories\":[]}' WHERE grant_id = 3",
    ),
    ("credit_back_is_once_and_whole", "UPDATE entries SET refers_to = 5 WHERE kind = 8"),
    ("transfers_are_pairs", "DELETE FROM entries WHERE kind = 15"),
    ("transfers_are_pairs", "UPDATE wallets SET account_id = gen_random_uuid() WHERE environment = 'preview'"),
    ("time_never_runs_back", "UPDATE entries SET created_at = created_at - interval '1 day' WHERE seq = 3"),
    ("time_never_runs_back", "UPDATE wallets SET last_at = last_at - interval '1 day'"),
    ("head_is_the_newest_hash", "UPDATE wallets SET head_hash = sha256('x')"),
    (
        "signed_heads_are_on_the_chain",
        "INSERT INTO signed_heads SELECT shard, wallet_id, seq, sha256('x'), now(), 'k', 's' FROM wallets",
    ),
    (
        "keys_act_once",
        "ALTER TABLE entries DROP CONSTRAINT entries_idem_key; UPDATE entries SET idem_key = '3' WHERE seq = 7",
    ),
    ("rows_have_their_wallet", "DELETE FROM wallets WHERE environment = 'preview'"),
    ("rows_have_their_wallet", "DELETE FROM grants WHERE grant_id = 2"),
    (
        "rows_have_their_wallet",
        // Its last byte is another than the shard, whatever that is.
        "UPDATE wallets SET account_id = encode(set_byte(uuid_send(account_id), 15, (shard + 1) % 256), 'hex')::uuid",
    ),
    ("grants_are_numbered_up_to_the_newest", "UPDATE wallets SET grants_made = grants_made - 1 WHERE grants_made > 0"),
    ("books_balance", "UPDATE entries SET amount = amount - 1 WHERE kind = 12"),
    ("history_is_guarded", "ALTER TABLE entries DISABLE TRIGGER entries_append_only"),
    ("history_is_guarded", "DROP TRIGGER allocations_append_only ON allocations"),
    ("history_is_guarded", "ALTER TABLE grants ADD CONSTRAINT grants_sound CHECK (held >= 0) NOT VALID"),
    ("history_is_guarded", "DROP TRIGGER archives_append_only ON archives"),
    ("history_is_guarded", "DROP TRIGGER wallets_made_well ON wallets"),
    ("usage_is_sum_of_rows", "UPDATE usage_sums SET credits = credits + 1"),
    ("usage_is_sum_of_rows", "UPDATE usage_sums SET credits = credits + 1 WHERE by_customer"),
    ("usage_is_sum_of_rows", "UPDATE usage_sums SET charges_of_rows = charges_of_rows + 1 WHERE NOT by_customer"),
    ("usage_is_sum_of_rows", "DELETE FROM usage_sums"),
    (
        "usage_is_sum_of_rows",
        "UPDATE usage_sums SET begins_at = begins_at - interval '15 minutes' WHERE NOT by_customer",
    ),
    ("usage_is_sum_of_rows", "UPDATE usage_summed SET seq = seq - 10"),
    ("hash_chain_is_unbroken", "UPDATE entries SET title = 'nothing' WHERE seq = 3"),
    ("hash_chain_is_unbroken", "UPDATE entries SET metadata = '{}' WHERE seq = 3"),
    ("hash_chain_is_unbroken", "UPDATE entries SET detail = NULL WHERE seq = 1"),
    ("hash_chain_is_unbroken", "UPDATE entries SET hash = sha256('x') WHERE seq = 3"),
    ("hash_chain_is_unbroken", "UPDATE allocations SET place = 3 - place WHERE seq = 3 AND place < 3"),
];

/// The same over a wallet whose first eight rows are archived.
const CANARIES_OF_ARCHIVES: &[(&str, &str)] = &[
    ("usage_is_sum_of_rows", "UPDATE usage_sums SET credits = credits + 1 WHERE NOT by_customer"),
    ("archives_follow_each_other", "UPDATE archives SET from_seq = 2"),
    ("archives_follow_each_other", "UPDATE archives SET previous_hash = sha256('x')"),
    ("hold_is_what_its_entries_say", "UPDATE archived_holds SET finish = 5 WHERE seq = 8"),
    ("hold_is_what_its_entries_say", "DELETE FROM archived_holds WHERE seq = 4"),
    ("archives_follow_each_other", "UPDATE wallets SET archived_seq = archived_seq - 1 WHERE archived_seq > 0"),
    ("archives_follow_each_other", "DELETE FROM archives"),
    ("archives_leave_keys_and_sums", "DELETE FROM archived_keys WHERE seq = 3"),
    ("archives_leave_keys_and_sums", "UPDATE archived_sums SET rows = rows + 1 WHERE kind = 2"),
    ("archives_leave_keys_and_sums", "UPDATE archived_shares SET seq = 1 WHERE grant_id = 1"),
    ("archives_leave_keys_and_sums", "UPDATE archives SET settled_after = settled_after + 1"),
    ("grant_is_sum_of_shares", "UPDATE archived_shares SET amount = amount + 1 WHERE grant_id = 1"),
    ("wallet_is_sum_of_entries", "UPDATE archives SET held_after = held_after + 1"),
    ("running_balances_chain", "UPDATE archives SET settled_after = settled_after + 1"),
    ("books_balance", "UPDATE archived_sums SET added = added + 1 WHERE kind = 1"),
    ("keys_act_once", "INSERT INTO archived_keys SELECT shard, wallet_id, idem_key, 99, 'x', '{}' FROM entries"),
    (
        "signed_heads_are_on_the_chain",
        "INSERT INTO signed_heads SELECT shard, wallet_id, to_seq, sha256('x'), now(), 'k', 's' FROM archives",
    ),
    ("entries_are_gapless", "DELETE FROM entries WHERE seq = 12"),
    ("hash_chain_is_unbroken", "UPDATE archives SET last_hash = sha256('x')"),
];

#[sqlx::test(migrations = "../migrations")]
async fn every_invariant_catches_its_canary(pool: PgPool) {
    let wallet = open(&pool);
    let (id, _) = history(&wallet).await;
    let mut missed = missed(&wallet, CANARIES).await;
    let with_canary: BTreeSet<_> =
        CANARIES.iter().chain(CANARIES_OF_ARCHIVES).map(|(invariant, _)| *invariant).collect();
    assert_eq!(with_canary, Ledger::invariants().collect(), "every invariant has a canary");
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);

    wallet.clock().advance(hours(1));
    charge(&wallet, id, "later", 1).await.expect("charged");
    let part = wallet.ledger().archive_part(id, start() + hours(3)).await.expect("read").expect("due");
    assert_eq!(part.span(), (1, 8));
    archive(&wallet, &part).await;
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    missed.extend(self::missed(&wallet, CANARIES_OF_ARCHIVES).await);
    assert!(missed.is_empty(), "{missed:#?}");
    wallet.shutdown().await;
}

async fn archive(wallet: &Wallet, part: &ArchivePart) {
    let text: String = part.lines().map(|line| line.expect("json") + "\n").collect();
    let verified = verify_export(text.as_bytes()).expect("right");
    let file = ArchiveFile { name: part.file_name(), bytes: 1, sha256: Hash::default(), verified };
    assert!(wallet.ledger().archive(part, &file).await.expect("archived"));
}

/// Plants each violation in a transaction of its own, and names those that their invariant did not see.
async fn missed(wallet: &Wallet, canaries: &[(&str, &str)]) -> Vec<String> {
    let mut missed = Vec::new();
    for (invariant, plant) in canaries {
        let mut transaction = wallet.db().begin().await.expect("a transaction");
        // Whoever plants a violation gets past the triggers.
        let plant = format!("SET LOCAL session_replication_role = replica; SET CONSTRAINTS ALL DEFERRED; {plant}");
        for relax in [
            "wallets DROP CONSTRAINT wallets_sound",
            "allocations DROP CONSTRAINT allocations_pkey",
            "grants DROP CONSTRAINT grants_sound",
            "archives DROP CONSTRAINT archives_span",
        ] {
            let relax = format!("ALTER TABLE {relax}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(relax)).execute(&mut *transaction).await.expect("relaxed");
        }
        sqlx::raw_sql(sqlx::AssertSqlSafe(plant.clone())).execute(&mut *transaction).await.expect(&plant);
        let breaches = wallet.ledger().verify_in_tx(&mut transaction, Scope::Everything).await.expect("verified");
        if !breaches.iter().any(|breach| breach.invariant == *invariant) {
            let caught: BTreeSet<_> = breaches.into_iter().map(|breach| breach.invariant).collect();
            missed.push(format!("{invariant} missed: {plant}; caught by {caught:?}"));
        }
        transaction.rollback().await.expect("rolled back");
    }
    missed
}

#[sqlx::test(migrations = "../migrations")]
async fn history_can_not_be_rewritten(pool: PgPool) {
    let wallet = open(&pool);
    history(&wallet).await;
    for statement in ["UPDATE entries SET amount = 0", "DELETE FROM entries", "DELETE FROM allocations"] {
        let refused = sqlx::raw_sql(statement).execute(&pool).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_database_takes_no_unsound_row(pool: PgPool) {
    let wallet = open(&pool);
    history(&wallet).await;
    for statement in [
        "UPDATE wallets SET held = -1",
        "UPDATE wallets SET debt = -1",
        "UPDATE wallets SET settled = held - 1, debt = 0",
        "UPDATE wallets SET shard = 256",
        "UPDATE wallets SET wallet_id = 0 WHERE environment = 'production'",
        "UPDATE wallets SET environment = 'test'",
        "UPDATE wallets SET archived_seq = seq",
        "UPDATE wallets SET archived_seq = -1",
        "INSERT INTO wallets
         SELECT (jsonb_populate_record(w, jsonb_build_object('wallet_id', 1, 'project_id', gen_random_uuid(), 'head_hash', 'x'))).*
         FROM wallets AS w
         LIMIT 1",
        "UPDATE grants SET remaining = -1, open = true",
        "UPDATE grants SET held = -1",
        "UPDATE grants SET remaining = granted + 1, open = true",
        "UPDATE grants SET open = NOT open",
        "UPDATE grants SET source = 7",
        "UPDATE grants SET granted = 0, remaining = 0, held = 0, clawed = 0, open = false",
        "UPDATE grants SET clawed = granted + 1",
        "UPDATE grants SET cost_minor = 1, cost_currency = NULL",
    ] {
        assert_unsound(&pool, statement).await;
    }
    // Past the trigger that keeps history as it is.
    let freely = "SET session_replication_role = replica;";
    for statement in [
        "UPDATE entries SET seq = 0 WHERE seq = 1",
        "UPDATE entries SET kind = 16",
        "UPDATE entries SET actor_kind = 7",
        "UPDATE entries SET held_after = -1",
        "UPDATE entries SET expires_at = now() WHERE kind <> 3",
    ] {
        assert_unsound(&pool, &format!("{freely} {statement}")).await;
    }
    wallet.shutdown().await;
}

async fn assert_unsound(pool: &PgPool, statement: &str) {
    let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(pool).await.expect_err(statement);
    let code = refused.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    assert_eq!(code.as_deref(), Some("23514"), "{statement}: {refused}");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_export_is_verified_without_the_database(pool: PgPool) {
    let wallet = open(&pool);
    let (id, _) = history(&wallet).await;
    let (header, rows) = wallet.ledger().proof(id, 0, 1000).await.expect("a proof");
    let mut lines = vec![serde_json::to_string(&header).expect("json")];
    lines.extend(rows.iter().map(|row| serde_json::to_string(row).expect("json")));
    let verified = verify_export(lines.join("\n").as_bytes()).expect("verified");
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    assert_eq!((verified.seq, verified.settled, verified.held), (balance.seq, balance.settled, balance.held));
    assert_eq!(verified.hash, wallet.ledger().entry(id, balance.seq).await.expect("a row").hash);

    let (header, rows) = wallet.ledger().proof(id, 5, 3).await.expect("a proof");
    let mut part = vec![serde_json::to_string(&header).expect("json")];
    part.extend(rows.iter().map(|row| serde_json::to_string(row).expect("json")));
    assert_eq!(verify_export(part.join("\n").as_bytes()).expect("verified").rows, 3);

    for (line, from, to) in [(3, "\"quantity\":1", "\"quantity\":2"), (2, "Light", "Heavy"), (4, "gpt-5", "gpt-6")] {
        let mut forged = lines.clone();
        forged[line - 1] = forged[line - 1].replacen(from, to, 1);
        assert_ne!(forged, lines, "{from}");
        let told = verify_export(forged.join("\n").as_bytes()).expect_err("forged");
        assert!(told.starts_with(&format!("line {line}:")), "{told}");
    }
    lines.remove(6);
    assert!(verify_export(lines.join("\n").as_bytes()).is_err());
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_kept_head_notices_what_the_chain_can_not(pool: PgPool) {
    let wallet = open(&pool);
    let (id, _) = history(&wallet).await;
    let key = CheckpointKey::new("2026", &[7; 32]).expect("a key");
    let mut kept = Vec::new();
    // A disk that is full: what was not kept is signed again.
    let full = wallet.ledger().sign_checkpoints(&key, |_| Err(std::io::Error::other("no space left"))).await;
    assert!(full.is_err());
    let mut keep = |heads: &[Checkpoint]| {
        kept.extend_from_slice(heads);
        Ok(())
    };
    assert_eq!(wallet.ledger().sign_checkpoints(&key, &mut keep).await.expect("signed"), 2);
    assert_eq!(wallet.ledger().sign_checkpoints(&key, &mut keep).await.expect("signed"), 0);
    let keys = [CheckpointKey::new("2027", &[8; 32]).expect("a key"), key];
    charge(&wallet, id, "later", 1).await.expect("charged");
    assert_eq!(wallet.ledger().verify_checkpoints(&keys, &kept).await.expect("compared"), []);
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);

    // A history that is cut off with everything that follows from it passes every other check.
    let cut = "SET session_replication_role = replica;
               TRUNCATE entries, allocations, grants, signed_heads, usage_sums, usage_summed;
               UPDATE wallets SET seq = 0, settled = 0, held = 0, debt = 0, grants_made = 0,
                                  head_hash = decode(repeat('00', 32), 'hex');
               SET session_replication_role = DEFAULT";
    sqlx::raw_sql(cut).execute(&pool).await.expect("cut");
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    let found = wallet.ledger().verify_checkpoints(&keys, &kept).await.expect("compared");
    assert!(found.len() == 2 && found.iter().all(|breach| breach.found.ends_with("is gone")), "{found:?}");
    let forged = Checkpoint { seq: 1, ..kept[0].clone() };
    assert_eq!(wallet.ledger().verify_checkpoints(&keys, &[forged]).await.expect("compared").len(), 1);
    wallet.shutdown().await;
}
