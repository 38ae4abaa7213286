//! Dispatches requests: calls of the API to its middleware, everything else to the router of pages and files.
//!
//! A router that nests another wraps each of its paths, and copies the wrapping for every request; calls are what most
//! requests are, so they are told apart here and go past all of that.

use std::convert::Infallible;
use std::task::{Context, Poll};

use app::i18n::Locale;
use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::Response;
use futures::FutureExt as _;
use futures::TryFutureExt as _;
use futures::future::BoxFuture;
use tower::Service;

use crate::api;
use crate::http::language_path;
use crate::state::AppState;

/// The whole server, as one service.
#[derive(Clone, Debug)]
pub struct Dispatch {
    state: AppState,
    api: Router,
    rest: Router,
}

impl Dispatch {
    /// Puts the API, whose paths begin with [`api::BASE`], before the rest.
    #[must_use]
    pub const fn new(state: AppState, api: Router, rest: Router) -> Self {
        Self { state, api, rest }
    }
}

impl Service<Request> for Dispatch {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match within(request.uri(), api::BASE) {
            Some(uri) => {
                *request.uri_mut() = uri;
                api::middleware::handle(self.state.clone(), request, self.api.clone()).map(Ok).boxed()
            }
            None => {
                let language = language_path::take(&mut request);
                let answer = self.rest.call(request);
                match language {
                    Some(language) => answer.map_ok(move |answer| kept(language, answer)).boxed(),
                    None => answer.boxed(),
                }
            }
        }
    }
}

fn kept(language: Locale, mut answer: Response) -> Response {
    language_path::keep(language, &mut answer);
    answer
}

/// Gives the address as it is within a part of the site; `None` where it lies outside.
fn within(uri: &Uri, base: &str) -> Option<Uri> {
    let inner = uri.path_and_query()?.as_str().strip_prefix(base)?;
    let path = match inner.bytes().next() {
        None => PathAndQuery::from_static("/"),
        Some(b'/') => inner.parse().ok()?,
        Some(b'?') => format!("/{inner}").parse().ok()?,
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_within_a_part_at_the_end_of_a_segment() {
        let inner = |uri: &'static str| within(&Uri::from_static(uri), "/api/v2").map(|uri| uri.to_string());
        assert_eq!(inner("/api/v2/charges/7?a=1").as_deref(), Some("/charges/7?a=1"));
        assert_eq!(inner("https://example.com/api/v2/charges").as_deref(), Some("https://example.com/charges"));
        for (uri, expected) in [("/api/v2", "/"), ("/api/v2/", "/"), ("/api/v2?a=1", "/?a=1")] {
            assert_eq!(inner(uri).as_deref(), Some(expected), "{uri}");
        }
        for uri in ["/api/v22/charges", "/api", "/", "/x/api/v2"] {
            assert_eq!(inner(uri), None, "{uri}");
        }
    }
}
