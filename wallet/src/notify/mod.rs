//! Telling people: mails, rendered in the reader's language and kept in an outbox until they are sent.

pub mod mail;

#[cfg(any())]
pub(crate) mod repo;
#[cfg(any())]
mod service;
#[cfg(any())]
pub use service::{Notify, QueuedMail};

pub use mail::{Mail, MailContext, RenderedMail};
