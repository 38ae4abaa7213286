//! Rows that follow a row say what it was for, and sums read the lines of a row, not its headline.
#![cfg(feature = "postgres")]

mod ledger_support;

use chrono::TimeDelta;
use ledger_support::*;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::id::WalletId;
use wallet::ledger::GroupBy;
use wallet::ledger::{
    CaptureAmount, Command, EntryFilter, EntryKind, EntryView, Page, Receipt, ReleaseReason, Rules, Scope,
};
use wallet::money::Credits;

fn line(operation: &str, category: &str, whole: i64) -> Receipt {
    Receipt { category: category.to_owned(), ..Receipt::flat(operation, operation, credits(whole)) }
}

/// Holds for an end customer: five for a message, eight for a page.
async fn hold_for(wallet: &Wallet, id: WalletId, name: &str, customer: &str) -> i64 {
    let lines = vec![line("chat_message", "text", 5), line("page_edit", "tool", 8)];
    let held = submission(id, name, Command::Hold { lines, expires_in: Some(60) });
    let held = held.with_metadata(json!({ "customer_id": customer, "job": 7 }));
    wallet.ledger().submit(held).await.expect("held").seq()
}

async fn rows_of(wallet: &Wallet, id: WalletId, filter: EntryFilter) -> Vec<EntryView> {
    wallet.ledger().entries(id, &filter, Page::default()).await.expect("rows").entries
}

/// What was spent, by operation, category and end customer.
async fn sums(wallet: &Wallet, id: WalletId, by: GroupBy) -> Vec<(String, i64, Credits)> {
    let now = wallet.clock().now();
    let time = (now - TimeDelta::days(1), now + TimeDelta::seconds(1));
    let rows = wallet.ledger().usage(id, time, &by).await.expect("sums").into_iter();
    rows.map(|row| {
        let names = [row.operation, row.category].into_iter().chain(row.metadata).flatten();
        (names.collect::<Vec<_>>().join(" "), row.charges, row.credits)
    })
    .collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_a_hold_is_for_the_rows_that_end_it_are_for(pool: PgPool) {
    let (wallet, other) = (open(&pool), open(&pool));
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "start", 1_000).await;
    let said = json!({ "customer_id": "acme", "job": 7 });

    let held = hold_for(&wallet, id, "h1", "acme").await;
    let captured = submit(&wallet, id, "c1", capture_all(held)).await.expect("captured");
    let back = Command::CreditBack { charge: captured.seq(), reason: "it failed".to_owned() };
    // Another node knows the rows from the database alone.
    let back = submit(&other, id, "b1", back).await.expect("paid back");
    let held = hold_for(&other, id, "h2", "acme").await;
    let released = submit(&wallet, id, "r1", release(held)).await.expect("released");
    let held = hold_for(&wallet, id, "h3", "acme").await;
    // Its own word counts where it says another one.
    let own = submission(id, "c2", Command::Capture { hold: held, amount: CaptureAmount::Total(credits(3)) });
    let own = own.with_metadata(json!({ "job": 8, "step": "b" }));
    let own = wallet.ledger().submit(own).await.expect("captured");
    let late = hold_for(&wallet, id, "h4", "acme").await;
    wallet.clock().advance(TimeDelta::seconds(61));
    other.clock().advance(TimeDelta::seconds(61));
    assert_eq!(other.ledger().expire_holds().await.expect("swept"), 1);

    let metadata = |outcome: &wallet::ledger::Outcome| outcome.entry().expect("a row").metadata.clone();
    for outcome in [&captured, &back, &released] {
        assert_eq!(metadata(outcome), said);
    }
    assert_eq!(metadata(&own), json!({ "customer_id": "acme", "job": 8, "step": "b" }));
    let filter = EntryFilter { metadata: Some(("customer_id".into(), "acme".into())), ..EntryFilter::default() };
    let found: Vec<EntryKind> = rows_of(&wallet, id, filter).await.iter().map(|row| row.kind).rev().collect();
    use EntryKind::{Capture, CreditBack, Hold, HoldExpired, Release};
    assert_eq!(found, [Hold, Capture, CreditBack, Hold, Release, Hold, Capture, Hold, HoldExpired]);
    assert!(rows_of(&wallet, id, EntryFilter::default()).await[0].refers_to == Some(late));

    // A repeat answers as the first did, on each node and with what was added.
    for (node, name, command) in
        [(&other, "c1", capture_all(captured.entry().expect("a row").refers_to.expect("a hold")))]
    {
        let again = submit(node, id, name, command).await.expect("replayed");
        assert!(again.replayed);
        assert_eq!(again.entry(), captured.entry());
    }
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn sums_read_lines_and_add_up_to_the_row(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "start", 1_000).await;
    let held = hold_for(&wallet, id, "h1", "acme").await;
    submit(&wallet, id, "c1", capture_all(held)).await.expect("captured");
    let held = hold_for(&wallet, id, "h2", "globex").await;
    let part = CaptureAmount::Lines(vec![credits(5), credits(1)]);
    let part = submit(&wallet, id, "c2", Command::Capture { hold: held, amount: part }).await.expect("captured");
    // Nothing was taken of the second line: it was no call of it.
    let held = hold_for(&wallet, id, "h3", "globex").await;
    let first = Command::Capture { hold: held, amount: CaptureAmount::Total(credits(4)) };
    submit(&wallet, id, "c3", first).await.expect("captured");
    // Two lines of one operation are one call.
    let lines = vec![line("page_edit", "tool", 2), line("page_edit", "tool", 3)];
    let held = submit(&wallet, id, "h4", Command::Hold { lines, expires_in: None }).await.expect("held").seq();
    submit(&wallet, id, "c4", capture_all(held)).await.expect("captured");
    submit(&wallet, id, "one", Command::Charge { receipt: line("gpt-5", "text", 10) }).await.expect("charged");

    let named = |rows: &[(&str, i64, i64)]| -> Vec<(String, i64, Credits)> {
        rows.iter().map(|(name, charges, whole)| ((*name).to_owned(), *charges, credits(*whole))).collect()
    };
    let operation = || GroupBy { operation: true, ..GroupBy::default() };
    let category = || GroupBy { category: true, ..GroupBy::default() };
    assert_eq!(
        sums(&wallet, id, operation()).await,
        named(&[("chat_message", 3, 14), ("gpt-5", 1, 10), ("page_edit", 3, 14)])
    );
    assert_eq!(sums(&wallet, id, category()).await, named(&[("text", 4, 24), ("tool", 3, 14)]));
    let both = GroupBy { operation: true, metadata: vec!["customer_id".to_owned()], ..GroupBy::default() };
    assert_eq!(
        sums(&wallet, id, both).await,
        named(&[
            ("chat_message acme", 1, 5),
            ("chat_message globex", 2, 9),
            ("gpt-5", 1, 10),
            ("page_edit acme", 1, 8),
            ("page_edit globex", 1, 1),
            ("page_edit", 1, 5),
        ])
    );
    assert_eq!(sums(&wallet, id, GroupBy::default()).await, named(&[("", 5, 38)]), "a row counts once");

    // The front page tells the same.
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    let seen = wallet.insight().see(&balance, "UTC").await.expect("seen").spending;
    assert_eq!(seen.categories(), [("text".to_owned(), credits(24)), ("tool".to_owned(), credits(14))]);

    // What is paid back leaves each line.
    let back = Command::CreditBack { charge: part.seq(), reason: "it failed".to_owned() };
    submit(&wallet, id, "back", back).await.expect("paid back");
    assert_eq!(
        sums(&wallet, id, operation()).await,
        named(&[("chat_message", 3, 9), ("gpt-5", 1, 10), ("page_edit", 3, 13)])
    );
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    let seen = wallet.insight().see(&balance, "UTC").await.expect("seen").spending;
    assert_eq!(seen.categories(), [("text".to_owned(), credits(19)), ("tool".to_owned(), credits(13))]);

    // And a row is found by each of its lines.
    let with = |operation: &str| EntryFilter { operation: Some(operation.to_owned()), ..EntryFilter::default() };
    assert_eq!(rows_of(&wallet, id, with("page_edit")).await.len(), 8);
    let tools =
        EntryFilter { category: Some("tool".to_owned()), kinds: vec![EntryKind::Capture], ..EntryFilter::default() };
    assert_eq!(rows_of(&wallet, id, tools).await.len(), 3, "as many as sums count: nothing was taken of one");
}

