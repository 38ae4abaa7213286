//! The handle: gauges are set, the running month is looked at, a month that is over is closed.

mod closing;
mod gauging;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

pub(crate) use closing::Closed;

use super::model::{MeteredItemView, MeteredView, MeteredWallet, Usage};
use super::rule::{self, Due};
use super::{Terms, repo};
use crate::catalog::{Catalog, CatalogView, MeteredItem};
use crate::db::Db;
use crate::error::{Error, Refusal, Result};
use crate::id::{AccountId, WalletId};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::money::Credits;
use crate::notify::Notify;
use crate::plan::Plans;

/// Whoever has taken a month that is over is given so long before another one takes it.
const LEASE_SECONDS: i64 = 60;

/// Everything about the metered items of wallets. Cheap to clone.
#[derive(Clone)]
pub struct Metered {
    db: Db,
    ledger: Ledger,
    catalog: Catalog,
    identity: Identity,
    plans: Plans,
    notify: Notify,
}

impl std::fmt::Debug for Metered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metered").finish_non_exhaustive()
    }
}

impl Metered {
    pub(crate) const fn new(
        db: Db,
        ledger: Ledger,
        catalog: Catalog,
        identity: Identity,
        plans: Plans,
        notify: Notify,
    ) -> Self {
        Self { db, ledger, catalog, identity, plans, notify }
    }

    /// Shows the running month of a wallet: what it has come to, and what it will come to if nothing changes. `None`
    /// where nothing is offered and nothing is measured.
    pub async fn view(&self, wallet: WalletId) -> Result<Option<MeteredView>> {
        let catalog = self.catalog.view().await?;
        let of = repo::find(self.db.pool(), wallet).await?;
        if catalog.metered.is_empty() && of.is_none() {
            return Ok(None);
        }
        let account = self.ledger.account_of(wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let plan = self.plans.current(account).await?.code;
        let now = self.db.now().trunc_subsecs(0);
        let (of, usage, until) = match of {
            Some(of) => {
                let until = now.clamp(of.starts_at, of.ends_at);
                let usage = repo::usage(self.db.pool(), &of, (until, now)).await?;
                (of, usage, until)
            }
            None => {
                let of = self.first(wallet, account).await?;
                let until = now.clamp(of.starts_at, of.ends_at);
                (of, Vec::new(), until)
            }
        };
        let month = Month { of: &of, until, catalog: &catalog, plan: &plan };
        let offered = catalog.metered.iter().map(|offer| {
            let used = usage.iter().find(|used| used.terms.item == offer.code);
            month.item(Some(offer), used)
        });
        let is_offered = |used: &&Usage| catalog.metered.iter().any(|offer| offer.code == used.terms.item);
        let others = usage.iter().filter(|used| !is_offered(used)).map(|used| month.item(None, Some(used)));
        Ok(Some(MeteredView {
            starts_at: of.starts_at,
            ends_at: of.ends_at,
            closes_at: rule::closes_at(of.ends_at).ok_or_else(beyond)?,
            now: until,
            carried: of.carried,
            items: offered.chain(others).collect::<Result<_>>()?,
        }))
    }

    /// Gives the first month of a wallet of which nothing was measured before.
    async fn first(&self, wallet: WalletId, account: AccountId) -> Result<MeteredWallet> {
        let zone = self.ledger.time_zone(wallet).await?;
        let (starts_at, ends_at) = rule::first_month(self.db.now(), &zone).ok_or_else(beyond)?;
        Ok(MeteredWallet {
            wallet,
            account,
            month: 0,
            starts_at,
            ends_at,
            carried: Credits::ZERO,
            gauges: 0,
            short_since: None,
            version: 1,
        })
    }

    /// Takes wallets whose month is over, oldest first; another node takes others.
    pub(crate) async fn take_due(&self, limit: i64) -> Result<Vec<WalletId>> {
        let now = self.db.now();
        let again = now.checked_add_signed(TimeDelta::seconds(LEASE_SECONDS)).ok_or_else(beyond)?;
        repo::take_due(self.db.pool(), now, again, limit).await
    }

    /// Tells when a month is over next; `None` where none runs.
    #[doc(hidden)]
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>> {
        repo::next_due(self.db.pool(), self.db.now()).await
    }

    /// Reads a wallet for which something is measured.
    pub(crate) async fn find(&self, wallet: WalletId) -> Result<Option<MeteredWallet>> {
        repo::find(self.db.pool(), wallet).await
    }

    /// Says what is due of a wallet now.
    pub(crate) fn due(&self, of: &MeteredWallet) -> Result<Due> {
        rule::due(of, self.db.now()).ok_or_else(beyond)
    }

    /// Sets when a wallet is looked at next, and since when credits are waited for.
    pub(crate) async fn wait(
        &self,
        of: &MeteredWallet,
        until: DateTime<Utc>,
        short_since: Option<DateTime<Utc>>,
    ) -> Result<()> {
        repo::wait(self.db.pool(), of, until, short_since).await
    }
}

/// The running month of a wallet, as its items are shown.
struct Month<'a> {
    of: &'a MeteredWallet,
    /// Up to when it was summed.
    until: DateTime<Utc>,
    catalog: &'a CatalogView,
    /// The plan of now.
    plan: &'a str,
}

impl Month<'_> {
    /// Shows an item that is offered, or that was measured.
    fn item(&self, offer: Option<&MeteredItem>, used: Option<&Usage>) -> Result<MeteredItemView> {
        let terms = match (offer, used) {
            (Some(offer), Some(used)) => {
                let included = used.terms.included.max(offer.included_with(self.plan));
                Terms { included, ..used.terms.clone() }
            }
            (None, Some(used)) => used.terms.clone(),
            (Some(offer), None) => terms_of(offer, self.plan, self.of.starts_at),
            (None, None) => return Err(Error::internal("a metered item of nowhere")),
        };
        let step = self.catalog.settings.rounding_step;
        let of_month = (self.of.ends_at - self.of.starts_at).num_seconds();
        let passed = (self.until - self.of.starts_at).num_seconds();
        let value = used.and_then(|used| used.last);
        let sum = used.map_or(0, |used| used.used);
        let rest = of_month.saturating_sub(passed);
        let whole = rule::used_with(sum, value.unwrap_or_default(), rest).ok_or_else(beyond)?;
        Ok(MeteredItemView {
            so_far: rule::cost(&terms, sum, (passed, of_month), step).ok_or_else(beyond)?,
            forecast: rule::cost(&terms, whole, (of_month, of_month), step).ok_or_else(beyond)?,
            code: terms.item,
            name: terms.name,
            unit: terms.unit,
            included: terms.included,
            monthly_credits: terms.credits,
            is_offered: offer.is_some(),
            value,
        })
    }
}

/// Gives the terms of an offer, for an account on a plan.
fn terms_of(offer: &MeteredItem, plan: &str, since: DateTime<Utc>) -> Terms {
    Terms {
        item: offer.code.clone(),
        name: offer.name.clone(),
        unit: offer.unit.clone(),
        included: offer.included_with(plan),
        credits: offer.monthly_credits,
        since,
    }
}

/// What a month without an end would be, or one that came to more than there can be.
fn beyond() -> Error {
    Error::internal("a metered month is beyond what can be counted")
}
