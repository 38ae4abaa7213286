//! Our payments beside a provider's books, and what staff see of it.

use chrono::TimeDelta;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::id::PaymentId;
use wallet::identity::{Actor, Viewer};
use wallet::payment::{
    BookedPayment, Compared, ComparedPeriod, Decision, DifferenceKind, EventState, GroupCounts, PaymentFilter,
    PaymentStatus, PaymentStep, ProviderStatus, StatusGroup,
};

use crate::people_support::*;
use crate::support::*;

fn staff() -> Actor {
    Actor::system("command line")
}

/// The day on which the tests' clock starts, and the one before.
fn days(wallet: &Wallet) -> ComparedPeriod {
    let today = wallet.clock().now().date_naive();
    ComparedPeriod::days(today - TimeDelta::days(1), today).expect("a period")
}

async fn compare(wallet: &Wallet) -> Compared {
    let mut done = wallet.payments().compare(&staff(), &days(wallet)).await.expect("compared");
    assert_eq!(done.len(), 1, "one provider");
    done.remove(0)
}

async fn top_up(wallet: &Wallet, viewer: &Viewer, key: &str) -> PaymentId {
    wallet.payments().start_top_up(viewer, &light(), key, BASE).await.expect("ordered").id
}

async fn paid(wallet: &Wallet, viewer: &Viewer, double: &Double, key: &str) -> PaymentId {
    let id = top_up(wallet, viewer, key).await;
    double.set(id, ProviderStatus::Paid);
    assert_eq!(wallet.payments().check(viewer, id).await.expect("checked").status, PaymentStatus::Succeeded);
    id
}

fn kinds(compared: &Compared) -> Vec<DifferenceKind> {
    compared.differences.iter().map(|difference| difference.kind).collect()
}

fn refund(double: &Double, id: PaymentId, minor: i64) {
    double.books().pages.get_mut(&reference(id)).expect("a page").refunded_minor = minor;
}

async fn count(wallet: &Wallet, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(sql).fetch_one(wallet.pool()).await.expect("counted")
}

