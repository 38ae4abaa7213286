//! A person asks, looks how far it is, and takes it back.

use chrono::{DateTime, Datelike, TimeDelta, Utc, Weekday};

use super::super::model::{
    ChargeObstacle, NewRefundRequest, RefundAbout, RefundChoices, RefundReason, RefundRequest, RequestState,
};
use super::super::repo;
use super::super::repo::request::{Filter, NewRow};
use super::super::rule::{Assessment, assess};
use super::{Refunds, TEXT_MAX};
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, PaymentId, RefundRequestId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Viewer;
use crate::ledger::{EntryKind, EntryView};
use crate::money::{Credits, Money};
use crate::notify::webhook::{self, EventKind, Notice, RefundNotice};
use crate::notify::{Mail, RefundMail, RefundStep};

/// The purchases and requests of one list.
const LISTED_MAX: i64 = 200;
/// Working days until staff reply.
const REPLY_DAYS: u8 = 2;
/// How long after a charge its credits can be asked back.
const CHARGE_DAYS: i64 = 90;

impl Refunds {
    /// Lists what a person can ask for: purchases with what the rule says of each, and the charge that is named.
    pub async fn choices(&self, viewer: &Viewer, charge: Option<i64>) -> Result<RefundChoices> {
        let purchases = self.purchases(Some(viewer.account), None).await?;
        let charge = match charge {
            Some(seq) => self.charge(viewer.wallet, seq).await?,
            None => None,
        };
        let available = self.ledger.balance(viewer.wallet).await?.available;
        Ok(RefundChoices { purchases, charge, available, reply_days: REPLY_DAYS })
    }

    /// Sends a request; the same key gives the same one. Refused where the rule gives nothing, by its reason.
    pub async fn ask(&self, viewer: &Viewer, new: &NewRefundRequest, key: &str) -> Result<RefundRequest> {
        if !viewer.role.may_pay() {
            let why = "Only the owner and admins of the account may ask for a refund.".to_owned();
            return Err(Refusal::Forbidden { why }.into());
        }
        let key = IdempotencyKey::parse(key)?;
        let hash = RequestHash::of(&serde_json::to_vec(&("refund", new))?);
        if let Some((known, earlier)) = repo::request::by_key(self.db.pool(), viewer.account, key.as_str()).await? {
            if earlier != hash.as_bytes() {
                return Err(Refusal::IdempotencyMismatch.into());
            }
            return self.request(viewer, known).await;
        }
        let details = new.details.trim();
        if details.chars().count() > TEXT_MAX {
            let message = format!("At most {TEXT_MAX} characters.");
            return Err(Refusal::invalid("details", Problem::TooLong, message).into());
        }
        if new.reason == RefundReason::Other && details.is_empty() {
            let message = "Say in a few words why you want it back.";
            return Err(Refusal::invalid("details", Problem::Required, message).into());
        }
        let (title, asked, credits, wallet) = self.asked(viewer, new.about).await?;
        let now = self.db.now();
        let row = NewRow {
            account: viewer.account,
            wallet,
            user: viewer.user,
            key: key.as_str(),
            hash: hash.as_bytes(),
            about: new.about,
            title: &title,
            reason: new.reason,
            details,
            asked,
            asked_credits: credits,
            reply_by: working_days_after(now, REPLY_DAYS),
        };
        let mut tx = self.db.begin().await?;
        let Some(id) = repo::request::insert(&mut *tx, &row, now).await? else {
            drop(tx);
            // The same form at the same time, or another request about the same thing.
            if let Some((known, _)) = repo::request::by_key(self.db.pool(), viewer.account, key.as_str()).await? {
                return self.request(viewer, known).await;
            }
            return Err(asked_before().into());
        };
        let made = repo::request::list(&mut *tx, Filter { id: Some(id), ..Filter::default() }, 1).await?;
        let made = made.into_iter().next().ok_or_else(|| Refusal::not_found("request"))?;
        let mail = mail(&made, RefundStep::Asked, None);
        self.notify.enqueue_mail_in_tx(&mut tx, &viewer.email, &viewer.locale, &mail).await?;
        let told = told(&made, EventKind::RefundRequested);
        webhook::note_in_tx(&mut tx, wallet, &Notice::Refund(told), now).await?;
        tx.commit().await?;
        if !self.is_automatic(asked).await? {
            return Ok(made);
        }
        match self.approve_automatically(id).await {
            Ok(approved) => Ok(approved),
            // It waits for staff like any other.
            Err(error) => {
                tracing::warn!(request = %id, %error, "a request was not approved by itself");
                Ok(made)
            }
        }
    }

    /// Whether the catalog approves an amount without staff.
    async fn is_automatic(&self, asked: Option<Money>) -> Result<bool> {
        let limit = self.catalog.view().await?.settings.refund.and_then(|policy| policy.automatic_up_to);
        let fits = |asked: Money, limit: Money| asked.currency() == limit.currency() && asked.minor() <= limit.minor();
        Ok(asked.zip(limit).is_some_and(|(asked, limit)| fits(asked, limit)))
    }

