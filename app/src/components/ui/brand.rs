//! The platform's own name, logo, colour and addresses on its pages.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Style;
use wallet::catalog::{Accent, Brand};

use crate::i18n::*;
use crate::text::accent::{DARK_GROUND, LIGHT_GROUND, TINT, readable};

/// What the platform is called and how it looks; the frame of a page puts it into the context.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Its name.
    pub name: String,
    /// Its logo, colour and addresses.
    pub brand: Arc<Brand>,
}

impl Default for Platform {
    fn default() -> Self {
        Self { name: "Scrip".to_owned(), brand: Arc::default() }
    }
}

/// Gives the platform of this page.
#[must_use]
pub fn use_platform() -> Platform {
    use_context().unwrap_or_default()
}

/// Logo and name, as a link to the first page.
#[component]
pub fn BrandLink() -> impl IntoView {
    let Platform { name, brand } = use_platform();
    let logo = match &brand.logo {
        // What it shows is the name, which stands beside it.
        Some(_) => view! { <img src="/logo" alt="" class="h-6 w-auto max-w-32" /> }.into_any(),
        None => view! {
            <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true" class="shrink-0">
                <path
                    fill="var(--color-primary)"
                    d="M2 3h18v5.400a2.600 2.600 0 0 0 0 5.200V19H2v-5.400a2.600 2.600 0 0 0 0-5.200z"
                />
                <path
                    d="M7 8.500h8M7 11.500h8M7 14.500h4.500"
                    stroke="var(--color-primary-content)"
                    stroke-width="1.500"
                    stroke-linecap="round"
                />
            </svg>
        }
        .into_any(),
    };
    view! {
        <a href="/" class="inline-flex items-center gap-2 min-w-0">
            {logo}
            <span class="font-fig text-xl truncate" style="font-weight:680;letter-spacing:-.02em">{name}</span>
        </a>
    }
}

/// The platform's colour, in place of Scrip's.
#[component]
pub fn BrandColor() -> impl IntoView {
    use_platform().brand.accent.map(|accent| {
        view! { <Style nonce=leptos::nonce::use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default()>{style(accent)}</Style> }
    })
}

/// The colours that follow from an accent, in both themes.
fn style(accent: Accent) -> String {
    let colors = |page: [u8; 3]| {
        let shown = readable(accent, page);
        let on = shown.content();
        format!(
            "--color-primary:{shown};--color-primary-content:{on};--tint:color-mix(in srgb,{shown} {TINT}%,var(--color-base-100))"
        )
    };
    let (light, dark) = (colors(LIGHT_GROUND), colors(DARK_GROUND));
    format!(
        ":root,[data-theme=scrip]{{{light}}}[data-theme=scrip-dark]{{{dark}}}\
         @media (prefers-color-scheme:dark){{:root:not([data-theme]){{{dark}}}}}"
    )
}

/// Where the platform is reached and what it agrees to with its customers: links of a footer.
#[component]
pub fn BrandLinks() -> impl IntoView {
    let i18n = use_i18n();
    let Platform { brand, .. } = use_platform();
    let mail = brand.support_email.as_ref().map(|email| format!("mailto:{email}"));
    let links = [
        (mail, t_string!(i18n, public.support)),
        (brand.help_url.clone(), t_string!(i18n, public.help)),
        (brand.terms_url.clone(), t_string!(i18n, public.terms)),
        (brand.privacy_url.clone(), t_string!(i18n, public.privacy)),
        (brand.refunds_url.clone(), t_string!(i18n, public.refunds)),
    ];
    links
        .into_iter()
        .filter_map(|(href, words)| href.map(|href| view! { <a class="hover:text-base-content" href=href>{words}</a> }))
        .collect_view()
}