#[sqlx::test(migrations = "../migrations")]
async fn what_agrees_is_counted_and_what_only_lost_its_messages_is_settled(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    for key in ["a", "b", "c"] {
        paid(&wallet, &viewer, &double, key).await;
    }
    let lost = top_up(&wallet, &viewer, "lost").await;
    double.set(lost, ProviderStatus::Paid);
    top_up(&wallet, &viewer, "open").await;
    let before = available(&wallet, viewer.wallet).await;
    let compared = compare(&wallet).await;
    assert_eq!((compared.run.matched, kinds(&compared), compared.run.problem.as_deref()), (4, vec![], None));
    assert!(double.books().pages_read > 2, "all pages of the list");
    assert_eq!(wallet.payments().payment(&viewer, lost).await.expect("there").status, PaymentStatus::Succeeded);
    assert!(available(&wallet, viewer.wallet).await > before, "the credits came");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_difference_is_kept_once_however_often_and_by_however_many_it_is_found(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let refunded = paid(&wallet, &viewer, &double, "refunded").await;
    let gone = paid(&wallet, &viewer, &double, "gone").await;
    refund(&double, refunded, 100);
    double.books().pages.remove(&reference(gone));
    let stranger = BookedPayment {
        reference: "dbl_stranger".into(),
        order: Some(PaymentId::new()),
        is_paid: true,
        total: roubles(5_000),
        refunded_minor: 0,
        created_at: wallet.clock().now(),
    };
    let other = BookedPayment { reference: "dbl_other".into(), order: None, ..stranger.clone() };
    double.books().foreign = vec![stranger, other];

    let first = compare(&wallet).await;
    let mut found = kinds(&first);
    found.sort_unstable();
    assert_eq!(found, [DifferenceKind::NotPaidThere, DifferenceKind::RefundedThere, DifferenceKind::UnknownOrder]);
    assert_eq!((first.new, first.run.others, first.run.matched), (3, 1, 0));
    assert_eq!(compare(&wallet).await.new, 0);
    let (one, two) = (wallet.clone(), wallet.clone());
    let (one, two) = tokio::join!(async { compare(&one).await }, async { compare(&two).await });
    assert_eq!((one.run.differences, two.run.differences, one.new + two.new), (3, 3, 0));
    assert_eq!((count(&wallet, "payment_differences").await, count(&wallet, "reconciliations").await), (3, 4));

    // More was refunded: another difference, and the one before is history.
    refund(&double, refunded, 200);
    wallet.clock().advance(minutes(5));
    assert_eq!(compare(&wallet).await.new, 1);
    let report = wallet.payments().reconciliations().await.expect("a report");
    assert_eq!((report.newest.len(), report.differences.len(), report.has_more), (1, 4, false));
    let current: Vec<bool> = report.differences.iter().map(|found| found.is_current).collect();
    assert_eq!(current, [true, true, true, false]);
    let log = wallet.identity().audit_log(None, 50).await.expect("a page").rows;
    assert_eq!(log.iter().filter(|row| row.action == "payments.compared").count(), 5);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_that_find_something_new_at_once_keep_it_once(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    for key in ["a", "b", "c", "d"] {
        let id = paid(&wallet, &viewer, &double, key).await;
        refund(&double, id, 100);
    }
    let mut running = Vec::new();
    for _ in 0..6 {
        let wallet = wallet.clone();
        running.push(tokio::spawn(async move { compare(&wallet).await }));
    }
    let mut new = 0;
    for run in running {
        let compared = run.await.expect("no panic");
        assert_eq!(compared.run.differences, 4);
        new += compared.new;
    }
    assert_eq!((new, count(&wallet, "payment_differences").await), (4, 4));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_provider_that_does_not_answer_is_not_compared(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let id = paid(&wallet, &viewer, &double, "a").await;
    refund(&double, id, 100);
    double.books().silent = true;
    let compared = compare(&wallet).await;
    assert_eq!((compared.run.problem.as_deref(), compared.run.matched), (Some("no_answer"), 0));
    double.books().silent = false;
    double.books().has_no_books = true;
    assert_eq!(compare(&wallet).await.run.problem.as_deref(), Some("no_books"));
    assert_eq!(count(&wallet, "payment_differences").await, 0);
    // One that is not set up any more, and whose payments are there.
    let other = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    let done = other.payments().compare(&staff(), &days(&wallet)).await.expect("compared");
    assert_eq!((done.len(), done[0].run.problem.as_deref()), (1, Some("not_set_up")));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn payments_at_the_edge_of_a_period_and_their_tax_agree(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let id = top_up(&wallet, &viewer, "edge").await;
    {
        let mut books = double.books();
        let page = books.pages.get_mut(&reference(id)).expect("a page");
        page.status = ProviderStatus::Paid;
        page.tax_minor = 8_980;
        // By the provider's clock it was made two days later: it is in no list of these days.
        page.created_at += TimeDelta::days(2);
    }
    wallet.payments().check(&viewer, id).await.expect("checked");
    let compared = compare(&wallet).await;
    assert_eq!((compared.run.matched, kinds(&compared)), (1, vec![]));
    // In the list of the days in which the provider made it, it is found by its order.
    let today = days(&wallet).to.date_naive();
    let later = ComparedPeriod::days(today, today + TimeDelta::days(1)).expect("a period");
    let done = wallet.payments().compare(&staff(), &later).await.expect("compared");
    assert_eq!((done[0].run.matched, kinds(&done[0])), (1, vec![]));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_that_staff_noted_as_given_back_must_have_gone_back(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let id = top_up(&wallet, &viewer, "held").await;
    double.set(id, ProviderStatus::Paid);
    double.books().pages.get_mut(&reference(id)).expect("a page").money = roubles(40_000);
    assert_eq!(wallet.payments().check(&viewer, id).await.expect("checked").status, PaymentStatus::Held);
    let compared = compare(&wallet).await;
    assert_eq!((compared.run.in_review, kinds(&compared)), (1, vec![]), "staff know of it");
    wallet.payments().returned(&staff(), id, "refund re_1").await.expect("noted");
    assert_eq!(kinds(&compare(&wallet).await), [DifferenceKind::RefundMissing]);
    refund(&double, id, 40_000);
    let compared = compare(&wallet).await;
    assert_eq!((compared.run.matched, kinds(&compared)), (1, vec![]));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_story_tells_what_happened_in_order(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let id = top_up(&wallet, &viewer, "held").await;
    wallet.clock().advance(minutes(1));
    double.set(id, ProviderStatus::Paid);
    let asked = double.books().pages[&reference(id)].money;
    double.books().pages.get_mut(&reference(id)).expect("a page").money = roubles(asked.minor() - 10_000);
    wallet.payments().ingest_event("double", &double.event(id, 1)).await.expect("kept");
    wallet.clock().advance(minutes(5));
    wallet.payments().reconcile().await.expect("reconciled");

    let story = wallet.payments().story(id).await.expect("a story");
    assert_eq!((story.payment.status, story.taken), (PaymentStatus::Held, Some(roubles(asked.minor() - 10_000))));
    let steps: Vec<&PaymentStep> = story.steps.iter().map(|step| &step.step).collect();
    assert!(
        matches!(
            steps.as_slice(),
            [
                PaymentStep::State { is_first: true, status: PaymentStatus::Pending, .. },
                PaymentStep::Sent { .. },
                PaymentStep::Event { state: EventState::Done, .. },
                PaymentStep::Answer { status: ProviderStatus::Paid, .. },
                PaymentStep::State { status: PaymentStatus::Held, is_first: false, .. },
            ]
        ),
        "{steps:?}"
    );
    assert_eq!(story.answers, 1, "the same answer again is not kept again");

    refusal(wallet.payments().release(&staff(), id, "too early").await);
    double.books().pages.get_mut(&reference(id)).expect("a page").money = asked;
    wallet.clock().advance(minutes(1));
    wallet.payments().release(&staff(), id, "the provider mended its books").await.expect("released");
    refund(&double, id, 1);
    wallet.clock().advance(minutes(1));
    compare(&wallet).await;
    mails(&wallet, ANNA).await;
    let story = wallet.payments().story(id).await.expect("a story");
    let has = |wanted: &dyn Fn(&PaymentStep) -> bool| story.steps.iter().filter(|step| wanted(&step.step)).count();
    assert_eq!(has(&|step| matches!(step, PaymentStep::Decided { decision: Decision::Accepted, .. })), 1);
    assert_eq!(has(&|step| matches!(step, PaymentStep::Entry { .. })), 1);
    assert_eq!(has(&|step| matches!(step, PaymentStep::Mail { is_sent: Some(true), .. })), 1);
    assert_eq!(has(&|step| matches!(step, PaymentStep::Difference { kind: DifferenceKind::RefundedThere, .. })), 1);
    assert_eq!(story.answers, 2);
    let times: Vec<_> = story.steps.iter().map(|step| step.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_list_is_searched_filtered_and_read_page_by_page(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, ANNA).await;
    let boris = member(&wallet, "boris_100%@example.com").await;
    let double = Double::new(&wallet);
    for key in ["a", "b", "c"] {
        paid(&wallet, &anna, &double, key).await;
        wallet.clock().advance(minutes(1));
    }
    let own = top_up(&wallet, &boris, "own").await;
    order(&wallet, &boris, &basic(), "plan").await;
    let all = PaymentFilter::default();
    let payments = wallet.payments();
    let (counts, providers) = payments.staff_counts(anna.account, &all).await.expect("counted");
    assert_eq!(counts, GroupCounts { all: 5, waiting: 2, paid: 3, ..GroupCounts::default() });
    assert_eq!(providers, ["double"]);
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = payments.staff_list(anna.account, &all, before, 2).await.expect("a page");
        seen.extend(page.payments.iter().map(|payment| payment.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    let find = async |filter: PaymentFilter| {
        let page = payments.staff_list(anna.account, &filter, None, 50).await.expect("a page");
        page.payments.iter().map(|payment| payment.id).collect::<Vec<_>>()
    };
    let text = |text: &str| PaymentFilter { text: Some(text.into()), ..PaymentFilter::default() };
    assert_eq!(find(text("ANNA@")).await.len(), 3);
    assert_eq!(find(text(&own.to_string())).await, [own]);
    assert_eq!(find(text(&reference(own))).await, [own]);
    assert_eq!(find(text("_100%")).await.len(), 2, "what is a pattern elsewhere is a text here");
    assert_eq!(find(text("%")).await.len(), 2);
    assert_eq!(find(text("\\")).await.len(), 0);
    assert_eq!(find(PaymentFilter { group: StatusGroup::Waiting, ..all.clone() }).await.len(), 2);
    let later = Some(wallet.clock().now() + minutes(1));
    assert_eq!(find(PaymentFilter { from: later, ..all.clone() }).await.len(), 0);
    // What waits for staff is never too old to be listed.
    double.set(own, ProviderStatus::Paid);
    double.books().pages.get_mut(&reference(own)).expect("a page").money = roubles(1);
    payments.check(&boris, own).await.expect("checked");
    assert_eq!(find(PaymentFilter { from: later, ..all.clone() }).await, [own]);
    assert_eq!(payments.count_in_review().await.expect("counted"), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn history_is_only_added_to(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let id = paid(&wallet, &viewer, &double, "a").await;
    refund(&double, id, 100);
    compare(&wallet).await;
    for table in ["payment_states", "payment_answers", "reconciliations", "payment_differences", "found_differences"] {
        assert!(count(&wallet, table).await > 0, "{table}");
        for act in [format!("DELETE FROM {table}"), format!("TRUNCATE {table} CASCADE")] {
            let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(act.clone())).execute(wallet.pool()).await;
            assert!(refused.is_err_and(|error| error.to_string().contains("append-only")), "{act}");
        }
    }
}
