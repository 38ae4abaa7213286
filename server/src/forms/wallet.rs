//! Buying credits: to the provider's page and back; and keeping prices.

use app::context::Viewer;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use wallet::error::{Error, Problem, Refusal};
use wallet::id::PaymentId;
use wallet::money::Currency;
use wallet::payment::{Buyer, PaymentView, TopUp};
use wallet::tariff::LineRequest;

use super::post::Post;
use crate::http::redirect::see_other;
use crate::rate_limit::Subject;
use crate::state::AppState;
use crate::{json, providers};

/// Makes an order, once per form, and goes to the provider's page.
pub async fn top_up(State(state): State<AppState>, form: Post) -> Response {
    match order(&state, &form).await {
        // Paid already (a second submit), or the provider did not answer: the order's own page says.
        Ok(payment) => match payment.checkout_url.filter(|_| payment.status.is_open()) {
            Some(url) => see_other(&url),
            None => see_other(&format!("/wallet/orders/{}", payment.id)),
        },
        Err(error) => {
            let page = top_up_page(&form);
            form.refuse(&page, error).await
        }
    }
}

/// The page of the order that the form is about: prices are the currency's own.
fn top_up_page(form: &Post) -> String {
    let currency = form.optional("currency").and_then(|code| code.parse::<Currency>().ok());
    let currency = currency.map(|currency| format!("currency={}", currency.code()));
    let preview = is_for_preview(form).then(|| "environment=preview".to_owned());
    let said: Vec<String> = [currency, preview].into_iter().flatten().collect();
    if said.is_empty() { "/wallet/top-up".to_owned() } else { format!("/wallet/top-up?{}", said.join("&")) }
}

/// Says whether the credits are for the preview wallet.
fn is_for_preview(form: &Post) -> bool {
    form.field("environment") == "preview"
}

async fn order(state: &AppState, form: &Post) -> Result<PaymentView, Error> {
    let viewer = form.viewer()?;
    let key = form.idempotency_key()?;
    let currency: Currency = form
        .field("currency")
        .parse()
        .map_err(|_| Refusal::invalid("currency", Problem::Unknown, "Choose one of the currencies."))?;
    let package = form.optional("package").map(str::to_owned);
    let typed = match (&package, form.optional("amount")) {
        (None, Some(_)) => form.amount("amount", "100 or 12.5")?,
        (None, None) => {
            let message = "Choose a package, or type an amount.";
            return Err(Refusal::invalid("package", Problem::Required, message).into());
        }
        (Some(_), _) => None,
    };
    let save_method = form.optional("save_method").is_some();
    let wanted = TopUp { package, amount: typed, currency, with: form.pay_with()?, save_method };
    let base = providers::base_url(state, form.parts());
    let mut buyer = Buyer::from(&viewer);
    if is_for_preview(form) {
        buyer.wallet = viewer.preview_wallet;
    }
    state.wallet.payments().start_top_up(buyer, &wanted, key.as_str(), &base).await
}

/// Asks the provider again what became of an order.
pub async fn check_order(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let checked = async {
        let id: PaymentId = id.parse().map_err(|_| Refusal::not_found("the order"))?;
        state.wallet.payments().check_and_open(&form.viewer()?, id).await?;
        Ok::<_, Error>(id)
    };
    match checked.await {
        Ok(id) => see_other(&format!("/wallet/orders/{id}")),
        Err(error) => form.refuse("/wallet/orders", error).await,
    }
}

/// The way back from the provider's page: asks the provider first, so that the page shows what happened, also where
/// no script looks again. Whatever comes of it, the order's own page tells.
pub async fn return_to_order(
    State(state): State<AppState>,
    Path(id): Path<String>,
    viewer: Option<Extension<Viewer>>,
) -> Response {
    let Ok(id) = id.parse::<PaymentId>() else { return see_other("/wallet/orders") };
    if let Some(Extension(viewer)) = viewer
        && let Err(error) = state.wallet.payments().check(&viewer, id).await
    {
        tracing::warn!(payment = %id, %error, "the order's state is not known on the way back");
    }
    see_other(&format!("/wallet/orders/{id}"))
}

/// Keeps the prices of several calls, and shows them with their names.
pub async fn lock_quotes(State(state): State<AppState>, form: Post) -> Response {
    let locked = async {
        let Viewer { account, wallet, .. } = form.viewer()?;
        let lines: Vec<LineRequest> = json::from_slice(form.field("lines").as_bytes()).map_err(|_| {
            let message = "These calls cannot be priced. Build the quote again.";
            Refusal::unprocessable("lines", Problem::Malformed, message)
        })?;
        // Each is a row that is kept for days, so each counts as a write of the account.
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        state.subjects.count_more(Subject::Account(account), count).map_err(Refusal::from)?;
        state.wallet.tariffs().lock_quotes(wallet, &lines).await
    };
    match locked.await {
        Ok(quotes) => {
            let ids: Vec<String> = quotes.iter().map(|locked| locked.id.to_string()).collect();
            see_other(&format!("/wallet/quotes?id={}", ids.join(",")))
        }
        Err(error) => form.refuse("/wallet/quotes", error).await,
    }
}

/// Says that the wallet is still in use, so that spending goes on.
pub async fn confirm_activity(State(state): State<AppState>, form: Post) -> Response {
    let confirmed = match form.viewer() {
        Ok(viewer) => state.wallet.confirm_activity(&viewer).await,
        Err(error) => Err(error),
    };
    match confirmed {
        Ok(()) => see_other("/wallet"),
        Err(error) => form.refuse("/wallet", error).await,
    }
}
