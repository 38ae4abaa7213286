//! The price books that count, in memory: the one in force, and the one that is announced.
//!
//! A background task reads one number four times a second, `catalog.revision`, and loads everything again when it has
//! changed: so a published price is on every node within a second, without a message and without a query per quote.
//! An announced book is in memory long before its instant, and every node takes it at that instant by its clock,
//! which follows the database's.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{PriceBook, repo};
use crate::db::Db;
use crate::error::{Refusal, Result};

/// How often a node asks whether something has changed.
const POLL: Duration = Duration::from_millis(250);

/// What is in memory.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    pub(super) rules: repo::Rules,
    pub(super) ranks: Vec<(String, i32)>,
    /// By the instant from which each is in force.
    pub(super) books: Vec<Arc<PriceBook>>,
}

impl Shelf {
    /// Gives the book in force at an instant.
    pub(super) fn in_force(&self, at: DateTime<Utc>) -> Option<&Arc<PriceBook>> {
        let begun = |book: &&Arc<PriceBook>| book.effective_at.is_some_and(|from| from <= at);
        self.books.iter().rev().find(begun).or_else(|| self.books.first())
    }

    /// Gives the rank of a plan.
    pub(super) fn rank(&self, plan: &str) -> Option<i32> {
        self.ranks.iter().find(|(code, _)| code == plan).map(|(_, rank)| *rank)
    }
}

/// Keeps a shelf fresh.
#[derive(Clone)]
pub(super) struct Keeper(Arc<Inner>);

struct Inner {
    db: Db,
    shelf: RwLock<Option<Arc<Shelf>>>,
}

impl Keeper {
    /// Starts to follow the catalog; the task ends when the last handle goes.
    pub(super) fn start(db: Db) -> Self {
        let inner = Arc::new(Inner { db, shelf: RwLock::new(None) });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(follow(Arc::downgrade(&inner)));
        }
        Self(inner)
    }

    /// Gives the shelf from memory; loads it the first time.
    pub(super) async fn shelf(&self) -> Result<Arc<Shelf>> {
        if let Some(shelf) = self.0.get() {
            return Ok(shelf);
        }
        Box::pin(self.0.load()).await?;
        self.0.get().ok_or_else(|| Refusal::not_found("price book (load a preset first)").into())
    }

    /// Loads again, after a change made here: whoever made it sees it at once.
    pub(super) async fn reload(&self) -> Result<()> {
        self.0.load().await
    }
}

impl Inner {
    fn get(&self) -> Option<Arc<Shelf>> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone()
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
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        // A slower load must not undo a later one.
        if shelf.as_ref().is_none_or(|known| known.rules.revision <= rules.revision) {
            *shelf = Some(Arc::new(Shelf { rules, ranks, books }));
        }
        Ok(())
    }

    async fn poll(&self) -> Result<()> {
        let known = self.get().map(|shelf| shelf.rules.revision);
        if repo::revision(self.db.pool()).await? != known {
            self.load().await?;
        }
        let due = self.get().is_some_and(|shelf| shelf.due(self.db.now()));
        if due {
            super::service::settle(&self.db).await?;
            self.load().await?;
        }
        Ok(())
    }
}

impl Shelf {
    /// Says whether an announced book's time has come, and the database doesn't say so yet.
    fn due(&self, at: DateTime<Utc>) -> bool {
        let due = |book: &Arc<PriceBook>| {
            book.status == super::BookStatus::Scheduled && book.effective_at.is_some_and(|from| from <= at)
        };
        self.books.iter().any(due)
    }
}

/// Follows the catalog until nobody holds the keeper.
async fn follow(inner: Weak<Inner>) {
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
