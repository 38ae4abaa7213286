//! A year of the monthly-credits catalog by a clock that is moved: a plan, an add-on, credits that roll over for two
//! months, and a card that fills the wallet. Every row is checked against a calculation of its own, which knows lots and
//! dates and nothing else.

use chrono::{DateTime, Datelike, Days, Months, NaiveTime, TimeDelta, TimeZone, Utc};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::Interval;
use wallet::identity::Viewer;
use wallet::ledger::{EntryFilter, EntryKind, Page};
use wallet::money::Currency;
use wallet::payment::{PaymentStatus, PlanChoice, ProviderStatus};

use crate::add_ons::{VOICE, standing, turn_on};
use crate::auto_top_up::{agree, save, spend, terms};
use crate::people_support::*;
use crate::support::*;

// What the plan brings each month, what the add-on costs, and what a top-up brings that is made below so many.
const MONTH: i64 = 1_000;
const VOICE_PRICE: i64 = 300;
const TOP_UP: i64 = 1_000;
const BELOW: i64 = 300;

/// One row of a ledger: what happened, how much, what was there after it, and when.
type Row = (EntryKind, i64, i64, DateTime<Utc>);

/// Credits that came at one time, and when they end.
#[derive(Clone, Debug)]
struct Lot {
    left: i64,
    ends: DateTime<Utc>,
}

/// The wallet as the rules in words say it is.
#[derive(Default)]
struct Model {
    /// The oldest first.
    lots: Vec<Lot>,
    rows: Vec<Row>,
    top_ups: usize,
}

impl Model {
    fn settled(&self) -> i64 {
        self.lots.iter().map(|lot| lot.left).sum()
    }

    fn write(&mut self, kind: EntryKind, amount: i64, at: DateTime<Utc>) {
        let settled = self.settled();
        self.rows.push((kind, amount, settled, at));
    }

    /// What is over is written off before anything else happens.
    fn expire(&mut self, at: DateTime<Utc>) {
        while let Some(place) = self.lots.iter().position(|lot| lot.left > 0 && lot.ends <= at) {
            let gone = std::mem::take(&mut self.lots[place].left);
            self.write(EntryKind::GrantExpired, -gone, at);
        }
        self.lots.retain(|lot| lot.left > 0);
    }

    fn put(&mut self, credits: i64, at: DateTime<Utc>) {
        self.expire(at);
        // Two months later, to the end of that day.
        let last = at.date_naive() + Months::new(2) + Days::new(1);
        self.lots.push(Lot { left: credits, ends: last.and_time(NaiveTime::MIN).and_utc() });
        self.write(EntryKind::Grant, credits, at);
    }

    fn take(&mut self, kind: EntryKind, credits: i64, at: DateTime<Utc>) {
        self.expire(at);
        let mut wanted = credits;
        for lot in &mut self.lots {
            let part = lot.left.min(wanted);
            lot.left -= part;
            wanted -= part;
        }
        assert_eq!(wanted, 0, "the year never runs dry");
        self.write(kind, -credits, at);
    }

    /// The card is charged once where less than the threshold is left.
    fn fill(&mut self, at: DateTime<Utc>) {
        let live: i64 = self.lots.iter().filter(|lot| lot.ends > at).map(|lot| lot.left).sum();
        if live < BELOW {
            self.put(TOP_UP, at);
            self.top_ups += 1;
        }
    }
}

/// How much is spent on a day: a busy month, an idle one in which credits roll over, and months between.
fn spent_on(day: DateTime<Utc>) -> i64 {
    let most = [240, 3, 40, 0, 90, 12][usize::try_from(day.month0()).expect("fits") % 6];
    if most == 0 { 0 } else { i64::from(day.day() * 37 + day.month() * 11) % most }
}

fn first_of_next_month(at: DateTime<Utc>) -> DateTime<Utc> {
    let first = Utc.with_ymd_and_hms(at.year(), at.month(), 1, 0, 0, 0).single().expect("a day");
    first + Months::new(1)
}

/// Does what is due up to an instant, date by date; after each the card is looked at.
async fn advance(wallet: &Wallet, to: DateTime<Utc>) {
    loop {
        let plans = wallet.plans().next_due().await.expect("read");
        let add_ons = wallet.add_ons().next_due().await.expect("read");
        let Some(due) = [plans, add_ons].into_iter().flatten().min().filter(|due| *due <= to) else { break };
        wallet.clock().set(due);
        assert_eq!(wallet.renew_plans().await.expect("renewed").failed, 0);
        wallet.deduct_add_ons().await.expect("deducted");
        wallet.payments().top_up_due().await.expect("looked");
    }
    wallet.clock().set(to);
}

