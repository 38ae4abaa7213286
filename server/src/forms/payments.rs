//! What staff decide about payments in review.

use axum::extract::{Path, State};
use axum::response::Response;
use wallet::error::{Error, Problem, Refusal};
use wallet::id::PaymentId;
use wallet::identity::Actor;

use super::post::Post;
use crate::state::AppState;

/// Who of the staff posts the form, if they may decide about payments. To others these pages do not exist.
pub(super) fn staff(form: &Post) -> Result<Actor, Error> {
    let viewer = form.viewer()?;
    let actor = viewer.staff_actor().filter(|_| viewer.may_review_payments());
    actor.ok_or_else(|| Refusal::not_found("the page").into())
}

/// Accepts a payment in review, or notes that its money was given back.
pub async fn decide(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let decided = async {
        let by = staff(&form)?;
        let id: PaymentId = id.parse().map_err(|_| Refusal::not_found("payment"))?;
        let payments = state.wallet.payments();
        if form.field("confirm") != "yes" {
            let message = "Confirm that you have checked the payment at the provider.";
            return Err(Error::from(Refusal::invalid("confirm", Problem::Required, message)));
        }
        match form.field("decision") {
            "accept" => payments.release(&by, id, form.field("note")).await.map(|_| "accepted"),
            "return" => payments.returned(&by, id, form.field("note")).await.map(|_| "returned"),
            _ => Err(Refusal::invalid("decision", Problem::Required, "Choose a decision.").into()),
        }
    };
    let next = decided.await.map(|done| format!("{}?done={done}", form.page()));
    form.answer(next).await
}
