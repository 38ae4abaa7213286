//! Simulating a draft: asked for on a page, done by a job, kept with the draft.
//!
//! There is one simulation of each draft. Whoever does it holds a ticket and gives a sign of life with every part of
//! the ledger; after a silence of [`SILENCE`] another node takes it up with a newer ticket, and the older one is worth
//! nothing any more. So a second click changes nothing, a crash delays it, and it never stands still for ever.

use std::ops::ControlFlow;

use chrono::TimeDelta;
use serde_json::json;

use crate::error::{Error, Refusal, Result};
use crate::identity::Actor;
use crate::ledger::Debit;
use crate::tariff::model::price_book::BookStatus;
use crate::tariff::model::simulation::{AccountImpact, Progress, RunState, Simulation, SimulationRun};
use crate::tariff::pricing::service::Tariffs;
use crate::tariff::repo::simulation as repo;
use crate::tariff::repo::simulation::Ticket;
use crate::tariff::simulation::totals::{Equal, Totals};

/// The job that does what was asked for.
pub const SIMULATE_PRICES: &str = "rehearse_prices";
/// Who gave no sign of life for so long has died.
const SILENCE: TimeDelta = TimeDelta::minutes(1);
/// A simulation that was taken up so often and never ended is given up: it may be what ends its nodes.
const TAKES_MAX: i32 = 3;

/// How doing a simulation ended.
enum Ending {
    /// What it found is kept.
    Kept,
    /// Somebody else does it by now, or nobody needs it any more.
    Superseded,
    /// The caller had to stop; it goes on elsewhere, from its beginning.
    GivenBack,
}

impl Tariffs {
    /// Asks for a simulation of a draft as it is now. One that is on its way for the same revision is that simulation;
    /// one of an older revision is dropped for it.
    pub async fn ask_simulation(&self, staff: &Actor, version: i32) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let found = repo::draft_revision(&mut tx, version).await?;
        let found = found.ok_or_else(|| Refusal::not_found(format!("price book {version}")))?;
        let revision = found.ok_or(Refusal::VersionConflict)?;
        repo::ask(&mut tx, version, revision, staff, self.db.now()).await?;
        // Also for one that is on its way: the job finds nothing to do, or one that somebody has left.
        self.db.enqueue_in_tx(&mut tx, SIMULATE_PRICES, &json!({})).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Does every simulation that was asked for and that nobody does; says how many came to an end.
    ///
    /// Rates the real charges of the last days (a setting) again, beside running charges, and keeps what it found with
    /// the draft; an edit meanwhile makes that stale. `on_progress` hears of each step and may break it off: it is then
    /// taken up elsewhere.
    pub async fn run_simulations(
        &self,
        mut on_progress: impl FnMut(Progress) -> ControlFlow<()> + Send,
    ) -> Result<u64> {
        let mut ended = 0_u64;
        while let Some(ticket) = self.take_simulation().await? {
            match self.run_simulation(ticket, &mut on_progress).await {
                Ok(Ending::GivenBack) => return Ok(ended),
                Ok(Ending::Superseded) => {}
                Ok(Ending::Kept) => ended = ended.saturating_add(1),
                // Published or thrown away meanwhile: there is nothing to simulate any more.
                Err(Error::Refused(refusal)) => {
                    tracing::info!(version = ticket.version, %refusal, "a price book was not simulated");
                    repo::close(self.db.pool(), ticket, RunState::Failed, self.db.now()).await?;
                }
                Err(error) => {
                    tracing::error!(version = ticket.version, %error, "a simulation failed inside");
                    repo::close(self.db.pool(), ticket, RunState::Failed, self.db.now()).await?;
                    ended = ended.saturating_add(1);
                }
            }
        }
        Ok(ended)
    }

    /// Gives how far the simulation of a version is; `None` where none was asked for.
    pub async fn simulation_run(&self, version: i32) -> Result<Option<SimulationRun>> {
        repo::run(self.db.pool(), version).await
    }

