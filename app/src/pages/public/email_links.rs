//! Where mailed links lead, and how to get one: a new password, a proven address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::ui::field::Field;
use crate::components::ui::panel::{Banner, BannerKind};
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::pages::public::form_page::FormPage;
use crate::text::refusal::FormErrors;

/// Asking for a new password.
#[component]
pub fn ForgotPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FormPage
            path="/forgot"
            title=move || t_string!(i18n, enter.forgot_title)
            note=move || t_string!(i18n, enter.forgot_note)
            form=forgot_form
        />
    }
}

fn forgot_form(outcome: FormOutcome) -> AnyView {
    let i18n = use_i18n();
    let is_sent = outcome.notice.is_some();
    view! {
        {is_sent.then(|| view! { <Banner kind=BannerKind::Info><p>{t!(i18n, enter.mail_sent)}</p></Banner> })}
        <form method="post" action="/forgot" class="panel p-5 grid gap-4">
            <FormErrors outcome=outcome.clone() />
            <Field
                name="email"
                kind="email"
                autocomplete="username"
                label=move || t_string!(i18n, enter.email)
                outcome=outcome
            />
            <button class="btn btn-primary btn-lg">{t!(i18n, enter.send_link)}</button>
        </form>
    }
    .into_any()
}

/// Choosing a new password.
#[component]
pub fn ResetPage() -> impl IntoView {
    let i18n = use_i18n();
    view! { <FormPage path="/reset" title=move || t_string!(i18n, enter.reset_title) form=reset_form /> }
}

/// The link's secret, from the page's address into the form.
#[component]
fn Token() -> impl IntoView {
    let query = use_query_map();
    view! { <input type="hidden" name="token" value=move || query.read().get("token").unwrap_or_default() /> }
}

fn reset_form(outcome: FormOutcome) -> AnyView {
    let i18n = use_i18n();
    view! {
        <form method="post" action="/reset" class="panel p-5 grid gap-4">
            <FormErrors outcome=outcome.clone() />
            <Token />
            <Field
                name="password"
                kind="password"
                autocomplete="new-password"
                label=move || t_string!(i18n, enter.new_password)
                hint=move || t_string!(i18n, enter.password_hint)
                outcome=outcome
            />
            <p class="text-sm text-muted">{t!(i18n, enter.reset_ends)}</p>
            <button class="btn btn-primary btn-lg">{t!(i18n, enter.reset)}</button>
        </form>
    }
    .into_any()
}

/// Proving an address: a button, since programs that scan mails follow links.
#[component]
pub fn VerifyEmailPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FormPage
            path="/verify-email"
            title=move || t_string!(i18n, enter.verify_title)
            note=move || t_string!(i18n, enter.verify_note)
            form=verify_form
        />
    }
}

/// The button; and where the browser is not known to be the person's, the password, or the way to a new one.
fn verify_form(outcome: FormOutcome) -> AnyView {
    let i18n = use_i18n();
    let asks_password = outcome.error("password").is_some();
    view! {
        <form method="post" action="/verify-email" class="panel p-5 grid gap-4">
            <FormErrors outcome=outcome.clone() shown=&["password"] />
            <Token />
            {asks_password
                .then(|| {
                    view! {
                        <Field
                            name="password"
                            kind="password"
                            autocomplete="current-password"
                            label=move || t_string!(i18n, enter.password)
                            hint=move || t_string!(i18n, enter.verify_password_hint)
                            outcome=outcome
                        />
                    }
                })}
            <p class="text-sm text-muted">{t!(i18n, enter.verify_ends)}</p>
            <button class="btn btn-primary btn-lg">{t!(i18n, enter.verify)}</button>
            {asks_password
                .then(|| {
                    view! {
                        <p class="text-sm">
                            {t!(i18n, enter.verify_foreign)} " "
                            <a class="link-q" href="/forgot">{t!(i18n, enter.verify_reset)}</a>
                        </p>
                    }
                })}
        </form>
    }
    .into_any()
}
