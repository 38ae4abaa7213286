//! What goes wrong with coming events.

use serde::{Deserialize, Serialize};

use super::Outgoing;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryFaultKind {
    /// Sent `copies` times.
    Duplicate,
    /// `times` events are held until all are there, then sent newest first.
    Reorder,
    /// Held until released.
    Delay,
    /// Never sent.
    Drop,
    /// Signed with another secret.
    BadSignature,
    /// Signed `seconds` ago.
    OldTimestamp,
}

/// A fault and the events that it is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryFault {
    /// What goes wrong.
    pub kind: DeliveryFaultKind,
    /// `stripe` or `yookassa`; both when not given.
    #[serde(default)]
    pub provider: Option<String>,
    /// What the event's kind begins with: `checkout.session.`, `refund`.
    #[serde(default)]
    pub event: String,
    /// How many events it is for: 1 when not given.
    #[serde(default = "one")]
    pub times: u32,
    /// Copies of a duplicate.
    #[serde(default = "two")]
    pub copies: u32,
    /// Age of an old timestamp.
    #[serde(default = "an_hour")]
    pub seconds: i64,
}

fn one() -> u32 {
    1
}

fn two() -> u32 {
    2
}

fn an_hour() -> i64 {
    3600
}

/// Uses up one that fits; its `times` are those that are left.
pub fn take(faults: &mut Vec<DeliveryFault>, provider: &str, kind: &str) -> Option<DeliveryFault> {
    let fits = |fault: &DeliveryFault| {
        kind.starts_with(&fault.event) && fault.provider.as_deref().is_none_or(|name| name == provider)
    };
    let fault = faults.iter_mut().find(|fault| fault.times > 0 && fits(fault))?;
    fault.times -= 1;
    let taken = fault.clone();
    faults.retain(|fault| fault.times > 0);
    Some(taken)
}

/// An event and how its signature is wrong.
#[derive(Clone, Debug)]
pub struct Spoiled {
    /// The event.
    pub event: Outgoing,
    badly_signed: bool,
    age_seconds: i64,
}

impl Spoiled {
    /// Nothing is wrong.
    pub fn none(event: Outgoing) -> Self {
        Self { event, badly_signed: false, age_seconds: 0 }
    }

    /// The secret is another.
    pub fn badly_signed(event: Outgoing) -> Self {
        Self { badly_signed: true, ..Self::none(event) }
    }

    /// The signature is old.
    pub fn aged(event: Outgoing, age_seconds: i64) -> Self {
        Self { age_seconds, ..Self::none(event) }
    }

    /// The headers of an attempt, signed now.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        // Receivers compare with the time of day, wherever the stand-ins' clock is.
        let at = chrono::Utc::now().timestamp() - self.age_seconds;
        self.event.signer.headers(&self.event.body, at, self.badly_signed)
    }
}
