//! What a wallet's rows say of the last days and the next ones.

mod ledger_support;

use chrono::TimeDelta;
use ledger_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::id::WalletId;
use wallet::insight::{Forecast, Seen, SpentDay};
use wallet::ledger::Command;

async fn see(wallet: &Wallet, id: WalletId, zone: &str) -> Seen {
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    wallet.insight().see(&balance, zone).await.expect("seen")
}

async fn days_left(wallet: &Wallet, id: WalletId) -> Option<i64> {
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    wallet.insight().forecast(&balance).await.expect("a forecast").days(wallet.clock().now())
}

#[sqlx::test(migrations = "../migrations")]
async fn days_and_runway_are_read_from_the_rows(pool: PgPool) {
    let wallet = open(&pool);
    let (id, other) = (new_wallet(&wallet).await, new_wallet(&wallet).await);
    for id in [id, other] {
        grant(&wallet, id, "start", 1_000).await;
    }
    charge(&wallet, other, "theirs", 500).await.expect("charged");
    assert_eq!(see(&wallet, id, "UTC").await.forecast, Forecast::NotEnough);
    let mut last = 0;
    for day in 0..10 {
        wallet.clock().advance(hours(24));
        last = charge(&wallet, id, format!("day-{day}"), 10).await.expect("charged").seq();
        let is_young = day < 7;
        assert_eq!(see(&wallet, id, "UTC").await.forecast == Forecast::NotEnough, is_young, "day {day}");
    }
    wallet.clock().advance(hours(1));

    for zone in ["UTC", "Pacific/Apia", "America/New_York"] {
        let seen = see(&wallet, id, zone).await;
        assert_eq!((seen.spending.days.len(), seen.spending.total()), (30, credits(100)), "{zone}");
        assert_eq!(seen.spending.days.last().map(SpentDay::total), Some(credits(10)), "{zone}");
        assert_eq!(seen.spending.categories(), [("tool".to_owned(), credits(100))]);
        assert!(!seen.spending.is_cut);
        assert_eq!(seen.forecast.days(wallet.clock().now()), Some(90), "900 at 10 a day");
    }

    // What is paid back was not spent; a pace is known for five minutes.
    let back = Command::CreditBack { charge: last, reason: "failed".to_owned() };
    submit(&wallet, id, "back", back).await.expect("paid back");
    assert_eq!(days_left(&wallet, id).await, Some(91), "910 at the pace that is known");
    wallet.clock().advance(TimeDelta::minutes(5));
    assert_eq!(days_left(&wallet, id).await, Some(106), "910 at 60 in seven days");
    assert_eq!(see(&wallet, id, "UTC").await.spending.total(), credits(90));
    wallet.clock().advance(hours(24 * 8));
    assert_eq!(see(&wallet, id, "UTC").await.forecast, Forecast::NotSpent);
    assert_eq!(days_left(&wallet, id).await, None);
}
