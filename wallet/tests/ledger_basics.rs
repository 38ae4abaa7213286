//! The ledger through its door, on PostgreSQL: every command, every refusal, and what people read afterwards.
#![cfg(feature = "postgres")]

mod ledger_support;

use ledger_support::*;
use serde_json::json;
use sqlx::PgPool;
use wallet::error::Refusal;
use wallet::id::AccountId;
use wallet::ledger::{
    CaptureAmount, Command, EntryFilter, EntryKind, Environment, GrantSource, HoldState, NewGrant, Page, Scope,
};
use wallet::money::Credits;

#[sqlx::test(migrations = "../migrations")]
async fn a_grant_is_spent_and_told(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let outcome = charge(&wallet, id, "c", 37).await.expect("charged");
    assert_eq!((outcome.seq(), outcome.replayed), (2, false));
    assert_eq!(outcome.balance.available, credits(63));

    let balance = wallet.ledger().balance(id).await.expect("a balance");
    assert_eq!((balance.seq, balance.settled, balance.held), (2, credits(63), Credits::ZERO));
    assert_eq!((balance.available, balance.last_refill), (credits(63), Some(credits(100))));
    assert_eq!(balance.grants[0].remaining, credits(63));

    let page =
        wallet.ledger().entries(id, &EntryFilter::default(), Page { before: None, limit: 1 }).await.expect("a page");
    assert_eq!((page.entries[0].kind, page.entries[0].amount, page.next), (EntryKind::Charge, credits(-37), Some(2)));
    let page = wallet
        .ledger()
        .entries(id, &EntryFilter::default(), Page { before: page.next, limit: 1 })
        .await
        .expect("a page");
    assert_eq!((page.entries[0].kind, page.next), (EntryKind::Grant, None));
    assert_eq!(wallet.ledger().entries_after(id, 1, 10).await.expect("rows").len(), 1);

    let detail = wallet.ledger().entry(id, 2).await.expect("a row");
    assert_eq!(detail.receipt.expect("a receipt").total, credits(37));
    assert_eq!((detail.allocations.len(), detail.allocations[0].amount), (1, credits(-37)));
    assert_eq!((detail.hash.len(), detail.idempotency_key.as_deref()), (64, Some("c")));
    wallet.shutdown().await;
    assert_eq!(refusal(charge(&wallet, id, "late", 1).await), Refusal::Unavailable);
}

