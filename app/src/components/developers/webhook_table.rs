//! Outgoing webhooks: endpoints, the secret just made, the delivery log, one message.

use leptos::prelude::*;
use uuid::Uuid;
use wallet::notify::webhook::{
    Attempt, Delivery, DeliveryDetail, DeliveryPage, DeliveryState, Endpoint, OFF_FAILING, OFF_GONE,
};

use crate::components::ui::panel::{EmptyState, PagedTable};
use crate::i18n::*;
use crate::text::amount::credits_text;
use crate::text::date_time::{When, WhenStyle};
use crate::text::event::event_words;

/// What the page's forms and links have in common.
#[derive(Clone, Copy, Debug)]
pub struct WebhookContext {
    /// Whether the page is about the preview wallet.
    pub preview: bool,
    /// Makes a second submit of the same form do nothing new.
    pub form_key: Uuid,
    /// Whether this person may change endpoints.
    pub may_manage: bool,
}

impl WebhookContext {
    const fn environment(self) -> &'static str {
        if self.preview { "preview" } else { "production" }
    }

    /// The address of the page with more in its query.
    #[must_use]
    pub fn href(self, more: &str) -> String {
        format!("/developers/webhooks?environment={}{more}", self.environment())
    }
}

/// The fields that every form here has.
#[component]
pub fn WebhookFields(
    /// What they say.
    context: WebhookContext,
) -> impl IntoView {
    view! {
        <input type="hidden" name="environment" value=context.environment() />
        <input type="hidden" name="idempotency_key" value=context.form_key.to_string() />
    }
}

/// The endpoints.
#[component]
pub fn EndpointList(
    /// Oldest first.
    endpoints: Vec<Endpoint>,
    /// What the forms say.
    context: WebhookContext,
) -> impl IntoView {
    let i18n = use_i18n();
    if endpoints.is_empty() {
        return view! {
            <EmptyState title=move || t_string!(i18n, webhooks.none) note=move || t_string!(i18n, webhooks.none_note) />
        }
        .into_any();
    }
    let rows = endpoints.into_iter().map(|one| view! { <EndpointRow endpoint=one context=context /> }).collect_view();
    view! { <ul class="grid gap-3">{rows}</ul> }.into_any()
}

/// One endpoint, and what can be done with it.
#[component]
fn EndpointRow(endpoint: Endpoint, context: WebhookContext) -> impl IntoView {
    let i18n = use_i18n();
    let path = format!("/developers/webhooks/{}", endpoint.id);
    let is_on = endpoint.disabled.is_none();
    let log = context.href(&format!("&endpoint={}#log", endpoint.id));
    let events = endpoint.events.iter().map(|kind| view! { <span class="tag font-mono">{kind.code()}</span> });
    let events = events.collect_view();
    let why = endpoint.disabled.map(|(_, why)| why);
    let failing = endpoint.failing_since.filter(|_| is_on);
    let old = endpoint.old_secret_until;
    let action = move |act: &str, class: &'static str, words: AnyView| {
        view! {
            <form method="post" action=format!("{path}/{act}")>
                <WebhookFields context=context />
                <button class=class>{words}</button>
            </form>
        }
    };
    let buttons = context.may_manage.then(|| {
        let rotate = action("rotate", "btn btn-plain btn-sm", view! { {t!(i18n, webhooks.rotate_now)} }.into_any());
        let remove = action("remove", "btn btn-danger btn-sm", view! { {t!(i18n, webhooks.remove_now)} }.into_any());
        view! {
            {if is_on {
                action("test", "btn btn-plain btn-sm", view! { {t!(i18n, webhooks.test)} }.into_any()).into_any()
            } else {
                action("enable", "btn btn-primary btn-sm", view! { {t!(i18n, webhooks.enable)} }.into_any()).into_any()
            }}
            <details class="relative inline-block" data-menu>
                <summary class="btn btn-quiet btn-sm list-none">{t!(i18n, webhooks.rotate)}</summary>
                <div class="panel absolute right-0 z-20 mt-1 w-64 p-3 grid gap-2 shadow-lg">
                    <p class="text-sm">{t!(i18n, webhooks.rotate_note)}</p>
                    {rotate}
                </div>
            </details>
            <details class="relative inline-block" data-menu>
                <summary class="btn btn-quiet btn-sm list-none">{t!(i18n, webhooks.remove)}</summary>
                <div class="panel absolute right-0 z-20 mt-1 w-64 p-3 grid gap-2 shadow-lg">
                    <p class="text-sm">{t!(i18n, webhooks.remove_note)}</p>
                    {remove}
                </div>
            </details>
        }
    });
    view! {
        <li class="panel p-4 flex flex-wrap items-start gap-x-4 gap-y-3" data-endpoint=endpoint.id.to_string()>
            <div class="flex-1 min-w-[240px]">
                <p class="font-mono break-all">{endpoint.url}</p>
                {(!endpoint.description.is_empty()).then(|| view! { <p class="text-sm text-muted">{endpoint.description}</p> })}
                <p class="flex flex-wrap gap-1 mt-2">
                    {endpoint.is_slack.then(|| view! { <span class="tag tag-ok">{t!(i18n, webhooks.slack_tag)}</span> })} {events}
                </p>
                {why
                    .map(|why| {
                        let why = move || why_words(i18n.get_locale(), &why);
                        view! { <p class="text-sm text-error mt-2">{t!(i18n, webhooks.off)}" "{why}</p> }
                    })}
                {failing
                    .map(|since| {
                        view! {
                            <p class="text-sm text-error mt-2">
                                {t!(i18n, webhooks.failing_since)}" "<When at=since style=WhenStyle::DateTime />". "
                                {t!(i18n, webhooks.failing_note)}
                            </p>
                        }
                    })}
                {old
                    .map(|until| {
                        view! {
                            <p class="text-sm text-muted mt-2">
                                {t!(i18n, webhooks.old_until)}" "<When at=until style=WhenStyle::DateTime />
                            </p>
                        }
                    })}
            </div>
            <div class="flex flex-wrap gap-2 items-center">
                <a class="btn btn-quiet btn-sm" href=log>{t!(i18n, webhooks.log)}</a>
                {buttons}
            </div>
        </li>
    }
}

