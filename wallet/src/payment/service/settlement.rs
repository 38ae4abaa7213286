//! What settling a payment writes beside its grant, in the grant's transaction.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::super::provider::{ProviderMethod, ProviderPayment};
use super::super::repo::{self, method_change, payment::PaymentRow};
use super::charge_auto::SettledTopUp;
use super::notices;
use super::order::CONSENT;
use super::setup::CONSENT_SAVE;
use crate::db::Db;
use crate::id::{AccountId, PaymentId, UserId, WalletId};
use crate::ledger::{HookError, Outcome, RefusingHook};
use crate::notify::webhook::PaymentNotice;
use crate::notify::{Mail, Notify, webhook};
use crate::payment::model::PaymentStatus;
use crate::plan::month::{NotPaid, PlanTaken};
use crate::plan::repo::plan_change::OrderedChange;
use crate::plan::{Plans, Settlement};
use crate::promo::{self, FirstPayment, Owed};

/// What a payment brings besides its credits.
pub(super) enum Brings {
    /// Nothing.
    Credits,
    /// The months of a plan.
    Months(Box<Settlement>),
    /// A higher plan.
    HigherPlan(OrderedChange),
}

/// Why a settlement was undone.
pub(super) enum Undone {
    /// There is no place for what was paid: staff decide.
    Taken(PlanTaken),
    /// The subscription has changed since it was read: what is due is worked out anew.
    PlanMoved,
    /// The payment was not in the state any more that it was read in: it is read anew.
    PaymentMoved,
}

impl From<NotPaid> for Undone {
    fn from(reason: NotPaid) -> Self {
        match reason {
            NotPaid::Taken(reason) => Self::Taken(reason),
            NotPaid::Moved => Self::PlanMoved,
        }
    }
}

/// Marks the payment as succeeded, writes down what it brings of a plan, and queues its receipt, in the transaction of
/// its grant.
pub(super) struct Settles {
    pub(super) db: Db,
    pub(super) notify: Notify,
    pub(super) payment: PaymentId,
    /// What endpoints of the wallet are told.
    pub(super) told: (WalletId, PaymentNotice),
    /// The state that the payment was read in, and why.
    pub(super) read: (PaymentStatus, Option<String>),
    pub(super) brings: Brings,
    /// The bonus of its package.
    pub(super) bonus: Option<Owed>,
    /// What an invitation brings, where it is its account's first payment.
    pub(super) first: FirstPayment,
    /// The method that is saved now.
    pub(super) saved: Option<NewlySaved>,
    /// What it settles of auto top-up.
    pub(super) top_up: Option<SettledTopUp>,
    pub(super) to: (String, String),
    pub(super) mail: Mail,
}

#[async_trait]
impl RefusingHook for Settles {
    type Refusal = Undone;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Undone>> {
        let now = self.db.now();
        match &self.brings {
            Brings::Months(plan) => {
                Plans::pay_in_tx(connection, plan, outcome.seq()).await.map_err(|error| error.map(Undone::from))?;
            }
            Brings::HigherPlan(ordered) if !outcome.replayed => {
                let raised = Plans::raise_in_tx(connection, ordered, now).await;
                raised.map_err(|error| error.map(Undone::Taken))?;
            }
            Brings::HigherPlan(_) | Brings::Credits => {}
        }
        if let Some(saved) = &self.saved {
            let saved = method_change::Saved {
                account: saved.account,
                user: saved.user,
                provider: &saved.provider,
                method: &saved.method,
                consent: saved.consent,
            };
            method_change::save(connection, &saved, now).await?;
        }
        // Before the payment's row: who switches it off locks them in this order.
        let told = match &self.top_up {
            Some(top_up) => top_up.settle(connection, self.payment, now).await?,
            None => None,
        };
        let read = (self.read.0, self.read.1.as_deref());
        if repo::payment::succeed(connection, self.payment, read, outcome.seq(), now).await? {
            if let Some(bonus) = &self.bonus {
                promo::owe_in_tx(connection, bonus, now).await?;
            }
            self.first.reward_in_tx(connection, now).await?;
            let (wallet, paid) = &self.told;
            notices::note_settled_in_tx(connection, (*wallet, paid), &self.brings, now).await?;
            if let Some((wallet, told)) = &told {
                webhook::note_in_tx(connection, *wallet, told, now).await?;
            }
            self.notify.enqueue_mail_in_tx(connection, &self.to.0, &self.to.1, &self.mail).await?;
            return Ok(());
        }
        // Another finder's settlement is this one's, too. Whatever else has happened to the payment meanwhile (staff
        // gave the money back, it was put aside) undoes the grant.
        let is_settled = repo::payment::has_succeeded(connection, self.payment, outcome.seq()).await?;
        if outcome.replayed && is_settled { Ok(()) } else { Err(HookError::Refused(Undone::PaymentMoved)) }
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
