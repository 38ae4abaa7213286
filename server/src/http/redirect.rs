//! Redirects to own pages.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// Goes on to a page after a form was accepted.
#[must_use]
pub fn see_other(page: &str) -> Response {
    match HeaderValue::from_str(page) {
        Ok(page) => (StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response(),
        Err(_) => Redirect::to("/wallet").into_response(),
    }
}

/// Takes the page to go to after signing in, where it is one of our own.
#[must_use]
pub fn next_page(typed: &str) -> &str {
    let own = typed.starts_with('/') && !typed.starts_with("//") && !typed.starts_with("/\\");
    if own && typed.len() <= 2_000 && typed.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        typed
    } else {
        "/wallet"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_goes_to_own_pages_only() {
        assert_eq!(next_page("/wallet/history?kind=charge"), "/wallet/history?kind=charge");
        for foreign in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb", "/a\tb"]
        {
            assert_eq!(next_page(foreign), "/wallet", "{foreign:?}");
        }
    }
}
