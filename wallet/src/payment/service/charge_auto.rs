//! Auto top-up at work: wallets that run low are charged for, one charge at a time, and what came of it is acted on.
//!
//! Nothing here is remembered between two steps. Whoever comes after a crash, or works at the same time, finds the same
//! payment under the same key.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use super::auto_top_up::{about, resumed};
use super::options::Chosen;
use super::order::{Made, NewOrder};
use super::settle::Finder;
use super::{Buyer, Payments};
use crate::catalog::AutoTopUpMode;
use crate::error::{Refusal, Result};
use crate::id::{PaymentId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::{BalanceView, BudgetPeriod, Purpose, Window};
use crate::money::{Credits, Money};
use crate::notify::webhook::{self, AutoTopUpNotice, EventKind, Notice};
use crate::notify::{AutoTopUpTroubleMail, Mail, TopUpTrouble};
use crate::payment::auto_top_up::{AfterTries, Card, Facts, Spent, Step, Suspension, after_tries, decide, wanted};
use crate::payment::method::{CardTerm, term};
use crate::payment::model::{Order, PaymentStatus};
use crate::payment::price::price;
use crate::payment::repo::auto_top_up::AutoTopUpRow;
use crate::payment::repo::{self, method::MethodRow, new_payment::NewPaymentRow, payment::PaymentRow};
use crate::time_zone;

/// Wallets that are worked on at once.
const AT_ONCE: i64 = 16;
/// For how long a wallet is taken: after a crash another node goes on with it.
const TAKEN_SECONDS: i64 = 60;
/// The most steps for one wallet in one go.
const STEPS_MAX: u32 = 8;
/// When a charge is looked at again that the provider has not decided.
const OPEN_SECONDS: i64 = 5;
/// When a wallet is looked at again that is low and can't be spent from.
const STOPPED_MINUTES: i64 = 1;
/// How long a charge stays open: it is repeated under its key, which providers remember for a day.
const OPEN_MINUTES: i64 = 60;
/// In the last minutes of that time the card is not charged any more, only asked about.
const LAST_MINUTES: i64 = 20;
/// The charges that are judged.
const TRIES_MAX: i64 = 20;

/// What a look at all wallets did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToppedUp {
    /// Wallets that were looked at.
    pub looked: u32,
    /// Charges that were made.
    pub charged: u32,
    /// Wallets that stay for the next look.
    pub failed: u32,
}

/// A charge that is to be made, as everything was read.
pub(super) struct AutoCharge {
    pub(super) of: AutoTopUpRow,
    order: Order,
    day: Window,
    month: Window,
}

/// What a wallet's next step is, and what it rests on.
pub(super) struct Considered {
    pub(super) step: Step,
    /// What the wallet has that can be spent on anything.
    general: Credits,
    pub(super) order: Option<Order>,
    method: Option<MethodRow>,
    day: Window,
    month: Window,
}

/// What a payment settles of auto top-up, in the transaction of its grant.
pub(super) struct SettledTopUp {
    wallet: WalletId,
    /// The declined payment in whose place it was paid; `None` for a charge of auto top-up itself.
    recovers: Option<PaymentId>,
    credits: Credits,
    money: Money,
}

impl SettledTopUp {
    pub(super) fn of(row: &PaymentRow) -> Option<Self> {
        let is_auto = row.auto_top_up.is_some() || row.recovers.is_some();
        is_auto.then_some(Self { wallet: row.wallet, recovers: row.recovers, credits: row.credits, money: row.money })
    }

    /// Acts on it, and gives what endpoints are told if the payment succeeds by this.
    pub(super) async fn settle(
        &self,
        connection: &mut PgConnection,
        payment: PaymentId,
        now: DateTime<Utc>,
    ) -> Result<Option<(WalletId, Notice)>> {
        let told = match self.recovers {
            Some(declined) => {
                let reason = Suspension::AsksOwner;
                let goes_on = repo::auto_top_up::resume(connection, self.wallet, reason, Some(declined), now).await?;
                goes_on.then(resumed)
            }
            None => {
                repo::auto_top_up::end_open(connection, self.wallet, payment, None).await?;
                Some(Notice::AutoTopUp(AutoTopUpNotice {
                    payment: Some(payment),
                    credits: Some(self.credits),
                    money: Some(self.money),
                    ..about(EventKind::AutoTopUpSucceeded)
                }))
            }
        };
        Ok(told.map(|told| (self.wallet, told)))
    }
}

