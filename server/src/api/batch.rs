//! Many charges in one call, each with its own key and its own outcome.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wallet::error::{Problem, Refusal};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::KeyScope;

use super::body::{Body, Out};
use super::caller::Caller;
use super::charges::{Charge, NewCharge, charge};
use super::envelope::{Answer, ErrorBody, ErrorPart};
use crate::rate_limit::Subject;
use crate::state::AppState;

/// Charges of one call at most.
const CHARGES_MAX: usize = 1_000;
/// Charges that are under way at once.
const AT_ONCE: usize = 64;

/// Many charges.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCharges {
    /// From 1 to 1 000 charges.
    #[schema(min_items = 1, max_items = 1_000)]
    charges: Vec<KeyedCharge>,
}

/// A charge with its own key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyedCharge {
    /// What makes a repeat answer as the first did: 1 to 255 visible ASCII characters. With another one the charge
    /// alone is refused, in its outcome.
    idempotency_key: String,
    /// What to charge for.
    charge: NewCharge,
}

/// What became of each.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChargeOutcomes {
    /// In the order asked.
    outcomes: Vec<ChargeOutcome>,
}

/// What became of one charge: `charge` or `error`.
#[derive(Debug, Serialize, ToSchema)]
struct ChargeOutcome {
    /// The status that a call of its own would have had.
    status: u16,
    /// Its key.
    idempotency_key: String,
    /// Whether the answer is the first one's, told again.
    replayed: bool,
    /// The charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<Charge>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart>,
}

/// Charges many times; one that is refused disturbs no other. Each counts as a write of the rate limit.
#[utoipa::path(post, path = "/charges/batch", tag = "Spending", request_body = NewCharges,
    responses((status = 200, body = ChargeOutcomes), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn create(State(state): State<AppState>, caller: Caller, body: Body<NewCharges>) -> Answer<Response> {
    caller.may(KeyScope::ChargesWrite)?;
    let charges = body.value.charges;
    if charges.is_empty() || charges.len() > CHARGES_MAX {
        return Err(Refusal::unprocessable("charges", Problem::TooMany, "Give from 1 to 1000 charges.").into());
    }
    // The request itself was counted as one.
    count(&state, &caller, u32::try_from(charges.len().saturating_sub(1)).unwrap_or(u32::MAX))?;
    let outcomes = stream::iter(charges).map(|one| outcome(&state, &caller, one)).buffered(AT_ONCE).collect();
    Ok(Out(ChargeOutcomes { outcomes: outcomes.await }).into_response())
}

/// Counts the writes of a request beyond the one that it is: for the key and its account, or for neither.
fn count(state: &AppState, caller: &Caller, more: u32) -> Answer<()> {
    if more == 0 {
        return Ok(());
    }
    let account = Subject::Account(caller.0.account);
    state.subjects.count_more(account, more).map_err(Refusal::from)?;
    let standing = state.rates.count_more(caller.0.id, more);
    if standing.over {
        state.subjects.give_back(account, true, more);
        return Err(Refusal::RateLimited { retry_after_seconds: standing.reset_seconds() }.into());
    }
    Ok(())
}

async fn outcome(state: &AppState, caller: &Caller, one: KeyedCharge) -> ChargeOutcome {
    let idempotency_key = one.idempotency_key;
    let done = match IdempotencyKey::parse(&idempotency_key) {
        Ok(key) => charge(state, caller.payer(), key, one.charge).await,
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok((outcome, charge)) => ChargeOutcome {
            status: 201,
            idempotency_key,
            replayed: outcome.replayed,
            charge: Some(charge),
            error: None,
        },
        Err(fault) => ChargeOutcome {
            status: fault.status(),
            idempotency_key,
            replayed: false,
            charge: None,
            error: Some(fault.into_part()),
        },
    }
}
