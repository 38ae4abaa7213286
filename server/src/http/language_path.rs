//! A language at the head of a public page's address: `/ru/pricing` is `/pricing` in Russian, whatever the reader's browser
//! asks for. Search engines find each language under an address of its own.

use app::i18n::Locale;
use app::language::Asked;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;

use super::locale::cookie_for;

/// The pages that search engines may list, in each language.
pub const LISTED: [&str; 2] = ["/pricing", "/changelog"];
/// The languages, as they stand in addresses.
pub const LANGUAGES: [(&str, Locale); 2] = [("en", Locale::en), ("ru", Locale::ru)];

/// Takes the language off a public page's address, and leaves it with the request; gives it.
pub fn take(request: &mut Request) -> Option<Locale> {
    let (locale, inner) = split(request.uri())?;
    *request.uri_mut() = inner;
    request.extensions_mut().insert(Asked(locale));
    Some(locale)
}

/// Keeps the language for the pages that the reader goes on to.
pub fn keep(locale: Locale, response: &mut Response) {
    if let Ok(cookie) = HeaderValue::from_str(&cookie_for(locale)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Gives the address of a page without the language at its head.
#[must_use]
pub fn without_language(page: &str) -> String {
    let inner = page.parse::<Uri>().ok().and_then(|uri| split(&uri));
    inner.map_or_else(|| page.to_owned(), |(_, inner)| inner.to_string())
}

fn split(uri: &Uri) -> Option<(Locale, Uri)> {
    let whole = uri.path_and_query()?.as_str();
    let (language, rest) = whole.strip_prefix('/')?.split_once('/')?;
    let (_, locale) = LANGUAGES.into_iter().find(|(code, _)| *code == language)?;
    let inner: PathAndQuery = format!("/{rest}").parse().ok()?;
    let is_listed =
        |page: &str| inner.path().strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !LISTED.into_iter().any(is_listed) {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(inner);
    Some((locale, Uri::from_parts(parts).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_pages_have_a_language_in_their_address() {
        let inner = |page: &'static str| split(&Uri::from_static(page)).map(|(locale, uri)| (locale, uri.to_string()));
        assert_eq!(inner("/ru/pricing?cur=rub"), Some((Locale::ru, "/pricing?cur=rub".to_owned())));
        assert_eq!(inner("/en/changelog/3"), Some((Locale::en, "/changelog/3".to_owned())));
        for other in
            ["/pricing", "/ru", "/ru/", "/ru/wallet", "/ru/pricingx", "/fr/pricing", "/ru/ru/pricing", "/rupricing"]
        {
            assert_eq!(inner(other), None, "{other}");
        }
        assert_eq!(without_language("/ru/pricing?cur=rub"), "/pricing?cur=rub");
        assert_eq!(without_language("/wallet"), "/wallet");
    }
}