#[sqlx::test(migrations = "../migrations")]
async fn too_little_writes_nothing(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10).await;
    let refused = refusal(charge(&wallet, id, "c", 11).await);
    assert_eq!(
        refused,
        Refusal::OutOfCredits {
            needed: credits(11),
            available: credits(10),
            limited: Credits::ZERO,
            ceiling: None,
            auto_top_up: None
        }
    );
    assert_eq!(wallet.ledger().balance(id).await.expect("a balance").seq, 1);
    // The key of a refused command is free: it did nothing.
    charge(&wallet, id, "c", 10).await.expect("charged");
    assert_eq!(available(&wallet, id).await, Credits::ZERO);
    let unknown = new_wallet(&open(&pool)).await;
    let nobody = wallet::id::WalletId { number: 1, ..unknown };
    assert_eq!(refusal(charge(&wallet, nobody, "c", 1).await), Refusal::not_found("wallet"));
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_acts_once(pool: PgPool) {
    let (one, two) = (open(&pool), open(&pool));
    let id = new_wallet(&one).await;
    grant(&one, id, "g", 100).await;
    let first = charge(&one, id, "c", 5).await.expect("charged");
    charge(&one, id, "other", 5).await.expect("charged");
    for node in [&one, &two] {
        let again = charge(node, id, "c", 5).await.expect("replayed");
        assert!(again.replayed);
        assert_eq!((&again.entries, again.balance), (&first.entries, first.balance));
        assert_eq!(refusal(charge(node, id, "c", 6).await), Refusal::IdempotencyMismatch);
    }
    assert_eq!(available(&two, id).await, credits(90));
    one.shutdown().await;
    two.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn grants_burn_in_order_and_expire(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "bought", 10).await;
    let promo =
        NewGrant { expires_at: Some(start() + hours(2)), ..NewGrant::new(credits(10), GrantSource::Promo, "Hi") };
    submit(&wallet, id, "promo", Command::Grant(promo)).await.expect("granted");
    let monthly =
        NewGrant { expires_at: Some(start() + hours(1)), ..NewGrant::new(credits(10), GrantSource::Allowance, "May") };
    submit(&wallet, id, "monthly", Command::Grant(monthly)).await.expect("granted");

    charge(&wallet, id, "c1", 12).await.expect("charged");
    let shares = wallet.ledger().entry(id, 4).await.expect("a row").allocations;
    let shares: Vec<_> = shares.iter().map(|share| (share.label.as_str(), share.amount)).collect();
    assert_eq!(shares, [("May", credits(-10)), ("Hi", credits(-2))]);

    // An expired grant is worth nothing from that instant, swept or not.
    wallet.clock().advance(hours(2));
    assert_eq!(available(&wallet, id).await, credits(10));
    refusal(charge(&wallet, id, "c2", 11).await);
    let outcome = charge(&wallet, id, "c2", 10).await.expect("charged");
    let kinds: Vec<_> = outcome.entries.iter().map(|entry| (entry.seq, entry.kind)).collect();
    assert_eq!(kinds, [(6, EntryKind::Charge), (5, EntryKind::GrantExpired)]);
    assert_eq!(outcome.balance.available, Credits::ZERO);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_is_captured_in_part_once(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let held = hold(&wallet, id, "h", &[5, 32]).await.seq();
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    assert_eq!((balance.settled, balance.held, balance.available), (credits(100), credits(37), credits(63)));

    let lines = Command::Capture { hold: held, amount: CaptureAmount::Lines(vec![credits(5), credits(2)]) };
    let captured = submit(&wallet, id, "cap", lines.clone()).await.expect("captured");
    assert_eq!((captured.balance.settled, captured.balance.held), (credits(93), Credits::ZERO));
    assert!(submit(&wallet, id, "cap", lines).await.expect("replayed").replayed);
    assert_eq!(refusal(submit(&wallet, id, "cap2", capture_all(held)).await), Refusal::HoldCaptured);
    assert_eq!(refusal(submit(&wallet, id, "rel", release(held)).await), Refusal::HoldCaptured);

    let view = wallet.ledger().hold(id, held).await.expect("a hold");
    assert_eq!((view.state, view.captured, view.finished_by), (HoldState::Captured, credits(7), Some(captured.seq())));
    assert_eq!(view.lines[1].captured, credits(2));
    let detail = wallet.ledger().entry(id, captured.seq()).await.expect("a row");
    assert_eq!(
        detail.timeline.iter().map(|entry| entry.kind).collect::<Vec<_>>(),
        [EntryKind::Hold, EntryKind::Capture]
    );
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_is_released_or_times_out(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let first = hold(&wallet, id, "h1", &[60]).await.seq();
    refusal(submit(&wallet, id, "h2", hold_of(&[60])).await);
    submit(&wallet, id, "r", release(first)).await.expect("released");
    let second = hold(&wallet, id, "h2", &[60]).await.seq();
    refusal(submit(&wallet, id, "x", Command::ExpireHold { hold: second }).await);
    wallet.clock().advance(hours(1));
    assert_eq!(refusal(submit(&wallet, id, "cap", capture_all(second)).await), Refusal::HoldExpired);
    submit(&wallet, id, "x", Command::ExpireHold { hold: second }).await.expect("expired");
    assert_eq!(available(&wallet, id).await, credits(100));
    assert_eq!(refusal(submit(&wallet, id, "cap", capture_all(second)).await), Refusal::HoldExpired);
    assert_eq!(refusal(submit(&wallet, id, "cap", capture_all(first)).await), Refusal::HoldReleased);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_clawback_leaves_a_debt_that_is_repaid_first(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    charge(&wallet, id, "c", 80).await.expect("charged");
    let clawback = Command::Clawback { grant: Some(1), amount: credits(100), reason: "disputed".into() };
    submit(&wallet, id, "claw", clawback.clone()).await.expect("taken back");
    let more = Command::Clawback { grant: Some(1), amount: credits(1), reason: "disputed".into() };
    refusal(submit(&wallet, id, "claw2", more).await);
    assert_eq!(available(&wallet, id).await, credits(-80));
    refusal(charge(&wallet, id, "c2", 1).await);
    grant(&wallet, id, "g2", 100).await;
    assert_eq!(available(&wallet, id).await, credits(20));
    // What is paid back goes where it came from; the wallet has no debt any more.
    let back = Command::CreditBack { charge: 2, reason: "failed".into() };
    submit(&wallet, id, "back", back.clone()).await.expect("paid back");
    assert_eq!(available(&wallet, id).await, credits(100));
    refusal(submit(&wallet, id, "back2", back).await);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_left_of_a_grant_is_taken_and_given_back_once(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    grant(&wallet, id, "g2", 50).await;
    charge(&wallet, id, "c", 30).await.expect("charged");
    let held = hold(&wallet, id, "h", &[10]).await.seq();
    let void = |amount| Command::Void { grant: 1, amount: credits(amount), reason: "refunded".into() };
    // What is spent or held is not there to be taken, and nothing else is taken for it.
    refusal(submit(&wallet, id, "v", void(61)).await);
    let taken = submit(&wallet, id, "v", void(60)).await.expect("taken");
    assert_eq!(available(&wallet, id).await, credits(50));
    let restore = |void| Command::Restore { void, reason: "not refunded".into() };
    refusal(submit(&wallet, id, "r", restore(held)).await);
    let back = submit(&wallet, id, "r", restore(taken.seq())).await.expect("given back");
    assert_eq!(back.entries[0].kind, EntryKind::Clawback);
    assert_eq!((back.entries[0].amount, back.entries[0].refers_to), (credits(60), Some(taken.seq())));
    refusal(submit(&wallet, id, "r2", restore(taken.seq())).await);
    assert!(submit(&wallet, id, "r", restore(taken.seq())).await.expect("replayed").replayed);
    assert_eq!(available(&wallet, id).await, credits(110));
    // What was charged comes back as well, and the grant has what it brought.
    submit(&wallet, id, "back", Command::CreditBack { charge: 3, reason: "failed".into() }).await.expect("paid back");
    submit(&wallet, id, "v2", void(90)).await.expect("taken again");
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    assert_eq!(wallet.ledger().rebuild_plan(id).await.expect("read"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn credits_move_between_wallets_of_one_account_only(pool: PgPool) {
    let wallet = open(&pool);
    let account = AccountId::new();
    let production = wallet_of(&wallet, account, Environment::Production).await;
    let preview = wallet_of(&wallet, account, Environment::Preview).await;
    let stranger = new_wallet(&wallet).await;
    grant(&wallet, production, "g", 100).await;
    let to = |to, amount| Command::Transfer { to, amount: credits(amount), reason: "for tests".into(), grant: None };
    let moved = submit(&wallet, production, "t", to(preview, 30)).await.expect("moved");
    assert_eq!(
        moved.entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(),
        [EntryKind::TransferOut, EntryKind::TransferIn]
    );
    assert_eq!((available(&wallet, production).await, available(&wallet, preview).await), (credits(70), credits(30)));
    refusal(submit(&wallet, production, "t2", to(stranger, 1)).await);
    refusal(submit(&wallet, production, "t3", to(production, 1)).await);
    refusal(submit(&wallet, production, "t4", to(preview, 71)).await);
    assert!(submit(&wallet, production, "t", to(preview, 30)).await.expect("replayed").replayed);
    assert_eq!(available(&wallet, preview).await, credits(30));
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_ledger_is_filtered(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    for (name, customer) in [("c1", "acme"), ("c2", "50%_off")] {
        let envelope = submission(id, name, charge_of(1)).with_metadata(json!({"customer_id": customer}));
        wallet.ledger().submit(envelope).await.expect("charged");
    }
    let count = async |filter: EntryFilter| {
        wallet.ledger().entries(id, &filter, Page::default()).await.expect("a page").entries.len()
    };
    let filter = EntryFilter::default;
    assert_eq!(count(EntryFilter { kinds: vec![EntryKind::Charge], ..filter() }).await, 2);
    assert_eq!(count(EntryFilter { operation: Some("gpt-5".into()), ..filter() }).await, 2);
    assert_eq!(count(EntryFilter { category: Some("top_up".into()), ..filter() }).await, 1);
    assert_eq!(count(EntryFilter { text: Some("%".into()), ..filter() }).await, 1);
    assert_eq!(count(EntryFilter { text: Some("ACME".into()), ..filter() }).await, 1);
    assert_eq!(count(EntryFilter { metadata: Some(("customer_id".into(), "acme".into())), ..filter() }).await, 1);
    assert_eq!(count(EntryFilter { to: Some(start()), ..filter() }).await, 0);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn watchers_see_the_rows_of_both_nodes(pool: PgPool) {
    let (one, two) = (open(&pool), open(&pool));
    let id = new_wallet(&one).await;
    let mut here = one.ledger().watch(id);
    grant(&one, id, "g", 100).await;
    here.wait_for(|seq| *seq == 1).await.expect("followed");
    charge(&two, id, "c", 1).await.expect("charged");
    here.wait_for(|seq| *seq == 2).await.expect("followed");
    one.shutdown().await;
    two.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_poisoned_command_disturbs_nobody(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1000).await;
    let envelope = submission(id, "nul", charge_of(1)).with_metadata(json!({"a": "\0"}));
    assert_eq!(refusal(wallet.ledger().submit(envelope).await).code(), "invalid_request");
    let negative = charge(&wallet, id, "minus", -5).await;
    assert_eq!(refusal(negative).code(), "unprocessable");
    let all = (0..100).map(|n| charge(&wallet, id, format!("c{n}"), if n % 10 == 0 { 100_000 } else { 1 }));
    let answers = futures::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 90);
    assert_eq!(available(&wallet, id).await, credits(910));
    wallet.shutdown().await;
}