/// Why an endpoint is off, in the reader's language.
fn why_words(locale: Locale, why: &str) -> String {
    match why {
        OFF_GONE => td_string!(locale, webhooks.off_gone).to_owned(),
        OFF_FAILING => td_string!(locale, webhooks.off_failing).to_owned(),
        why => why.to_owned(),
    }
}

fn state_words(locale: Locale, state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => td_string!(locale, webhooks.queued),
        DeliveryState::Delivered => td_string!(locale, webhooks.delivered),
        DeliveryState::Failed => td_string!(locale, webhooks.failed),
    }
}

const fn state_class(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => "tag",
        DeliveryState::Delivered => "tag tag-ok",
        DeliveryState::Failed => "tag tag-err",
    }
}

/// The delivery log.
#[component]
pub fn DeliveryLog(
    /// A page of it.
    log: DeliveryPage,
    /// Only of this endpoint.
    endpoint: Option<Uuid>,
    /// What the links say.
    context: WebhookContext,
) -> impl IntoView {
    let i18n = use_i18n();
    let of = endpoint.map(|id| format!("&endpoint={id}")).unwrap_or_default();
    let next = log.next.map(|next| context.href(&format!("{of}&before={next}#log")));
    let rows = log.deliveries.into_iter().map(|delivery| {
        let href = context.href(&format!("{of}&delivery={}#delivery", delivery.id));
        view! { <DeliveryRow delivery=delivery href=href /> }.into_any()
    });
    let rows = rows.collect();
    view! {
        <section id="log" aria-labelledby="lh" class="mt-8 scroll-mt-20">
            <div class="flex flex-wrap items-center gap-3 mb-2">
                <h2 id="lh" class="h2">{t!(i18n, webhooks.log)}</h2>
                <a class="link-q" href=context.href("#log")>{t!(i18n, webhooks.refresh)}</a>
                {endpoint.map(|_| view! { <a class="link-q" href=context.href("#log")>{t!(i18n, webhooks.all)}</a> })}
            </div>
            <PagedTable
                name=move || t_string!(i18n, webhooks.log)
                head=view! {
                    <th scope="col">{t!(i18n, webhooks.event)}</th>
                    <th scope="col">{t!(i18n, webhooks.state)}</th>
                    <th scope="col" class="r hidden sm:table-cell">{t!(i18n, webhooks.tries)}</th>
                    <th scope="col" class="r hidden sm:table-cell">{t!(i18n, webhooks.answer)}</th>
                    <th scope="col" class="hidden md:table-cell">{t!(i18n, webhooks.at)}</th>
                }
                rows=rows
                older=next
                empty=view! { <p class="text-muted">{t!(i18n, webhooks.no_log)}</p> }
            />
        </section>
    }
}

