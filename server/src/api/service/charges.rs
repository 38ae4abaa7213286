//! Charges that the platform makes, and paying them back.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use wallet::identity::{Environment, KeyScope};

use super::super::body::{Body, Named};
use super::super::caller::ServiceCaller;
use super::super::charges::{Charge, NewCharge, charge, pay_back, written};
use super::super::envelope::{Answer, ErrorBody};
use super::super::ledger::EntryBody;
use super::super::models::one_call;
use super::super::schemas::{Metadata, Params};
use super::{Act, Acting, PlatformKey, Whose, acting};
use crate::json;
use crate::state::AppState;

/// What to charge for, and whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceCharge {
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
    /// The operation.
    #[schema(example = "dall-e-3")]
    operation: String,
    /// Its params.
    #[serde(default, deserialize_with = "json::params")]
    #[schema(value_type = Params)]
    params: Map<String, Value>,
    /// How many calls.
    #[serde(default = "one_call")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1)]
    count: i64,
    /// A locked quote to honour.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^quo_[0-9a-f]{32}$")]
    quote_id: Option<String>,
    /// Anything of yours, to find the charge by: `customer_id`, a job's name.
    #[serde(default, deserialize_with = "crate::api::metadata::exact")]
    #[schema(value_type = Metadata)]
    metadata: Map<String, Value>,
}

impl NewServiceCharge {
    /// Tells whose wallet it is, and what to charge for.
    fn parts(self) -> (Whose, NewCharge) {
        let Self { on_behalf_of, account, project, environment, operation, params, count, quote_id, metadata } = self;
        let whose = Whose { on_behalf_of, account, project, environment };
        (whose, NewCharge { operation, params, count, quote_id, metadata })
    }
}

/// Charges for the platform by the tariff in force, or by a locked quote; once per key.
///
/// The row says that the platform made it: only service keys and staff pay it back. With `on_behalf_of` the budgets of
/// that key count, its plan decides what it may call, and it must have the scope `charges:write`.
#[utoipa::path(post, path = "/service/charges", tag = "Platform", operation_id = "service_charge",
    security(("service_key" = [])), request_body = NewServiceCharge,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Charge), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 402, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn create(
    State(state): State<AppState>,
    caller: ServiceCaller,
    PlatformKey(key): PlatformKey,
    body: Body<NewServiceCharge>,
) -> Answer<Response> {
    let (whose, wanted) = body.value.parts();
    let acting = acting(&state, &caller, whose, Act::Spends).await?;
    acting.needs(KeyScope::ChargesWrite)?;
    let (payer, wallet, standing) = acting.parts();
    let (outcome, charge) = charge(&state, payer, key, wanted).await?;
    Ok(Acting::stamp(standing, written(&outcome, charge.of(wallet))))
}

/// Why an operation is paid back, and whose it was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceCreditBack {
    /// The customer's API key, to find the wallet by.
    #[serde(default)]
    #[schema(example = "nb_live_…")]
    on_behalf_of: Option<String>,
    /// The account that paid; with `project` and `environment`, in place of `on_behalf_of`.
    #[serde(default)]
    account: Option<Uuid>,
    /// The project that spent.
    #[serde(default)]
    project: Option<Uuid>,
    /// `production` or `preview`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "production")]
    environment: Option<Environment>,
    /// For people: what failed.
    #[schema(max_length = 200)]
    reason: String,
}

/// Pays back a failed operation, once; whoever charged for it.
#[utoipa::path(post, path = "/service/charges/{id}/credit-back", tag = "Platform", operation_id = "service_credit_back",
    security(("service_key" = [])), request_body = NewServiceCreditBack,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = EntryBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub async fn credit_back(
    State(state): State<AppState>,
    caller: ServiceCaller,
    Named(id): Named<i64>,
    PlatformKey(key): PlatformKey,
    body: Body<NewServiceCreditBack>,
) -> Answer<Response> {
    let hash = body.hash()?;
    let NewServiceCreditBack { on_behalf_of, account, project, environment, reason } = body.value;
    let whose = Whose { on_behalf_of, account, project, environment };
    let (payer, _, standing) = acting(&state, &caller, whose, Act::Finishes).await?.parts();
    let (outcome, entry) = pay_back(&state, payer, id, (key, hash), &reason).await?;
    Ok(Acting::stamp(standing, written(&outcome, entry)))
}
