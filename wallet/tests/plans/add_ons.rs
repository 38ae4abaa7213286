//! Add-ons: a month is deducted once, whoever looks and whatever fails; too little pauses, and credits resume.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::task::JoinSet;
use wallet::add_on::{AddOnState, AddOnView, PauseReason};
use wallet::error::{Problem, Refusal, Result};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Role, Viewer};
use wallet::ledger::{Command, EntryKind, EntryView, GrantSource, NewGrant, Submission};
use wallet::notify::{AddOnStep, Mail};
use wallet::payment::decline;
use wallet::{AddOnsDeducted, Wallet};

use crate::auto_top_up::{agree, look, node_of, owner, spend, spend_to, terms};
use crate::people_support::*;
use crate::support::*;

pub const VOICE: &str = "voice-cloning";
const BASE_ON: &str = "knowledge-base";

/// How an add-on of a person's wallet stands.
pub async fn standing(wallet: &Wallet, viewer: &Viewer, code: &str) -> AddOnView {
    let list = wallet.add_ons().list(viewer.wallet).await.expect("a list");
    list.into_iter().find(|add_on| add_on.code == code).expect("offered")
}

pub async fn turn_on(wallet: &Wallet, viewer: &Viewer, code: &str, key: &str) -> Result<()> {
    let shown = standing(wallet, viewer, code).await.monthly_credits;
    wallet.switch_add_on_on(viewer, code, shown, &IdempotencyKey::parse(key).expect("a key")).await
}

/// The deductions so far, oldest first.
pub async fn deducted(wallet: &Wallet, viewer: &Viewer) -> Vec<EntryView> {
    rows(wallet, viewer, EntryKind::AddOn).await
}

/// Looks at what is due, at an instant.
pub async fn look_at(wallet: &Wallet, at: DateTime<Utc>) -> AddOnsDeducted {
    wallet.clock().set(at);
    wallet.deduct_add_ons().await.expect("looked")
}

/// Goes from one due date to the next.
async fn live(wallet: &Wallet, until: DateTime<Utc>) {
    while let Some(due) = wallet.add_ons().next_due().await.expect("read").filter(|due| *due <= until) {
        look_at(wallet, due).await;
    }
    look_at(wallet, until).await;
}

/// Puts so many credits in.
pub async fn give(wallet: &Wallet, viewer: &Viewer, whole: i64, key: &str) {
    let grant = NewGrant::new(credits(whole), GrantSource::Promo, "A gift");
    let key = IdempotencyKey::parse(key).expect("a key");
    let submission = Submission::new(viewer.wallet, key, Actor::system("test"), Command::Grant(grant));
    wallet.ledger().submit(submission).await.expect("granted");
}

/// The events that endpoints would be told, oldest first.
async fn events(wallet: &Wallet) -> Vec<String> {
    let told = "SELECT event FROM webhook_notices WHERE event LIKE 'add_on.%' ORDER BY id";
    sqlx::query_scalar(told).fetch_all(wallet.pool()).await.expect("read")
}

fn steps(mails: Vec<Mail>) -> Vec<AddOnStep> {
    let of = |mail| match mail {
        Mail::AddOn(mail) => Some(mail.step),
        _ => None,
    };
    mails.into_iter().filter_map(of).collect()
}

