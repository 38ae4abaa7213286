//! A panel beside a list: the receipt of a row, the story of a payment.

use leptos::prelude::*;

use crate::i18n::*;

/// The panel. The page's script moves the focus into it where it was opened by hand, closes it by Escape, and gives the
/// focus back to what opened it.
#[component]
pub fn SidePanel(
    /// Its id.
    id: &'static str,
    /// The id of its heading.
    heading: &'static str,
    /// The selector of the link that opens it.
    opener: String,
    /// What stands at its top, beside the way out.
    number: AnyView,
    /// The page without it.
    #[prop(into)]
    close: String,
    /// What it shows.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <aside
            id=id
            aria-labelledby=heading
            tabindex="-1"
            data-panel=opener
            class="panel max-xl:fixed max-xl:inset-x-0 max-xl:bottom-0 max-xl:top-14 max-xl:z-40 max-xl:rounded-b-none overflow-y-auto xl:sticky xl:top-[4.5rem] xl:max-h-[calc(100dvh-5.5rem)]"
        >
            <div class="flex items-center gap-1 pl-5 pr-2 pt-3">
                <p class="text-sm text-muted flex-1 num">{number}</p>
                <a href=close class="btn btn-quiet btn-sm" data-close data-keep-scroll>{t!(i18n, receipt.close)}</a>
            </div>
            {children()}
        </aside>
    }
}
