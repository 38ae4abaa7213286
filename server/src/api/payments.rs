//! Buying credits with a key: the checkout page, and what became of a payment.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wallet::error::{Problem, Refusal};
use wallet::id::PaymentId;
use wallet::identity::KeyScope;
use wallet::money::Currency;
use wallet::payment::{PayWith, PaymentView, TopUp};

use super::amount::Amount;
use super::body::{Asked, Body, Named, Out};
use super::caller::Caller;
use super::catalog::Price;
use super::charges::positive;
use super::envelope::{Answer, ErrorBody};
use super::key::Key;
use super::page;
use super::schemas::TopUpBody;
use crate::state::AppState;

/// What to buy: a package, or an amount where the catalog sells any.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTopUp {
    /// The package's code.
    #[serde(default)]
    package: Option<String>,
    /// The amount of credits.
    #[serde(default)]
    amount: Option<Amount>,
    /// The currency to pay in.
    currency: String,
    /// The way to pay, as `stripe.card`; the first one that takes the currency where nothing is said.
    #[serde(default)]
    method: Option<String>,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Payment {
    /// Its name.
    payment_id: String,
    /// `pending`, `processing`, `succeeded`, `failed`, `cancelled`, `expired`, `unknown` or `held`.
    status: String,
    /// The provider that takes the money: `stripe`, `yookassa`, `sandbox`.
    provider: String,
    /// The instrument, for people: `Visa •• 4242`; known once it is paid.
    method: Option<String>,
    /// Where to pay, while it is open.
    checkout_url: Option<String>,
    /// The package's code.
    package: Option<String>,
    /// What was ordered, in words.
    title: String,
    /// What the wallet gets.
    credits: Amount,
    /// What it gets for nothing beside them, as a grant of its own.
    bonus: Amount,
    /// What it costs.
    price: Price,
    /// Why it failed.
    failure: Option<String>,
    /// When it was ordered.
    created_at: DateTime<Utc>,
    /// When the credits were added.
    settled_at: Option<DateTime<Utc>>,
    /// The row of its grant.
    entry_seq: Option<i64>,
}

impl From<PaymentView> for Payment {
    fn from(payment: PaymentView) -> Self {
        Self {
            payment_id: payment.id.to_string(),
            status: payment.status.code().to_owned(),
            provider: payment.provider,
            method: payment.method,
            checkout_url: payment.checkout_url,
            package: payment.package,
            title: payment.title,
            credits: payment.credits.into(),
            bonus: payment.bonus.into(),
            price: payment.money.into(),
            failure: payment.failure,
            created_at: payment.created_at,
            settled_at: payment.settled_at,
            entry_seq: payment.entry_seq,
        }
    }
}

/// One page of payments.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentList {
    /// Newest first.
    payments: Vec<Payment>,
    /// Pass it as `cursor` for the next page.
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Payments of a page, 1 to 200.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(pattern = "^c_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
    cursor: Option<String>,
}

/// Orders credits; the answer says where to pay. Once per key.
#[utoipa::path(post, path = "/top-ups", tag = "Payments", request_body = TopUpBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Payment), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn top_up(
    State(state): State<AppState>,
    caller: Caller,
    Key(key): Key,
    body: Body<NewTopUp>,
) -> Answer<Response> {
    caller.may(KeyScope::TopUpsWrite)?;
    let NewTopUp { package, amount, currency, method } = body.value;
    let unknown = || Refusal::unprocessable("currency", Problem::Unknown, "There is no such currency.");
    let currency: Currency = currency.parse().map_err(|_| unknown())?;
    let amount = amount.map(|amount| positive("amount", amount)).transpose()?;
    let with = method.map(|method| new_method(&method)).transpose()?;
    let wanted = TopUp { package, amount, currency, with, save_method: false };
    let payments = state.wallet.payments();
    let payment = payments.start_top_up(&*caller.0, &wanted, key.as_str(), &state.app.public_url).await?;
    Ok((StatusCode::CREATED, Out(Payment::from(payment))).into_response())
}

/// Reads a way to pay. Saved methods are charged where their owner has agreed to it, which is on our pages.
fn new_method(text: &str) -> Result<PayWith, Refusal> {
    match text.parse() {
        Ok(with @ PayWith::New { .. }) => Ok(with),
        Ok(PayWith::Saved(_)) => {
            let message = "A key can't charge a saved method. Leave this out, or name a provider's page: stripe.card.";
            Err(Refusal::unprocessable("method", Problem::NotAllowed, message))
        }
        Err(_) => Err(Refusal::unprocessable("method", Problem::Unknown, "There is no such way to pay.")),
    }
}

/// Lists payments, newest first.
#[utoipa::path(get, path = "/payments", tag = "Payments", params(PageQuery),
    responses((status = 200, body = PaymentList), (status = 400, body = ErrorBody)))]
pub async fn list(State(state): State<AppState>, caller: Caller, Asked(query): Asked<PageQuery>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let before: Option<PaymentId> = page::cursor(query.cursor.as_deref())?;
    let limit = i64::from(page::limit(query.limit)?);
    let found = state.wallet.payments().payments(&*caller.0, before, limit).await?;
    let body = PaymentList {
        payments: found.payments.into_iter().map(Payment::from).collect(),
        next_cursor: page::next(found.next),
    };
    Ok(Out(body).into_response())
}

/// Shows a payment; asks the provider where it is still open.
#[utoipa::path(get, path = "/payments/{id}", tag = "Payments", params(("id" = String, Path)),
    responses((status = 200, body = Payment), (status = 404, body = ErrorBody)))]
pub async fn one(State(state): State<AppState>, caller: Caller, Named(id): Named<String>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let id: PaymentId = id.parse().map_err(|_| Refusal::not_found("payment"))?;
    Ok(Out(Payment::from(state.wallet.payments().check(&*caller.0, id).await?)).into_response())
}
