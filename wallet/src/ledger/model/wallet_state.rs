//! What decisions go by: a wallet's numbers, grants, holds and past debits, rules, and the rows they make.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Months, Utc};
use uuid::Uuid;

use crate::error::{Problem, Refusal};
use crate::id::{AccountId, ProjectId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{Actor, Environment, Side};
use crate::ledger::model::budget::{Budget, BudgetScope};
use crate::ledger::model::decision::Decision;
use crate::ledger::model::entry::{EntryKind, EntryView, GrantSource, HoldLine, HoldState};
use crate::ledger::model::grant_limit::{GrantLimit, Purpose};
use crate::ledger::model::hash::Hash;
use crate::ledger::model::metadata;
use crate::money::{Credits, Money};

/// Stands for the wallet's debt where a grant's number is expected.
pub(crate) const DEBT: i64 = 0;

/// Everything that a decision looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletState {
    /// Numbers and grants; small, copied for every decision.
    pub core: Core,
    /// The holds that are known here; all open ones that commands name.
    pub holds: BTreeMap<i64, Hold>,
    /// The debits that commands name.
    pub debits: BTreeMap<i64, PastDebit>,
}

/// A wallet's numbers and its open grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// The wallet.
    pub id: WalletId,
    /// Who pays for it.
    pub account: Uuid,
    /// Counts every change of the wallet, so that a writer notices another one.
    pub version: i64,
    /// The newest row.
    pub seq: i64,
    /// Posted: what all grants have, held or not, less the debt.
    pub settled: Credits,
    /// Set aside.
    pub held: Credits,
    /// What a clawback could not find; the next credits repay it first.
    pub debt: Credits,
    /// The hash of the newest row.
    pub head: Hash,
    /// When the newest row was written.
    pub last_at: DateTime<Utc>,
    /// The number of the newest grant.
    pub grants_made: i64,
    /// Up to which row the ledger is in archives.
    pub archived: i64,
    /// The size of the newest grant that was bought or came with a plan.
    pub last_refill: Option<Credits>,
    /// Why debits are refused.
    pub frozen: Option<Arc<str>>,
    /// When the owner was last seen to want this wallet.
    pub active_at: DateTime<Utc>,
    /// The grants that have something (and those that a command names), in burn order.
    pub grants: Vec<Grant>,
    /// The budgets that concern this wallet.
    pub budgets: Vec<Budget>,
}

/// One grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The number within the wallet, from 1.
    pub id: i64,
    /// What can be spent.
    pub remaining: Credits,
    /// What is set aside.
    pub held: Credits,
    /// What was taken back with its money.
    pub clawed: Credits,
    /// What never changes.
    pub terms: Arc<GrantTerms>,
}

/// What never changes about a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// The row that brought it.
    pub seq: i64,
    /// Where it comes from.
    pub source: GrantSource,
    /// What people see.
    pub label: String,
    /// How much came in.
    pub granted: Credits,
    /// The burn order: lower first.
    pub priority: i16,
    /// From when it counts.
    pub effective_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// What it cost.
    pub cost: Option<Money>,
    /// What it belongs to.
    pub reference: Option<String>,
    /// What it may be spent on; everything where nothing is said.
    pub limit: Option<GrantLimit>,
}

impl Grant {
    /// Says whether the grant's time is over: from that very instant.
    #[must_use]
    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.terms.expires_at.is_some_and(|at| at <= now)
    }

    /// Says whether the grant still has something.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.remaining.is_positive() || self.held.is_positive()
    }

    /// Gives the place in the burn order: the most limited first, then priority, then earliest end (never last), then
    /// oldest.
    #[must_use]
    pub(crate) fn burn_key(&self) -> ((usize, usize), i16, bool, Option<DateTime<Utc>>, i64) {
        let breadth = self.terms.limit.as_ref().map_or((usize::MAX, usize::MAX), GrantLimit::breadth);
        (breadth, self.terms.priority, self.terms.expires_at.is_none(), self.terms.expires_at, self.id)
    }

    /// Says whether the grant may be spent on something.
    #[must_use]
    pub(crate) fn pays_for(&self, purpose: Purpose<'_>) -> bool {
        self.terms.limit.as_ref().is_none_or(|limit| limit.admits(purpose))
    }
}

