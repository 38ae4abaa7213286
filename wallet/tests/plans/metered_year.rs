//! A year of Neural Draft with metered items, by a clock that is moved: on the plan that costs nothing, on a paid one,
//! and down again, with gauges that come late and out of order. Every row is checked against a calculation of its own,
//! which knows no SQL: it walks through the year hour by hour.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::Interval;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::money::{Credits, Currency};
use wallet::notify::Mail;
use wallet::payment::{PaymentStatus, PlanChoice, ProviderStatus};
use wallet::tariff::{ChargeRequest, LineRequest};

use crate::metered::*;
use crate::people_support::*;
use crate::support::*;

/// The first instants of the months from September 2026 to September 2027 in Moscow, which is three hours ahead of UTC
/// all the year.
const STARTS: [&str; 13] = [
    "2026-08-31T21:00:00Z",
    "2026-09-30T21:00:00Z",
    "2026-10-31T21:00:00Z",
    "2026-11-30T21:00:00Z",
    "2026-12-31T21:00:00Z",
    "2027-01-31T21:00:00Z",
    "2027-02-28T21:00:00Z",
    "2027-03-31T21:00:00Z",
    "2027-04-30T21:00:00Z",
    "2027-05-31T21:00:00Z",
    "2027-06-30T21:00:00Z",
    "2027-07-31T21:00:00Z",
    "2027-08-31T21:00:00Z",
];
/// The paid plan is bought in December, with what is left of a month of the free one, and ends in July.
const BOUGHT: &str = "2026-12-25T09:00:00Z";
const CANCELLED: &str = "2027-07-01T12:00:00Z";
/// What the wallet has at the end of each month before anything is spent: the credits of its plan's month.
const STOCK: [i64; 12] = [250, 250, 250, 5_250, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 250, 250];
/// The months in which the paid plan was there at the beginning or at the end.
const PAID: std::ops::RangeInclusive<usize> = 3..=10;
/// Each item with its price, and what is included without and with the paid plan.
const ITEMS: [(&str, i64, i64, i64); 3] = [(ACCOUNTS, 200, 3, 5), (DOMAINS, 400, 1, 1), (STORAGE, 20, 1, 5)];

/// What happens in the year.
enum Act {
    Gauge { item: usize, at: DateTime<Utc>, thousandths: i64 },
    Spend { messages: i64 },
    Buy,
    Cancel,
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % below).expect("fits")
    }
}

fn starts() -> [DateTime<Utc>; 13] {
    STARTS.map(utc)
}

/// What is spent in a month besides.
fn spent(month: usize) -> i64 {
    i64::try_from(month).expect("fits") * 3 + 1
}

