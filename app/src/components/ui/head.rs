//! What stands at the head of every page: its title, the balance, language and theme, the person.

use leptos::prelude::*;
use leptos_meta::{Link, Meta};

use crate::components::ui::icon::{Icon, icon};
use crate::context::settings;
use crate::i18n::*;

/// The title of the document.
///
/// The server writes it after the page, on whatever thread is free: there none of the page's signals can be read,
/// so it is put together here and now. It does not change while the server answers.
#[component]
pub fn PageTitle(
    /// What the page is called.
    title: Signal<String>,
    /// What the platform is called.
    platform: String,
) -> impl IntoView {
    // leptos_meta writes a title as it is: a name could end the element.
    let text = format!("{} · {platform}", title.get_untracked()).replace('&', "&amp;").replace('<', "&lt;");
    view! { <leptos_meta::Title text=text /> }
}

/// What search engines and links in messages show of a public page: its words, and where it stands in each language.
#[component]
pub fn PublicMeta(
    /// The page's path, without a language.
    path: String,
    /// What the page is called.
    title: String,
    /// What the platform is called.
    platform: String,
    /// What it is about, in a sentence or two.
    description: String,
) -> impl IntoView {
    let locale = use_i18n().get_locale().as_str();
    let public_url = settings().map(|settings| settings.public_url).unwrap_or_default();
    let bare = format!("{public_url}{path}");
    let address = move |language: &str| format!("{public_url}/{language}{path}");
    let own = address(locale);
    view! {
        <Meta name="description" content=description.clone() />
        <Meta property="og:type" content="website" />
        <Meta property="og:site_name" content=platform />
        <Meta property="og:title" content=title />
        <Meta property="og:description" content=description />
        <Meta property="og:url" content=own.clone() />
        <Meta property="og:locale" content=locale />
        <Link rel="canonical" href=own />
        {Locale::get_all()
            .iter()
            .map(|locale| view! { <Link rel="alternate" hreflang=locale.as_str() href=address(locale.as_str()) /> })
            .collect_view()}
        <Link rel="alternate" hreflang="x-default" href=bare />
    }
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
