//! Codes: one that is redeemed, and the one by which an account invites others.

use axum::extract::State;
use axum::response::Response;
use wallet::error::{Error, FieldError, Problem, Result};
use wallet::promo::Redeemer;

use super::post::Post;
use crate::http::redirect::see_other;
use crate::state::AppState;

/// Redeems a code for the person's wallet, once per form.
pub async fn redeem(State(state): State<AppState>, form: Post) -> Response {
    let done = async {
        let (viewer, key) = (form.payer()?, form.idempotency_key()?);
        let who = Redeemer::from(&viewer).from_machine(form.peer());
        let Some(code) = form.optional("code") else {
            return Err(Error::from(FieldError::new("code", Problem::Required, "Enter a code.")));
        };
        state.wallet.promos().redeem(who, code, &key).await
    };
    match done.await {
        Ok(redeemed) => see_other(&format!("/wallet/top-up?redeemed={}#code", redeemed.entry_seq)),
        Err(error) => {
            let page = form.page();
            form.refuse(&page, error).await
        }
    }
}

/// Makes the link by which the account invites others; a repeat changes nothing.
pub async fn invite(State(state): State<AppState>, form: Post) -> Response {
    let made = async {
        let viewer = form.payer()?;
        state.wallet.promos().make_referral_code(viewer.account).await
    };
    let made: Result<String> = made.await;
    form.answer(made.map(|_| "/wallet/invite".to_owned())).await
}
