//! Mails as data, kept in an outbox until they are sent; and webhooks.

mod mail;
pub mod webhook;

#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub use service::{Notify, QueuedMail, SEND_MAIL};

pub use mail::{
    AddOnMail, AddOnStep, AutoTopUpMail, AutoTopUpTroubleMail, CardMail, DisputeMail, DisputeStep, Mail, MeteredMail,
    PaidMail, PlanMail, PlanTroubleMail, RefundMail, RefundStep, ReviewMail, RiseLine, RiseMail, TopUpTrouble,
    WithdrawnMail,
};
