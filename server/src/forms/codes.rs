//! Codes: one that is redeemed, and the one by which an account invites others.

use app::context::Viewer;
use axum::extract::State;
use axum::response::Response;
use wallet::error::{Error, FieldError, Problem, Refusal, Result};
use wallet::promo::Redeemer;

use super::post::Post;
use crate::http::redirect::see_other;
use crate::state::AppState;

/// Says who posted it, if they may add credits: told before anything about the form's fields.
fn payer(form: &Post) -> Result<Viewer> {
    let viewer = form.viewer()?;
    match viewer.role.may_pay() {
        true => Ok(viewer),
        false => Err(Refusal::Forbidden { why: "your role may not add credits".to_owned() }.into()),
    }
}

/// Redeems a code for the person's wallet, once per form.
pub async fn redeem(State(state): State<AppState>, form: Post) -> Response {
    let done = async {
        let (viewer, key) = (payer(&form)?, form.idempotency_key()?);
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
        let viewer = payer(&form)?;
        state.wallet.promos().make_referral_code(viewer.account).await
    };
    let made: Result<String> = made.await;
    form.answer(made.map(|_| "/wallet/invite".to_owned())).await
}
