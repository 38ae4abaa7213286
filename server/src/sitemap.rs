//! What search engines may list: `/sitemap.xml`, with each public page in every language, and `/robots.txt`.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http::html_page::escape;
use crate::http::language_path::{LANGUAGES, LISTED};
use crate::state::AppState;

/// Announcements of prices that are listed, the newest.
const ANNOUNCEMENTS: u16 = 200;

/// Gives the routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/sitemap.xml", get(sitemap)).route("/robots.txt", get(robots))
}

async fn sitemap(State(state): State<AppState>) -> Response {
    let changelog = match state.wallet.tariffs().changelog(None, ANNOUNCEMENTS).await {
        Ok(changelog) => changelog,
        Err(error) => {
            tracing::error!(%error, "the sitemap can't be made");
            return (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.").into_response();
        }
    };
    let announcements = changelog.announcements.iter().map(|one| format!("/changelog/{}", one.version));
    let pages = LISTED.into_iter().map(str::to_owned).chain(announcements);
    let written = write(&state.app.public_url, pages);
    (
        [(header::CONTENT_TYPE, "application/xml; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=300")],
        written,
    )
        .into_response()
}

/// Writes the pages in each language, each with the addresses of all its languages.
fn write(public_url: &str, pages: impl Iterator<Item = String>) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
         xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n",
    );
    for page in pages {
        let address = |language: &str| escape(&format!("{public_url}/{language}{page}"));
        for (language, _) in LANGUAGES {
            let _ = write!(xml, "<url><loc>{}</loc>", address(language));
            for (other, _) in LANGUAGES {
                let _ = write!(xml, "<xhtml:link rel=\"alternate\" hreflang=\"{other}\" href=\"{}\"/>", address(other));
            }
            xml.push_str("</url>\n");
        }
    }
    xml.push_str("</urlset>\n");
    xml
}

async fn robots(State(state): State<AppState>) -> Response {
    let closed = ["/wallet", "/settings", "/developers", "/admin", "/playground", "/sandbox"];
    let mut text = String::from("User-agent: *\n");
    for path in closed {
        let _ = writeln!(text, "Disallow: {path}");
    }
    let _ = writeln!(text, "Sitemap: {}/sitemap.xml", state.app.public_url);
    ([(header::CACHE_CONTROL, "public, max-age=300")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_stands_in_every_language_and_names_the_others() {
        let xml = write("https://scrip.example", ["/pricing".to_owned()].into_iter());
        assert_eq!(xml.matches("<loc>").count(), 2);
        assert!(xml.contains("<loc>https://scrip.example/ru/pricing</loc>"), "{xml}");
        assert_eq!(xml.matches("hreflang=\"en\" href=\"https://scrip.example/en/pricing\"").count(), 2);
    }
}
