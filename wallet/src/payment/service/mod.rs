//! The handle: order credits, follow a payment to its end, take providers' messages.

mod auto_top_up;
mod charge_auto;
mod compare;
mod console;
mod customer;
mod events;
mod methods;
mod notices;
mod options;
mod order;
mod plan;
mod plan_change;
mod refused_charge;
mod sandbox;
mod settle;
mod settle_plan;
mod settlement;
mod setup;
mod top_up;
mod unpaid;

pub use charge_auto::ToppedUp;
pub use compare::Compared;
pub use events::{PROCESS_EVENT, Replayed};
pub(crate) use plan::Renewal;
pub use sandbox::SandboxBooks;
pub use settle::Reconciled;

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};

use super::provider::Provider;
use super::repo::{self, payment::PaymentRow};
use crate::catalog::Catalog;
use crate::db::Db;
use crate::error::{Refusal, Result};
use crate::id::{AccountId, PaymentId, UserId, WalletId};
use crate::identity::{Actor, Identity, KeyAccess, KeyScope, Viewer};
use crate::ledger::Ledger;
use crate::notify::Notify;
use crate::payment::model::{PaymentPage, PaymentView};
use crate::plan::Plans;
use crate::promo::Promos;

/// The most payments of one page.
const PAGE_MAX: i64 = 200;
/// The most payments that one look at what has changed gives.
const CHANGED_MAX: i64 = 100;

/// Who orders credits, and for which wallet.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// Who pays.
    pub account: AccountId,
    /// The wallet that gets the credits.
    pub wallet: WalletId,
    /// The person, where one asks.
    pub user: Option<UserId>,
    /// Whom to write to; the account's owner where nothing is said.
    pub contact: Option<Contact>,
    /// Whether the role or the key may spend money.
    pub may_pay: bool,
    /// Who it was, for the audit log.
    pub by: Actor,
}

/// Whom to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The address.
    pub email: String,
    /// The name to greet by.
    pub name: String,
    /// The language.
    pub locale: String,
}

impl Buyer {
    /// The one wallet that the buyer may know of; `None` for people, who see the whole account.
    fn only(&self) -> Option<WalletId> {
        self.user.is_none().then_some(self.wallet)
    }
}

impl From<&Viewer> for Buyer {
    fn from(viewer: &Viewer) -> Self {
        Self {
            account: viewer.account,
            wallet: viewer.wallet,
            user: Some(viewer.user),
            contact: Some(Contact {
                email: viewer.email.clone(),
                name: viewer.name.clone(),
                locale: viewer.locale.clone(),
            }),
            may_pay: viewer.role.may_pay(),
            by: viewer.actor(),
        }
    }
}

impl From<&KeyAccess> for Buyer {
    fn from(key: &KeyAccess) -> Self {
        Self {
            account: key.account,
            wallet: key.wallet,
            user: None,
            contact: None,
            may_pay: key.may(KeyScope::TopUpsWrite),
            by: key.actor(),
        }
    }
}

/// Everything about taking money. Cheap to clone.
#[derive(Clone)]
pub struct Payments {
    db: Db,
    ledger: Ledger,
    catalog: Catalog,
    identity: Identity,
    plans: Plans,
    notify: Notify,
    promos: Promos,
    providers: Arc<RwLock<Vec<Arc<dyn Provider>>>>,
    silences: options::Silences,
    refused: refused_charge::RefusedCharges,
}

impl std::fmt::Debug for Payments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payments").finish_non_exhaustive()
    }
}

impl Payments {
    pub(crate) fn new(
        db: Db,
        ledger: Ledger,
        catalog: Catalog,
        identity: Identity,
        plans: Plans,
        (notify, promos): (Notify, Promos),
    ) -> Self {
        Self {
            db,
            ledger,
            catalog,
            identity,
            plans,
            notify,
            promos,
            providers: Arc::default(),
            silences: options::Silences::default(),
            refused: refused_charge::RefusedCharges::default(),
        }
    }

