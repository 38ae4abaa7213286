//! Auto top-up by the real clients of both providers: one charge, whoever finds the wallet low.

use chrono::{TimeDelta, Utc};
use serde_json::{Map, Value};
use sqlx::PgPool;
use tokio::task::JoinSet;
use wallet::Wallet;
use wallet::catalog::{AutoTopUpMode, Preset};
use wallet::error::{Refusal, TopUpHintState};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::ledger::Outcome;
use wallet::money::{Credits, Currency, Money};
use wallet::payment::{AutoTopUpBuys, AutoTopUpState, NewAutoTopUp, PayWith, Suspension};
use wallet::tariff::{ChargeRequest, LineRequest};

use super::doubles::By;
use super::till::{BASE, Till, staff};

/// The NeuralBox preset with auto top-up offered.
async fn till(pool: &PgPool) -> Till {
    let mut preset = Preset::by_name("neuralbox").expect("a preset");
    preset.view.settings.auto_top_up.mode = AutoTopUpMode::OptIn;
    Till::open_at(pool, Utc::now(), &preset).await
}

/// Buys the light package below 100 tokens, for a month's limit of three.
async fn agree(till: &Till, card: PayWith) {
    let PayWith::Saved(method) = card else { panic!("no saved card: {card:?}") };
    let new = NewAutoTopUp {
        threshold: Credits::from_whole(100),
        buys: AutoTopUpBuys::Package { package: "light".into() },
        currency: Currency::RUB,
        daily: None,
        monthly: Money::from_minor(3 * 44_900, Currency::RUB),
        method,
    };
    till.wallet.payments().agree_to_auto_top_up(&till.viewer, &new).await.expect("agreed");
}

async fn spend(wallet: &Wallet, viewer: &Viewer, key: &str, count: i64) -> wallet::error::Result<Outcome> {
    // Two tokens each.
    let line = LineRequest { operation: "gpt-5".into(), params: Map::new(), count };
    let request = ChargeRequest { wallet: viewer.wallet, plan_rank: 0, line, quote: None, metadata: Value::Null };
    wallet.tariffs().charge(request, Actor::system("test"), IdempotencyKey::parse(key).expect("a key")).await
}

async fn tops_up_once(pool: &PgPool, by: By) {
    let till = till(pool).await;
    let card = till.saved(by, by.good()).await;
    agree(&till, card).await;
    let node = till.node();
    // 150 tokens are there; thirty charges of two cross the threshold, on two nodes at once.
    let mut tasks = JoinSet::new();
    for number in 0..30 {
        let (wallet, viewer) = (if number % 2 == 0 { till.wallet.clone() } else { node.clone() }, till.viewer.clone());
        tasks.spawn(async move {
            spend(&wallet, &viewer, &format!("c{number}"), 1).await.expect("charged");
            wallet.payments().top_up_due().await.expect("looked");
        });
    }
    tasks.join_all().await;
    till.wallet.payments().top_up_due().await.expect("looked");
    assert_eq!(till.doubles.taken(by).await.len(), 2, "{by:?}: the first purchase, and one top-up");
    assert_eq!(till.settled().await, "190");
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_at_stripe_is_charged_once_for_a_low_wallet(pool: PgPool) {
    tops_up_once(&pool, By::Stripe).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_at_yookassa_is_charged_once_for_a_low_wallet(pool: PgPool) {
    tops_up_once(&pool, By::YooKassa).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bank_that_asks_is_answered_on_stripes_page_for_that_order(pool: PgPool) {
    let till = till(&pool).await;
    // Asked on the page at first, and again at each charge without its owner.
    let order = till.order(By::Stripe.card(), "saving", true).await;
    till.doubles.pay_with_bank(Till::page(&order), "4000002760003184").await.expect("paid");
    till.is_paid(order.id).await;
    let methods = till.wallet.payments().methods(&till.viewer).await.expect("methods");
    agree(&till, PayWith::Saved(methods.first().expect("a card").id)).await;
    spend(&till.wallet, &till.viewer, "low", 50).await.expect("spent");
    let payments = till.wallet.payments();
    payments.top_up_due().await.expect("looked");
    till.set_clocks(Utc::now() + TimeDelta::days(3)).await;
    payments.top_up_due().await.expect("looked");
    let view = payments.auto_top_up(till.viewer.wallet).await.expect("a view");
    assert_eq!((view.state, view.reason), (AutoTopUpState::Suspended, Some(Suspension::AsksOwner)));
    assert_eq!(till.doubles.held(By::Stripe, "payment_intents").await.len(), 2, "one try");
    let refused = spend(&till.wallet, &till.viewer, "more", 50).await;
    let Err(wallet::error::Error::Refused(Refusal::OutOfCredits { auto_top_up: Some(hint), .. })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(hint.state, TopUpHintState::Suspended);

    let order = payments.pay_auto_top_up(&till.viewer, "tab", BASE).await.expect("ordered");
    till.doubles.pay_with_bank(Till::page(&order), "4000002760003184").await.expect("paid");
    till.is_paid(order.id).await;
    let view = payments.auto_top_up(till.viewer.wallet).await.expect("a view");
    assert_eq!((view.state, till.settled().await.as_str()), (AutoTopUpState::On, "150"));
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_pauses_it_until_it_is_won(pool: PgPool) {
    let till = till(&pool).await;
    let card = till.saved(By::YooKassa, By::YooKassa.good()).await;
    agree(&till, card).await;
    let (payments, refunds) = (till.wallet.payments(), till.wallet.refunds());
    let paid = payments.payments(&till.viewer, None, 1).await.expect("payments").payments.remove(0);
    let dispute = refunds.open_dispute(&staff(), paid.id, "Chargeback letter").await.expect("opened");
    payments.top_up_due().await.expect("looked");
    let view = payments.auto_top_up(till.viewer.wallet).await.expect("a view");
    assert_eq!((view.state, view.reason), (AutoTopUpState::Suspended, Some(Suspension::Dispute)));
    assert_eq!(till.settled().await, "50", "low, and not topped up");
    refunds.end_dispute(&staff(), dispute.id, true).await.expect("won");
    let view = payments.auto_top_up(till.viewer.wallet).await.expect("a view");
    assert_eq!((view.state, till.settled().await.as_str()), (AutoTopUpState::On, "150"));
    assert_eq!(till.doubles.taken(By::YooKassa).await.len(), 1);
    till.is_right().await;
}
