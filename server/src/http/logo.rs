//! The platform's logo, as an image at an address of its own: browsers keep it, and no page carries it.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::state::AppState;

/// Gives the route.
pub fn router() -> Router<AppState> {
    Router::new().route("/logo", get(logo))
}

async fn logo(State(state): State<AppState>) -> Response {
    let view = state.wallet.catalog().view().await.ok();
    let logo = view.as_ref().and_then(|view| view.settings.brand.logo.as_deref());
    match logo.and_then(image) {
        Some((kind, bytes)) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300".to_owned())], bytes)
                .into_response()
        }
        None => (StatusCode::NOT_FOUND, "There is no logo.").into_response(),
    }
}

/// Reads a `data:` address: the kind of the image, and its bytes.
fn image(address: &str) -> Option<(String, Vec<u8>)> {
    let (kind, bytes) = address.strip_prefix("data:")?.split_once(";base64,")?;
    Some((kind.to_owned(), BASE64_STANDARD.decode(bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_read_from_its_address() {
        assert_eq!(image("data:image/png;base64,AQID"), Some(("image/png".to_owned(), vec![1, 2, 3])));
        for wrong in ["", "data:image/png,AQID", "https://a.example/logo.png", "data:image/png;base64,A"] {
            assert_eq!(image(wrong), None, "{wrong}");
        }
    }
}
