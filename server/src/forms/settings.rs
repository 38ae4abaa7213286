//! Theme and language: kept in cookies, so that the server draws the right page at once.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::post::Post;
use super::referring_page;
use crate::http::redirect::{next_page, see_other};

/// A year, in seconds.
const YEAR: u32 = 365 * 24 * 60 * 60;
/// Where `leptos_i18n` looks for the language.
const LOCALE_COOKIE: &str = "i18n_pref_locale";
/// Where the app's shell looks for the theme.
const THEME_COOKIE: &str = "theme";

/// Keeps the theme: `light`, `dark`, or whatever the device says.
pub async fn theme(form: Post) -> Response {
    let theme = match form.field("theme") {
        "light" => "light",
        "dark" => "dark",
        _ => "",
    };
    back(&form, THEME_COOKIE, theme)
}

/// Keeps the language.
pub async fn locale(form: Post) -> Response {
    let locale = if form.field("locale") == "ru" { "ru" } else { "en" };
    back(&form, LOCALE_COOKIE, locale)
}

/// Sets the cookie and goes back to the page that asked. Scripts read both cookies, so they are not `HttpOnly`.
fn back(form: &Post, name: &str, value: &str) -> Response {
    let age = if value.is_empty() { 0 } else { YEAR };
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; SameSite=Lax");
    let mut headers = HeaderMap::new();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    let page = form.optional("next").map(next_page).map(str::to_owned).unwrap_or_else(|| referring(form));
    (headers, see_other(&page)).into_response()
}

/// The page that the form was on, where the browser says.
pub(super) fn referring(form: &Post) -> String {
    referring_page(&form.parts().headers).unwrap_or_else(|| "/".to_owned())
}
