//! Redeeming codes with a key.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wallet::identity::KeyScope;
use wallet::promo::{Redeemed, Redeemer};

use super::amount::Amount;
use super::body::{Body, Out};
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody};
use super::key::Key;
use crate::state::AppState;

/// A code to redeem.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(title = "NewRedemption")]
pub struct NewRedemption {
    /// The code as it was given; case, dashes and spaces do not matter.
    #[schema(example = "GC-7KQM-X2PD-94TR-HB5N-3W", max_length = 100)]
    code: String,
}

/// What a code has brought.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redemption {
    /// How much the wallet has got.
    credits: Amount,
    /// What the grant is called.
    label: String,
    /// When the credits end; null for never.
    expires_at: Option<DateTime<Utc>>,
    /// The row of its grant.
    entry_seq: i64,
}

impl From<Redeemed> for Redemption {
    fn from(redeemed: Redeemed) -> Self {
        let Redeemed { credits, label, expires_at, entry_seq } = redeemed;
        Self { credits: credits.into(), label, expires_at, entry_seq }
    }
}

/// Redeems a code for the key's wallet, once. Refused by name: `code_unknown` (404), `code_used`, `code_expired`,
/// `code_withdrawn` and `code_limit` (409). Too many wrong codes make the account wait (429).
#[utoipa::path(post, path = "/redemptions", tag = "Payments", request_body = NewRedemption,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Redemption), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Key(key): Key,
    body: Body<NewRedemption>,
) -> Answer<Response> {
    caller.may(KeyScope::TopUpsWrite)?;
    let who = Redeemer::from(&*caller.0);
    let redeemed = state.wallet.promos().redeem(who, &body.value.code, &key).await?;
    Ok((StatusCode::CREATED, Out(Redemption::from(redeemed))).into_response())
}
