//! Holds: credits set aside for a job, then taken (all or part) or given back.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wallet::error::{Problem, Refusal};
use wallet::id::WalletId;
use wallet::idempotency::{IdempotencyKey, RequestHash};
use wallet::identity::KeyScope;
use wallet::ledger::{CaptureAmount, Command, HoldLine, HoldView, MAX_LINES, Outcome, ReleaseReason, Submission};
use wallet::tariff::{HoldRequest, LineRequest};

use super::amount::Amount;
use super::body::{Body, Named, Out};
use super::caller::{Caller, Payer};
use super::charges::{ReceiptBody, checked, quote, written};
use super::envelope::{Answer, ErrorBody, Fault};
use super::key::Key;
use super::models::WantedLine;
use super::schemas::{CaptureBody, Metadata, ReleaseReasonCode};
use super::service::Place;
use crate::state::AppState;

/// What to set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// What the job is made of, from 1 to 64 lines.
    #[schema(min_items = 1, max_items = 64)]
    pub(super) lines: Vec<WantedLine>,
    /// For how many seconds; 24 hours where nothing is said, at most 7 days.
    #[serde(default)]
    #[schema(value_type = u32, minimum = 1, maximum = 604_800)]
    pub(super) expires_in: Option<u32>,
    /// Anything of yours.
    #[serde(default, deserialize_with = "super::metadata::exact")]
    #[schema(value_type = Metadata)]
    pub(super) metadata: Map<String, Value>,
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
    /// Whose wallet it is of; in answers to a service key only.
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet: Option<Place>,
}

impl Hold {
    /// Adds whose wallet it is of.
    pub(super) fn of(self, wallet: Place) -> Self {
        Self { wallet: Some(wallet), ..self }
    }
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
            wallet: None,
        }
    }
}

/// Reads a hold of a wallet.
pub(super) async fn shown(state: &AppState, wallet: WalletId, id: i64) -> Answer<Hold> {
    Ok(state.wallet.ledger().hold(wallet, id).await?.into())
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
    let (outcome, hold) = place(&state, caller.payer(), key, body.value).await?;
    Ok(written(&outcome, hold))
}

/// Prices and sets aside.
pub(super) async fn place(
    state: &AppState,
    payer: Payer,
    key: IdempotencyKey,
    wanted: NewHold,
) -> Answer<(Outcome, Hold)> {
    let NewHold { lines, expires_in, metadata } = wanted;
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
        wallet: payer.wallet,
        plan_rank: payer.plan_rank,
        lines: wanted,
        expires_in,
        metadata: checked(metadata)?,
    };
    let outcome = state.wallet.tariffs().hold(request, payer.actor, key).await?;
    let id = outcome.seq();
    told(state, payer.wallet, id, outcome).await
}

/// Adds to a command's answer the hold that it was about: as the command left it, or, of a repeat, as it is now.
async fn told(state: &AppState, wallet: WalletId, id: i64, mut outcome: Outcome) -> Answer<(Outcome, Hold)> {
    let hold = match outcome.hold.take() {
        Some(hold) => Hold::from(*hold),
        None => shown(state, wallet, id).await.map_err(Fault::after_write)?,
    };
    Ok((outcome, hold))
}

/// Shows a hold.
#[utoipa::path(get, path = "/holds/{id}", tag = "Spending", params(("id" = i64, Path)),
    responses((status = 200, body = Hold), (status = 404, body = ErrorBody)))]
pub async fn one(State(state): State<AppState>, caller: Caller, Named(id): Named<i64>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    Ok(Out(shown(&state, caller.0.wallet, id).await?).into_response())
}

/// How much to take.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCapture {
    /// So much in all, from the first line on; everything where neither this nor `lines` is given.
    #[serde(default)]
    pub(super) amount: Option<Amount>,
    /// So much of each line, in order.
    #[serde(default)]
    pub(super) lines: Option<Vec<Amount>>,
}

impl NewCapture {
    /// Says how much is taken.
    pub(super) fn amount(self) -> Answer<CaptureAmount> {
        match (self.amount, self.lines) {
            (None, None) => Ok(CaptureAmount::All),
            (Some(amount), None) => Ok(CaptureAmount::Total(amount.0)),
            (None, Some(lines)) => Ok(CaptureAmount::Lines(lines.into_iter().map(|amount| amount.0).collect())),
            (Some(_), Some(_)) => {
                Err(Refusal::unprocessable("lines", Problem::NotAllowed, "Give amount or lines, not both.").into())
            }
        }
    }
}

/// Takes all or part of a hold, and gives the rest back; once.
///
/// A hold that a service key placed is finished by service keys alone: a customer's key is answered 403.
#[utoipa::path(post, path = "/holds/{id}/capture", tag = "Spending", request_body = CaptureBody,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn capture(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<i64>,
    Key(key): Key,
    body: Body<NewCapture>,
) -> Answer<Response> {
    caller.may(KeyScope::HoldsWrite)?;
    let hash = body.hash()?;
    let command = Command::Capture { hold: id, amount: body.value.amount()? };
    let (outcome, hold) = finish(&state, caller.payer(), id, (key, hash), command).await?;
    Ok(written(&outcome, hold))
}

/// Why a hold is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelease {
    /// `cancelled` or `customer_failure`; `platform_failure` only where the catalog leaves that to customers.
    #[schema(value_type = ReleaseReasonCode, example = "cancelled")]
    reason: ReleaseReason,
}

/// Gives a hold back; once.
///
/// A hold that a service key placed is finished by service keys alone, and only the platform releases for its own
/// failure (`platform_failure`), unless the catalog leaves that to customers: a customer's key is answered 403.
#[utoipa::path(post, path = "/holds/{id}/release", tag = "Spending", request_body = NewRelease,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn release(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<i64>,
    Key(key): Key,
    body: Body<NewRelease>,
) -> Answer<Response> {
    caller.may(KeyScope::HoldsWrite)?;
    let command = Command::Release { hold: id, reason: body.value.reason };
    let (outcome, hold) = finish(&state, caller.payer(), id, (key, body.hash()?), command).await?;
    Ok(written(&outcome, hold))
}

/// Finishes a hold, and tells what has become of it.
pub(super) async fn finish(
    state: &AppState,
    payer: Payer,
    id: i64,
    (key, hash): (IdempotencyKey, RequestHash),
    command: Command,
) -> Answer<(Outcome, Hold)> {
    let submission = Submission::new(payer.wallet, key, payer.actor, command).with_request_hash(hash);
    let outcome = state.wallet.ledger().submit(submission).await?;
    told(state, payer.wallet, id, outcome).await
}
