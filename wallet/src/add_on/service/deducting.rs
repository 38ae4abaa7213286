//! A month's deduction, and what becomes of an add-on without one: it waits, pauses or ends.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::AddOns;
use crate::add_on::rule::Month;
use crate::add_on::{AddOnPause, AddOnSubscription, PauseReason, StoredState, repo};
use crate::error::{Error, Refusal, Result};
use crate::id::UserId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::{Command, FeeKind, HookError, Outcome, Receipt, RefusingHook, Submission};
use crate::money::Credits;
use crate::notify::webhook::{self, AddOnNotice, EventKind, Notice};
use crate::notify::{AddOnMail, AddOnStep, Mail, Notify};

/// What became of a month.
#[derive(Debug)]
pub(crate) enum Deducted {
    /// It was deducted, by this call or by another one.
    Done,
    /// Nothing was: the add-on has changed since it was read.
    Moved,
    /// The wallet refused it: nothing was.
    Refused(Refusal),
}

/// Why a deduction was undone.
pub(super) enum Undone {
    /// The add-on has changed since it was read, or the wallet has it by now.
    Moved,
}

/// What a person's switching on adds to the month that it deducts.
pub(super) struct SwitchedOn {
    pub(super) user: UserId,
    pub(super) request_key: String,
}

/// What is written beside a month's entry, in its transaction.
pub(super) struct MonthDeducted {
    pub(super) of: AddOnSubscription,
    pub(super) month: Month,
    /// The person, where one has switched it on or lets it resume.
    pub(super) audit: Option<NewAudit>,
    /// What makes it a new one.
    pub(super) new: Option<SwitchedOn>,
    /// The mail that it resumes by itself: to whom, in which language.
    pub(super) mail: Option<(String, String, Mail)>,
    pub(super) notify: Notify,
    pub(super) now: DateTime<Utc>,
}

#[async_trait]
impl RefusingHook for MonthDeducted {
    type Refusal = Undone;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Undone>> {
        if outcome.replayed {
            // Whoever was first has written all of it.
            return Ok(());
        }
        let (of, month, now) = (&self.of, &self.month, self.now);
        let is_counted = match &self.new {
            Some(new) => repo::insert(connection, of, (new.user, &new.request_key), now).await?,
            None => repo::set_deducted(connection, of, month, now).await?,
        };
        if !is_counted || !repo::insert_month(connection, of, month, outcome.seq(), now).await? {
            return Err(HookError::Refused(Undone::Moved));
        }
        let event = match (&self.new, of.state) {
            (Some(_), _) => Some(EventKind::AddOnStarted),
            (None, StoredState::Paused) => Some(EventKind::AddOnResumed),
            (None, _) => None,
        };
        if let Some(event) = event {
            let told = AddOnNotice { until: Some(month.ends_at), ..about(of, event) };
            webhook::note_in_tx(connection, of.wallet, &Notice::AddOn(told), now).await?;
        }
        if let Some(audit) = &self.audit {
            identity::audit_in_tx(connection, audit, now).await?;
        }
        if let Some((email, locale, mail)) = &self.mail {
            self.notify.enqueue_mail_in_tx(connection, email, locale, mail).await?;
        }
        Ok(())
    }
}

impl AddOns {
    /// Deducts a month that is due, once, whoever does it and how often.
    pub(crate) async fn deduct(&self, of: &AddOnSubscription, month: Month) -> Result<Deducted> {
        let resumes = of.state == StoredState::Paused;
        let mail = match resumes {
            true => Some(self.letter(of, AddOnStep::Resumed { until: month.ends_at }).await?),
            false => None,
        };
        let hook = self.hook(of, month, mail);
        self.submit(hook, Actor::system("add-ons")).await
    }

    pub(super) fn hook(
        &self,
        of: &AddOnSubscription,
        month: Month,
        mail: Option<(String, String, Mail)>,
    ) -> MonthDeducted {
        let (notify, now) = (self.notify.clone(), self.db.now());
        MonthDeducted { of: of.clone(), month, audit: None, new: None, mail, notify, now }
    }

