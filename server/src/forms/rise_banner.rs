//! The banner of a coming price rise, put away.

use axum::extract::{Path, State};
use axum::response::Response;

use super::post::Post;
use crate::http::redirect::see_other;
use crate::state::AppState;

/// Puts the banner of a version away for this person.
pub async fn dismiss(State(state): State<AppState>, Path(version): Path<i32>, form: Post) -> Response {
    let done = async { state.wallet.tariffs().dismiss_rise(version, form.viewer()?.user).await };
    match done.await {
        Ok(()) => see_other(&super::settings::referring(&form)),
        Err(error) => form.refuse("/wallet", error).await,
    }
}
