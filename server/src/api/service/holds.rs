//! Holds that the platform places for its customers, and finishes.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use wallet::identity::{Environment, KeyScope};
use wallet::ledger::{Command, ReleaseReason};

use super::super::amount::Amount;
use super::super::body::{Asked, Body, Named, Out};
use super::super::caller::ServiceCaller;
use super::super::charges::written;
use super::super::envelope::{Answer, ErrorBody};
use super::super::holds::{Hold, NewCapture, NewHold, finish, place, shown};
use super::super::models::WantedLine;
use super::super::schemas::Metadata;
use super::{Act, Acting, AskedPlace, OnBehalfOf, PlatformKey, Whose, acting};
use crate::state::AppState;

/// What to set aside, and whose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceHold {
    /// The customer's API key: its wallet, budgets, plan, scopes and rate limit count.
    #[serde(default)]
    #[schema(example = "nb_live_…")]
    on_behalf_of: Option<String>,
    /// The account that pays; with `project` and `environment`, in place of `on_behalf_of`.
    #[serde(default)]
    account: Option<Uuid>,
    /// The project that spends.
    #[serde(default)]
    project: Option<Uuid>,
    /// `production` or `preview`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "production")]
    environment: Option<Environment>,
    /// What the job is made of, from 1 to 64 lines.
    #[schema(min_items = 1, max_items = 64)]
    lines: Vec<WantedLine>,
    /// For how many seconds; 24 hours where nothing is said, at most 7 days.
    #[serde(default)]
    #[schema(value_type = u32, minimum = 1, maximum = 604_800)]
    expires_in: Option<u32>,
    /// Anything of yours.
    #[serde(default, deserialize_with = "crate::api::metadata::exact")]
    #[schema(value_type = Metadata)]
    metadata: Map<String, Value>,
}

/// Sets credits aside for the platform, by the tariffs in force or by locked quotes; once per key.
///
/// Only service keys and staff finish it. With `on_behalf_of` the budgets of that key count, its plan decides what it
/// may call, and it must have the scope `holds:write`. Keep `wallet` of the answer: by it the hold is finished also
/// when the customer's key works no more.
#[utoipa::path(post, path = "/service/holds", tag = "Platform", operation_id = "service_hold",
    security(("service_key" = [])), request_body = NewServiceHold, params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 402, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn create(
    State(state): State<AppState>,
    caller: ServiceCaller,
    PlatformKey(key): PlatformKey,
    body: Body<NewServiceHold>,
) -> Answer<Response> {
    let NewServiceHold { on_behalf_of, account, project, environment, lines, expires_in, metadata } = body.value;
    let whose = Whose { on_behalf_of, account, project, environment };
    let acting = acting(&state, &caller, whose, Act::Spends).await?;
    acting.needs(KeyScope::HoldsWrite)?;
    let (payer, wallet, standing) = acting.parts();
    let (outcome, hold) = place(&state, payer, key, NewHold { lines, expires_in, metadata }).await?;
    Ok(Acting::stamp(standing, written(&outcome, hold.of(wallet))))
}

/// Shows a hold of a customer's wallet.
#[utoipa::path(get, path = "/service/holds/{id}", tag = "Platform", operation_id = "service_hold_shown",
    security(("service_key" = [])),
    params(("id" = i64, Path), AskedPlace,
        ("On-Behalf-Of" = Option<String>, Header, description = "The customer's API key, to find the wallet by; else account, project and environment")),
    responses((status = 200, body = Hold), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub async fn one(
    State(state): State<AppState>,
    caller: ServiceCaller,
    Named(id): Named<i64>,
    key: OnBehalfOf,
    Asked(asked): Asked<AskedPlace>,
) -> Answer<Response> {
    let (payer, wallet, standing) = acting(&state, &caller, asked.or(key), Act::Finishes).await?.parts();
    let hold = shown(&state, payer.wallet, id).await?;
    Ok(Acting::stamp(standing, Out(hold.of(wallet)).into_response()))
}

/// How much to take, and from whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceCapture {
    /// The customer's API key, to find the wallet by.
    #[serde(default)]
    #[schema(example = "nb_live_…")]
    on_behalf_of: Option<String>,
    /// The account that pays; with `project` and `environment`, in place of `on_behalf_of`.
    #[serde(default)]
    account: Option<Uuid>,
    /// The project that spends.
    #[serde(default)]
    project: Option<Uuid>,
    /// `production` or `preview`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "production")]
    environment: Option<Environment>,
    /// So much in all, from the first line on; everything where neither this nor `lines` is given.
    #[serde(default)]
    amount: Option<Amount>,
    /// So much of each line, in order.
    #[serde(default)]
    lines: Option<Vec<Amount>>,
}

/// Takes all or part of a hold, and gives the rest back; once, and whoever placed it.
#[utoipa::path(post, path = "/service/holds/{id}/capture", tag = "Platform", operation_id = "service_capture",
    security(("service_key" = [])), request_body = NewServiceCapture,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn capture(
    State(state): State<AppState>,
    caller: ServiceCaller,
    Named(id): Named<i64>,
    PlatformKey(key): PlatformKey,
    body: Body<NewServiceCapture>,
) -> Answer<Response> {
    let hash = body.hash()?;
    let NewServiceCapture { on_behalf_of, account, project, environment, amount, lines } = body.value;
    let whose = Whose { on_behalf_of, account, project, environment };
    let acting = acting(&state, &caller, whose, Act::Finishes).await?;
    acting.needs(KeyScope::HoldsWrite)?;
    let (payer, wallet, standing) = acting.parts();
    let command = Command::Capture { hold: id, amount: NewCapture { amount, lines }.amount()? };
    let (outcome, hold) = finish(&state, payer, id, (key, hash), command).await?;
    Ok(Acting::stamp(standing, written(&outcome, hold.of(wallet))))
}

/// Why a hold is given back, and to whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceRelease {
    /// The customer's API key, to find the wallet by.
    #[serde(default)]
    #[schema(example = "nb_live_…")]
    on_behalf_of: Option<String>,
    /// The account that pays; with `project` and `environment`, in place of `on_behalf_of`.
    #[serde(default)]
    account: Option<Uuid>,
    /// The project that spends.
    #[serde(default)]
    project: Option<Uuid>,
    /// `production` or `preview`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "production")]
    environment: Option<Environment>,
    /// `platform_failure`, `customer_failure` or `cancelled`.
    #[schema(value_type = String, example = "platform_failure")]
    reason: ReleaseReason,
}

/// Gives a hold back; once, and whoever placed it.
///
/// Where the catalog charges once for a job that failed for the customer's reasons, `customer_failure` captures it
/// instead.
#[utoipa::path(post, path = "/service/holds/{id}/release", tag = "Platform", operation_id = "service_release",
    security(("service_key" = [])), request_body = NewServiceRelease,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Hold), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn release(
    State(state): State<AppState>,
    caller: ServiceCaller,
    Named(id): Named<i64>,
    PlatformKey(key): PlatformKey,
    body: Body<NewServiceRelease>,
) -> Answer<Response> {
    let hash = body.hash()?;
    let NewServiceRelease { on_behalf_of, account, project, environment, reason } = body.value;
    let whose = Whose { on_behalf_of, account, project, environment };
    let (payer, wallet, standing) = acting(&state, &caller, whose, Act::Finishes).await?.parts();
    let command = Command::Release { hold: id, reason };
    let (outcome, hold) = finish(&state, payer, id, (key, hash), command).await?;
    Ok(Acting::stamp(standing, written(&outcome, hold.of(wallet))))
}