    /// What a request is about, for people, and what it asks for.
    async fn asked(&self, viewer: &Viewer, about: RefundAbout) -> Result<(String, Option<Money>, Credits, WalletId)> {
        match about {
            RefundAbout::Payment { id } => {
                let found = self.purchases(Some(viewer.account), Some(id)).await?.into_iter().next();
                let found = found.ok_or_else(|| Refusal::not_found("payment"))?;
                let offer = found.verdict.map_err(|_| {
                    let message = "This purchase can't be refunded under the refund rule. Choose another one.";
                    Refusal::unprocessable("payment", Problem::NotAllowed, message)
                })?;
                let wallet = self.payments.payment(viewer, id).await?.wallet;
                Ok((found.purchase.title, Some(offer.money), offer.credits, wallet))
            }
            RefundAbout::Charge { seq } => {
                let found = self.charge(viewer.wallet, seq).await?.ok_or_else(|| Refusal::not_found("entry"))?;
                let (entry, obstacle) = found;
                match obstacle {
                    Ok(()) => {}
                    Err(ChargeObstacle::Asked) => return Err(asked_before().into()),
                    Err(_) => {
                        let message = "Credits can't be given back for this entry.";
                        return Err(Refusal::unprocessable("charge", Problem::NotAllowed, message).into());
                    }
                }
                let credits = entry.amount.checked_neg().unwrap_or_default();
                let title = entry.title.or(entry.operation).unwrap_or_default();
                Ok((title, None, credits, viewer.wallet))
            }
        }
    }

    /// Shows a request of the person's account.
    pub async fn request(&self, viewer: &Viewer, id: RefundRequestId) -> Result<RefundRequest> {
        let filter = Filter { id: Some(id), account: Some(viewer.account), states: &[] };
        let found = repo::request::list(self.db.pool(), filter, 1).await?.into_iter().next();
        Ok(found.ok_or_else(|| Refusal::not_found("refund request"))?)
    }

    /// Lists the account's requests, newest first.
    pub async fn requests(&self, account: AccountId) -> Result<Vec<RefundRequest>> {
        let filter = Filter { account: Some(account), ..Filter::default() };
        let mut found = repo::request::list(self.db.pool(), filter, LISTED_MAX).await?;
        found.sort_by_key(|request| std::cmp::Reverse(request.created_at));
        Ok(found)
    }

    /// Takes a request back that waits; a repeat changes nothing. Refused where it was decided meanwhile.
    pub async fn withdraw(&self, viewer: &Viewer, id: RefundRequestId) -> Result<RefundRequest> {
        let seen = self.request(viewer, id).await?;
        if !viewer.role.may_pay() {
            let why = "Only the owner and admins of the account may withdraw a request.".to_owned();
            return Err(Refusal::Forbidden { why }.into());
        }
        let steps = (RequestState::Waiting, RequestState::Withdrawn);
        let done = repo::request::step(self.db.pool(), id, steps, self.db.now()).await?;
        if !done && seen.state != RequestState::Withdrawn {
            let message = "This request has been decided in the meantime.";
            return Err(Refusal::unprocessable("request", Problem::NotAllowed, message).into());
        }
        self.request(viewer, id).await
    }

    /// Applies the rule to purchases of an account, newest first, or to one payment.
    pub(super) async fn purchases(
        &self,
        account: Option<AccountId>,
        payment: Option<PaymentId>,
    ) -> Result<Vec<Assessment>> {
        let policy = self.catalog.view().await?.settings.refund;
        let now = self.db.now();
        let rows = repo::purchase::list(self.db.pool(), (account, payment), now, LISTED_MAX).await?;
        Ok(rows.into_iter().map(|row| assess(policy.as_ref(), row.purchase, now)).collect())
    }

    /// Finds an entry, and says whether its credits can be asked back.
    async fn charge(&self, wallet: WalletId, seq: i64) -> Result<Option<(EntryView, Result<(), ChargeObstacle>)>> {
        let detail = match self.ledger.entry(wallet, seq).await {
            Ok(detail) => detail,
            Err(crate::error::Error::Refused(Refusal::NotFound { .. })) => return Ok(None),
            Err(error) => return Err(error),
        };
        let entry = detail.entry;
        let is_charge = matches!(entry.kind, EntryKind::Charge | EntryKind::Capture) && entry.amount.is_negative();
        let is_back = detail.timeline.iter().any(|other| other.kind == EntryKind::CreditBack);
        let is_old = entry.created_at + TimeDelta::days(CHARGE_DAYS) <= self.db.now();
        let obstacle = match () {
            () if !is_charge => Err(ChargeObstacle::NotCharged),
            () if is_back => Err(ChargeObstacle::GivenBack),
            () if repo::request::is_asked(self.db.pool(), wallet, seq).await? => Err(ChargeObstacle::Asked),
            () if is_old => Err(ChargeObstacle::TooOld),
            () => Ok(()),
        };
        Ok(Some((entry, obstacle)))
    }
}

fn asked_before() -> Refusal {
    let message = "There is a request about this already. See your refund requests.";
    Refusal::unprocessable("about", Problem::Taken, message)
}

/// The mail about a step of a request.
pub(super) fn mail(request: &RefundRequest, step: RefundStep, message: Option<&str>) -> Mail {
    Mail::Refund(RefundMail {
        name: request.sent_by.0.clone(),
        request: request.id,
        number: request.number,
        title: request.title.clone(),
        step,
        money: request.granted.or(request.asked),
        credits: request.granted_credits.unwrap_or(request.asked_credits),
        message: message.map(str::to_owned),
        reply_by: request.reply_by,
    })
}

/// What endpoints are told of a step of a request.
pub(super) fn told(request: &RefundRequest, event: EventKind) -> RefundNotice {
    RefundNotice {
        event,
        request: Some(request.id),
        payment: match request.about {
            RefundAbout::Payment { id } => Some(id),
            RefundAbout::Charge { .. } => None,
        },
        money: request.granted.or(request.asked),
        credits: request.granted_credits.unwrap_or(request.asked_credits),
        reason: None,
    }
}

/// The same time so many working days later.
fn working_days_after(from: DateTime<Utc>, days: u8) -> DateTime<Utc> {
    let (mut at, mut left) = (from, days);
    while left > 0 {
        at += TimeDelta::days(1);
        if !matches!(at.weekday(), Weekday::Sat | Weekday::Sun) {
            left = left.saturating_sub(1);
        }
    }
    at
}
