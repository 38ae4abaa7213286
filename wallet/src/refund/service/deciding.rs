//! Staff decide: the queue, approve all or a part, refuse with words, and refund without a request.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::super::model::{RefundAbout, RefundRequest, RefundState, RefundView, RequestState, StaffRefundRequest};
use super::super::repo;
use super::super::repo::purchase::PurchaseRow;
use super::super::repo::request::{Decided, Filter};
use super::super::rule::{Assessment, Offer, assess, offer_of};
use super::asking::{mail, told};
use super::{READS_MAX, Refunds, TEXT_MAX, audit, follow_promos_in_tx};
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::{PaymentId, RefundId, RefundRequestId, WalletId};
use crate::idempotency::IdempotencyKey;
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::{Command, HookError, Outcome, RefusingHook, Submission};
use crate::money::{Credits, Money};
use crate::notify::webhook::{self, EventKind, Notice, RefundNotice};
use crate::notify::{Mail, Notify, RefundStep};

/// The requests of one list.
const LISTED_MAX: i64 = 200;

/// Requests for staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundQueue {
    /// The requests: those that wait by their deadline, then the newest.
    pub requests: Vec<RefundRequest>,
    /// How many there are in each state.
    pub counts: BTreeMap<&'static str, i64>,
}

/// Why a decision was undone.
enum Undone {
    /// Somebody else has decided, or the payment has no money left for it.
    Moved,
}

/// What a decision writes beside its entry, in the entry's transaction.
struct Decision {
    request: Option<RefundRequest>,
    refund: Option<(RefundId, PaymentId, Offer, &'static str)>,
    credits: Option<Credits>,
    message: String,
    by: Actor,
    audit: NewAudit,
    mail: Option<(Mail, String, String)>,
    told: (WalletId, RefundNotice),
    notify: Notify,
    now: DateTime<Utc>,
}

impl Decision {
    async fn record(&self, connection: &mut PgConnection, entry: Option<i64>) -> Result<(), HookError<Undone>> {
        if let Some(request) = &self.request {
            let decided = Decided {
                to: RequestState::Approved,
                by: self.by.name(),
                message: &self.message,
                granted: self.refund.as_ref().map(|(_, _, offer, _)| offer.money),
                credits: self.credits,
                entry: entry.filter(|_| self.refund.is_none()),
            };
            if !repo::request::decide(&mut *connection, request.id, &decided, self.now).await? {
                return Err(HookError::Refused(Undone::Moved));
            }
        }
        if let Some((id, payment, offer, source)) = self.refund {
            let row = repo::refund::NewRow {
                id,
                payment,
                request: self.request.as_ref().map(|request| request.id),
                source,
                offer,
                taken_seq: entry,
                state: RefundState::Created,
                provider_ref: None,
                by: self.by.name(),
            };
            if !repo::refund::insert(&mut *connection, &row, self.now).await? {
                return Err(HookError::Refused(Undone::Moved));
            }
            follow_promos_in_tx(connection, payment, self.now).await?;
        }
        if let Some((mail, email, locale)) = &self.mail {
            self.notify.enqueue_mail_in_tx(connection, email, locale, mail).await?;
        }
        let (wallet, told) = &self.told;
        webhook::note_in_tx(connection, *wallet, &Notice::Refund(told.clone()), self.now).await?;
        Ok(identity::audit_in_tx(connection, &self.audit, self.now).await?)
    }
}

#[async_trait]
impl RefusingHook for Decision {
    type Refusal = Undone;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Undone>> {
        if outcome.replayed { Ok(()) } else { self.record(connection, Some(outcome.seq())).await }
    }
}

impl Refunds {
    /// Lists requests for staff, those of one state where one is named.
    pub async fn queue(&self, state: Option<RequestState>) -> Result<RefundQueue> {
        let states: Vec<&str> = state.iter().map(|state| state.code()).collect();
        let filter = Filter { states: &states, ..Filter::default() };
        let requests = repo::request::list(self.db.pool(), filter, LISTED_MAX).await?;
        let counts = repo::request::counts(self.db.pool()).await?;
        Ok(RefundQueue { requests, counts: counts.into_iter().map(|(state, count)| (state.code(), count)).collect() })
    }

