//! Texts that are made once, at start: shared by all who read them, and compressed once for each encoding.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::compression::CompressionLayer;

use crate::assets::{accepts, hex, is_known};

/// The encodings of a text, best first.
const ENCODINGS: [&str; 2] = ["br", "gzip"];

/// A text with its compressed forms.
#[derive(Debug)]
pub struct Precompressed {
    kind: &'static str,
    tag: HeaderValue,
    plain: Bytes,
    encoded: [OnceCell<Bytes>; 2],
}

impl Precompressed {
    /// Takes a text of a media type.
    #[must_use]
    pub fn new(kind: &'static str, text: String) -> Self {
        let tag = format!("\"{}\"", hex(&Sha256::digest(text.as_bytes())[..8]));
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"0\""));
        Self { kind, tag, plain: text.into(), encoded: [const { OnceCell::const_new() }; 2] }
    }

    /// Answers in the best encoding that the reader takes, or that its copy is still good.
    pub async fn response(&self, asked: &HeaderMap) -> Response {
        let mut headers = HeaderMap::from_iter([
            (header::ETAG, self.tag.clone()),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=0, must-revalidate")),
        ]);
        if is_known(asked, &self.tag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        for (encoding, packed) in ENCODINGS.into_iter().zip(&self.encoded) {
            if accepts(asked, encoding) {
                let packed = packed.get_or_init(|| compressed(self.plain.clone(), encoding)).await;
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
                return (headers, packed.clone()).into_response();
            }
        }
        (headers, self.plain.clone()).into_response()
    }
}

/// Compresses a text by the layer that compresses everything else.
async fn compressed(plain: Bytes, encoding: &'static str) -> Bytes {
    let answer = ServiceBuilder::new().layer(CompressionLayer::new()).service_fn(move |_: Request<Body>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::from(plain.clone()))))
    });
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    let Ok(answer) = answer.oneshot(request).await;
    let packed = axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await;
    // Nothing that is in memory fails to be read.
    packed.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(text: &Precompressed, name: header::HeaderName, value: &str) -> (StatusCode, String, Bytes) {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))]);
        let answer = text.response(&headers).await;
        let encoding = answer.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().expect("a text"));
        let (status, encoding) = (answer.status(), encoding.unwrap_or_default().to_owned());
        (status, encoding, axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("bytes"))
    }

    #[tokio::test]
    async fn a_text_is_compressed_once_and_told_from_a_copy() {
        let long = "the same again, ".repeat(1_000);
        let text = Precompressed::new("text/plain; charset=utf-8", long.clone());
        let (status, encoding, packed) = asked(&text, header::ACCEPT_ENCODING, "gzip, br;q=0").await;
        assert_eq!((status, encoding.as_str(), &packed[..2]), (StatusCode::OK, "gzip", &[0x1f, 0x8b][..]));
        let again = asked(&text, header::ACCEPT_ENCODING, "gzip").await.2;
        assert_eq!(again.as_ptr(), packed.as_ptr(), "not another copy");
        let (_, encoding, packed) = asked(&text, header::ACCEPT_ENCODING, "gzip, br").await;
        assert!(encoding == "br" && packed.len() < 200, "{encoding} {}", packed.len());
        let (_, encoding, plain) = asked(&text, header::ACCEPT_ENCODING, "identity").await;
        assert_eq!((encoding.as_str(), plain.as_ref()), ("", long.as_bytes()));
        let tag = text.tag.to_str().expect("a tag").to_owned();
        let (status, _, nothing) = asked(&text, header::IF_NONE_MATCH, &tag).await;
        assert_eq!((status, nothing.len()), (StatusCode::NOT_MODIFIED, 0));
    }
}
