//! What stands at the head of every page: its title, the balance, language and theme, the person.

use leptos::prelude::*;

use crate::components::ui::icon::{Icon, icon};
use crate::i18n::*;

/// The title of the document.
///
/// The server writes it after the page, on whatever thread is free: there none of the page's signals can be read,
/// so it is put together here and now. It does not change while the server answers.
#[component]
pub fn PageTitle(
    /// What the page is called.
    title: Signal<String>,
) -> impl IntoView {
    let text = move || format!("{} · Scrip", title.get());
    let text = if cfg!(feature = "ssr") { TextProp::from(untrack(text)) } else { TextProp::from(text) };
    view! { <leptos_meta::Title text=text /> }
}

/// Language and theme: forms, so that they also work without a script.
#[component]
pub fn Preferences() -> impl IntoView {
    let i18n = use_i18n();
    let other = move || match i18n.get_locale() {
        Locale::en => ("ru", "Русский"),
        Locale::ru => ("en", "English"),
    };
    view! {
        <form method="post" action="/settings/locale" class="hidden sm:block">
            <input type="hidden" name="locale" value=move || other().0 />
            <button class="btn btn-quiet btn-sm" lang=move || other().0>{move || other().1}</button>
        </form>
        <form method="post" action="/settings/theme" class="hidden sm:block">
            <button class="btn btn-quiet btn-sm btn-square when-light" name="theme" value="dark" title=move || t_string!(i18n, nav.dark)>
                {icon(Icon::Moon, 16)}<span class="sr-only">{t!(i18n, nav.dark)}</span>
            </button>
            <button class="btn btn-quiet btn-sm btn-square when-dark" name="theme" value="light" title=move || t_string!(i18n, nav.light)>
                {icon(Icon::Sun, 16)}<span class="sr-only">{t!(i18n, nav.light)}</span>
            </button>
        </form>
    }
}

/// Who is signed in, and the way out.
#[component]
pub fn PersonMenu(
    /// The first letters of the name, for the button.
    initials: String,
    /// The person's name.
    name: StoredValue<String>,
    /// The first of the admins' pages, for who may go there.
    admin_home: Option<&'static str>,
) -> impl IntoView {
    let i18n = use_i18n();
    let label = initials.clone();
    let other = move || match i18n.get_locale() {
        Locale::en => ("ru", "Русский"),
        Locale::ru => ("en", "English"),
    };
    view! {
        <details class="relative" data-menu>
            <summary
                class="list-none cursor-pointer size-8 rounded-full bg-secondary text-secondary-content text-sm font-semibold grid place-items-center"
                aria-label=move || format!("{label}, {}", t_string!(i18n, nav.person, name = name.get_value()))
            >
                {initials}
            </summary>
            <div class="panel absolute right-0 z-30 mt-1 w-56 p-2 grid gap-1 shadow-lg">
                <p class="px-2.5 py-1 text-sm text-muted truncate">{name.get_value()}</p>
                <a class="nav-i lg:hidden" href="/pricing">{t!(i18n, nav.prices)}</a>
                {admin_home.map(|href| view! { <a class="nav-i" href=href>{t!(i18n, nav.to_admin)}</a> })}
                <a class="nav-i" href="/settings/notifications">{t!(i18n, notifications.title)}</a>
                <a class="nav-i" href="/settings/security">{t!(i18n, nav.security)}</a>
                <form method="post" action="/settings/locale" class="sm:hidden">
                    <input type="hidden" name="locale" value=move || other().0 />
                    <button class="nav-i w-full" lang=move || other().0>{move || other().1}</button>
                </form>
                <form method="post" action="/settings/theme" class="sm:hidden">
                    <button class="nav-i w-full when-light" name="theme" value="dark">{t!(i18n, nav.dark)}</button>
                    <button class="nav-i w-full when-dark" name="theme" value="light">{t!(i18n, nav.light)}</button>
                </form>
                <form method="post" action="/sign-out">
                    <button class="nav-i w-full">{t!(i18n, nav.sign_out)}</button>
                </form>
            </div>
        </details>
    }
}

/// The first letters of a name.
#[must_use]
pub fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).flat_map(char::to_uppercase).collect()
}
