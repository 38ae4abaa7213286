//! HTML pages without the app's shell: error pages, the sandbox, the mails of development, the API reference. They
//! work without script, in the site's colours.

use app::text::accent::{DARK_GROUND, LIGHT_GROUND, readable};
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use wallet::catalog::Accent;

use crate::state::AppState;

/// What such a page may load and do.
pub const POLICY: &str =
    "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = "
:root{color-scheme:light dark;--page:#f3f6f4;--surface:#fff;--line:#dde5e0;--ink:#12201b;--muted:#4d5d56;--control:#78877f;--accent:#0b6650;--on:#fff;--error:#b42318}
@media(prefers-color-scheme:dark){:root{--page:#0c1310;--surface:#131c18;--line:#2a3731;--ink:#e7eeea;--muted:#a3b3ab;--control:#74857d;--accent:#6ad3af;--on:#0c1310;--error:#ff9a8b}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:14px/22px 'Golos Text',ui-sans-serif,system-ui,sans-serif}
main{max-width:26rem;margin:0 auto;padding:2.5rem 1.25rem}main.wide{max-width:56rem}h1{font:600 28px/34px 'Piazzolla',ui-serif,Georgia,serif;margin:0 0 .25rem}h2{font-size:16px;line-height:24px;margin:0}
.panel{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:1.25rem;margin-top:1.25rem}
.sum{display:flex;justify-content:space-between;gap:1rem;font-weight:600}.muted{color:var(--muted);font-size:13px;line-height:20px}.pre{white-space:pre-line}
label{display:block;font-weight:600;margin-top:1rem}input{width:100%;height:44px;margin-top:.25rem;padding:0 .75rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--control);border-radius:6px}
input[aria-invalid=true]{border-color:var(--error)}.problem{color:var(--error);font-size:13px;line-height:20px;margin:.25rem 0 0}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}button{width:100%;height:44px;margin-top:1.25rem;border-radius:6px;font:inherit;font-weight:600;cursor:pointer;border:1px solid var(--accent);background:var(--accent);color:var(--on)}
button.plain{background:transparent;color:var(--ink);border-color:var(--control);margin-top:.75rem}a{color:var(--accent)}:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{width:100%;border-collapse:collapse;margin-top:.5rem}td{padding:.375rem 0;border-top:1px solid var(--line);vertical-align:top}td:first-child,code,pre{font-family:ui-monospace,'SF Mono','DejaVu Sans Mono',monospace}td:first-child{white-space:nowrap;padding-right:1rem}
pre{font-size:12px;line-height:18px;overflow-x:auto;margin:.25rem 0 0}
";

/// Gives the style's route.
pub fn router() -> Router<AppState> {
    Router::new().route("/plain.css", get(style))
}

async fn style(State(state): State<AppState>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=60")];
    // The page of an error is shown in Scrip's own colour while the catalog can't be read.
    let accent = state.wallet.catalog().view().await.ok().and_then(|view| view.settings.brand.accent);
    let fonts = include_str!("../../../style/fonts.css");
    (headers, format!("{fonts}{STYLE}{}", accent.map(colors).unwrap_or_default())).into_response()
}

/// The platform's colour in place of Scrip's.
fn colors(accent: Accent) -> String {
    let rule = |ground| {
        let shown = readable(accent, ground);
        format!(":root{{--accent:{shown};--on:{}}}", shown.content())
    };
    format!("{}@media(prefers-color-scheme:dark){{{}}}", rule(LIGHT_GROUND), rule(DARK_GROUND))
}

/// Writes a narrow page: a form, a message.
#[must_use]
pub fn narrow(language: &str, title: &str, body: &str) -> String {
    document(language, title, "", body)
}

/// Writes a wide page: text to read.
#[must_use]
pub fn page(language: &str, title: &str, body: &str) -> String {
    document(language, title, " class=\"wide\"", body)
}

fn document(language: &str, title: &str, class: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title>\
         <link rel=\"stylesheet\" href=\"/plain.css\"></head><body><main{class}>{body}</main></body></html>",
        escape(title)
    )
}

/// Writes text so that it is only text.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}
