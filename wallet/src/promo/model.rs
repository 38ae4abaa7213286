//! Batches of codes, what redeeming brings, invitations: as callers see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::CodeBatchId;
use crate::money::Credits;

/// What staff say to make codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCodeBatch {
    /// What each code brings.
    pub credits: Credits,
    /// How many codes.
    pub count: u32,
    /// How many of them one account may redeem.
    pub per_account: u32,
    /// Until when they can be redeemed.
    pub expires_at: DateTime<Utc>,
    /// How many days their credits last; for ever where nothing is said.
    pub grant_days: Option<u16>,
    /// What people see at the grant.
    pub label: String,
    /// Why, for the audit log.
    pub reason: String,
}

/// Codes just made: the only moment at which they are known.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeCodes {
    /// The batch.
    pub batch: CodeBatchView,
    /// The codes, in the order of their numbers.
    pub codes: Vec<String>,
}

impl std::fmt::Debug for MadeCodes {
    /// Shows everything but the codes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeCodes").field("batch", &self.batch).finish_non_exhaustive()
    }
}

/// Codes that were made together, as staff see them: never with the codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBatchView {
    /// The batch.
    pub id: CodeBatchId,
    /// What people see at the grant.
    pub label: String,
    /// What each code brings.
    pub credits: Credits,
    /// How many codes there are.
    pub count: u32,
    /// How many were redeemed.
    pub redeemed: u32,
    /// How many were withdrawn one by one, and not redeemed.
    pub withdrawn: u32,
    /// How many of them one account may redeem.
    pub per_account: u32,
    /// Until when they can be redeemed.
    pub expires_at: DateTime<Utc>,
    /// How many days their credits last; `None` for ever.
    pub grant_days: Option<u16>,
    /// Who made them.
    pub made_by: String,
    /// When they were made.
    pub created_at: DateTime<Utc>,
    /// Since when none of them can be redeemed any more.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// What a code has brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeemed {
    /// How much.
    pub credits: Credits,
    /// What people see at the grant.
    pub label: String,
    /// When the credits end.
    pub expires_at: Option<DateTime<Utc>>,
    /// The ledger row of the grant.
    pub entry_seq: i64,
}

/// What an account's invitations are worth, and what came of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// The account's code, once it has asked for one.
    pub code: Option<String>,
    /// What the account gets for each.
    pub credits_referrer: Credits,
    /// What who is invited gets.
    pub credits_invited: Credits,
    /// How many are rewarded in a month.
    pub monthly_limit: u16,
    /// How many have signed up by it.
    pub signed_up: u32,
    /// How many of them have paid, and brought a reward.
    pub rewarded: u32,
    /// How many of those this month.
    pub rewarded_this_month: u32,
}
