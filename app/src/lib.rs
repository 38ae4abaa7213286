//! Pages, components and server functions.

use leptos::prelude::*;

pub mod context;

/// The document around every page.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <HydrationScripts options />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// All pages.
#[component]
#[must_use]
pub fn App() -> impl IntoView {
    view! { <main>"Scrip"</main> }
}
