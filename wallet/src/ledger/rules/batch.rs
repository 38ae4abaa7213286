//! Many commands of many wallets, decided in order on remembered state: pure, and nothing is kept until it is stored.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::ledger::model::batch_changes::{BatchChanges, BatchWallet, changed};
use crate::ledger::model::command::{BalanceAfter, Outcome};
use crate::ledger::model::decision::{DecideError, Decision};
use crate::ledger::model::entry::{EntryView, available_after};
use crate::ledger::model::request::{EarlierAnswer, WalletRequest};
use crate::ledger::model::wallet_state::{Core, Entry, Rules, WalletState};
use crate::ledger::rules::decide::{decide, decide_transfer};
use crate::money::Credits;

/// The working set of one batch.
#[derive(Debug, Default)]
pub struct Batch {
    wallets: HashMap<WalletId, Box<BatchWallet>>,
    done: HashMap<WalletId, HashMap<IdempotencyKey, EarlierAnswer>>,
    entries: Vec<Entry>,
}

impl Batch {
    /// Adds a wallet as it is stored. A wallet that the batch knows already stays as it is: commands may have been
    /// decided on it.
    pub fn know(&mut self, state: Box<WalletState>) {
        self.wallets.entry(state.core.id).or_insert_with(|| Box::new(BatchWallet::new(state)));
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
        let wallet = self.wallets.get(&work.wallet).ok_or_else(|| Refusal::not_found("wallet"))?;
        if let Some(own) = wallet.own.get(&work.request.key).and_then(|place| self.entries.get(*place)) {
            return replay(&own.view, own.request_hash, work.request.request_hash);
        }
        let decided = match work.other_wallet() {
            None => decide(&wallet.state, &work.request, now, rules).map(|decision| (decision, None)),
            Some(to) => {
                let to = self.wallets.get(&to).ok_or_else(|| Refusal::not_found("wallet"))?;
                decide_transfer(&wallet.state, &to.state, &work.request, now, rules)
                    .map(|(out, into)| (out, Some(into)))
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
        let place = decision.own.and_then(|own| self.entries.len().checked_add(own));
        let hold = decision.holds.last().map(|hold| Box::new(hold.view(work.wallet, core.last_at)));
        self.keep(work.wallet, decision);
        if let (Some(place), Some(wallet)) = (place, self.wallets.get_mut(&work.wallet)) {
            wallet.own.insert(work.request.key.clone(), place);
        }
        Ok(Outcome { entries, balance, hold, replayed: false })
    }

    /// Moves a wallet on, and collects what is to be stored.
    fn keep(&mut self, wallet: WalletId, decision: Decision) {
        self.share_budgets(wallet, &decision.core);
        if let Some(wallet) = self.wallets.get_mut(&wallet) {
            self.entries.extend(wallet.state.apply(decision));
        }
    }

    /// A budget of a project is the same for all its wallets.
    fn share_budgets(&mut self, wallet: WalletId, core: &Core) {
        if !core.shares_budgets() {
            return;
        }
        for other in self.wallets.values_mut().filter(|other| other.state.core.id != wallet) {
            for budget in &mut other.state.core.budgets {
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
        BatchChanges::check(&self.wallets, entries)
    }

    /// Finds a wallet as it is after the commands so far.
    #[must_use]
    pub fn state(&self, wallet: WalletId) -> Option<&WalletState> {
        self.wallets.get(&wallet).map(|wallet| &*wallet.state)
    }

    /// Gives the wallets that changed: as they were and as they are.
    pub fn wallets(&self) -> impl Iterator<Item = (&Core, &Core)> {
        changed(&self.wallets)
    }

    /// Gives the wallets as they are after the batch.
    pub fn into_states(self) -> impl Iterator<Item = Box<WalletState>> {
        self.wallets.into_values().map(|wallet| wallet.state)
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
