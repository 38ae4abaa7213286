//! Rows of the ledger and what people see of a wallet: pure read models.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::identity::Actor;
use crate::ledger::model::archive::ArchivedRows;
use crate::ledger::model::grant_limit::{GrantLimit, Purpose};
use crate::ledger::model::receipt::Receipt;
use crate::money::{Credits, Money};

macro_rules! stored_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $text:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Gives the number in storage and in the hash chain.
            #[must_use]
            pub const fn code(self) -> i16 { match self { $(Self::$variant => $code,)+ } }

            /// Takes the number from storage.
            #[must_use]
            pub const fn from_code(code: i16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// Gives the name in REST and CSV.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }

            /// Takes the name from REST.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

stored_enum! {
    /// What happened to a wallet.
    EntryKind {
        /// Credits came in.
        Grant = 1, "grant";
        /// An immediate debit.
        Charge = 2, "charge";
        /// Credits were set aside for a job.
        Hold = 3, "hold";
        /// Set-aside credits were taken; the rest was given back.
        Capture = 4, "capture";
        /// Set-aside credits were given back.
        Release = 5, "release";
        /// The hold's time was over; the credits went back.
        HoldExpired = 6, "hold_expired";
        /// The grant's time was over; its rest is gone.
        GrantExpired = 7, "grant_expired";
        /// A failed operation was paid back.
        CreditBack = 8, "credit_back";
        /// Credits were taken back with their money.
        Clawback = 9, "clawback";
        /// An add-on's month.
        AddOn = 10, "add_on";
        /// A metered item's month.
        Metered = 11, "metered";
        /// A repeated webhook delivery.
        WebhookFee = 12, "webhook_fee";
        /// A mistake was mended.
        Adjustment = 13, "adjustment";
        /// Credits went to another wallet of the account.
        TransferOut = 14, "transfer_out";
        /// Credits came from another wallet of the account.
        TransferIn = 15, "transfer_in";
    }
}

stored_enum! {
    /// Where a grant's credits come from.
    GrantSource {
        /// A plan's credits of one period.
        Allowance = 1, "allowance";
        /// A plan's credits that come once.
        OneTime = 2, "one_time";
        /// A present.
        Promo = 3, "promo";
        /// Bought.
        TopUp = 4, "top_up";
        /// Put in to mend a mistake.
        Adjustment = 5, "adjustment";
        /// From another wallet of the account.
        Transfer = 6, "transfer";
    }
}

impl GrantSource {
    /// Gives the burn order that holds where the catalog sets none: allowance, then promo, then top-up.
    #[must_use]
    pub(crate) const fn default_priority(self) -> i16 {
        match self {
            Self::Allowance => 10,
            Self::OneTime | Self::Promo | Self::Adjustment => 20,
            Self::TopUp | Self::Transfer => 30,
        }
    }
}

/// One row of the ledger, as people and programs see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// The wallet.
    pub wallet: WalletId,
    /// The row's place, from 1 and without a gap.
    pub seq: i64,
    /// What happened.
    pub kind: EntryKind,
    /// The change of settled.
    pub amount: Credits,
    /// The change of held.
    pub held_change: Credits,
    /// Settled after this row.
    pub settled_after: Credits,
    /// Held after this row.
    pub held_after: Credits,
    /// The operation's code, for debits.
    pub operation: Option<String>,
    /// What to show: the operation's name, the grant's label, the reason.
    pub title: Option<String>,
    /// The operation's category, for debits; the source, for grants.
    pub category: Option<String>,
    /// How many.
    pub quantity: i64,
    /// The row that this one answers: the hold of a capture, the charge of a credit-back, the counterpart of a
    /// transfer.
    pub refers_to: Option<i64>,
    /// Who did it.
    pub actor: Actor,
    /// What the caller sent along.
    pub metadata: Value,
    /// When, by the database's clock; never runs back within a wallet.
    pub created_at: DateTime<Utc>,
}

