//! `/unsubscribe`: switches the mails off that a mail of their kind links to, without a sign-in. A button, since programs
//! that scan mails follow links.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::ui::panel::Loaded;
use crate::components::ui::public_shell::PublicShell;
use crate::data::notifications::{UnsubscribePage as Page, load_unsubscribe};
use crate::i18n::*;
use crate::text::notification::topic_text;

/// What a post of the form is answered with once it is done.
const DONE: &str = "unsubscribed";

/// The page.
#[component]
pub fn UnsubscribePage() -> impl IntoView {
    let i18n = use_i18n();
    let token = use_query_map().with_untracked(|map| map.get("token")).unwrap_or_default();
    let page = Resource::new_blocking(|| (), move |()| load_unsubscribe(token.clone()));
    view! {
        <PublicShell title=Signal::derive(move || t_string!(i18n, notifications.unsubscribe).to_owned())>
            <div class="max-w-[420px] mx-auto pt-10 sm:pt-16">
                <h1 class="h1 mb-5">{t!(i18n, notifications.unsubscribe)}</h1>
                <Loaded data=page let:page>
                    <Unsubscribe page=page />
                </Loaded>
            </div>
        </PublicShell>
    }
}

#[component]
fn Unsubscribe(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let token = use_query_map();
    let is_done = page.outcome.notice.as_deref() == Some(DONE);
    let Some(topic) = page.topic else {
        return view! { <p class="panel p-5" role="alert">{t!(i18n, notifications.bad_link)}</p> }.into_any();
    };
    let name = move || topic_text(i18n.get_locale(), topic);
    if is_done {
        return view! {
            <div class="panel p-5 grid gap-3">
                <p role="status">{move || t_string!(i18n, notifications.unsubscribed, topic = name())}</p>
                <p class="text-sm text-muted">{t!(i18n, notifications.still)}</p>
                <p><a class="link-q" href="/settings/notifications">{t!(i18n, notifications.change)}</a></p>
            </div>
        }
        .into_any();
    }
    view! {
        <form method="post" action="/unsubscribe" class="panel p-5 grid gap-4">
            <input type="hidden" name="token" value=move || token.read().get("token").unwrap_or_default() />
            <p>{move || t_string!(i18n, notifications.unsubscribe_from, topic = name())}</p>
            <p class="text-sm text-muted">{t!(i18n, notifications.still)}</p>
            <button class="btn btn-primary btn-lg">{t!(i18n, notifications.unsubscribe)}</button>
        </form>
    }
    .into_any()
}
