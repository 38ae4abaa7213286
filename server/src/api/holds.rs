//! Holds: credits set aside for a job, then taken (all or part) or given back.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wallet::error::{Problem, Refusal};
use wallet::identity::KeyScope;
use wallet::ledger::hold::MAX_LINES;
use wallet::ledger::{CaptureAmount, Command, Envelope, HoldLine, HoldView, Outcome, ReleaseReason};
use wallet::tariff::{HoldRequest, LineRequest};

use super::amount::Amount;
use super::body::{Body, Named, Out};
use super::caller::Caller;
use super::charges::{ReceiptBody, checked, quote, written};
use super::envelope::{Answer, ErrorBody};
use super::key::Key;
use super::models::WantedLine;
use crate::state::AppState;

/// What to set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// What the job is made of, from 1 to 64 lines.
    #[schema(min_items = 1, max_items = 64)]
    lines: Vec<WantedLine>,
    /// For how many seconds; 24 hours where nothing is said, at most 7 days.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 604_800)]
    expires_in: Option<u32>,
    /// Anything of yours.
    #[serde(default, deserialize_with = "super::metadata::exact")]
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

/// A hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    /// Its name: the row's place in the ledger.
    id: i64,
    /// `open`, `captured`, `released` or `expired`.
    state: String,
    /// How much was set aside.
    amount: Amount,
    /// How much was taken.
    captured: Amount,
    /// What it is made of.
    lines: Vec<HoldLineBody>,
    /// When it was placed.
    created_at: DateTime<Utc>,
    /// When it times out.
    expires_at: DateTime<Utc>,
    /// The row that finished it.
    finished_by: Option<i64>,
}

/// One line of a hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldLineBody {
    /// The operation.
    operation: String,
    /// How much was taken of it.
    captured: Amount,
    /// What was set aside for it, and why so much.
    receipt: ReceiptBody,
}

impl From<HoldLine> for HoldLineBody {
    fn from(line: HoldLine) -> Self {
        Self { operation: line.receipt.operation.clone(), captured: line.captured.into(), receipt: line.receipt.into() }
    }
}

impl From<HoldView> for Hold {
    fn from(hold: HoldView) -> Self {
        Self {
            id: hold.seq,
            state: hold.state.as_str().to_owned(),
            amount: hold.amount.into(),
            captured: hold.captured.into(),
            lines: hold.lines.into_iter().map(HoldLineBody::from).collect(),
            created_at: hold.created_at,
            expires_at: hold.expires_at,
            finished_by: hold.finished_by,
        }
    }
}

async fn shown(state: &AppState, caller: &Caller, id: i64) -> Answer<Hold> {
    Ok(state.wallet.ledger().hold(caller.0.wallet, id).await?.into())
}

/// Sets credits aside by the tariffs in force, or by locked quotes; once per key.
#[utoipa::path(post, path = "/holds", tag = "Spending", request_body = NewHold,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 402, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Key(key): Key,
    body: Body<NewHold>,
) -> Answer<Response> {
    caller.may(KeyScope::HoldsWrite)?;
    let NewHold { lines, expires_in, metadata } = body.value;
    if lines.is_empty() || lines.len() > MAX_LINES {
        let problem = if lines.is_empty() { Problem::Required } else { Problem::TooMany };
        let message = format!("Give from 1 to {MAX_LINES} lines.");
        return Err(Refusal::unprocessable("lines", problem, message).into());
    }
    let mut wanted = Vec::with_capacity(lines.len());
    for (place, line) in lines.into_iter().enumerate() {
        let quote = quote(line.quote_id.as_deref(), &format!("lines.{place}.quote_id"))?;
        wanted.push((LineRequest { operation: line.operation, params: line.params, count: line.count }, quote));
    }
    let request = HoldRequest {
        wallet: caller.0.wallet,
        plan_rank: caller.0.plan.rank,
        lines: wanted,
        expires_in,
        metadata: checked(metadata)?,
    };
    let outcome = state.wallet.tariffs().hold(request, caller.actor(), key).await?;
    let hold = shown(&state, &caller, outcome.seq()).await?;
    Ok(written(&outcome, hold))
}

/// Shows a hold.
#[utoipa::path(get, path = "/holds/{id}", tag = "Spending", params(("id" = i64, Path)),
    responses((status = 200, body = Hold), (status = 404, body = ErrorBody)))]
pub async fn one(State(state): State<AppState>, caller: Caller, Named(id): Named<i64>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    Ok(Out(shown(&state, &caller, id).await?).into_response())
}

/// How much to take.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCapture {
    /// So much in all, from the first line on; everything where neither this nor `lines` is given.
    #[serde(default)]
    amount: Option<Amount>,
    /// So much of each line, in order.
    #[serde(default)]
    lines: Option<Vec<Amount>>,
}

/// Takes all or part of a hold, and gives the rest back; once.
#[utoipa::path(post, path = "/holds/{id}/capture", tag = "Spending", request_body = NewCapture,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn capture(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<i64>,
    Key(key): Key,
    body: Body<NewCapture>,
) -> Answer<Response> {
    caller.may(KeyScope::HoldsWrite)?;
    let hash = body.hash();
    let amount = match (body.value.amount, body.value.lines) {
        (None, None) => CaptureAmount::All,
        (Some(amount), None) => CaptureAmount::Total(amount.0),
        (None, Some(lines)) => CaptureAmount::Lines(lines.into_iter().map(|amount| amount.0).collect()),
        (Some(_), Some(_)) => {
            return Err(Refusal::unprocessable("lines", Problem::NotAllowed, "Give amount or lines, not both.").into());
        }
    };
    let envelope = Envelope::new(caller.0.wallet, key, caller.actor(), Command::Capture { hold: id, amount });
    finish(&state, &caller, id, envelope.with_request_hash(hash)).await
}

/// Why a hold is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelease {
    /// `platform_failure`, `customer_failure` or `cancelled`.
    #[schema(value_type = String, example = "platform_failure")]
    reason: ReleaseReason,
}

/// Gives a hold back; once.
#[utoipa::path(post, path = "/holds/{id}/release", tag = "Spending", request_body = NewRelease,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn release(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<i64>,
    Key(key): Key,
    body: Body<NewRelease>,
) -> Answer<Response> {
    caller.may(KeyScope::HoldsWrite)?;
    let command = Command::Release { hold: id, reason: body.value.reason };
    let envelope = Envelope::new(caller.0.wallet, key, caller.actor(), command);
    finish(&state, &caller, id, envelope.with_request_hash(body.hash())).await
}

async fn finish(state: &AppState, caller: &Caller, id: i64, envelope: Envelope) -> Answer<Response> {
    let outcome: Outcome = state.wallet.ledger().submit(envelope).await?;
    let hold = shown(state, caller, id).await?;
    Ok(written(&outcome, hold))
}