impl Payments {
    /// Looks at every wallet that has auto top-up on and runs low, and does what is due. Safe on any number of nodes at
    /// once, and as often as one likes.
    pub async fn top_up_due(&self) -> Result<ToppedUp> {
        let mut report = ToppedUp::default();
        loop {
            let now = self.db.now();
            let until = now + TimeDelta::seconds(TAKEN_SECONDS);
            let taken = repo::auto_top_up::take_due(self.db.pool(), now, until, AT_ONCE).await?;
            if taken.is_empty() {
                return Ok(report);
            }
            let mut work = JoinSet::new();
            for wallet in taken {
                let this = self.clone();
                work.spawn(async move { (wallet, this.top_up(wallet).await) });
            }
            for (wallet, done) in work.join_all().await {
                report.looked = report.looked.saturating_add(1);
                match done {
                    Ok(charged) => report.charged = report.charged.saturating_add(charged),
                    Err(error) => {
                        tracing::error!(%wallet, %error, "auto top-up could not be looked at; it is in a minute");
                        report.failed = report.failed.saturating_add(1);
                    }
                }
            }
        }
    }

    /// Waits until a charge was refused on this node for which auto top-up is to be looked at now.
    pub async fn top_up_is_asked_for(&self) {
        self.refused.asked().await;
    }

    /// Does what is due of one wallet; says how many charges were made.
    async fn top_up(&self, wallet: WalletId) -> Result<u32> {
        let (pool, mut charged) = (self.db.pool(), 0_u32);
        for _ in 0..STEPS_MAX {
            let Some(of) = repo::auto_top_up::find(pool, wallet).await? else { return Ok(charged) };
            let now = self.db.now();
            if let Some(payment) = of.open_payment {
                if self.follow_charge(&of, payment).await? {
                    continue;
                }
                repo::auto_top_up::wait(pool, wallet, now + TimeDelta::seconds(OPEN_SECONDS)).await?;
                return Ok(charged);
            }
            match (of.is_on, of.reason, of.until) {
                (false, ..) => return Ok(charged),
                (true, Some(reason), Some(until)) if until <= now => {
                    self.end_limit(&of, reason).await?;
                    continue;
                }
                (true, Some(_), _) => return Ok(charged),
                (true, None, _) => {}
            }
            let balance = self.ledger.balance(wallet).await?;
            let considered = self.consider(&of, &balance, of.asked.map(|(_, needed)| needed)).await?;
            match considered.step {
                Step::Rest => {
                    let is_low = of.terms.threshold.is_some_and(|threshold| considered.general < threshold);
                    let later = is_low.then(|| now + TimeDelta::minutes(STOPPED_MINUTES));
                    repo::auto_top_up::rest(pool, &of, later).await?;
                    return Ok(charged);
                }
                Step::TooSmall => {
                    repo::auto_top_up::rest(pool, &of, None).await?;
                    return Ok(charged);
                }
                Step::Wait(until) => {
                    repo::auto_top_up::wait(pool, wallet, until).await?;
                    return Ok(charged);
                }
                Step::Open => {}
                Step::Suspend(reason, until) => {
                    let mut tx = self.db.begin().await?;
                    self.suspend_in_tx(&mut tx, &of, (reason, until)).await?;
                    tx.commit().await?;
                    return Ok(charged);
                }
                Step::Charge => {
                    if self.begin_charge(of, considered).await? {
                        charged = charged.saturating_add(1);
                    }
                }
            }
        }
        Ok(charged)
    }

