//! A secret just made: the only time that it is shown.

use leptos::prelude::*;

use crate::i18n::*;

/// The secret, with the button that copies it.
#[component]
pub fn SecretPanel(
    /// Its distance from what stands above or below.
    margin: &'static str,
    /// What it is of.
    #[prop(into)]
    title: Signal<String>,
    /// A line below.
    #[prop(into, optional)]
    detail: Option<String>,
    /// The secret.
    secret: String,
    /// How tests find it.
    testid: &'static str,
    /// What the button says.
    #[prop(into)]
    copy: String,
    /// The page without it.
    #[prop(into)]
    back: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let copied = t_string!(i18n, keys.copied);
    let class = format!("panel {margin} p-4 flex flex-wrap items-center gap-x-4 gap-y-3 !border-primary bg-tint");
    view! {
        <div class=class role="status">
            <div class="flex-1 min-w-[260px]">
                <p class="font-semibold">{move || title.get()}</p>
                {detail.map(|detail| view! { <p class="text-sm text-muted break-all">{detail}</p> })}
                <code class="font-mono text-base break-all select-all" data-testid=testid>{secret.clone()}</code>
            </div>
            <button type="button" class="btn btn-primary needs-script" data-copy=secret.clone() data-copied=copied>
                {copy}
            </button>
            <a href=back class="btn btn-quiet">{t!(i18n, keys.done)}</a>
        </div>
    }
}
