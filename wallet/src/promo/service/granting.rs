//! What payments bring for nothing: granted by a step with a key of its own, taken back as far as it is unused where the
//! money went back, and given again where it did not go.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{Promos, READS_MAX};
use crate::error::{Error, Refusal, Result};
use crate::id::{PaymentId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::{Command, GrantSource, HookError, NewGrant, Outcome, RefusingHook, Submission};
use crate::promo::repo;
use crate::promo::repo::grant::PromoGrantRow;
pub(crate) use crate::promo::repo::grant::{Owed, PromoKind};

/// How many payments a run takes.
const TAKEN_MAX: i64 = 100;
/// Whoever has taken one is given so long before another one takes it.
const LEASE_SECONDS: i64 = 60;
/// After so many minutes it is looked again at credits that were set aside for a job.
const HELD_MINUTES: i64 = 10;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenPromos {
    /// Payments of which everything is where it is to be.
    pub payments: u32,
    /// Payments that stay for the next run.
    pub failed: u32,
}

/// Writes down what a payment brings for nothing, in its transaction.
pub(crate) async fn owe_in_tx(connection: &mut PgConnection, owed: &Owed, now: DateTime<Utc>) -> Result<()> {
    repo::grant::insert(connection, owed, now).await
}

/// Says that all money of a payment went back, or that some of it is here after all, in the transaction of that: what it
/// brought for nothing is taken as far as it is unused, or given again, by steps of their own.
pub(crate) async fn take_back_in_tx(
    connection: &mut PgConnection,
    payment: PaymentId,
    is_all_back: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    repo::grant::want(connection, payment, !is_all_back, now).await
}

/// What a step has done.
#[derive(Clone, Copy)]
enum Step {
    Given,
    Taken,
    Back,
}

/// Notes a step in the transaction of its entry.
struct Stepped {
    of: PromoGrantRow,
    step: Step,
    now: DateTime<Utc>,
}

/// Another node was first: it is read anew.
struct Moved;

/// What is next for a row.
enum Next {
    /// It is read again, and done with where nothing is due.
    Read,
    /// Its credits are set aside for a job: it is looked at again later.
    Wait,
}

#[async_trait]
impl RefusingHook for Stepped {
    type Refusal = Moved;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Moved>> {
        let (of, seq) = (&self.of, outcome.seq());
        let is_noted = match self.step {
            Step::Given => repo::grant::set_given(connection, of, seq, self.now).await?,
            Step::Taken => repo::grant::set_taken(connection, of, seq, self.now).await?,
            Step::Back => repo::grant::set_back(connection, of, self.now).await?,
        };
        if is_noted { Ok(()) } else { Err(HookError::Refused(Moved)) }
    }
}

impl Promos {
    /// Gives and takes what is due of one payment. Safe to call at any time, by anybody, as often as one likes.
    pub(crate) async fn settle(&self, payment: PaymentId) -> Result<()> {
        self.settle_where(payment, |_| true).await
    }

    /// Does the same for what is in one wallet; what is in others waits for nobody, and is found by the job.
    pub(crate) async fn settle_in(&self, payment: PaymentId, wallet: WalletId) -> Result<()> {
        self.settle_where(payment, |of| of.owed.wallet == wallet).await?;
        self.settle_soon(payment).await;
        Ok(())
    }

    /// One that fails keeps no other one waiting; the first failure is told.
    async fn settle_where(&self, payment: PaymentId, is_meant: impl Fn(&PromoGrantRow) -> bool + Send) -> Result<()> {
        let (mut waits, mut failure) = (Vec::new(), None);
        for _ in 0..READS_MAX {
            let mut due = repo::grant::due_of(self.db.pool(), payment).await?;
            due.retain(|of| is_meant(of) && !waits.contains(&of.owed.kind));
            if due.is_empty() {
                return failure.map_or(Ok(()), Err);
            }
            for of in &due {
                match self.step(of).await {
                    // One that has moved is read anew.
                    Ok(Next::Read) | Err(HookError::Refused(Moved)) => {}
                    Ok(Next::Wait) => waits.push(of.owed.kind),
                    Err(HookError::Failed(error)) => {
                        waits.push(of.owed.kind);
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// Does the same for somebody who has to go on: what is left is found by the job.
    pub(crate) async fn settle_soon(&self, payment: PaymentId) {
        if let Err(error) = self.settle(payment).await {
            tracing::warn!(%payment, %error, "what a payment brings for nothing waits; it is tried again");
        }
    }

    /// Gives and takes what is due of any payment: what was lost on the way is found here.
    pub async fn run_due(&self) -> Result<GivenPromos> {
        let mut report = GivenPromos::default();
        let now = self.db.now();
        let again = now + TimeDelta::seconds(LEASE_SECONDS);
        for payment in repo::grant::take_due(self.db.pool(), now, again, TAKEN_MAX).await? {
            match self.settle(payment).await {
                Ok(()) => report.payments = report.payments.saturating_add(1),
                Err(error) => {
                    tracing::error!(%payment, %error, "what a payment brings for nothing could not be settled");
                    report.failed = report.failed.saturating_add(1);
                }
            }
        }
        Ok(report)
    }

    async fn step(&self, of: &PromoGrantRow) -> Result<Next, HookError<Moved>> {
        match (of.entry_seq, of.taken_seq, of.is_wanted) {
            (None, _, true) => self.give(of).await,
            // The money went back before it was given.
            (None, _, false) => self.done(of).await,
            (Some(seq), None, false) => self.take(of, seq).await,
            (_, Some(void), true) => {
                let command = Command::Restore { void, reason: "The refund did not arrive".to_owned() };
                let key = format!("{}:back:{}", name_of(of), of.turns);
                match self.submit(of, (command, key), Step::Back).await {
                    // Its row is archived by now: a gift by staff is what is left.
                    Err(HookError::Failed(Error::Refused(refusal @ Refusal::Unprocessable { .. }))) => {
                        let name = name_of(of);
                        tracing::error!(%refusal, promotion = name, "credits that were taken back can't be given again");
                        self.done(of).await
                    }
                    done => done,
                }
            }
            (Some(_), None, true) | (Some(_), Some(_), false) => self.done(of).await,
        }
    }

    async fn done(&self, of: &PromoGrantRow) -> Result<Next, HookError<Moved>> {
        repo::grant::set_done(self.db.pool(), of).await?;
        Ok(Next::Read)
    }

    async fn give(&self, of: &PromoGrantRow) -> Result<Next, HookError<Moved>> {
        let owed = &of.owed;
        let grant = NewGrant {
            priority: owed.priority,
            expires_at: owed.expires_at,
            reference: Some(name_of(of)),
            ..NewGrant::new(owed.credits, GrantSource::Promo, owed.label.clone())
        };
        self.submit(of, (Command::Grant(grant), name_of(of)), Step::Given).await
    }

    /// Takes what is unused of a grant; where nothing is, nothing is to be done. While some of it is set aside for a job,
    /// it waits: what comes back of that is unused as well.
    async fn take(&self, of: &PromoGrantRow, seq: i64) -> Result<Next, HookError<Moved>> {
        let now = self.db.now();
        let grants = self.ledger.balance(of.owed.wallet).await?.grants;
        let is_it =
            |grant: &&crate::ledger::GrantView| grant.seq == seq && grant.expires_at.is_none_or(|end| end > now);
        let Some(found) = grants.iter().find(is_it) else { return self.done(of).await };
        if found.held.is_positive() {
            let again = now + TimeDelta::minutes(HELD_MINUTES);
            repo::grant::put_off(self.db.pool(), of, again).await?;
            return Ok(Next::Wait);
        }
        let reason = "The payment was refunded".to_owned();
        let command = Command::Void { grant: found.id, amount: found.remaining, reason };
        let key = format!("{}:take:{}", name_of(of), of.turns);
        match self.submit(of, (command, key), Step::Taken).await {
            // Spent since it was read: it is read anew.
            Err(HookError::Failed(Error::Refused(Refusal::Unprocessable { .. } | Refusal::NotFound { .. }))) => {
                Err(HookError::Refused(Moved))
            }
            done => done,
        }
    }

    /// Submits a step. What makes two of them the same is its name alone: how much is taken depends on the moment.
    async fn submit(
        &self,
        of: &PromoGrantRow,
        (command, key): (Command, String),
        step: Step,
    ) -> Result<Next, HookError<Moved>> {
        let same = RequestHash::of(key.as_bytes());
        let metadata = json!({ "payment": of.owed.payment, "promotion": of.owed.kind.code() });
        let key = IdempotencyKey::internal(key);
        let submission = Submission::new(of.owed.wallet, key, Actor::system("promotions"), command)
            .with_request_hash(same)
            .with_metadata(metadata);
        let hook = Stepped { of: of.clone(), step, now: self.db.now() };
        self.ledger.submit_with(submission, hook).await.map(|_| Next::Read)
    }
}

/// Names what a payment brings: the key and the reference of its grant.
fn name_of(of: &PromoGrantRow) -> String {
    format!("promo:{}:{}", of.owed.kind.code(), of.owed.payment)
}
