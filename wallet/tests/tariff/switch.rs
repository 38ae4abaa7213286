//! A price change while calls are priced: none is charged at a mixed price, and what was promised stays.

use std::task::Poll;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::Problem;
use wallet::id::WalletId;
use wallet::identity::Actor;
use wallet::ledger::HoldView;
use wallet::tariff::{ChargeRequest, HoldRequest, LineRequest, QuoteId};

use crate::support::*;

fn call(operation: &str) -> LineRequest {
    line(operation, json!({}))
}

fn hold(wallet: WalletId, lines: Vec<(LineRequest, Option<QuoteId>)>) -> HoldRequest {
    HoldRequest { wallet, plan_rank: 0, lines, expires_in: None, metadata: Value::Null }
}

async fn placed(wallet: &Wallet, request: HoldRequest, name: &str) -> HoldView {
    let id = request.wallet;
    let done = wallet.tariffs().hold(request, Actor::system("test"), key(name)).await.expect("held");
    wallet.ledger().hold(id, done.seq()).await.expect("the hold")
}

/// Version and price of each line.
fn prices(hold: &HoldView) -> Vec<(i32, i64)> {
    let line = |receipt: &wallet::ledger::Receipt| (receipt.price_book_version, receipt.total.micros() / 1_000_000);
    hold.lines.iter().map(|hold| line(&hold.receipt)).collect()
}

