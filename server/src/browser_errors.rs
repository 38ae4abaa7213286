//! What went wrong in a page's own scripts, as browsers tell it: one line of the log.

use axum::extract::Form;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Router, extract::rejection::FormRejection};
use serde::Deserialize;

use crate::state::AppState;

/// How many characters of what a browser tells are logged.
const LOGGED_MAX: usize = 500;

/// Gives the route.
pub fn router() -> Router<AppState> {
    Router::new().route("/browser-errors", post(report))
}

#[derive(Deserialize)]
struct Told {
    page: String,
    message: String,
}

async fn report(told: Result<Form<Told>, FormRejection>) -> StatusCode {
    match told {
        Ok(Form(told)) => {
            let (page, told) = (plain(&told.page), plain(&told.message));
            tracing::warn!(page, told, "a page's script failed in a browser");
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

/// Takes control characters away: anybody can send anything here, and a line of the log stays one.
fn plain(text: &str) -> String {
    let text = text.chars().take(LOGGED_MAX);
    text.map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_tells_stays_one_short_line() {
        assert_eq!(plain("boom\r\nat /pkg/a.js\u{1b}[31m"), "boom  at /pkg/a.js [31m");
        assert_eq!(plain(&"я".repeat(10_000)).chars().count(), LOGGED_MAX);
    }
}
