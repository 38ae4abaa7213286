//! The façade: one value that every caller (pages, REST, webhooks, jobs, the command line) asks.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use crate::add_on::{self, AddOns};
use crate::app_service::onboarding::Onboarding;
use crate::app_service::plan_boundary::Boundaries;
use crate::app_service::plan_news::PlanNotices;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::db::{self, Db, JobQueue, ReadLimits};
use crate::error::Result;
use crate::identity::{self, Identity};
use crate::insight::Insight;
use crate::invoice::{self, Invoices};
use crate::ledger::{self, Breach, Ledger, LedgerOptions, Scope};
use crate::metered::{self, Metered};
use crate::notify::Notify;
use crate::notify::webhook::Webhooks;
use crate::payment::{self, Payments};
use crate::plan::{self, Plans};
use crate::promo::{self, Promos};
use crate::refund::{self, Refunds};
use crate::tariff::{self, PlanRanks, PlanUpkeep, Tariffs};

/// How a [`Wallet`] is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The source of time.
    pub clock: Clock,
    /// Where jobs go.
    pub jobs: JobQueue,
    /// How many ledger writers; as many as cores where nothing is said.
    pub writers: Option<usize>,
    /// How long a ledger writer reads wallets first after its memory was stale too often; a second where nothing is
    /// said.
    pub read_first_for: Option<Duration>,
    /// How much reads that may be long can take.
    pub reads: ReadLimits,
}

impl Options {
    /// Makes the options of a test: no job tables, and a clock that the test moves where it gives one.
    #[doc(hidden)]
    #[must_use]
    pub fn for_tests(clock: Clock) -> Self {
        Self { clock, jobs: JobQueue::None, writers: Some(2), read_first_for: None, reads: ReadLimits::default() }
    }
}

/// Scrip's wallet logic over one database. Cheap to clone.
#[derive(Clone)]
pub struct Wallet {
    inner: Arc<Inner>,
}

/// The handles of the concepts, each a cheap clone of its own.
pub(crate) struct Inner {
    db: Db,
    ledger: Ledger,
    tariffs: Tariffs,
    catalog: Catalog,
    identity: Identity,
    plans: Arc<Plans>,
    notify: Notify,
    webhooks: Webhooks,
    promos: Promos,
    payments: Payments,
    refunds: Refunds,
    add_ons: AddOns,
    metered: Metered,
    invoices: Invoices,
    insight: Insight,
    boundaries: Arc<Boundaries>,
}

impl Wallet {
    /// Connects to the database that `database_url` names.
    pub async fn connect(database_url: &str, options: Options) -> Result<Self> {
        Ok(Self::new(db::connect(database_url).await?, options))
    }

    /// Works over an open pool. Must be called inside a tokio runtime.
    #[must_use]
    pub fn new(pool: PgPool, options: Options) -> Self {
        let db = Db::new(pool, options.reads, options.clock, options.jobs);
        let writers = LedgerOptions { writers: options.writers, read_first_for: options.read_first_for };
        let ledger = Ledger::start(db.clone(), &writers);
        let tariffs = Tariffs::start(db.clone(), ledger.clone());
        let catalog = Catalog::start(db.clone(), ledger.clone(), tariffs.clone());
        let plans = Arc::new(Plans::new(db.clone(), ledger.clone(), catalog.clone()));
        let ranks: Arc<dyn PlanRanks> = plans.clone();
        tariffs.ask_plans_of(Arc::downgrade(&ranks));
        plans.tell(Arc::new(PlanNotices { db: db.clone() }));
        let notify = Notify::new(db.clone());
        let identity = Identity::new(
            db.clone(),
            Arc::new(Onboarding {
                db: db.clone(),
                ledger: ledger.clone(),
                catalog: catalog.clone(),
                plans: Plans::clone(&plans),
                notify: notify.clone(),
            }),
        );
        let promos = Promos::new(db.clone(), ledger.clone(), catalog.clone(), identity.clone());
        let payments = Payments::new(
            db.clone(),
            ledger.clone(),
            catalog.clone(),
            identity.clone(),
            Plans::clone(&plans),
            (notify.clone(), promos.clone()),
        );
        let refunds = Refunds::new(
            db.clone(),
            ledger.clone(),
            catalog.clone(),
            identity.clone(),
            payments.clone(),
            Plans::clone(&plans),
            notify.clone(),
        );
        let add_ons = AddOns::new(db.clone(), ledger.clone(), catalog.clone(), identity.clone(), notify.clone());
        let metered = Metered::new(
            db.clone(),
            ledger.clone(),
            catalog.clone(),
            identity.clone(),
            Plans::clone(&plans),
            notify.clone(),
        );
        let invoices = Invoices::new(db.clone(), catalog.clone());
        let insight = Insight::new(db.clone(), ledger.clone(), Plans::clone(&plans));
        let webhooks = Webhooks::new(db.clone(), ledger.clone(), tariffs.clone(), catalog.clone(), notify.clone());
        let inner = Arc::new_cyclic(|inner| {
            let boundaries = Arc::new(Boundaries::new(Weak::clone(inner)));
            let upkeep: Arc<dyn PlanUpkeep> = boundaries.clone();
            tariffs.let_plans_be_kept_by(upkeep);
            Inner {
                db,
                ledger,
                tariffs,
                catalog,
                identity,
                plans,
                notify,
                webhooks,
                promos,
                payments,
                refunds,
                add_ons,
                metered,
                invoices,
                insight,
                boundaries,
            }
        });
        Self { inner }
    }

