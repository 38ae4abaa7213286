//! Metered months at once with everything else: other nodes, charges, late gauges, a crash, a card that is charged.

use chrono::TimeDelta;
use serde_json::{Map, Value};
use sqlx::PgPool;
use tokio::task::JoinSet;
use wallet::catalog::Preset;
use wallet::clock::Clock;
use wallet::error::Problem;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::money::Credits;
use wallet::payment::{NewAutoTopUp, decline};
use wallet::tariff::{ChargeRequest, LineRequest};
use wallet::{MonthsClosed, Options, Wallet};

use crate::auto_top_up::{agree, look, save, spend_to, terms};
use crate::metered::*;
use crate::people_support::*;
use crate::support::*;

/// A second node over the same database, at the same time.
fn node_of(wallet: &Wallet) -> Wallet {
    Wallet::new(wallet.pool().clone(), Options::for_tests(Clock::fixed(wallet.clock().now())))
}

/// Charges for a chat message, at one credit.
async fn chat(wallet: &Wallet, viewer: &Viewer, key: &str) -> bool {
    let line = LineRequest { operation: "chat_message".into(), params: Map::new(), count: 1 };
    let request = ChargeRequest { wallet: viewer.wallet, plan_rank: 0, line, quote: None, metadata: Value::Null };
    let key = IdempotencyKey::parse(key).expect("a key");
    wallet.tariffs().charge(request, Actor::system("test"), key).await.is_ok()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_on_two_nodes_at_once_is_closed_once(pool: PgPool) {
    for whole in [10_000, 0] {
        // With enough for all of it, and with nothing to pay it by: then there is no entry that could be the only one.
        let (wallet, viewer) = match whole {
            0 => {
                let wallet = open_with(&pool, "neuraldraft").await;
                let viewer = member(&wallet, "boris@example.com").await;
                (wallet, viewer)
            }
            whole => owner_with(&pool, whole).await,
        };
        measure(&wallet, &viewer, DOMAINS, 3_000, utc("2026-09-01T00:00:00Z")).await;
        if whole == 0 {
            let frozen = "UPDATE wallets SET frozen = 'a test', version = version + 1 WHERE wallet_id = $1";
            sqlx::query(frozen).bind(viewer.wallet.number).execute(&pool).await.expect("frozen");
        }
        wallet.clock().set(closing());
        let node = node_of(&wallet);
        let mut runs = JoinSet::new();
        for number in 0..12 {
            let node = if number % 2 == 0 { wallet.clone() } else { node.clone() };
            runs.spawn(async move {
                // As if whoever has taken it had been given up: another one takes it meanwhile.
                let again = "UPDATE metered_wallets SET due_at = $1 WHERE month = 0";
                sqlx::query(again).bind(closing()).execute(node.pool()).await.expect("set");
                node.close_metered_months().await.expect("looked").failed
            });
        }
        assert_eq!(runs.join_all().await.into_iter().sum::<u32>(), 0);
        let months = "SELECT count(*) FROM metered_months WHERE wallet_id = $1";
        let months = sqlx::query_scalar::<_, i64>(months).bind(viewer.wallet.number).fetch_one(&pool).await;
        assert_eq!(months.expect("read"), 1);
        assert_eq!(charged(&wallet, &viewer).await.len(), usize::from(whole > 0));
        is_right(&wallet).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_crash_leaves_a_month_closed_or_open(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 10_000).await;
    measure(&wallet, &viewer, DOMAINS, 3_000, utc("2026-09-01T00:00:00Z")).await;
    let before = available(&wallet, viewer.wallet).await;
    // Taken by a node that died: another one comes when its time is over.
    let taken = "UPDATE metered_wallets SET due_at = $1";
    sqlx::query(taken).bind(closing() + TimeDelta::seconds(60)).execute(&pool).await.expect("taken");
    assert!(close_at(&wallet, closing() + TimeDelta::seconds(59)).await.is_nothing());
    // The transaction breaks at each of its steps: nothing of it is there.
    for (seconds, table) in [(60, "metered_months"), (120, "metered_month_items")] {
        let plant = format!(
            "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
             CREATE TRIGGER broken BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION broken()"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(plant)).execute(&pool).await.expect("planted");
        assert_eq!(close_at(&wallet, closing() + TimeDelta::seconds(seconds)).await.failed, 1);
        let mend = format!("DROP TRIGGER broken ON {table}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(mend)).execute(&pool).await.expect("mended");
        assert_eq!(available(&wallet, viewer.wallet).await, before);
        assert_eq!(charged(&wallet, &viewer).await.len(), 0);
        is_right(&wallet).await;
    }
    let node = node_of(&wallet);
    assert_eq!(close_at(&node, closing() + TimeDelta::seconds(180)).await.closed, 1);
    assert_eq!(charged(&wallet, &viewer).await[0].amount, credits(-800));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn charges_beside_the_end_of_a_month_leave_no_wallet_below_zero(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 0).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    wallet.clock().set(closing());
    let node = open_with(&pool, "neuraldraft").await;
    node.clock().set(closing());
    let mut tasks = JoinSet::new();
    for number in 0..60 {
        let (node, viewer) = (if number % 2 == 0 { wallet.clone() } else { node.clone() }, viewer.clone());
        tasks.spawn(async move { chat(&node, &viewer, &format!("c{number}")).await });
    }
    let runs = node_of(&wallet);
    let run = tokio::spawn(async move { runs.close_metered_months().await.expect("looked") });
    let spent = i64::try_from(tasks.join_all().await.into_iter().filter(|done| *done).count()).expect("fits");
    assert_eq!(run.await.expect("ran"), MonthsClosed { closed: 1, carried: 1, failed: 0 });
    let taken = charged(&wallet, &viewer).await[0].amount.checked_neg().expect("fits");
    let left = credits(250 - spent).checked_sub(taken).expect("fits");
    assert_eq!(available(&wallet, viewer.wallet).await, left);
    assert!(!left.is_negative());
    let carried = view(&wallet, &viewer).await.carried;
    assert_eq!(carried.checked_add(taken), Some(credits(400)), "what was not there is carried");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_gauge_that_comes_while_its_month_closes_is_in_it_or_refused(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 100_000).await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    wallet.clock().set(closing());
    let node = node_of(&wallet);
    let mut late = JoinSet::new();
    for number in 0..30 {
        let (node, viewer) = (if number % 2 == 0 { wallet.clone() } else { node.clone() }, viewer.clone());
        late.spawn(async move {
            let at = october() - TimeDelta::hours(number + 1);
            let new = gauge(&viewer, DOMAINS, 3_000, at);
            match set(&node, &new, &format!("late-{number}")).await {
                Ok(_) => true,
                refused => {
                    assert_eq!(problems(refusal(refused)), [("at".to_owned(), Problem::NotAllowed)]);
                    false
                }
            }
        });
    }
    let runs = node_of(&wallet);
    let run = tokio::spawn(async move { runs.close_metered_months().await.expect("looked") });
    let taken = late.join_all().await.into_iter().filter(|taken| *taken).count();
    assert_eq!(run.await.expect("ran").failed, 0);
    // Whoever was given up comes again.
    let rest = close_at(&wallet, closing() + TimeDelta::seconds(61)).await;
    assert_eq!(rest.failed, 0);
    let gauges = "SELECT count(*) - 1 FROM metered_gauges";
    let gauges = sqlx::query_scalar::<_, i64>(gauges).fetch_one(&pool).await.expect("read");
    assert_eq!(usize::try_from(gauges).expect("fits"), taken);
    assert_eq!(charged(&wallet, &viewer).await.len(), 1);
    // That what was charged is what was measured is an invariant.
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_at_once_begin_one_month(pool: PgPool) {
    let (wallet, viewer) = owner_with(&pool, 0).await;
    let mut first = JoinSet::new();
    for number in 0..20 {
        let (wallet, viewer) = (wallet.clone(), viewer.clone());
        // Each gauge was sent twice.
        first.spawn(async move {
            let new = gauge(&viewer, STORAGE, 1_000 + number / 2, start() - TimeDelta::hours(number / 2));
            set(&wallet, &new, &format!("g-{}", number / 2)).await.expect("set")
        });
    }
    assert_eq!(first.join_all().await.into_iter().filter(|replayed| *replayed).count(), 10);
    is_right(&wallet).await;
    assert_eq!(close_at(&wallet, closing()).await.closed, 1);
    is_right(&wallet).await;
}

/// The monthly-credits catalog with domains at 400 credits a month, of which none is included.
async fn open_metered(pool: &PgPool) -> Wallet {
    let source = Preset::source_of("monthly-credits").expect("built in");
    let domains =
        "[[metered]]\ncode = \"custom-domain\"\nname = \"Domains\"\nunit = \"domain\"\nmonthly_credits = 400\n";
    let text = source.replacen("[[operation]]", &format!("{domains}\n[[operation]]"), 1);
    let (preset, _) = Preset::parse(&text).expect("a preset");
    let wallet = Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())));
    wallet.catalog().load_preset(&preset).await.expect("loaded");
    wallet
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_waits_for_what_auto_top_up_buys(pool: PgPool) {
    let wallet = open_metered(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let card = save(&wallet, &viewer, &double, "saving").await;
    measure(&wallet, &viewer, DOMAINS, 2_000, utc("2026-09-01T00:00:00Z")).await;
    // The plan's next month comes on the first.
    wallet.clock().set(october());
    wallet.catch_up(viewer.wallet).await;
    spend_to(&wallet, viewer.wallet, 12).await;
    agree(&wallet, &viewer, &NewAutoTopUp { threshold: None, ..terms(card.id) }).await;
    mails(&wallet, ANNA).await;
    assert!(close_at(&wallet, closing()).await.is_nothing(), "its credits are on their way");
    assert_eq!(charged(&wallet, &viewer).await.len(), 0);
    assert_eq!(look(&wallet).await, 1, "one charge of the card");
    assert_eq!(close_at(&wallet, closing() + TimeDelta::seconds(5)).await.closed, 1);
    assert_eq!(charged(&wallet, &viewer).await[0].amount, credits(-800));
    assert_eq!(available(&wallet, viewer.wallet).await, credits(212));
    assert_eq!(double.books().charged.len(), 1);
    is_right(&wallet).await;

    // A card that is declined buys nothing: what is there is charged, the rest goes over.
    let november = utc("2026-11-01T00:00:00Z");
    wallet.clock().set(november);
    wallet.catch_up(viewer.wallet).await;
    spend_to(&wallet, viewer.wallet, 12).await;
    double.books().declines = Some(decline::AUTHENTICATION_REQUIRED.into());
    let node = node_of(&wallet);
    node.payments().register(std::sync::Arc::new(double.clone()));
    assert!(close_at(&node, november + TimeDelta::hours(1)).await.is_nothing());
    wallet.clock().set(november + TimeDelta::hours(1));
    look(&wallet).await;
    look(&wallet).await;
    let node = node_of(&wallet);
    node.payments().register(std::sync::Arc::new(double.clone()));
    let done = close_at(&node, november + TimeDelta::hours(1) + TimeDelta::seconds(5)).await;
    assert_eq!(done, MonthsClosed { closed: 1, carried: 1, failed: 0 });
    assert_eq!(charged(&wallet, &viewer).await[1].amount, credits(-12));
    assert_eq!(view(&wallet, &viewer).await.carried, credits(788));
    assert_eq!(available(&wallet, viewer.wallet).await, Credits::ZERO);
    is_right(&wallet).await;
}
