//! Customers, and charges of a saved method without its owner.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use stripe_core::customer::{CreateCustomer, ListCustomer};
use stripe_core::payment_intent::{CreatePaymentIntent, CreatePaymentIntentOffSession};
use stripe_shared::Customer;
use wallet::payment::{ChargeAnswer, CustomerAnswer, CustomerOrder, FetchAnswer, SavedCharge, decline as shared};

use super::api::Failure;
use super::checkout::{named, title};
use super::find::is_key_old;
use super::{ACCOUNT, ORDER, Stripe, currency};

/// How many customers of one address are looked through.
const CUSTOMERS_MAX: i64 = 100;

impl Stripe {
    pub(super) async fn customer(&self, order: &CustomerOrder) -> CustomerAnswer {
        match self.customer_of(order).await {
            Ok(reference) => CustomerAnswer::Found { reference },
            Err(Failure::Refused(refused)) => CustomerAnswer::Refused { code: refused.code.to_owned() },
            Err(failure) => CustomerAnswer::Unknown { detail: failure.detail() },
        }
    }

    /// Looks first: Stripe forgets keys after a day, and an answer that got lost left a customer behind.
    async fn customer_of(&self, order: &CustomerOrder) -> Result<String, Failure> {
        let account = order.account.to_string();
        if !order.email.is_empty() {
            let list = ListCustomer::new().email(&order.email).limit(CUSTOMERS_MAX);
            let known = self.api.send(&list).await?.data;
            let named = |customer: &Customer| customer.metadata.as_ref().and_then(|named| named.get(ACCOUNT)).cloned();
            if let Some(customer) = known.iter().find(|customer| named(customer).as_ref() == Some(&account)) {
                return Ok(customer.id.as_str().to_owned());
            }
        }
        let mut new = CreateCustomer::new().metadata(named(ACCOUNT, &account));
        if !order.email.is_empty() {
            new = new.email(&order.email);
        }
        if !order.name.is_empty() {
            new = new.name(title(&order.name));
        }
        if !order.locale.is_empty() {
            new = new.preferred_locales(vec![order.locale.clone()]);
        }
        // Another name or address since the last try would make it another call, which Stripe refuses under one key.
        let said = Sha256::digest(format!("{}\n{}\n{}", order.email, order.name, order.locale));
        let mut key = format!("{}:customer:", order.idempotency_key);
        for byte in said.iter().take(6) {
            let _ = write!(key, "{byte:02x}");
        }
        Ok(self.api.send_once(&new, &key).await?.id.as_str().to_owned())
    }

    pub(super) async fn charge(&self, charge: &SavedCharge) -> ChargeAnswer {
        let Some(amount) = currency::to_stripe(charge.money) else {
            return ChargeAnswer::Refused { code: shared::AMOUNT_NOT_TAKEN.to_owned() };
        };
        // Stripe forgets a key after a day: what an old one has made is looked up, or it would be made again.
        if is_key_old(charge.payment)
            && let Some(made) = self.made_before(charge).await
        {
            return made;
        }
        let customer = match &charge.customer {
            Some(customer) => customer.clone(),
            None => match self.owner_of(&charge.method).await {
                Ok(Some(customer)) => customer,
                // It may have been charged before it went: only where it surely was not, the answer is no.
                Ok(None) | Err(Failure::Missing) => {
                    let gone = ChargeAnswer::Refused { code: shared::METHOD_GONE.to_owned() };
                    return self.made_before(charge).await.unwrap_or(gone);
                }
                Err(failure) => return ChargeAnswer::Unknown { detail: failure.detail() },
            },
        };
        let intent = CreatePaymentIntent::new(amount, currency::name(charge.money.currency()))
            .customer(customer)
            .payment_method(&charge.method)
            .confirm(true)
            .off_session(CreatePaymentIntentOffSession::Bool(true))
            .description(title(&charge.title))
            .metadata(named(ORDER, charge.payment));
        match self.api.send_once(&intent, &format!("{}:charge", charge.idempotency_key)).await {
            Ok(intent) => ChargeAnswer::Made { reference: intent.id.as_str().to_owned() },
            Err(Failure::Refused(refused)) => match refused.intent {
                Some(reference) => ChargeAnswer::Made { reference },
                None => ChargeAnswer::Refused { code: refused.code.to_owned() },
            },
            Err(failure) => ChargeAnswer::Unknown { detail: failure.detail() },
        }
    }

    /// Finds what an earlier call with the same key has made; `None` where it surely made nothing.
    async fn made_before(&self, charge: &SavedCharge) -> Option<ChargeAnswer> {
        match self.find(charge.payment).await {
            FetchAnswer::Found(payment) => Some(ChargeAnswer::Made { reference: payment.reference }),
            FetchAnswer::Unknown { detail } => Some(ChargeAnswer::Unknown { detail }),
            FetchAnswer::Missing => None,
        }
    }

    async fn owner_of(&self, method: &str) -> Result<Option<String>, Failure> {
        let method = self.method(method).await?;
        Ok(method.customer.map(|customer| customer.into_id().as_str().to_owned()))
    }
}