    /// Gives the façade that something works for, while it is there.
    pub(crate) fn of(inner: &Weak<Inner>) -> Option<Self> {
        inner.upgrade().map(|inner| Self { inner })
    }

    /// What does not wait for the renewal job.
    pub(crate) fn boundaries(&self) -> &Boundaries {
        &self.inner.boundaries
    }

    /// Gives the connections.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        self.inner.db.pool()
    }

    /// Gives the clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.inner.db.clock()
    }

    /// Gives what every concept's service works with.
    #[doc(hidden)]
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// Brings the database up to date, and takes over the settings of the catalog in it.
    pub async fn migrate(&self) -> Result<()> {
        db::migrate(self.pool()).await?;
        self.catalog().prepare().await
    }

    /// Everything that happens to wallets.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// Prices, and charges by them.
    #[must_use]
    pub fn tariffs(&self) -> &Tariffs {
        &self.inner.tariffs
    }

    /// What is sold.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// People, accounts, keys, sessions, the audit log.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    /// What accounts are on.
    #[must_use]
    pub fn plans(&self) -> &Plans {
        &self.inner.plans
    }

    /// What was spent, and until when the credits last.
    #[must_use]
    pub fn insight(&self) -> &Insight {
        &self.inner.insight
    }

    /// Taking money for credits.
    #[must_use]
    pub fn payments(&self) -> &Payments {
        &self.inner.payments
    }

    /// Mails.
    #[must_use]
    pub fn notify(&self) -> &Notify {
        &self.inner.notify
    }

    /// Bonus credits, codes, invitations.
    #[must_use]
    pub fn promos(&self) -> &Promos {
        &self.inner.promos
    }

    /// Refunds and disputes.
    #[must_use]
    pub fn refunds(&self) -> &Refunds {
        &self.inner.refunds
    }

    /// Add-ons of wallets.
    #[must_use]
    pub fn add_ons(&self) -> &AddOns {
        &self.inner.add_ons
    }

    /// Metered items of wallets.
    #[must_use]
    pub fn metered(&self) -> &Metered {
        &self.inner.metered
    }

    /// Receipts, invoices, credit notes, statements.
    #[must_use]
    pub fn invoices(&self) -> &Invoices {
        &self.inner.invoices
    }

    /// Messages to the programs of customers.
    #[must_use]
    pub fn webhooks(&self) -> &Webhooks {
        &self.inner.webhooks
    }

    /// Checks every invariant of every concept, as of one moment; an empty list is what it should be.
    pub async fn verify(&self, scope: Scope) -> Result<Vec<Breach>> {
        let pool = self.inner.db.unhurried();
        let mut transaction = db::begin(&pool).await?;
        db::one_moment(&mut transaction).await?;
        db::take_time(&mut transaction).await?;
        let breaches = self.verify_in_tx(&mut transaction, scope).await?;
        transaction.commit().await?;
        pool.close().await;
        Ok(breaches)
    }

    /// Does the same in the caller's transaction.
    #[doc(hidden)]
    pub async fn verify_in_tx(&self, connection: &mut PgConnection, scope: Scope) -> Result<Vec<Breach>> {
        let mut breaches = self.inner.ledger.verify_in_tx(connection, scope).await?;
        for (name, sql) in identity::INVARIANTS {
            breaches.extend(ledger::check(connection, &[ledger::Invariant { name, sql }], scope).await?);
        }
        let lists = [
            tariff::invariants::INVARIANTS,
            plan::repo::invariants::INVARIANTS,
            promo::repo::invariants::INVARIANTS,
            payment::repo::invariants::INVARIANTS,
            refund::repo::invariants::INVARIANTS,
            add_on::repo::invariants::INVARIANTS,
            metered::repo::invariants::INVARIANTS,
            invoice::repo::invariants::INVARIANTS,
        ];
        for invariants in lists {
            breaches.extend(ledger::check(connection, invariants, scope).await?);
        }
        Ok(breaches)
    }

    /// Verifies everything and freezes the debits of every wallet that fails, until somebody has looked.
    pub async fn verify_and_freeze(&self) -> Result<Vec<Breach>> {
        let breaches = self.verify(Scope::Everything).await?;
        self.inner.ledger.freeze_breached(&breaches).await?;
        Ok(breaches)
    }

    /// Finishes what is queued and stops the writers: later commands hear "unavailable".
    pub async fn shutdown(&self) {
        self.inner.ledger.shutdown().await;
        self.identity().settle().await;
        self.inner.db.reads().close().await;
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").finish_non_exhaustive()
    }
}
