//! Starts the islands of a group of pages in the browser.

use wasm_bindgen::prelude::wasm_bindgen;

/// Prepares what the islands of a page share; the page's script then starts each of them by its own export.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    app::islands::start();
}
