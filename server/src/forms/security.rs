//! What people change about their own sign-in: password, name, sessions.

use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;
use wallet::error::Refusal;

use super::account::open_session;
use super::post::Post;
use crate::auth::AuthSession;
use crate::state::AppState;

const PAGE: &str = "/settings/security";

/// Sets a new password, ends all other sessions, and gives this one a new id.
pub async fn password(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let changed = async {
        let (current, new) = (form.field("current_password"), form.field("new_password"));
        let visit = form.visit(&session);
        state.wallet.identity().change_password(&form.viewer()?, current, new, &visit).await
    };
    match changed.await {
        Ok(user) => open_session((PAGE, "/settings/security?done=password"), user, session, form).await,
        Err(error) => form.refuse(PAGE, error).await,
    }
}

/// Sets a new name.
pub async fn name(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let changed = async {
        let (current, name) = (form.field("current_password"), form.field("name"));
        let visit = form.visit(&session);
        state.wallet.identity().change_name(&form.viewer()?, current, name, &visit).await
    };
    let next = changed.await.map(|_| format!("{PAGE}?done=name"));
    form.answer(next).await
}

/// Ends one of the person's sessions; the one that asks is signed out.
pub async fn end_session(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let ended = async {
        let id: Uuid = id.parse().map_err(|_| Refusal::not_found("the session"))?;
        state.wallet.identity().end_session(&form.viewer()?, id).await
    };
    let next = ended.await.map(|()| format!("{PAGE}?done=session"));
    form.answer(next).await
}

/// Ends all sessions of the person but this one.
pub async fn end_others(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let ended = async {
        let visit = form.visit(&session);
        state.wallet.identity().end_other_sessions(&form.viewer()?, &visit).await
    };
    let next = ended.await.map(|_| format!("{PAGE}?done=sessions"));
    form.answer(next).await
}
