//! Parts that every page is made of: heads, panels that load, fail or are empty, banners.

use leptos::prelude::*;

use crate::error::{AppError, set_status};
use crate::i18n::*;
pub use crate::islands::parts::{Banner, BannerKind, EmptyState};
use crate::text::refusal::refusal_text;

/// The page's title, a line below, and what can be done at the right.
#[component]
pub fn PageHead(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// The line below.
    #[prop(into)]
    note: Signal<String>,
    /// Buttons and links at the right.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="flex flex-wrap items-start sm:items-end gap-x-6 gap-y-3 mb-5">
            <div class="min-w-0">
                <h1 class="h1">{move || title.get()}</h1>
                <p class="text-muted mt-0.5">{move || note.get()}</p>
            </div>
            <span class="hidden sm:block flex-1"></span>
            {children.map(|children| view! { <div class="flex flex-wrap gap-2">{children()}</div> })}
        </div>
    }
}

/// A table in a panel: where it is wider than the page it scrolls by itself, also by keyboard.
#[component]
pub fn TablePanel<H>(
    /// What it lists, for who can't see it.
    #[prop(into)]
    name: Signal<String>,
    /// The cells of its head.
    head: H,
    /// Its rows.
    children: Children,
) -> impl IntoView
where
    H: IntoView + 'static,
{
    view! {
        <div class="panel overflow-x-auto" tabindex="0" role="region" aria-label=move || name.get()>
            <table class="grid-table">
                <caption class="sr-only">{move || name.get()}</caption>
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// A table in a panel that is one page of many rows, with the way to the older ones; in place of an empty one `empty`.
#[component]
pub fn PagedTable<H, E>(
    /// What it lists, for who can't see it.
    #[prop(into)]
    name: Signal<String>,
    /// The cells of its head.
    head: H,
    /// Its rows.
    rows: Vec<AnyView>,
    /// The address of the older rows, where there are more.
    older: Option<String>,
    /// What stands in place of an empty table.
    empty: E,
) -> impl IntoView
where
    H: IntoView + 'static,
    E: IntoView + 'static,
{
    let i18n = use_i18n();
    if rows.is_empty() {
        return empty.into_any();
    }
    view! {
        <TablePanel name=name head=head>{rows}</TablePanel>
        {older
            .map(|older| view! { <p class="mt-3 text-right"><a class="btn btn-plain btn-sm" href=older>{t!(i18n, ledger.older)}</a></p> })}
    }
    .into_any()
}

/// Shows what was fetched, or in its place what went wrong; the rest of the page stays.
#[component]
pub fn Loaded<T, F, V>(
    /// What is fetched.
    data: Resource<Result<T, AppError>>,
    /// Shows it.
    children: F,
) -> impl IntoView
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=move || view! { <Skeleton /> }>
            {move || {
                let children = children.clone();
                Suspend::new(async move {
                    match data.await {
                        Ok(value) => children(value).into_any(),
                        Err(error) => {
                            set_status(&error);
                            view! { <PanelError error=error /> }.into_any()
                        }
                    }
                })
            }}
        </Transition>
    }
}

/// Grey bars where content is on its way.
#[component]
pub fn Skeleton() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="panel p-5" role="group" aria-busy="true" aria-label=move || t_string!(i18n, panel.loading)>
            <div class="grid gap-3">
                <span class="skel block h-3 w-20"></span>
                <span class="skel block h-14 w-44"></span>
                <span class="skel block h-3 w-full"></span>
                <span class="skel block h-3 w-full"></span>
                <span class="skel block h-3 w-2/3"></span>
            </div>
        </div>
    }
}

/// What went wrong with one panel, what is safe, and the way to try again.
#[component]
pub fn PanelError(
    /// What went wrong.
    error: AppError,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_missing = error.is_not_found();
    let words = error.clone();
    view! {
        <div class="panel px-6 py-10 text-center" role="alert">
            <p class="fig text-xl mt-2">
                {move || if is_missing { t_string!(i18n, panel.missing) } else { t_string!(i18n, panel.failed) }}
            </p>
            <p class="text-muted mt-1 max-w-[44ch] mx-auto">{move || refusal_text(i18n.get_locale(), &words)}</p>
            <div class="mt-4 flex justify-center gap-2">
                {(!is_missing)
                    .then(|| {
                        view! {
                            <a class="btn btn-plain" href="">{t!(i18n, panel.retry)}</a>
                        }
                    })} <a class="btn btn-quiet" href="/">{t!(i18n, panel.home)}</a>
            </div>
        </div>
    }
}

/// Says what a form has just done.
#[component]
pub fn DoneBanner(
    /// The words.
    #[prop(into)]
    words: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <Banner kind=BannerKind::Info>
            <p class="flex-1">{move || words.get()}</p>
        </Banner>
    }
}

/// Says in a panel that what its form was about is decided by now.
#[component]
pub fn LateNote(
    /// The words.
    #[prop(into)]
    words: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <p class="rounded-box px-4 py-2.5 mx-5 mb-4 tag-err" role="alert" data-testid="form-error">
            {move || words.get()}
        </p>
    }
}