/// Credits set aside for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The hold's row.
    pub seq: i64,
    /// How much was set aside.
    pub amount: Credits,
    /// How much was taken.
    pub captured: Credits,
    /// What has become of it.
    pub state: HoldState,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// When it times out.
    pub expires_at: DateTime<Utc>,
    /// What it is made of.
    pub lines: Arc<Vec<HoldLine>>,
    /// From which grant how much, in burn order.
    pub allocations: Vec<(i64, Credits)>,
    /// The budgets that counted it.
    pub subject: Subject,
    /// Who placed it, and so who may finish it; not known of one whose row is archived, which is finished.
    pub made_by: Option<Side>,
    /// What its caller sent along: the rows that finish it say the same.
    pub metadata: Arc<serde_json::Value>,
    /// The row that finished it.
    pub finished_by: Option<i64>,
}

/// On whose behalf credits are spent: what budgets count by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The API key.
    pub key: Option<Uuid>,
    /// The end customer (`metadata.customer_id`).
    pub customer: Option<String>,
}

/// A debit of the past that a credit-back names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDebit {
    /// The row.
    pub entry: EntryView,
    /// What it took from which grant (as changes: below zero).
    pub allocations: Vec<Allocation>,
    /// Of a capture: how much of what it took; a capture of an older version of Scrip says nothing.
    pub lines: Vec<HoldLine>,
    /// The row that paid it back before.
    pub credited_by: Option<i64>,
    /// On whose behalf and when budgets counted it: at the hold, for a capture.
    pub counted: (Subject, DateTime<Utc>),
}

/// One grant's share of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The grant, or [`DEBT`].
    pub grant: i64,
    /// The change of what the grant has, held or not.
    pub amount: Credits,
    /// The change of what is set aside of it.
    pub held: Credits,
}

/// A row on its way into the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What people will see.
    pub view: EntryView,
    /// The metadata exactly as it is stored and hashed; `None` where there is none.
    pub metadata: Option<Arc<str>>,
    /// The receipt, the grant's terms or the reason, as compact JSON; stored and hashed.
    pub detail: Option<String>,
    /// The shares of grants.
    pub allocations: Vec<Allocation>,
    /// What makes a repeat answer as the first did.
    pub key: IdempotencyKey,
    /// The hash of the request.
    pub request_hash: RequestHash,
    /// The other wallet of a transfer.
    pub(crate) counterpart: Option<WalletId>,
    /// When a hold times out; of a hold's own row only.
    pub expires_at: Option<DateTime<Utc>>,
    /// The row's hash.
    pub hash: Hash,
}

impl Subject {
    /// Tells on whose behalf an actor spends, from what the caller sent along.
    #[must_use]
    pub fn of(actor: &Actor, metadata: &serde_json::Value) -> Self {
        let key = actor.spending_key().map(|id| id.uuid());
        Self { key, customer: metadata::text_of(metadata, metadata::CUSTOMER) }
    }
}

/// The catalog's settings that decisions follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// After how many months without activity spending waits for the owner; none: never.
    pub inactivity_months: Option<u16>,
    /// What a job costs that failed for the customer's reasons.
    pub customer_failure: CustomerFailure,
    /// Whether customers may pay back their own charges, and release their own holds for the platform's reasons.
    pub customer_credit_back: bool,
    /// The smallest step of amounts that callers choose; none: any.
    pub step: Option<Credits>,
    /// Up to when holds that timed out are finished, where that was asked: none is placed that would time out by then.
    pub swept_until: Option<DateTime<Utc>>,
}

/// What a job costs that failed for the customer's reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CustomerFailure {
    /// Nothing.
    #[default]
    Free,
    /// All that was set aside for it, once.
    ChargedOnce,
}

impl Rules {
    /// Refuses an amount of a caller's choice that is no whole number of the unit's steps.
    pub(crate) fn in_steps(&self, field: &str, amount: Credits) -> Result<(), Refusal> {
        match self.step {
            Some(step) if !amount.is_in_steps_of(step) => {
                Err(Refusal::unprocessable(field, Problem::TooPrecise, format!("Give a multiple of {step}.")))
            }
            _ => Ok(()),
        }
    }