    /// Gives what is brought for nothing by payments.
    pub(crate) const fn promos(&self) -> &Promos {
        &self.promos
    }

    /// Adds a provider; the first one that takes a currency gets its payments. One of the same name is replaced.
    pub fn register(&self, provider: Arc<dyn Provider>) {
        let mut providers = self.providers.write().unwrap_or_else(PoisonError::into_inner);
        providers.retain(|known| known.name() != provider.name());
        providers.push(provider);
    }

    /// Lists the providers, for the checks at start and the payment page.
    #[must_use]
    pub fn providers(&self) -> Vec<Arc<dyn Provider>> {
        self.providers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Finds a provider by name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        self.providers().into_iter().find(|provider| provider.name() == name)
    }

    /// Shows a payment of the buyer's account, as it is known here; to a key those of its own wallet.
    pub async fn payment(&self, buyer: impl Into<Buyer>, id: PaymentId) -> Result<PaymentView> {
        let buyer = buyer.into();
        let is_seen =
            |row: &PaymentRow| row.account == buyer.account && buyer.only().is_none_or(|wallet| row.wallet == wallet);
        let row = repo::payment::by_id(self.db.pool(), id).await?;
        let row = row.filter(is_seen).ok_or_else(|| Refusal::not_found("payment"))?;
        Ok(row.view())
    }

    /// Names the payments of a wallet that have changed since an instant, the first change first, at most a hundred, with
    /// when that was.
    pub async fn changed_since(&self, wallet: WalletId, at: DateTime<Utc>) -> Result<Vec<(PaymentId, DateTime<Utc>)>> {
        repo::changed::since(self.db.pool(), wallet, at, CHANGED_MAX).await
    }

    /// Shows a payment, to whoever follows its wallet.
    pub async fn of_wallet(&self, wallet: WalletId, id: PaymentId) -> Result<PaymentView> {
        let row = repo::payment::by_id(self.db.pool(), id).await?.filter(|row| row.wallet == wallet);
        Ok(row.ok_or_else(|| Refusal::not_found("payment"))?.view())
    }

    /// Asks the provider how far a payment of the buyer's account is, and finishes it where the money is there.
    pub async fn check(&self, buyer: impl Into<Buyer>, id: PaymentId) -> Result<PaymentView> {
        let seen = self.payment(buyer, id).await?;
        if seen.status.is_open() { self.refresh(id).await } else { Ok(seen) }
    }

    /// Does the same for a person who looks at the order: where its page could not be opened when it was made, since the
    /// provider did not answer, it is opened now, under the order's key.
    pub async fn check_and_open(&self, viewer: &Viewer, id: PaymentId) -> Result<PaymentView> {
        let seen = self.check(viewer, id).await?;
        if !seen.status.is_open() || seen.checkout_url.is_some() || !viewer.role.may_pay() {
            return Ok(seen);
        }
        match repo::payment::by_id(self.db.pool(), id).await? {
            Some(row) if row.user.is_some() => self.with_page(&Buyer::from(viewer), row).await,
            _ => Ok(seen),
        }
    }

    /// Lists the account's payments before one, newest first; for a key those of its own wallet.
    pub async fn payments(
        &self,
        buyer: impl Into<Buyer>,
        before: Option<PaymentId>,
        limit: i64,
    ) -> Result<PaymentPage> {
        let (buyer, limit) = (buyer.into(), limit.clamp(1, PAGE_MAX));
        let of = (buyer.account, buyer.only());
        let rows = repo::payment::list(self.db.pool(), of, before, limit).await?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        let next = if full { rows.last().map(|row| row.id) } else { None };
        Ok(PaymentPage { payments: rows.into_iter().map(PaymentRow::view).collect(), next })
    }

    /// The sandbox provider's own books.
    #[must_use]
    pub fn sandbox(&self) -> SandboxBooks {
        SandboxBooks::new(self.db.clone())
    }
}
pub(crate) mod review;