/// Announces gpt-5 at 5 in place of 2, as version 2; gives the days until then.
async fn announced(wallet: &Wallet) -> TimeDelta {
    let book = draft(wallet, "gpt-5", 5).await;
    simulate(wallet, book.version).await;
    let day = wallet.tariffs().first_rise().await.expect("a day");
    wallet.tariffs().publish(&staff(), book.version, book.revision, Some(day)).await.expect("announced");
    day - wallet.db().now()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_book_that_takes_effect_between_two_lines_counts_for_none_of_them(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let wait = announced(&wallet).await;
    wallet.clock().advance(wait - TimeDelta::minutes(1));
    let locked = wallet.tariffs().lock_quote(id, &call("gpt-5.2")).await.expect("locked");
    let lines = vec![(call("gpt-5"), None), (call("gpt-5.2"), Some(locked.id)), (call("gpt-5"), None)];
    let mut placing = Box::pin(placed(&wallet, hold(id, lines), "h"));
    // The first line is priced; the second one's quote is asked from the database.
    let first = std::future::poll_fn(|context| Poll::Ready(placing.as_mut().poll(context).is_pending())).await;
    assert!(first);
    wallet.clock().advance(TimeDelta::minutes(2));
    assert_eq!(prices(&placing.await), [(1, 2), (1, 4), (1, 2)]);
    let later = placed(&wallet, hold(id, vec![(call("gpt-5"), None)]), "later").await;
    assert_eq!(prices(&later), [(2, 5)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_is_charged_at_a_mixed_price_while_prices_change_under_load(pool: PgPool) {
    const CALLERS: usize = 8;
    let (wallet, id) = shop(&pool, "neuralbox").await;
    grant(&wallet, id, "more", 1_000_000).await;
    let wait = announced(&wallet).await;
    wallet.clock().advance(wait - TimeDelta::seconds(1));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let wallet = wallet.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                // Until it has met both versions: the switch comes when all are under way.
                for round in 0.. {
                    let locked = wallet.tariffs().lock_quote(id, &call("gpt-5.2")).await.expect("locked");
                    let between = (call("gpt-5.2"), Some(locked.id));
                    let lines = vec![(call("gpt-5"), None), between, (call("gpt-5"), None), (call("gpt-5"), None)];
                    let name = format!("{caller}-{round}");
                    let prices = prices(&placed(&wallet, hold(id, lines), &name).await);
                    let plain = [prices[0], prices[2], prices[3]];
                    assert!(plain == [(1, 2); 3] || plain == [(2, 5); 3], "{prices:?}");
                    let charged = charge(&wallet, request(id, 0, call("gpt-5")), &format!("c-{name}")).await;
                    let charged = charged.expect("charged");
                    let kept = wallet.ledger().entry(id, charged.seq()).await.expect("the row").receipt;
                    let kept = kept.expect("a receipt");
                    let price = (kept.price_book_version, kept.total);
                    assert!(price == (1, credits(2)) || price == (2, credits(5)), "{price:?}");
                    seen.push(plain[0].0);
                    if round == 2 && caller == 0 {
                        wallet.clock().advance(TimeDelta::seconds(2));
                    }
                    if seen.last() == Some(&2) {
                        break;
                    }
                }
                seen
            })
        })
        .collect();
    for caller in callers {
        let seen = caller.await.expect("no mixed price");
        assert!(seen.is_sorted(), "nobody falls back to old prices: {seen:?}");
    }
    assert_eq!(price(&wallet, "gpt-5").await, credits(5));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_honours_locked_quotes_to_the_credit(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let wait = announced(&wallet).await;
    wallet.clock().advance(wait - TimeDelta::minutes(1));
    let locked = wallet.tariffs().lock_quote(id, &call("gpt-5")).await.expect("locked");
    wallet.clock().advance(TimeDelta::minutes(2));
    let lines = || vec![(call("gpt-5"), Some(locked.id)), (call("gpt-5"), None)];
    assert_eq!(prices(&placed(&wallet, hold(id, lines()), "h").await), [(1, 2), (2, 5)], "each as promised");
    let other = vec![(call("gpt-5"), None), (call("gpt-5.2"), Some(locked.id))];
    let refused = wallet.tariffs().hold(hold(id, other), Actor::system("test"), key("other")).await;
    assert_eq!(field(refused), ("lines.1.quote_id".into(), Problem::NotAllowed));
    wallet.clock().advance(TimeDelta::minutes(10));
    let late = wallet.tariffs().hold(hold(id, lines()), Actor::system("test"), key("late")).await;
    assert_eq!(field(late), ("lines.0.quote_id".into(), Problem::Expired));
}

#[sqlx::test(migrations = "../migrations")]
async fn several_prices_are_locked_together_or_not_at_all(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let tariffs = wallet.tariffs();
    let lines = [call("gpt-5"), call("dall-e-3"), call("gpt-5")];
    let locked = tariffs.lock_quotes(id, &lines).await.expect("locked");
    assert_eq!(
        locked.iter().map(|one| one.quote.operation.as_str()).collect::<Vec<_>>(),
        ["gpt-5", "dall-e-3", "gpt-5"]
    );
    assert!(locked.iter().all(|one| one.expires_at == locked[0].expires_at), "until the same instant");
    let names: Vec<_> = locked.iter().rev().map(|one| one.id).collect();
    let found = tariffs.locked_quotes(id, &names).await.expect("found");
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), names, "in the order asked");
    let other = new_wallet(&wallet).await;
    assert_eq!(tariffs.locked_quotes(other, &names).await.expect("nothing"), [], "nobody else's");
    let lines = [call("gpt-5"), call("no-such")];
    let refused = tariffs.lock_quotes(id, &lines).await;
    assert_eq!(field(refused), ("lines.1.operation".into(), Problem::Unknown));
    assert_eq!(field(tariffs.lock_quotes(id, &[]).await), ("lines".into(), Problem::Required));
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM quotes").fetch_one(&pool).await.expect("counted");
    assert_eq!(kept, 3, "all or none");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_keeps_its_versions_price_until_it_is_captured(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let held = placed(&wallet, hold(id, vec![(call("gpt-5.2-pro"), None)]), "h").await;
    let book = draft(&wallet, "gpt-5.2-pro", 32).await;
    wallet.tariffs().publish(&staff(), book.version, book.revision, None).await.expect("published");
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(32));
    let taken = submit(&wallet, id, "take", capture_all(held.seq)).await.expect("captured");
    assert_eq!(taken.balance.available, credits(61), "39, as it was held");
    let captured = wallet.ledger().hold(id, held.seq).await.expect("the hold");
    assert_eq!((captured.captured, prices(&captured)), (credits(39), vec![(1, 39)]));
}

#[sqlx::test(migrations = "../migrations")]
async fn quotes_are_swept_a_week_after_their_time(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let locked = wallet.tariffs().lock_quote(id, &call("gpt-5")).await.expect("locked");
    wallet.clock().advance(TimeDelta::minutes(10) + TimeDelta::days(7));
    assert_eq!(wallet.tariffs().sweep_quotes().await.expect("swept"), 0);
    wallet.clock().advance(TimeDelta::seconds(1));
    assert_eq!(wallet.tariffs().sweep_quotes().await.expect("swept"), 1);
    let with = ChargeRequest { quote: Some(locked.id), ..request(id, 0, call("gpt-5")) };
    assert_eq!(field(charge(&wallet, with, "a").await), ("quote_id".into(), Problem::Unknown));
    assert_eq!(wallet.tariffs().quote("gpt-5", &Map::new(), 1).await.expect("a price").credits, credits(2));
}
