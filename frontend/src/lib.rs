//! Starts the pages in the browser.

use wasm_bindgen::prelude::wasm_bindgen;

/// Brings the server's page to life.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::take_page_address();
    leptos::mount::hydrate_body(app::App);
}
