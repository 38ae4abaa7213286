//! Mails about metered items: a part of a month goes over to the next one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::stored_credits;
use crate::money::Credits;

/// What the mail about a month says of which a part was not charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeteredMail {
    /// Whom to greet.
    pub name: String,
    /// The month's first day, where the account is.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// What was due: the month, and what came over from before.
    #[serde(with = "stored_credits")]
    pub due: Credits,
    /// What was charged of it.
    #[serde(with = "stored_credits")]
    pub charged: Credits,
    /// What goes over to the next month.
    #[serde(with = "stored_credits")]
    pub carried: Credits,
}
