//! The server over HTTP: a real listener, a real database of its own for every test.

mod accounts;
mod admin;
mod bad_input;
mod browser;
mod charges;
mod documented;
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
