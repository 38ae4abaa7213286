//! Outgoing webhooks: endpoints, and the log of what was sent to them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wallet::error::{FieldError, Problem};
use wallet::identity::KeyScope;
use wallet::notify::webhook::{Attempt, CreatedEndpoint, Delivery, DeliveryDetail, Endpoint, EventKind, NewEndpoint};

use super::body::{Asked, Body, Named, Out};
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody, Fault};
use super::key::Key;
use super::page;
use super::schemas::EventCode;
use crate::state::AppState;
use crate::webhook_address::{AddressRules, check, check_resolved};

/// What a key needs to read endpoints and their log.
const READ: KeyScope = KeyScope::WebhooksRead;
/// What a key needs to change them.
const WRITE: KeyScope = KeyScope::WebhooksWrite;

/// An endpoint to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpointBody {
    /// Where messages go: https, on the public internet.
    #[schema(
        example = "https://example.com/webhooks/scrip",
        format = "uri",
        pattern = "^https://[a-z0-9-]+(\\.[a-z0-9-]+)+(/[A-Za-z0-9/_-]*)?$"
    )]
    url: String,
    /// What it hears of.
    #[schema(value_type = Vec<EventCode>, min_items = 1, example = json!(["project.credits_low", "price_change.announced"]))]
    events: Vec<String>,
    /// What people call it.
    #[serde(default)]
    #[schema(max_length = 100, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    description: String,
    /// `standard`: type, timestamp and data, as Standard Webhooks has it; `slack`: one line of text, as Slack's incoming
    /// webhooks take it (`{"text": "…"}`), in the language of the account's owner. Both are signed alike.
    #[serde(default)]
    format: EndpointFormat,
}

/// What messages look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointFormat {
    /// Type, timestamp and data.
    #[default]
    Standard,
    /// One line of text.
    Slack,
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointBody {
    /// Its name in the API.
    id: Uuid,
    /// Where messages go.
    url: String,
    /// What it hears of.
    #[schema(value_type = Vec<String>)]
    events: Vec<EventKind>,
    /// What people call it.
    description: String,
    /// What messages look like.
    format: EndpointFormat,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Since when nothing is sent to it.
    disabled_at: Option<DateTime<Utc>>,
    /// Why.
    disabled_reason: Option<String>,
    /// Since when every message has failed; after three days the endpoint is switched off.
    failing_since: Option<DateTime<Utc>>,
    /// Until when the secret before the last rotation also signs.
    old_secret_until: Option<DateTime<Utc>>,
    /// What signs its messages (Standard Webhooks); told when it is made or rotated, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Endpoint> for EndpointBody {
    fn from(endpoint: Endpoint) -> Self {
        let (disabled_at, disabled_reason) = endpoint.disabled.unzip();
        Self {
            id: endpoint.id,
            url: endpoint.url,
            events: endpoint.events,
            description: endpoint.description,
            format: if endpoint.is_slack { EndpointFormat::Slack } else { EndpointFormat::Standard },
            created_at: endpoint.created_at,
            disabled_at,
            disabled_reason,
            failing_since: endpoint.failing_since,
            old_secret_until: endpoint.old_secret_until,
            secret: None,
        }
    }
}

impl From<CreatedEndpoint> for EndpointBody {
    fn from(created: CreatedEndpoint) -> Self {
        Self { secret: Some(created.secret), ..created.endpoint.into() }
    }
}

/// The endpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointList {
    /// Those of the key's wallet, oldest first.
    webhook_endpoints: Vec<EndpointBody>,
}

/// Lists the endpoints of the key's wallet.
#[utoipa::path(get, path = "/webhook-endpoints", tag = "Webhooks", responses((status = 200, body = EndpointList)))]
pub async fn list(State(state): State<AppState>, caller: Caller) -> Answer<Response> {
    caller.may(READ)?;
    let endpoints = state.wallet.webhooks().endpoints(caller.0.wallet).await?;
    Ok(Out(EndpointList { webhook_endpoints: endpoints.into_iter().map(EndpointBody::from).collect() }).into_response())
}

