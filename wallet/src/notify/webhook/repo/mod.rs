//! The SQL of outgoing webhooks.

pub(super) mod due;
pub(super) mod endpoint;
pub(super) mod log;
pub(super) mod notice;
pub(super) mod outbox;

use super::EventKind;
use crate::error::{Error, Result};

fn event(code: &str) -> Result<EventKind> {
    EventKind::from_code(code).ok_or_else(|| Error::internal(format!("a message of the event {code}")))
}
