//! Saved cards: added on the provider's page, put first, used for the plan, removed.

use app::context::Viewer;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use wallet::error::{Problem, Refusal, Result};
use wallet::id::PaymentMethodId;
use wallet::payment::{MethodSetup, PayWith};

use super::post::Post;
use crate::http::redirect::see_other;
use crate::providers;
use crate::state::AppState;

const PAGE: &str = "/wallet/payment";

impl Post {
    /// Reads the way to pay that was chosen; `None` where the form offers none.
    pub fn pay_with(&self) -> Result<Option<PayWith>> {
        let unknown = || Refusal::unprocessable("method", Problem::Unknown, "Choose one of the ways to pay.");
        Ok(self.optional("method").map(|text| text.parse().map_err(|_| unknown())).transpose()?)
    }
}

/// Opens the provider's page on which a card is added, once per form.
pub async fn add(State(state): State<AppState>, form: Post) -> Response {
    let opened = async {
        let (viewer, key) = (form.payer()?, form.idempotency_key()?);
        let Some(PayWith::New { provider, kind }) = form.pay_with()? else {
            return Err(Refusal::invalid("method", Problem::Required, "Choose where the card is added.").into());
        };
        let base = providers::base_url(&state, form.parts());
        state.wallet.payments().add_method(&viewer, (&provider, kind), key.as_str(), &base).await
    };
    match opened.await {
        Ok(setup) => see_other(&next(&setup)),
        Err(error) => form.refuse(PAGE, error).await,
    }
}

fn next(setup: &MethodSetup) -> String {
    match (&setup.url, setup.is_saved, &setup.failure) {
        (_, true, _) => "/wallet/payment?done=added".to_owned(),
        (Some(url), false, None) => url.clone(),
        // Not added, or the same card as one that is saved: then it stands in the list.
        (_, false, Some(code)) if code == "saved_before" => "/wallet/payment?done=added".to_owned(),
        (_, false, Some(_)) => "/wallet/payment?done=not-added".to_owned(),
        (None, false, None) => "/wallet/payment?done=waiting".to_owned(),
    }
}

/// The way back from the provider's page: asks the provider whether the card is saved.
pub async fn come_back(
    State(state): State<AppState>,
    Path(id): Path<String>,
    viewer: Option<Extension<Viewer>>,
) -> Response {
    let (Ok(id), Some(Extension(viewer))) = (id.parse::<PaymentMethodId>(), viewer) else { return see_other(PAGE) };
    match state.wallet.payments().check_setup(&viewer, id).await {
        // Not decided yet: the page is not opened once more by itself.
        Ok(setup) if setup.url.is_some() && !setup.is_saved => see_other("/wallet/payment?done=waiting"),
        Ok(setup) => see_other(&next(&setup)),
        Err(error) => {
            tracing::warn!(method = %id, %error, "whether a card was added is not known on the way back");
            see_other("/wallet/payment?done=waiting")
        }
    }
}

/// Puts a saved method first.
pub async fn set_default(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let done = async { state.wallet.payments().set_default_method(&form.viewer()?, method(&id)?).await };
    let next = done.await.map(|()| "/wallet/payment?done=default".to_owned());
    form.answer(next).await
}

/// Lets the plan be paid with a saved method.
pub async fn use_for_plan(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let done = async { state.wallet.payments().set_plan_method(&form.viewer()?, method(&id)?).await };
    let next = done.await.map(|()| "/wallet/payment?done=plan".to_owned());
    form.answer(next).await
}

/// Removes a saved method.
pub async fn remove(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let done = async { state.wallet.payments().remove_method(&form.viewer()?, method(&id)?).await };
    let next = done.await.map(|()| "/wallet/payment?done=removed".to_owned());
    form.answer(next).await
}

fn method(id: &str) -> Result<PaymentMethodId> {
    Ok(id.parse().map_err(|_| Refusal::not_found("the card"))?)
}
