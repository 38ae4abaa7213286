//! The price books that count, in memory: the one in force, and the one that is announced.
//!
//! A background task reads one number four times a second, `catalog.revision`, and loads everything again when it has
//! changed: so a published price is on every node within a second, without a message and without a query per quote.
//! An announced book is in memory long before its instant, and every node takes it at that instant by its clock,
//! which follows the database's.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::db::Db;
use crate::error::{Refusal, Result};
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::repo;

/// How often a node asks whether something has changed.
const POLL: Duration = Duration::from_millis(250);

/// What is in memory.
#[derive(Clone, Debug)]
pub(in crate::tariff) struct CachedBooks {
    pub(in crate::tariff) rules: repo::Rules,
    pub(in crate::tariff) ranks: Vec<(String, i32)>,
    /// By the instant from which each is in force.
    pub(in crate::tariff) books: Vec<Arc<PriceBook>>,
}

impl CachedBooks {
    /// Gives the book in force at an instant.
    pub(in crate::tariff) fn in_force(&self, at: DateTime<Utc>) -> Option<&Arc<PriceBook>> {
        let begun = |book: &&Arc<PriceBook>| book.effective_at.is_some_and(|from| from <= at);
        self.books.iter().rev().find(begun).or_else(|| self.books.first())
    }

    /// Gives the rank of a plan.
    pub(in crate::tariff) fn rank(&self, plan: &str) -> Option<i32> {
        self.ranks.iter().find(|(code, _)| code == plan).map(|(_, rank)| *rank)
    }
}

/// Keeps the cached books up to date.
#[derive(Clone)]
pub(in crate::tariff) struct BookCache(Arc<CacheState>);

struct CacheState {
    db: Db,
    cached: RwLock<Option<Arc<CachedBooks>>>,
}

impl BookCache {
    /// Starts to follow the catalog; the task ends when the last handle goes.
    pub(in crate::tariff) fn start(db: Db) -> Self {
        let inner = Arc::new(CacheState { db, cached: RwLock::new(None) });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(follow(Arc::downgrade(&inner)));
        }
        Self(inner)
    }

    /// Gives the books from memory; loads them the first time.
    pub(in crate::tariff) async fn current(&self) -> Result<Arc<CachedBooks>> {
        if let Some(cached) = self.0.get() {
            return Ok(cached);
        }
        Box::pin(self.0.load()).await?;
        self.0.get().ok_or_else(|| Refusal::not_found("price book (load a preset first)").into())
    }

    /// Loads again, after a change made here: whoever made it sees it at once.
    pub(in crate::tariff) async fn reload(&self) -> Result<()> {
        self.0.load().await
    }
}

impl CacheState {
    fn get(&self) -> Option<Arc<CachedBooks>> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn load(&self) -> Result<()> {
        // One snapshot: a change between two reads would mix two states.
        let mut tx = self.db.begin().await?;
        repo::snapshot(&mut tx).await?;
        let Some(rules) = repo::rules(&mut *tx).await? else { return Ok(()) };
        let ranks = repo::ranks(&mut *tx).await?;
        let mut books = Vec::new();
        for version in repo::live_versions(&mut tx).await? {
            books.extend(repo::book(&mut tx, version).await?.map(Arc::new));
        }
        tx.commit().await?;
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        // A slower load must not undo a later one.
        if cached.as_ref().is_none_or(|known| known.rules.revision <= rules.revision) {
            *cached = Some(Arc::new(CachedBooks { rules, ranks, books }));
        }
        Ok(())
    }

    async fn poll(&self) -> Result<()> {
        let known = self.get().map(|cached| cached.rules.revision);
        if repo::revision(self.db.pool()).await? != known {
            self.load().await?;
        }
        let due = self.get().is_some_and(|cached| cached.due(self.db.now()));
        if due {
            crate::tariff::pricing::service::settle(&self.db).await?;
            self.load().await?;
        }
        Ok(())
    }
}

impl CachedBooks {
    /// Says whether an announced book's time has come, and the database doesn't say so yet.
    fn due(&self, at: DateTime<Utc>) -> bool {
        let due = |book: &Arc<PriceBook>| {
            book.status == crate::tariff::model::price_book::BookStatus::Scheduled
                && book.effective_at.is_some_and(|from| from <= at)
        };
        self.books.iter().any(due)
    }
}

/// Follows the catalog until nobody holds the cache.
async fn follow(inner: Weak<CacheState>) {
    let mut failing = false;
    loop {
        tokio::time::sleep(POLL).await;
        let Some(inner) = inner.upgrade() else { return };
        if inner.db.pool().is_closed() {
            return;
        }
        match inner.poll().await {
            Ok(()) => failing = false,
            // The last prices stay; said once, not four times a second.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(error = %error, "can't read the price book; the last one stays in force");
            }
            Err(_) => {}
        }
    }
}
