//! The handle: issue what is due, issue an invoice, read documents, say who sells and who buys.

mod details;
mod issuing;
mod reading;
mod statement;

pub use issuing::Issued;

use chrono::{DateTime, NaiveDate, Utc};

use crate::catalog::Catalog;
use crate::db::Db;
use crate::time_zone;

/// Everything about documents. Cheap to clone.
#[derive(Clone)]
pub struct Invoices {
    db: Db,
    catalog: Catalog,
}

impl std::fmt::Debug for Invoices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invoices").finish_non_exhaustive()
    }
}

impl Invoices {
    pub(crate) const fn new(db: Db, catalog: Catalog) -> Self {
        Self { db, catalog }
    }
}

/// Gives the day of an instant in an account's time zone.
fn day(at: DateTime<Utc>, zone: &str) -> NaiveDate {
    at.with_timezone(&time_zone::named(zone)).date_naive()
}
