//! A node that dies between order and credits: at every packet that it exchanges with the database or the provider,
//! before the packet arrives. What it left is finished by another node: one charge, one grant.
//!
//! A packet of a commit that is lost on its way has not committed, the lost answer to one has; a charge likewise. So
//! each place is tried at which a process can be killed with a different outcome.

use sqlx::PgPool;
use wallet::payment::{EventAbout, PaymentStatus, PaymentView, PlanChoice, VerifiedEvent};

use super::doubles::By;
use super::till::{BASE, Till, light};
use super::wire::dies_at;

/// More packets than any of these has.
const PACKETS_MAX: i64 = 900;

/// The packets at which nodes die: each so manieth; every one of them where `CRASH_STEP=1` is set, in minutes.
fn packets(usual: usize) -> impl Iterator<Item = i64> {
    let step = std::env::var("CRASH_STEP").ok().and_then(|step| step.parse().ok()).unwrap_or(usual);
    (1..PACKETS_MAX).step_by(step.max(1))
}

impl Till {
    /// The newest payment.
    async fn newest_of_all(&self) -> PaymentView {
        self.wallet.payments().payments(&self.viewer, None, 1).await.expect("payments").payments.remove(0)
    }

    /// The newest payment, where it is newer than another one.
    async fn newest(&self, than: &PaymentView) -> Option<PaymentView> {
        Some(self.newest_of_all().await).filter(|newest| newest.id != than.id)
    }

    /// Holds money and credits of the newest payment against each other after a node has died.
    async fn is_finished_by_the_reconciler(&self, by: By, before: &PaymentView) {
        self.reconcile().await;
        let Some(left) = self.newest(before).await else { return };
        let (taken, granted) = (self.doubles.takings(by, left.id).await, usize::from(left.entry_seq.is_some()));
        assert_eq!(taken, granted, "money and credits: {left:?}");
    }
}

