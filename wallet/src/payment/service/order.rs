//! Orders: each made once under its key, and the page on which it is paid.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::provider::decline::{self, AfterDecline};
use super::super::provider::{CheckoutAnswer, CheckoutOrder, Provider};
use super::super::repo::{self, new_payment::NewPaymentRow, payment::PaymentRow};
use super::charge_auto::AutoCharge;
use super::customer::Customer;
use super::options::Chosen;
use super::plan_change::CONSENT_CHANGE;
use super::settle::Finder;
use super::{Buyer, Contact, Payments};
use crate::error::{Problem, Refusal, Result};
use crate::id::{PaymentId, PaymentMethodId, SubscriptionId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{self, NewAudit};
use crate::money::{Credits, Money};
use crate::payment::model::{PaymentStatus, PaymentView, PlanPart};
use crate::plan::{PlanChange, Plans, Proration, Subscription};

/// How long an order can be paid.
pub(super) const OPEN_MINUTES: i64 = 60;
/// The most orders of an account that wait to be paid: the reconciler asks about each of them.
const OPEN_MAX: i64 = 20;
/// When the reconciler first looks at an order.
const FIRST_LOOK_SECONDS: i64 = 60;
/// How long a provider has to answer before its answer counts as unknown.
pub(super) const PROVIDER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
/// What the payer of a plan agrees to by the form's words: that the card is charged at each billing date, by itself,
/// until the plan is cancelled. Another text gets another name.
pub(super) const CONSENT: &str = "renewal-2";

/// A higher plan to be paid.
#[derive(Clone)]
pub(super) struct NewChange {
    pub(super) of: Subscription,
    pub(super) change: PlanChange,
    pub(super) proration: Proration,
}

/// Why an order is made without its owner, or in place of one.
#[derive(Default)]
pub(super) enum Made {
    /// A person or a program makes it, or a plan renews.
    #[default]
    Asked,
    /// Auto top-up makes it, as it was read.
    Automatically(Box<AutoCharge>),
    /// Its owner makes it in place of a declined one of auto top-up.
    InPlaceOf(PaymentId),
}

/// An order with our price, to be made.
pub(super) struct NewOrder {
    pub(super) package: Option<String>,
    pub(super) title: String,
    pub(super) credits: Credits,
    /// What it brings for nothing beside them.
    pub(super) bonus: Credits,
    pub(super) money: Money,
    pub(super) plan: Option<PlanPart>,
    /// Of which subscription it makes a higher plan, and for what.
    pub(super) change: Option<Box<NewChange>>,
    /// Who takes the money, and how.
    pub(super) chosen: Chosen,
    /// Whether the method is saved when it has paid.
    pub(super) save_method: bool,
    /// How long it can be paid.
    pub(super) open: TimeDelta,
    /// It is only made while this subscription has this version and goes on.
    pub(super) renews: Option<(SubscriptionId, i64)>,
    /// Whether auto top-up makes it, or has made the one before.
    pub(super) made: Made,
}

impl Buyer {
    /// Refuses who may not spend money.
    pub(super) fn must_pay(&self) -> Result<()> {
        if self.may_pay {
            return Ok(());
        }
        Err(Refusal::Forbidden { why: "your role or key may not spend money".to_owned() }.into())
    }
}

impl Payments {
    /// Finds the order that was made with a key, and its page; the same key with another order is refused.
    pub(super) async fn known(
        &self,
        buyer: &Buyer,
        key: &IdempotencyKey,
        hash: &RequestHash,
    ) -> Result<Option<PaymentView>> {
        let Some(row) = repo::payment::by_key(self.db.pool(), buyer.account, key.as_str()).await? else {
            return Ok(None);
        };
        if row.request_hash != hash.as_bytes() {
            return Err(Refusal::IdempotencyMismatch.into());
        }
        self.with_page(buyer, row).await.map(Some)
    }

    /// Makes an order, once per key, and gives the page on which to pay. Where another order for the same months of a
    /// plan, or the same higher plan, is open, it is that one.
    pub(super) async fn place(
        &self,
        buyer: &Buyer,
        order: &NewOrder,
        (key, hash): (&IdempotencyKey, &RequestHash),
        return_base: &str,
    ) -> Result<PaymentView> {
        self.add(buyer, order, (key, hash), return_base).await?;
        if let Some(known) = self.known(buyer, key, hash).await? {
            return Ok(known);
        }
        let pool = self.db.pool();
        let open = match (&order.plan, &order.change, &order.made) {
            (_, _, Made::InPlaceOf(declined)) => repo::auto_top_up::open_recovery(pool, *declined).await?,
            (Some(part), _, _) => repo::new_payment::open_for(pool, part).await?,
            (None, Some(new), _) => repo::new_payment::open_change(pool, (new.of.id, &new.change.plan)).await?,
            (None, None, _) => None,
        };
        match open {
            Some(id) => match repo::payment::by_id(self.db.pool(), id).await? {
                // Its page may never have been opened: its provider did not answer.
                Some(row) if row.account == buyer.account => self.with_page(buyer, row).await,
                _ => self.view(id).await,
            },
            // It was open a moment ago: the next try finds what became of it.
            None => Err(Refusal::VersionConflict.into()),
        }
    }

    /// Adds an order; nothing happens where it is there already. An account has so many that wait to be paid, a renewal
    /// apart.
    pub(super) async fn add(
        &self,
        buyer: &Buyer,
        order: &NewOrder,
        (key, hash): (&IdempotencyKey, &RequestHash),
        return_base: &str,
    ) -> Result<()> {
        let Chosen { provider, kind, method } = &order.chosen;
        let contact = match &buyer.contact {
            Some(contact) => contact.clone(),
            None => self.owner(buyer).await?,
        };
        let now = self.db.now();
        let row = NewPaymentRow {
            id: PaymentId::new(),
            account: buyer.account,
            wallet: buyer.wallet,
            user: buyer.user,
            key: key.as_str(),
            request_hash: hash.as_bytes(),
            package: order.package.as_deref(),
            title: &order.title,
            credits: order.credits,
            bonus: order.bonus,
            money: order.money,
            email: &contact.email,
            name: &contact.name,
            locale: &contact.locale,
            provider: provider.name(),
            kind: *kind,
            method: method.as_ref().map(|method| (method.id, method.label.as_str())),
            save_method: order.save_method,
            return_base: return_base.trim_end_matches('/'),
            created_at: now,
            expires_at: now + order.open,
            check_at: now + TimeDelta::seconds(FIRST_LOOK_SECONDS),
            plan: order.plan.as_ref().map(|part| (part, CONSENT)),
            change: order.change.as_ref().map(|new| (new.of.id, new.change.plan.as_str())),
            renews: order.renews,
            auto_top_up: match &order.made {
                Made::Automatically(charge) => Some(charge.of.number),
                Made::Asked | Made::InPlaceOf(_) => None,
            },
            recovers: match &order.made {
                Made::InPlaceOf(declined) => Some(*declined),
                Made::Asked | Made::Automatically(_) => None,
            },
        };
        let mut tx = self.db.begin().await?;
        if let Made::Automatically(charge) = &order.made {
            self.add_charge_in_tx(&mut tx, charge, &row).await?;
            return Ok(tx.commit().await?);
        }
        if order.renews.is_none() {
            // One after the other: two at once would both find room for one.
            identity::lock_account_in_tx(&mut tx, buyer.account).await?;
            if repo::new_payment::count_open(&mut tx, buyer.account, key.as_str()).await? >= OPEN_MAX {
                let message =
                    format!("{OPEN_MAX} orders wait to be paid. Pay one, or come back in an hour, when they are over.");
                return Err(Refusal::unprocessable("package", Problem::TooMany, message).into());
            }
        }
        if order.renews.is_none() {
            self.must_be_unpaid_in_tx(&mut tx, buyer, order, key).await?;
        }
        let is_made = repo::new_payment::insert(&mut tx, &row).await?;
        if let Some(new) = order.change.as_ref().filter(|_| is_made) {
            let said = (&new.change, &new.proration, CONSENT_CHANGE);
            Plans::note_change_in_tx(&mut tx, row.id, &new.of, said, now).await?;
        }
        // What a card pays by itself is in the list of payments, and in nobody's hands.
        if is_made && order.renews.is_none() {
            let audit = NewAudit {
                actor: buyer.by.clone(),
                action: "order.begun".to_owned(),
                subject: format!("payment {}", row.id),
                before: Value::Null,
                after: json!({ "title": row.title, "credits": row.credits.to_string(),
                               "money": format!("{} {}", row.money.minor(), row.money.currency().code()),
                               "provider": row.provider, "wallet": row.wallet.to_string() }),
            };
            identity::audit_in_tx(&mut tx, &audit, now).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn owner(&self, buyer: &Buyer) -> Result<Contact> {
        let owner = self.identity.owner(buyer.account).await?;
        Ok(Contact { email: owner.email, name: owner.name, locale: owner.locale })
    }

    /// Gives an order with what is still to be done for it: the page on which it is paid, or the charge of the saved
    /// method that was chosen. Where the bank asks for the method's owner, it is another order with a page.
    pub(super) async fn with_page(&self, buyer: &Buyer, row: PaymentRow) -> Result<PaymentView> {
        let row = match row.method_id {
            Some(method) if row.status.is_open() => {
                if row.provider_ref.is_none() {
                    self.charge_order(&row, method).await?;
                }
                self.refresh_as(row.id, Finder::Soon).await?;
                repo::payment::by_id(self.db.pool(), row.id).await?.unwrap_or(row)
            }
            None if row.status.is_open() && row.checkout_url.is_none() => {
                self.open_checkout(&row).await?;
                return self.view(row.id).await;
            }
            _ => row,
        };
        let asks_owner = row.failure.as_deref().is_some_and(|code| decline::after(code) == AfterDecline::AskOwner);
        if row.status == PaymentStatus::Failed && row.method_id.is_some() && asks_owner {
            return Box::pin(self.ask_owner(buyer, &row)).await;
        }
        Ok(row.view())
    }

    /// Charges the saved method that was chosen for an order.
    pub(super) async fn charge_order(&self, row: &PaymentRow, method: PaymentMethodId) -> Result<()> {
        let found = repo::method::find(self.db.pool(), row.account, method).await?;
        match found.filter(|found| found.state == "active").and_then(|found| found.reference) {
            Some(reference) => self.charge(row, &reference).await,
            None => self.refused(row, decline::METHOD_GONE).await,
        }
    }

    /// Makes the order once more, to be paid on the provider's page where the bank can ask: the bank would not let the
    /// saved method be charged without its owner.
    async fn ask_owner(&self, buyer: &Buyer, row: &PaymentRow) -> Result<PaymentView> {
        let change = match &row.change {
            Some((_, plan)) => match self.change_again(row, plan).await? {
                Some(change) => Some(change),
                // The plan is not as it was when the change was ordered.
                None => return Ok(row.clone().view()),
            },
            None => None,
        };
        let what = format!("page:{}", row.id);
        let (key, hash) = (IdempotencyKey::internal(&what), RequestHash::of(what.as_bytes()));
        let provider = self.provider(&row.provider).ok_or(Refusal::Unavailable)?;
        let order = NewOrder {
            package: row.package.clone(),
            title: row.title.clone(),
            credits: row.credits,
            bonus: row.bonus,
            money: row.money,
            plan: row.plan.clone(),
            change,
            chosen: Chosen { provider, kind: row.kind, method: None },
            save_method: false,
            open: TimeDelta::minutes(OPEN_MINUTES),
            renews: None,
            made: row.recovers.map_or(Made::Asked, Made::InPlaceOf),
        };
        self.place(buyer, &order, (&key, &hash), &row.return_base).await
    }

    /// Asks the provider for the page; safe to repeat, since the provider sees the same key.
    async fn open_checkout(&self, row: &PaymentRow) -> Result<()> {
        let provider = self.provider(&row.provider).ok_or(Refusal::Unavailable)?;
        let back = format!("{}/wallet/orders/{}/return", row.return_base, row.id);
        let customer = match self.customer(&*provider, row.account).await? {
            Customer::Is(customer) => customer,
            Customer::Refused(code) => return self.refused(row, &code).await,
            Customer::Unknown => return self.unanswered(row).await,
        };
        let order = CheckoutOrder {
            payment: row.id,
            account: row.account,
            customer,
            kind: row.kind,
            email: row.email.clone(),
            locale: row.locale.clone(),
            title: row.title.clone(),
            money: row.money,
            return_url: back.clone(),
            cancel_url: back,
            expires_at: row.expires_at,
            save_method: row.plan.is_some() || row.save_method,
            idempotency_key: row.id.to_string(),
        };
        let now = self.db.now();
        let pool = self.db.pool();
        let answer = ask(&*provider, &order).await;
        self.note_answer(provider.name(), matches!(answer, CheckoutAnswer::Unknown { .. }));
        match answer {
            CheckoutAnswer::Created { reference, redirect_url, expires_at } => {
                repo::payment::set_checkout(pool, row.id, (&reference, &redirect_url), expires_at, now).await
            }
            CheckoutAnswer::Refused { code } => self.refused(row, &code).await,
            CheckoutAnswer::Unknown { detail } => {
                tracing::warn!(payment = %row.id, provider = provider.name(), detail, "no answer about a checkout");
                self.unanswered(row).await
            }
        }
    }

    /// Notes that the provider would not have a payment.
    pub(super) async fn refused(&self, row: &PaymentRow, code: &str) -> Result<()> {
        self.note_customer(row.account, &row.provider, code).await?;
        self.set_status(row, PaymentStatus::Failed, Some(code)).await.map(drop)
    }

    /// Notes that the provider would not charge a saved method, and drops one that is of no use any more.
    pub(super) async fn refused_method(&self, row: &PaymentRow, code: &str) -> Result<()> {
        self.refused(row, code).await?;
        match row.method_id.filter(|_| decline::after(code) == AfterDecline::DropMethod) {
            Some(method) => self.drop_method(row.account, method, code).await,
            None => Ok(()),
        }
    }

    /// Notes that the provider did not say.
    pub(super) async fn unanswered(&self, row: &PaymentRow) -> Result<()> {
        self.set_status(row, PaymentStatus::Unknown, Some("provider_unavailable")).await.map(drop)
    }

    pub(crate) async fn view(&self, id: PaymentId) -> Result<PaymentView> {
        let row = repo::payment::by_id(self.db.pool(), id).await?;
        Ok(row.ok_or_else(|| Refusal::not_found("payment"))?.view())
    }
}

async fn ask(provider: &dyn Provider, order: &CheckoutOrder) -> CheckoutAnswer {
    match tokio::time::timeout(PROVIDER_TIMEOUT, provider.create_checkout(order)).await {
        Ok(answer) => answer,
        Err(_) => CheckoutAnswer::Unknown { detail: "no answer in time".to_owned() },
    }
}
