//! The server over HTTP: a real listener, a real database of its own for every test.

mod admin;
mod bad_input;
mod boundaries;
mod browser;
mod charges;
mod documented;
mod exact;
mod guards;
mod keys;
mod live;
mod news;
mod outage;
mod payments;
mod plans;
mod price_files;
mod prices;
mod pricing;
mod quotes;
mod receipts;
mod shown;
mod strangers;
mod support;
mod webhooks;
