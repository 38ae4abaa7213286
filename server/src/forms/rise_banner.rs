//! The banner of a coming price rise, put away.

use axum::extract::{Path, State};
use axum::response::Response;

use super::post::Post;
use super::settings::referring;
use crate::state::AppState;

/// Puts the banner of a version away for this person.
pub async fn dismiss(State(state): State<AppState>, Path(version): Path<i32>, form: Post) -> Response {
    let done = async { state.wallet.tariffs().dismiss_rise(version, form.viewer()?.user).await };
    let next = done.await.map(|()| referring(&form));
    form.answer(next).await
}
