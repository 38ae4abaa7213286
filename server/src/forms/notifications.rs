//! What owners are told of: thresholds and optional mails, by their page or by a mailed link.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use wallet::error::{FieldError, Problem, Result};
use wallet::notify::{AlertSettings, Topic};

use super::post::Post;
use crate::state::AppState;

/// Saves the own threshold and the choice of mails.
pub async fn save(State(state): State<AppState>, form: Post) -> Response {
    let saved = async {
        let viewer = form.viewer()?;
        let wanted = wanted(&form)?;
        state.wallet.notify().set_alerts(&viewer, &wanted).await
    };
    let next = saved.await.map(|()| "/settings/notifications?done=saved".to_owned());
    form.answer(next).await
}

fn wanted(form: &Post) -> Result<AlertSettings> {
    let unknown = || FieldError::new("mails", Problem::Unknown, "There is no such mail.");
    let topics = form.all("mails").iter().map(|code| Topic::from_code(code).ok_or_else(unknown)).collect();
    let wanted: std::result::Result<Vec<Topic>, FieldError> = topics;
    Ok(AlertSettings { low_below: form.amount("low_below", "300")?, wanted: wanted? })
}

/// Switches mails off by a mailed link: by its page's button, or by a mail program that posts to the link itself
/// (RFC 8058), which is answered without a redirect.
pub async fn unsubscribe(State(state): State<AppState>, form: Post) -> Response {
    let query = form.parts().uri.query().unwrap_or_default();
    let linked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    let token = match form.optional("token") {
        Some(token) => token.to_owned(),
        None => linked.map(|(_, token)| token.into_owned()).unwrap_or_default(),
    };
    let page: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let page = format!("/unsubscribe?token={page}");
    match state.wallet.notify().unsubscribe(&token).await {
        Ok(_) => {
            let mut outcome = form.outcome();
            outcome.notice = Some("unsubscribed".to_owned());
            form.show(&page, outcome, StatusCode::OK).await
        }
        Err(error) => form.refuse(&page, error).await,
    }
}
