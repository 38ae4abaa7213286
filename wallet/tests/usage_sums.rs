//! Sums of usage are what the rows say: any history, any groups, any time, summed up at any point; and they mend.
#![cfg(feature = "postgres")]

mod ledger_support;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use ledger_support::*;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::id::WalletId;
use wallet::ledger::{
    CaptureAmount, Command, EntryFilter, EntryKind, GroupBy, Page, Receipt, Scope, Submission, UsageRow,
};

/// A small generator of numbers: the same ones in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

const OPERATIONS: [(&str, &str); 4] =
    [("gpt-5", "text"), ("claude", "text"), ("dall-e-3", "image"), ("chat \u{2028}", "text")];

fn receipt(dice: &mut Dice) -> Receipt {
    let (operation, category) = OPERATIONS[usize::try_from(dice.below(4)).expect("small")];
    let price = credits(i64::try_from(dice.below(5)).expect("small"));
    Receipt { category: category.to_owned(), ..Receipt::flat(operation, operation, price) }
}

fn metadata(dice: &mut Dice) -> Value {
    match dice.below(5) {
        0 => Value::Null,
        1 => json!({ "customer_id": null }),
        2 => json!({ "customer_id": 7, "job": dice.below(3) }),
        3 => json!({ "customer_id": "x".repeat(3_000) }),
        _ => json!({ "customer_id": format!("c{}", dice.below(3)) }),
    }
}

/// Adds rows of every kind that sums are made of, over some days.
async fn go_on(wallet: &Wallet, id: WalletId, dice: &mut Dice, rows: usize) {
    for number in 0..rows {
        let name = format!("{}-{number}", dice.below(1 << 30));
        let submit = async |name: String, command, metadata| {
            wallet.ledger().submit(submission(id, name, command).with_metadata(metadata)).await.expect("done").seq()
        };
        match dice.below(8) {
            0 => {
                let lines = (0..=dice.below(3)).map(|_| receipt(dice)).collect();
                let hold = submit(format!("h{name}"), Command::Hold { lines, expires_in: None }, metadata(dice)).await;
                let capture = Command::Capture { hold, amount: CaptureAmount::All };
                let captured = submit(format!("c{name}"), capture, metadata(dice)).await;
                if dice.below(3) == 0 {
                    let back = Command::CreditBack { charge: captured, reason: "failed".into() };
                    submit(format!("b{name}"), back, Value::Null).await;
                }
            }
            1 => {
                let charge = submit(name.clone(), Command::Charge { receipt: receipt(dice) }, metadata(dice)).await;
                wallet.clock().advance(TimeDelta::minutes(i64::try_from(dice.below(40)).expect("small")));
                let back = Command::CreditBack { charge, reason: "failed".into() };
                submit(format!("b{name}"), back, Value::Null).await;
            }
            _ => {
                submit(name, Command::Charge { receipt: receipt(dice) }, metadata(dice)).await;
            }
        }
        if dice.below(4) == 0 {
            wallet.clock().advance(TimeDelta::seconds(i64::try_from(dice.below(4_000)).expect("small")));
        }
    }
}

fn groups() -> Vec<GroupBy> {
    let mut all = Vec::new();
    for bits in 0..8 {
        for keys in [&[][..], &["customer_id"][..], &["job"][..], &["customer_id", "job"][..]] {
            let (day, operation, category) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
            let metadata = keys.iter().map(|&key| key.to_owned()).collect();
            all.push(GroupBy { day, operation, category, metadata });
        }
    }
    all
}

/// Asks for everything, at odd and at even times.
async fn answers(wallet: &Wallet, id: WalletId, until: DateTime<Utc>) -> Vec<Vec<UsageRow>> {
    let mut found = Vec::new();
    let odd = TimeDelta::microseconds(1_234_567_891);
    let times = [
        (start() - TimeDelta::days(1), until + TimeDelta::seconds(1)),
        (start() + odd, until - odd),
        (start() + TimeDelta::hours(5), until - TimeDelta::hours(3)),
        (until - TimeDelta::hours(9), until + TimeDelta::days(30)),
        (until - TimeDelta::minutes(3), until),
    ];
    for time in times {
        for by in groups() {
            found.push(wallet.ledger().usage(id, time, &by).await.expect("sums"));
        }
    }
    found
}

async fn set_zone(pool: &PgPool, wallet: WalletId, zone: &str) {
    sqlx::query(
        "INSERT INTO accounts (id, name, time_zone)
         SELECT account_id, 'x', $3 FROM wallets WHERE shard = $1 AND wallet_id = $2
         ON CONFLICT (id) DO UPDATE SET time_zone = excluded.time_zone",
    )
    .bind(wallet.shard.as_i16())
    .bind(wallet.number)
    .bind(zone)
    .execute(pool)
    .await
    .expect("set");
}

