//! API keys: made (and shown once), revoked.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use wallet::error::{Error, Problem, Refusal};
use wallet::id::KeyId;
use wallet::identity::{CreatedKey, Environment, NewKey};

use super::post::Post;
use crate::state::AppState;

const PAGE: &str = "/developers/keys";

/// Makes a key, and answers with the page that shows it; the same form again shows the same key.
pub async fn create(State(state): State<AppState>, form: Post) -> Response {
    match make(&state, &form).await {
        Ok(created) => {
            let mut form = form;
            form.put(created);
            let outcome = app::context::FormOutcome {
                path: PAGE.to_owned(),
                notice: Some("key_created".to_owned()),
                ..Default::default()
            };
            form.show(PAGE, outcome, StatusCode::OK).await
        }
        Err(error) => form.refuse(PAGE, error).await,
    }
}

async fn make(state: &AppState, form: &Post) -> Result<CreatedKey, Error> {
    let ceiling = form.amount("ceiling", "100 or 0.5")?;
    let new = NewKey {
        name: form.field("name").to_owned(),
        environment: Environment::from_code(form.field("environment"))
            .ok_or_else(|| Refusal::invalid("environment", Problem::Required, "Choose production or preview."))?,
        scopes: form.all("scopes"),
        ceiling,
    };
    state.wallet.identity().create_key_once(&form.viewer()?, &new, form.field("idempotency_key")).await
}

/// Moves credits between the two wallets of the open project, once per form.
pub async fn move_credits(State(state): State<AppState>, form: Post) -> Response {
    let moved = async {
        let (viewer, key) = (form.payer()?, form.idempotency_key()?);
        let to = Environment::from_code(form.field("to"))
            .ok_or_else(|| Refusal::invalid("to", Problem::Required, "Choose production or preview."))?;
        let amount = form.amount("amount", "100 or 0.5")?;
        let amount = amount.ok_or_else(|| Refusal::invalid("amount", Problem::Required, "Enter how many."))?;
        state.wallet.move_credits(&viewer, to, amount, &key).await
    };
    let next = moved.await.map(|_| format!("{PAGE}?done=moved"));
    form.answer(next).await
}

/// Revokes a key.
pub async fn revoke(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let revoked = async {
        let id: KeyId = id.parse().map_err(|_| Refusal::not_found("the key"))?;
        state.wallet.identity().revoke_key(&form.viewer()?, id).await
    };
    let next = revoked.await.map(|()| PAGE.to_owned());
    form.answer(next).await
}
