//! Telling people: mails, rendered in the reader's language and kept in an outbox until they are sent.

pub mod mail;
pub mod webhook;

#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub use service::{Notify, QueuedMail, SEND_MAIL};

pub use mail::{
    Mail, MailContext, PaidMail, PlanMail, PlanTroubleMail, RenderedMail, ReviewMail, RiseLine, RiseMail, WithdrawnMail,
};