    /// Counts the requests that wait for staff.
    pub async fn count_waiting(&self) -> Result<i64> {
        let counts = repo::request::counts(self.db.pool()).await?;
        Ok(counts.into_iter().find(|(state, _)| *state == RequestState::Waiting).map_or(0, |(_, count)| count))
    }

    /// Shows a request with what the rule says of the account's purchases; the one in question first.
    pub async fn staff_request(&self, id: RefundRequestId) -> Result<StaffRefundRequest> {
        let request = self.to_decide(id).await?;
        let mut purchases = self.purchases(Some(request.account), None).await?;
        if let RefundAbout::Payment { id } = request.about {
            purchases.sort_by_key(|assessment| assessment.purchase.payment != id);
        }
        let available = self.ledger.balance(request.wallet).await?.available;
        let refund = repo::refund::list(self.db.pool(), (None, Some(id), None)).await?.into_iter().next();
        Ok(StaffRefundRequest { request, purchases, available, refund: refund.map(|row| row.view) })
    }

    /// Says yes to a request: takes the credits that go with the money, and sends the money; or gives the credits for an
    /// operation back. `amount` is what goes back at most: all that the rule gives where nothing is said, and needed
    /// where the rule gives nothing. A repeat changes nothing.
    pub async fn approve(
        &self,
        by: &Actor,
        id: RefundRequestId,
        amount: Option<Money>,
        message: &str,
    ) -> Result<RefundRequest> {
        self.approve_with(by, id, amount, reply(message)?).await
    }

    /// Approves a request for the catalog's rule, where it allows that without staff.
    pub(super) async fn approve_automatically(&self, id: RefundRequestId) -> Result<RefundRequest> {
        self.approve_with(&Actor::system("refunds"), id, None, "").await
    }

    async fn approve_with(
        &self,
        by: &Actor,
        id: RefundRequestId,
        amount: Option<Money>,
        message: &str,
    ) -> Result<RefundRequest> {
        for _ in 0..READS_MAX {
            let request = self.to_decide(id).await?;
            match request.state {
                RequestState::Waiting => {}
                RequestState::Approved | RequestState::Paid => return Ok(request),
                _ => return Err(decided().into()),
            }
            let done = match request.about {
                RefundAbout::Payment { id } => self.approve_money(by, &request, id, amount, message).await,
                RefundAbout::Charge { seq } => self.approve_credits(by, &request, seq, message).await,
            };
            match done {
                Ok(()) => return self.to_decide(id).await,
                Err(HookError::Refused(Undone::Moved)) => {}
                // What was worked out may be another one's decision already: then that one is told.
                Err(HookError::Failed(error @ Error::Refused(Refusal::Unprocessable { .. }))) => {
                    if self.to_decide(request.id).await?.state == RequestState::Waiting {
                        return Err(error);
                    }
                }
                Err(HookError::Failed(error)) => return Err(error),
            }
        }
        Err(Refusal::Unavailable.into())
    }

    async fn approve_money(
        &self,
        by: &Actor,
        request: &RefundRequest,
        payment: PaymentId,
        amount: Option<Money>,
        message: &str,
    ) -> Result<(), HookError<Undone>> {
        let (row, assessed) = self.purchase(payment).await?;
        let offer = offer(&assessed, amount)?;
        let refund = RefundId::new();
        let shown =
            RefundRequest { granted: Some(offer.money), granted_credits: Some(offer.credits), ..request.clone() };
        let after =
            json!({ "request": request.number, "money": offer.money, "credits": offer.credits, "message": message });
        let decision = Decision {
            request: Some(request.clone()),
            refund: Some((refund, payment, offer, "request")),
            credits: Some(offer.credits),
            message: message.to_owned(),
            by: by.clone(),
            audit: audit(by, "refund.approved", format!("payment {payment}"), after),
            mail: self.letter(&shown, RefundStep::Approved, message).await?,
            told: (row.wallet, told(&shown, EventKind::RefundApproved)),
            notify: self.notify.clone(),
            now: self.db.now(),
        };
        let reason = format!("Refund R-{}", request.number);
        self.take_and_send(&row, decision, (refund, offer), by, &reason).await
    }

