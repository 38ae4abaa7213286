//! The frame of public pages: head with the way in, footer.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, VARY};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::components::ui::brand::{BrandColor, BrandLink, BrandLinks, use_platform};
use crate::components::ui::head::{Preferences, PublicMeta};
use crate::components::ui::session_frame::{SessionFrame, SkipLink, provide_wallet};
use crate::context::form_outcome;
use crate::data::session::Session;
use crate::i18n::*;
use crate::islands::balance_pill::AvailablePill;

/// The frame of a public page.
#[component]
pub fn PublicShell(
    /// The page's title.
    #[prop(into)]
    title: Signal<String>,
    /// Whether this is the price page.
    #[prop(default = false)]
    prices: bool,
    /// Where the page stands and what it is about; none of pages that search engines should not list.
    #[prop(optional)]
    listed: Option<Listed>,
    /// The page.
    children: ChildrenFn,
) -> impl IntoView {
    let (children, listed) = (StoredValue::new(children), StoredValue::new(listed));
    let frame = move |session: Session| {
        let platform = session.name.clone();
        let is_signed_in = session.viewer.is_some();
        let about = listed.get_value().map(|Listed { path, description }| {
            if !is_signed_in {
                may_be_kept();
            }
            view! { <PublicMeta path=path title=title.get_untracked() platform=platform description=description /> }
        });
        view! {
            {about}
            <Frame session=session prices=prices>{children.with_value(|children| children())}</Frame>
        }
        .into_any()
    };
    view! { <SessionFrame title=title frame=frame /> }
}

/// What search engines are told of a page.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its path, without a language.
    pub path: String,
    /// What it is about, in a sentence or two.
    pub description: String,
}

/// Lets the reader's browser keep a page that is the same for everybody who is not signed in: for a minute, and when they
/// come back to it. A page that answers a form is not kept.
fn may_be_kept() {
    if form_outcome().is_some() {
        return;
    }
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
        response.insert_header(VARY, HeaderValue::from_static("cookie, accept-language"));
    }
}

/// Head, page, footer.
#[component]
fn Frame(session: Session, prices: bool, children: ChildrenFn) -> impl IntoView {
    let i18n = use_i18n();
    provide_wallet(&session);
    let is_signed_in = session.viewer.is_some();
    // Public pages have no islands: the figure is the one of the visit.
    let available = session.balance.as_ref().map(|balance| balance.available);
    let entry = if is_signed_in {
        view! {
            <AvailablePill available=available />
            <a class="btn btn-primary hidden sm:inline-flex" href="/wallet">{t!(i18n, nav.wallet)}</a>
        }
        .into_any()
    } else {
        view! {
            <a class="text-base hover:underline underline-offset-4 whitespace-nowrap py-2" href="/sign-in">{t!(i18n, public.sign_in)}</a>
            <a class="btn btn-primary whitespace-nowrap max-sm:px-3" href="/sign-up">{t!(i18n, public.sign_up)}</a>
        }
        .into_any()
    };
    let prices_class = if prices { "font-semibold" } else { "text-muted hover:text-base-content" };
    let brand = use_platform().brand;
    view! {
        <BrandColor />
        <SkipLink />
        <header class="border-b border-line bg-base-200">
            <div class="max-w-[1280px] mx-auto h-16 px-4 lg:px-8 flex items-center gap-2 sm:gap-5">
                <BrandLink />
                <nav aria-label=move || t_string!(i18n, nav.main) class="hidden md:flex gap-5 text-base">
                    <a class=prices_class href="/pricing" aria-current=prices.then_some("page")>{t!(i18n, nav.prices)}</a>
                    <a class="text-muted hover:text-base-content" href="/docs/api">{t!(i18n, public.api)}</a>
                </nav>
                <span class="flex-1"></span>
                <Preferences />
                {entry}
            </div>
        </header>
        <main id="main" tabindex="-1" class="max-w-[1280px] mx-auto px-4 lg:px-8 pb-24">{children()}</main>
        <footer class="border-t border-line">
            <div class="max-w-[1280px] mx-auto px-4 lg:px-8 py-8 text-sm text-muted flex flex-wrap gap-x-6 gap-y-2">
                {brand.legal.clone().map(|legal| view! { <span class="basis-full">{legal}</span> })}
                {(!brand.hides_scrip).then(|| view! { <span>{t!(i18n, public.runs_on)}</span> })}
                <a class="hover:text-base-content" href="/pricing">{t!(i18n, nav.prices)}</a>
                <a class="hover:text-base-content" href="/changelog">{t!(i18n, changelog.title)}</a>
                <a class="hover:text-base-content" href="/llms.txt">"llms.txt"</a>
                <BrandLinks />
            </div>
        </footer>
    }
}
