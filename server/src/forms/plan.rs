//! The plan: chosen, changed, paid by hand after a decline, cancelled, taken up again; and the time zone of its dates.

use axum::extract::State;
use axum::response::Response;
use wallet::catalog::Interval;
use wallet::error::{Error, Problem, Refusal, Result};
use wallet::money::{Currency, Money};
use wallet::payment::{Changed, PaymentView, PlanChoice};

use super::post::Post;
use crate::http::redirect::see_other;
use crate::providers;
use crate::state::AppState;

const PAGE: &str = "/wallet/plan";

/// Orders a plan, once per form, and goes to the provider's page.
pub async fn choose(State(state): State<AppState>, form: Post) -> Response {
    match order(&state, &form).await {
        Ok(payment) => to_payment(&payment),
        Err(error) => {
            let page = page(&form);
            form.refuse(&page, error).await
        }
    }
}

async fn order(state: &AppState, form: &Post) -> Result<PaymentView> {
    let viewer = form.viewer()?;
    let key = form.idempotency_key()?;
    let choice = choice(form)?;
    let base = providers::base_url(state, form.parts());
    state.wallet.payments().start_plan(&viewer, &choice, key.as_str(), &base).await
}

/// Changes the plan to another one: at once for the difference that was shown, or with the next billing date.
pub async fn change(State(state): State<AppState>, form: Post) -> Response {
    let done = async {
        let (viewer, key, choice) = (form.viewer()?, form.idempotency_key()?, choice(&form)?);
        let shown = form.optional("shown").map(|minor| {
            let wrong = || Refusal::invalid("shown", Problem::Malformed, "Open the page again and confirm the amount.");
            minor.parse().map(|minor| Money::from_minor(minor, choice.currency)).map_err(|_| wrong())
        });
        let base = providers::base_url(&state, form.parts());
        state.wallet.payments().change_plan(&viewer, &choice, shown.transpose()?, key.as_str(), &base).await
    };
    match done.await {
        Ok(Changed::Ordered(payment)) => to_payment(&payment),
        Ok(Changed::Scheduled(_)) => see_other(PAGE),
        Err(error) => {
            let page = page(&form);
            form.refuse(&page, error).await
        }
    }
}

/// Lets the plan stay what it is that was to become another one.
pub async fn keep(State(state): State<AppState>, form: Post) -> Response {
    let done = match form.viewer() {
        Ok(viewer) => state.wallet.plans().keep(&viewer).await,
        Err(error) => Err(error),
    };
    changed(form, done).await
}

/// Reads which plan was chosen, and how it is paid.
fn choice(form: &Post) -> Result<PlanChoice> {
    let plan = form.optional("plan").ok_or_else(|| Refusal::invalid("plan", Problem::Required, "Choose a plan."))?;
    let interval = Interval::from_code(form.field("interval"))
        .ok_or_else(|| Refusal::invalid("interval", Problem::Unknown, "Choose monthly or yearly."))?;
    let currency: Currency = form
        .field("currency")
        .parse()
        .map_err(|_| Refusal::invalid("currency", Problem::Unknown, "Choose one of the currencies."))?;
    Ok(PlanChoice { plan: plan.to_owned(), interval, currency, with: form.pay_with()? })
}

/// The page of the order that the form is about.
fn page(form: &Post) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["plan", "interval", "currency"] {
        if let Some(value) = form.optional(name).filter(|value| value.len() <= 100) {
            query.append_pair(name, value);
        }
    }
    format!("{PAGE}?{}", query.finish())
}

/// To the provider's page; where it was paid already, or the provider did not answer, the order's own page says.
fn to_payment(payment: &PaymentView) -> Response {
    match payment.checkout_url.as_ref().filter(|_| payment.status.is_open()) {
        Some(url) => see_other(url),
        None => see_other(&format!("/wallet/orders/{}", payment.id)),
    }
}

/// Orders the month that a declined card did not pay, to be paid with another one.
pub async fn pay(State(state): State<AppState>, form: Post) -> Response {
    let order = async {
        let (viewer, key) = (form.viewer()?, form.idempotency_key()?);
        let base = providers::base_url(&state, form.parts());
        let with = form.pay_with()?;
        state.wallet.payments().pay_plan(&viewer, with.as_ref(), key.as_str(), &base).await
    };
    match order.await {
        Ok(payment) => to_payment(&payment),
        Err(error) => form.refuse(PAGE, error).await,
    }
}

/// Lets the plan end with the time that is paid.
pub async fn cancel(State(state): State<AppState>, form: Post) -> Response {
    let done = match form.viewer() {
        Ok(viewer) => state.wallet.plans().cancel(&viewer).await,
        Err(error) => Err(error),
    };
    changed(form, done).await
}

/// Lets a plan that was to end go on.
pub async fn resume(State(state): State<AppState>, form: Post) -> Response {
    let done = match form.viewer() {
        Ok(viewer) => state.wallet.plans().resume(&viewer).await,
        Err(error) => Err(error),
    };
    changed(form, done).await
}

/// Sets the account's time zone, in which budgets and the dates of later plans are counted.
pub async fn time_zone(State(state): State<AppState>, form: Post) -> Response {
    let done = match form.viewer() {
        Ok(viewer) => state.wallet.identity().set_time_zone(&viewer, form.field("time_zone")).await,
        Err(error) => Err(error),
    };
    changed(form, done).await
}

async fn changed(form: Post, done: Result<(), Error>) -> Response {
    match done {
        Ok(()) => see_other(PAGE),
        Err(error) => form.refuse(PAGE, error).await,
    }
}
