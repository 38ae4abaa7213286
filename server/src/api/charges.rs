//! Charges: an immediate debit by the tariff, its receipt, and paying it back.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wallet::db::has_nul;
use wallet::error::{Error, Problem, Refusal};
use wallet::idempotency::{IdempotencyKey, RequestHash};
use wallet::identity::KeyScope;
use wallet::ledger::{Command, EntryDetail, EntryKind, EntryView, Outcome, Receipt, Submission};
use wallet::money::Credits;
use wallet::tariff::{ChargeRequest, LineRequest, QuoteId};

use super::amount::Amount;
use super::body::{Body, Named, Out};
use super::caller::{Caller, Payer};
use super::envelope::{Answer, ErrorBody, Fault};
use super::holds::HoldLineBody;
use super::key::Key;
use super::ledger::{Allocation, EntryBody};
use super::models::{Line, one_call};
use super::schemas::{Metadata, Params};
use super::service::Place;
use crate::json;
use crate::state::AppState;

/// The most keys of one metadata object.
const METADATA_KEYS_MAX: usize = 50;
/// The longest metadata, as JSON.
const METADATA_MAX: usize = 4_096;
/// Says that the answer is the first one's, told again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What to charge for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCharge {
    /// The operation.
    #[schema(example = "dall-e-3")]
    pub(super) operation: String,
    /// Its params.
    #[serde(default, deserialize_with = "json::params")]
    #[schema(value_type = Params)]
    pub(super) params: Map<String, Value>,
    /// How many calls.
    #[serde(default = "one_call")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1)]
    pub(super) count: i64,
    /// A locked quote to honour.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^quo_[0-9a-f]{32}$")]
    pub(super) quote_id: Option<String>,
    /// Anything of yours, to find the charge by: `customer_id`, a job's name.
    #[serde(default, deserialize_with = "super::metadata::exact")]
    #[schema(value_type = Metadata)]
    pub(super) metadata: Map<String, Value>,
}

/// A charge with its receipt.
#[derive(Debug, Serialize, ToSchema)]
pub struct Charge {
    /// Its name: the row's place in the ledger.
    id: i64,
    /// The operation.
    operation: String,
    /// What it cost.
    amount: Amount,
    /// The unit's settled balance right after.
    settled_after: Amount,
    /// What could be spent right after.
    available_after: Amount,
    /// Why it cost what it cost, where one price says it all; null for a capture of several lines or of a part.
    receipt: Option<ReceiptBody>,
    /// Of a capture: what was held for each line and why, and what was taken of it; `captured` adds up to `amount`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<HoldLineBody>,
    /// What was taken from which grant; only when asked for by `GET`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allocations: Vec<Allocation>,
    /// The rows of the same story: its credit-back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timeline: Vec<EntryBody>,
    /// What the caller sent along; null where that was nothing.
    #[schema(value_type = Option<Metadata>)]
    metadata: Value,
    /// When, by the database's clock.
    created_at: DateTime<Utc>,
    /// Whose wallet it is from; in answers to a service key only.
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet: Option<Place>,
}

/// Why a debit cost what it cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptBody {
    /// The operation's name.
    name: String,
    /// What it makes.
    category: String,
    /// The inputs that the rule priced.
    #[schema(value_type = Option<Object>)]
    params: Value,
    /// How many calls.
    count: i64,
    /// The rule.
    rule: String,
    /// The version of the price book.
    price_book_version: i32,
    /// The formula.
    lines: Vec<Line>,
    /// What it comes to.
    total: Amount,
    /// The locked quote that priced it; absent where the price book in force did.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote_id: Option<String>,
}

impl From<Receipt> for ReceiptBody {
    fn from(receipt: Receipt) -> Self {
        Self {
            name: receipt.name,
            category: receipt.category,
            params: receipt.params,
            count: receipt.count,
            rule: receipt.rule,
            price_book_version: receipt.price_book_version,
            lines: receipt.lines.into_iter().map(Line::from).collect(),
            total: receipt.total.into(),
            quote_id: receipt.quote,
        }
    }
}

