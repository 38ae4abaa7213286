//! What owners are told of their credits: which mails are theirs to choose, own thresholds, and what was told already.
//!
//! A line is crossed once: whoever looks after a hundred charges sees where the balance stands, not each charge. What
//! was told of it is kept until the balance is back above.

#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
pub(crate) mod rule;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub(crate) mod token;

use serde::{Deserialize, Serialize};

use crate::money::Credits;

/// What a percentage is of.
const HUNDRED: i64 = 100;
/// The largest own threshold, in credits.
#[cfg(feature = "postgres")]
pub(crate) const THRESHOLD_MAX: Credits = Credits::from_micros(1_000_000_000_000_000);

/// What optional mails are about. All others are always sent: receipts, renewals and declined cards, refunds, disputes,
/// automatic charges, price rises, and what concerns sign-in and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Credits below the catalog's percentage, or below the own threshold.
    LowBalance,
    /// Nothing is left.
    Empty,
    /// At the pace of the last days nothing is left within 24 hours.
    RunsOut,
    /// Credits expire in 30, 7 or 1 days.
    Expiring,
    /// A plan's credits of a month have come.
    Allowance,
    /// A webhook endpoint fails, before it is switched off.
    WebhookFailing,
}

impl Topic {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::LowBalance, Self::RunsOut, Self::Empty, Self::Expiring, Self::Allowance, Self::WebhookFailing];

    /// Gives the name in forms and storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LowBalance => "low_balance",
            Self::Empty => "empty",
            Self::RunsOut => "runs_out",
            Self::Expiring => "expiring",
            Self::Allowance => "allowance",
            Self::WebhookFailing => "webhook_failing",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.code() == code)
    }

    /// Says whether these mails are sent where the owner has chosen nothing.
    #[must_use]
    pub const fn is_on_by_default(self) -> bool {
        !matches!(self, Self::Allowance)
    }
}

/// What the owner of an account has chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettings {
    /// The own threshold of the wallet; `None` where there is none.
    pub low_below: Option<Credits>,
    /// The optional mails that are sent.
    pub wanted: Vec<Topic>,
}

/// Gives the line below which credits are low: a percentage of the last refill; `None` where there was none.
#[must_use]
pub fn low_below(last_refill: Option<Credits>, percent: u8) -> Option<Credits> {
    let part = |refill: Credits| refill.micros().checked_div(HUNDRED)?.checked_mul(i64::from(percent));
    last_refill.and_then(part).map(Credits::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_is_a_part_of_the_last_refill() {
        assert_eq!(low_below(Credits::from_whole(100), 20), Credits::from_whole(20));
        assert_eq!(low_below(None, 20), None);
        assert_eq!(low_below(Some(Credits::MAX), 100), Some(Credits::from_micros(Credits::MAX.micros() / 100 * 100)));
    }

    #[test]
    fn topics_are_read_back() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_code(topic.code()), Some(topic));
            assert_eq!(serde_json::to_value(topic).expect("JSON"), topic.code());
        }
        assert_eq!(Topic::from_code("receipt"), None, "a receipt is no choice");
    }
}
