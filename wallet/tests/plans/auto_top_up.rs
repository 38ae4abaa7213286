//! Auto top-up: one payment whoever finds a wallet low, within what was agreed, and off at once.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use sqlx::PgPool;
use tokio::task::JoinSet;
use wallet::Wallet;
use wallet::error::{Problem, Refusal, Result, TopUpHint, TopUpHintState};
use wallet::id::{PaymentMethodId, WalletId};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::ledger::Outcome;
use wallet::money::{Currency, Money};
use wallet::notify::{Mail, TopUpTrouble};
use wallet::payment::{
    AutoTopUpBuys, AutoTopUpState, AutoTopUpView, NewAutoTopUp, PaymentMethod, PaymentStatus, ProviderStatus,
    Suspension, TopUp, decline,
};
use wallet::tariff::{ChargeRequest, LineRequest};

use crate::people_support::*;
use crate::support::*;

pub fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// Ten dollars, which are 1000 credits, when less than 300 are available: 20 dollars a day, 60 a month.
pub fn terms(card: PaymentMethodId) -> NewAutoTopUp {
    NewAutoTopUp {
        threshold: Some(credits(300)),
        buys: AutoTopUpBuys::Amount { money: usd(1_000) },
        currency: Currency::USD,
        daily: Some(usd(2_000)),
        monthly: usd(6_000),
        method: card,
    }
}

/// Somebody with a saved card and 500 credits, in the monthly-credits catalog.
pub async fn owner(pool: &PgPool) -> (Wallet, Viewer, Double, PaymentMethod) {
    let wallet = open_with(pool, "monthly-credits").await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let card = save(&wallet, &viewer, &double, "saving").await;
    spend_to(&wallet, viewer.wallet, 500).await;
    mails(&wallet, ANNA).await;
    (wallet, viewer, double, card)
}

/// Buys 1000 credits and agrees that the card is kept.
pub async fn save(wallet: &Wallet, viewer: &Viewer, double: &Double, key: &str) -> PaymentMethod {
    let wanted =
        TopUp { package: None, amount: Some(credits(1_000)), currency: Currency::USD, with: None, save_method: true };
    let order = wallet.payments().start_top_up(viewer, &wanted, key, BASE).await.expect("ordered").id;
    double.set(order, ProviderStatus::Paid);
    wallet.payments().check(viewer, order).await.expect("checked");
    wallet.payments().methods(viewer).await.expect("a list").into_iter().next().expect("a card")
}

/// Charges for so many messages at one credit.
pub async fn spend(wallet: &Wallet, id: WalletId, key: &str, count: i64) -> Result<Outcome> {
    let line = LineRequest { operation: "message".into(), params: Map::new(), count };
    let request = ChargeRequest { wallet: id, plan_rank: 0, line, quote: None, metadata: Value::Null };
    wallet.tariffs().charge(request, Actor::system("test"), IdempotencyKey::parse(key).expect("a key")).await
}

/// Spends until so much is available.
pub async fn spend_to(wallet: &Wallet, id: WalletId, whole: i64) {
    let left = available(wallet, id).await.checked_sub(credits(whole)).expect("fits");
    let key = format!("to-{}", wallet::id::PaymentId::new());
    if left.is_positive() {
        spend(wallet, id, &key, left.micros() / 1_000_000).await.expect("spent");
    }
}

pub async fn agree(wallet: &Wallet, viewer: &Viewer, new: &NewAutoTopUp) {
    wallet.payments().agree_to_auto_top_up(viewer, new).await.expect("agreed");
}

pub async fn seen(wallet: &Wallet, viewer: &Viewer) -> AutoTopUpView {
    wallet.payments().auto_top_up(viewer.wallet).await.expect("a view")
}

/// Looks at what is due, at an instant.
pub async fn look_at(wallet: &Wallet, at: DateTime<Utc>) -> u32 {
    wallet.clock().set(at);
    wallet.payments().top_up_due().await.expect("looked").charged
}

pub async fn look(wallet: &Wallet) -> u32 {
    look_at(wallet, wallet.clock().now()).await
}

/// A second node over the same database, with the same provider and clock's time.
pub async fn node_of(pool: &PgPool, double: &Double) -> Wallet {
    let node = open_with(pool, "monthly-credits").await;
    node.payments().register(std::sync::Arc::new(double.clone()));
    node
}