    /// Works out what is next for a wallet with so much in it.
    pub(super) async fn consider(
        &self,
        of: &AutoTopUpRow,
        balance: &BalanceView,
        refused: Option<Credits>,
    ) -> Result<Considered> {
        let now = self.db.now();
        let zone = time_zone::named(&of.time_zone);
        let (day, month) = (BudgetPeriod::Day.window(now, &zone), BudgetPeriod::Month.window(now, &zone));
        let catalog = self.catalog.view().await?;
        // What only some operations can take is no cushion for the rest.
        let general = balance.available_for(Purpose::Other)?;
        let order = wanted(&catalog, &of.terms, general).and_then(|wanted| price(&catalog, &wanted).ok());
        let method = repo::method::find(self.db.pool(), of.account, of.terms.method).await?;
        let card = match &method {
            Some(method) if method.state == "active" => match self.provider(&method.provider) {
                _ if term(method.expires, now) == CardTerm::Expired => Card::Expired,
                Some(_) => Card::Ready,
                None => Card::ProviderOff,
            },
            _ => Card::Gone,
        };
        let tries = repo::auto_top_up::tries(self.db.pool(), of, TRIES_MAX).await?;
        let currency = of.terms.most.currency();
        let mut connection = self.db.pool().acquire().await?;
        let since = (day.start, month.start);
        let (today, this_month) = repo::auto_top_up::spent(&mut connection, of.wallet, currency, since).await?;
        let is_offered = catalog.settings.auto_top_up.mode != AutoTopUpMode::Off;
        let step = decide(&Facts {
            terms: &of.terms,
            is_possible: is_offered && balance.frozen.is_none() && !balance.inactive,
            available: general,
            refused,
            card,
            tries: &tries,
            order: order.as_ref(),
            day: Spent { minor: today, until: day.end },
            month: Spent { minor: this_month, until: month.end },
            now,
        });
        Ok(Considered { step, general, order, method, day, month })
    }

    /// Makes the payment; `false` where something has changed since it was decided on.
    async fn begin_charge(&self, of: AutoTopUpRow, considered: Considered) -> Result<bool> {
        let Considered { order: Some(order), method: Some(method), day, month, .. } = considered else {
            return Ok(false);
        };
        let provider = self.provider(&method.provider).ok_or(Refusal::Unavailable)?;
        let (account, wallet, by) = (of.account, of.wallet, Actor::system("auto top-up"));
        let what = format!("auto top-up:{wallet}:{}", PaymentId::new());
        let (key, hash) = (IdempotencyKey::internal(&what), RequestHash::of(what.as_bytes()));
        let chosen = Chosen { provider, kind: Some(method.kind), method: Some(method) };
        let new = NewOrder {
            package: order.package.clone(),
            title: order.title.clone(),
            credits: order.credits,
            bonus: order.bonus,
            money: order.money,
            plan: None,
            change: None,
            chosen,
            save_method: false,
            open: TimeDelta::minutes(OPEN_MINUTES),
            renews: None,
            made: Made::Automatically(Box::new(AutoCharge { of, order, day, month })),
        };
        let buyer = Buyer { account, wallet, user: None, contact: None, may_pay: true, by };
        self.add(&buyer, &new, (&key, &hash), "").await?;
        Ok(repo::payment::by_key(self.db.pool(), account, key.as_str()).await?.is_some())
    }

    /// Adds the payment, if by now it is still what was decided on: on, as it was agreed to, nothing on its way, and
    /// within the limits. One transaction after the other finds out.
    pub(super) async fn add_charge_in_tx(
        &self,
        connection: &mut PgConnection,
        charge: &AutoCharge,
        row: &NewPaymentRow<'_>,
    ) -> Result<()> {
        let AutoCharge { of, order, day, month, .. } = charge;
        if !repo::auto_top_up::lock_to_charge(connection, of).await? {
            return Ok(());
        }
        let since = (day.start, month.start);
        let currency = order.money.currency();
        let (today, this_month) = repo::auto_top_up::spent(connection, of.wallet, currency, since).await?;
        let is_within = |spent: i64, limit: Money| {
            spent.checked_add(order.money.minor()).is_some_and(|after| after <= limit.minor())
        };
        if !is_within(today, of.terms.daily) || !is_within(this_month, of.terms.monthly) {
            return Ok(());
        }
        if repo::new_payment::insert(connection, row).await? {
            repo::auto_top_up::note_charge(connection, of, row.id, since, row.created_at).await?;
            let told = Notice::AutoTopUp(AutoTopUpNotice {
                payment: Some(row.id),
                credits: Some(order.credits),
                money: Some(order.money),
                ..about(EventKind::AutoTopUpPending)
            });
            webhook::note_in_tx(connection, of.wallet, &told, row.created_at).await?;
        }
        Ok(())
    }

    /// Charges the card where nobody knows that it was, and asks what became of it; says whether it came to its end.
    async fn follow_charge(&self, of: &AutoTopUpRow, payment: PaymentId) -> Result<bool> {
        let pool = self.db.pool();
        let gone = || Refusal::not_found("payment");
        let row = repo::payment::by_id(pool, payment).await?.ok_or_else(gone)?;
        if row.status.is_open() {
            let now = self.db.now();
            let is_early = now + TimeDelta::minutes(LAST_MINUTES) < row.expires_at;
            if row.provider_ref.is_none()
                && is_early
                && let Some(method) = row.method_id
                && repo::auto_top_up::may_send(pool, payment, now).await?
            {
                self.charge_order(&row, method).await?;
            }
            self.refresh_as(payment, Finder::Soon).await?;
        }
        let row = repo::payment::by_id(pool, payment).await?.ok_or_else(gone)?;
        if row.status.is_open() {
            return Ok(false);
        }
        self.end_charge(of, &row).await?;
        Ok(true)
    }