#[sqlx::test(migrations = "../migrations")]
async fn amounts_of_callers_come_in_the_units_steps(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "start", 100).await;
    wallet.ledger().set_rules(Rules { step: Some(Credits::ONE), ..Rules::default() });
    let half = Credits::from_micros(500_000);
    let held = hold_for(&wallet, id, "h", "acme").await;
    let fields = |refused: wallet::error::Result<wallet::ledger::Outcome>| match refusal(refused) {
        wallet::error::Refusal::Unprocessable { fields } => fields[0].field.clone(),
        other => panic!("{other:?}"),
    };
    for (name, amount, field) in
        [("c1", CaptureAmount::Total(half), "amount"), ("c2", CaptureAmount::Lines(vec![credits(5), half]), "lines.1")]
    {
        assert_eq!(fields(submit(&wallet, id, name, Command::Capture { hold: held, amount }).await), field);
    }
    for amount in [half, half.checked_neg().expect("fits")] {
        let adjusted = Command::Adjustment { amount, reason: "mended".to_owned() };
        assert_eq!(fields(submit(&wallet, id, "a", adjusted).await), "amount");
    }
    submit(&wallet, id, "r", Command::Release { hold: held, reason: ReleaseReason::Cancelled })
        .await
        .expect("released");
    // What is there is there: a rest that is smaller than a step can be taken whole.
    let small = Command::Grant(wallet::ledger::NewGrant::new(half, wallet::ledger::GrantSource::TopUp, "Rest"));
    submit(&wallet, id, "rest", small).await.expect("granted");
    let all = credits(100).checked_add(half).and_then(Credits::checked_neg).expect("fits");
    submit(&wallet, id, "all", Command::Adjustment { amount: all, reason: "closed".to_owned() }).await.expect("taken");
    assert_eq!(available(&wallet, id).await, Credits::ZERO);

    // No row of a ledger nests deeper than pages can read.
    let deep = |levels: usize| (1..levels).fold(json!({ "a": 1 }), |inner, _| json!({ "a": inner }));
    let charge = |name: &str, metadata: Value| {
        let free = Command::Charge { receipt: Receipt::flat("free", "Free", Credits::ZERO) };
        wallet.ledger().submit(submission(id, name, free).with_metadata(metadata))
    };
    charge("16", deep(16)).await.expect("sixteen");
    assert_eq!(fields(charge("17", deep(17)).await), "metadata");
}
