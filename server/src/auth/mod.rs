//! Who asks in a browser: the session, the signed-in person, and what is closed to others.

pub mod device;
pub mod session;

use app::context::{SessionToken, Viewer};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router};
use axum_login::tower_sessions::cookie::SameSite;
use axum_login::tower_sessions::{Expiry, SessionManagerLayer};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId as LoginId};
use wallet::Wallet;
use wallet::error::{Error, Refusal};
use wallet::id::UserId;
use wallet::identity::User;

use crate::auth::session::{LOGIN_KEY, Store, token};
use crate::http::by_address;
use crate::pages;
use crate::rate_limit::{Subject, is_write};
use crate::state::AppState;

/// The session of a request, with who is signed in.
pub type AuthSession = axum_login::AuthSession<Backend>;

/// Pages of signed-in people, by the start of the path.
const SIGNED_IN: [&str; 5] = ["/wallet", "/developers", "/playground", "/settings/notifications", "/settings/security"];
/// Pages of the platform's staff.
const STAFF: &str = "/admin";

/// Says that a form was turned away before anything was done with it, since nobody is signed in.
#[derive(Clone, Copy, Debug)]
pub struct SignedOut;

/// A signed-in person, as axum-login wants one.
#[derive(Clone, Debug)]
pub struct Login(pub User);

impl AuthUser for Login {
    type Id = UserId;

    fn id(&self) -> UserId {
        self.0.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.0.auth_hash
    }
}

/// The wallet's people, as axum-login wants them.
#[derive(Clone, Debug)]
pub struct Backend {
    wallet: Wallet,
}

/// What a person types to sign in.
#[derive(Clone)]
pub struct Credentials {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl AuthnBackend for Backend {
    type User = Login;
    type Credentials = Credentials;
    type Error = Error;

    async fn authenticate(&self, typed: Credentials) -> Result<Option<Login>, Error> {
        self.wallet.identity().authenticate(&typed.email, &typed.password, None).await.map(|user| Some(Login(user)))
    }

    async fn get_user(&self, id: &LoginId<Self>) -> Result<Option<Login>, Error> {
        Ok(self.wallet.identity().user(*id).await?.map(Login))
    }
}

/// Puts session, person and guard around everything that a browser asks for.
pub fn around(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    let production = state.settings.production();
    let sessions = SessionManagerLayer::new(Store::new(state.wallet.clone()))
        // Browsers take the prefix for a promise: Secure, this host only, all paths.
        .with_name(if production { "__Host-scrip" } else { "scrip" })
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(production)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(time::Duration::days(state.settings.web.session_days)));
    let login = AuthManagerLayerBuilder::new(Backend { wallet: state.wallet.clone() }, sessions)
        .with_data_key(LOGIN_KEY)
        .build();
    router
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(login)
        .layer(map_response(device::write_cookies))
        // Before the session is read, which asks the database.
        .layer(from_fn_with_state(state.clone(), by_address::by_address))
}

/// Finds the viewer, and turns away who may not see the page: people who are not signed in to the sign-in page,
/// others than staff with "not found", so that nobody learns what staff can see.
async fn guard(State(state): State<AppState>, session: AuthSession, mut request: Request, next: Next) -> Response {
    let mut viewer = None;
    if let Some(login) = &session.user {
        if let Some(id) = session.session.id()
            && let Err(many) = state.subjects.count(Subject::Session(token(&id)), is_write(request.method()))
        {
            return many.into_response();
        }
        match state.wallet.identity().viewer(login.id()).await {
            Ok(found) => viewer = Some(found),
            // The account has gone meanwhile. Whatever else fails says nothing about who asks.
            Err(Error::Refused(Refusal::Unauthenticated)) => {}
            Err(error) => {
                tracing::error!(%error, "the viewer can't be read");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        }
    }
    if request.uri().path() == "/" && *request.method() == Method::GET {
        return Redirect::to(if viewer.is_some() { "/wallet" } else { "/pricing" }).into_response();
    }
    match answer(request.uri(), viewer.as_ref(), &state) {
        Access::Open => {}
        Access::SignIn => return to_sign_in(&request),
        Access::Hidden => {
            if let Some(viewer) = viewer.filter(|_| is_under(STAFF, request.uri().path())) {
                state.wallet.identity().note_refused(&viewer, &asked(&request));
            }
            return pages::missing(&state, request).await;
        }
    }
    let Some(viewer) = viewer else { return next.run(request).await };
    let visit = device::visit(request.extensions(), request.headers(), &state, &session);
    if let Err(error) = state.wallet.identity().session_seen(&visit).await {
        tracing::warn!(%error, "when a session was used last is not noted");
    }
    request.extensions_mut().insert(viewer.clone());
    if let Some(id) = session.session.id() {
        request.extensions_mut().insert(SessionToken(token(&id)));
    }
    let asked = asked(&request);
    let is_open = viewer.is_admin() || (viewer.may_review_payments() && is_of_payments(request.uri().path()));
    let is_closed = is_under(STAFF, request.uri().path()) && !is_open;
    let answer = next.run(request).await;
    // By the role in the account, or by the one in the staff.
    if answer.status() == StatusCode::FORBIDDEN || (is_closed && answer.status() == StatusCode::NOT_FOUND) {
        state.wallet.identity().note_refused(&viewer, &asked);
    }
    answer
}

/// Says whether a path is a page or one below it.
fn is_under(page: &str, path: &str) -> bool {
    path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Says whether an address is one of those where staff see and decide payments.
fn is_of_payments(path: &str) -> bool {
    path == "/admin/payments.csv"
        || ["/admin/payments", "/admin/reconciliation"].iter().any(|page| is_under(page, path))
}

/// Names what a request asks for, for the audit log.
fn asked(request: &Request) -> String {
    let (method, path) = (request.method(), request.uri().path());
    if *method == Method::GET { path.to_owned() } else { format!("{method} {path}") }
}

/// What the guard says.
#[derive(Debug, PartialEq, Eq)]
enum Access {
    Open,
    SignIn,
    Hidden,
}

fn answer(uri: &Uri, viewer: Option<&Viewer>, state: &AppState) -> Access {
    let path = uri.path();
    let under = |page: &str| is_under(page, path);
    if under(STAFF) {
        return match viewer {
            None => Access::SignIn,
            Some(viewer) if viewer.staff.is_some() => Access::Open,
            Some(_) => Access::Hidden,
        };
    }
    if under("/playground") && (!state.settings.demo || state.settings.production()) {
        return Access::Hidden;
    }
    if SIGNED_IN.into_iter().any(under) && viewer.is_none() { Access::SignIn } else { Access::Open }
}

/// Sends to the sign-in page, and back afterwards; a form is kept on a page of its own.
fn to_sign_in(request: &Request) -> Response {
    if !request.method().is_safe() {
        return (StatusCode::UNAUTHORIZED, Extension(SignedOut), "Sign in first.").into_response();
    }
    let next = request.uri().path_and_query().map_or("/wallet", |path| path.as_str());
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    Redirect::to(&format!("/sign-in?next={next}")).into_response()
}
