//! Whether a code can be redeemed now, and whether an invitation is rewarded: pure.

use chrono::{DateTime, Utc};

use crate::catalog::ReferralReward;
use crate::error::Refusal;
use crate::ledger::BudgetPeriod;

/// How a code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodeStanding {
    pub(crate) is_redeemed: bool,
    pub(crate) is_withdrawn: bool,
    pub(crate) expires_at: DateTime<Utc>,
    /// How many of its batch the account has redeemed, and how many it may.
    pub(crate) used: u32,
    pub(crate) per_account: u32,
}

/// Says why a code can't be redeemed at a moment. One that was redeemed is told first: it stays so for ever.
pub(crate) fn refused(standing: &CodeStanding, now: DateTime<Utc>) -> Option<Refusal> {
    if standing.is_redeemed {
        Some(Refusal::CodeUsed)
    } else if standing.is_withdrawn {
        Some(Refusal::CodeWithdrawn)
    } else if now >= standing.expires_at {
        Some(Refusal::CodeExpired)
    } else if standing.used >= standing.per_account {
        Some(Refusal::CodeLimit)
    } else {
        None
    }
}

/// Why an invitation is not rewarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoReward {
    /// The catalog rewards none.
    Off,
    /// The referrer has had as many this month as there are.
    Limit,
    /// Both accounts are one person's.
    SamePerson,
}

impl NoReward {
    /// Gives the name kept in storage.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Limit => "limit",
            Self::SamePerson => "same_person",
        }
    }
}

/// Says whether an invitation is rewarded whose account has paid for the first time.
pub(crate) fn rewarded(
    reward: Option<ReferralReward>,
    rewarded_this_month: u32,
    is_same_person: bool,
) -> Result<ReferralReward, NoReward> {
    let reward = reward.ok_or(NoReward::Off)?;
    if is_same_person {
        return Err(NoReward::SamePerson);
    }
    if rewarded_this_month >= u32::from(reward.monthly_limit) {
        return Err(NoReward::Limit);
    }
    Ok(reward)
}

/// Gives the first moment of a calendar month (UTC).
pub(crate) fn month_start(now: DateTime<Utc>) -> DateTime<Utc> {
    BudgetPeriod::Month.window(now, &Utc).start
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::money::Credits;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_code_is_refused_by_name() {
        let end = at("2027-02-01T00:00:00Z");
        let good = CodeStanding { is_redeemed: false, is_withdrawn: false, expires_at: end, used: 0, per_account: 1 };
        let before = end - TimeDelta::microseconds(1);
        assert_eq!(refused(&good, before), None);
        assert_eq!(refused(&good, end), Some(Refusal::CodeExpired), "at the instant");
        assert_eq!(refused(&CodeStanding { used: 1, ..good }, before), Some(Refusal::CodeLimit));
        assert_eq!(refused(&CodeStanding { is_withdrawn: true, ..good }, end), Some(Refusal::CodeWithdrawn));
        let used = CodeStanding { is_redeemed: true, is_withdrawn: true, used: 1, ..good };
        assert_eq!(refused(&used, end), Some(Refusal::CodeUsed));
    }

    #[test]
    fn an_invitation_is_rewarded_within_its_limits() {
        let reward = ReferralReward { credits_referrer: Credits::ONE, credits_invited: Credits::ONE, monthly_limit: 2 };
        assert_eq!(rewarded(None, 0, false), Err(NoReward::Off));
        assert_eq!(rewarded(Some(reward), 1, true), Err(NoReward::SamePerson));
        assert_eq!(rewarded(Some(reward), 1, false), Ok(reward));
        assert_eq!(rewarded(Some(reward), 2, false), Err(NoReward::Limit));
    }

    #[test]
    fn a_month_begins_with_its_first_day() {
        assert_eq!(month_start(at("2026-11-30T23:59:59Z")), at("2026-11-01T00:00:00Z"));
        assert_eq!(month_start(at("2026-12-01T00:00:00Z")), at("2026-12-01T00:00:00Z"));
    }
}
