//! Many commands of many wallets, decided in order on remembered state: pure, and nothing is kept until it is stored.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;

use chrono::{DateTime, Utc};

use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::ledger::model::batch_changes::{BatchChanges, changed};
use crate::ledger::model::command::{BalanceAfter, Outcome};
use crate::ledger::model::entry::{EntryView, available_after};
use crate::ledger::model::request::{EarlierAnswer, WalletRequest};
use crate::ledger::model::wallet_state::{Core, DecideError, Decision, Entry, Rules, WalletState};
use crate::ledger::rules::decide::{decide, decide_transfer};
use crate::money::Credits;

/// The working set of one batch.
#[derive(Debug, Default)]
pub struct Batch {
    states: HashMap<WalletId, WalletState>,
    before: HashMap<WalletId, Core>,
    done: HashMap<WalletId, HashMap<IdempotencyKey, EarlierAnswer>>,
    /// The same of this batch's own commands: the place of their row.
    own: HashMap<WalletId, HashMap<IdempotencyKey, usize>>,
    entries: Vec<Entry>,
}

impl Batch {
    /// Adds a wallet as it is stored. A wallet that the batch knows already stays as it is: commands may have been
    /// decided on it.
    pub fn know(&mut self, state: WalletState) {
        if let Place::Vacant(place) = self.states.entry(state.core.id) {
            self.before.insert(state.core.id, state.core.clone());
            place.insert(state);
        }
    }

    /// Adds what a key did before.
    pub fn know_done(&mut self, wallet: WalletId, key: IdempotencyKey, done: EarlierAnswer) {
        self.done.entry(wallet).or_default().insert(key, done);
    }

    /// Decides one command on top of those before it. A refusal leaves no trace.
    pub fn perform(&mut self, work: &WalletRequest, now: DateTime<Utc>, rules: &Rules) -> Result<Outcome> {
        if let Some(done) = self.done.get(&work.wallet).and_then(|keys| keys.get(&work.request.key)) {
            return replay(&done.entry, done.request_hash, work.request.request_hash);
        }
        let own = self.own.get(&work.wallet).and_then(|keys| keys.get(&work.request.key));
        if let Some(own) = own.and_then(|place| self.entries.get(*place)) {
            return replay(&own.view, own.request_hash, work.request.request_hash);
        }
        let state = self.states.get(&work.wallet).ok_or_else(|| Refusal::not_found("wallet"))?;
        let decided = match work.other_wallet() {
            None => decide(state, &work.request, now, rules).map(|decision| (decision, None)),
            Some(to) => {
                let to = self.states.get(&to).ok_or_else(|| Refusal::not_found("wallet"))?;
                decide_transfer(state, to, &work.request, now, rules).map(|(out, into)| (out, Some(into)))
            }
        };
        let (decision, arriving) = decided.map_err(|stop| match stop {
            DecideError::Refused(refusal) => Error::Refused(refusal),
            DecideError::Inconsistent(what) => Error::internal(format!("wallet {}: {what}", work.wallet)),
        })?;
        let outcome = self.take(work, decision)?;
        if let (Some(arriving), Some(to)) = (arriving, work.other_wallet()) {
            let mut outcome = outcome;
            outcome.entries.extend(arriving.entries.iter().map(|entry| entry.view.clone()));
            self.keep(to, arriving);
            return Ok(outcome);
        }
        Ok(outcome)
    }

    /// Takes a decision over and makes its answer: the own row first.
    fn take(&mut self, work: &WalletRequest, decision: Decision) -> Result<Outcome> {
        let own = decision.own.and_then(|own| decision.entries.get(own));
        let own_seq = own.map_or(0, |entry| entry.view.seq);
        let others = decision.entries.iter().filter(|entry| entry.view.seq != own_seq);
        let entries: Vec<EntryView> = own.into_iter().chain(others).map(|entry| entry.view.clone()).collect();
        let core = &decision.core;
        let balance = own.map_or_else(
            || after(core.seq, core.settled, core.held),
            |entry| after(entry.view.seq, entry.view.settled_after, entry.view.held_after),
        )?;
        if let Some(place) = decision.own.and_then(|own| self.entries.len().checked_add(own)) {
            self.own.entry(work.wallet).or_default().insert(work.request.key.clone(), place);
        }
        let hold = decision.holds.last().map(|hold| Box::new(hold.view(work.wallet, core.last_at)));
        self.keep(work.wallet, decision);
        Ok(Outcome { entries, balance, hold, replayed: false })
    }

    /// Moves a wallet on, and collects what is to be stored.
    fn keep(&mut self, wallet: WalletId, decision: Decision) {
        self.share_budgets(wallet, &decision.core);
        if let Some(state) = self.states.get_mut(&wallet) {
            self.entries.extend(state.apply(decision));
        }
    }

    /// A budget of a project is the same for all its wallets.
    fn share_budgets(&mut self, wallet: WalletId, core: &Core) {
        if !core.shares_budgets() {
            return;
        }
        for state in self.states.values_mut().filter(|state| state.core.id != wallet) {
            for budget in &mut state.core.budgets {
                if let Some(now) = core.budgets.iter().find(|now| now.id == budget.id) {
                    *budget = now.clone();
                }
            }
        }
    }

    /// Says whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Gives the rows to store, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes out what is to be stored, checked: an error where rows and wallets do not belong together, which no
    /// decision can bring about.
    pub(crate) fn take_changes(&mut self) -> Result<BatchChanges<'_>> {
        let entries = std::mem::take(&mut self.entries);
        BatchChanges::check(&self.before, &self.states, entries)
    }

    /// Finds a wallet as it is after the commands so far.
    #[must_use]
    pub fn state(&self, wallet: WalletId) -> Option<&WalletState> {
        self.states.get(&wallet)
    }

    /// Gives the wallets that changed: as they were and as they are.
    pub fn wallets(&self) -> impl Iterator<Item = (&Core, &Core)> {
        changed(&self.before, &self.states)
    }

    /// Gives the wallets as they are after the batch.
    #[must_use]
    pub fn into_states(self) -> HashMap<WalletId, WalletState> {
        self.states
    }
}

/// Answers as the first did.
pub(in crate::ledger) fn replay(entry: &EntryView, first: RequestHash, again: RequestHash) -> Result<Outcome> {
    if first != again {
        return Err(Refusal::IdempotencyMismatch.into());
    }
    let balance = after(entry.seq, entry.settled_after, entry.held_after)?;
    Ok(Outcome { entries: vec![entry.clone()], balance, hold: None, replayed: true })
}

fn after(seq: i64, settled: Credits, held: Credits) -> Result<BalanceAfter> {
    Ok(BalanceAfter { seq, settled, held, available: available_after(settled, held)? })
}
