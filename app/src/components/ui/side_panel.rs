//! A panel beside a list: the receipt of a row, the story of a payment.

use leptos::html::Aside;
use leptos::prelude::*;

/// Moves the focus into a panel that was opened from its row, closes it by Escape, and gives the focus back. `name` is the
/// panel's `data-close`, `opener` the selector of what opened it.
pub fn keep_focus(panel: NodeRef<Aside>, name: &'static str, opener: String) {
    #[cfg(feature = "hydrate")]
    {
        use leptos::wasm_bindgen::JsCast;
        use leptos::web_sys::HtmlElement;
        let is_opened_by_hand = || document().active_element().is_some_and(|element| element.tag_name() == "A");
        Effect::new(move |_| {
            if let Some(panel) = panel.get()
                && is_opened_by_hand()
            {
                let _ = panel.focus();
            }
        });
        let click = |selector: &str, focus_only: bool| {
            let found = document().query_selector(selector).ok().flatten();
            if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
                if focus_only { drop(element.focus()) } else { element.click() }
            }
        };
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "Escape" {
                click(&format!("[data-close={name}]"), false);
                click(&opener, true);
            }
        });
        on_cleanup(move || handle.remove());
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (panel, name, opener);
}
