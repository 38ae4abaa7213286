//! The language of a reader.

use app::i18n::Locale;
use axum::http::{HeaderMap, HeaderValue, header};

/// Where the chosen language is kept; `leptos_i18n` looks for it there, too.
const COOKIE: &str = "i18n_pref_locale";

/// Writes the cookie that keeps a language for a year. Scripts read it, so it is not `HttpOnly`.
#[must_use]
pub fn cookie_for(locale: Locale) -> String {
    let code = match locale {
        Locale::en => "en",
        Locale::ru => "ru",
    };
    format!("{COOKIE}={code}; Path=/; Max-Age={YEAR}; SameSite=Lax")
}

/// A year, in seconds.
pub const YEAR: u32 = 365 * 24 * 60 * 60;

/// Takes the language that the person chose, else the browser's first that we have.
#[must_use]
pub fn locale_of(headers: &HeaderMap) -> Locale {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    for cookie in text(header::COOKIE).split(';') {
        match cookie.trim() {
            "i18n_pref_locale=ru" => return Locale::ru,
            "i18n_pref_locale=en" => return Locale::en,
            _ => {}
        }
    }
    for language in text(header::ACCEPT_LANGUAGE).split(',') {
        let language = language.trim().to_ascii_lowercase();
        if language.starts_with("ru") {
            return Locale::ru;
        }
        if language.starts_with("en") {
            return Locale::en;
        }
    }
    Locale::en
}
