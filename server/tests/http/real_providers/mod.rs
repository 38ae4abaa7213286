//! The real clients of Stripe and YooKassa against their stand-ins: real sockets, a real database, and at the end of
//! each test what the money and the books say.

mod auto_top_up;
mod canaries;
mod crash;
mod currencies;
mod declines;
mod disputes;
mod doubles;
mod events;
mod faults;
mod orders;
mod others;
mod refunds;
mod shop;
mod tampering;
mod till;
mod wire;
mod year;
