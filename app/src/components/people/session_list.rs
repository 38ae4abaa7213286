//! A person's sessions, and what happened to the sign-in.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use serde_json::Value;
use wallet::identity::{AuditRow, Device, SessionView};

use crate::components::ui::icon::{Icon, icon};
use crate::i18n::*;
use crate::text::audit_labels::action_words;
use crate::text::date_time::{When, WhenStyle};

/// A session that was used within so many minutes is in use.
const ACTIVE_MINUTES: i64 = 3;

/// Says in words on what machine something happened.
fn device_words(locale: Locale, device: &Device) -> String {
    match (&device.browser, &device.system) {
        (Some(browser), Some(system)) => {
            td_string!(locale, security.device_on, browser = browser.clone(), system = system.clone())
        }
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => td_string!(locale, security.unknown_device).to_owned(),
    }
}

/// The sessions, each with the way to end it.
#[component]
pub fn SessionList(
    /// The sessions, the one that was used last first.
    sessions: Vec<SessionView>,
    /// When the page was drawn.
    now: DateTime<Utc>,
) -> impl IntoView {
    let rows = sessions.into_iter().map(|session| view! { <SessionRow session=session now=now /> }).collect_view();
    view! { <ul class="panel divide-y divide-line">{rows}</ul> }
}

/// One session.
#[component]
fn SessionRow(session: SessionView, now: DateTime<Utc>) -> impl IntoView {
    let i18n = use_i18n();
    let SessionView { id, device, address, last_used_at, is_this, .. } = session;
    let image = if device.is_mobile { Icon::Phone } else { Icon::Laptop };
    let is_active = is_this || (now - last_used_at).num_minutes() < ACTIVE_MINUTES;
    let named = device.clone();
    let label = move || t_string!(i18n, security.end_named, device = device_words(i18n.get_locale(), &named));
    let used = if is_active {
        view! { <span>{t!(i18n, security.now)}</span> }.into_any()
    } else {
        view! { <span>{t!(i18n, security.last)} " " <When at=last_used_at style=WhenStyle::DateTime /></span> }
            .into_any()
    };
    view! {
        <li class="flex items-center gap-3 px-4 py-3">
            <span class="text-muted">{icon(image, 18)}</span>
            <div class="min-w-0 flex-1">
                <p class="font-medium">
                    {move || device_words(i18n.get_locale(), &device)} " "
                    {is_this.then(|| view! { <span class="tag">{t!(i18n, security.this)}</span> })}
                </p>
                <p class="text-sm text-muted num break-words">
                    {address.map(|address| view! { <span>{address}". "</span> })} {used}
                </p>
            </div>
            {(!is_this)
                .then(|| {
                    view! {
                        <form method="post" action=format!("/settings/security/sessions/{id}/end")>
                            <button class="btn btn-quiet btn-sm" aria-label=label>{t!(i18n, security.end)}</button>
                        </form>
                    }
                })}
        </li>
    }
}

/// What happened to the sign-in, newest first.
#[component]
pub fn SecurityEvents(
    /// The rows of the audit log.
    events: Vec<AuditRow>,
) -> impl IntoView {
    let i18n = use_i18n();
    if events.is_empty() {
        return view! { <p class="text-muted">{t!(i18n, security.none)}</p> }.into_any();
    }
    let rows = events.into_iter().map(|event| view! { <EventRow event=event /> }).collect_view();
    view! { <ul class="divide-y divide-line border-y border-line">{rows}</ul> }.into_any()
}

/// One event.
#[component]
fn EventRow(event: AuditRow) -> impl IntoView {
    let i18n = use_i18n();
    let AuditRow { at, action, after, .. } = event;
    let is_bad = matches!(action.as_str(), "sign_in.failed" | "access.refused");
    let text = |name: &str| after.get(name).and_then(Value::as_str).map(str::to_owned);
    let device = Device { browser: text("browser"), system: text("system"), is_mobile: false };
    let has_device = device.browser.is_some() || device.system.is_some();
    let address = text("address");
    let times = after.get("times").and_then(Value::as_u64);
    let detail = move || {
        let locale = i18n.get_locale();
        let device = has_device.then(|| device_words(locale, &device));
        let times = times.map(|count| td_string!(locale, security.times, count = count.to_string()));
        [device, address.clone(), times].into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    view! {
        <li class="grid grid-cols-[132px_minmax(0,1fr)] gap-3 py-3">
            <span class="text-sm text-muted num"><When at=at style=WhenStyle::DateTime /></span>
            <span class="min-w-0">
                <span class=if is_bad { "block text-error" } else { "block" }>
                    {move || action_words(i18n.get_locale(), &action)}
                </span>
                <span class="block text-sm text-muted break-words">{detail}</span>
            </span>
        </li>
    }
}