/// Somebody on the monthly plan with a saved card, the add-on and auto top-up.
async fn customer(pool: &PgPool) -> (Wallet, Viewer, Double) {
    let wallet = open_with(pool, "monthly-credits").await;
    let viewer = member(&wallet, ANNA).await;
    wallet.identity().set_time_zone(&viewer, "UTC").await.expect("set");
    let double = Double::new(&wallet);
    let card = save(&wallet, &viewer, &double, "saving").await;
    let choice = PlanChoice { plan: "standard".into(), interval: Interval::Month, currency: Currency::USD, with: None };
    let payment = order(&wallet, &viewer, &choice, "standard").await.id;
    double.set(payment, ProviderStatus::Paid);
    let paid = wallet.payments().check(&viewer, payment).await.expect("checked");
    assert_eq!(paid.status, PaymentStatus::Succeeded);
    agree(&wallet, &viewer, &terms(card.id)).await;
    turn_on(&wallet, &viewer, VOICE, "voice").await.expect("on");
    (wallet, viewer, double)
}

/// The rows of a wallet after a place, oldest first.
async fn rows_after(wallet: &Wallet, viewer: &Viewer, seq: i64) -> Vec<Row> {
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: 200 };
        let page = wallet.ledger().entries(viewer.wallet, &EntryFilter::default(), page).await.expect("a page");
        rows.extend(page.entries.into_iter().filter(|row| row.seq > seq));
        before = page.next.filter(|next| *next > seq);
        if before.is_none() {
            break;
        }
    }
    rows.reverse();
    let whole = |micros: i64| micros / 1_000_000;
    let row = |row: wallet::ledger::EntryView| {
        (row.kind, whole(row.amount.micros()), whole(row.settled_after.micros()), row.created_at)
    };
    rows.into_iter().map(row).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_year_of_monthly_credits_is_right_row_by_row(pool: PgPool) {
    let (wallet, viewer, double) = customer(&pool).await;
    let began = wallet.clock().now();
    let stock = wallet.ledger().balance(viewer.wallet).await.expect("a balance");
    let lot = |grant: &wallet::ledger::GrantView| Lot {
        left: grant.remaining.micros() / 1_000_000,
        ends: grant.expires_at.expect("an end"),
    };
    let mut model = Model { lots: stock.grants.iter().map(lot).collect(), ..Model::default() };
    let charged_before = double.books().charged.len();

    // What is to happen: the plan's months, the add-on's, and a day's spending at noon.
    let end = began + TimeDelta::days(366);
    let mut month = first_of_next_month(began);
    let mut voice = standing(&wallet, &viewer, VOICE).await.next_at;
    let mut noon = Utc.with_ymd_and_hms(began.year(), began.month(), began.day(), 12, 0, 0).single().expect("noon");
    noon += TimeDelta::days(1);
    let mut months = 0;
    while noon < end {
        while month.min(voice) <= noon {
            if month <= voice {
                model.put(MONTH, month);
                model.fill(month);
                (month, months) = (first_of_next_month(month), months + 1);
            } else {
                model.take(EntryKind::AddOn, VOICE_PRICE, voice);
                model.fill(voice);
                voice = voice + Months::new(1);
            }
        }
        let spent = spent_on(noon);
        advance(&wallet, noon).await;
        if spent > 0 {
            spend(&wallet, viewer.wallet, &format!("day-{}", noon.timestamp()), spent).await.expect("spent");
            model.take(EntryKind::Charge, spent, noon);
            model.fill(noon);
        }
        wallet.payments().top_up_due().await.expect("looked");
        noon += TimeDelta::days(1);
    }

    let found = rows_after(&wallet, &viewer, stock.seq).await;
    for (place, (found, wanted)) in found.iter().zip(&model.rows).enumerate() {
        assert_eq!(found, wanted, "row {place}, after {:?}", model.rows.get(place.wrapping_sub(1)));
    }
    assert_eq!(found.len(), model.rows.len());
    assert_eq!(double.books().charged.len() - charged_before, months + model.top_ups);
    // The year has everything: months that were used up, and credits that rolled over and ended.
    let ended = found.iter().filter(|row| row.0 == EntryKind::GrantExpired).count();
    assert!(ended >= 2 && model.top_ups >= 5 && months == 12, "{ended} {} {months}", model.top_ups);
    is_right(&wallet).await;
}
