//! From money to credits: ask the provider, compare, grant once.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use serde_json::json;

use super::super::provider::decline::{self, AfterDecline};
use super::super::provider::{FetchAnswer, ProviderPayment, ProviderStatus};
use super::super::repo::{self, payment::PaymentRow};
use super::order::PROVIDER_TIMEOUT;
use super::settlement::{Brings, Undone};
use super::{Payments, notices};
use crate::catalog::{BurnClass, BurnOrder, CatalogView, Expiry};
use crate::error::{Error, Refusal, Result};
use crate::id::PaymentId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{Actor, NewAudit};
use crate::ledger::{Command, GrantSource, HookError, NewGrant, Submission};
use crate::notify::webhook::EventKind;
use crate::notify::{AutoTopUpMail, Mail, PaidMail};
use crate::payment::model::{PaymentStatus, PaymentView};
use crate::plan::period::expiry_after;
use crate::promo::{Owed, PromoKind};
use crate::time_zone;

/// How many payments the reconciler takes at once: what it has taken waits with it.
const TAKEN_MAX: i64 = 40;
/// How many payments it asks about at the same time.
const ASKED_AT_ONCE: usize = 8;
/// How long a run takes new payments: the next one begins in a minute.
const RUN_LONGEST: Duration = Duration::from_secs(45);
/// How often a payment is read anew that somebody else moved meanwhile.
const READS_MAX: u32 = 5;
/// A payment that was being confirmed for longer than this arrived late: its person has probably left.
const LATE_SECONDS: i64 = 60;

/// What a run of the reconciler did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Payments that were asked about.
    pub checked: u32,
    /// Payments that came to an end.
    pub closed: u32,
    /// Messages that were worked on.
    pub events: u32,
    /// Payments and messages that stay for the next run.
    pub failed: u32,
}

impl Reconciled {
    /// Counts a payment that was asked about.
    fn note(&mut self, id: PaymentId, checked: Result<PaymentView>) {
        self.checked = self.checked.saturating_add(1);
        match checked {
            Ok(view) if !view.status.is_open() => self.closed = self.closed.saturating_add(1),
            Ok(_) => {}
            Err(error) => {
                tracing::error!(payment = %id, %error, "a payment could not be checked");
                self.failed = self.failed.saturating_add(1);
            }
        }
    }
}

/// What became of acting on a provider's answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Acted {
    /// It was acted on.
    Done,
    /// Somebody else has moved the payment since it was read: nothing was done.
    Moved,
}

/// Who found out that the money is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Finder {
    /// The browser's return, or a look at the page.
    Soon,
    /// The provider's event.
    Event,
    /// The reconciler.
    Reconciler,
}

impl Payments {
    /// Asks the provider how far a payment is, and acts on the answer: the only way in which a payment becomes credits.
    /// Safe to call at any time, by anybody, as often as one likes. Runs to its end even if the caller goes away.
    pub async fn refresh(&self, id: PaymentId) -> Result<PaymentView> {
        let this = self.clone();
        let work = async move { this.refresh_as(id, Finder::Soon).await };
        tokio::spawn(work).await.map_err(Error::internal)?
    }

    pub(super) async fn refresh_as(&self, id: PaymentId, finder: Finder) -> Result<PaymentView> {
        for _ in 0..READS_MAX {
            let row = repo::payment::by_id(self.db.pool(), id).await?.ok_or_else(|| Refusal::not_found("payment"))?;
            if matches!(row.status, PaymentStatus::Succeeded | PaymentStatus::Held) || row.is_returned() {
                return Ok(row.view());
            }
            match self.look_at(&row, finder).await {
                Ok(Acted::Done) => return self.view(id).await,
                Ok(Acted::Moved) => {}
                Err(error) => return Err(error),
            }
        }
        tracing::warn!(payment = %id, "a payment kept moving; it is looked at later");
        self.view(id).await
    }

    /// Asks the provider once, and acts on the answer.
    async fn look_at(&self, row: &PaymentRow, finder: Finder) -> Result<Acted> {
        match self.fetch(row).await? {
            FetchAnswer::Found(found) => self.act(row, &found, finder).await,
            FetchAnswer::Missing => self.close_when_over(row).await,
            // What a message is about is asked again, also where the payment is taken for over.
            FetchAnswer::Unknown { .. } if finder == Finder::Event => Err(Refusal::Unavailable.into()),
            FetchAnswer::Unknown { detail } => {
                // Neither yes nor no: it stays as it is and is asked again.
                tracing::warn!(payment = %row.id, provider = row.provider, detail, "no answer about a payment");
                Ok(Acted::Done)
            }
        }
    }

    pub(super) async fn fetch(&self, row: &PaymentRow) -> Result<FetchAnswer> {
        let provider = self.provider(&row.provider).ok_or(Refusal::Unavailable)?;
        let answer = async {
            match &row.provider_ref {
                Some(reference) => provider.fetch_payment(reference).await,
                None => provider.find_by_order(row.id).await,
            }
        };
        let unknown = |_| FetchAnswer::Unknown { detail: "no answer in time".to_owned() };
        let answer = tokio::time::timeout(PROVIDER_TIMEOUT, answer).await.unwrap_or_else(unknown);
        self.note_answer(provider.name(), matches!(answer, FetchAnswer::Unknown { .. }));
        if let FetchAnswer::Found(found) = &answer {
            repo::history::note_answer(self.db.pool(), row.id, found, self.db.now()).await?;
        }
        Ok(answer)
    }

