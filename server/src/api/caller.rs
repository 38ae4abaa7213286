//! Who calls, and who pays: an API key and its wallet, or a service key for somebody else's.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use wallet::error::Refusal;
use wallet::id::WalletId;
use wallet::identity::{Actor, KeyAccess, KeyScope, ServiceAccess, ServiceScope};

use super::envelope::{Answer, Fault};

/// The key of a request, proven by [`super::middleware`].
#[derive(Clone, Debug)]
pub struct Caller(pub Arc<KeyAccess>);

impl Caller {
    /// The actor of what the key does.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }

    /// The key's own wallet, spent from by the key.
    #[must_use]
    pub fn payer(&self) -> Payer {
        Payer { wallet: self.0.wallet, plan_rank: self.0.plan.rank, actor: self.0.actor() }
    }

    /// Refuses a key whose scopes do not hold this one.
    pub fn may(&self, scope: KeyScope) -> Answer<()> {
        may(&self.0, scope)
    }
}

/// Refuses a customer's key whose scopes do not hold this one.
pub fn may(key: &KeyAccess, scope: KeyScope) -> Answer<()> {
    if key.may(scope) {
        return Ok(());
    }
    Err(forbidden(&match scope.is_in(&key.scopes) {
        true => format!("a preview key can't have the scope {}", scope.code()),
        false => format!("the key lacks the scope {}", scope.code()),
    }))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        Err(match parts.extensions.get::<ServiceCaller>() {
            Some(_) => forbidden(
                "this call takes a customer's API key; a service key has the calls under /service, and POST /metered",
            ),
            None => Refusal::Unauthenticated.into(),
        })
    }
}

/// The service key of a request, proven by [`super::middleware`].
#[derive(Clone, Debug)]
pub struct ServiceCaller(pub Arc<ServiceAccess>);

impl ServiceCaller {
    /// Refuses a service key whose scopes do not hold this one.
    pub fn may(&self, scope: ServiceScope) -> Answer<()> {
        if self.0.may(scope) {
            return Ok(());
        }
        Err(forbidden(&format!("the service key lacks the scope {}", scope.code())))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ServiceCaller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        Err(match parts.extensions.get::<Caller>() {
            Some(_) => forbidden("this call is the platform's own and takes a service key"),
            None => Refusal::Unauthenticated.into(),
        })
    }
}

fn forbidden(why: &str) -> Fault {
    Refusal::Forbidden { why: why.to_owned() }.into()
}

/// Whose wallet a call spends from, and who is said to have done it.
#[derive(Clone, Debug)]
pub struct Payer {
    /// The wallet.
    pub wallet: WalletId,
    /// The rank of the plan, for the gates.
    pub plan_rank: i32,
    /// The actor of the rows.
    pub actor: Actor,
}

/// Reads the key that a request shows.
pub fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}
