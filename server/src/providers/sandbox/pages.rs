//! The sandbox's card page, the bank's question, and what comes after.

use app::i18n::{Locale, td_string};
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use wallet::error::{Error, Refusal};
use wallet::payment::{SandboxCheckout, SandboxState, SandboxStep};

use super::card::{Behaviour, Problems, Typed};
use super::html::{self, Order};
use super::{LOSES_ANSWER, SandboxEvent, method};
use crate::http::html_page::POLICY;
use crate::http::locale::locale_of;
use crate::http::redirect::see_other;
use crate::state::AppState;

/// Gives the sandbox's pages; none in production.
pub fn router(state: &AppState) -> Router<AppState> {
    if state.settings.production() {
        return Router::new();
    }
    Router::new()
        .route("/sandbox/checkout/{reference}", get(show).post(pay))
        .route("/sandbox/checkout/{reference}/challenge", post(answer))
}

/// What a person sends from the card page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CardForm {
    number: String,
    expiry: String,
    cvc: String,
    action: String,
}

/// What a person answers to the bank.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Approval {
    answer: String,
}

/// The state, the page that is asked for, and the reader's language.
struct Visit {
    state: AppState,
    page: SandboxCheckout,
    locale: Locale,
}

async fn visit(state: AppState, reference: &str, headers: &HeaderMap) -> Result<Visit, Response> {
    // The database takes no NUL, and no payment is called so.
    if reference.contains('\0') {
        return Err(missing(headers));
    }
    match state.wallet.payments().sandbox().find(reference).await {
        Ok(Some(page)) => Ok(Visit { locale: page.locale.parse().unwrap_or_default(), state, page }),
        Ok(None) => Err(missing(headers)),
        Err(error) => Err(broken(&error)),
    }
}

async fn show(State(state): State<AppState>, Path(reference): Path<String>, headers: HeaderMap) -> Response {
    match visit(state, &reference, &headers).await {
        Ok(visit) => visit.show(&Typed::default(), &Problems::default(), StatusCode::OK),
        Err(response) => response,
    }
}

async fn pay(
    State(state): State<AppState>,
    Path(reference): Path<String>,
    headers: HeaderMap,
    Form(form): Form<CardForm>,
) -> Response {
    let visit = match visit(state, &reference, &headers).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    if visit.page.state != SandboxState::Open {
        return visit.show(&Typed::default(), &Problems::default(), StatusCode::OK);
    }
    if form.action == "cancel" {
        return visit.step(SandboxStep::Cancel).await;
    }
    let typed = Typed::new(&form.number, &form.expiry, &form.cvc);
    let (behaviour, last) = match typed.check(visit.state.wallet.clock().now()) {
        Ok(card) => card,
        Err(problems) => return visit.show(&typed, &problems, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let method = method(&last);
    visit
        .step(match behaviour {
            Behaviour::Succeeds | Behaviour::LosesAnswer | Behaviour::DeclinesOnce | Behaviour::DeclinesLater => {
                SandboxStep::Pay { method }
            }
            Behaviour::Declines => SandboxStep::Decline { code: "card_declined".to_owned(), method },
            Behaviour::AsksOwner => SandboxStep::Challenge { method },
        })
        .await
}

async fn answer(
    State(state): State<AppState>,
    Path(reference): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Approval>,
) -> Response {
    let visit = match visit(state, &reference, &headers).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    if visit.page.state != SandboxState::Challenge {
        return visit.show(&Typed::default(), &Problems::default(), StatusCode::OK);
    }
    let method = visit.page.method.clone().unwrap_or_default();
    match form.answer.as_str() {
        "approve" => visit.step(SandboxStep::Pay { method }).await,
        "reject" => visit.step(SandboxStep::Decline { code: "authentication_failed".to_owned(), method }).await,
        _ => visit.show(&Typed::default(), &Problems::default(), StatusCode::UNPROCESSABLE_ENTITY),
    }
}

impl Visit {
    /// Shows what the page is about now.
    fn show(&self, typed: &Typed, problems: &Problems, code: StatusCode) -> Response {
        let page = &self.page;
        let money = page.money.to_string();
        let order = Order {
            reference: &page.reference,
            title: &page.title,
            money: &money,
            is_kept: page.save_method,
            is_setup: page.money.minor() == 0,
        };
        match page.state {
            SandboxState::Open => self.html(code, html::card(&order, self.locale, typed, problems)),
            SandboxState::Challenge => self.html(code, html::challenge(&order, self.locale)),
            SandboxState::Cancelled => see_other(&page.cancel_url),
            _ => see_other(&page.return_url),
        }
    }

    /// Moves the page on, tells the shop by an event, and sends the browser where it belongs.
    async fn step(mut self, step: SandboxStep) -> Response {
        let books = self.state.wallet.payments().sandbox();
        self.page = match books.advance(&self.page.reference, &step).await {
            Ok(page) => page,
            Err(error) => return broken(&error),
        };
        if self.page.state.is_final()
            && let Err(error) = SandboxEvent::of(&self.page).enqueue(&self.state).await
        {
            // The shop's reconciler finds out without the event.
            tracing::warn!(%error, "an event of the sandbox could not be queued");
        }
        let lost = self.page.method.as_deref().is_some_and(|method| method.ends_with(LOSES_ANSWER));
        if lost && self.page.state == SandboxState::Paid {
            let locale = self.locale;
            let (head, note) = (td_string!(locale, sandbox.lost), td_string!(locale, sandbox.lost_note));
            let body = html::message(locale, head, note, Some(&self.page.return_url));
            return self.html(StatusCode::GATEWAY_TIMEOUT, body);
        }
        self.show(&Typed::default(), &Problems::default(), StatusCode::OK)
    }

    fn html(&self, code: StatusCode, body: String) -> Response {
        // Browsers hold a form's redirects to the same rule, and the page to return to is the shop's.
        let shop = reqwest::Url::parse(&self.page.return_url).map(|url| url.origin().ascii_serialization());
        let policy = format!(
            "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
            shop.unwrap_or_default()
        );
        let headers = [(header::CONTENT_SECURITY_POLICY, policy.as_str()), (header::CACHE_CONTROL, "no-store")];
        (code, headers, Html(body)).into_response()
    }
}

fn missing(headers: &HeaderMap) -> Response {
    let locale = locale_of(headers);
    let (head, note) = (td_string!(locale, sandbox.missing), td_string!(locale, sandbox.missing_note));
    let body = html::message(locale, head, note, None);
    (StatusCode::NOT_FOUND, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(body)).into_response()
}

fn broken(error: &Error) -> Response {
    if let Error::Refused(Refusal::NotFound { .. }) = error {
        return (StatusCode::NOT_FOUND, "There is no such payment.").into_response();
    }
    tracing::error!(%error, "the sandbox failed");
    (StatusCode::SERVICE_UNAVAILABLE, "The sandbox can't answer now. Load the page again.").into_response()
}
