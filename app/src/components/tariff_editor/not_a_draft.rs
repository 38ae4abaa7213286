//! What the editor's pages say of a price book that can no longer be edited.

use leptos::prelude::*;

use crate::components::ui::panel::EmptyState;
use crate::i18n::*;

/// Says that a version is published, and leads back to it.
#[component]
pub fn NotADraft(
    /// The version.
    version: i32,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <EmptyState
            title=Signal::derive(move || t_string!(i18n, publish.not_draft).to_owned())
            note=Signal::derive(move || t_string!(i18n, publish.not_draft_note).to_owned())
        >
            <a class="btn btn-plain" href=format!("/admin/tariffs/{version}")>{t!(i18n, publish.back)}</a>
        </EmptyState>
    }
}
