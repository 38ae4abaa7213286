//! What a wallet can be asked to do, and what it answers.

use serde::{Deserialize, Serialize};

use chrono::{DateTime, Utc};

use crate::id::WalletId;
use crate::ledger::model::entry::{EntryView, GrantSource, HoldView};
use crate::ledger::model::grant_limit::GrantLimit;
use crate::ledger::model::receipt::Receipt;
use crate::money::{Credits, Money};

/// One thing that a wallet is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Put credits in.
    Grant(NewGrant),
    /// Take credits at once.
    Charge {
        /// What for, and how much.
        receipt: Receipt,
    },
    /// Take credits for a thing of the platform itself.
    Fee {
        /// Which thing.
        kind: FeeKind,
        /// What for, and how much.
        receipt: Receipt,
    },
    /// Set credits aside for a job.
    Hold {
        /// What the job is made of.
        lines: Vec<Receipt>,
        /// How long, in seconds; 24 hours where nothing is said, at most 7 days.
        expires_in: Option<u32>,
    },
    /// Take what was set aside, all or part; the rest is given back.
    Capture {
        /// The hold's `seq`.
        hold: i64,
        /// How much of it.
        amount: CaptureAmount,
    },
    /// Give back what was set aside.
    Release {
        /// The hold's `seq`.
        hold: i64,
        /// Why.
        reason: ReleaseReason,
    },
    /// Pay back a failed operation, once.
    CreditBack {
        /// The `seq` of the charge or capture.
        charge: i64,
        /// Why, for people.
        reason: String,
    },
    /// Take credits back because their money went back; may drive the wallet negative.
    Clawback {
        /// The grant that the money bought; taken from first.
        grant: Option<i64>,
        /// How much.
        amount: Credits,
        /// Why, for people.
        reason: String,
    },
    /// Take back what is left of a grant whose money goes back, before the money is sent; never more than that.
    Void {
        /// The grant that the money bought.
        grant: i64,
        /// How much.
        amount: Credits,
        /// Why, for people.
        reason: String,
    },
    /// Give back what was taken so, once, where the money did not go back after all.
    Restore {
        /// The `seq` of the row that took it.
        void: i64,
        /// Why, for people.
        reason: String,
    },
    /// Mend a mistake: put in (above zero) or take out (below zero; never more than is available).
    Adjustment {
        /// How much.
        amount: Credits,
        /// Why, for people.
        reason: String,
    },
    /// Move credits to another wallet of the same account; they keep their terms.
    Transfer {
        /// The receiving wallet.
        to: WalletId,
        /// How much.
        amount: Credits,
        /// Why, for people.
        reason: String,
        /// The only grant that they are taken from; in burn order from what is not limited where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<i64>,
    },
    /// Write off what has expired.
    ExpireGrants,
    /// End a hold whose time is over.
    ExpireHold {
        /// The hold's `seq`.
        hold: i64,
    },
    /// Answer as the key's first command did; does nothing where there was none.
    Replay,
}

/// Credits to put in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGrant {
    /// How much; above zero.
    pub amount: Credits,
    /// Where they come from.
    pub source: GrantSource,
    /// What people see: `Light, 100 tokens`.
    pub label: String,
    /// The burn order: lower is taken first. `GrantSource::default_priority` where the catalog has no wish.
    pub priority: i16,
    /// From when they count; not later than the moment of posting (a later grant is posted later).
    pub effective_at: Option<DateTime<Utc>>,
    /// When they end; never where nothing is said.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the whole grant cost in money; its unit cost is this over `amount`.
    pub cost: Option<Money>,
    /// What it belongs to: `payment:<id>`, `subscription:<id>:<period>`.
    pub reference: Option<String>,
    /// What they may be spent on; everything where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<GrantLimit>,
}

impl NewGrant {
    /// Makes a grant that never expires, with its source's usual priority.
    pub fn new(amount: Credits, source: GrantSource, label: impl Into<String>) -> Self {
        Self {
            amount,
            source,
            label: label.into(),
            priority: source.default_priority(),
            effective_at: None,
            expires_at: None,
            cost: None,
            reference: None,
            limit: None,
        }
    }
}

/// Debits for things of the platform itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// An add-on's month.
    AddOn,
    /// A metered item's month.
    Metered,
    /// A repeated delivery of a webhook.
    WebhookFee,
}

/// How much of a hold is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureAmount {
    /// Everything.
    All,
    /// So much, from the first line on.
    Total(Credits),
    /// So much of each line, in order.
    Lines(Vec<Credits>),
}

/// Why a hold is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// The job failed for the platform's reasons: never charged.
    PlatformFailure,
    /// The job failed for the customer's reasons.
    CustomerFailure,
    /// The job was called off.
    Cancelled,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The rows that it wrote: its own first, then what followed from it. A replay has its own only.
    pub entries: Vec<EntryView>,
    /// The wallet right after the command's own row.
    pub balance: BalanceAfter,
    /// The hold that it placed or finished; a replay has none.
    pub hold: Option<Box<HoldView>>,
    /// Whether the same command had been done before, and nothing was done now.
    pub replayed: bool,
}

impl Outcome {
    /// Gives the command's own row; `None` only where there was nothing to do (nothing had expired).
    #[must_use]
    pub fn entry(&self) -> Option<&EntryView> {
        self.entries.first()
    }

    /// Gives the own row's `seq`, 0 where there was nothing to do.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.entries.first().map_or(0, |entry| entry.seq)
    }
}

/// The wallet right after a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceAfter {
    /// The row's `seq`.
    pub seq: i64,
    /// Posted.
    pub settled: Credits,
    /// Set aside.
    pub held: Credits,
    /// Settled − held.
    pub available: Credits,
}