/// Makes an endpoint; its secret is in this answer only. It hears of what happens from now on.
#[utoipa::path(post, path = "/webhook-endpoints", tag = "Webhooks", request_body = NewEndpointBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = EndpointBody), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Key(key): Key,
    body: Body<NewEndpointBody>,
) -> Answer<Response> {
    caller.may(WRITE)?;
    let NewEndpointBody { url, events, description, format } = body.value;
    let is_slack = format == EndpointFormat::Slack;
    let kinds = events.iter().enumerate().map(|(place, code)| {
        EventKind::from_code(code).ok_or_else(|| Fault::invalid(&format!("events[{place}]"), "There is no such event."))
    });
    let events = kinds.collect::<Answer<Vec<_>>>()?;
    let webhooks = state.wallet.webhooks();
    let created = match check_resolved(&url, AddressRules::of(&state.settings)).await {
        Ok(url) => {
            let new = NewEndpoint { url: url.into(), description, events, is_slack };
            webhooks.create(caller.0.wallet, &caller.actor(), &new, &key).await?
        }
        Err(error) => {
            // A repeat is answered as the first time, wherever the name leads by now.
            let url = check(&url, AddressRules { private: true }).map_err(|_| refused(error.clone()))?;
            let new = NewEndpoint { url: url.into(), description, events, is_slack };
            webhooks.made_before(caller.0.wallet, &new, &key).await?.ok_or_else(|| refused(error))?
        }
    };
    Ok((StatusCode::CREATED, Out(EndpointBody::from(created))).into_response())
}

/// An address that is written well, but goes where messages may not go, is not processable; others are invalid.
fn refused(error: FieldError) -> Fault {
    use wallet::error::Refusal;
    match error.problem {
        Problem::NotAllowed => Refusal::Unprocessable { fields: vec![error] }.into(),
        _ => Refusal::Invalid { fields: vec![error] }.into(),
    }
}

/// Gives an endpoint a new secret, once per key; for 24 hours messages are signed with the one before as well.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/rotate-secret", tag = "Webhooks",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = EndpointBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn rotate(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<Uuid>,
    Key(key): Key,
) -> Answer<Response> {
    caller.may(WRITE)?;
    let rotated = state.wallet.webhooks().rotate(caller.0.wallet, &caller.actor(), id, &key).await?;
    Ok(Out(EndpointBody::from(rotated)).into_response())
}

/// Switches an endpoint on again that was switched off (it answered 410).
#[utoipa::path(post, path = "/webhook-endpoints/{id}/enable", tag = "Webhooks",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn enable(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<Uuid>,
    key: Key,
) -> Answer<Response> {
    caller.may(WRITE)?;
    state.wallet.webhooks().enable(caller.0.wallet, &caller.actor(), id, Some(&key.of("webhook.enabled"))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Removes an endpoint with its log; once per key.
#[utoipa::path(delete, path = "/webhook-endpoints/{id}", tag = "Webhooks",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<Uuid>,
    key: Key,
) -> Answer<Response> {
    caller.may(WRITE)?;
    state.wallet.webhooks().remove(caller.0.wallet, &caller.actor(), id, Some(&key.of("webhook.removed"))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Sends a test message; once per key. 422 where too many messages wait for the endpoint already.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/test", tag = "Webhooks",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = DeliveryBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn test(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<Uuid>,
    Key(key): Key,
) -> Answer<Response> {
    caller.may(WRITE)?;
    let queued = state.wallet.webhooks().test(caller.0.wallet, id, &key).await?;
    Ok((StatusCode::ACCEPTED, Out(DeliveryBody::from(queued))).into_response())
}

/// One message of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryBody {
    /// Its name in the API.
    id: Uuid,
    /// The endpoint.
    webhook_endpoint_id: Uuid,
    /// Of what.
    #[schema(value_type = String)]
    event: EventKind,
    /// `queued`, `delivered` or `failed`.
    state: String,
    /// How often it was tried: once, and at most five times more.
    tries: u32,
    /// What the last try was answered with.
    last_status: Option<u16>,
    /// When it is tried next.
    next_try_at: Option<DateTime<Utc>>,
    /// When it was queued.
    created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    finished_at: Option<DateTime<Utc>>,
    /// The message that this one repeats.
    replay_of: Option<Uuid>,
    /// What is sent, and every try; where one message was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<DetailBody>,
}

/// What a message says, and every try.
#[derive(Debug, Serialize, ToSchema)]
struct DetailBody {
    /// The body that is sent, as text: signatures are over exactly this.
    payload: String,
    /// The first try first.
    attempts: Vec<AttemptBody>,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptBody {
    /// Which one, from 1.
    number: u32,
    /// When.
    at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    millis: u32,
    /// What the endpoint answered with; null where it did not.
    status: Option<u16>,
    /// What went wrong, or the beginning of what the endpoint said.
    note: String,
}

impl From<Attempt> for AttemptBody {
    fn from(attempt: Attempt) -> Self {
        let Attempt { number, at, millis, status, note } = attempt;
        Self { number, at, millis, status, note }
    }
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            webhook_endpoint_id: delivery.endpoint,
            event: delivery.event,
            state: delivery.state.code().to_owned(),
            tries: delivery.tries,
            last_status: delivery.last_status,
            next_try_at: delivery.finished_at.is_none().then_some(delivery.due_at),
            created_at: delivery.created_at,
            finished_at: delivery.finished_at,
            replay_of: delivery.replay_of,
            detail: None,
        }
    }
}

