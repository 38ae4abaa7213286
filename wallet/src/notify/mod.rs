//! Mails as data, kept in an outbox until they are sent; what owners are told of their credits; and webhooks.

pub(crate) mod alert;
mod mail;
pub mod webhook;

#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub use service::{Notify, QueuedMail, SEND_MAIL};

pub use alert::{AlertSettings, Topic, low_below};
pub use mail::{
    AddOnMail, AddOnStep, AutoTopUpMail, AutoTopUpTroubleMail, BalanceMail, BalanceStep, CardMail, DisputeMail,
    DisputeStep, ExpiringLine, ExpiringMail, KeyMail, Mail, MeteredMail, PaidMail, PlanMail, PlanTroubleMail,
    RefundMail, RefundStep, ReviewMail, RiseLine, RiseMail, TopUpTrouble, WebhookFailingMail, WithdrawnMail,
};