#[sqlx::test(migrations = "../migrations")]
async fn sums_say_what_rows_say(pool: PgPool) {
    let wallet = open(&pool);
    let (id, mut dice) = (new_wallet(&wallet).await, Dice(7));
    grant(&wallet, id, "g", 1_000_000).await;
    for (rows, zone) in [(400, "Europe/Moscow"), (150, "Asia/Kathmandu"), (300, "America/New_York")] {
        go_on(&wallet, id, &mut dice, rows).await;
        set_zone(&pool, id, zone).await;
        let until = wallet.clock().now();
        // The rows alone, with the sums up to the last time, and with all of them.
        let before = answers(&wallet, id, until).await;
        let summed = wallet.ledger().sum_usage_of(id).await.expect("summed up");
        assert!(summed >= u64::try_from(rows).expect("fits"));
        assert_eq!(wallet.ledger().sum_usage_of(id).await.expect("summed up"), 0, "each row once");
        assert_eq!(answers(&wallet, id, until).await, before, "in {zone}");
    }
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);

    // Two nodes at once sum each row up once.
    go_on(&wallet, id, &mut dice, 50).await;
    let both = futures::future::join(wallet.ledger().sum_usage_of(id), wallet.ledger().sum_usage_of(id)).await;
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);

    // Wrong sums are found, and made anew.
    let right = answers(&wallet, id, wallet.clock().now()).await;
    sqlx::query("UPDATE usage_sums SET credits = credits + 1").execute(&pool).await.expect("spoilt");
    let breaches = wallet.ledger().verify(Scope::Wallet(id)).await.expect("verified");
    assert!(breaches.iter().any(|breach| breach.invariant == "usage_is_sum_of_rows" && breach.wallet.is_none()));
    wallet.ledger().resum_usage(id).await.expect("made anew");
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    assert_eq!(answers(&wallet, id, wallet.clock().now()).await, right);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_counts_by_its_lines_and_once_in_all(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1_000).await;
    let line = |operation: &str, category: &str, whole| Receipt {
        category: category.to_owned(),
        ..Receipt::flat(operation, operation, credits(whole))
    };
    let lines =
        vec![line("chat", "text", 3), line("edit", "text", 4), line("draw", "image", 5), line("chat", "text", 1)];
    let hold = Submission::new(
        id,
        key("h"),
        wallet::identity::Actor::system("test"),
        Command::Hold { lines, expires_in: None },
    );
    let hold = wallet.ledger().submit(hold).await.expect("held").seq();
    submit(&wallet, id, "c", capture_all(hold)).await.expect("captured");
    let by = |operation, category| GroupBy { operation, category, ..GroupBy::default() };
    let ask = async |by: GroupBy| {
        let rows = wallet.ledger().usage(id, (start() - hours(1), start() + hours(1)), &by).await.expect("sums");
        rows.into_iter()
            .map(|row| (row.operation.or(row.category).unwrap_or_default(), row.charges, row.credits))
            .collect::<Vec<_>>()
    };
    assert_eq!(ask(by(false, false)).await, [(String::new(), 1, credits(13))]);
    let operations = [("chat", 1, 4), ("draw", 1, 5), ("edit", 1, 4)];
    let operations: Vec<_> = operations.map(|(name, count, sum)| (name.to_owned(), count, credits(sum))).into();
    assert_eq!(ask(by(true, false)).await, operations);
    assert_eq!(ask(by(false, true)).await, [("image".to_owned(), 1, credits(5)), ("text".to_owned(), 1, credits(8))]);
    wallet.shutdown().await;
}

/// Names the rows that a filter finds, and for those that spend how many.
async fn found(wallet: &Wallet, id: WalletId, filter: EntryFilter) -> (BTreeSet<i64>, i64) {
    let mut entries = Vec::new();
    let mut page = Page { before: None, limit: 200 };
    loop {
        let found = wallet.ledger().entries(id, &filter, page).await.expect("a page");
        entries.extend(found.entries);
        match found.next {
            Some(next) => page.before = Some(next),
            None => break,
        }
    }
    let spend = entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Charge | EntryKind::Capture)).count();
    (entries.iter().map(|entry| entry.seq).collect(), i64::try_from(spend).expect("small"))
}