/// All that happens, in order: each gauge comes up to two days after its hour, but before its month is closed.
fn acts() -> Vec<(DateTime<Utc>, Act)> {
    let (mut dice, starts) = (Dice(16), starts());
    let mut acts = vec![(utc(BOUGHT), Act::Buy), (utc(CANCELLED), Act::Cancel)];
    for (item, (code, ..)) in ITEMS.iter().enumerate() {
        let mut at = utc("2026-09-22T00:00:00Z") + TimeDelta::hours(dice.throw(48));
        while at < starts[12] {
            let end = starts.into_iter().find(|start| *start > at).expect("within the year");
            let comes = (at + TimeDelta::minutes(dice.throw(48 * 60))).min(end + TimeDelta::minutes(59));
            let thousandths = match *code {
                STORAGE => dice.throw(12_000),
                DOMAINS => dice.throw(4) * 1_000,
                _ => dice.throw(9) * 1_000,
            };
            acts.push((comes, Act::Gauge { item, at, thousandths }));
            at += TimeDelta::hours(1 + dice.throw(200));
        }
    }
    for month in 0..12 {
        let day = starts[month + 1] - TimeDelta::hours(60);
        acts.push((day, Act::Spend { messages: spent(month) }));
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}

/// The value of an item at each hour of a month, added up: in thousandths × hours.
fn hours_of(acts: &[(DateTime<Utc>, Act)], which: usize, month: usize) -> i64 {
    let mut gauges: Vec<(DateTime<Utc>, i64)> = acts
        .iter()
        .filter_map(|(_, act)| match act {
            Act::Gauge { item, at, thousandths } if *item == which => Some((*at, *thousandths)),
            _ => None,
        })
        .collect();
    gauges.sort();
    let (mut hour, mut sum) = (starts()[month], 0);
    while hour < starts()[month + 1] {
        let value = gauges.iter().rev().find(|(at, _)| *at <= hour).map_or(0, |(_, value)| *value);
        sum += value;
        hour += TimeDelta::hours(1);
    }
    sum
}

/// What a month comes to, in hundredths of a credit.
fn cents_of(acts: &[(DateTime<Utc>, Act)], month: usize) -> i64 {
    let hours = (starts()[month + 1] - starts()[month]).num_hours();
    let of = |which: usize| {
        let (_, price, free, paid) = ITEMS[which];
        let included = if PAID.contains(&month) { paid } else { free };
        let above = (hours_of(acts, which, month) - included * 1_000 * hours).max(0);
        // Of thousandths × hours and credits a month to hundredths, rounded up.
        (above * price * 100 + 1_000 * hours - 1) / (1_000 * hours)
    };
    (0..ITEMS.len()).map(of).sum()
}

fn cents(cents: i64) -> Credits {
    Credits::from_micros(cents * 10_000)
}

/// Moves the clock to an instant, from one due date to the next.
async fn advance(wallet: &Wallet, to: DateTime<Utc>) {
    loop {
        let plans = wallet.plans().next_due().await.expect("read");
        let metered = wallet.metered().next_due().await.expect("read");
        let Some(due) = [plans, metered].into_iter().flatten().min().filter(|due| *due <= to) else { break };
        wallet.clock().set(due);
        assert_eq!(wallet.renew_plans().await.expect("renewed").failed, 0);
        assert_eq!(wallet.close_metered_months().await.expect("closed").failed, 0);
    }
    wallet.clock().set(to);
}

async fn does(wallet: &Wallet, (viewer, double): (&Viewer, &Double), at: DateTime<Utc>, act: &Act) {
    match act {
        Act::Gauge { item, at: since, thousandths } => {
            measure(wallet, viewer, ITEMS[*item].0, *thousandths, *since).await;
        }
        Act::Spend { messages } => {
            let line = LineRequest { operation: "chat_message".into(), params: Map::new(), count: *messages };
            let request =
                ChargeRequest { wallet: viewer.wallet, plan_rank: 0, line, quote: None, metadata: Value::Null };
            let key = IdempotencyKey::parse(&format!("spend-{}", at.timestamp())).expect("a key");
            wallet.tariffs().charge(request, Actor::system("test"), key).await.expect("spent");
        }
        Act::Buy => {
            let choice =
                PlanChoice { plan: "hobby".into(), interval: Interval::Month, currency: Currency::USD, with: None };
            let payment = order(wallet, viewer, &choice, "hobby").await.id;
            double.set(payment, ProviderStatus::Paid);
            let paid = wallet.payments().check(viewer, payment).await.expect("checked");
            assert_eq!(paid.status, PaymentStatus::Succeeded);
        }
        Act::Cancel => wallet.plans().cancel(viewer).await.expect("cancelled"),
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_year_of_neural_draft_is_charged_to_the_last_hundredth(pool: PgPool) {
    let wallet = open_with(&pool, "neuraldraft").await;
    let viewer = member(&wallet, ANNA).await;
    wallet.identity().set_time_zone(&viewer, "Europe/Moscow").await.expect("set");
    let double = Double::new(&wallet);
    let (acts, starts) = (acts(), starts());
    for (at, act) in &acts {
        advance(&wallet, *at).await;
        does(&wallet, (&viewer, &double), *at, act).await;
    }
    advance(&wallet, starts[12] + TimeDelta::hours(1)).await;

    let (mut carried, mut months, mut entries) = (0, Vec::new(), Vec::new());
    for month in 0..12 {
        let cost = cents_of(&acts, month);
        let (due, stock) = (cost + carried, (STOCK[month] - spent(month)) * 100);
        let charged = due.min(stock);
        months.push((month, cents(carried), cents(cost), cents(charged), cents(due - charged)));
        if charged > 0 {
            let from = serde_json::to_value(starts[month]).expect("json");
            entries.push((cents(-charged), from, starts[month + 1] + TimeDelta::hours(1)));
        }
        carried = due - charged;
    }
    let read = "SELECT month, carried_in, credits, charged, carried_out FROM metered_months ORDER BY month";
    let found: Vec<(i32, i64, i64, i64, i64)> = sqlx::query_as(read).fetch_all(&pool).await.expect("read");
    let micros = Credits::from_micros;
    let found: Vec<_> = found
        .into_iter()
        .map(|(month, carried_in, cost, charged, carried_out)| {
            let month = usize::try_from(month).expect("fits");
            (month, micros(carried_in), micros(cost), micros(charged), micros(carried_out))
        })
        .collect();
    assert_eq!(found, months);
    let rows = charged(&wallet, &viewer).await;
    let rows: Vec<_> = rows.into_iter().map(|row| (row.amount, row.metadata["from"].clone(), row.created_at)).collect();
    assert_eq!(rows, entries);
    // The year has everything: months that were carried, months that were paid, and what was carried paid later.
    let short = months.iter().filter(|month| month.4.is_positive()).count();
    assert!((1..12).contains(&short), "{months:?}");
    assert!(months.iter().any(|month| month.1.is_positive() && month.4 == Credits::ZERO), "{months:?}");
    let told = mails(&wallet, ANNA).await;
    assert_eq!(told.iter().filter(|mail| matches!(mail, Mail::MeteredCarried(_))).count(), short);
    assert_eq!(double.books().charged.len(), 6, "the paid plan was renewed from January to June");
    is_right(&wallet).await;
}
