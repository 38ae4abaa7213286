//! `/settings/security`: the own password, name and sessions.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::people::session_list::{SecurityEvents, SessionList};
use crate::components::ui::field::Field;
use crate::components::ui::icon::{Icon, icon};
use crate::components::ui::panel::{Banner, BannerKind, PageHead};
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::security::{Security, load_security};
use crate::i18n::*;
use crate::text::refusal::FormErrors;

/// The page of a person's own sign-in.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = Resource::new_blocking(|| (), |()| load_security());
    view! {
        <DataPage active=Nav::Security title=move || t_string!(i18n, security.title) data=page let:page>
            <SecurityContent page=page />
        </DataPage>
    }
}

/// The page once its rows are there.
#[component]
fn SecurityContent(page: Security) -> impl IntoView {
    let i18n = use_i18n();
    let Security { name, email, sessions, events, outcome, now } = page;
    let at = |path: &str| if outcome.path == path { outcome.clone() } else { FormOutcome::default() };
    let of_password = at("/settings/security/password");
    let of_name = at("/settings/security/name");
    let is_of_sessions = outcome.path.starts_with("/settings/security/sessions/");
    let of_sessions = if is_of_sessions { outcome.clone() } else { FormOutcome::default() };
    let has_others = sessions.iter().any(|session| !session.is_this);
    let who = (name.clone(), email);
    view! {
        <PageHead
            title=move || t_string!(i18n, security.title)
            note=move || t_string!(i18n, security.note, name = who.0.clone(), email = who.1.clone())
        />
        <Done />
        <div class="grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_minmax(0,360px)] gap-8 items-start">
            <div class="grid grid-cols-[minmax(0,1fr)] gap-8">
                <PasswordForm outcome=of_password />
                <NameForm name=name outcome=of_name />
                <section aria-labelledby="ss">
                    <div class="flex flex-wrap items-end gap-x-4 gap-y-2 mb-2">
                        <div class="flex-1 min-w-0">
                            <h2 id="ss" class="h2">{t!(i18n, security.sessions)}</h2>
                            <p class="text-sm text-muted">{t!(i18n, security.sessions_note)}</p>
                        </div>
                        {has_others
                            .then(|| {
                                view! {
                                    <form method="post" action="/settings/security/sessions/end">
                                        <button class="btn btn-danger btn-sm">{t!(i18n, security.end_others)}</button>
                                    </form>
                                }
                            })}
                    </div>
                    <FormErrors outcome=of_sessions />
                    <SessionList sessions=sessions now=now />
                </section>
            </div>
            <aside aria-labelledby="ev" class="grid gap-3">
                <h2 id="ev" class="h2">{t!(i18n, security.events)}</h2>
                <SecurityEvents events=events />
                <p class="text-sm text-muted flex gap-2">{icon(Icon::Warn, 16)} <span>{t!(i18n, security.unknown)}</span></p>
            </aside>
        </div>
    }
}

/// Says what was done.
#[component]
fn Done() -> impl IntoView {
    let i18n = use_i18n();
    let done = use_query_map().with_untracked(|map| map.get("done"));
    let words = move || match done.as_deref() {
        Some("password") => Some(t_string!(i18n, security.done_password)),
        Some("name") => Some(t_string!(i18n, security.done_name)),
        Some("session") => Some(t_string!(i18n, security.done_session)),
        Some("sessions") => Some(t_string!(i18n, security.done_sessions)),
        _ => None,
    };
    words().map(|_| view! { <Banner kind=BannerKind::Info><p class="flex-1">{move || words()}</p></Banner> })
}

/// The form for a new password.
#[component]
fn PasswordForm(outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section aria-labelledby="pw">
            <h2 id="pw" class="h2 mb-2">{t!(i18n, security.password)}</h2>
            <form method="post" action="/settings/security/password" class="panel p-5 grid gap-4">
                <FormErrors outcome=outcome.clone() shown=&["current_password", "new_password"] />
                <div class="grid sm:grid-cols-2 gap-4">
                    <Field
                        name="current_password"
                        kind="password"
                        autocomplete="current-password"
                        label=move || t_string!(i18n, security.current)
                        outcome=outcome.clone()
                    />
                    <Field
                        name="new_password"
                        kind="password"
                        autocomplete="new-password"
                        label=move || t_string!(i18n, security.new)
                        hint=move || t_string!(i18n, security.new_hint)
                        outcome=outcome
                    />
                </div>
                <div class="flex flex-wrap items-center gap-x-4 gap-y-2">
                    <button class="btn btn-primary">{t!(i18n, security.change_password)}</button>
                    <p class="text-sm text-muted">{t!(i18n, security.password_ends)}</p>
                </div>
            </form>
        </section>
    }
}

/// The form for another name.
#[component]
fn NameForm(name: String, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let mut outcome = outcome;
    outcome.values.entry("name".to_owned()).or_insert(name);
    view! {
        <section aria-labelledby="nm">
            <h2 id="nm" class="h2 mb-2">{t!(i18n, security.name)}</h2>
            <form method="post" action="/settings/security/name" class="panel p-5 grid gap-4">
                <FormErrors outcome=outcome.clone() shown=&["current_password", "name"] />
                <div class="grid sm:grid-cols-2 gap-4">
                    <Field
                        name="name"
                        autocomplete="name"
                        label=move || t_string!(i18n, security.name)
                        hint=move || t_string!(i18n, security.name_hint)
                        outcome=outcome.clone()
                    />
                    <Field
                        name="current_password"
                        id="name-password"
                        kind="password"
                        autocomplete="current-password"
                        label=move || t_string!(i18n, security.current)
                        hint=move || t_string!(i18n, security.name_password_hint)
                        outcome=outcome
                    />
                </div>
                <div>
                    <button class="btn btn-primary">{t!(i18n, security.change_name)}</button>
                </div>
            </form>
        </section>
    }
}
