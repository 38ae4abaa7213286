//! The `Idempotency-Key` header: every write needs one.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use wallet::error::Refusal;
use wallet::idempotency::IdempotencyKey;

use super::envelope::Fault;

/// The key that a write came with.
#[derive(Clone, Debug)]
pub struct Key(pub IdempotencyKey);

impl Key {
    /// Gives the key for one kind of write that leaves no row in the ledger: the same text may name another kind's
    /// write.
    pub fn of(&self, what: &str) -> IdempotencyKey {
        IdempotencyKey::internal(format!("{what}:{}", self.0.as_str()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        let mut sent = parts.headers.get_all("idempotency-key").iter();
        let (Some(key), None) = (sent.next(), sent.next()) else {
            return Err(Refusal::IdempotencyKeyRequired.into());
        };
        let key = key.to_str().map_err(|_| Refusal::IdempotencyKeyRequired)?;
        Ok(Self(IdempotencyKey::parse(key)?))
    }
}
