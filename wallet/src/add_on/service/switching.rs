//! Switching an add-on on and off, as the wallet's owner does.

use serde_json::{Value, json};

use super::deducting::{Deducted, MonthDeducted, SwitchedOn};
use super::{AddOns, beyond};
use crate::add_on::repo::{self, Filter};
use crate::add_on::rule::{self, Due};
use crate::add_on::{AddOnSubscription, StoredState};
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::AddOnId;
use crate::idempotency::IdempotencyKey;
use crate::identity::{self, NewAudit, Viewer};
use crate::money::Credits;
use crate::time_zone;

/// How often an add-on is read anew that was moved meanwhile.
const READS_MAX: u32 = 5;

impl AddOns {
    /// Switches an add-on of the person's wallet on: its first month is deducted at once, for the price that was
    /// `shown`. One that is paused resumes so, one that was to end goes on, and one that is on stays so. A repeat of a
    /// form (`key`) deducts nothing more.
    ///
    /// # Errors
    /// `Forbidden` where the role may not pay, or the wallet is frozen; `Unprocessable` at `add_on` where it is not
    /// offered, and at `shown` where it costs something else by now; `OutOfCredits` where the wallet has too little.
    pub(crate) async fn switch_on(
        &self,
        viewer: &Viewer,
        code: &str,
        shown: Credits,
        key: &IdempotencyKey,
    ) -> Result<()> {
        must_pay(viewer)?;
        for _ in 0..READS_MAX {
            let live = self.live_of(viewer, code).await?;
            let done = match &live {
                None => self.start(viewer, code, shown, key).await?,
                Some(of) => match (self.due(of)?, of.state, of.cancel_at_end) {
                    (Due::End, ..) => {
                        self.end(of).await?;
                        Deducted::Moved
                    }
                    (Due::Deduct(month), StoredState::Paused, _) => {
                        shown_is(shown, of.credits)?;
                        let audit = said(viewer, of, "add_on.resumed");
                        let hook = MonthDeducted { audit: Some(audit), ..self.hook(of, month, None) };
                        self.submit(hook, viewer.actor()).await?
                    }
                    (_, _, true) => self.keep(viewer, of).await?,
                    _ => Deducted::Done,
                },
            };
            match done {
                Deducted::Done => return Ok(()),
                Deducted::Refused(refusal) => return Err(refusal.into()),
                // Another tab was first, or its month was over: it is looked at anew.
                Deducted::Moved => {}
            }
        }
        Err(Refusal::VersionConflict.into())
    }

    async fn live_of(&self, viewer: &Viewer, code: &str) -> Result<Option<AddOnSubscription>> {
        repo::find(self.db.pool(), viewer.wallet, Filter { live: true, code: Some(code), ..Filter::default() }).await
    }

    async fn start(&self, viewer: &Viewer, code: &str, shown: Credits, key: &IdempotencyKey) -> Result<Deducted> {
        let catalog = self.catalog.view().await?;
        let offer = catalog.add_ons.iter().find(|offer| offer.code == code).ok_or_else(not_offered)?;
        let filter = Filter { request_key: Some(key.as_str()), ..Filter::default() };
        if repo::find(self.db.pool(), viewer.wallet, filter).await?.is_some() {
            let message = "This form was sent before. Load the page again.";
            return Err(Refusal::unprocessable("add_on", Problem::Outdated, message).into());
        }
        shown_is(shown, offer.monthly_credits)?;
        let now = self.db.now();
        let zone = time_zone::named(&viewer.time_zone);
        let month = rule::month_from(now, &zone, 0).ok_or_else(beyond)?;
        let of = AddOnSubscription {
            id: AddOnId::new(),
            account: viewer.account,
            wallet: viewer.wallet,
            code: offer.code.clone(),
            name: offer.name.clone(),
            credits: offer.monthly_credits,
            time_zone: viewer.time_zone.clone(),
            anchor: now,
            anchor_month: 0,
            months: 1,
            paid_until: month.ends_at,
            state: StoredState::On,
            cancel_at_end: false,
            pause: None,
            short_since: None,
            version: 1,
        };
        let audit = said(viewer, &of, "add_on.started");
        let new = SwitchedOn { user: viewer.user, request_key: key.as_str().to_owned() };
        let hook = MonthDeducted { audit: Some(audit), new: Some(new), ..self.hook(&of, month, None) };
        self.submit(hook, viewer.actor()).await
    }

    async fn keep(&self, viewer: &Viewer, of: &AddOnSubscription) -> Result<Deducted> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        if !repo::keep(&mut tx, of, now).await? {
            return Ok(Deducted::Moved);
        }
        identity::audit_in_tx(&mut tx, &said(viewer, of, "add_on.kept"), now).await?;
        tx.commit().await?;
        Ok(Deducted::Done)
    }

    /// Switches an add-on of the person's wallet off: it stays on until the month ends that was deducted, and is not
    /// deducted again. One that is paused is off at once. A repeat changes nothing.
    ///
    /// # Errors
    /// `Forbidden` where the role may not pay; `Unprocessable` at `add_on` where there is no such add-on.
    pub async fn switch_off(&self, viewer: &Viewer, code: &str) -> Result<()> {
        must_pay(viewer)?;
        for _ in 0..READS_MAX {
            let Some(of) = self.live_of(viewer, code).await? else {
                let catalog = self.catalog.view().await?;
                let is_known = catalog.add_ons.iter().any(|offer| offer.code == code);
                return if is_known { Ok(()) } else { Err(not_offered()) };
            };
            if of.cancel_at_end {
                return Ok(());
            }
            let now = self.db.now();
            let mut tx = self.db.begin().await?;
            let done = match of.state {
                StoredState::Paused => self.end_in_tx(&mut tx, &of).await?,
                _ => repo::set_cancel(&mut tx, &of, now).await?,
            };
            if done {
                identity::audit_in_tx(&mut tx, &said(viewer, &of, "add_on.cancelled"), now).await?;
                tx.commit().await?;
                return Ok(());
            }
        }
        Err(Refusal::VersionConflict.into())
    }
}

fn must_pay(viewer: &Viewer) -> Result<()> {
    match viewer.role.may_pay() {
        true => Ok(()),
        false => Err(Refusal::Forbidden { why: "your role may not change add-ons".to_owned() }.into()),
    }
}

fn not_offered() -> Error {
    let message = "This add-on is not offered here. Load the page again.";
    Refusal::unprocessable("add_on", Problem::Unknown, message).into()
}

/// Refuses a price that is not the one that was agreed to.
fn shown_is(shown: Credits, price: Credits) -> Result<()> {
    if shown == price {
        return Ok(());
    }
    let message = format!("This add-on costs {price} a month now. Load the page again and confirm the price.");
    Err(Refusal::unprocessable("shown", Problem::Outdated, message).into())
}

fn said(viewer: &Viewer, of: &AddOnSubscription, action: &str) -> NewAudit {
    NewAudit {
        actor: viewer.actor(),
        action: action.to_owned(),
        subject: format!("add-on {} of wallet {}", of.code, of.wallet),
        before: Value::Null,
        after: json!({ "add_on": of.name, "credits": of.credits, "month_ends_at": of.paid_until }),
    }
}
