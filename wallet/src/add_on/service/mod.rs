//! The handle: the add-ons of a wallet, switched on and off, deducted, paused, ended.

mod deducting;
mod switching;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub(crate) use deducting::Deducted;

use super::repo::{self, Filter};
use super::rule::{self, Due};
use super::{AddOnState, AddOnSubscription, AddOnView};
use crate::catalog::{AddOn, Catalog};
use crate::db::Db;
use crate::error::{Error, Refusal, Result};
use crate::id::{AddOnId, WalletId};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::notify::Notify;
use crate::time_zone;

/// Whoever has taken an add-on that is due is given so long before another one takes it.
const LEASE_SECONDS: i64 = 60;

/// Everything about the add-ons of wallets. Cheap to clone.
#[derive(Clone)]
pub struct AddOns {
    db: Db,
    ledger: Ledger,
    catalog: Catalog,
    identity: Identity,
    notify: Notify,
}

impl std::fmt::Debug for AddOns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddOns").finish_non_exhaustive()
    }
}

impl AddOns {
    pub(crate) const fn new(db: Db, ledger: Ledger, catalog: Catalog, identity: Identity, notify: Notify) -> Self {
        Self { db, ledger, catalog, identity, notify }
    }

    /// Lists the add-ons that a wallet has or could have: those of the catalog in its order, then those that it has and
    /// that are not offered any more.
    pub async fn list(&self, wallet: WalletId) -> Result<Vec<AddOnView>> {
        let catalog = self.catalog.view().await?;
        let live = repo::list(self.db.pool(), wallet, Filter { live: true, ..Filter::default() }).await?;
        if catalog.add_ons.is_empty() && live.is_empty() {
            return Ok(Vec::new());
        }
        let name = repo::time_zone_of(self.db.pool(), wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let (zone, now) = (time_zone::named(&name), self.db.now());
        let offered = catalog.add_ons.iter().map(|offer| {
            let of = live.iter().find(|of| of.code == offer.code);
            view(Some(offer), of, &zone, now)
        });
        let others = live.iter().filter(|of| catalog.add_ons.iter().all(|offer| offer.code != of.code));
        offered.chain(others.map(|of| view(None, Some(of), &zone, now))).collect()
    }

    /// Lists the add-ons that a wallet has: on, ending or paused.
    pub async fn live(&self, wallet: WalletId) -> Result<Vec<AddOnView>> {
        let mut list = self.list(wallet).await?;
        list.retain(|add_on| add_on.state != AddOnState::Off);
        Ok(list)
    }

    /// Takes add-ons of which something is due, oldest first; another node takes others.
    pub(crate) async fn take_due(&self, limit: i64) -> Result<Vec<(WalletId, AddOnId)>> {
        let now = self.db.now();
        let again = now.checked_add_signed(TimeDelta::seconds(LEASE_SECONDS)).ok_or_else(beyond)?;
        repo::take_due(self.db.pool(), now, again, limit).await
    }

    /// Tells when something is due next of any add-on that is on; `None` where it never is.
    #[doc(hidden)]
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>> {
        repo::next_due(self.db.pool(), self.db.now()).await
    }

    /// Reads one add-on of a wallet.
    pub(crate) async fn find(&self, wallet: WalletId, id: AddOnId) -> Result<Option<AddOnSubscription>> {
        repo::find(self.db.pool(), wallet, Filter { id: Some(id), ..Filter::default() }).await
    }

    /// Says what is due of an add-on now.
    pub(crate) fn due(&self, of: &AddOnSubscription) -> Result<Due> {
        rule::due(of, &time_zone::named(&of.time_zone), self.db.now()).ok_or_else(beyond)
    }
}

/// Shows an add-on that is offered, or that a wallet has.
fn view(offer: Option<&AddOn>, of: Option<&AddOnSubscription>, zone: &Tz, now: DateTime<Utc>) -> Result<AddOnView> {
    let of = of.filter(|of| of.state_at(now) != AddOnState::Off);
    let state = of.map_or(AddOnState::Off, |of| of.state_at(now));
    let next_at = match of {
        // One that waits for credits is deducted from where it was to be.
        Some(of) if state.is_active() => of.paid_until,
        _ => rule::month_from(now, zone, 0).ok_or_else(beyond)?.ends_at,
    };
    let named = |name: fn(&AddOn) -> &String| offer.map(name).cloned();
    Ok(AddOnView {
        code: named(|offer| &offer.code).or_else(|| of.map(|of| of.code.clone())).unwrap_or_default(),
        name: named(|offer| &offer.name).or_else(|| of.map(|of| of.name.clone())).unwrap_or_default(),
        summary: offer.and_then(|offer| offer.summary.clone()),
        is_offered: offer.is_some(),
        monthly_credits: of.map(|of| of.credits).or(offer.map(|offer| offer.monthly_credits)).unwrap_or_default(),
        state,
        next_at,
        pause: of.and_then(|of| of.pause),
    })
}

/// What an add-on without an end of its month would be: beyond the calendar.
fn beyond() -> Error {
    Error::internal("a date of an add-on is beyond the calendar")
}