async fn dies_while_a_saved_card_is_charged(pool: &PgPool, by: By, step: usize) {
    let till = Till::open(pool).await;
    let card = till.saved(by, by.good()).await;
    let mut before = till.newest_of_all().await;
    let mut rounds = 0;
    for packet in packets(step) {
        let (viewer, wanted, key) = (till.viewer.clone(), light(card.clone()), format!("order-{packet}"));
        let work = move |node: wallet::Wallet| async move {
            // Whatever it answers: who asked is gone.
            drop(node.payments().start_top_up(&viewer, &wanted, &key, BASE).await);
        };
        let is_done = dies_at(packet, (pool, &till.doubles.url, till.wallet.clock()), work).await;
        till.is_finished_by_the_reconciler(by, &before).await;
        // The buyer submits the form once more.
        let order = till.order(card.clone(), &format!("order-{packet}"), false).await;
        assert_eq!(order.status, PaymentStatus::Succeeded, "at packet {packet}: {order:?}");
        assert_eq!(till.doubles.takings(by, order.id).await, 1, "at packet {packet}");
        rounds += 1;
        assert_eq!(till.settled().await, (150 + 100 * rounds).to_string(), "at packet {packet}");
        before = order;
        if is_done {
            assert!(rounds > 9, "the node did not die often: {rounds}");
            till.is_right().await;
            return;
        }
    }
    panic!("it never came to its end");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_dies_while_stripe_charges_a_saved_card_leaves_one_charge_and_one_grant(pool: PgPool) {
    dies_while_a_saved_card_is_charged(&pool, By::Stripe, 4).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_dies_while_yookassa_charges_a_saved_card_leaves_one_charge_and_one_grant(pool: PgPool) {
    dies_while_a_saved_card_is_charged(&pool, By::YooKassa, 5).await;
}

/// Dies while the order is made, and again while its money becomes credits.
async fn dies_around_a_page(pool: &PgPool, by: By, step: usize) {
    let till = Till::open(pool).await;
    let (mut rounds, mut is_ordered, mut is_settled) = (0, false, false);
    for packet in packets(step) {
        let key = format!("order-{packet}");
        let node = (pool, till.doubles.url.as_str(), till.wallet.clock());
        if !is_ordered {
            let (viewer, wanted, key) = (till.viewer.clone(), light(by.card()), key.clone());
            let work = move |node: wallet::Wallet| async move {
                drop(node.payments().start_top_up(&viewer, &wanted, &key, BASE).await);
            };
            is_ordered = dies_at(packet, node, work).await;
        }
        let order = till.order(by.card(), &key, false).await;
        till.doubles.pay(by, Till::page(&order), by.good()).await.expect("paid");
        let (viewer, id) = (till.viewer.clone(), order.id);
        let work = move |node: wallet::Wallet| async move { drop(node.payments().check(&viewer, id).await) };
        is_settled = dies_at(packet, node, work).await;
        till.reconcile().await;
        let seen = till.seen(order.id).await;
        assert_eq!(seen.status, PaymentStatus::Succeeded, "at packet {packet}: {seen:?}");
        assert_eq!(till.doubles.takings(by, order.id).await, 1, "at packet {packet}");
        rounds += 1;
        assert_eq!(till.settled().await, (50 + 100 * rounds).to_string(), "at packet {packet}");
        if is_ordered && is_settled {
            break;
        }
    }
    assert!(is_ordered && is_settled && rounds > 5, "{rounds}");
    let pages = if by == By::Stripe { "sessions" } else { "payments" };
    assert_eq!(till.doubles.held(by, pages).await.len(), rounds, "one page for each order");
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_dies_before_or_after_stripes_page_leaves_one_page_and_one_grant(pool: PgPool) {
    dies_around_a_page(&pool, By::Stripe, 6).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_dies_before_or_after_yookassas_page_leaves_one_page_and_one_grant(pool: PgPool) {
    dies_around_a_page(&pool, By::YooKassa, 7).await;
}

/// Dies at a packet of each month's renewal; another node renews after it.
async fn dies_while_a_plan_is_renewed(pool: &PgPool, by: By, step: usize) {
    let till = Till::open(pool).await;
    till.subscribe(by, by.good()).await;
    let mut months = 1;
    for packet in packets(step) {
        let due = till.wallet.plans().next_due().await.expect("read").expect("a date");
        till.wallet.clock().set(due);
        let work = move |node: wallet::Wallet| async move { drop(node.renew_plans().await) };
        let is_done = dies_at(packet, (pool, &till.doubles.url, till.wallet.clock()), work).await;
        months += 1;
        for _ in 0..3 {
            let due = sqlx::query(
                "UPDATE subscriptions SET due_at = $1 WHERE due_at > $1 AND due_at < $1 + interval '1 day'",
            );
            due.bind(till.wallet.clock().now()).execute(pool).await.expect("due");
            till.wallet.renew_plans().await.expect("renewed");
        }
        assert_eq!(till.doubles.taken(by).await.len(), months, "charges at packet {packet}");
        assert_eq!(till.granted().await, months, "grants at packet {packet}");
        assert_eq!(till.settled().await, "350", "at packet {packet}");
        if is_done {
            assert!(months > 9, "the node did not die often: {months}");
            till.is_right().await;
            return;
        }
    }
    panic!("it never came to its end");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_dies_while_a_plan_is_renewed_leaves_one_charge_and_one_month(pool: PgPool) {
    dies_while_a_plan_is_renewed(&pool, By::Stripe, 5).await;
}

/// Dies while an event is stored or worked on; the provider, which heard nothing, sends it again.
#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_dies_while_an_event_is_worked_on_leaves_one_grant(pool: PgPool) {
    let till = Till::open(&pool).await;
    let mut rounds = 0;
    for packet in packets(5) {
        let order = till.order(By::Stripe.card(), &format!("order-{packet}"), false).await;
        till.doubles.pay(By::Stripe, Till::page(&order), By::Stripe.good()).await.expect("paid");
        let event = told(&pool, &order).await;
        let (own, id) = (event.clone(), event.dedupe_key.clone());
        let work = move |node: wallet::Wallet| async move {
            if node.payments().ingest_event("stripe", &own).await.is_ok() {
                let stored = "SELECT id FROM provider_events WHERE dedupe_key = $1";
                if let Ok(id) = sqlx::query_scalar(stored).bind(id).fetch_one(node.pool()).await {
                    drop(node.payments().process_event(id).await);
                }
            }
        };
        let is_done = dies_at(packet, (&pool, &till.doubles.url, till.wallet.clock()), work).await;
        for _ in 0..2 {
            till.wallet.payments().ingest_event("stripe", &event).await.expect("stored");
            // What no job finished within a minute is the reconciler's; the payment itself is not due.
            till.wallet.clock().advance(chrono::TimeDelta::seconds(61));
            let later = sqlx::query(
                "UPDATE payments SET check_at = check_at + interval '1 day', expires_at = expires_at + interval '1 day'",
            );
            later.execute(&pool).await.expect("later");
            till.wallet.payments().reconcile().await.expect("reconciled");
        }
        rounds += 1;
        assert_eq!(till.seen(order.id).await.status, PaymentStatus::Succeeded, "at packet {packet}");
        assert_eq!(till.settled().await, (50 + 100 * rounds).to_string(), "at packet {packet}");
        if is_done {
            assert!(rounds > 5, "the node did not die often: {rounds}");
            till.is_right().await;
            return;
        }
    }
    panic!("it never came to its end");
}

/// The event that says that a page was paid, as it is read.
async fn told(pool: &PgPool, order: &PaymentView) -> VerifiedEvent {
    let reference = sqlx::query_scalar("SELECT provider_ref FROM payments WHERE id = $1").bind(order.id.uuid());
    VerifiedEvent {
        dedupe_key: format!("evt_{}", order.id),
        kind: "checkout.session.completed".to_owned(),
        about: EventAbout::Payment,
        object_ref: Some(reference.fetch_one(pool).await.expect("a reference")),
        created_at: chrono::Utc::now(),
        raw: serde_json::json!({}),
    }
}

/// The order of a plan is made once, however often its node dies: two tabs, two nodes, one page.
#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_dies_while_a_plan_is_ordered_leaves_one_order(pool: PgPool) {
    let till = Till::open(&pool).await;
    let choice = PlanChoice {
        plan: "basic".to_owned(),
        interval: wallet::catalog::Interval::Month,
        currency: wallet::money::Currency::RUB,
        with: Some(By::Stripe.card()),
    };
    for packet in packets(9) {
        let (viewer, wanted) = (till.viewer.clone(), choice.clone());
        let work = move |node: wallet::Wallet| async move {
            drop(node.payments().start_plan(&viewer, &wanted, "plan", BASE).await);
        };
        if dies_at(packet, (&pool, &till.doubles.url, till.wallet.clock()), work).await {
            break;
        }
    }
    let order = till.wallet.payments().start_plan(&till.viewer, &choice, "plan", BASE).await.expect("ordered");
    assert_eq!(till.doubles.held(By::Stripe, "sessions").await.len(), 1, "one page");
    assert_eq!(till.doubles.held(By::Stripe, "customers").await.len(), 1, "one customer");
    till.doubles.pay(By::Stripe, Till::page(&order), By::Stripe.good()).await.expect("paid");
    till.is_paid(order.id).await;
    assert_eq!(till.settled().await, "350");
    till.is_right().await;
}
