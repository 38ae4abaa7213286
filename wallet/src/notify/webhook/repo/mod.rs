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

/// How an endpoint takes its messages.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Type, time and data, as Standard Webhooks has it.
    Standard,
    /// One line of text, in the language of the account's owner.
    Slack {
        /// The language.
        locale: String,
    },
}

impl Form {
    /// Takes it from what is stored; accounts without people are told in English.
    fn of(is_slack: bool, locale: Option<String>) -> Self {
        match is_slack {
            true => Self::Slack { locale: locale.unwrap_or_else(|| "en".to_owned()) },
            false => Self::Standard,
        }
    }
}
