//! Who calls: the API key, its wallet, and how much it has called.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use wallet::error::Refusal;
use wallet::identity::{Actor, KeyAccess};

use super::envelope::{Answer, Fault};
use crate::state::AppState;
use crate::unread::Unread;

/// The key of a request, proven by [`admit`].
#[derive(Clone, Debug)]
pub struct Caller(pub Arc<KeyAccess>);

impl Caller {
    /// The actor of what the key does.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }

    /// Refuses a key whose scopes do not hold this one.
    pub fn may(&self, scope: &str) -> Answer<()> {
        if self.0.may(scope) {
            return Ok(());
        }
        Err(Refusal::Forbidden { why: format!("the key lacks the scope {scope}") }.into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::Unauthenticated.into())
    }
}

/// Lets in who shows a valid key, within its limits.
pub async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let Some(secret) = bearer(&request) else {
        return Fault::from(Refusal::Unauthenticated).into_response();
    };
    let access = match state.wallet.identity().authenticate_key(secret).await {
        Ok(access) => access,
        Err(error) => return Fault::from(error).into_response(),
    };
    let standing = state.rates.count(access.id, request.method());
    let mut response = if standing.over {
        Fault::from(Refusal::RateLimited { retry_after_seconds: standing.reset_seconds() }).into_response()
    } else {
        request.extensions_mut().insert(Caller(access));
        let unread = Unread::of(&mut request);
        let answer = next.run(request).await;
        if let Some(unread) = unread {
            unread.hear_out().await;
        }
        answer
    };
    standing.write(response.headers_mut());
    response
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}
