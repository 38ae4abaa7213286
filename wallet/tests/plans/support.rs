//! People on plans, and a clock that goes from one due date to the next.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use wallet::catalog::Interval;
use wallet::identity::Viewer;
use wallet::ledger::{EntryFilter, EntryKind, EntryView, Page, Scope};
use wallet::money::Currency;
use wallet::payment::ProviderStatus;
use wallet::payment::{Changed, PaymentStatus, PaymentView, PlanChoice};
use wallet::plan::ChangeStart;
use wallet::{Renewed, Wallet};

use crate::people_support::*;

pub const BASE: &str = "https://scrip.example";
pub const ANNA: &str = "anna@example.com";

pub fn basic() -> PlanChoice {
    PlanChoice { plan: "basic".into(), interval: Interval::Month, currency: Currency::RUB, with: None }
}

pub fn standard_yearly() -> PlanChoice {
    PlanChoice { plan: "standard".into(), interval: Interval::Year, currency: Currency::USD, with: None }
}

pub async fn order(wallet: &Wallet, viewer: &Viewer, choice: &PlanChoice, key: &str) -> PaymentView {
    wallet.payments().start_plan(viewer, choice, key, BASE).await.expect("ordered")
}

/// Orders a higher plan, for what is shown.
pub async fn raise(wallet: &Wallet, viewer: &Viewer, plan: &str, key: &str) -> PaymentView {
    let choice = PlanChoice { plan: plan.into(), ..basic() };
    let shown = wallet.payments().plan_change(viewer.account, &choice).await.expect("a change");
    let ChangeStart::Now(proration) = shown.start else { panic!("it waits") };
    let changed = wallet.payments().change_plan(viewer, &choice, Some(proration.due), key, BASE).await;
    match changed.expect("changed") {
        Changed::Ordered(payment) => *payment,
        Changed::Scheduled(at) => panic!("it waits until {at}"),
    }
}

/// Somebody on a plan, with the double behind the payments.
pub async fn subscriber(pool: &PgPool, preset: &str, choice: &PlanChoice) -> (Wallet, Viewer, Double) {
    let wallet = open_with(pool, preset).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let payment = order(&wallet, &viewer, choice, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    assert_eq!(wallet.payments().check(&viewer, payment).await.expect("checked").status, PaymentStatus::Succeeded);
    (wallet, viewer, double)
}

/// Moves the clock to an instant, from one due date to the next, and runs the job at each.
pub async fn live_until(wallet: &Wallet, until: DateTime<Utc>) -> Renewed {
    let mut report = wallet.renew_plans().await.expect("renewed");
    while let Some(due) = wallet.plans().next_due().await.expect("read").filter(|due| *due <= until) {
        wallet.clock().set(due);
        report.add(&wallet.renew_plans().await.expect("renewed"));
    }
    wallet.clock().set(until);
    report.add(&wallet.renew_plans().await.expect("renewed"));
    report
}

pub async fn rows(wallet: &Wallet, viewer: &Viewer, kind: EntryKind) -> Vec<EntryView> {
    let filter = EntryFilter { kinds: vec![kind], ..EntryFilter::default() };
    let mut rows =
        wallet.ledger().entries(viewer.wallet, &filter, Page { before: None, limit: 200 }).await.expect("rows").entries;
    rows.reverse();
    rows
}

/// The rows of months that a plan brought.
pub async fn months(wallet: &Wallet, viewer: &Viewer) -> Vec<EntryView> {
    let granted = rows(wallet, viewer, EntryKind::Grant).await;
    granted.into_iter().filter(|row| row.category.as_deref() == Some("allowance")).collect()
}

pub async fn is_right(wallet: &Wallet) {
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
}

pub async fn plan(wallet: &Wallet, viewer: &Viewer) -> String {
    wallet.plans().current(viewer.account).await.expect("a plan").code
}

/// Waits until so many sessions wait for rows that others keep.
pub async fn until_wait(pool: &PgPool, sessions: i64) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.expect("asked") < sessions {
        tokio::task::yield_now().await;
    }
}
