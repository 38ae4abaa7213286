//! The SQL of payments, providers' messages and the sandbox provider's own books.

pub(crate) mod auto_top_up;
pub(crate) mod changed;
pub(crate) mod compare;
pub(crate) mod console;
pub(crate) mod customer;
pub(crate) mod due;
pub(crate) mod event;
pub(crate) mod history;
pub(crate) mod invariants;
pub(crate) mod method;
pub(crate) mod method_change;
pub(crate) mod new_payment;
pub(crate) mod payment;
pub(crate) mod review;
pub(crate) mod sandbox;