/// With voice cloning on, so many credits left, and its next month due now.
async fn due_with(wallet: &Wallet, viewer: &Viewer, left: i64) -> DateTime<Utc> {
    turn_on(wallet, viewer, VOICE, "on").await.expect("on");
    let due = standing(wallet, viewer, VOICE).await.next_at;
    wallet.clock().set(due - TimeDelta::seconds(1));
    wallet.catch_up(viewer.wallet).await;
    give(wallet, viewer, 2_000, "stock").await;
    spend_to(wallet, viewer.wallet, left).await;
    wallet.clock().set(due);
    mails(wallet, ANNA).await;
    due
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_is_deducted_at_once_and_then_on_the_same_day(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    let before = standing(&wallet, &viewer, VOICE).await;
    assert_eq!((before.state, before.monthly_credits, before.is_offered), (AddOnState::Off, credits(300), true));
    turn_on(&wallet, &viewer, VOICE, "on").await.expect("on");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(200));
    let on = standing(&wallet, &viewer, VOICE).await;
    assert_eq!((on.state, on.next_at), (AddOnState::On, before.next_at));
    // On already: nothing more, by the same form and by another one.
    for key in ["on", "again"] {
        turn_on(&wallet, &viewer, VOICE, key).await.expect("on");
    }
    give(&wallet, &viewer, 5_000, "gift").await;
    live(&wallet, on.next_at - TimeDelta::microseconds(1)).await;
    assert_eq!(deducted(&wallet, &viewer).await.len(), 1, "not before its day");
    live(&wallet, on.next_at + TimeDelta::days(70)).await;
    let rows = deducted(&wallet, &viewer).await;
    assert_eq!(rows.len(), 4);
    let is_a_month = |row: &EntryView| row.amount == credits(-300) && row.title.as_deref() == Some("Voice cloning");
    assert!(rows.iter().all(is_a_month), "{rows:?}");
    let parts = |row: &EntryView| (row.metadata["month"].clone(), row.metadata["from"].clone());
    assert_eq!(parts(&rows[1]), (1.into(), serde_json::to_value(on.next_at).expect("json")));
    assert_eq!(look_at(&wallet, wallet.clock().now()).await, AddOnsDeducted::default());
    assert_eq!(events(&wallet).await, ["add_on.started"], "entries tell of each month");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_tabs_at_once_are_one_deduction(pool: PgPool) {
    let (wallet, viewer, double, _) = owner(&pool).await;
    give(&wallet, &viewer, 5_000, "gift").await;
    let node = node_of(&pool, &double).await;
    let mut tabs = JoinSet::new();
    for number in 0..16 {
        let (node, viewer) = (if number % 2 == 0 { wallet.clone() } else { node.clone() }, viewer.clone());
        // Each form was sent twice.
        tabs.spawn(async move { turn_on(&node, &viewer, VOICE, &format!("tab-{}", number / 2)).await });
    }
    for done in tabs.join_all().await {
        done.expect("on");
    }
    assert_eq!(deducted(&wallet, &viewer).await.len(), 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(5_200));
    assert_eq!(events(&wallet).await, ["add_on.started"]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_due_month_on_two_nodes_at_once_is_one_deduction(pool: PgPool) {
    let (wallet, viewer, double, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 0).await;
    give(&wallet, &viewer, 5_000, "gift").await;
    let node = node_of(&pool, &double).await;
    node.clock().set(due);
    let mut runs = JoinSet::new();
    for number in 0..12 {
        let node = if number % 2 == 0 { wallet.clone() } else { node.clone() };
        runs.spawn(async move {
            // As if whoever has taken it had been given up: another one takes it meanwhile.
            let again = "UPDATE add_on_subscriptions SET due_at = paid_until WHERE state = 'on'";
            sqlx::query(again).execute(node.pool()).await.expect("set");
            node.deduct_add_ons().await.expect("looked").failed
        });
    }
    assert_eq!(runs.join_all().await.into_iter().sum::<u32>(), 0);
    assert_eq!(deducted(&wallet, &viewer).await.len(), 2);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(4_700));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_crash_leaves_a_month_whole_or_not_at_all(pool: PgPool) {
    let (wallet, viewer, double, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 1_000).await;
    // Taken by a node that died: another one comes when its time is over, and the month is the same.
    let taken = "UPDATE add_on_subscriptions SET due_at = $1";
    sqlx::query(taken).bind(due + TimeDelta::seconds(60)).execute(&pool).await.expect("taken");
    assert_eq!(look_at(&wallet, due + TimeDelta::seconds(59)).await, AddOnsDeducted::default());
    // The transaction breaks between the entry and the month: neither is there.
    let plant =
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
                 CREATE TRIGGER broken BEFORE INSERT ON add_on_months FOR EACH ROW EXECUTE FUNCTION broken()";
    sqlx::raw_sql(plant).execute(&pool).await.expect("planted");
    assert_eq!(look_at(&wallet, due + TimeDelta::seconds(60)).await.failed, 1);
    assert_eq!(deducted(&wallet, &viewer).await.len(), 1);
    sqlx::raw_sql("DROP TRIGGER broken ON add_on_months").execute(&pool).await.expect("mended");
    let node = node_of(&pool, &double).await;
    assert_eq!(look_at(&node, due + TimeDelta::seconds(120)).await.deducted, 1);
    let rows = deducted(&wallet, &viewer).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].metadata["from"], serde_json::to_value(due).expect("json"), "it begins on its day");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn too_little_pauses_it_once_and_credits_resume_it(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 12).await;
    assert_eq!(look_at(&wallet, due).await, AddOnsDeducted { paused: 1, ..AddOnsDeducted::default() });
    let paused = standing(&wallet, &viewer, VOICE).await;
    let pause = paused.pause.expect("a pause");
    assert_eq!((paused.state, pause.reason, pause.at), (AddOnState::Paused, PauseReason::OutOfCredits, due));
    assert_eq!((pause.available, available(&wallet, viewer.wallet).await), (credits(12), credits(12)));
    let told = AddOnStep::Paused { reason: "out_of_credits".into(), available: credits(12) };
    assert_eq!(steps(mails(&wallet, ANNA).await), [told]);
    // Nothing more, as long as there is too little.
    for days in 1..4 {
        assert_eq!(look_at(&wallet, due + TimeDelta::days(days)).await, AddOnsDeducted::default());
    }
    give(&wallet, &viewer, 287, "almost").await;
    assert!(look_at(&wallet, due + TimeDelta::days(4)).await.is_nothing());
    give(&wallet, &viewer, 1, "enough").await;
    let resumed = due + TimeDelta::days(5);
    assert_eq!(look_at(&wallet, resumed).await.deducted, 1);
    let on = standing(&wallet, &viewer, VOICE).await;
    assert_eq!((on.state, on.pause), (AddOnState::On, None));
    let rows = deducted(&wallet, &viewer).await;
    assert_eq!(rows.last().expect("a row").metadata["from"], serde_json::to_value(resumed).expect("json"));
    assert_eq!(steps(mails(&wallet, ANNA).await), [AddOnStep::Resumed { until: on.next_at }]);
    assert_eq!(events(&wallet).await, ["add_on.started", "add_on.paused", "add_on.resumed"]);
    assert_eq!(rows.len(), 2, "paused days cost nothing");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn its_owner_resumes_it_or_switches_it_off(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 12).await;
    look_at(&wallet, due).await;
    let short = refusal(turn_on(&wallet, &viewer, VOICE, "resume").await);
    assert!(matches!(short, Refusal::OutOfCredits { needed, .. } if needed == credits(300)), "{short:?}");
    give(&wallet, &viewer, 1_000, "gift").await;
    mails(&wallet, ANNA).await;
    turn_on(&wallet, &viewer, VOICE, "resume").await.expect("resumed");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(712));
    assert_eq!(steps(mails(&wallet, ANNA).await), [], "whoever does it needs no mail");
    assert_eq!(events(&wallet).await.last().expect("told"), "add_on.resumed");

    // Paused again, and off at once: credits that come later resume nothing.
    let next = standing(&wallet, &viewer, VOICE).await.next_at;
    wallet.clock().set(next - TimeDelta::seconds(1));
    wallet.catch_up(viewer.wallet).await;
    spend_to(&wallet, viewer.wallet, 0).await;
    assert_eq!(look_at(&wallet, next).await.paused, 1);
    for _ in 0..2 {
        wallet.add_ons().switch_off(&viewer, VOICE).await.expect("off");
    }
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::Off);
    give(&wallet, &viewer, 1_000, "late").await;
    assert!(look_at(&wallet, next + TimeDelta::days(1)).await.is_nothing());
    assert_eq!(events(&wallet).await.last().expect("told"), "add_on.ended");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn switched_off_it_stays_on_until_its_month_ends(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    turn_on(&wallet, &viewer, VOICE, "on").await.expect("on");
    let end = standing(&wallet, &viewer, VOICE).await.next_at;
    for _ in 0..2 {
        wallet.add_ons().switch_off(&viewer, VOICE).await.expect("off");
    }
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::Ending);
    turn_on(&wallet, &viewer, VOICE, "keep").await.expect("kept");
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::On);
    wallet.add_ons().switch_off(&viewer, VOICE).await.expect("off");
    give(&wallet, &viewer, 1_000, "gift").await;
    // Over from the instant on, swept or not; switched on again then, it begins anew.
    wallet.clock().set(end);
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::Off);
    turn_on(&wallet, &viewer, VOICE, "anew").await.expect("on");
    assert_eq!(events(&wallet).await, ["add_on.started", "add_on.ended", "add_on.started"]);
    wallet.add_ons().switch_off(&viewer, VOICE).await.expect("off");
    let end = standing(&wallet, &viewer, VOICE).await.next_at;
    assert_eq!(look_at(&wallet, end).await, AddOnsDeducted { ended: 1, ..AddOnsDeducted::default() });
    assert_eq!(deducted(&wallet, &viewer).await.len(), 2);
    // A form that was sent before deducts nothing, however late it comes again.
    let late = problems(refusal(turn_on(&wallet, &viewer, VOICE, "anew").await));
    assert_eq!(late, [("add_on".to_owned(), Problem::Outdated)]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_not_to_be_had_is_refused_and_leaves_nothing(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    let key = IdempotencyKey::parse("k").expect("a key");
    let price = credits(300);
    let unknown = wallet.switch_add_on_on(&viewer, "telepathy", price, &key).await;
    assert_eq!(problems(refusal(unknown)), [("add_on".to_owned(), Problem::Unknown)]);
    let unknown = wallet.add_ons().switch_off(&viewer, "telepathy").await;
    assert_eq!(problems(refusal(unknown)), [("add_on".to_owned(), Problem::Unknown)]);
    let cheaper = wallet.switch_add_on_on(&viewer, VOICE, credits(1), &key).await;
    assert_eq!(problems(refusal(cheaper)), [("shown".to_owned(), Problem::Outdated)]);
    for role in [Role::Developer, Role::Viewer] {
        let other = Viewer { role, ..viewer.clone() };
        assert_eq!(refusal(turn_on(&wallet, &other, VOICE, "role").await).code(), "forbidden");
        assert_eq!(refusal(wallet.add_ons().switch_off(&other, VOICE).await).code(), "forbidden");
    }
    spend_to(&wallet, viewer.wallet, 299).await;
    let short = refusal(turn_on(&wallet, &viewer, VOICE, "short").await);
    assert!(matches!(short, Refusal::OutOfCredits { auto_top_up: None, .. }), "{short:?}");
    give(&wallet, &viewer, 1_000, "gift").await;
    sqlx::query("UPDATE wallets SET frozen = 'a test', version = version + 1").execute(&pool).await.expect("frozen");
    assert_eq!(refusal(turn_on(&wallet, &viewer, VOICE, "frozen").await).code(), "forbidden");
    sqlx::query("UPDATE wallets SET frozen = NULL, version = version + 1").execute(&pool).await.expect("thawed");
    assert_eq!(deducted(&wallet, &viewer).await.len(), 0);
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::Off);
    // What was refused is no reason to refuse the same form later.
    turn_on(&wallet, &viewer, VOICE, "short").await.expect("on");

    // Another account has its own.
    let other = member(&wallet, "boris@example.com").await;
    wallet.add_ons().switch_off(&other, VOICE).await.expect("nothing to do");
    assert_eq!(standing(&wallet, &other, VOICE).await.state, AddOnState::Off);
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::On);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_frozen_wallet_pauses_it_until_it_is_not(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 1_000).await;
    sqlx::query("UPDATE wallets SET frozen = 'a test', version = version + 1").execute(&pool).await.expect("frozen");
    assert_eq!(look_at(&wallet, due).await.paused, 1);
    let pause = standing(&wallet, &viewer, VOICE).await.pause.expect("a pause");
    assert_eq!((pause.reason, pause.available), (PauseReason::WalletFrozen, credits(1_000)));
    assert!(look_at(&wallet, due + TimeDelta::days(1)).await.is_nothing());
    sqlx::query("UPDATE wallets SET frozen = NULL, version = version + 1").execute(&pool).await.expect("thawed");
    assert_eq!(look_at(&wallet, due + TimeDelta::days(2)).await.deducted, 1);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn auto_top_up_buys_the_month_and_it_stays_on(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 12).await;
    agree(&wallet, &viewer, &wallet::payment::NewAutoTopUp { threshold: None, ..terms(card.id) }).await;
    assert!(look_at(&wallet, due).await.is_nothing());
    let waiting = standing(&wallet, &viewer, VOICE).await;
    assert_eq!((waiting.state, waiting.next_at), (AddOnState::On, due), "its credits are on their way");
    assert_eq!(look(&wallet).await, 1);
    assert_eq!(look_at(&wallet, due + TimeDelta::seconds(5)).await.deducted, 1);
    let rows = deducted(&wallet, &viewer).await;
    assert_eq!(rows[1].metadata["from"], serde_json::to_value(due).expect("json"), "it begins on its day");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(712));
    assert_eq!(steps(mails(&wallet, ANNA).await), []);

    // A card that is declined buys nothing: then it pauses.
    let next = standing(&wallet, &viewer, VOICE).await.next_at;
    wallet.clock().set(next - TimeDelta::seconds(1));
    wallet.catch_up(viewer.wallet).await;
    spend_to(&wallet, viewer.wallet, 12).await;
    double.books().declines = Some(decline::AUTHENTICATION_REQUIRED.into());
    // On nodes that remember nothing of what was answered a moment ago.
    let node = node_of(&pool, &double).await;
    assert!(look_at(&node, next).await.is_nothing());
    wallet.clock().set(next);
    look(&wallet).await;
    look(&wallet).await;
    let node = node_of(&pool, &double).await;
    assert_eq!(look_at(&node, next + TimeDelta::seconds(5)).await.paused, 1);
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::Paused);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plans_credits_of_the_same_instant_come_before(pool: PgPool) {
    let (wallet, viewer, _) = subscriber(&pool, "monthly-credits", &standard_yearly()).await;
    let first = wallet.plans().next_due().await.expect("read").expect("a date");
    wallet.clock().set(first);
    turn_on(&wallet, &viewer, VOICE, "on").await.expect("on");
    let due = standing(&wallet, &viewer, VOICE).await.next_at;
    wallet.clock().set(due - TimeDelta::seconds(1));
    spend_to(&wallet, viewer.wallet, 0).await;
    assert_eq!(look_at(&wallet, due).await.deducted, 1, "though no job has granted the month");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(700));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn days_in_which_no_job_ran_are_not_charged(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 1_000).await;
    let late = due + TimeDelta::days(75);
    assert_eq!(look_at(&wallet, late).await.deducted, 1);
    let rows = deducted(&wallet, &viewer).await;
    assert_eq!(rows[1].metadata["from"], serde_json::to_value(late).expect("json"));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn charges_beside_a_deduction_leave_no_wallet_below_zero(pool: PgPool) {
    let (wallet, viewer, double, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 400).await;
    let node = node_of(&pool, &double).await;
    node.clock().set(due);
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let (node, id) = (if number % 2 == 0 { wallet.clone() } else { node.clone() }, viewer.wallet);
        tasks.spawn(async move { spend(&node, id, &format!("c{number}"), 10).await.is_ok() });
    }
    let runs = wallet.clone();
    let run = tokio::spawn(async move { runs.deduct_add_ons().await.expect("looked") });
    let spent = tasks.join_all().await.into_iter().filter(|done| *done).count();
    let run = run.await.expect("ran");
    let spent = credits(i64::try_from(spent).expect("fits") * 10 + 300 * i64::from(run.deducted));
    assert_eq!((run.deducted + run.paused, run.failed), (1, 0));
    assert_eq!(available(&wallet, viewer.wallet).await, credits(400).checked_sub(spent).expect("fits"));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_oldest_is_deducted_first_where_there_is_not_enough_for_all(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    turn_on(&wallet, &viewer, BASE_ON, "base").await.expect("on");
    give(&wallet, &viewer, 300, "gift").await;
    let due = due_with(&wallet, &viewer, 320).await;
    let done = look_at(&wallet, due).await;
    assert_eq!((done.deducted, done.paused), (1, 1));
    assert_eq!(standing(&wallet, &viewer, BASE_ON).await.state, AddOnState::On);
    assert_eq!(standing(&wallet, &viewer, VOICE).await.state, AddOnState::Paused);
    let live = wallet.add_ons().live(viewer.wallet).await.expect("a list");
    assert_eq!(live.len(), 2, "what it has, on or paused");
    assert_eq!(wallet.add_ons().live(viewer.preview_wallet).await.expect("a list"), []);
    is_right(&wallet).await;
}

