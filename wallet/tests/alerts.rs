//! What owners are told of their credits: once per crossing, what they want to hear, and nobody else's.

mod people_support;

use chrono::TimeDelta;
use futures::future::join_all;
use people_support::*;
use sqlx::PgPool;
use wallet::clock::Clock;
use wallet::error::{Problem, Refusal};
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey, Role, Viewer};
use wallet::ledger::{Command, GrantSource, NewGrant, Receipt, Submission};
use wallet::money::Credits;
use wallet::notify::{AlertSettings, BalanceMail, BalanceStep, Mail, Topic};
use wallet::{Options, Wallet};

const ANNA: &str = "anna@example.com";

async fn put(wallet: &Wallet, id: WalletId, name: &str, command: Command) {
    let submission = Submission::new(id, IdempotencyKey::internal(name), Actor::system("test"), command);
    wallet.ledger().submit(submission).await.expect("posted");
}

async fn spend(wallet: &Wallet, id: WalletId, name: &str, whole: i64) {
    let receipt = Receipt::flat("gpt-5", "GPT-5", credits(whole));
    put(wallet, id, name, Command::Charge { receipt }).await;
}

async fn buy(wallet: &Wallet, id: WalletId, name: &str, whole: i64) {
    put(wallet, id, name, Command::Grant(NewGrant::new(credits(whole), GrantSource::TopUp, name))).await;
}

/// Somebody whose wallet has 1 000 credits that were bought, and who has heard of nothing yet.
async fn anna(pool: &PgPool) -> (Wallet, Viewer) {
    let wallet = open(pool).await;
    let viewer = member(&wallet, ANNA).await;
    let gift = available(&wallet, viewer.wallet).await;
    put(
        &wallet,
        viewer.wallet,
        "gone",
        Command::Adjustment { amount: gift.checked_neg().expect("fits"), reason: "test".into() },
    )
    .await;
    buy(&wallet, viewer.wallet, "start", 1_000).await;
    wallet.tell_of_balances().await.expect("looked");
    mails(&wallet, ANNA).await;
    (wallet, viewer)
}

/// Looks, and gives what was told.
async fn told(wallet: &Wallet) -> Vec<BalanceMail> {
    wallet.tell_of_balances().await.expect("looked");
    let mails = mails(wallet, ANNA).await.into_iter();
    mails.map(|mail| if let Mail::Balance(mail) = mail { mail } else { panic!("{mail:?}") }).collect()
}

async fn steps(wallet: &Wallet) -> Vec<BalanceStep> {
    told(wallet).await.into_iter().map(|mail| mail.step).collect()
}

fn low(whole: i64) -> BalanceStep {
    BalanceStep::Low { below: credits(whole), is_own: false }
}

fn own(whole: i64) -> BalanceStep {
    BalanceStep::Low { below: credits(whole), is_own: true }
}

