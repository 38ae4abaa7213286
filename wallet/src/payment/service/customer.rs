//! Accounts as providers' customers.

use super::Payments;
use super::order::PROVIDER_TIMEOUT;
use crate::error::Result;
use crate::id::AccountId;
use crate::payment::provider::{CustomerAnswer, CustomerOrder, Provider};
use crate::payment::repo;

impl Payments {
    /// Finds the name under which a provider knows an account, or lets it make one.
    pub(super) async fn customer(&self, provider: &dyn Provider, account: AccountId) -> Result<Customer> {
        if !provider.capabilities().customers {
            return Ok(Customer::Is(None));
        }
        // A provider's test mode has customers of its own.
        let of = if provider.capabilities().test_only {
            format!("{}:test", provider.name())
        } else {
            provider.name().to_owned()
        };
        if let Some(known) = repo::customer::find(self.db.pool(), account, &of).await? {
            return Ok(Customer::Is(Some(known)));
        }
        let owner = self.identity.owner(account).await?;
        let order = CustomerOrder {
            account,
            email: owner.email,
            name: owner.name,
            locale: owner.locale,
            idempotency_key: account.to_string(),
        };
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

/// What is known of an account as a provider's customer.
pub(super) enum Customer {
    /// This name; `None` where the provider has no customers.
    Is(Option<String>),
    /// The provider would not have it.
    Refused(String),
    /// The provider did not say.
    Unknown,
}
