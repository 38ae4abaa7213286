//! Theme and language: kept in cookies, so that the server draws the right page at once.

use app::i18n::Locale;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::post::Post;
use super::referring_page;
use crate::http::language_path::without_language;
use crate::http::locale::{YEAR, cookie_for};
use crate::http::redirect::{next_page, see_other};

/// Where the app's shell looks for the theme.
const THEME_COOKIE: &str = "theme";

/// Keeps the theme: `light`, `dark`, or whatever the device says. Scripts read the cookie, so it is not `HttpOnly`.
pub async fn theme(form: Post) -> Response {
    let (theme, age) = match form.field("theme") {
        "light" => ("light", YEAR),
        "dark" => ("dark", YEAR),
        _ => ("", 0),
    };
    let page = asked_page(&form);
    back(&page, &format!("{THEME_COOKIE}={theme}; Path=/; Max-Age={age}; SameSite=Lax"))
}

/// Keeps the language; the address that the page is shown again under names none.
pub async fn locale(form: Post) -> Response {
    let locale = if form.field("locale") == "ru" { Locale::ru } else { Locale::en };
    back(&without_language(&asked_page(&form)), &cookie_for(locale))
}

/// Sets the cookie and goes back to the page that asked.
fn back(page: &str, cookie: &str) -> Response {
    let mut headers = HeaderMap::new();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    (headers, see_other(page)).into_response()
}

fn asked_page(form: &Post) -> String {
    form.optional("next").map(next_page).map(str::to_owned).unwrap_or_else(|| referring(form))
}

/// The page that the form was on, where the browser says.
pub(super) fn referring(form: &Post) -> String {
    referring_page(&form.parts().headers).unwrap_or_else(|| "/".to_owned())
}
