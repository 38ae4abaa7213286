//! Disputes: what is unused of a payment is frozen while its buyer's bank decides; won, it comes back; lost, what was
//! spent of it is taken as well. An inquiry moves nothing.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::super::model::{DisputeState, DisputeView};
use super::super::repo;
use super::super::repo::dispute::{DisputeRow, Moved};
use super::super::rule::disputed;
use super::{READS_MAX, Refunds, audit, follow_promos_in_tx};
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::{AccountId, DisputeId, PaymentId, WalletId};
use crate::idempotency::IdempotencyKey;
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::{Command, HookError, Outcome, RefusingHook, Submission};
use crate::money::{Credits, Money};
use crate::notify::webhook::{self, DisputeNotice, EventKind, Notice};
use crate::notify::{DisputeMail, DisputeStep, Mail, Notify};
use crate::payment::{DisputeStatus, ProviderDispute, Suspension};

/// The disputes of one list.
const LISTED_MAX: i64 = 200;

/// What a step of a dispute writes beside its entry, in the entry's transaction.
struct Step {
    id: DisputeId,
    payment: PaymentId,
    steps: (DisputeState, DisputeState),
    moves: fn(Credits, i64) -> Moved,
    credits: Credits,
    audit: NewAudit,
    mail: Option<(Mail, String, String)>,
    wallet: WalletId,
    told: Option<DisputeNotice>,
    notify: Notify,
    now: DateTime<Utc>,
}

/// Somebody else has moved the dispute.
struct Elsewhere;

impl Step {
    async fn record(&self, connection: &mut PgConnection, entry: Option<i64>) -> Result<(), HookError<Elsewhere>> {
        let moved = entry.map_or(Moved::Nothing, |seq| (self.moves)(self.credits, seq));
        if !repo::dispute::step(&mut *connection, self.id, self.steps, moved, self.now).await? {
            return Err(HookError::Refused(Elsewhere));
        }
        follow_promos_in_tx(connection, self.payment, self.now).await?;
        if let Some((mail, email, locale)) = &self.mail {
            self.notify.enqueue_mail_in_tx(connection, email, locale, mail).await?;
        }
        if let Some(told) = &self.told {
            webhook::note_in_tx(connection, self.wallet, &Notice::Dispute(told.clone()), self.now).await?;
        }
        Ok(identity::audit_in_tx(connection, &self.audit, self.now).await?)
    }
}

#[async_trait]
impl RefusingHook for Step {
    type Refusal = Elsewhere;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Elsewhere>> {
        if outcome.replayed { Ok(()) } else { self.record(connection, Some(outcome.seq())).await }
    }
}

impl Refunds {
    /// Lists disputes: open ones first, by their deadline.
    pub async fn disputes(&self) -> Result<Vec<DisputeView>> {
        let rows = repo::dispute::list(self.db.pool(), (None, None), LISTED_MAX).await?;
        Ok(rows.into_iter().map(|row| row.view).collect())
    }

    /// Counts the open disputes.
    pub async fn count_open_disputes(&self) -> Result<i64> {
        repo::dispute::count_open(self.db.pool()).await
    }

    /// Opens a dispute that a provider tells nothing of (`YooKassa`), for what was not given back of the payment. Where
    /// one is open already, that one is shown.
    pub async fn open_dispute(&self, by: &Actor, payment: PaymentId, reason: &str) -> Result<DisputeView> {
        let reason = identity::note(reason)?;
        let (row, assessed) = self.purchase(payment).await?;
        if self.payments.provider(&row.provider).is_some_and(|own| own.capabilities().disputes_via_webhook) {
            let message = "This provider tells of disputes by itself. They appear here without you.";
            return Err(Refusal::unprocessable("payment", Problem::NotAllowed, message).into());
        }
        if assessed.most_minor == 0 {
            let message = "All of this payment was given back already.";
            return Err(Refusal::unprocessable("payment", Problem::NotAllowed, message).into());
        }
        let new = repo::dispute::NewRow {
            id: DisputeId::new(),
            payment,
            provider_ref: None,
            state: DisputeState::Inquiry,
            reason,
            money: Money::from_minor(assessed.most_minor, row.purchase.total.currency()),
            evidence_by: None,
            by: by.name(),
        };
        let known = repo::dispute::list(self.db.pool(), (None, Some(payment)), LISTED_MAX).await?;
        let own = |row: &&DisputeRow| row.provider_ref.is_none() && !row.view.state.is_over();
        let id = match known.iter().find(own) {
            Some(known) => known.view.id,
            None => {
                repo::dispute::insert(self.db.pool(), &new, self.db.now()).await?;
                new.id
            }
        };
        self.move_dispute(by, id, DisputeState::Open).await
    }