    async fn act(&self, row: &PaymentRow, found: &ProviderPayment, finder: Finder) -> Result<Acted> {
        repo::payment::set_reference(self.db.pool(), row.id, &found.reference, self.db.now()).await?;
        match &found.status {
            ProviderStatus::Paid => {
                let with = (found.method.as_deref(), found.tax_minor.max(0));
                repo::payment::set_paid_with(self.db.pool(), row.id, with).await?;
                match agrees(row, found) {
                    true => self.settle(row, found, finder).await,
                    false => {
                        self.put_aside(row, found, "mismatch").await?;
                        Ok(Acted::Done)
                    }
                }
            }
            ProviderStatus::Processing => self.step(row, PaymentStatus::Processing, None).await,
            ProviderStatus::Declined { code } => {
                if let Some(method) = row.method_id.filter(|_| decline::after(code) == AfterDecline::DropMethod) {
                    self.step(row, PaymentStatus::Failed, Some(code)).await?;
                    self.drop_method(row.account, method, code).await?;
                    return Ok(Acted::Done);
                }
                self.step(row, PaymentStatus::Failed, Some(code)).await
            }
            ProviderStatus::Cancelled => self.step(row, PaymentStatus::Cancelled, None).await,
            ProviderStatus::Expired => self.step(row, PaymentStatus::Expired, None).await,
            ProviderStatus::Open if row.expires_at <= self.db.now() || self.is_overtaken(row).await? => {
                self.expire(row, found).await
            }
            ProviderStatus::Open => self.step(row, PaymentStatus::Pending, None).await,
        }
    }

    /// Closes the provider's page first: only when it can't be paid any more is the payment over.
    async fn expire(&self, row: &PaymentRow, found: &ProviderPayment) -> Result<Acted> {
        let provider = self.provider(&row.provider).ok_or(Refusal::Unavailable)?;
        let answer = tokio::time::timeout(PROVIDER_TIMEOUT, provider.expire_checkout(&found.reference)).await;
        match answer {
            Ok(FetchAnswer::Found(closed)) if closed.status != ProviderStatus::Open => {
                Box::pin(self.act(row, &closed, Finder::Reconciler)).await
            }
            Ok(FetchAnswer::Missing) => self.step(row, PaymentStatus::Expired, None).await,
            _ => Ok(Acted::Done),
        }
    }

    async fn close_when_over(&self, row: &PaymentRow) -> Result<Acted> {
        if row.expires_at <= self.db.now() {
            return self.step(row, PaymentStatus::Expired, None).await;
        }
        Ok(Acted::Done)
    }

    async fn step(&self, row: &PaymentRow, to: PaymentStatus, failure: Option<&str>) -> Result<Acted> {
        if row.status.may_become(to) {
            self.set_status(row, to, failure).await?;
        }
        Ok(Acted::Done)
    }