    /// Takes the credits with the decision in one transaction; then the money goes.
    async fn take_and_send(
        &self,
        row: &PurchaseRow,
        decision: Decision,
        (refund, offer): (RefundId, Offer),
        by: &Actor,
        reason: &str,
    ) -> Result<(), HookError<Undone>> {
        if offer.credits.is_positive() {
            let command = Command::Void { grant: row.grant, amount: offer.credits, reason: reason.to_owned() };
            let key = IdempotencyKey::internal(format!("refund:{refund}"));
            let submission = Submission::new(row.wallet, key, by.clone(), command);
            match self.ledger.submit_with(submission, decision).await {
                Ok(_) => {}
                // Spent since it was read: it is worked out anew.
                Err(HookError::Failed(Error::Refused(Refusal::Unprocessable { .. } | Refusal::NotFound { .. }))) => {
                    return Err(HookError::Refused(Undone::Moved));
                }
                Err(error) => return Err(error),
            }
        } else {
            let mut tx = self.db.begin().await?;
            decision.record(&mut tx, None).await?;
            tx.commit().await?;
        }
        self.send_soon(refund);
        Ok(())
    }

    async fn approve_credits(
        &self,
        by: &Actor,
        request: &RefundRequest,
        seq: i64,
        message: &str,
    ) -> Result<(), HookError<Undone>> {
        let credits = request.asked_credits;
        let shown = RefundRequest { granted_credits: Some(credits), ..request.clone() };
        let after = json!({ "request": request.number, "credits": credits, "message": message });
        let decision = Decision {
            request: Some(request.clone()),
            refund: None,
            credits: Some(credits),
            message: message.to_owned(),
            by: by.clone(),
            audit: audit(by, "refund.approved", format!("charge {seq} of {}", request.wallet), after),
            mail: self.letter(&shown, RefundStep::CreditsBack, message).await?,
            told: (request.wallet, told(&shown, EventKind::RefundApproved)),
            notify: self.notify.clone(),
            now: self.db.now(),
        };
        let command = Command::CreditBack { charge: seq, reason: format!("Refund R-{}", request.number) };
        let key = IdempotencyKey::internal(format!("refund-request:{}", request.id));
        let submission = Submission::new(request.wallet, key, by.clone(), command);
        self.ledger.submit_with(submission, decision).await.map(drop)
    }

    /// Says no to a request, with words for its person. A repeat changes nothing.
    pub async fn refuse(&self, by: &Actor, id: RefundRequestId, message: &str) -> Result<RefundRequest> {
        let message = reply(message)?;
        let request = self.to_decide(id).await?;
        match request.state {
            RequestState::Waiting => {}
            RequestState::Refused => return Ok(request),
            _ => return Err(decided().into()),
        }
        let now = self.db.now();
        let letter = self.letter(&request, RefundStep::Refused, message).await?;
        let mut tx = self.db.begin().await?;
        let no =
            Decided { to: RequestState::Refused, by: by.name(), message, granted: None, credits: None, entry: None };
        if !repo::request::decide(&mut *tx, id, &no, now).await? {
            return Err(decided().into());
        }
        if let Some((mail, email, locale)) = letter {
            self.notify.enqueue_mail_in_tx(&mut tx, &email, &locale, &mail).await?;
        }
        let told = told(&request, EventKind::RefundRefused);
        webhook::note_in_tx(&mut tx, request.wallet, &Notice::Refund(told), now).await?;
        let after = json!({ "request": request.number, "message": message });
        let note = audit(by, "refund.refused", format!("refund request {id}"), after);
        self.identity.audit_in_tx(&mut tx, &note).await?;
        tx.commit().await?;
        self.to_decide(id).await
    }

