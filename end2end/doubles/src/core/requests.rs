//! Every request to an API, in memory and as lines of JSON in a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value;

use crate::core::faults::FaultKind;
use crate::core::{Call, lock};

/// A request and how it was answered. No secret is in it.
#[derive(Clone, Debug, Serialize)]
pub struct Logged {
    /// `stripe` or `yookassa`.
    pub provider: &'static str,
    /// The time of the stand-ins' clock.
    pub at: i64,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What came as params, undecoded: the query of a GET or DELETE, else the body.
    pub body: String,
    /// The same, decoded.
    pub params: Value,
    /// The idempotency key.
    pub idempotency_key: Option<String>,
    /// The API version that was asked for.
    pub version: Option<String>,
    /// Who calls, as its client says.
    pub agent: Option<String>,
    /// The status of the answer, also of one that was lost.
    pub status: u16,
    /// Whether the answer was an earlier one, kept under the key.
    pub replayed: bool,
    /// The fault that was used.
    pub fault: Option<FaultKind>,
}

impl Logged {
    /// What of a request is logged.
    pub fn of(provider: &'static str, call: &Call, params: Value, at: i64) -> Self {
        let text = |name| call.header(name).map(str::to_owned);
        let body = if matches!(call.method.as_str(), "GET" | "DELETE") { call.query.clone() } else { call.text() };
        Self {
            provider,
            at,
            method: call.method.clone(),
            path: call.path.clone(),
            body,
            params,
            idempotency_key: text("idempotency-key").or_else(|| text("idempotence-key")),
            version: text("stripe-version"),
            agent: text("user-agent"),
            status: 0,
            replayed: false,
            fault: None,
        }
    }
}

/// The requests so far.
#[derive(Debug)]
pub struct RequestLog {
    logged: Mutex<Vec<Logged>>,
    file: Option<Mutex<File>>,
}

impl RequestLog {
    /// Begins the file anew.
    pub fn new(file: Option<&Path>) -> std::io::Result<Self> {
        let open = |path: &Path| OpenOptions::new().create(true).write(true).truncate(true).open(path);
        Ok(Self { logged: Mutex::default(), file: file.map(open).transpose()?.map(Mutex::new) })
    }

    /// Adds a request that was answered.
    pub fn add(&self, logged: Logged) {
        if let Some(file) = &self.file
            && let Ok(line) = serde_json::to_string(&logged)
            && let Err(error) = writeln!(lock(file), "{line}")
        {
            eprintln!("the request log can't be written: {error}");
        }
        lock(&self.logged).push(logged);
    }

    /// All of them, in the order of their answers.
    pub fn list(&self) -> Vec<Logged> {
        lock(&self.logged).clone()
    }

    /// Forgets those in memory; the file keeps them.
    pub fn clear(&self) {
        lock(&self.logged).clear();
    }
}