    /// Puts a payment aside whose money isn't what we asked for, or for which there is no place any more: no credits,
    /// staff decide.
    async fn put_aside(&self, row: &PaymentRow, found: &ProviderPayment, why: &str) -> Result<()> {
        let asked = json!({ "order": row.id, "money": row.money });
        let got = json!({ "order": found.order, "money": found.money, "reference": found.reference });
        let mut tx = self.db.begin().await?;
        let mismatch = json!({ "asked": asked, "got": got });
        if repo::payment::hold(&mut tx, row, (why, &mismatch), self.db.now()).await? {
            tracing::error!(payment = %row.id, why, "a payment was put aside: its money is taken and brings nothing");
            let audit = NewAudit {
                actor: Actor::system("payments"),
                action: "payment.held".to_owned(),
                subject: format!("payment {}", row.id),
                before: asked,
                after: got,
            };
            self.identity.audit_in_tx(&mut tx, &audit).await?;
            let told = (EventKind::PaymentInReview, Some(why));
            notices::note_in_tx(&mut tx, row, told, self.db.now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Gives what was paid: a plan's month, a higher plan, or the credits that were ordered. Where there is no place for
    /// it any more it is put aside.
    pub(super) async fn settle(&self, row: &PaymentRow, found: &ProviderPayment, finder: Finder) -> Result<Acted> {
        for _ in 0..READS_MAX {
            let settled = match (&row.plan, &row.change) {
                (Some(part), _) => self.settle_plan(row, part, found).await,
                (None, Some(_)) => self.settle_change(row, found).await,
                (None, None) => self.settle_top_up(row, found, finder).await,
            };
            match settled {
                Ok(()) => {
                    self.promos.settle_soon(row.id).await;
                    if row.plan.is_some() || row.change.is_some() {
                        self.close_overtaken(row).await;
                    }
                    return Ok(Acted::Done);
                }
                Err(HookError::Refused(Undone::PlanMoved)) => {}
                Err(HookError::Refused(Undone::PaymentMoved)) => return Ok(Acted::Moved),
                Err(HookError::Refused(Undone::Taken(reason))) => {
                    self.put_aside(row, found, reason.code()).await?;
                    return Ok(Acted::Done);
                }
                Err(HookError::Failed(error)) => return Err(error),
            }
        }
        Err(Refusal::Unavailable.into())
    }

    async fn settle_top_up(
        &self,
        row: &PaymentRow,
        found: &ProviderPayment,
        finder: Finder,
    ) -> Result<(), HookError<Undone>> {
        let now = self.db.now();
        let catalog = self.catalog.view().await?;
        let waited = row.status != PaymentStatus::Pending && row.updated_at + TimeDelta::seconds(LATE_SECONDS) < now;
        let mail = match row.auto_top_up {
            Some(_) => charged(row, found),
            None => receipt(row, finder == Finder::Reconciler || waited),
        };
        let hook = self.settles(row, found, Brings::Credits, mail).await?;
        let grant = NewGrant {
            amount: row.credits,
            source: GrantSource::TopUp,
            label: row.title.clone(),
            priority: catalog.settings.burn_order.priority(BurnClass::TopUp),
            effective_at: None,
            expires_at: expiry(&catalog, row, now),
            cost: Some(row.money),
            reference: Some(format!("payment:{}", row.id)),
            limit: None,
        };
        self.ledger.submit_with(submission(row, grant), hook).await.map(drop)
    }

    /// Looks at open payments that are due and at messages that no job finished: what was lost on the way is found
    /// here.
    pub async fn reconcile(&self) -> Result<Reconciled> {
        let mut report = Reconciled::default();
        let began = Instant::now();
        while began.elapsed() < RUN_LONGEST {
            let due = repo::due::take_due(self.db.pool(), self.db.now(), TAKEN_MAX).await?;
            if due.is_empty() {
                break;
            }
            let asked = stream::iter(due).map(|id| async move { (id, self.refresh_as(id, Finder::Reconciler).await) });
            let mut asked = asked.buffer_unordered(ASKED_AT_ONCE);
            while let Some((id, checked)) = asked.next().await {
                report.note(id, checked);
            }
        }
        self.ask_about_closed_renewals(&mut report).await?;
        self.reconcile_setups(&mut report).await?;
        self.process_left_events(&mut report).await?;
        Ok(report)
    }
}

/// Says whether the money that the provider took is the money that we asked for, for this order.
pub(super) fn agrees(row: &PaymentRow, found: &ProviderPayment) -> bool {
    found.money == row.money && found.order == Some(row.id) && found.refunded_minor == 0
}

/// Makes the command that grants what was paid. The grant's end depends on the moment: what makes two settlements the same
/// is the payment alone.
pub(super) fn submission(row: &PaymentRow, grant: NewGrant) -> Submission {
    let key = IdempotencyKey::internal(format!("payment:{}", row.id));
    Submission::new(row.wallet, key, Actor::system("payments"), Command::Grant(grant))
        .with_request_hash(RequestHash::of(row.id.uuid().as_bytes()))
        .with_metadata(json!({ "payment": row.id, "provider": row.provider }))
}

/// Gives a place in the burn order before what is bought, whatever the catalog's order: a bonus goes first.
fn before_bought(order: &BurnOrder) -> i16 {
    order.priority(BurnClass::Promo).min(order.priority(BurnClass::TopUp).saturating_sub(1))
}

/// Gives the bonus of a payment's package: it lasts as long as the credits that were bought, and cost nothing.
pub(super) fn bonus_of(row: &PaymentRow, catalog: &CatalogView, now: DateTime<Utc>) -> Option<Owed> {
    row.bonus.is_positive().then(|| Owed {
        payment: row.id,
        kind: PromoKind::Bonus,
        account: row.account,
        wallet: row.wallet,
        credits: row.bonus,
        label: format!("{} bonus", row.title),
        priority: before_bought(&catalog.settings.burn_order),
        expires_at: expiry(catalog, row, now),
    })
}

fn expiry(catalog: &CatalogView, row: &PaymentRow, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match catalog.settings.top_up_expiry {
        Expiry::Months(months) => expiry_after(now, &time_zone::named(&row.time_zone), u32::from(months)),
        Expiry::Never | Expiry::NeverWhileActive | Expiry::PeriodEnd => None,
    }
}

fn charged(row: &PaymentRow, found: &ProviderPayment) -> Mail {
    Mail::AutoTopUpCharged(AutoTopUpMail {
        name: row.name.clone(),
        payment: row.id,
        credits: row.credits,
        money: row.money,
        method: found.method.clone().or_else(|| row.method_label.clone()),
    })
}

fn receipt(row: &PaymentRow, late: bool) -> Mail {
    let paid = PaidMail {
        name: row.name.clone(),
        payment: row.id,
        title: row.title.clone(),
        credits: row.credits,
        bonus: row.bonus,
        money: row.money,
    };
    if late { Mail::CreditsLate(paid) } else { Mail::Receipt(paid) }
}