#[sqlx::test(migrations = "../migrations")]
async fn filters_find_what_sums_count_and_what_became_of_each_line(pool: PgPool) {
    let wallet = open(&pool);
    let (id, mut dice) = (new_wallet(&wallet).await, Dice(11));
    grant(&wallet, id, "g", 100_000).await;
    go_on(&wallet, id, &mut dice, 80).await;
    let line = |operation: &str, category: &str| Receipt {
        category: category.to_owned(),
        ..Receipt::flat(operation, operation, credits(5))
    };
    let lines = || vec![line("gpt-5", "text"), line("dall-e-3", "image"), line("sora", "video")];
    let placed = async |name: &str| {
        submit(&wallet, id, name, Command::Hold { lines: lines(), expires_in: Some(60) }).await.expect("held").seq()
    };
    let (taken, given_back, timed_out) = (placed("h1").await, placed("h2").await, placed("h3").await);
    let amount = CaptureAmount::Lines(vec![credits(0), credits(2), credits(0)]);
    let capture = submit(&wallet, id, "c1", Command::Capture { hold: taken, amount }).await.expect("captured").seq();
    let back = Command::CreditBack { charge: capture, reason: "failed".into() };
    let back = submit(&wallet, id, "b1", back).await.expect("paid back").seq();
    let released = submit(&wallet, id, "r1", release(given_back)).await.expect("released").seq();
    wallet.clock().advance(TimeDelta::minutes(2));
    assert_eq!(wallet.ledger().expire_holds().await.expect("swept"), 1);
    let expired = wallet.ledger().balance(id).await.expect("a balance").seq;

    let of = |operation: &str| EntryFilter { operation: Some(operation.to_owned()), ..EntryFilter::default() };
    let (video, spend) = found(&wallet, id, of("sora")).await;
    assert_eq!(video, BTreeSet::from([taken, given_back, timed_out, released, expired]), "nothing was taken of it");
    assert_eq!(spend, 0);
    let (image, _) = found(&wallet, id, of("dall-e-3")).await;
    assert!(image.is_superset(&BTreeSet::from([taken, capture, back, released, expired])));
    let (text, _) = found(&wallet, id, of("gpt-5")).await;
    assert!(text.contains(&taken) && !text.contains(&capture) && !text.contains(&back), "another line was taken");
    let both = EntryFilter { category: Some("video".to_owned()), ..of("dall-e-3") };
    assert_eq!(found(&wallet, id, both).await.0, BTreeSet::new(), "no line is both");

    let time = (start() - hours(1), wallet.clock().now() + hours(1));
    for by in [GroupBy { operation: true, ..GroupBy::default() }, GroupBy { category: true, ..GroupBy::default() }] {
        let rows = wallet.ledger().usage(id, time, &by).await.expect("sums");
        assert!(rows.len() > 1);
        for row in rows {
            let filter = EntryFilter { operation: row.operation, category: row.category, ..EntryFilter::default() };
            assert_eq!(found(&wallet, id, filter.clone()).await.1, row.charges, "{filter:?}");
        }
    }
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn captures_that_do_not_say_whom_they_are_for_count_for_whom_their_hold_was_placed(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1_000).await;
    for (name, customer) in [("a", json!({ "customer_id": "acme" })), ("b", json!({ "job": 1 })), ("n", Value::Null)] {
        let hold = submission(id, format!("h{name}"), hold_of(&[3, 4])).with_metadata(customer.clone());
        let hold = wallet.ledger().submit(hold).await.expect("held").seq();
        let captured = submit(&wallet, id, format!("c{name}"), capture_all(hold)).await.expect("captured").seq();
        let back = Command::CreditBack { charge: captured, reason: "failed".into() };
        submit(&wallet, id, format!("b{name}"), back).await.expect("paid back");
        let hold = submission(id, format!("i{name}"), hold_of(&[2])).with_metadata(customer);
        let hold = wallet.ledger().submit(hold).await.expect("held").seq();
        submit(&wallet, id, format!("d{name}"), capture_all(hold)).await.expect("captured");
    }
    let by = GroupBy { day: true, metadata: vec!["customer_id".to_owned()], ..GroupBy::default() };
    let time = (start() - hours(1), start() + hours(1));
    let acme = || EntryFilter { metadata: Some(("customer_id".into(), "acme".into())), ..EntryFilter::default() };
    let (rows, sums) = (found(&wallet, id, acme()).await, wallet.ledger().usage(id, time, &by).await.expect("sums"));
    assert_eq!((rows.0.len(), sums.len()), (5, 2));
    // As rows were before they said themselves what they are for.
    for old in [
        "ALTER TABLE entries DISABLE TRIGGER USER",
        "UPDATE entries SET metadata = NULL WHERE kind IN (4, 5, 6, 8)",
        "ALTER TABLE entries ENABLE TRIGGER USER",
    ] {
        sqlx::query(old).execute(&pool).await.expect("made old");
    }
    assert_eq!(wallet.ledger().usage(id, time, &by).await.expect("sums"), sums);
    assert_eq!(found(&wallet, id, acme()).await, rows);
    wallet.ledger().sum_usage_of(id).await.expect("summed up");
    assert_eq!(wallet.ledger().usage(id, time, &by).await.expect("sums"), sums);
    wallet.shutdown().await;
}
