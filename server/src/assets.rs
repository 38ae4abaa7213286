//! The site's files, embedded in the binary: scripts, styles, fonts.

use std::sync::OnceLock;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest as _, Sha256};

/// What `cargo xtask site` builds; read from the disk in debug builds.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
#[allow_missing = true]
struct Site;

/// Encodings beside a file, best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Gives the routes.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/pkg/{*path}", get(file))
        .route("/fonts/{*path}", get(file))
        .route("/img/{*path}", get(file))
        .route("/favicon.svg", get(file))
        .route("/favicon.ico", get(file))
}

/// Changes with every change of script, WASM or style.
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut of_all = Sha256::new();
        let mut paths: Vec<_> = Site::iter().filter(|path| path.starts_with("pkg/")).collect();
        paths.sort_unstable();
        for file in paths.iter().filter_map(|path| Site::get(path)) {
            of_all.update(file.metadata.sha256_hash());
        }
        hex(&of_all.finalize()[..8])
    })
}

/// Says whether a file is embedded.
pub fn exists(path: &str) -> bool {
    Site::get(path).is_some()
}

async fn file(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let Some(plain) = Site::get(path) else {
        return (StatusCode::NOT_FOUND, "There is no such file.").into_response();
    };
    let tag = format!("\"{}\"", hex(&plain.metadata.sha256_hash()[..8]));
    let mut headers = HeaderMap::new();
    let cache = match request.uri().query().and_then(|query| query.strip_prefix("v=")) {
        Some(asked) if asked == version() => "public, max-age=31536000, immutable",
        // While a server is updated, a page of one version can ask the other for its files: not to be kept for a year.
        Some(_) => "no-store",
        None => "public, max-age=0, must-revalidate",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if headers.get(header::ETAG).is_some_and(|tag| is_known(request.headers(), tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, mime(path));
    match encoded(path, request.headers()) {
        Some((encoding, file)) => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            (headers, file.data.into_owned()).into_response()
        }
        None => (headers, plain.data.into_owned()).into_response(),
    }
}

fn encoded(path: &str, headers: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    ENCODINGS.into_iter().find_map(|(encoding, ending)| {
        accepts(headers, encoding).then(|| Site::get(&format!("{path}{ending}"))).flatten().map(|file| (encoding, file))
    })
}

/// Says whether a reader takes an encoding.
#[must_use]
pub fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|part| {
        let (name, weight) = part.trim().split_once(';').unwrap_or((part.trim(), ""));
        name == encoding && weight.trim() != "q=0"
    })
}

/// Says whether a reader has a copy under this tag.
#[must_use]
pub fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    known.split(',').any(|known| known.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

fn mime(path: &str) -> HeaderValue {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let text = if mime.type_() == "text" { format!("{mime}; charset=utf-8") } else { mime.to_string() };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Writes bytes in hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
