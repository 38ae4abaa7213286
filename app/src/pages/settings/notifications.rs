//! `/settings/notifications`: the own threshold, and which mails are sent.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::money::Credits;
use wallet::notify::Topic;

use crate::components::ui::field::Field;
use crate::components::ui::icon::{Icon, icon};
use crate::components::ui::panel::DoneBanner;
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::notifications::{NotificationsPage as Page, load_notifications};
use crate::i18n::*;
use crate::text::amount::{credits_text, unit_text};
use crate::text::notification::{topic_note, topic_text};
use crate::text::refusal::FormErrors;

/// The page of notifications.
#[component]
pub fn NotificationsPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = Resource::new_blocking(|| (), |()| load_notifications());
    view! {
        <DataPage
            active=Nav::Notifications
            title=move || t_string!(i18n, notifications.title)
            note=move || t_string!(i18n, notifications.note)
            data=page
            let:page
        >
            <NotificationsForm page=page />
        </DataPage>
    }
}

#[component]
fn NotificationsForm(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { settings, percent, percent_below, available, email, may_pay, mut outcome } = page;
    let done = use_query_map().with_untracked(|map| map.get_str("done").is_some());
    // What was typed stands before what is saved; a box that was not ticked says nothing.
    let typed = (!outcome.errors.is_empty()).then(|| outcome.value("mails").unwrap_or_default());
    let is_chosen = move |topic: Topic| match &typed {
        Some(typed) => typed.split(',').any(|code| code == topic.code()),
        None => settings.wanted.contains(&topic),
    };
    let saved = settings.low_below.map(Credits::to_field).unwrap_or_default();
    outcome.values.entry("low_below".to_owned()).or_insert(saved);
    let amount = move |credits| {
        let locale = i18n.get_locale();
        format!("{} {}", credits_text(locale, credits), unit_text(locale, credits))
    };
    let to = move || match &email {
        Some(email) => t_string!(i18n, notifications.to, email = email.clone()),
        None => t_string!(i18n, notifications.to_owner).to_owned(),
    };
    let catalogs = move || match percent_below {
        Some(below) => t_string!(i18n, notifications.percent_now, percent = i64::from(percent), amount = amount(below)),
        None => t_string!(i18n, notifications.percent, percent = i64::from(percent)),
    };
    let save = if may_pay {
        view! { <div><button class="btn btn-primary">{t!(i18n, notifications.save)}</button></div> }.into_any()
    } else {
        view! { <p class="text-sm text-muted">{t!(i18n, notifications.no_right)}</p> }.into_any()
    };
    view! {
        {done.then(|| view! { <DoneBanner words=Signal::derive(move || t_string!(i18n, notifications.saved)) /> })}
        <div class="grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_minmax(0,360px)] gap-8 items-start">
            <form method="post" action="/settings/notifications" class="grid gap-6">
                <FormErrors outcome=outcome.clone() shown=&["low_below"] />
                <Threshold outcome=outcome available=move || amount(available) catalogs=catalogs />
                <Mails is_chosen=is_chosen to=to />
                {save}
            </form>
            <Always />
        </div>
    }
}

/// The own threshold, beside the catalog's.
#[component]
fn Threshold(
    outcome: FormOutcome,
    #[prop(into)] available: Signal<String>,
    #[prop(into)] catalogs: Signal<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section aria-labelledby="th" class="panel p-5 grid gap-3">
            <h2 id="th" class="h2">{t!(i18n, notifications.threshold)}</h2>
            <p class="text-muted">{move || catalogs.get()}</p>
            <div class="max-w-[320px]">
                <Field
                    name="low_below"
                    label=move || t_string!(i18n, notifications.own)
                    hint=move || t_string!(i18n, notifications.own_hint, available = available.get())
                    outcome=outcome
                />
            </div>
        </section>
    }
}

/// The mails that can be switched off.
#[component]
fn Mails<F>(is_chosen: F, #[prop(into)] to: Signal<String>) -> impl IntoView
where
    F: Fn(Topic) -> bool,
{
    let i18n = use_i18n();
    let boxes = Topic::ALL
        .into_iter()
        .map(|topic| {
            view! {
                <label class="flex gap-2.5 items-start cursor-pointer py-2.5">
                    <input
                        type="checkbox"
                        class="checkbox checkbox-sm mt-0.5 border-control rounded-selector"
                        name="mails"
                        value=topic.code()
                        checked=is_chosen(topic)
                    />
                    <span class="min-w-0">
                        <span class="block">{move || topic_text(i18n.get_locale(), topic)}</span>
                        <span class="block text-sm text-muted">{move || topic_note(i18n.get_locale(), topic)}</span>
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="panel p-5">
            <legend class="sr-only">{t!(i18n, notifications.mails)}</legend>
            <h2 class="h2" aria-hidden="true">{t!(i18n, notifications.mails)}</h2>
            <p class="text-sm text-muted mt-1 mb-2">{move || to.get()}</p>
            <div class="divide-y divide-line">{boxes}</div>
        </fieldset>
    }
}

/// What is always sent, and why.
#[component]
fn Always() -> impl IntoView {
    let i18n = use_i18n();
    let lines = [
        Signal::derive(move || t_string!(i18n, notifications.always_payments)),
        Signal::derive(move || t_string!(i18n, notifications.always_declined)),
        Signal::derive(move || t_string!(i18n, notifications.always_refunds)),
        Signal::derive(move || t_string!(i18n, notifications.always_prices)),
        Signal::derive(move || t_string!(i18n, notifications.always_security)),
        Signal::derive(move || t_string!(i18n, notifications.always_off)),
    ];
    let lines = lines.into_iter().map(|line| {
        view! { <li class="flex gap-2 py-2">{icon(Icon::Lock, 16)}<span class="min-w-0">{move || line.get()}</span></li> }
    });
    view! {
        <aside aria-labelledby="aw" class="grid gap-2">
            <h2 id="aw" class="h2">{t!(i18n, notifications.always)}</h2>
            <p class="text-sm text-muted">{t!(i18n, notifications.always_note)}</p>
            <ul class="divide-y divide-line" data-testid="always">{lines.collect_view()}</ul>
            <p class="text-sm text-muted">
                {t!(i18n, notifications.programs)} " "
                <a class="link-q" href="/developers/webhooks">{t!(i18n, webhooks.title)}</a>
            </p>
        </aside>
    }
}
