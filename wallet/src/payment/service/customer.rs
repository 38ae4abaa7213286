//! Accounts as providers' customers.

use super::Payments;
use super::order::PROVIDER_TIMEOUT;
use crate::error::Result;
use crate::id::AccountId;
use crate::payment::provider::{CustomerAnswer, CustomerOrder, Provider, decline};
use crate::payment::repo::{self, customer::Known};

impl Payments {
    /// Notes that a provider refused an account's customer, where that was the reason: the next order makes another one.
    /// The methods that it kept for the customer are gone as well.
    pub(super) async fn note_customer(&self, account: AccountId, provider: &str, code: &str) -> Result<()> {
        let Some(provider) = self.provider(provider).filter(|_| code == decline::CUSTOMER_GONE) else { return Ok(()) };
        let known = repo::method::list(self.db.pool(), account).await?;
        for method in known.into_iter().filter(|method| method.provider == provider.name()) {
            self.drop_method(account, method.id, code).await?;
        }
        repo::customer::set_gone(self.db.pool(), account, &books(&*provider)).await
    }

    /// Finds the name under which a provider knows an account, or lets it make one.
    pub(super) async fn customer(&self, provider: &dyn Provider, account: AccountId) -> Result<Customer> {
        if !provider.capabilities().customers {
            return Ok(Customer::Is(None));
        }
        let of = books(provider);
        let idempotency_key = match repo::customer::find(self.db.pool(), account, &of).await? {
            Known::Has(reference) => return Ok(Customer::Is(Some(reference))),
            // Under the first key it would answer with the one that is gone.
            Known::Had(gone) => format!("{account}:{gone}"),
            Known::Never => account.to_string(),
        };
        let owner = self.identity.owner(account).await?;
        let order =
            CustomerOrder { account, email: owner.email, name: owner.name, locale: owner.locale, idempotency_key };
        let answer = tokio::time::timeout(PROVIDER_TIMEOUT, provider.ensure_customer(&order)).await;
        let answer = answer.unwrap_or_else(|_| CustomerAnswer::Unknown { detail: "no answer in time".to_owned() });
        self.note_answer(provider.name(), matches!(answer, CustomerAnswer::Unknown { .. }));
        match answer {
            CustomerAnswer::Found { reference } => {
                let named = (of.as_str(), reference.as_str());
                let known = repo::customer::set(self.db.pool(), account, named, self.db.now()).await?;
                Ok(Customer::Is(Some(known)))
            }
            CustomerAnswer::NotNeeded => Ok(Customer::Is(None)),
            CustomerAnswer::Refused { code } => Ok(Customer::Refused(code)),
            CustomerAnswer::Unknown { detail } => {
                tracing::warn!(%account, provider = provider.name(), detail, "no answer about a customer");
                Ok(Customer::Unknown)
            }
        }
    }
}

/// Names a provider's customers: its test mode has some of its own.
fn books(provider: &dyn Provider) -> String {
    let test = if provider.capabilities().test_only { ":test" } else { "" };
    format!("{}{test}", provider.name())
}

/// What is known of an account as a provider's customer.
pub(super) enum Customer {
    /// This name; `None` where the provider has no customers.
    Is(Option<String>),
    /// The provider would not have it.
    Refused(String),
    /// The provider did not say.
    Unknown,
}
