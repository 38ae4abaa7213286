//! What was odd in a file of prices that was taken all the same.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::i18n::*;

/// The operations that stood in the imported file twice, as the form's answer names them in the address.
#[component]
pub fn ImportWarnings() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    move || {
        let named = address.with(|map| map.get_str("doubled").unwrap_or_default().replace(',', ", "));
        (!named.is_empty()).then(|| {
            view! {
                <p class="rounded-box px-4 py-3 mb-4 tag-warn break-words" role="status" data-testid="doubled">
                    {move || t_string!(i18n, import.doubled, operations = named.clone())}
                </p>
            }
        })
    }
}
