//! Which ways to pay a buyer is offered, and which provider an order goes to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::Payments;
use crate::error::{Problem, Refusal, Result};
use crate::id::AccountId;
use crate::money::{Currency, Money};
use crate::payment::method::{AmountRefused, PayOption, PayWith, within};
use crate::payment::provider::{MethodKind, Provider};
use crate::payment::repo::method::MethodRow;

/// For how long a provider that did not answer is shown so; then it is offered as before.
const SILENT_SECONDS: i64 = 60;

/// When each provider last left a question of this process without an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Silences {
    since: Arc<Mutex<HashMap<&'static str, DateTime<Utc>>>>,
}

impl Silences {
    fn note(&self, provider: &'static str, is_silent: bool, now: DateTime<Utc>) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        match is_silent {
            true => since.insert(provider, now),
            false => since.remove(provider),
        };
    }

    fn is_answering(&self, provider: &'static str, now: DateTime<Utc>) -> bool {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.get(provider).is_none_or(|at| *at + TimeDelta::seconds(SILENT_SECONDS) <= now)
    }
}

/// What an order is paid with.
pub(super) struct Chosen {
    pub(super) provider: Arc<dyn Provider>,
    /// The kind of method, where the buyer chose one.
    pub(super) kind: Option<MethodKind>,
    /// The saved method, where the buyer chose one.
    pub(super) method: Option<MethodRow>,
}

impl Payments {
    /// Lists the ways to pay in a currency, in the order in which providers were registered. For a plan those whose
    /// method can be charged again without its owner.
    #[must_use]
    pub fn options(&self, currency: Currency, for_plan: bool) -> Vec<PayOption> {
        let now = self.db.now();
        let mut options = Vec::new();
        for provider in self.providers() {
            let able = provider.capabilities();
            if !able.takes(currency) || (for_plan && !able.saved_methods) {
                continue;
            }
            options.extend(able.kinds.iter().map(|kind| PayOption {
                provider: provider.name().to_owned(),
                kind: *kind,
                is_test: able.test_only,
                is_answering: self.silences.is_answering(provider.name(), now),
                saves: able.saved_methods,
                adds: able.setup,
                limits: provider.limits(currency),
            }));
        }
        options
    }

    /// Says whether anybody takes money at all.
    #[must_use]
    pub fn takes_money(&self) -> bool {
        !self.providers().is_empty()
    }

    /// Lists the origins of the providers' pages, to which forms lead.
    #[must_use]
    pub fn page_origins(&self) -> Vec<String> {
        let mut origins: Vec<String> = self.providers().iter().flat_map(|provider| provider.page_origins()).collect();
        origins.sort();
        origins.dedup();
        origins
    }

    /// Notes whether a provider answered.
    pub(super) fn note_answer(&self, provider: &'static str, is_silent: bool) {
        self.silences.note(provider, is_silent, self.db.now());
    }

    /// Finds what an order is paid with: what the buyer chose, else the first provider that can. Amounts that the
    /// provider does not take are refused here, before there is an order.
    pub(super) async fn choose(
        &self,
        account: AccountId,
        with: Option<&PayWith>,
        money: Money,
        for_plan: bool,
    ) -> Result<Chosen> {
        let chosen = match with {
            Some(PayWith::Saved(id)) => {
                let method = self.own_method(account, *id).await.map_err(|error| match error {
                    crate::error::Error::Refused(Refusal::NotFound { .. }) => gone().into(),
                    error => error,
                })?;
                let provider = self.provider(&method.provider).ok_or_else(not_offered)?;
                Chosen { provider, kind: Some(method.kind), method: Some(method) }
            }
            Some(PayWith::New { provider, kind }) => {
                let provider = self.provider(provider).ok_or_else(not_offered)?;
                Chosen { provider, kind: Some(*kind), method: None }
            }
            None => {
                let provider = self.provider_for(money.currency(), for_plan).ok_or_else(|| self.nobody())?;
                Chosen { provider, kind: None, method: None }
            }
        };
        let able = chosen.provider.capabilities();
        let has_kind = chosen.kind.is_none_or(|kind| able.kinds.contains(&kind));
        if !has_kind || (for_plan && !able.saved_methods) {
            return Err(not_offered().into());
        }
        if !able.takes(money.currency()) {
            let message = "This way to pay does not take that currency. Choose another one.";
            return Err(Refusal::unprocessable("method", Problem::NotAllowed, message).into());
        }
        within(chosen.provider.limits(money.currency()), money).map_err(|refused| match refused {
            AmountRefused::Below(least) => {
                let message =
                    format!("The least that can be paid this way is {least}. Choose more, or another way to pay.");
                Refusal::unprocessable("method", Problem::TooSmall, message)
            }
            AmountRefused::Above(most) => {
                let message =
                    format!("The most that can be paid this way is {most}. Choose less, or another way to pay.");
                Refusal::unprocessable("method", Problem::TooLarge, message)
            }
        })?;
        Ok(chosen)
    }

    fn provider_for(&self, currency: Currency, for_plan: bool) -> Option<Arc<dyn Provider>> {
        self.providers().into_iter().find(|provider| {
            let able = provider.capabilities();
            able.takes(currency) && (!for_plan || able.saved_methods)
        })
    }

    /// Says why no provider takes an order.
    fn nobody(&self) -> Refusal {
        let message = match self.takes_money() {
            true => "Nobody takes this currency here. Choose another one.",
            false => "Payment is not set up here yet. Ask whoever runs this service.",
        };
        Refusal::unprocessable("method", Problem::NotAllowed, message)
    }
}

fn not_offered() -> Refusal {
    Refusal::unprocessable("method", Problem::NotAllowed, "This way to pay is not offered. Choose another one.")
}

fn gone() -> Refusal {
    Refusal::unprocessable("method", Problem::Unknown, "This card is not saved any more. Choose another way to pay.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_provider_is_offered_again_after_a_minute_or_its_next_answer() {
        let (silences, now) = (Silences::default(), DateTime::<Utc>::UNIX_EPOCH);
        assert!(silences.is_answering("stripe", now));
        silences.note("stripe", true, now);
        assert!(!silences.is_answering("stripe", now + TimeDelta::seconds(59)));
        assert!(silences.is_answering("yookassa", now), "the others stay");
        assert!(silences.is_answering("stripe", now + TimeDelta::seconds(60)));
        silences.note("stripe", false, now);
        assert!(silences.is_answering("stripe", now));
    }
}