    /// Says whether a wallet whose owner was last seen at `active_at` waits for the owner.
    #[must_use]
    pub fn waits(&self, active_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let limit = self.inactivity_months.and_then(|months| active_at.checked_add_months(Months::new(months.into())));
        limit.is_some_and(|limit| limit <= now)
    }
}

impl WalletState {
    /// Moves on to the state after a decision, and gives its rows.
    pub fn apply(&mut self, decision: Decision) -> Vec<Entry> {
        self.core = decision.core;
        for hold in decision.holds {
            self.holds.insert(hold.seq, hold);
        }
        if let Some((debit, by)) = decision.credited
            && let Some(past) = self.debits.get_mut(&debit)
        {
            past.credited_by = Some(by);
        }
        decision.entries
    }

    /// Keeps only what the next decision may need: open grants, open holds (the newest ones, at most `holds`).
    pub(crate) fn tidy(&mut self, holds: usize) {
        self.core.grants.retain(Grant::is_open);
        self.debits.clear();
        self.holds.retain(|_, hold| hold.state == HoldState::Open);
        while self.holds.len() > holds {
            self.holds.pop_first();
        }
    }
}

impl Core {
    /// Says whether other wallets spend under a budget of this one, too: a budget of the project.
    #[must_use]
    pub(crate) fn shares_budgets(&self) -> bool {
        self.budgets.iter().any(|budget| budget.scope == BudgetScope::Project)
    }

    /// Says whether the budgets count the period in which a row that is written at a moment will stand (never before
    /// the row before it): where one has begun anew, whoever reads it moves it on.
    #[must_use]
    pub(crate) fn counts_at(&self, now: DateTime<Utc>) -> bool {
        let now = now.max(self.last_at);
        self.budgets.iter().all(|budget| budget.window.contains(now))
    }

    /// Finds a grant.
    #[must_use]
    pub fn grant(&self, id: i64) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.id == id)
    }

    /// Tells what can be spent now: what has expired can't, swept or not. `None` where the numbers are too large.
    #[must_use]
    pub fn available(&self, now: DateTime<Utc>) -> Option<Credits> {
        available(&self.grants, self.debt, now)
    }

    /// Tells what can be spent on something now. `None` where the numbers are too large.
    #[must_use]
    pub(crate) fn available_for(&self, purpose: Purpose<'_>, now: DateTime<Utc>) -> Option<Credits> {
        let limited = self.grants.iter().filter(|grant| !grant.pays_for(purpose) && !grant.is_expired(now));
        let limited = Credits::checked_sum(limited.map(|grant| grant.remaining))?;
        self.available(now)?.checked_sub(limited)
    }

    /// Says whether a kind of row counts as activity of the owner.
    pub(in crate::ledger) const fn is_activity(kind: EntryKind) -> bool {
        !matches!(
            kind,
            EntryKind::GrantExpired
                | EntryKind::HoldExpired
                | EntryKind::Clawback
                | EntryKind::Adjustment
                | EntryKind::WebhookFee
                | EntryKind::Metered
                | EntryKind::AddOn
        )
    }
}

/// Sums up what can be spent at a moment: what grants have left that are not over, less the debt. `None` where the
/// numbers are too large.
///
/// The one formula of "available". With no grant over and none left unswept it is what a row leaves: settled − held
/// (`available_after` of its entry).
pub(in crate::ledger) fn available(grants: &[Grant], debt: Credits, at: DateTime<Utc>) -> Option<Credits> {
    let live = grants.iter().filter(|grant| !grant.is_expired(at)).map(|grant| grant.remaining);
    Credits::checked_sum(live)?.checked_sub(debt)
}

/// A wallet to make.
#[derive(Clone, Copy, Debug)]
pub struct NewWallet {
    /// Who pays.
    pub account: AccountId,
    /// What spends.
    pub project: ProjectId,
    /// What it is used for.
    pub environment: Environment,
}
