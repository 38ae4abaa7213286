//! Announcing a version: the changelog, what the version means to each account, and the banner.
//!
//! A published book is its own outbox row: it is taken by one node at a time ([`Tariffs::take_untold`]) until it is
//! marked as told. What it means to each account is worked out once, from one pass over the charges of the days before
//! the announcement, and kept: mail and banner show the same figure.

use chrono::TimeDelta;

use crate::error::{Error, Refusal, Result};
use crate::id::{AccountId, UserId};
use crate::ledger::Debit;
use crate::tariff::model::announcement::{Announcement, Changelog};
use crate::tariff::model::impact::{Impact, RiseNotice};
use crate::tariff::model::price_book::BookStatus;
use crate::tariff::pricing::service::Tariffs;
use crate::tariff::publishing::impact::ImpactTotals;
use crate::tariff::repo::notice as repo;

/// The job that tells people of a published version.
pub const ANNOUNCE_PRICES: &str = "announce_prices";
/// The most versions of one page of the changelog.
pub(crate) const CHANGELOG_PAGE_MAX: u16 = 200;
/// How often a version that changes meanwhile is weighed again at once.
const WEIGHINGS_MAX: usize = 5;
/// A node that took a version and did not finish by then has died.
const TELLING: TimeDelta = TimeDelta::minutes(15);

/// What came of telling people of a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The version.
    pub version: i32,
    /// Mails that were queued.
    pub mails: u64,
}

impl Tariffs {
    /// Gives a page of announced, present and past changes of prices, newest first: the public changelog.
    pub async fn changelog(&self, before: Option<i32>, limit: u16) -> Result<Changelog> {
        let limit = limit.clamp(1, CHANGELOG_PAGE_MAX);
        // First: what is written in between is then told again, never missed.
        let changed_at = repo::changed_at(self.db.pool()).await?;
        // One more than asked for says whether there is another page.
        let mut announcements = repo::page(self.db.pool(), before, i64::from(limit).saturating_add(1)).await?;
        let is_more = announcements.len() > usize::from(limit);
        announcements.truncate(usize::from(limit));
        let next = announcements.last().filter(|_| is_more).map(|last| last.version);
        Ok(Changelog { announcements, next, changed_at })
    }

    /// Gives one version of the changelog.
    pub async fn announcement(&self, version: i32) -> Result<Announcement> {
        let found = repo::one(self.db.pool(), version).await?;
        Ok(found.ok_or_else(|| Refusal::not_found(format!("price change {version}")))?)
    }

    /// Lists what is announced and not in force yet; from memory where nothing is.
    pub async fn coming(&self) -> Result<Option<Announcement>> {
        let now = self.db.now();
        let cached = self.cache.current().await?;
        let coming = cached.books.iter().find(|book| {
            book.status == BookStatus::Scheduled && book.effective_at.is_some_and(|effective_at| effective_at > now)
        });
        match coming {
            Some(book) => repo::one(self.db.pool(), book.version).await,
            None => Ok(None),
        }
    }

    /// Takes a version of which people are still to be told; nobody else gets it for a while.
    #[doc(hidden)]
    pub async fn take_untold(&self) -> Result<Option<i32>> {
        let now = self.db.now();
        repo::take_untold(self.db.pool(), now, now - TELLING).await
    }

    /// Gives a version back that could not be told: it is taken again at the next round.
    pub(crate) async fn leave_untold(&self, version: i32) -> Result<()> {
        repo::leave_untold(self.db.pool(), version).await
    }

    /// Marks a version as told in the state that it was told in.
    #[doc(hidden)]
    pub async fn mark_told(&self, announcement: &Announcement) -> Result<()> {
        repo::mark_told(self.db.pool(), announcement.version, announcement.status, self.db.now()).await
    }

    /// Works out what a published version means to each account, where that is not known: the real charges of the
    /// days before its announcement (setting `rehearsal_days`), rated by the prices that it replaces and by its own. A
    /// repeat finds the same. A version that changes meanwhile is weighed again.
    pub(crate) async fn weigh(&self, version: i32) -> Result<()> {
        for _ in 0..WEIGHINGS_MAX {
            let Some(text) = repo::unweighed(self.db.pool(), version).await? else { return Ok(()) };
            let impacts = self.impacts(version).await?;
            if repo::keep_impacts(self.db.pool(), version, text, &impacts, self.db.now()).await? {
                let accounts = impacts.len();
                tracing::info!(version, accounts, "worked out what a price change means to each account");
                return Ok(());
            }
        }
        Err(Error::internal(format!("price book {version} changes faster than it can be weighed")))
    }

    /// Rates the charges of the days before an announcement, before and after.
    async fn impacts(&self, version: i32) -> Result<Vec<Impact>> {
        let cached = self.cache.current().await?;
        let announcement = self.announcement(version).await?;
        // New names and operations mean nothing to what was charged before.
        if !announcement.changes.iter().any(|change| change.direction.moves_a_price()) {
            return Ok(Vec::new());
        }
        let (before, after) = self.sides(version).await?;
        let mut tally = ImpactTotals::new(&before, &after, &announcement.changes, &cached.ranks);
        let from = announcement.announced_at - TimeDelta::days(cached.rules.rehearsal_days);
        let mut rate = |debit: Debit| match debit {
            Debit::Rated(spent) => tally.rate(&spent),
            // Captured in part: what it would have cost can't be said.
            Debit::Opaque(_) => {}
        };
        let mut spent = self.ledger.spent(from, announcement.announced_at).await?;
        while spent.read(&mut rate).await?.is_some() {}
        drop(spent);
        let plans = self.standing.ranks(&tally.undecided()).await?;
        Ok(tally.finish(&plans))
    }

    /// Says how many days of charges are rated again for an announcement.
    pub(crate) async fn impact_days(&self) -> Result<i64> {
        Ok(self.cache.current().await?.rules.rehearsal_days)
    }

    /// Gives what a version means to an account; `None` where the account used nothing that changes.
    #[doc(hidden)]
    pub async fn impact(&self, version: i32, account: AccountId) -> Result<Option<Impact>> {
        repo::impact(self.db.pool(), version, account).await
    }

    /// Gives the coming rise that concerns an account, unless this person has put its banner away. Without an
    /// announced version this asks nothing of the database.
    pub async fn coming_rise(&self, account: AccountId, user: UserId) -> Result<Option<RiseNotice>> {
        let now = self.db.now();
        let cached = self.cache.current().await?;
        let coming = cached.books.iter().find_map(|book| {
            let at = book.effective_at.filter(|at| *at > now)?;
            (book.status == BookStatus::Scheduled).then_some((book.version, at))
        });
        let Some((version, effective_at)) = coming else { return Ok(None) };
        let Some(impact) = self.impact(version, account).await?.filter(|impact| impact.rises) else {
            return Ok(None);
        };
        if repo::is_dismissed(self.db.pool(), version, user).await? {
            return Ok(None);
        }
        let (before, after, refused) = (impact.before, impact.after, impact.refused);
        Ok(Some(RiseNotice { version, effective_at, days: cached.rules.rehearsal_days, before, after, refused }))
    }

    /// Puts the banner of a version away for a person, for good.
    pub async fn dismiss_rise(&self, version: i32, user: UserId) -> Result<()> {
        if repo::dismiss(self.db.pool(), version, user, self.db.now()).await? {
            return Ok(());
        }
        Err(Refusal::not_found(format!("price change {version}")).into())
    }
}