const CANARIES: &[(&str, &str)] = &[
    ("add_on_month_is_deducted_once", "UPDATE add_on_months SET credits = credits + 1"),
    ("add_on_month_is_deducted_once", "UPDATE add_on_months SET entry_seq = 1 WHERE month = 0"),
    ("add_on_month_is_deducted_once", "DELETE FROM add_on_months WHERE month = 1"),
    ("add_on_month_is_deducted_once", "UPDATE add_on_subscriptions SET code = 'telepathy'"),
    (
        "add_on_months_do_not_overlap",
        "UPDATE add_on_months SET starts_at = starts_at - interval '1 second' WHERE month = 1",
    ),
    ("add_on_is_deducted_as_it_says", "UPDATE add_on_subscriptions SET months = 3"),
    ("add_on_is_deducted_as_it_says", "UPDATE add_on_subscriptions SET paid_until = paid_until + interval '1 day'"),
    ("add_on_is_deducted_as_it_says", "UPDATE add_on_subscriptions SET credits = credits + 1"),
    ("add_on_is_deducted_as_it_says", "UPDATE add_on_subscriptions SET account_id = gen_random_uuid()"),
    ("add_on_months_are_guarded", "DROP TRIGGER add_on_months_append_only ON add_on_months"),
    ("add_on_months_are_guarded", "ALTER TABLE add_on_months DISABLE TRIGGER add_on_months_not_truncated"),
];

#[sqlx::test(migrations = "../migrations")]
async fn what_is_wrong_with_add_ons_is_found(pool: PgPool) {
    let (wallet, viewer, _, _) = owner(&pool).await;
    let due = due_with(&wallet, &viewer, 1_000).await;
    look_at(&wallet, due).await;
    is_right(&wallet).await;
    all_are_found(&wallet, &pool, CANARIES).await;
    let months = sqlx::query("DELETE FROM add_on_months").execute(&pool).await;
    assert!(months.expect_err("refused").to_string().contains("append-only"));
}
