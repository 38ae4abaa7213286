//! The playground of the demo: real requests against the person's own wallet. The demo acts in the platform's place here,
//! as its backend would with a service key.

use axum::extract::State;
use axum::response::Response;
use wallet::error::{Error, Problem, Refusal, Result};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Viewer;
use wallet::ledger::{CaptureAmount, Command, EntryView, ReleaseReason, Submission};
use wallet::tariff::params_of_form;

use super::post::Post;
use crate::http::redirect::see_other;
use crate::state::AppState;

/// What the names of a request's params begin with.
const PARAM: &str = "param.";

/// Runs one request: prices it, and charges or holds its credits.
pub async fn run(State(state): State<AppState>, form: Post) -> Response {
    let ran = async {
        let viewer = spender(&form)?;
        let command = command(&state, &viewer, &form).await?;
        submit(&state, &viewer, form.field("idempotency_key"), command).await
    };
    let ran = ran.await;
    tell(form, ran).await
}

/// Takes or gives back what a request set aside.
pub async fn finish(State(state): State<AppState>, form: Post) -> Response {
    let finished = async {
        let viewer = spender(&form)?;
        let hold = form.field("hold").parse().map_err(|_| Refusal::not_found("hold"))?;
        let command = match form.field("how") {
            "capture" => Command::Capture { hold, amount: CaptureAmount::All },
            "release" => Command::Release { hold, reason: ReleaseReason::PlatformFailure },
            _ => return Err(Refusal::invalid("how", Problem::Unknown, "Say capture or release.").into()),
        };
        submit(&state, &viewer, form.field("idempotency_key"), command).await
    };
    let finished = finished.await;
    tell(form, finished).await
}

/// Who may make keys may spend; other roles only read.
fn spender(form: &Post) -> Result<Viewer> {
    let viewer = form.viewer()?;
    if viewer.role.may_manage_keys() {
        return Ok(viewer);
    }
    Err(Refusal::Forbidden { why: "your role only reads".to_owned() }.into())
}

async fn command(state: &AppState, viewer: &Viewer, form: &Post) -> Result<Command> {
    let wallet = &state.wallet;
    let book = wallet.tariffs().active().await?;
    let operation = form.field("operation");
    let tariff = book.tariff_or_refuse(operation)?;
    let typed = |name: &str| Some(form.field(&format!("{PARAM}{name}"))).filter(|text| !text.is_empty());
    let params = params_of_form(&tariff.rule.params(), typed);
    let count = match form.optional("count") {
        None => 1,
        Some(count) => {
            let message = "Enter a whole number.";
            count.parse().map_err(|_| Refusal::invalid("count", Problem::Malformed, message))?
        }
    };
    let quote = book.quote(operation, &params, count)?;
    let catalog = wallet.catalog().view().await?;
    for plan in book.plans_needed(operation, &params) {
        if catalog.plan(plan).is_none_or(|plan| plan.rank > viewer.plan.rank) {
            return Err(Refusal::PlanRequired { plan: plan.to_owned() }.into());
        }
    }
    Ok(match form.field("how") {
        "hold" => Command::Hold { lines: vec![quote.receipt()], expires_in: None },
        _ => Command::Charge { receipt: quote.receipt() },
    })
}

async fn submit(state: &AppState, viewer: &Viewer, key: &str, command: Command) -> Result<EntryView> {
    let key = IdempotencyKey::parse(&format!("playground:{key}"))?.of_platform();
    let metadata = serde_json::json!({ "from": "playground" });
    let submission = Submission::new(viewer.wallet, key, wallet::demo::platform(), command).with_metadata(metadata);
    let outcome = state.wallet.ledger().submit(submission).await?;
    let entry = outcome.entries.into_iter().next_back();
    entry.ok_or_else(|| Error::internal("a command wrote no row"))
}

/// Goes back to the page, whose address says what became of the request: the row that it wrote, or why it was refused.
/// A refusal is an answer there, as the API gives it.
async fn tell(form: Post, result: Result<EntryView>) -> Response {
    let told = match result {
        Ok(entry) => ("ran", entry.seq.to_string()),
        Err(Error::Refused(refusal @ (Refusal::Forbidden { .. } | Refusal::Unauthenticated))) => {
            return form.refuse("/playground", refusal.into()).await;
        }
        Err(Error::Refused(refusal)) => match serde_json::to_string(&refusal) {
            Ok(refusal) => ("refused", refusal),
            Err(error) => return form.refuse("/playground", error.into()).await,
        },
        Err(error) => return form.refuse("/playground", error).await,
    };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(told.0, &told.1).finish();
    see_other(&format!("/playground?{query}"))
}
