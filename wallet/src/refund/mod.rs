//! Refunds: what people ask for, what staff decide, money that goes back, and disputes.
//!
//! Reading order: `rule` (what of a purchase can be given back, and why not: pure), `model` (requests, refunds and
//! disputes as callers see them), `service` (ask, decide, send, follow what the provider says). Credits are taken before
//! money is sent, and given back where it did not go; each step is found again after a crash by the refund's row.

mod model;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
mod rule;
#[cfg(feature = "postgres")]
mod service;

pub use model::{
    ChargeObstacle, DisputeState, DisputeView, NewRefundRequest, RefundAbout, RefundChoices, RefundReason,
    RefundRequest, RefundState, RefundView, RequestState, StaffRefundRequest,
};
pub use rule::{Assessment, Obstacle, Offer, Purchase, assess, offer_of};
#[cfg(feature = "postgres")]
pub use service::{RefundQueue, Refunds, RefundsDone};
