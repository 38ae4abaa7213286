//! Add-ons: switched on for the price that was shown, kept, resumed, switched off.

use axum::extract::State;
use axum::response::Response;
use wallet::error::{Error, FieldError, Problem, Refusal, Result};
use wallet::money::Credits;

use super::post::Post;
use crate::state::AppState;

/// Where the add-ons stand on their page.
const PLACE: &str = "/wallet/plan#add-ons";

/// Reads which add-on it is.
fn code(form: &Post) -> Result<&str> {
    form.optional("add_on").ok_or_else(|| Refusal::invalid("add_on", Problem::Required, "Choose an add-on.").into())
}

/// Reads the price that the page showed.
fn shown(form: &Post) -> Result<Credits> {
    let message = "Load the page again and confirm the price.";
    let read = form.field("shown").parse::<Credits>();
    read.map_err(|_| FieldError::new("shown", Problem::Malformed, message).into())
}

/// Switches an add-on on; one that is paused resumes, and one that was to end goes on.
pub async fn switch_on(State(state): State<AppState>, form: Post) -> Response {
    let done = async {
        let (viewer, key) = (form.payer()?, form.idempotency_key()?);
        state.wallet.switch_add_on_on(&viewer, code(&form)?, shown(&form)?, &key).await
    };
    let done: Result<(), Error> = done.await;
    form.answer(done.map(|()| PLACE.to_owned())).await
}

/// Switches an add-on off, with the end of its month.
pub async fn switch_off(State(state): State<AppState>, form: Post) -> Response {
    let done = async { state.wallet.add_ons().switch_off(&form.payer()?, code(&form)?).await };
    let done: Result<(), Error> = done.await;
    form.answer(done.map(|()| PLACE.to_owned())).await
}