impl EntryView {
    /// Gives what the row took: the change of settled, with its sign turned.
    pub fn taken(&self) -> Result<Credits> {
        self.amount.checked_neg().ok_or_else(|| Error::internal("an amount is too large"))
    }

    /// Gives what could be spent right after the row: settled − held.
    pub fn available_after(&self) -> Result<Credits> {
        available_after(self.settled_after, self.held_after)
    }

    /// Gives the row as customers see it: who of the platform's staff did it stays inside.
    #[must_use]
    pub(crate) fn redact_staff(self) -> Self {
        Self { actor: self.actor.redact_staff(), ..self }
    }
}

/// Tells what could be spent right after a row: settled − held, as the row has them.
pub(in crate::ledger) fn available_after(settled: Credits, held: Credits) -> Result<Credits> {
    settled.checked_sub(held).ok_or_else(|| Error::internal("a balance is too large"))
}

/// A wallet at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceView {
    /// The wallet.
    pub wallet: WalletId,
    /// The newest row.
    pub seq: i64,
    /// Posted.
    pub settled: Credits,
    /// Set aside.
    pub held: Credits,
    /// What can be spent: settled − held, less what has expired and is not yet written off.
    pub available: Credits,
    /// The grants that still have something, in burn order.
    pub grants: Vec<GrantView>,
    /// The size of the newest grant that was bought or came with a plan: what "20 % left" is 20 % of.
    pub last_refill: Option<Credits>,
    /// Why debits are refused, where they are.
    pub frozen: Option<String>,
    /// Whether spending waits until the owner confirms that the wallet is still in use.
    #[serde(default)]
    pub inactive: bool,
}

impl BalanceView {
    /// Tells how much of what is available can be spent on something; on [`Purpose::Other`] only what is not limited.
    pub fn available_for(&self, purpose: Purpose<'_>) -> Result<Credits> {
        let pays = |grant: &&GrantView| grant.limit.as_ref().is_none_or(|limit| limit.admits(purpose));
        let others = Credits::checked_sum(self.grants.iter().filter(|grant| !pays(grant)).map(|grant| grant.remaining));
        let available = others.and_then(|others| self.available.checked_sub(others));
        available.ok_or_else(|| Error::internal("a balance is too large"))
    }
}

/// One grant that still has something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// The grant's number within its wallet.
    pub id: i64,
    /// The row that brought it.
    pub seq: i64,
    /// Where it comes from.
    pub source: GrantSource,
    /// What people see.
    pub label: String,
    /// How much came in.
    pub granted: Credits,
    /// How much can still be spent.
    pub remaining: Credits,
    /// How much is set aside.
    pub held: Credits,
    /// The burn order.
    pub priority: i16,
    /// From when it counts.
    pub effective_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// What it cost in money.
    pub cost: Option<Money>,
    /// What it belongs to.
    pub reference: Option<String>,
    /// What it may be spent on; everything where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<GrantLimit>,
}

/// One grant's share of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationView {
    /// The grant; 0 is the wallet's debt.
    pub grant_id: i64,
    /// What people see.
    pub label: String,
    /// Where the grant comes from; `None` for the debt.
    pub source: Option<GrantSource>,
    /// The change of what the grant has, held or not.
    pub amount: Credits,
    /// The change of what is set aside of it.
    pub held_change: Credits,
    /// When the grant ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// One row with everything that is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryDetail {
    /// The row.
    pub entry: EntryView,
    /// Why it cost what it cost, where one price says it all: of a charge, and of a capture that took the whole of one
    /// line.
    pub receipt: Option<Receipt>,
    /// The lines of a hold, or of its capture with what was taken of each.
    pub lines: Vec<HoldLine>,
    /// Why it was done, where somebody said so: the reason of a release, a correction.
    pub reason: Option<String>,
    /// What it took from which grant, or gave to it.
    pub allocations: Vec<AllocationView>,
    /// The row's hash, in hexadecimal.
    pub hash: String,
    /// The rows of the same story, oldest first: hold, capture, credit-back.
    pub timeline: Vec<EntryView>,
    /// The caller's idempotency key; `None` where Scrip itself made it.
    pub idempotency_key: Option<String>,
}

