//! The language of a reader.

use app::i18n::Locale;
use axum::http::{HeaderMap, HeaderValue, header};

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
