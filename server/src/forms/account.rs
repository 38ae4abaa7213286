//! Signing up, in and out; a new password; a proven address.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use wallet::error::Error;
use wallet::identity::{SignUp, User};

use super::post::{Post, see_other};
use crate::auth::{AuthSession, Login, next_page};
use crate::state::AppState;

/// Makes a user with an account, signs in, and sends the link that proves the address.
pub async fn sign_up(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let typed = SignUp {
        email: form.field("email").to_owned(),
        password: form.field("password").to_owned(),
        name: form.field("name").to_owned(),
        locale: form.optional("locale").map_or_else(|| form.locale(), str::to_owned),
    };
    let made = state.wallet.identity().sign_up(typed, form.peer()).await.map(|new| new.user);
    come_in("/sign-up", made, session, form).await
}

/// Signs in.
pub async fn sign_in(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let (email, password) = (form.field("email"), form.field("password"));
    let user = state.wallet.identity().authenticate(email, password, form.peer()).await;
    come_in("/sign-in", user, session, form).await
}

/// Opens a session under a new id, and goes on to where the person wanted to be.
async fn come_in(page: &str, user: Result<User, Error>, mut session: AuthSession, form: Post) -> Response {
    let page = match form.optional("next") {
        Some(next) => {
            let next: String = form_urlencoded::byte_serialize(next_page(next).as_bytes()).collect();
            format!("{page}?next={next}")
        }
        None => page.to_owned(),
    };
    let user = match user {
        Ok(user) => user,
        Err(error) => return form.refuse(&page, error).await,
    };
    // A new id at every sign-in, also of somebody who was signed in already.
    let renewed = session.session.cycle_id().await.map_err(|error| error.to_string());
    let signed_in = match renewed {
        Ok(()) => session.login(&Login(user)).await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    match signed_in {
        Ok(()) => see_other(next_page(form.field("next"))),
        Err(error) => form.refuse(&page, Error::internal(error)).await,
    }
}

/// Signs out.
pub async fn sign_out(mut session: AuthSession, form: Post) -> Response {
    match session.logout().await {
        Ok(_) => see_other("/sign-in"),
        Err(error) => form.refuse("/wallet", Error::internal(error.to_string())).await,
    }
}

/// Mails a link for a new password. The answer is the same for an address that nobody has.
pub async fn forgot(State(state): State<AppState>, form: Post) -> Response {
    match state.wallet.identity().request_password_reset(form.field("email"), form.peer()).await {
        Ok(()) => {
            let mut outcome = form.outcome();
            outcome.notice = Some("mail_sent".to_owned());
            form.show("/forgot", outcome, StatusCode::OK).await
        }
        Err(error) => form.refuse("/forgot", error).await,
    }
}

/// Sets a new password, signs out everywhere else, and signs in here.
pub async fn reset(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let token: String = form_urlencoded::byte_serialize(form.field("token").as_bytes()).collect();
    let user = state.wallet.identity().reset_password(form.field("token"), form.field("password")).await;
    come_in(&format!("/reset?token={token}"), user, session, form).await
}

/// Proves the address by the mailed link: a button on its page, since mail scanners follow links.
pub async fn verify_email(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let token: String = form_urlencoded::byte_serialize(form.field("token").as_bytes()).collect();
    match state.wallet.identity().verify_email(form.field("token")).await {
        Ok(_) if session.user.is_some() => see_other("/wallet?verified=1"),
        Ok(_) => see_other("/sign-in?verified=1"),
        Err(error) => form.refuse(&format!("/verify-email?token={token}"), error).await,
    }
}

/// Mails the link again.
pub async fn resend_verification(State(state): State<AppState>, form: Post) -> Response {
    let sent = match form.viewer() {
        Ok(viewer) => state.wallet.identity().resend_verification(viewer.user).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => see_other("/wallet?mail=sent"),
        Err(error) => form.refuse("/wallet", error).await,
    }
}
