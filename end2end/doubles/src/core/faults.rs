//! What goes wrong with the next calls to an API.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::core::lock;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The call is done, then the connection is cut without an answer.
    LostAnswer,
    /// 500, kept under the idempotency key; nothing is done, but with `done` it is.
    #[serde(rename = "saved_500")]
    Saved500,
    /// The call is done, and the answer is 200 with a body that nobody can read.
    Unreadable,
    /// 429; nothing is done and nothing kept.
    #[serde(rename = "429")]
    TooMany,
    /// The call waits for `ms` before it is done.
    Slow,
    /// 503; nothing is done and nothing kept.
    Down,
}

/// A fault and the calls that it is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// `GET`, `POST`, `DELETE`; any when not given.
    #[serde(default)]
    pub method: Option<String>,
    /// What the path begins with: `/v1/refunds`, `/yookassa/v3`.
    #[serde(default)]
    pub path: String,
    /// How many calls it is for: 1 when not given.
    #[serde(default = "one")]
    pub times: u32,
    /// Milliseconds that a slow call waits.
    #[serde(default)]
    pub ms: u64,
    /// Whether a call that ends in a saved 500 is done.
    #[serde(default)]
    pub done: bool,
}

fn one() -> u32 {
    1
}

/// Faults that are set; the oldest that fits a call is used first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Sets one.
    pub fn set(&self, fault: Fault) {
        lock(&self.0).push(fault);
    }

    /// Uses up one that fits the call.
    pub fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut faults = lock(&self.0);
        let fits = |fault: &Fault| {
            path.starts_with(&fault.path)
                && fault.method.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(method))
        };
        let fault = faults.iter_mut().find(|fault| fault.times > 0 && fits(fault))?;
        fault.times -= 1;
        let taken = fault.clone();
        faults.retain(|fault| fault.times > 0);
        Some(taken)
    }

    /// Those that are still to come.
    pub fn list(&self) -> Vec<Fault> {
        lock(&self.0).clone()
    }

    /// Takes all back.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_for_so_many_calls_of_one_method_and_path() {
        let faults = Faults::default();
        let fault = serde_json::json!({"kind": "429", "method": "post", "path": "/v1/refunds", "times": 2});
        faults.set(serde_json::from_value(fault).unwrap());
        assert!(faults.take("GET", "/v1/refunds").is_none());
        assert!(faults.take("POST", "/v1/customers").is_none());
        assert_eq!(faults.take("POST", "/v1/refunds").unwrap().kind, FaultKind::TooMany);
        assert!(faults.take("POST", "/v1/refunds/re_1").is_some());
        assert!(faults.take("POST", "/v1/refunds").is_none());
    }
}
