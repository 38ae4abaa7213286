//! The document around every page; only the server draws it.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::context::{FormOutcome, settings};
use crate::language::cookie;
use crate::routes::App;

/// The document around every page: styles, fonts, theme, and the script that starts what is alive on it.
///
/// The files' addresses carry the version of the assets, so that browsers may keep them for ever, and the script starts
/// islands in the order of the document; that is why this isn't Leptos' own `HydrationScripts`.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let version = assets_version();
    let (folder, name) = (options.site_pkg_dir, options.output_name);
    // A page of islands: what the server fetched for it stays at the server.
    if let Some(shared) = Owner::current_shared_context() {
        shared.set_is_hydrating(false);
    }
    view! {
        <!DOCTYPE html>
        <html data-theme=chosen_theme() data-page=answered_page()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml" />
                <link
                    rel="preload"
                    href="/fonts/golos-text-latin-wght-normal.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin="anonymous"
                />
                <link rel="stylesheet" href=format!("/{folder}/{name}.css?v={version}") />
                <MetaTags />
                <script r#type="speculationrules" nonce=leptos::nonce::use_nonce() inner_html=PREFETCHED></script>
                <script r#type="module" nonce=leptos::nonce::use_nonce() src=format!("/{folder}/page.js?v={version}")></script>
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Pages that the browser may ask for while a person is about to follow a link: their GET changes nothing, and what moves
/// on them is live from the row on that they were drawn with. Of other pages it could show one that is minutes old.
const PREFETCHED: &str = r#"{"prefetch":[{"where":{"href_matches":["/wallet","/wallet/history","/pricing","/changelog"]},"eagerness":"moderate"}]}"#;

fn assets_version() -> String {
    settings().map_or_else(String::new, |settings| settings.assets_version)
}

/// The daisyUI theme that the reader chose; none where the device decides.
fn chosen_theme() -> Option<&'static str> {
    match cookie("theme").as_deref() {
        Some("light") => Some("scrip"),
        Some("dark") => Some("scrip-dark"),
        _ => None,
    }
}

/// The page that answers a form: its own address.
fn answered_page() -> Option<String> {
    let parts = use_context::<Parts>()?;
    parts.extensions.get::<FormOutcome>()?;
    parts.uri.path_and_query().map(ToString::to_string)
}
