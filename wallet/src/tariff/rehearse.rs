//! Running a rehearsal, and keeping what it found with the draft.

use chrono::TimeDelta;

use super::rehearsal::{Progress, Rehearsal};
use super::tally::Tally;
use super::{BookStatus, Tariffs, repo};
use crate::error::{Refusal, Result};
use crate::identity::Actor;
use crate::ledger::spent::Debit;

impl Tariffs {
    /// Rates the real charges of the last days (a setting) again under a draft, and keeps the result with it.
    ///
    /// Reads only, beside running charges; `on_progress` hears of each step. A later edit makes the result stale.
    pub async fn rehearse(
        &self,
        staff: &Actor,
        version: i32,
        mut on_progress: impl FnMut(Progress) + Send,
    ) -> Result<Rehearsal> {
        let days = self.keeper.shelf().await?.rules.rehearsal_days;
        let draft = self.book(version).await?;
        if draft.status != BookStatus::Draft {
            return Err(Refusal::VersionConflict.into());
        }
        let to = self.db.now();
        let from = to - TimeDelta::days(days);
        let mut progress = Progress { done: 0, total: self.ledger.count_spent(from, to).await? };
        on_progress(progress);
        let mut tally = Tally::new(&draft);
        self.ledger
            .spent(from, to, |debit| {
                let times = match debit {
                    Debit::Rated(spent) => {
                        let (operation, params) = (&spent.operation, &spent.params);
                        tally.rate(spent.account, operation, params, spent.count, spent.times, spent.credits);
                        spent.times
                    }
                    Debit::Opaque(times) => {
                        tally.leave_out(times);
                        times
                    }
                };
                progress.done = progress.done.saturating_add(times).min(progress.total);
                on_progress(progress);
            })
            .await?;
        let mut found = tally.finish(from, to);
        self.name_accounts(&mut found).await?;
        repo::keep_rehearsal(self.db.pool(), &found).await?;
        tracing::info!(version, charges = found.charges, by = staff.name(), "rehearsed a price book");
        Ok(found)
    }

    /// Gives the last rehearsal of a version; compare its revision with the draft's.
    pub async fn rehearsal(&self, version: i32) -> Result<Option<Rehearsal>> {
        repo::rehearsal(self.db.pool(), version).await
    }

    async fn name_accounts(&self, found: &mut Rehearsal) -> Result<()> {
        let listed = || found.winners.iter().chain(&found.losers).map(|impact| impact.account.uuid());
        let names = repo::account_names(self.db.pool(), &listed().collect::<Vec<_>>()).await?;
        for impact in found.winners.iter_mut().chain(&mut found.losers) {
            let name = names.iter().find(|(id, _)| *id == impact.account.uuid());
            impact.name = name.map(|(_, name)| name.clone()).unwrap_or_default();
        }
        Ok(())
    }
}
