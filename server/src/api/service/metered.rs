//! Gauges of metered items: what the platform measured for a project.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wallet::error::{Problem, Refusal};
use wallet::id::AccountId;
use wallet::identity::Environment;
use wallet::metered::NewGauge;

use super::super::body::{Body, Named};
use super::super::caller::ServiceCaller;
use super::super::charges::told;
use super::super::envelope::{Answer, ErrorBody};
use super::super::metered::Measure;
use super::{Act, Place, PlatformKey, Whose, acting};
use crate::state::AppState;

/// What was measured, and for whom.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewGauge)]
#[serde(deny_unknown_fields)]
pub struct NewGaugeBody {
    /// A customer's API key, to find the project by; not a preview key.
    #[serde(default)]
    #[schema(example = "nb_live_…")]
    on_behalf_of: Option<String>,
    /// The account that pays; with `project`, in place of `on_behalf_of`.
    #[serde(default)]
    account: Option<Uuid>,
    /// The project.
    #[serde(default)]
    project: Option<Uuid>,
    /// How many there are, until the next gauge.
    value: Measure,
    /// Since when, to the second: not in the future, and not in a month that is closed. Now where nothing is said.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
}

/// A gauge that was set.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gauge {
    /// The item.
    #[schema(example = "storage")]
    item: String,
    /// How many there are.
    value: Measure,
    /// Since when.
    at: DateTime<Utc>,
    /// The wallet that pays for it.
    wallet: Place,
}

/// Sets a gauge of a metered item for a project; once per key.
///
/// It counts from its second until the next gauge's, in whatever order they come; of two of the same second the one that
/// came later counts. Only production is metered. Service keys alone set gauges: they decide what a customer pays.
#[utoipa::path(post, path = "/metered/{item}", tag = "Platform", security(("service_key" = [])),
    request_body = NewGaugeBody, params(("item" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Gauge), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub async fn set(
    State(state): State<AppState>,
    caller: ServiceCaller,
    Named(item): Named<String>,
    PlatformKey(key): PlatformKey,
    body: Body<NewGaugeBody>,
) -> Answer<Response> {
    let hash = body.hash()?;
    let NewGaugeBody { on_behalf_of, account, project, value, at } = body.value;
    let is_by_place = account.is_some() || project.is_some();
    let environment = is_by_place.then_some(Environment::Production);
    let whose = Whose { on_behalf_of, account, project, environment };
    let (payer, wallet, _) = acting(&state, &caller, whose, Act::Finishes).await?.parts();
    if wallet.environment != Environment::Production.code() {
        let message = "Only production is metered: name a production key.";
        return Err(Refusal::unprocessable("on_behalf_of", Problem::NotAllowed, message).into());
    }
    let account = AccountId::from_uuid(wallet.account);
    let new = NewGauge { wallet: payer.wallet, account, item: item.clone(), value: value.0, at };
    let answer = |at| Ok(serde_json::to_string(&Gauge { item, value, at, wallet })?);
    let set = state.wallet.metered().set_gauge(&new, &payer.actor, (&key, hash), answer);
    let (text, replayed) = set.await?;
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok(told((StatusCode::CREATED, kind, text).into_response(), replayed))
}