    /// Gives what the last simulation of a version found; compare its revision with the draft's.
    pub async fn simulation(&self, version: i32) -> Result<Option<Simulation>> {
        repo::simulation_of(self.db.pool(), version).await
    }

    /// Gives what every account would have paid under the last simulation of a version, with their names: who would pay
    /// most more first.
    pub async fn simulated_accounts(&self, version: i32) -> Result<Vec<AccountImpact>> {
        repo::simulated_accounts(self.db.pool(), version).await
    }

    /// Takes a simulation that nobody does; gives those up that were begun too often.
    async fn take_simulation(&self) -> Result<Option<Ticket>> {
        loop {
            let now = self.db.now();
            let Some(ticket) = repo::take(self.db.pool(), now, now - SILENCE).await? else { return Ok(None) };
            if ticket.takes <= TAKES_MAX {
                return Ok(Some(ticket));
            }
            tracing::error!(version = ticket.version, tries = TAKES_MAX, "a simulation is given up");
            repo::close(self.db.pool(), ticket, RunState::GivenUp, now).await?;
        }
    }

    /// Rates every charge of the last days again, a part of the ledger at a time.
    async fn run_simulation(
        &self,
        ticket: Ticket,
        mut on_progress: impl FnMut(Progress) -> ControlFlow<()> + Send,
    ) -> Result<Ending> {
        let cached = self.cache.current().await?;
        let days = cached.rules.rehearsal_days;
        let draft = self.book(ticket.version).await?;
        if draft.status != BookStatus::Draft {
            return Err(Refusal::VersionConflict.into());
        }
        let to = self.db.now();
        let from = to - TimeDelta::days(days);
        let mut totals = Totals::new(&draft, &cached.ranks);
        let mut spent = self.ledger.spent(from, to).await?;
        let mut progress = Progress { total: spent.pages(), ..Progress::default() };
        loop {
            if !repo::beat(self.db.pool(), ticket, draft.revision, progress, self.db.now()).await? {
                return Ok(Ending::Superseded);
            }
            if on_progress(progress).is_break() {
                repo::give_back(self.db.pool(), ticket).await?;
                return Ok(Ending::GivenBack);
            }
            let rated = &mut progress.charges;
            let read = spent.read(|debit| *rated = rated.saturating_add(add(&mut totals, debit))).await?;
            match read {
                Some(done) => progress.done = done,
                None => break,
            }
        }
        drop(spent);
        totals.decide(&self.standing.ranks(&totals.undecided()).await?);
        let impacts = totals.impacts();
        let mut found = totals.finish(from, to);
        self.name_accounts(&mut found).await?;
        if !repo::finish(self.db.pool(), ticket, &found, &impacts, self.db.now()).await? {
            return Ok(Ending::Superseded);
        }
        tracing::info!(version = found.version, charges = found.charges, "simulated a price book");
        Ok(Ending::Kept)
    }

    async fn name_accounts(&self, found: &mut Simulation) -> Result<()> {
        let listed = || found.winners.iter().chain(&found.losers).map(|impact| impact.account.uuid());
        let names = repo::account_names(self.db.pool(), &listed().collect::<Vec<_>>()).await?;
        for impact in found.winners.iter_mut().chain(&mut found.losers) {
            let name = names.iter().find(|(id, _)| *id == impact.account.uuid());
            impact.name = name.map(|(_, name)| name.clone()).unwrap_or_default();
        }
        Ok(())
    }
}

/// Adds debits to the sums; says how many they are.
fn add(totals: &mut Totals<'_>, debit: Debit) -> i64 {
    match debit {
        Debit::Rated(spent) => {
            let (account, times, cost) = (spent.account, spent.times, spent.credits);
            totals.rate(Equal { account, operation: &spent.operation, times, cost }, &spent.params, spent.count);
            times
        }
        Debit::Opaque(times) => {
            totals.leave_out(times);
            times
        }
    }
}
