//! The server over HTTP: a real listener, a real database of its own for every test.

mod admin;
mod bad_input;
mod browser;
mod charges;
mod documented;
mod guards;
mod keys;
mod live;
mod news;
mod payments;
mod outage;
mod plans;
mod prices;
mod support;
mod webhooks;
