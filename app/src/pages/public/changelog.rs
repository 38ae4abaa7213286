//! `/changelog` and `/changelog/{version}`: what prices were, are, and will be.

use leptos::prelude::*;
use leptos_meta::Link;
use leptos_router::hooks::{use_params_map, use_query_map};
use wallet::tariff::Changelog;

use crate::components::pricing::change::AnnouncementCard;
use crate::components::ui::panel::{EmptyState, Loaded};
use crate::components::ui::public_shell::{Listed, PublicShell};
use crate::data::changelog::{WithPlans, load_announcement, load_changelog};
use crate::i18n::*;

/// The page of all changes.
#[component]
pub fn ChangelogPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let before =
        Memo::new(move |_| address.with(|map| map.get_str("before").and_then(|text| text.parse::<i32>().ok())));
    let page = Resource::new_blocking(move || before.get(), load_changelog);
    let listed = Listed { path: "/changelog".to_owned(), description: t_string!(i18n, changelog.note).to_owned() };
    view! {
        <PublicShell title=move || t_string!(i18n, changelog.title) listed=listed>
            <FeedLinks />
            <section class="pt-10 lg:pt-14 max-w-[900px]">
                <h1 class="fig text-3xl">{t!(i18n, changelog.title)}</h1>
                <p class="text-lg text-muted mt-3 max-w-[60ch]">{t!(i18n, changelog.note)}</p>
                <p class="mt-3 flex flex-wrap gap-x-4 gap-y-1">
                    <a class="link-q" href=move || feed(i18n.get_locale(), "atom")>"Atom"</a>
                    <a class="link-q" href=move || feed(i18n.get_locale(), "rss")>"RSS"</a>
                    <a class="link-q" href="/docs/api">"GET /api/v2/price-changes"</a>
                    <a class="link-q" href="/pricing">{t!(i18n, changelog.prices)}</a>
                </p>
                <Loaded data=page let:page>
                    <Entries page=page is_first=before.get_untracked().is_none() />
                </Loaded>
            </section>
        </PublicShell>
    }
}

/// The changes, or that there is none yet.
#[component]
fn Entries(page: WithPlans<Changelog>, is_first: bool) -> impl IntoView {
    let i18n = use_i18n();
    let WithPlans { part: page, plans } = page;
    let plans = StoredValue::new(plans);
    if page.announcements.is_empty() {
        return view! {
            <div class="mt-8">
                <EmptyState
                    title=move || t_string!(i18n, changelog.none)
                    note=move || t_string!(i18n, changelog.none_note)
                >
                    <a class="btn btn-plain" href="/pricing">{t!(i18n, changelog.prices)}</a>
                </EmptyState>
            </div>
        }
        .into_any();
    }
    let cards = page
        .announcements
        .into_iter()
        .map(|one| view! { <AnnouncementCard announcement=one plans=plans /> })
        .collect_view();
    view! {
        {cards}
        <nav class="mt-8 flex gap-4" aria-label=move || t_string!(i18n, ledger.pages)>
            {(!is_first).then(|| view! { <a class="btn btn-plain" href="/changelog">{t!(i18n, changelog.newest)}</a> })}
            {page
                .next
                .map(|next| view! { <a class="btn btn-plain" href=format!("/changelog?before={next}")>{t!(i18n, changelog.older)}</a> })}
        </nav>
    }
    .into_any()
}

/// The page of one change: its address never changes.
#[component]
pub fn AnnouncementPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    // No version is 0: an address that names none is not found.
    let version = Memo::new(move |_| {
        params.with(|params| params.get_str("version").and_then(|text| text.parse::<i32>().ok()).unwrap_or(0))
    });
    let page = Resource::new_blocking(move || version.get(), load_announcement);
    let title = Signal::derive(move || t_string!(i18n, changelog.book, version = version.get()));
    let listed = Listed {
        path: format!("/changelog/{}", version.get_untracked()),
        description: t_string!(i18n, changelog.note).to_owned(),
    };
    view! {
        <PublicShell title=title listed=listed>
            <FeedLinks />
            <section class="pt-8 max-w-[900px]">
                <a class="link-q" href="/changelog">{t!(i18n, changelog.all)}</a>
                <Loaded data=page let:page>
                    <AnnouncementCard announcement=page.part plans=StoredValue::new(page.plans) alone=true />
                </Loaded>
            </section>
        </PublicShell>
    }
}

/// Lets feed readers find the feeds.
#[component]
fn FeedLinks() -> impl IntoView {
    let i18n = use_i18n();
    // The head is drawn once; a change of the language loads the page anew.
    let locale = i18n.get_locale();
    let title = td_string!(locale, changelog.title);
    view! {
        <Link rel="alternate" type_="application/atom+xml" title=title href=feed(locale, "atom") />
        <Link rel="alternate" type_="application/rss+xml" title=title href=feed(locale, "rss") />
    }
}

/// The address of a feed in the reader's language.
fn feed(locale: Locale, format: &str) -> String {
    match locale {
        Locale::en => format!("/changelog.{format}"),
        Locale::ru => format!("/changelog.{format}?lang=ru"),
    }
}