impl From<DeliveryDetail> for DeliveryBody {
    fn from(detail: DeliveryDetail) -> Self {
        let attempts = detail.attempts.into_iter().map(AttemptBody::from).collect();
        Self { detail: Some(DetailBody { payload: detail.payload, attempts }), ..detail.delivery.into() }
    }
}

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    /// Newest first.
    webhook_deliveries: Vec<DeliveryBody>,
    /// Pass it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Only those to this endpoint.
    webhook_endpoint_id: Option<Uuid>,
    /// Messages of the page, at most 200; 50 where nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    #[param(pattern = "^c_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
    cursor: Option<String>,
}

/// Lists what was sent, newest first.
#[utoipa::path(get, path = "/webhook-deliveries", tag = "Webhooks", params(LogQuery),
    responses((status = 200, body = DeliveryList), (status = 400, body = ErrorBody)))]
pub async fn deliveries(
    State(state): State<AppState>,
    caller: Caller,
    Asked(query): Asked<LogQuery>,
) -> Answer<Response> {
    caller.may(READ)?;
    let (before, limit) = (page::cursor::<Uuid>(query.cursor.as_deref())?, page::limit(query.limit)?);
    let webhooks = state.wallet.webhooks();
    let found = webhooks.deliveries(caller.0.wallet, query.webhook_endpoint_id, before, limit).await?;
    Ok(Out(DeliveryList {
        webhook_deliveries: found.deliveries.into_iter().map(DeliveryBody::from).collect(),
        next_cursor: page::next(found.next),
    })
    .into_response())
}

/// Shows a message with every try.
#[utoipa::path(get, path = "/webhook-deliveries/{id}", tag = "Webhooks", params(("id" = String, Path)),
    responses((status = 200, body = DeliveryBody), (status = 404, body = ErrorBody)))]
pub async fn delivery(State(state): State<AppState>, caller: Caller, Named(id): Named<Uuid>) -> Answer<Response> {
    caller.may(READ)?;
    let found = state.wallet.webhooks().delivery(caller.0.wallet, id).await?;
    Ok(Out(DeliveryBody::from(found)).into_response())
}

/// Sends a message again as it was; once per key. Receivers know it by its id.
#[utoipa::path(post, path = "/webhook-deliveries/{id}/redeliver", tag = "Webhooks",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = DeliveryBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn redeliver(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<Uuid>,
    Key(key): Key,
) -> Answer<Response> {
    caller.may(WRITE)?;
    let queued = state.wallet.webhooks().redeliver(caller.0.wallet, id, &key).await?;
    Ok((StatusCode::ACCEPTED, Out(DeliveryBody::from(queued))).into_response())
}