    /// Acts on the end of a charge, once: declines are told of, and stop what must not go on.
    async fn end_charge(&self, of: &AutoTopUpRow, row: &PaymentRow) -> Result<()> {
        let tries = repo::auto_top_up::tries(self.db.pool(), of, TRIES_MAX).await?;
        let after = after_tries(&tries);
        let is_current = of.is_on && of.reason.is_none() && row.auto_top_up == Some(of.number);
        let again = match after {
            AfterTries::WaitUntil(until) if is_current => Some(until),
            _ => None,
        };
        let mut tx = self.db.begin().await?;
        if !repo::auto_top_up::end_open(&mut tx, of.wallet, row.id, again).await? {
            return Ok(());
        }
        if row.status != PaymentStatus::Succeeded {
            let told = Notice::AutoTopUp(AutoTopUpNotice {
                payment: Some(row.id),
                credits: Some(row.credits),
                money: Some(row.money),
                reason: Some(row.failure.clone().unwrap_or_else(|| row.status.code().to_owned())),
                until: again,
                ..about(EventKind::AutoTopUpFailed)
            });
            webhook::note_in_tx(&mut tx, of.wallet, &told, self.db.now()).await?;
        }
        match (after, again) {
            (AfterTries::Stop(reason), _) if is_current => self.suspend_in_tx(&mut tx, of, (reason, None)).await?,
            (_, Some(next_try_at)) if row.status == PaymentStatus::Failed => {
                let trouble = TopUpTrouble::Declined { next_try_at };
                self.tell_in_tx(&mut tx, of, trouble, Some(row.id)).await?;
            }
            _ => {}
        }
        Ok(tx.commit().await?)
    }

    /// Stops it for a reason, and tells its owner; nothing happens where it has changed since it was read.
    async fn suspend_in_tx(
        &self,
        connection: &mut PgConnection,
        of: &AutoTopUpRow,
        (reason, until): (Suspension, Option<DateTime<Utc>>),
    ) -> Result<()> {
        let asks = match reason {
            Suspension::AsksOwner => {
                let last = repo::auto_top_up::charges(self.db.pool(), of.wallet, 1).await?;
                last.into_iter().next().map(|charge| charge.payment)
            }
            _ => None,
        };
        if !repo::auto_top_up::suspend(connection, of, (reason, until), asks).await? {
            return Ok(());
        }
        tracing::info!(wallet = %of.wallet, reason = reason.code(), "auto top-up was suspended");
        self.note_suspended_in_tx(connection, of, (reason, until)).await?;
        let trouble = match until {
            Some(until) if reason.is_limit() => {
                let is_daily = reason == Suspension::DailyLimit;
                let limit = if is_daily { of.terms.daily } else { of.terms.monthly };
                TopUpTrouble::Limit { is_daily, limit, until }
            }
            _ => TopUpTrouble::Stopped { reason: reason.code().to_owned() },
        };
        self.tell_in_tx(connection, of, trouble, asks).await
    }

    async fn tell_in_tx(
        &self,
        connection: &mut PgConnection,
        of: &AutoTopUpRow,
        trouble: TopUpTrouble,
        payment: Option<PaymentId>,
    ) -> Result<()> {
        let owner = self.identity.owner(of.account).await?;
        let (money, method) = (of.terms.most, of.terms.method_label.clone());
        let mail = AutoTopUpTroubleMail { name: owner.name, trouble, payment, money, method };
        let mail = Mail::AutoTopUpTrouble(mail);
        self.notify.enqueue_mail_in_tx(connection, &owner.email, &owner.locale, &mail).await.map(drop)
    }

    /// Lets it go on when the period of a limit is over.
    async fn end_limit(&self, of: &AutoTopUpRow, reason: Suspension) -> Result<()> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        if repo::auto_top_up::resume(&mut tx, of.wallet, reason, None, now).await? {
            webhook::note_in_tx(&mut tx, of.wallet, &resumed(), now).await?;
        }
        Ok(tx.commit().await?)
    }
}