    /// Submits a month to the ledger. What makes two of them the same is the add-on and the month's number alone: its
    /// dates may depend on the moment.
    pub(super) async fn submit(&self, hook: MonthDeducted, by: Actor) -> Result<Deducted> {
        let (of, month) = (&hook.of, hook.month);
        let reference = format!("add_on:{}:{}", of.id, month.index);
        let metadata = json!({
            "add_on": of.code,
            "add_on_id": of.id,
            "month": month.index,
            "from": month.starts_at,
            "to": month.ends_at,
        });
        let receipt = Receipt::flat(of.code.clone(), of.name.clone(), of.credits);
        let command = Command::Fee { kind: FeeKind::AddOn, receipt };
        let hash = RequestHash::of(reference.as_bytes());
        let submission = Submission::new(of.wallet, IdempotencyKey::internal(reference), by, command)
            .with_request_hash(hash)
            .with_metadata(metadata);
        match self.ledger.submit_with(submission, hook).await {
            Ok(_) => Ok(Deducted::Done),
            Err(HookError::Refused(Undone::Moved)) => Ok(Deducted::Moved),
            Err(HookError::Failed(Error::Refused(refusal))) if pause_reason(&refusal).is_some() => {
                Ok(Deducted::Refused(refusal))
            }
            Err(HookError::Failed(error)) => Err(error),
        }
    }

    /// Sets when an add-on is looked at next, and since when credits are waited for.
    pub(crate) async fn wait(
        &self,
        of: &AddOnSubscription,
        until: DateTime<Utc>,
        short_since: Option<DateTime<Utc>>,
    ) -> Result<()> {
        repo::wait(self.db.pool(), of, until, short_since).await
    }

    /// Pauses an add-on, and tells of it; `false` where it has changed since it was read.
    pub(crate) async fn pause(&self, of: &AddOnSubscription, reason: PauseReason, available: Credits) -> Result<bool> {
        let now = self.db.now();
        let letter = self.letter(of, AddOnStep::Paused { reason: reason.code().to_owned(), available }).await?;
        let mut tx = self.db.begin().await?;
        if !repo::pause(&mut tx, of, &AddOnPause { reason, at: now, available }).await? {
            return Ok(false);
        }
        tracing::info!(add_on = %of.id, wallet = %of.wallet, reason = reason.code(), "an add-on was paused");
        let told = AddOnNotice {
            reason: Some(reason.code().to_owned()),
            available: Some(available),
            ..about(of, EventKind::AddOnPaused)
        };
        webhook::note_in_tx(&mut tx, of.wallet, &Notice::AddOn(told), now).await?;
        let (email, locale, mail) = letter;
        self.notify.enqueue_mail_in_tx(&mut tx, &email, &locale, &mail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends an add-on that its owner has switched off; `false` where it has changed since it was read.
    pub(crate) async fn end(&self, of: &AddOnSubscription) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let ended = self.end_in_tx(&mut tx, of).await?;
        tx.commit().await?;
        Ok(ended)
    }

    pub(super) async fn end_in_tx(&self, connection: &mut PgConnection, of: &AddOnSubscription) -> Result<bool> {
        let now = self.db.now();
        if !repo::end(connection, of, now).await? {
            return Ok(false);
        }
        let told = Notice::AddOn(about(of, EventKind::AddOnEnded));
        webhook::note_in_tx(connection, of.wallet, &told, now).await?;
        Ok(true)
    }

    /// Writes a mail to the account's owner: to whom, in which language, and what.
    async fn letter(&self, of: &AddOnSubscription, step: AddOnStep) -> Result<(String, String, Mail)> {
        let owner = self.identity.owner(of.account).await?;
        let mail = AddOnMail { name: owner.name, add_on: of.name.clone(), credits: of.credits, step };
        Ok((owner.email, owner.locale, Mail::AddOn(mail)))
    }
}

/// Says why a refused month pauses its add-on; `None` where it is no reason to.
pub(crate) const fn pause_reason(refusal: &Refusal) -> Option<PauseReason> {
    match refusal {
        Refusal::OutOfCredits { .. } => Some(PauseReason::OutOfCredits),
        Refusal::Forbidden { .. } => Some(PauseReason::WalletFrozen),
        Refusal::WalletInactive => Some(PauseReason::WalletInactive),
        _ => None,
    }
}

/// Says nothing but what happened.
fn about(of: &AddOnSubscription, event: EventKind) -> AddOnNotice {
    AddOnNotice {
        event,
        add_on: of.code.clone(),
        name: of.name.clone(),
        credits: of.credits,
        until: None,
        reason: None,
        available: None,
    }
}
