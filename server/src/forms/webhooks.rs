//! Outgoing webhooks: endpoints made (their secret shown once), rotated, tried out, removed; messages sent again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;
use wallet::error::{Error, Refusal, Result};
use wallet::id::WalletId;
use wallet::identity::{Actor, Viewer};
use wallet::notify::webhook::{CreatedEndpoint, EventKind, NewEndpoint};

use super::post::Post;
use crate::http::redirect::see_other;
use crate::state::AppState;
use crate::webhook_address::{AddressRules, check_resolved};

const PAGE: &str = "/developers/webhooks";

/// The wallet that the form is about, and who posts it; refuses who may not manage keys.
fn about(form: &Post) -> Result<(WalletId, Actor)> {
    let viewer: Viewer = form.viewer()?;
    if !viewer.role.may_manage_keys() {
        return Err(Refusal::Forbidden { why: "your role can't change webhooks".to_owned() }.into());
    }
    let wallet = if form.field("environment") == "preview" { viewer.preview_wallet } else { viewer.wallet };
    Ok((wallet, viewer.actor()))
}

/// The page of the wallet that the form is about.
fn page(form: &Post) -> String {
    match form.field("environment") {
        "preview" => format!("{PAGE}?environment=preview"),
        _ => PAGE.to_owned(),
    }
}

fn named(id: &str, what: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Refusal::not_found(what).into())
}

/// Answers with the page that shows a secret this one time.
async fn show_secret(mut form: Post, made: Result<CreatedEndpoint>, notice: &str) -> Response {
    let page = page(&form);
    match made {
        Ok(created) => {
            form.put(created);
            let outcome = app::context::FormOutcome {
                path: PAGE.to_owned(),
                notice: Some(notice.to_owned()),
                ..Default::default()
            };
            form.show(&page, outcome, StatusCode::OK).await
        }
        Err(error) => form.refuse(&page, error).await,
    }
}

/// Makes an endpoint, and answers with the page that shows its secret this one time.
pub async fn create(State(state): State<AppState>, form: Post) -> Response {
    let made = make(&state, &form).await;
    show_secret(form, made, "endpoint_created").await
}

async fn make(state: &AppState, form: &Post) -> Result<CreatedEndpoint> {
    let (wallet, actor) = about(form)?;
    let url = check_resolved(form.field("url"), AddressRules::of(&state.settings)).await.map_err(Error::from)?;
    let events = form.all("events").iter().filter_map(|code| EventKind::from_code(code)).collect();
    let description = form.field("description").trim().to_owned();
    let new = NewEndpoint { url: url.into(), description, events, is_slack: form.field("slack") == "yes" };
    state.wallet.webhooks().create(wallet, &actor, &new, &form.idempotency_key()?).await
}

/// Gives an endpoint a new secret, and answers with the page that shows it this one time.
pub async fn rotate(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let rotated = async {
        let (wallet, actor) = about(&form)?;
        state.wallet.webhooks().rotate(wallet, &actor, named(&id, "the endpoint")?, &form.idempotency_key()?).await
    };
    let rotated = rotated.await;
    show_secret(form, rotated, "secret_rotated").await
}

/// Sends a test message.
pub async fn test(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let queued = async {
        let (wallet, _) = about(&form)?;
        let id = named(&id, "the endpoint")?;
        state.wallet.webhooks().test(wallet, id, &form.idempotency_key()?).await
    };
    let done = queued.await.map(drop);
    answer(form, done).await
}

/// Switches an endpoint on again.
pub async fn enable(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let enabled = async {
        let (wallet, actor) = about(&form)?;
        state.wallet.webhooks().enable(wallet, &actor, named(&id, "the endpoint")?, None).await
    };
    let done = enabled.await;
    answer(form, done).await
}

/// Removes an endpoint.
pub async fn remove(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let removed = async {
        let (wallet, actor) = about(&form)?;
        state.wallet.webhooks().remove(wallet, &actor, named(&id, "the endpoint")?, None).await
    };
    let done = removed.await;
    answer(form, done).await
}

/// Sends a message again.
pub async fn replay(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let queued = async {
        let (wallet, _) = about(&form)?;
        let id = named(&id, "the delivery")?;
        state.wallet.webhooks().redeliver(wallet, id, &form.idempotency_key()?).await
    };
    let done = queued.await.map(drop);
    answer(form, done).await
}

async fn answer(form: Post, done: Result<()>) -> Response {
    let page = page(&form);
    match done {
        Ok(()) => see_other(&format!("{page}#log")),
        Err(error) => form.refuse(&page, error).await,
    }
}
