//! The document around every page; only the server draws it.

use leptos::prelude::*;
use leptos_meta::MetaTags;
use leptos_use::UseLocalesOptions;

use crate::App;

/// The document around every page: styles, fonts, theme, and the script that brings the page to life.
///
/// The files' addresses carry the version of the assets, so that browsers may keep them for ever; that is why this
/// isn't Leptos' own `HydrationScripts`.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let version = assets_version();
    let pkg = format!("/{}/{}", options.site_pkg_dir, options.output_name);
    let script = format!(
        "import('{pkg}.js?v={version}').then(m=>m.default({{module_or_path:'{pkg}.wasm?v={version}'}}).then(()=>m.hydrate()))"
    );
    view! {
        <!DOCTYPE html>
        <html data-theme=chosen_theme() data-page=on_request::answered_page()>
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
                <link rel="stylesheet" href=format!("{pkg}.css?v={version}") />
                <MetaTags />
                {(!on_request::is_still())
                    .then(|| {
                        view! {
                            <link rel="modulepreload" href=format!("{pkg}.js?v={version}") nonce=leptos::nonce::use_nonce() />
                            <script r#type="module" nonce=leptos::nonce::use_nonce() inner_html=script></script>
                        }
                    })}
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Tells `leptos_i18n` where the reader's languages are found: the cookie of the choice, then what the browser asks
/// for.
pub(crate) fn languages() -> UseLocalesOptions {
    UseLocalesOptions::default().ssr_lang_header_getter(on_request::languages)
}

/// Gives the browser the address of the page, where the page answers a form that has an address of its own.
///
/// So whatever reads the address (the router, links, a reload) sees the page, and no form is sent a second time.
#[cfg(feature = "hydrate")]
pub fn take_page_address() {
    let page = document().document_element().and_then(|html| html.get_attribute("data-page"));
    if let (Some(page), Ok(history)) = (page, window().history()) {
        let _ = history.replace_state_with_url(&leptos::wasm_bindgen::JsValue::NULL, "", Some(&page));
    }
}

fn assets_version() -> String {
    on_request::assets_version()
}

/// The daisyUI theme that the reader chose; none where the device decides.
fn chosen_theme() -> Option<&'static str> {
    match on_request::cookie("theme").as_deref() {
        Some("light") => Some("scrip"),
        Some("dark") => Some("scrip-dark"),
        _ => None,
    }
}

#[cfg(feature = "ssr")]
mod on_request {
    use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
    use axum::http::request::Parts;
    use leptos::prelude::use_context;

    pub(super) fn assets_version() -> String {
        crate::context::settings().map_or_else(String::new, |settings| settings.assets_version)
    }

    pub(super) fn cookie(name: &str) -> Option<String> {
        let parts = use_context::<Parts>()?;
        let cookies = parts.headers.get(COOKIE)?.to_str().ok()?;
        cookies.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.to_owned())
        })
    }

    pub(super) fn answered_page() -> Option<String> {
        let parts = use_context::<Parts>()?;
        parts.extensions.get::<crate::context::FormOutcome>()?;
        parts.uri.path_and_query().map(ToString::to_string)
    }

    pub(super) fn is_still() -> bool {
        use_context::<Parts>().is_some_and(|parts| parts.extensions.get::<crate::context::StillPage>().is_some())
    }

    pub(super) fn languages() -> Option<String> {
        let chosen = cookie("i18n_pref_locale").filter(|locale| locale == "en" || locale == "ru");
        let asked = || use_context::<Parts>()?.headers.get(ACCEPT_LANGUAGE)?.to_str().ok().map(str::to_owned);
        chosen.or_else(asked)
    }
}

#[cfg(not(feature = "ssr"))]
mod on_request {
    pub(super) const fn assets_version() -> String {
        String::new()
    }

    pub(super) const fn cookie(_name: &str) -> Option<String> {
        None
    }

    pub(super) const fn answered_page() -> Option<String> {
        None
    }

    pub(super) const fn is_still() -> bool {
        false
    }

    pub(super) const fn languages() -> Option<String> {
        None
    }
}
