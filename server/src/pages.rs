//! Pages, rendered by Leptos.

use app::context::{AppSettings, FormOutcome};
use app::{App, shell};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::map_response;
use axum::response::Response;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list, render_app_async_with_context};

use crate::state::AppState;

/// Gives the routes: one for every page of the app, and "not found" for the rest.
pub fn router(state: &AppState) -> Router<AppState> {
    let options = state.leptos.clone();
    app::language::init_executor();
    Router::new()
        .leptos_routes_with_context(state, generate_route_list(App), context(state), move || shell(options.clone()))
        .fallback(not_found)
        .layer(map_response(keep_only_what_went_well))
}

/// A page that may be kept for a while is one that there is: not an error, not the answer to a form.
async fn keep_only_what_went_well(mut response: Response) -> Response {
    if response.status() != StatusCode::OK {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// What pages find in Leptos' context.
fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let (wallet, app) = (state.wallet.clone(), state.app.clone());
    move || {
        provide_context(wallet.clone());
        provide_context(app.clone());
        protect(&app, &wallet.payments().page_origins());
    }
}

/// Allows the page its own scripts and styles, and nothing else; forms may lead to the pages of the payment providers.
fn protect(app: &AppSettings, payment_pages: &[String]) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    let policy = format!(
        "default-src 'none'; script-src 'strict-dynamic' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; form-action 'self' {} {}; base-uri 'none'; frame-ancestors 'none'",
        app.public_url,
        payment_pages.join(" ")
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Pages show a person's own figures: no cache in between may keep them.
    response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

async fn render(state: &AppState, request: Request) -> Response {
    let options = state.leptos.clone();
    render_app_async_with_context(context(state), move || shell(options.clone()))(request).await
}

async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    missing(&state, request).await
}

/// Says that there is no such page; also for what others may see.
pub async fn missing(state: &AppState, mut request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return status(StatusCode::NOT_FOUND, "There is nothing at this address.");
    }
    *request.uri_mut() = Uri::from_static("/not-found");
    with_status(render(state, request).await, StatusCode::NOT_FOUND)
}

/// Shows a page again after a form that it holds was refused, with what was typed and what is wrong.
pub async fn show_again(
    state: &AppState,
    mut parts: Parts,
    page: &str,
    outcome: FormOutcome,
    code: StatusCode,
) -> Response {
    let Ok(uri) = page.parse::<Uri>() else {
        return status(StatusCode::BAD_REQUEST, "There is no page at this address.");
    };
    parts.method = Method::GET;
    parts.uri = uri;
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        parts.headers.remove(name);
    }
    parts.extensions.insert(outcome);
    with_status(render(state, Request::from_parts(parts, Body::empty())).await, code)
}

fn with_status(mut response: Response, code: StatusCode) -> Response {
    if response.status() == StatusCode::OK {
        *response.status_mut() = code;
    }
    response
}

fn status(code: StatusCode, text: &'static str) -> Response {
    use axum::response::IntoResponse;
    (code, text).into_response()
}