impl Charge {
    fn new(entry: EntryView, receipt: Option<Receipt>) -> wallet::error::Result<Self> {
        let (amount, available) = (entry.taken()?, entry.available_after()?);
        Ok(Self {
            id: entry.seq,
            operation: entry.operation.unwrap_or_default(),
            amount: amount.into(),
            settled_after: entry.settled_after.into(),
            available_after: available.into(),
            receipt: receipt.map(ReceiptBody::from),
            lines: Vec::new(),
            allocations: Vec::new(),
            timeline: Vec::new(),
            metadata: entry.metadata,
            created_at: entry.created_at,
            wallet: None,
        })
    }

    /// Adds whose wallet it is from.
    pub(super) fn of(self, wallet: Place) -> Self {
        Self { wallet: Some(wallet), ..self }
    }

    fn detailed(detail: EntryDetail) -> wallet::error::Result<Self> {
        let own = detail.entry.seq;
        let timeline = detail.timeline.into_iter().filter(|entry| entry.seq != own).map(EntryBody::from).collect();
        let allocations = detail.allocations.into_iter().map(Allocation::from).collect();
        let lines = detail.lines.into_iter().map(HoldLineBody::from).collect();
        Ok(Self { lines, allocations, timeline, ..Self::new(detail.entry, detail.receipt)? })
    }
}

/// Charges by the tariff in force, or by a locked quote; once per key.
#[utoipa::path(post, path = "/charges", tag = "Spending", request_body = NewCharge,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Charge), (status = 400, body = ErrorBody), (status = 402, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Key(key): Key,
    body: Body<NewCharge>,
) -> Answer<Response> {
    caller.may(KeyScope::ChargesWrite)?;
    let (outcome, charge) = charge(&state, caller.payer(), key, body.value).await?;
    Ok(written(&outcome, charge))
}

/// Prices and charges.
pub(super) async fn charge(
    state: &AppState,
    payer: Payer,
    key: IdempotencyKey,
    wanted: NewCharge,
) -> Answer<(Outcome, Charge)> {
    let NewCharge { operation, params, count, quote_id, metadata } = wanted;
    let request = ChargeRequest {
        wallet: payer.wallet,
        plan_rank: payer.plan_rank,
        line: LineRequest { operation, params, count },
        quote: quote(quote_id.as_deref(), "quote_id")?,
        metadata: checked(metadata)?,
    };
    let charged = state.wallet.tariffs().charge_with_receipt(request, payer.actor, key).await?;
    let (outcome, receipt) = charged;
    let entry = outcome.entry().ok_or_else(|| Fault::internal(&"a charge wrote no row"))?.clone();
    let receipt = match receipt {
        Some(receipt) => Some(receipt),
        None => Box::pin(kept_receipt(state, &entry)).await.map_err(Fault::after_write)?,
    };
    Ok((outcome, Charge::new(entry, receipt)?))
}