async fn set(wallet: &Wallet, viewer: &Viewer, low_below: Option<Credits>, without: &[Topic]) {
    let wanted = Topic::ALL.into_iter().filter(|topic| topic.is_on_by_default() && !without.contains(topic)).collect();
    wallet.notify().set_alerts(viewer, &AlertSettings { low_below, wanted }).await.expect("set");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_charges_at_once_that_cross_the_line_are_told_once(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    let other = Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())));
    let charges = (0..100).map(|name| {
        let (wallet, id) = (if name % 2 == 0 { &wallet } else { &other }, viewer.wallet);
        async move { spend(wallet, id, &format!("c{name}"), 9).await }
    });
    // A look that finds no free connection is made again by the next run.
    let looks = (0..6).map(|place| {
        let wallet = if place % 2 == 0 { &wallet } else { &other };
        async move { wallet.tell_of_balances().await.ok() }
    });
    tokio::join!(join_all(charges), join_all(looks));
    let late = join_all([&wallet, &other].map(|wallet| async { wallet.tell_of_balances().await.expect("looked") }));
    late.await;
    let told: Vec<Mail> = mails(&wallet, ANNA).await;
    let [Mail::Balance(mail)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(mail.step, low(200));
    assert!(mail.available < credits(200));
    assert_eq!(steps(&wallet).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn low_and_empty_are_told_once_and_again_after_a_refill(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    spend(&wallet, viewer.wallet, "1", 800).await;
    assert_eq!(steps(&wallet).await, [], "exactly on the line");
    spend(&wallet, viewer.wallet, "2", 1).await;
    assert_eq!(steps(&wallet).await, [low(200)]);
    spend(&wallet, viewer.wallet, "3", 50).await;
    assert_eq!(steps(&wallet).await, []);
    spend(&wallet, viewer.wallet, "4", 149).await;
    assert_eq!(steps(&wallet).await, [BalanceStep::Empty]);
    buy(&wallet, viewer.wallet, "more", 1_000).await;
    assert_eq!(steps(&wallet).await, []);
    spend(&wallet, viewer.wallet, "5", 1_000).await;
    assert_eq!(steps(&wallet).await, [BalanceStep::Empty], "one mail, about the worst of it");
    // A debt is no news to who has nothing.
    let back = Command::Clawback { grant: None, amount: credits(30), reason: "test".into() };
    put(&wallet, viewer.wallet, "debt", back).await;
    assert_eq!(steps(&wallet).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_owner_sets_a_threshold_of_their_own(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    set(&wallet, &viewer, Some(credits(500)), &[]).await;
    spend(&wallet, viewer.wallet, "1", 501).await;
    assert_eq!(steps(&wallet).await, [own(500)]);
    spend(&wallet, viewer.wallet, "2", 300).await;
    assert_eq!(steps(&wallet).await, [low(200)], "the catalog's is another line");
    // Who sets a threshold above the balance sees the balance.
    set(&wallet, &viewer, Some(credits(600)), &[]).await;
    spend(&wallet, viewer.wallet, "3", 1).await;
    assert_eq!(steps(&wallet).await, []);
    buy(&wallet, viewer.wallet, "more", 1_000).await;
    assert_eq!(steps(&wallet).await, []);
    spend(&wallet, viewer.wallet, "4", 700).await;
    assert_eq!(steps(&wallet).await, [own(600)]);
    // Without one there is none.
    set(&wallet, &viewer, None, &[]).await;
    assert_eq!(wallet.notify().own_threshold(viewer.wallet).await.expect("read"), None);
    let log = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM audit_log WHERE action = 'account.notifications'");
    assert_eq!(log.fetch_one(&pool).await.expect("counted"), 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn thresholds_that_say_nothing_are_refused_at_their_field(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    let before = wallet.notify().alert_settings(&viewer).await.expect("read");
    let cases =
        [(Credits::ZERO, Problem::TooSmall), (credits(-5), Problem::TooSmall), (Credits::MAX, Problem::TooLarge)];
    for (low_below, problem) in cases {
        let wanted = AlertSettings { low_below: Some(low_below), wanted: vec![] };
        let refused = refusal(wallet.notify().set_alerts(&viewer, &wanted).await);
        assert_eq!(problems(refused), [("low_below".to_owned(), problem)], "{low_below}");
    }
    let developer = Viewer { role: Role::Developer, ..viewer.clone() };
    let wanted = AlertSettings { low_below: None, wanted: vec![] };
    assert!(matches!(refusal(wallet.notify().set_alerts(&developer, &wanted).await), Refusal::Forbidden { .. }));
    assert_eq!(wallet.notify().alert_settings(&viewer).await.expect("read"), before);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_that_was_switched_off_is_not_sent(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    set(&wallet, &viewer, None, &[Topic::LowBalance]).await;
    spend(&wallet, viewer.wallet, "1", 900).await;
    assert_eq!(steps(&wallet).await, []);
    // Switched on again: what was crossed meanwhile is not told afterwards.
    set(&wallet, &viewer, None, &[Topic::Empty]).await;
    spend(&wallet, viewer.wallet, "2", 1).await;
    assert_eq!(steps(&wallet).await, []);
    buy(&wallet, viewer.wallet, "more", 1_000).await;
    assert_eq!(steps(&wallet).await, []);
    // Empty is not wanted; that it is low is.
    spend(&wallet, viewer.wallet, "3", 1_099).await;
    assert_eq!(steps(&wallet).await, [low(200)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_link_switches_the_mails_of_its_kind_off_and_no_others(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    let boris = member(&wallet, "boris@example.com").await;
    spend(&wallet, viewer.wallet, "1", 900).await;
    let mail = told(&wallet).await.remove(0);
    let token = mail.unsubscribe;
    assert_eq!(wallet.notify().unsubscribe_topic(&token).await.expect("read"), Some(Topic::LowBalance));
    assert!(wallet.notify().alert_settings(&viewer).await.expect("read").wanted.contains(&Topic::LowBalance));
    for _ in 0..2 {
        assert_eq!(wallet.notify().unsubscribe(&token).await.expect("done"), Topic::LowBalance);
    }
    let wanted = wallet.notify().alert_settings(&viewer).await.expect("read").wanted;
    assert!(!wanted.contains(&Topic::LowBalance) && wanted.contains(&Topic::Empty));
    // Altered, or made for another account: refused, and nothing is told of why.
    let id = |viewer: &Viewer| viewer.account.uuid().simple().to_string();
    let foreign = token.replace(&id(&viewer), &id(&boris));
    let altered = token.replace("low_balance", "empty");
    let refused: Vec<Refusal> = join_all([foreign.as_str(), &altered, "", "x.y.z"].map(|wrong| {
        let notify = wallet.notify();
        async move { refusal(notify.unsubscribe(wrong).await) }
    }))
    .await;
    assert!(refused.iter().all(|one| *one == refused[0]), "{refused:?}");
    assert!(wallet.notify().alert_settings(&boris).await.expect("read").wanted.contains(&Topic::LowBalance));
    assert_eq!(wallet.notify().unsubscribe_topic(&foreign).await.expect("read"), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_is_told_of_preview_credits_or_at_an_address_that_is_not_proven(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    buy(&wallet, viewer.preview_wallet, "preview", 100).await;
    spend(&wallet, viewer.preview_wallet, "1", 100).await;
    assert_eq!(steps(&wallet).await, []);
    sqlx::query("UPDATE users SET verified_at = NULL").execute(&pool).await.expect("unproven");
    spend(&wallet, viewer.wallet, "2", 900).await;
    assert_eq!(steps(&wallet).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_expires_is_told_30_7_and_1_days_before_each_once(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    let ends = |days: i64| start() + TimeDelta::days(days);
    for (name, days) in [("long", 60), ("same", 60), ("month", 31), ("short", 10)] {
        let mut grant = NewGrant::new(credits(100), GrantSource::Promo, name);
        grant.expires_at = Some(ends(days));
        put(&wallet, viewer.wallet, name, Command::Grant(grant)).await;
    }
    let look = async |days: i64| {
        wallet.clock().set(ends(days));
        let found = wallet.tell_of_expiring_credits().await.expect("looked");
        assert_eq!(wallet.tell_of_expiring_credits().await.expect("looked"), 0, "once");
        let told = mails(&wallet, ANNA).await.into_iter().map(|mail| match mail {
            Mail::Expiring(mail) => {
                let labels: Vec<String> = mail.lines.into_iter().map(|line| line.label).collect();
                (mail.days, mail.credits, labels.join(" "))
            }
            mail => panic!("{mail:?}"),
        });
        let told: Vec<(i16, Credits, String)> = told.collect();
        (found, told)
    };
    assert_eq!(look(1).await, (0, vec![]), "a month's credits on their second day, and ten days' credits");
    assert_eq!(look(4).await, (0, vec![]));
    // Ten days are too short for a warning of a week; a day before is not.
    assert_eq!(look(9).await, (1, vec![(1, credits(100), "short".into())]));
    assert_eq!(look(24).await, (1, vec![(7, credits(100), "month".into())]));
    assert_eq!(look(30).await.0, 3);
    assert_eq!(look(31).await, (0, vec![]));
    // A job that did not run for long tells the nearest only.
    assert_eq!(look(59).await, (2, vec![(1, credits(200), "long same".into())]));
    let notices = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM webhook_notices WHERE event = 'grant.expiring'");
    assert_eq!(notices.fetch_one(&pool).await.expect("counted"), 7);
    // Two nodes at once: nothing twice.
    let mut grant = NewGrant::new(credits(100), GrantSource::Promo, "last");
    grant.expires_at = Some(ends(120));
    put(&wallet, viewer.wallet, "last", Command::Grant(grant)).await;
    wallet.clock().set(ends(115));
    let other = Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(ends(115))));
    let told = tokio::join!(wallet.tell_of_expiring_credits(), other.tell_of_expiring_credits());
    assert_eq!(told.0.expect("looked") + told.1.expect("looked"), 1);
    assert_eq!(mails(&wallet, ANNA).await.len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_runs_out_within_a_day_is_told_once(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    set(&wallet, &viewer, None, &[Topic::LowBalance]).await;
    buy(&wallet, viewer.wallet, "more", 300).await;
    let mut all = Vec::new();
    for day in 0..13 {
        wallet.clock().advance(TimeDelta::hours(24));
        spend(&wallet, viewer.wallet, &format!("day {day}"), 100).await;
        all.push(steps(&wallet).await);
    }
    let told: Vec<usize> = (0..13).filter(|day| all[*day].contains(&BalanceStep::RunsOut)).collect();
    assert_eq!(told, [11], "with a hundred left at a hundred a day: {all:?}");
    assert_eq!(all[12], [BalanceStep::Empty]);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_next_allowance_counts(pool: PgPool) {
    // Its free plan brings credits every month.
    let wallet = open_with(&pool, "monthly-credits").await;
    let viewer = member(&wallet, ANNA).await;
    let balance = wallet.balance(viewer.wallet).await.expect("a balance");
    let monthly = balance.last_refill.expect("the plan's month");
    // At a pace of a month's credits in a month, the plan covers it.
    let a_day = Credits::from_micros(monthly.micros() / 40);
    for day in 0..10 {
        wallet.clock().advance(TimeDelta::hours(24));
        let receipt = Receipt::flat("x", "X", a_day);
        put(&wallet, viewer.wallet, &format!("day {day}"), Command::Charge { receipt }).await;
    }
    let balance = wallet.balance(viewer.wallet).await.expect("a balance");
    let forecast = wallet.insight().forecast(&balance).await.expect("a forecast");
    assert!(matches!(forecast, wallet::insight::Forecast::Covered { .. }), "{forecast:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plans_month_is_told_where_that_is_wanted(pool: PgPool) {
    let wallet = open_with(&pool, "monthly-credits").await;
    let viewer = member(&wallet, ANNA).await;
    mails(&wallet, ANNA).await;
    assert_eq!(steps(&wallet).await, [], "off by default");
    let wanted = Topic::ALL.to_vec();
    wallet.notify().set_alerts(&viewer, &AlertSettings { low_below: None, wanted }).await.expect("set");
    wallet.clock().advance(TimeDelta::days(32));
    wallet.renew_plans().await.expect("renewed");
    let told = steps(&wallet).await;
    assert!(matches!(told.as_slice(), [BalanceStep::Allowance { .. }]), "{told:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_owner_is_mailed_of_keys_that_are_made_and_revoked(pool: PgPool) {
    let (wallet, viewer) = anna(&pool).await;
    let new = NewKey { name: "CI".into(), environment: Environment::Production, scopes: vec![], ceiling: None };
    let made = wallet.identity().create_key(&viewer, &new).await.expect("made");
    for _ in 0..2 {
        wallet.identity().revoke_key(&viewer, made.key.id).await.expect("revoked");
    }
    let told: Vec<(String, bool, bool)> = mails(&wallet, ANNA)
        .await
        .into_iter()
        .map(|mail| match mail {
            Mail::Key(mail) => (mail.key, mail.is_new, mail.hint == made.key.hint),
            mail => panic!("{mail:?}"),
        })
        .collect();
    assert_eq!(told, [("CI".to_owned(), true, true), ("CI".to_owned(), false, true)]);
}
