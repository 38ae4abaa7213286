//! The handle: batches of codes, redeeming, invitations, and what payments bring for nothing.

mod batches;
mod granting;
mod inviting;
mod redeeming;

pub use batches::CODES_MAX;
pub use granting::GivenPromos;
pub(crate) use granting::{Owed, PromoKind, owe_in_tx, take_back_in_tx};
pub(crate) use inviting::{FirstPayment, invite_in_tx};
pub use redeeming::Redeemer;

use crate::catalog::Catalog;
use crate::db::Db;
use crate::identity::Identity;
use crate::ledger::Ledger;

/// How often something is read anew that somebody else moved meanwhile.
const READS_MAX: u32 = 5;

/// Everything about credits that nobody pays for. Cheap to clone.
#[derive(Clone)]
pub struct Promos {
    db: Db,
    ledger: Ledger,
    catalog: Catalog,
    identity: Identity,
}

impl std::fmt::Debug for Promos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Promos").finish_non_exhaustive()
    }
}

impl Promos {
    pub(crate) const fn new(db: Db, ledger: Ledger, catalog: Catalog, identity: Identity) -> Self {
        Self { db, ledger, catalog, identity }
    }
}
