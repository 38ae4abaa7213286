//! What settling a payment writes beside its grant, in the grant's transaction.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::super::provider::{ProviderMethod, ProviderPayment};
use super::super::repo::{self, method_change, payment::PaymentRow};
use super::order::CONSENT;
use super::setup::CONSENT_SAVE;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, UserId};
use crate::ledger::{Outcome, TxHook};
use crate::notify::{Mail, Notify};
use crate::payment::model::PaymentStatus;
use crate::plan::{Plans, Settlement};

/// Marks the payment as succeeded, writes down what it brings of a plan, and queues its receipt, in the transaction of
/// its grant.
pub(super) struct Settles {
    pub(super) db: Db,
    pub(super) notify: Notify,
    pub(super) payment: PaymentId,
    /// The state that the payment was read in, and why.
    pub(super) read: (PaymentStatus, Option<String>),
    pub(super) plan: Option<Settlement>,
    /// The method that is saved now.
    pub(super) saved: Option<NewlySaved>,
    pub(super) to: (String, String),
    pub(super) mail: Mail,
}

#[async_trait]
impl TxHook for Settles {
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()> {
        if let Some(plan) = &self.plan {
            Plans::pay_in_tx(connection, plan, outcome.seq()).await?;
        }
        if let Some(saved) = &self.saved {
            let saved = method_change::Saved {
                account: saved.account,
                user: saved.user,
                provider: &saved.provider,
                method: &saved.method,
                consent: saved.consent,
            };
            method_change::save(connection, &saved, self.db.now()).await?;
        }
        let read = (self.read.0, self.read.1.as_deref());
        if repo::payment::succeed(connection, self.payment, read, outcome.seq(), self.db.now()).await? {
            self.notify.enqueue_mail_in_tx(connection, &self.to.0, &self.to.1, &self.mail).await?;
            return Ok(());
        }
        // Another finder's settlement is this one's, too. Whatever else has happened to the payment meanwhile (staff
        // gave the money back, it was put aside) undoes the grant.
        let is_settled = repo::payment::has_succeeded(connection, self.payment, outcome.seq()).await?;
        if outcome.replayed && is_settled { Ok(()) } else { Err(Error::internal(Moved)) }
    }
}

/// The payment was not in the state any more that it was read in. As an error of a hook it undoes the grant, and never
/// leaves the wallet: the payment is read anew.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the payment has moved meanwhile")]
pub(super) struct Moved;

impl Moved {
    /// Says whether an error is this one.
    pub(super) fn is(error: &Error) -> bool {
        matches!(error, Error::Internal(cause) if cause.downcast_ref::<Self>().is_some())
    }
}

/// A method that a payment has saved, and to what its owner agreed.
pub(super) struct NewlySaved {
    account: AccountId,
    user: Option<UserId>,
    provider: String,
    method: ProviderMethod,
    consent: &'static str,
}

pub(super) fn saved_with(row: &PaymentRow, found: &ProviderPayment) -> Option<NewlySaved> {
    let method = found.saved_method.clone().filter(|_| (row.plan.is_some() || row.save_method) && !row.is_renewal())?;
    let consent = if row.plan.is_some() { CONSENT } else { CONSENT_SAVE };
    Some(NewlySaved { account: row.account, user: row.user, provider: row.provider.clone(), method, consent })
}