/// As after a crash right after the order: the payment is there, and nobody was asked to charge it.
async fn crashed_before_the_charge(wallet: &Wallet, double: &Double) {
    double.books().deaf = true;
    look(wallet).await;
    double.books().deaf = false;
    let undo = "UPDATE payments SET status = 'pending', failure = NULL, charging_at = NULL WHERE status = 'unknown'";
    sqlx::query(undo).execute(wallet.pool()).await.expect("undone");
    assert_eq!(double.books().charged.len(), 0);
}

fn hint(refused: Refusal) -> Option<TopUpHint> {
    match refused {
        Refusal::OutOfCredits { auto_top_up, ceiling: None, .. } => auto_top_up,
        other => panic!("refused otherwise: {other:?}"),
    }
}

fn troubles(mails: &[Mail]) -> Vec<TopUpTrouble> {
    let of = |mail: &Mail| match mail {
        Mail::AutoTopUpTrouble(mail) => Some(mail.trouble.clone()),
        _ => None,
    };
    mails.iter().filter_map(of).collect()
}

fn stopped(reason: &str) -> TopUpTrouble {
    TopUpTrouble::Stopped { reason: reason.into() }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_charges_over_the_threshold_are_one_payment(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    let node = node_of(&pool, &double).await;
    agree(&wallet, &viewer, &terms(card.id)).await;
    spend_to(&wallet, viewer.wallet, 350).await;
    assert_eq!(look(&wallet).await, 0, "there is enough");
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let (node, id) = (if number % 2 == 0 { wallet.clone() } else { node.clone() }, viewer.wallet);
        tasks.spawn(async move {
            spend(&node, id, &format!("c{number}"), 1).await.expect("charged");
            node.payments().top_up_due().await.expect("looked");
        });
    }
    tasks.join_all().await;
    assert_eq!(look(&wallet).await, 0);
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_250));
    let sent = mails(&wallet, ANNA).await;
    assert_eq!(sent.iter().filter(|mail| matches!(mail, Mail::AutoTopUpCharged(_))).count(), 1, "{sent:?}");
    let view = seen(&wallet, &viewer).await;
    assert_eq!((view.state, view.pending.is_none()), (AutoTopUpState::On, true));
    assert_eq!(view.spent_this_month, Some(usd(1_000)));
    assert_eq!(view.charges.iter().map(|charge| charge.status).collect::<Vec<_>>(), [PaymentStatus::Succeeded]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_refused_charges_are_told_at_once_and_covered_by_one_payment(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    let node = node_of(&pool, &double).await;
    let new = NewAutoTopUp { threshold: None, ..terms(card.id) };
    let none = refusal(spend(&wallet, viewer.wallet, "early", 501).await);
    assert_eq!(hint(none), None, "there is no auto top-up");
    agree(&wallet, &viewer, &new).await;
    assert_eq!(look(&wallet).await, 0, "nothing was refused");
    let small = refusal(spend(&wallet, viewer.wallet, "dear", 1_501).await);
    let too_small = TopUpHint { state: TopUpHintState::TooSmall, retry_after_seconds: None };
    assert_eq!(hint(small), Some(too_small));
    assert_eq!(look(&wallet).await, 0, "it would not cover the charge");

    let pending = TopUpHint { state: TopUpHintState::Pending, retry_after_seconds: Some(3) };
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let (node, id) = (if number % 2 == 0 { wallet.clone() } else { node.clone() }, viewer.wallet);
        tasks.spawn(async move { refusal(spend(&node, id, &format!("r{number}"), 501).await) });
    }
    for refused in tasks.join_all().await {
        assert_eq!(hint(refused), Some(pending));
    }
    assert_eq!(double.books().charged.len(), 0, "no charge of a caller waits for a bank");
    let (here, there) = tokio::join!(look(&wallet), look(&node));
    assert_eq!((here + there, double.books().charged.len()), (1, 1));
    spend(&wallet, viewer.wallet, "r0", 501).await.expect("the same key goes through now");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(999));
    assert_eq!(look(&wallet).await, 0);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn off_counts_at_once_also_for_what_is_queued(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    agree(&wallet, &viewer, &terms(card.id)).await;
    spend_to(&wallet, viewer.wallet, 200).await;
    crashed_before_the_charge(&wallet, &double).await;
    assert_eq!(seen(&wallet, &viewer).await.state, AutoTopUpState::Pending);
    for _ in 0..2 {
        wallet.payments().switch_auto_top_up_off(&viewer).await.expect("off");
    }
    wallet.clock().advance(minutes(5));
    look(&wallet).await;
    wallet.payments().reconcile().await.expect("reconciled");
    let view = seen(&wallet, &viewer).await;
    assert_eq!((view.state, view.pending.is_none()), (AutoTopUpState::Off, true));
    assert_eq!(view.charges[0].status, PaymentStatus::Cancelled);
    assert_eq!(double.books().charged.len(), 0);
    assert_eq!(hint(refusal(spend(&wallet, viewer.wallet, "off", 201).await)), None);
    is_right(&wallet).await;

    // What was queued by the terms of before is called off, too, and the new ones count.
    agree(&wallet, &viewer, &terms(card.id)).await;
    crashed_before_the_charge(&wallet, &double).await;
    let dear = NewAutoTopUp { buys: AutoTopUpBuys::FillTo { credits: credits(700) }, ..terms(card.id) };
    agree(&wallet, &viewer, &dear).await;
    wallet.clock().advance(minutes(5));
    assert_eq!(look(&wallet).await, 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(700));
    assert_eq!(double.books().charged.len(), 1);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn off_and_a_charge_at_once_leave_no_charge_after_off(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    spend_to(&wallet, viewer.wallet, 200).await;
    for round in 0..12 {
        let new = NewAutoTopUp { daily: None, monthly: usd(100_000), ..terms(card.id) };
        agree(&wallet, &viewer, &new).await;
        let (runs, offs) = (wallet.clone(), wallet.clone());
        let (books, who) = (double.clone(), viewer.clone());
        let run = tokio::spawn(async move { runs.payments().top_up_due().await.expect("looked") });
        let off = tokio::spawn(async move {
            for _ in 0..round * 3 {
                tokio::task::yield_now().await;
            }
            offs.payments().switch_auto_top_up_off(&who).await.expect("off");
            let open = offs.payments().auto_top_up(who.wallet).await.expect("a view").pending;
            (books.books().charged.len(), open.is_some())
        });
        run.await.expect("ran");
        let (charged, was_open) = off.await.expect("switched off");
        look(&wallet).await;
        let after = double.books().charged.len();
        assert!(after == charged || was_open, "a charge began after it was off");
        spend_to(&wallet, viewer.wallet, 200).await;
        wallet.clock().advance(minutes(1));
    }
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_crash_between_order_and_charge_is_one_charge(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    agree(&wallet, &viewer, &terms(card.id)).await;
    spend_to(&wallet, viewer.wallet, 200).await;
    crashed_before_the_charge(&wallet, &double).await;
    // Whoever comes next: the reconciler, which asks, and another node, which goes on.
    let node = node_of(&pool, &double).await;
    let later = wallet.clock().now() + minutes(2);
    node.clock().set(later);
    wallet.clock().set(later);
    let (reconciled, looked) = tokio::join!(wallet.payments().reconcile(), node.payments().top_up_due());
    reconciled.expect("reconciled");
    looked.expect("looked");
    look(&wallet).await;
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_200));

    // An answer that is lost after the charge: found by its order, and never charged anew.
    spend_to(&wallet, viewer.wallet, 200).await;
    double.books().swallow_next_charge = true;
    look(&wallet).await;
    assert_eq!(seen(&wallet, &viewer).await.state, AutoTopUpState::Pending);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(200));
    double.books().silent = false;
    look_at(&wallet, later + minutes(3)).await;
    let left = available(&wallet, viewer.wallet).await;
    assert_eq!((double.books().charged.len(), left), (2, credits(1_200)));

    // The provider is away for so long that the payment is over: nothing was taken, and it is tried again later.
    double.books().deaf = true;
    spend_to(&wallet, viewer.wallet, 200).await;
    wallet.clock().set(later + TimeDelta::days(2));
    for minute in [0, 10, 65] {
        look_at(&wallet, later + TimeDelta::days(2) + minutes(minute)).await;
    }
    assert_eq!(seen(&wallet, &viewer).await.charges[0].status, PaymentStatus::Expired);
    double.books().deaf = false;
    assert_eq!(look_at(&wallet, later + TimeDelta::days(2) + minutes(80)).await, 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_200));
    assert_eq!(troubles(&mails(&wallet, ANNA).await), [], "the card is not to blame");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn three_declines_in_a_row_stop_it(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    agree(&wallet, &viewer, &terms(card.id)).await;
    spend_to(&wallet, viewer.wallet, 200).await;
    double.books().declines = Some(decline::INSUFFICIENT_FUNDS.into());
    let first = wallet.clock().now();
    for (hours, charged) in [(0, 1), (0, 1), (1, 2), (24, 2), (25, 3), (26, 3), (24 * 20, 3)] {
        look_at(&wallet, first + TimeDelta::hours(hours)).await;
        assert_eq!(double.books().charged.len(), charged, "after {hours} hours");
        if hours == 1 {
            let waits = hint(refusal(spend(&wallet, viewer.wallet, "waits", 201).await));
            assert_eq!(waits.map(|hint| hint.state), Some(TopUpHintState::Waiting));
        }
    }
    let view = seen(&wallet, &viewer).await;
    assert_eq!((view.state, view.reason, view.until), (AutoTopUpState::Suspended, Some(Suspension::Declines), None));
    let at = |hours| TopUpTrouble::Declined { next_try_at: first + TimeDelta::hours(hours) };
    assert_eq!(troubles(&mails(&wallet, ANNA).await), [at(1), at(25), stopped("declines")]);
    let refused = hint(refusal(spend(&wallet, viewer.wallet, "stopped", 5_000).await));
    assert_eq!(refused, Some(TopUpHint { state: TopUpHintState::Suspended, retry_after_seconds: None }));
    // Its owner allows it again: what was counted counts no more.
    double.books().declines = None;
    agree(&wallet, &viewer, &terms(card.id)).await;
    spend_to(&wallet, viewer.wallet, 200).await;
    assert_eq!((look(&wallet).await, available(&wallet, viewer.wallet).await), (1, credits(1_200)));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bank_that_asks_stops_it_until_the_owner_pays_that_very_order(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    agree(&wallet, &viewer, &terms(card.id)).await;
    spend_to(&wallet, viewer.wallet, 200).await;
    double.books().declines = Some(decline::AUTHENTICATION_REQUIRED.into());
    look(&wallet).await;
    for days in [1, 5, 30] {
        look_at(&wallet, start() + TimeDelta::days(days)).await;
    }
    assert_eq!(double.books().charged.len(), 1, "never tried again without its owner");
    let view = seen(&wallet, &viewer).await;
    assert_eq!((view.state, view.reason), (AutoTopUpState::Suspended, Some(Suspension::AsksOwner)));
    assert_eq!(troubles(&mails(&wallet, ANNA).await), [stopped("asks_owner")]);
    let boris = member(&wallet, "boris@example.com").await;
    assert!(wallet.payments().pay_auto_top_up(&boris, "form", BASE).await.is_err(), "it is Anna's");

    let order = wallet.payments().pay_auto_top_up(&viewer, "form", BASE).await.expect("ordered");
    assert_eq!((order.money, order.credits), (view.charges[0].money, view.charges[0].credits));
    assert!(order.checkout_url.as_deref().is_some_and(|url| url.starts_with("https://pay.example/")), "{order:?}");
    let other_tab = wallet.payments().pay_auto_top_up(&viewer, "other", BASE).await.expect("ordered");
    assert_eq!(other_tab.id, order.id);
    double.books().declines = None;
    double.set(order.id, ProviderStatus::Paid);
    wallet.payments().check(&viewer, order.id).await.expect("checked");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_200));
    assert_eq!(seen(&wallet, &viewer).await.state, AutoTopUpState::On, "paying ends what stopped it");
    spend_to(&wallet, viewer.wallet, 299).await;
    assert_eq!(look(&wallet).await, 1, "and it goes on");
    assert_eq!(seen(&wallet, &viewer).await.state, AutoTopUpState::On);
    let gone = refusal(wallet.payments().pay_auto_top_up(&viewer, "late", BASE).await);
    assert_eq!(problems(gone), [(String::new(), Problem::NotAllowed)]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_is_of_no_use_is_dropped_and_never_charged_again(pool: PgPool) {
    let (wallet, viewer, double, mut card) = owner(&pool).await;
    for (number, (code, reason)) in [
        (decline::PERMISSION_REVOKED, Suspension::Revoked),
        (decline::CARD_LOST, Suspension::CardGone),
        (decline::CARD_EXPIRED, Suspension::CardExpired),
    ]
    .into_iter()
    .enumerate()
    {
        agree(&wallet, &viewer, &terms(card.id)).await;
        spend_to(&wallet, viewer.wallet, 200).await;
        double.books().declines = Some(code.into());
        look(&wallet).await;
        wallet.clock().advance(TimeDelta::days(3));
        look(&wallet).await;
        assert_eq!(double.books().charged.len(), number + 1, "{code}");
        assert_eq!(seen(&wallet, &viewer).await.reason, Some(reason));
        assert_eq!(wallet.payments().methods(&viewer).await.expect("a list"), []);
        assert_eq!(troubles(&mails(&wallet, ANNA).await), [stopped(reason.code())]);
        double.books().declines = None;
        card = save(&wallet, &viewer, &double, &format!("again-{number}")).await;
    }
    // One that its provider has forgotten stops it at once, however much there is.
    agree(&wallet, &viewer, &terms(card.id)).await;
    look(&wallet).await;
    sqlx::query("UPDATE payment_methods SET state = 'removed', removed_at = now(), is_default = false")
        .execute(&pool)
        .await
        .expect("removed");
    look(&wallet).await;
    assert_eq!(seen(&wallet, &viewer).await.reason, Some(Suspension::CardGone));
    assert_eq!(double.books().charged.len(), 3);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn limits_hold_over_a_day_and_a_month_of_the_accounts_zone(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    wallet.identity().set_time_zone(&viewer, "Europe/Moscow").await.expect("set");
    agree(&wallet, &viewer, &terms(card.id)).await;
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    // 21 September in Moscow, which ends at 21:00 UTC.
    let low = async |when: &str| {
        wallet.clock().set(at(when));
        spend_to(&wallet, viewer.wallet, 200).await;
        look(&wallet).await;
        double.books().charged.len()
    };
    assert_eq!(low("2026-09-21T15:00:00Z").await, 1);
    assert_eq!(low("2026-09-21T16:00:00Z").await, 2);
    assert_eq!(low("2026-09-21T17:00:00Z").await, 2, "20 dollars a day");
    let view = seen(&wallet, &viewer).await;
    assert_eq!((view.reason, view.until), (Some(Suspension::DailyLimit), Some(at("2026-09-21T21:00:00Z"))));
    let refused = hint(refusal(spend(&wallet, viewer.wallet, "limit", 201).await)).expect("a hint");
    assert_eq!((refused.state, refused.retry_after_seconds), (TopUpHintState::Suspended, Some(4 * 3_600)));
    look_at(&wallet, at("2026-09-21T20:59:59Z")).await;
    assert_eq!(double.books().charged.len(), 2);
    look_at(&wallet, at("2026-09-21T21:00:00Z")).await;
    assert_eq!(double.books().charged.len(), 3, "the next day has begun in Moscow");
    assert_eq!(low("2026-09-25T10:00:00Z").await, 4);
    assert_eq!(low("2026-09-26T10:00:00Z").await, 5);
    assert_eq!(low("2026-09-30T20:30:00Z").await, 6);
    assert_eq!(low("2026-09-30T20:40:00Z").await, 6, "60 dollars a month");
    let view = seen(&wallet, &viewer).await;
    assert_eq!((view.reason, view.until), (Some(Suspension::MonthlyLimit), Some(at("2026-09-30T21:00:00Z"))));
    look_at(&wallet, at("2026-09-30T21:00:00Z")).await;
    assert_eq!(double.books().charged.len(), 7, "October has begun in Moscow");
    let told = troubles(&mails(&wallet, ANNA).await);
    let limit = |is_daily, minor, until: &str| TopUpTrouble::Limit { is_daily, limit: usd(minor), until: at(until) };
    let expected = [limit(true, 2_000, "2026-09-21T21:00:00Z"), limit(false, 6_000, "2026-09-30T21:00:00Z")];
    assert_eq!(told, expected, "each limit is told of once");
    assert_eq!(seen(&wallet, &viewer).await.spent_this_month, Some(usd(1_000)));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_may_still_be_taken_counts_for_the_limits(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    let once = NewAutoTopUp { daily: None, monthly: usd(1_000), ..terms(card.id) };
    agree(&wallet, &viewer, &once).await;
    spend_to(&wallet, viewer.wallet, 200).await;
    // It is charged, and nobody hears so until the payment is over.
    double.books().hides = true;
    for minute in [0, 70, 140, 300] {
        look_at(&wallet, start() + minutes(minute)).await;
    }
    assert_eq!(double.books().charged.len(), 1, "another one could be above the limit");
    assert_eq!(seen(&wallet, &viewer).await.reason, Some(Suspension::MonthlyLimit));
    double.books().hides = false;
    look_at(&wallet, start() + TimeDelta::hours(6)).await;
    wallet.payments().reconcile().await.expect("reconciled");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_200), "money that turns up late brings its credits");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_is_charged_without_a_consent_that_is_stored_first(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    spend_to(&wallet, viewer.wallet, 0).await;
    look(&wallet).await;
    let view = seen(&wallet, &viewer).await;
    assert_eq!((view.state, view.terms), (AutoTopUpState::NeedsConsent, None), "on for everybody, and yet not on");
    assert_eq!(double.books().charged.len(), 0);

    let boris = member(&wallet, "boris@example.com").await;
    let theirs = refusal(wallet.payments().agree_to_auto_top_up(&boris, &terms(card.id)).await);
    assert_eq!(problems(theirs), [("method".to_owned(), Problem::Unknown)], "another account's card");
    let reader = Viewer { role: wallet::identity::Role::Developer, ..viewer.clone() };
    let denied = refusal(wallet.payments().agree_to_auto_top_up(&reader, &terms(card.id)).await);
    assert!(matches!(denied, Refusal::Forbidden { .. }), "{denied:?}");
    assert!(wallet.payments().switch_auto_top_up_off(&reader).await.is_err());
    double.books().least = Some(1_001);
    let small = refusal(wallet.payments().agree_to_auto_top_up(&viewer, &terms(card.id)).await);
    assert_eq!(problems(small), [("amount".to_owned(), Problem::TooSmall)], "less than the card's provider takes");
    double.books().least = None;

    agree(&wallet, &viewer, &terms(card.id)).await;
    let view = seen(&wallet, &viewer).await;
    assert_eq!(view.agreed.as_ref().map(|(who, at)| (who.as_str(), *at)), Some(("Anna", wallet.clock().now())));
    let stored = "SELECT consent || ' ' || most_minor || ' ' || daily_minor || ' ' || monthly_minor
                  FROM auto_top_up_consents";
    let stored: Vec<String> = sqlx::query_scalar(stored).fetch_all(&pool).await.expect("read");
    assert_eq!(stored, ["auto-1 1000 2000 6000"]);
    let taken = refusal(wallet.payments().remove_method(&viewer, card.id).await);
    assert_eq!(problems(taken), [("method".to_owned(), Problem::Taken)], "it is replaced first");
    assert!(wallet.payments().methods(&viewer).await.expect("a list")[0].pays_auto_top_up);
    assert_eq!(look(&wallet).await, 1);
    wallet.payments().switch_auto_top_up_off(&viewer).await.expect("off");
    wallet.payments().remove_method(&viewer, card.id).await.expect("removed");
    let gone = refusal(wallet.payments().agree_to_auto_top_up(&viewer, &terms(card.id)).await);
    assert_eq!(problems(gone), [("method".to_owned(), Problem::Unknown)]);
    for forged in ["UPDATE auto_top_up_consents SET monthly_minor = 1000000", "DELETE FROM auto_top_up_consents"] {
        assert!(sqlx::query(forged).execute(&pool).await.is_err(), "{forged}");
    }
    is_right(&wallet).await;
}