    /// Refunds a payment without a request: an amount, or all that the rule gives. Each call is a refund of its own,
    /// unless its id was given before: that one is shown.
    pub async fn refund(
        &self,
        by: &Actor,
        refund: RefundId,
        payment: PaymentId,
        amount: Option<Money>,
        note: &str,
    ) -> Result<RefundView> {
        let note = identity::note(note)?;
        for _ in 0..READS_MAX {
            if let Some(known) = self.refund_row(refund).await? {
                return Ok(known.view);
            }
            let (row, assessed) = self.purchase(payment).await?;
            let offer = offer(&assessed, amount)?;
            let after = json!({ "refund": refund, "money": offer.money, "credits": offer.credits, "note": note });
            let decision = Decision {
                request: None,
                refund: Some((refund, payment, offer, "staff")),
                credits: None,
                message: String::new(),
                by: by.clone(),
                audit: audit(by, "refund.made", format!("payment {payment}"), after),
                mail: None,
                told: (row.wallet, of_money(payment, offer)),
                notify: self.notify.clone(),
                now: self.db.now(),
            };
            match self.take_and_send(&row, decision, (refund, offer), by, "Refund").await {
                Ok(()) | Err(HookError::Refused(Undone::Moved)) => {}
                Err(HookError::Failed(error)) => return Err(error),
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// Reads a purchase, and applies the rule.
    pub(super) async fn purchase(&self, payment: PaymentId) -> Result<(PurchaseRow, Assessment)> {
        let (now, policy) = (self.db.now(), self.catalog.view().await?.settings.refund);
        let found = repo::purchase::list(self.db.pool(), (None, Some(payment)), now, 1).await?.into_iter().next();
        let row = found.ok_or_else(|| {
            let message = "This payment brought no credits that can be taken back. Refund it at the provider.";
            Refusal::unprocessable("payment", Problem::NotAllowed, message)
        })?;
        let assessed = assess(policy.as_ref(), row.purchase.clone(), now);
        Ok((row, assessed))
    }

    async fn to_decide(&self, id: RefundRequestId) -> Result<RefundRequest> {
        let filter = Filter { id: Some(id), ..Filter::default() };
        let found = repo::request::list(self.db.pool(), filter, 1).await?.into_iter().next();
        Ok(found.ok_or_else(|| Refusal::not_found("refund request"))?)
    }

    /// Makes the mail to a request's person, in the account owner's language.
    async fn letter(
        &self,
        request: &RefundRequest,
        step: RefundStep,
        message: &str,
    ) -> Result<Option<(Mail, String, String)>> {
        let locale = self.identity.owner(request.account).await?.locale;
        Ok(Some((
            mail(request, step, Some(message).filter(|text| !text.is_empty())),
            request.sent_by.1.clone(),
            locale,
        )))
    }
}

/// What endpoints are told of a refund that nobody asked for.
fn of_money(payment: PaymentId, offer: Offer) -> RefundNotice {
    let (event, money, credits) = (EventKind::RefundApproved, Some(offer.money), offer.credits);
    RefundNotice { event, request: None, payment: Some(payment), money, credits, reason: None }
}

/// What goes back: by the rule, or what staff have named.
fn offer(assessed: &Assessment, amount: Option<Money>) -> Result<Offer> {
    let Some(amount) = amount else {
        return Ok(assessed.verdict.map_err(|_| {
            let message = "The refund rule gives nothing back here. Enter the amount to refund all the same.";
            Refusal::unprocessable("amount", Problem::Required, message)
        })?);
    };
    let offered =
        offer_of(assessed, amount.minor()).filter(|_| amount.currency() == assessed.purchase.total.currency());
    Ok(offered.ok_or_else(|| {
        let most = Money::from_minor(assessed.most_minor, assessed.purchase.total.currency());
        Refusal::unprocessable("amount", Problem::TooLarge, format!("Enter an amount above zero, at most {most}."))
    })?)
}

fn reply(message: &str) -> Result<&str> {
    let message = message.trim();
    if message.is_empty() {
        return Err(Refusal::invalid("message", Problem::Required, "Write a few words to the customer.").into());
    }
    if message.chars().count() > TEXT_MAX {
        let text = format!("At most {TEXT_MAX} characters.");
        return Err(Refusal::invalid("message", Problem::TooLong, text).into());
    }
    Ok(message)
}

fn decided() -> Refusal {
    let message = "This request has been decided or withdrawn in the meantime. Load it again.";
    Refusal::unprocessable("request", Problem::NotAllowed, message)
}
