//! The handle: ask for a refund, decide it, send the money, follow what the provider says.

mod asking;
mod deciding;
mod disputes;
mod following;
mod sending;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

pub use deciding::RefundQueue;

use super::repo;
use crate::catalog::Catalog;
use crate::db::Db;
use crate::error::Result;
use crate::id::PaymentId;
use crate::identity::{Actor, Identity, NewAudit};
use crate::ledger::Ledger;
use crate::notify::Notify;
use crate::payment::Payments;
use crate::plan::Plans;
use crate::promo;

/// The longest text of a request or a reply.
const TEXT_MAX: usize = 2000;
/// How often something is read anew that was moved meanwhile.
const READS_MAX: u32 = 5;

/// Everything about giving money and credits back. Cheap to clone.
#[derive(Clone)]
pub struct Refunds {
    db: Db,
    ledger: Ledger,
    catalog: Catalog,
    identity: Identity,
    payments: Payments,
    plans: Plans,
    notify: Notify,
}

impl std::fmt::Debug for Refunds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refunds").finish_non_exhaustive()
    }
}

/// What a run of the job did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefundsDone {
    /// Refunds that were sent or asked about.
    pub refunds: u32,
    /// Payments whose books were looked at.
    pub payments: u32,
    /// What stays for the next run.
    pub failed: u32,
}

impl Refunds {
    pub(crate) fn new(
        db: Db,
        ledger: Ledger,
        catalog: Catalog,
        identity: Identity,
        payments: Payments,
        plans: Plans,
        notify: Notify,
    ) -> Self {
        Self { db, ledger, catalog, identity, payments, plans, notify }
    }
}

/// Says of what a payment brought for nothing whether it stays, in the transaction that moves its money.
async fn follow_promos_in_tx(connection: &mut PgConnection, payment: PaymentId, now: DateTime<Utc>) -> Result<()> {
    let is_taken_back = repo::purchase::is_taken_back(&mut *connection, payment).await?;
    promo::take_back_in_tx(connection, payment, is_taken_back, now).await
}

fn audit(by: &Actor, action: &str, subject: String, after: Value) -> NewAudit {
    NewAudit { actor: by.clone(), action: action.to_owned(), subject, before: Value::Null, after }
}
