//! `/sign-in` and `/sign-up`.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::ui::field::Field;
use crate::components::ui::panel::{Banner, BannerKind};
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::pages::public::form_page::FormPage;
use crate::text::refusal::FormErrors;

/// The most letters of a referral code that are shown again.
const REFERRAL_MAX: usize = 20;

/// Where the person wanted to be, kept through the form.
#[component]
fn Next() -> impl IntoView {
    let query = use_query_map();
    move || query.read().get("next").map(|next| view! { <input type="hidden" name="next" value=next /> })
}

/// The code of whoever invites, kept through the form.
#[component]
fn Invitation(typed: Option<String>) -> impl IntoView {
    let i18n = use_i18n();
    let query = use_query_map();
    let code = typed.or_else(|| query.with_untracked(|map| map.get_str("ref").map(str::to_owned)));
    let code = code.map(|code| code.chars().take(REFERRAL_MAX).collect::<String>()).filter(|code| !code.is_empty());
    code.map(|code| {
        view! {
            <input type="hidden" name="ref" value=code.clone() />
            <p class="text-sm text-muted">{move || t_string!(i18n, enter.invited_by, code = code.clone())}</p>
        }
    })
}

/// Signing in.
#[component]
pub fn SignInPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FormPage path="/sign-in" title=move || t_string!(i18n, enter.sign_in_title) form=sign_in_form>
            <p class="text-muted mt-5">
                {t!(i18n, enter.no_wallet)} " " <a class="link-q" href="/sign-up">{t!(i18n, enter.open_one)}</a>
            </p>
        </FormPage>
    }
}

fn sign_in_form(outcome: FormOutcome) -> AnyView {
    let i18n = use_i18n();
    let query = use_query_map();
    let is_verified = move || query.read().get("verified").is_some();
    view! {
        <Show when=is_verified>
            <Banner kind=BannerKind::Info><p>{t!(i18n, enter.verified)}</p></Banner>
        </Show>
        <form method="post" action="/sign-in" class="panel p-5 grid gap-4">
            <FormErrors outcome=outcome.clone() />
            <Next />
            <Field
                name="email"
                kind="email"
                autocomplete="username"
                label=move || t_string!(i18n, enter.email)
                outcome=outcome.clone()
            />
            <Field
                name="password"
                kind="password"
                autocomplete="current-password"
                label=move || t_string!(i18n, enter.password)
                outcome=outcome
            />
            <button class="btn btn-primary btn-lg">{t!(i18n, enter.sign_in)}</button>
            <p class="text-sm"><a class="link-q" href="/forgot">{t!(i18n, enter.forgot)}</a></p>
        </form>
    }
    .into_any()
}

/// Opening a wallet.
#[component]
pub fn SignUpPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FormPage
            path="/sign-up"
            title=move || t_string!(i18n, enter.sign_up_title)
            note=move || t_string!(i18n, enter.sign_up_note)
            form=sign_up_form
        >
            <p class="text-muted mt-5">
                {t!(i18n, enter.have_wallet)} " " <a class="link-q" href="/sign-in">{t!(i18n, enter.sign_in)}</a>
            </p>
        </FormPage>
    }
}

fn sign_up_form(outcome: FormOutcome) -> AnyView {
    let i18n = use_i18n();
    if outcome.notice.as_deref() == Some("mail_sent") {
        return view! { <SignUpSent email=outcome.value("email").unwrap_or_default() /> }.into_any();
    }
    view! {
        <form method="post" action="/sign-up" class="panel p-5 grid gap-4">
            <input type="hidden" name="time_zone" data-time-zone />
            <FormErrors outcome=outcome.clone() />
            <Next />
            <Invitation typed=outcome.value("ref") />
            <Field name="name" autocomplete="name" label=move || t_string!(i18n, enter.name) outcome=outcome.clone() />
            <Field
                name="email"
                kind="email"
                autocomplete="username"
                label=move || t_string!(i18n, enter.email)
                hint=move || t_string!(i18n, enter.email_hint)
                outcome=outcome.clone()
            />
            <Field
                name="password"
                kind="password"
                autocomplete="new-password"
                label=move || t_string!(i18n, enter.password)
                hint=move || t_string!(i18n, enter.password_hint)
                outcome=outcome
            />
            <button class="btn btn-primary btn-lg">{t!(i18n, enter.sign_up)}</button>
        </form>
    }
    .into_any()
}

/// What to do next. It says the same whether or not somebody has a wallet with this address.
#[component]
fn SignUpSent(email: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="panel p-5 grid gap-3" role="status">
            <h2 class="h2">{t!(i18n, enter.sign_up_sent)}</h2>
            <p class="break-words">{t!(i18n, enter.sign_up_sent_note, email = email)}</p>
            <p class="text-sm text-muted">{t!(i18n, enter.sign_up_sent_hint)}</p>
            <p class="text-sm"><a class="link-q" href="/sign-in">{t!(i18n, enter.to_sign_in)}</a></p>
        </section>
    }
}