    /// Ends a dispute that staff have opened.
    pub async fn end_dispute(&self, by: &Actor, id: DisputeId, is_won: bool) -> Result<DisputeView> {
        let row = self.dispute_row(id).await?;
        if row.provider_ref.is_some() {
            let message = "The provider decides this dispute. Answer it there; Scrip follows.";
            return Err(Refusal::unprocessable("dispute", Problem::NotAllowed, message).into());
        }
        self.move_dispute(by, id, if is_won { DisputeState::Won } else { DisputeState::Lost }).await
    }

    /// Acts on what the provider says of a dispute.
    pub(super) async fn follow_dispute(&self, payment: PaymentId, found: &ProviderDispute) -> Result<()> {
        let known = repo::dispute::list(self.db.pool(), (None, Some(payment)), LISTED_MAX).await?;
        let is_it = |row: &&DisputeRow| row.provider_ref.as_deref() == Some(&found.reference);
        let id = match known.iter().find(is_it) {
            Some(row) => row.view.id,
            None => {
                let new = repo::dispute::NewRow {
                    id: DisputeId::new(),
                    payment,
                    provider_ref: Some(&found.reference),
                    state: DisputeState::Inquiry,
                    reason: &found.reason,
                    money: found.money,
                    evidence_by: found.evidence_by,
                    by: "provider",
                };
                if !repo::dispute::insert(self.db.pool(), &new, self.db.now()).await? {
                    // Found at the same time elsewhere, where it is followed.
                    return Ok(());
                }
                new.id
            }
        };
        let by = Actor::system("refunds");
        let to = match found.status {
            DisputeStatus::Inquiry => return Ok(()),
            DisputeStatus::Closed => DisputeState::Closed,
            DisputeStatus::Open => DisputeState::Open,
            DisputeStatus::Won => DisputeState::Won,
            DisputeStatus::Lost => DisputeState::Lost,
        };
        // Events may be late: what was lost was open before, so that its credits are frozen first.
        if to == DisputeState::Lost {
            self.move_dispute(&by, id, DisputeState::Open).await?;
        }
        self.move_dispute(&by, id, to).await.map(drop)
    }

