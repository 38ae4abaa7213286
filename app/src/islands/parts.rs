//! Small parts that islands share with pages.

use leptos::prelude::*;

/// Nothing here, why, and one thing to do about it.
#[component]
pub fn EmptyState(
    /// What is empty.
    #[prop(into)]
    title: Signal<String>,
    /// Why, or what to expect.
    #[prop(into)]
    note: Signal<String>,
    /// One action.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="panel px-6 py-10 text-center">
            <p class="fig text-xl mt-2">{move || title.get()}</p>
            <p class="text-muted mt-1 max-w-[44ch] mx-auto">{move || note.get()}</p>
            {children.map(|children| view! { <div class="mt-4">{children()}</div> })}
        </div>
    }
}

/// How bad a banner's news is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BannerKind {
    /// Something to know.
    Info,
    /// Something to do soon.
    Warning,
    /// Something stopped.
    Error,
}

/// One line over the page with one action.
#[component]
pub fn Banner(
    /// How bad it is.
    kind: BannerKind,
    /// Words and action.
    children: Children,
) -> impl IntoView {
    let class = match kind {
        BannerKind::Info => {
            "rounded-box px-4 py-3 mb-5 flex flex-wrap sm:flex-nowrap items-center gap-x-3 gap-y-2 bg-secondary"
        }
        BannerKind::Warning => {
            "rounded-box px-4 py-3 mb-5 flex flex-wrap sm:flex-nowrap items-center gap-x-3 gap-y-2 bg-warning text-warning-content"
        }
        BannerKind::Error => {
            "rounded-box px-4 py-3 mb-5 flex flex-wrap sm:flex-nowrap items-center gap-x-3 gap-y-2 tag-err"
        }
    };
    view! { <div class=class role="status">{children()}</div> }
}

/// One line of figures.
#[component]
pub fn Line(
    /// Whether it stands in the background.
    #[prop(default = false)]
    is_quiet: bool,
    /// The words.
    #[prop(into)]
    name: Signal<String>,
    /// The figure.
    #[prop(into)]
    figure: Signal<String>,
) -> impl IntoView {
    let class = if is_quiet { "flex gap-3 py-1 text-muted" } else { "flex gap-3 py-1" };
    view! {
        <div class=class>
            <dt class="flex-1 min-w-0 [overflow-wrap:anywhere]">{move || name.get()}</dt>
            <dd class="num whitespace-nowrap">{move || figure.get()}</dd>
        </div>
    }
}
