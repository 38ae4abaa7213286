//! The tariff editor: a draft, its simulation, its publication. For the platform's admins.

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use wallet::error::{Error, Problem, Refusal};
use wallet::identity::Actor;

use super::post::Post;
use crate::state::AppState;

/// The admin who posts the form. To others these pages do not exist.
pub(super) fn admin(form: &Post) -> Result<Actor, Error> {
    let viewer = form.viewer()?;
    let actor = viewer.staff_actor().filter(|_| viewer.is_admin());
    actor.ok_or_else(|| Refusal::not_found("the page").into())
}

/// The revision of the draft that the form was drawn from.
pub(super) fn revision(form: &Post) -> Result<i64, Error> {
    form.field("revision").parse().map_err(|_| {
        Refusal::invalid("revision", Problem::Required, "The form is incomplete: load the page again.").into()
    })
}

/// Copies the price book in force to a new draft.
pub async fn create_draft(State(state): State<AppState>, form: Post) -> Response {
    let made = async { state.wallet.tariffs().create_draft(&admin(&form)?).await };
    let next = made.await.map(|book| format!("/admin/tariffs/{}", book.version));
    form.answer(next).await
}

/// Asks for a simulation: the charges of the last days are rated again under a draft, by a job.
pub async fn simulate(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let asked = async { state.wallet.tariffs().ask_simulation(&admin(&form)?, n).await };
    let next = asked.await.map(|()| form.page());
    form.answer(next).await
}

/// Publishes a draft: at once, from a day on, or its drops at once and its rises from a day on.
pub async fn publish(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let published = async {
        let actor = admin(&form)?;
        let today = state.wallet.clock().now().date_naive();
        let effective_at = form.optional("effective_at").map(|text| day(text, today)).transpose()?;
        if effective_at.is_some() && form.field("confirm") != "yes" {
            let message = "Confirm that the price rise is announced.";
            return Err(Error::from(Refusal::invalid("confirm", Problem::Required, message)));
        }
        let (tariffs, revision) = (state.wallet.tariffs(), revision(&form)?);
        match effective_at {
            Some(rises_at) if form.field("steps") == "two" => {
                tariffs.publish_drops_first(&actor, n, revision, rises_at).await.map(drop)
            }
            _ => tariffs.publish(&actor, n, revision, effective_at).await.map(drop),
        }
    };
    let next = published.await.map(|()| "/admin/tariffs".to_owned());
    form.answer(next).await
}

/// Withdraws an announced version before its day.
pub async fn withdraw(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let withdrawn = async {
        let actor = admin(&form)?;
        if form.field("confirm") != "yes" {
            let message = "Confirm that the price change is withdrawn.";
            return Err(Error::from(Refusal::invalid("confirm", Problem::Required, message)));
        }
        state.wallet.tariffs().withdraw(&actor, n).await
    };
    let next = withdrawn.await.map(|()| form.page());
    form.answer(next).await
}

/// Reads the day from which prices hold: its first moment in UTC. Today is now.
fn day(text: &str, today: NaiveDate) -> Result<DateTime<Utc>, Error> {
    let malformed = |_| Refusal::invalid("effective_at", Problem::Malformed, "Write the day as 2026-12-21.");
    let day = text.parse::<NaiveDate>().map_err(malformed)?;
    if day < today {
        let message = "This date is in the past. Choose a later one, or leave it empty to start at once.";
        return Err(Refusal::unprocessable("effective_at", Problem::TooSmall, message).into());
    }
    Ok(day.and_time(NaiveTime::MIN).and_utc())
}
