//! Who calls: the API key and its wallet.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use wallet::error::Refusal;
use wallet::identity::{Actor, KeyAccess, KeyScope};

use super::envelope::{Answer, Fault};

/// The key of a request, proven by [`super::gate`].
#[derive(Clone, Debug)]
pub struct Caller(pub Arc<KeyAccess>);

impl Caller {
    /// The actor of what the key does.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }

    /// Refuses a key whose scopes do not hold this one.
    pub fn may(&self, scope: KeyScope) -> Answer<()> {
        if self.0.may(scope) {
            return Ok(());
        }
        let why = match scope.is_in(&self.0.scopes) {
            true => format!("a preview key can't have the scope {}", scope.code()),
            false => format!("the key lacks the scope {}", scope.code()),
        };
        Err(Refusal::Forbidden { why }.into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::Unauthenticated.into())
    }
}

/// Reads the key that a request shows.
pub fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}
