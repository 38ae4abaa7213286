//! What stands at an address that names nothing.

use leptos::prelude::*;

use crate::components::ui::public_shell::PublicShell;
use crate::i18n::*;

/// The page that says that there is nothing at the address.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <PublicShell title=move || t_string!(i18n, public.not_found)>
            <div class="py-24 grid gap-3 justify-items-center text-center">
                <h1 class="h1">{t!(i18n, public.not_found)}</h1>
                <p class="text-muted max-w-[48ch]">{t!(i18n, public.not_found_note)}</p>
                <a class="btn btn-plain mt-2" href="/">{t!(i18n, panel.home)}</a>
            </div>
        </PublicShell>
    }
}