/// One message of the log.
#[component]
fn DeliveryRow(delivery: Delivery, href: String) -> impl IntoView {
    let i18n = use_i18n();
    let (state, tries, at) = (delivery.state, delivery.tries, delivery.created_at);
    let status = delivery.last_status.map_or_else(|| "—".to_owned(), |status| status.to_string());
    view! {
        <tr class="hot">
            <th scope="row" class="!text-left">
                <a class="font-mono hover:underline underline-offset-4 break-all" href=href>{delivery.event.code()}</a>
                {delivery.replay_of.map(|_| view! { " " <span class="tag">{t!(i18n, webhooks.replay_of)}</span> })}
                <span class="md:hidden block text-sm text-muted font-normal num"><When at=at style=WhenStyle::DateTime /></span>
            </th>
            <td><span class=state_class(state)>{move || state_words(i18n.get_locale(), state)}</span></td>
            <td class="r num hidden sm:table-cell">{tries}</td>
            <td class="r num hidden sm:table-cell">{status}</td>
            <td class="num hidden md:table-cell text-muted"><When at=at style=WhenStyle::DateTime /></td>
        </tr>
    }
}

/// One message: what it says, every try, and the way to send it again.
#[component]
pub fn DeliveryPanel(
    /// The message.
    detail: DeliveryDetail,
    /// What the form says.
    context: WebhookContext,
) -> impl IntoView {
    let i18n = use_i18n();
    let delivery = detail.delivery;
    let (state, event) = (delivery.state, delivery.event);
    let next = (state == DeliveryState::Queued).then_some(delivery.due_at);
    let tries = detail.attempts.into_iter().map(|attempt| view! { <AttemptRow attempt=attempt /> }).collect_view();
    view! {
        <section id="delivery" aria-labelledby="dh" class="panel p-5 mt-8 scroll-mt-20">
            <div class="flex flex-wrap items-center gap-3">
                <h2 id="dh" class="h2 flex-1 min-w-[200px]">{move || event_words(i18n.get_locale(), event)}</h2>
                <span class=state_class(state)>{move || state_words(i18n.get_locale(), state)}</span>
                {context
                    .may_manage
                    .then(|| {
                        view! {
                            <form method="post" action=format!("/developers/webhooks/deliveries/{}/replay", delivery.id)>
                                <WebhookFields context=context />
                                <button class="btn btn-primary btn-sm">{t!(i18n, webhooks.replay)}</button>
                            </form>
                        }
                    })}
            </div>
            <p class="text-sm text-muted mt-1 font-mono break-all">{delivery.id.to_string()}</p>
            {next
                .map(|next| {
                    view! {
                        <p class="text-sm text-muted mt-1">
                            {t!(i18n, webhooks.next_try)}" "<When at=next style=WhenStyle::DateTime />
                        </p>
                    }
                })}
            <ol class="mt-3">{tries}</ol>
            <pre class="code p-3 mt-3 text-xs leading-5 overflow-x-auto whitespace-pre-wrap break-all" tabindex="0">{pretty(&detail.payload)}</pre>
        </section>
    }
}

/// One try.
#[component]
fn AttemptRow(attempt: Attempt) -> impl IntoView {
    let i18n = use_i18n();
    let is_good = attempt.status.is_some_and(|status| (200..300).contains(&status));
    let status = attempt.status.map_or_else(|| "—".to_owned(), |status| status.to_string());
    let millis = i64::from(attempt.millis);
    let at = attempt.at;
    view! {
        <li class="flex flex-wrap gap-x-4 gap-y-1 py-1.5 border-b border-line last:border-0">
            <span class=if is_good { "num font-semibold text-primary" } else { "num font-semibold text-error" }>{status}</span>
            <span class="num text-muted"><When at=at style=WhenStyle::DateTime /></span>
            <span class="num text-muted">
                {move || {
                    let amount = wallet::money::Credits::from_whole(millis).unwrap_or_default();
                    format!("{}\u{a0}{}", credits_text(i18n.get_locale(), amount), t_string!(i18n, webhooks.millis))
                }}
            </span>
            <span class="basis-full text-sm break-all">{attempt.note}</span>
        </li>
    }
}

/// Writes JSON for people; what is none stays as it is.
fn pretty(payload: &str) -> String {
    serde_json::from_str::<serde_json::Value>(payload)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| payload.to_owned())
}