/// One part of what a row comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptPart {
    /// What it was priced at, and why.
    pub receipt: Receipt,
    /// How much of it this row took, or set aside.
    pub amount: Credits,
}

impl EntryDetail {
    /// Tells what the row's amount (a hold's: what it set aside) is made of: a charge is one part, a hold and a capture
    /// one for each line. The parts add up to it.
    #[must_use]
    pub fn parts(&self) -> Vec<ReceiptPart> {
        if self.lines.is_empty() {
            let part = |receipt: &Receipt| ReceiptPart { receipt: receipt.clone(), amount: receipt.total };
            return self.receipt.iter().map(part).collect();
        }
        let part = |line: &HoldLine| {
            let amount = if self.entry.kind == EntryKind::Hold { line.receipt.total } else { line.captured };
            ReceiptPart { receipt: line.receipt.clone(), amount }
        };
        self.lines.iter().map(part).collect()
    }
}

stored_enum! {
    /// What has become of a hold.
    HoldState {
        /// The credits are set aside.
        Open = 1, "open";
        /// Taken, all or part.
        Captured = 2, "captured";
        /// Given back.
        Released = 3, "released";
        /// Timed out.
        Expired = 4, "expired";
    }
}

impl HoldState {
    /// Tells what has become of a hold by the row that finished it; `None` where such a row finishes none.
    #[must_use]
    pub(crate) const fn left_by(kind: EntryKind) -> Option<Self> {
        match kind {
            EntryKind::Capture => Some(Self::Captured),
            EntryKind::Release => Some(Self::Released),
            EntryKind::HoldExpired => Some(Self::Expired),
            _ => None,
        }
    }
}

/// One line of a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldLine {
    /// What for.
    pub receipt: Receipt,
    /// How much of it was taken.
    pub captured: Credits,
}

/// A hold, as people and programs see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// The wallet.
    pub wallet: WalletId,
    /// The hold's row.
    pub seq: i64,
    /// What has become of it.
    pub state: HoldState,
    /// How much was set aside.
    pub amount: Credits,
    /// How much was taken.
    pub captured: Credits,
    /// What it is made of.
    pub lines: Vec<HoldLine>,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// When it times out.
    pub expires_at: DateTime<Utc>,
    /// The row that finished it.
    pub finished_by: Option<i64>,
}

/// Which rows of a ledger to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFilter {
    /// Only these kinds; all where empty.
    #[serde(default)]
    pub kinds: Vec<EntryKind>,
    /// Only this operation.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only this category.
    #[serde(default)]
    pub category: Option<String>,
    /// From this moment on.
    #[serde(default)]
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    #[serde(default)]
    pub to: Option<DateTime<Utc>>,
    /// Only rows whose operation, title or metadata contain this text.
    #[serde(default)]
    pub text: Option<String>,
    /// Only rows with this value under this key of the metadata.
    #[serde(default)]
    pub metadata: Option<(String, String)>,
}

/// Where a page of the ledger starts, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Only rows before this `seq`; from the newest where nothing is said.
    pub before: Option<i64>,
    /// How many rows, 1 to 200.
    pub limit: u16,
}

impl Default for Page {
    fn default() -> Self {
        Self { before: None, limit: 50 }
    }
}

/// One page of the ledger, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPage {
    /// The rows.
    pub entries: Vec<EntryView>,
    /// What to pass as [`Page::before`] for the next page; `None` at the end.
    pub next: Option<i64>,
    /// The rows before the end that were moved to files, where there are any.
    #[serde(default)]
    pub archived: Option<ArchivedRows>,
}
