//! Upstream costs: uploaded or pasted; and a draft that passes drops on.

use axum::extract::State;
use axum::response::Response;
use wallet::error::{Error, Problem, Refusal};

use super::admin::admin;
use super::post::Post;
use crate::state::AppState;

/// Keeps a sheet of upstream costs: the file, where there is one, else what was pasted.
pub async fn upload(State(state): State<AppState>, mut form: Post) -> Response {
    let taken = form.take_file("file", "costs");
    let kept = async {
        let actor = admin(&form)?;
        taken?;
        if form.field("costs").trim().is_empty() {
            let message = "Choose a file, or paste a sheet.";
            return Err(Error::from(Refusal::invalid("costs", Problem::Required, message)));
        }
        state.wallet.catalog().upload_costs(&actor, form.field("costs")).await
    };
    let next = kept.await.map(|count| format!("{}?kept={count}", form.page()));
    form.answer(next).await
}

/// Drafts a version that passes drops of upstream costs on.
pub async fn draft(State(state): State<AppState>, form: Post) -> Response {
    let drafted = async { state.wallet.tariffs().draft_drops(&admin(&form)?).await };
    let next = drafted.await.map(|(book, _)| format!("/admin/tariffs/{}", book.version));
    form.answer(next).await
}