/// Gives the receipt that the ledger keeps.
async fn kept_receipt(state: &AppState, entry: &EntryView) -> Answer<Option<Receipt>> {
    match state.wallet.ledger().entry(entry.wallet, entry.seq).await {
        Ok(detail) => Ok(detail.receipt),
        // An archived charge: its key answers for ever, its receipt is in the archive.
        Err(Error::Refused(Refusal::NotFound { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes the answer of a write: 201, and whether it is the first one's.
pub(super) fn written(outcome: &Outcome, body: impl Serialize) -> Response {
    told((StatusCode::CREATED, Out(body)).into_response(), outcome.replayed)
}

/// Says of an answer whether it is the first one's, told again.
pub(super) fn told(mut response: Response, is_replayed: bool) -> Response {
    if is_replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// Reads the name of a locked quote.
pub(super) fn quote(text: Option<&str>, field: &str) -> Answer<Option<QuoteId>> {
    let unknown = |_| Refusal::unprocessable(field, Problem::Unknown, "There is no such quote, or it has expired.");
    Ok(text.map(|text| text.parse().map_err(unknown)).transpose()?)
}

/// Checks what the caller sends along: small, and without what a database text can't hold.
pub(super) fn checked(metadata: Map<String, Value>) -> Answer<Value> {
    if metadata.is_empty() {
        return Ok(Value::Null);
    }
    let wrong = |problem, message: &str| Fault::from(Refusal::unprocessable("metadata", problem, message));
    if metadata.len() > METADATA_KEYS_MAX {
        return Err(wrong(Problem::TooMany, "At most 50 keys."));
    }
    let metadata = Value::Object(metadata);
    let text = metadata.to_string();
    if text.len() > METADATA_MAX {
        return Err(wrong(Problem::TooLong, "At most 4096 bytes of JSON."));
    }
    if has_nul(&text) {
        return Err(wrong(Problem::NotAllowed, "A text can't hold the character NUL."));
    }
    Ok(metadata)
}

/// Reads a charge of the caller's wallet.
pub(super) async fn find(state: &AppState, caller: &Caller, id: i64) -> Answer<EntryDetail> {
    let detail = state.wallet.ledger().entry(caller.0.wallet, id).await?;
    match detail.entry.kind {
        EntryKind::Charge | EntryKind::Capture => Ok(detail),
        _ => Err(Refusal::not_found("the charge").into()),
    }
}

/// Shows a charge: receipt, grants taken, and what became of it.
#[utoipa::path(get, path = "/charges/{id}", tag = "Spending", params(("id" = i64, Path)),
    responses((status = 200, body = Charge), (status = 404, body = ErrorBody)))]
pub async fn one(State(state): State<AppState>, caller: Caller, Named(id): Named<i64>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    Ok(Out(Charge::detailed(find(&state, &caller, id).await?)?).into_response())
}

/// Why an operation is paid back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCreditBack {
    /// For people: what failed.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Pays back a failed operation, once; only where the catalog lets customers do so.
///
/// What a cost comes to is the platform's to say: in all presets a customer's key is answered 403 here, and the
/// platform pays back by `POST /service/charges/{id}/credit-back`. A charge that a service key made is never a
/// customer's to pay back.
#[utoipa::path(post, path = "/charges/{id}/credit-back", tag = "Spending", request_body = NewCreditBack,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = EntryBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn credit_back(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<i64>,
    Key(key): Key,
    body: Body<NewCreditBack>,
) -> Answer<Response> {
    caller.may(KeyScope::ChargesWrite)?;
    let (outcome, entry) = pay_back(&state, caller.payer(), id, (key, body.hash()?), &body.value.reason).await?;
    Ok(written(&outcome, entry))
}

/// Pays a charge back.
pub(super) async fn pay_back(
    state: &AppState,
    payer: Payer,
    id: i64,
    (key, hash): (IdempotencyKey, RequestHash),
    reason: &str,
) -> Answer<(Outcome, EntryBody)> {
    let command = Command::CreditBack { charge: id, reason: text("reason", reason, 200)? };
    let submission = Submission::new(payer.wallet, key, payer.actor, command).with_request_hash(hash);
    let outcome = state.wallet.ledger().submit(submission).await?;
    let entry = outcome.entry().cloned().ok_or_else(|| Fault::internal(&"a credit-back wrote no row"))?;
    Ok((outcome, EntryBody::from(entry)))
}

/// Checks a text for people.
pub(super) fn text(field: &str, text: &str, longest: usize) -> Answer<String> {
    let text = text.trim();
    let wrong = |problem, message: String| Error::from(Refusal::unprocessable(field, problem, message));
    if text.is_empty() {
        return Err(wrong(Problem::Required, "Say why, in a few words.".to_owned()).into());
    }
    if text.chars().count() > longest {
        return Err(wrong(Problem::TooLong, format!("At most {longest} characters.")).into());
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(Problem::NotAllowed, "No control characters.".to_owned()).into());
    }
    Ok(text.to_owned())
}

/// Gives an amount above zero, or refuses the field.
pub(super) fn positive(field: &str, amount: Amount) -> Answer<Credits> {
    if amount.0.is_positive() {
        Ok(amount.0)
    } else {
        Err(Refusal::unprocessable(field, Problem::TooSmall, "Must be above zero.").into())
    }
}
