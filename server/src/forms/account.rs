//! Signing up, in and out; a new password; a proven address.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::Instant;
use wallet::error::Error;
use wallet::identity::{SignUp, SignedIn, User};

use super::post::Post;
use crate::auth::session::MACHINE_KEY;
use crate::auth::{AuthSession, Login, device};
use crate::http::redirect::{next_page, see_other};
use crate::state::AppState;

/// What nobody should learn the existence of an address by is answered after this time or a multiple of it, whatever
/// there was to do.
const STEP: Duration = Duration::from_millis(400);

/// Waits for the end of the step of time that has begun.
async fn wait_out_step(begun_at: Instant) {
    let over = begun_at.elapsed().as_millis() % STEP.as_millis();
    tokio::time::sleep(STEP - Duration::from_millis(u64::try_from(over).unwrap_or_default())).await;
}

/// Makes a user with an account where nobody has the address, and mails what there is to do next. Nobody is signed in,
/// and nobody can sign in before the mailed link was opened: either would tell whether the address was free.
pub async fn sign_up(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let begun_at = Instant::now();
    let typed = SignUp {
        email: form.field("email").to_owned(),
        password: form.field("password").to_owned(),
        name: form.field("name").to_owned(),
        locale: form.optional("locale").map_or_else(|| form.locale(), str::to_owned),
        time_zone: form.field("time_zone").to_owned(),
        referral: form.field("ref").to_owned(),
    };
    let page = with_next("/sign-up", &form);
    let made = state.wallet.identity().register(typed, &form.visit(&session)).await;
    wait_out_step(begun_at).await;
    match made {
        Ok(device) => {
            let mut outcome = form.outcome();
            outcome.notice = Some("mail_sent".to_owned());
            let next = form.optional("next").map(next_page).map(str::to_owned);
            let mut answer = form.show("/sign-up", outcome, StatusCode::OK).await;
            device::set_cookie(&mut answer, &device, &state);
            if let Some(next) = next {
                device::set_next(&mut answer, &next);
            }
            answer
        }
        Err(error) => form.refuse(&page, error).await,
    }
}

/// Signs in.
pub async fn sign_in(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let (email, password) = (form.field("email"), form.field("password"));
    let page = with_next("/sign-in", &form);
    match state.wallet.identity().sign_in(email, password, &form.visit(&session)).await {
        Ok(SignedIn { user, device }) => {
            let next = next_page(form.field("next")).to_owned();
            let mut answer = open_session((&page, &next), user, session, form).await;
            device::set_cookie(&mut answer, &device, &state);
            answer
        }
        Err(error) => form.refuse(&page, error).await,
    }
}

/// Names a page with where the person wanted to be.
fn with_next(page: &str, form: &Post) -> String {
    match form.optional("next") {
        Some(next) => {
            let next: String = form_urlencoded::byte_serialize(next_page(next).as_bytes()).collect();
            format!("{page}?next={next}")
        }
        None => page.to_owned(),
    }
}

/// Opens a session under a new id, and goes on.
pub(super) async fn open_session(
    (page, next): (&str, &str),
    user: User,
    mut session: AuthSession,
    form: Post,
) -> Response {
    let visit = form.visit(&session);
    let machine = serde_json::json!({
        "user_agent": visit.user_agent,
        "address": visit.from.map(|from| from.to_canonical().to_string()),
    });
    let opened = async {
        // A new id at every sign-in, also of somebody who was signed in already.
        session.session.cycle_id().await.map_err(|error| error.to_string())?;
        session.session.insert(MACHINE_KEY, machine).await.map_err(|error| error.to_string())?;
        session.login(&Login(user)).await.map_err(|error| error.to_string())
    };
    match opened.await {
        Ok(()) => see_other(next),
        Err(error) => form.refuse(page, Error::internal(error)).await,
    }
}

/// Does the same for somebody who was not signed in: it is written down, and the machine is remembered.
async fn sign_in_and_remember(
    state: &AppState,
    to: (&str, &str),
    user: User,
    session: AuthSession,
    form: Post,
) -> Response {
    match state.wallet.identity().enter(user, &form.visit(&session)).await {
        Ok(SignedIn { user, device }) => {
            let mut answer = open_session(to, user, session, form).await;
            device::set_cookie(&mut answer, &device, state);
            answer
        }
        Err(error) => form.refuse(to.0, error).await,
    }
}

/// Signs out.
pub async fn sign_out(mut session: AuthSession, form: Post) -> Response {
    match session.logout().await {
        Ok(_) => see_other("/sign-in"),
        Err(error) => form.refuse("/wallet", Error::internal(error.to_string())).await,
    }
}

/// Mails a link for a new password. The answer is the same for an address that nobody has, and takes as long.
pub async fn forgot(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let begun_at = Instant::now();
    let visit = form.visit(&session);
    let sent = state.wallet.identity().request_password_reset(form.field("email"), &visit).await;
    wait_out_step(begun_at).await;
    match sent {
        Ok(()) => {
            let mut outcome = form.outcome();
            outcome.notice = Some("mail_sent".to_owned());
            form.show("/forgot", outcome, StatusCode::OK).await
        }
        Err(error) => form.refuse("/forgot", error).await,
    }
}

/// Sets a new password, ends what was there before (sessions, keys, webhooks), and signs in here.
pub async fn reset(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let token: String = form_urlencoded::byte_serialize(form.field("token").as_bytes()).collect();
    let page = format!("/reset?token={token}");
    match state.wallet.identity().reset_password(form.field("token"), form.field("password")).await {
        Ok(user) => sign_in_and_remember(&state, (&page, "/wallet?password=new"), user, session, form).await,
        Err(error) => form.refuse(&page, error).await,
    }
}

/// Proves the address by the mailed link: a button on its page, since mail scanners follow links.
pub async fn verify_email(State(state): State<AppState>, session: AuthSession, form: Post) -> Response {
    let token: String = form_urlencoded::byte_serialize(form.field("token").as_bytes()).collect();
    let page = format!("/verify-email?token={token}");
    let visit = form.visit(&session);
    let signed_in = session.user.as_ref().map(|login| login.0.id);
    let identity = state.wallet.identity();
    let asked = (signed_in, &visit);
    let next = device::next_page_of(&form.parts().headers).map(|page| next_page(&page).to_owned());
    let next = next.unwrap_or_else(|| "/wallet?verified=1".to_owned());
    let mut answer = match identity.confirm_email(form.field("token"), form.field("password"), asked).await {
        Ok(confirmed) if confirmed.enters => {
            sign_in_and_remember(&state, (&page, &next), confirmed.user, session, form).await
        }
        Ok(_) if session.user.is_some() => see_other(&next),
        Ok(_) => see_other("/sign-in?verified=1"),
        Err(error) => return form.refuse(&page, error).await,
    };
    device::clear_next(&mut answer);
    answer
}

/// Mails the link again.
pub async fn resend_verification(State(state): State<AppState>, form: Post) -> Response {
    let sent = match form.viewer() {
        Ok(viewer) => state.wallet.identity().resend_verification(viewer.user).await,
        Err(error) => Err(error),
    };
    form.answer(sent.map(|()| "/wallet?mail=sent".to_owned())).await
}