    /// Pauses auto top-up of an account's wallets while a payment of it is disputed, and lets it go on afterwards. A
    /// repeat changes nothing.
    pub(super) async fn pause_auto_top_up(&self, account: AccountId) -> Result<()> {
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, account).await?;
        if repo::dispute::is_open(&mut *tx, account).await? {
            self.payments.suspend_auto_top_ups_in_tx(&mut tx, account, Suspension::Dispute).await?;
        } else {
            self.payments.resume_auto_top_ups_in_tx(&mut tx, account, Suspension::Dispute).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Moves a dispute on, and what hangs on it; where it is there already, or over, nothing happens.
    async fn move_dispute(&self, by: &Actor, id: DisputeId, to: DisputeState) -> Result<DisputeView> {
        let seen = self.step_to(by, id, to).await?;
        let (row, _) = self.purchase(seen.payment).await?;
        self.pause_auto_top_up(row.account).await?;
        Ok(seen)
    }

    async fn step_to(&self, by: &Actor, id: DisputeId, to: DisputeState) -> Result<DisputeView> {
        for _ in 0..READS_MAX {
            let row = self.dispute_row(id).await?;
            if row.view.state.is_over() || row.view.state == to {
                return Ok(row.view);
            }
            match self.step_dispute(by, &row, to).await {
                Ok(()) => self.payments.promos().settle_soon(row.view.payment).await,
                Err(HookError::Refused(Elsewhere)) => {}
                // Spent since it was read: it is worked out anew.
                Err(HookError::Failed(Error::Refused(Refusal::Unprocessable { .. }))) => {}
                Err(HookError::Failed(error)) => return Err(error),
            }
        }
        Err(Refusal::Unavailable.into())
    }

    async fn step_dispute(&self, by: &Actor, row: &DisputeRow, to: DisputeState) -> Result<(), HookError<Elsewhere>> {
        let (purchase, _) = self.purchase(row.view.payment).await?;
        let of = &purchase.purchase;
        let key = |step: &str| IdempotencyKey::internal(format!("dispute:{}:{step}", row.view.id));
        let frozen = row.view.frozen;
        let (credits, moves, command): (Credits, fn(Credits, i64) -> Moved, _) = match to {
            DisputeState::Open => {
                let amount = disputed(of, row.view.money.minor()).min(of.unused);
                let void = Command::Void { grant: purchase.grant, amount, reason: "Payment disputed".to_owned() };
                (amount, Moved::Frozen, amount.is_positive().then_some((key("open"), void)))
            }
            DisputeState::Won => {
                let restore = |void| Command::Restore { void, reason: "Dispute won".to_owned() };
                (frozen, |_, seq| Moved::Restored(seq), row.frozen_seq.map(|void| (key("won"), restore(void))))
            }
            DisputeState::Lost => {
                let rest = disputed(of, row.view.money.minor()).checked_sub(frozen).unwrap_or_default();
                let left = of.granted.checked_sub(of.taken_back).unwrap_or_default();
                let amount = rest.min(left);
                let reason = "Dispute lost".to_owned();
                let clawback = Command::Clawback { grant: Some(purchase.grant), amount, reason };
                (amount, |_, seq| Moved::Lost(seq), amount.is_positive().then_some((key("lost"), clawback)))
            }
            DisputeState::Inquiry | DisputeState::Closed => (Credits::ZERO, |_, _| Moved::Nothing, None),
        };
        let after =
            json!({ "dispute": row.view.id, "state": to.code(), "credits": credits, "reason": row.view.reason });
        let step = Step {
            id: row.view.id,
            payment: row.view.payment,
            steps: (row.view.state, to),
            moves,
            credits,
            audit: audit(by, &format!("dispute.{}", to.code()), format!("payment {}", row.view.payment), after),
            mail: self.dispute_mail(row, purchase.account, (to, credits)).await?,
            wallet: purchase.wallet,
            told: told(row, (to, credits)),
            notify: self.notify.clone(),
            now: self.db.now(),
        };
        match command {
            Some((key, command)) => {
                let submission = Submission::new(purchase.wallet, key, by.clone(), command);
                self.ledger.submit_with(submission, step).await.map(drop)
            }
            None => {
                let mut tx = self.db.begin().await?;
                step.record(&mut tx, None).await?;
                Ok(tx.commit().await?)
            }
        }
    }

    /// The mail to the account's owner about a dispute that was opened or ended.
    async fn dispute_mail(
        &self,
        row: &DisputeRow,
        account: AccountId,
        (state, credits): (DisputeState, Credits),
    ) -> Result<Option<(Mail, String, String)>> {
        let step = match state {
            DisputeState::Open => DisputeStep::Opened,
            DisputeState::Won => DisputeStep::Won,
            DisputeState::Lost => DisputeStep::Lost,
            DisputeState::Inquiry | DisputeState::Closed => return Ok(None),
        };
        let owner = self.identity.owner(account).await?;
        let (payment, title, money) = (row.view.payment, row.view.title.clone(), row.view.money);
        let mail = Mail::Dispute(DisputeMail { name: owner.name, payment, title, step, money, credits });
        Ok(Some((mail, owner.email, owner.locale)))
    }

    async fn dispute_row(&self, id: DisputeId) -> Result<DisputeRow> {
        let found = repo::dispute::list(self.db.pool(), (Some(id), None), 1).await?.into_iter().next();
        Ok(found.ok_or_else(|| Refusal::not_found("dispute"))?)
    }
}

/// What endpoints are told of a dispute that was opened or ended; an inquiry moves nothing, and is not told.
fn told(row: &DisputeRow, (state, credits): (DisputeState, Credits)) -> Option<DisputeNotice> {
    let event = match state {
        DisputeState::Open => EventKind::DisputeOpened,
        DisputeState::Won => EventKind::DisputeWon,
        DisputeState::Lost => EventKind::DisputeLost,
        DisputeState::Inquiry | DisputeState::Closed => return None,
    };
    Some(DisputeNotice { event, payment: row.view.payment, money: row.view.money, credits })
}
