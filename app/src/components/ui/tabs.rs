//! Tabs that are links, each with how much is behind it.

use leptos::prelude::*;

use crate::i18n::*;
use crate::text::amount::count_text;

/// One tab.
pub struct CountTab {
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub label: Signal<&'static str>,
    /// How much is behind it.
    pub count: i64,
    /// Whether its list is shown.
    pub is_open: bool,
}

/// The states of what a page lists, as tabs.
#[component]
pub fn CountTabs(
    /// In their order.
    tabs: Vec<CountTab>,
) -> impl IntoView {
    let i18n = use_i18n();
    let tabs = tabs
        .into_iter()
        .map(|CountTab { href, label, count, is_open }| {
            let class = if is_open {
                "pt-1 pb-2 border-b-2 -mb-px whitespace-nowrap border-base-content font-semibold"
            } else {
                "pt-1 pb-2 border-b-2 -mb-px whitespace-nowrap border-transparent text-muted hover:text-base-content"
            };
            view! {
                <a href=href class=class aria-current=is_open.then_some("page")>
                    {move || label.get()} " "
                    <span class="num text-sm font-normal text-muted">{move || count_text(i18n.get_locale(), count)}</span>
                </a>
            }
        })
        .collect_view();
    view! { <nav aria-label=move || t_string!(i18n, order.state) class="tabs-line mb-5">{tabs}</nav> }
}
