//! `/developers/webhooks`: where programs hear of events, and what was sent to them.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::notify::webhook::EventKind;

use crate::components::developers::secret_panel::SecretPanel;
use crate::components::developers::webhook_table::{
    DeliveryLog, DeliveryPanel, EndpointList, WebhookContext, WebhookFields,
};
use crate::components::ui::field::Field;
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::webhooks::{WebhooksPage as Page, WebhooksQuery, load_webhooks_page};
use crate::i18n::*;
use crate::text::event::event_words;
use crate::text::refusal::{FormErrors, field_error_text};

/// The page of webhooks.
#[component]
pub fn WebhooksPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let query = Memo::new(move |_| {
        address.with(|map| {
            let id = |name| map.get_str(name).and_then(|text| text.parse().ok());
            WebhooksQuery {
                preview: map.get_str("environment") == Some("preview"),
                endpoint: id("endpoint"),
                delivery: id("delivery"),
                before: id("before"),
            }
        })
    });
    let page = Resource::new_blocking(move || query.get(), load_webhooks_page);
    view! {
        <DataPage
            active=Nav::Webhooks
            title=move || t_string!(i18n, webhooks.title)
            note=move || t_string!(i18n, webhooks.note)
            actions=move || view! { <a class="btn btn-primary" href="#new-endpoint">{t!(i18n, webhooks.create)}</a> }
            data=page
            let:page
        >
            <WebhooksContent page=page />
        </DataPage>
    }
}

/// The page once its endpoints are there.
#[component]
fn WebhooksContent(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let preview = page.query.preview;
    let context = WebhookContext { preview, form_key: page.form_key, may_manage: page.may_manage };
    // A refused form for a new endpoint says so beside its fields; any other above the list.
    let is_new = page.outcome.path == "/developers/webhooks";
    let (of_new, of_other) =
        if is_new { (page.outcome, FormOutcome::default()) } else { (FormOutcome::default(), page.outcome) };
    let current = move |is_preview: bool| (is_preview == preview).then_some("true");
    view! {
        <nav class="seg mb-4" aria-label=move || t_string!(i18n, keys.environment)>
            <a href="/developers/webhooks" aria-current=current(false)>{t!(i18n, keys.production)}</a>
            <a href="/developers/webhooks?environment=preview" aria-current=current(true)>{t!(i18n, keys.preview)}</a>
        </nav>
        <FormErrors outcome=of_other />
        {page
            .created
            .map(|created| {
                view! {
                    <SecretPanel
                        margin="mb-5"
                        title=move || t_string!(i18n, webhooks.secret_ready)
                        detail=created.endpoint.url
                        secret=created.secret
                        testid="new-secret"
                        copy=t_string!(i18n, webhooks.copy)
                        back=context.href("")
                    />
                }
            })}
        <EndpointList endpoints=page.endpoints context=context />
        {page.detail.map(|detail| view! { <DeliveryPanel detail=detail context=context /> })}
        <DeliveryLog log=page.log endpoint=page.query.endpoint context=context />
        {page.may_manage.then(|| view! { <NewEndpointForm outcome=of_new context=context /> })}
    }
}

/// The form for a new endpoint.
#[component]
fn NewEndpointForm(outcome: FormOutcome, context: WebhookContext) -> impl IntoView {
    let i18n = use_i18n();
    let chosen = outcome.value("events").unwrap_or_default();
    let wrong = outcome.error("events").cloned();
    let is_slack = outcome.value("slack").as_deref() == Some("yes");
    let events = EventKind::ALL
        .into_iter()
        .map(|kind| {
            let is_chosen = chosen.split(',').any(|one| one == kind.code());
            view! {
                <label class="flex gap-2.5 items-start cursor-pointer">
                    <input type="checkbox" class="checkbox mt-0.5" name="events" value=kind.code() checked=is_chosen />
                    <span>
                        <span class="block">{move || event_words(i18n.get_locale(), kind)}</span>
                        <span class="text-sm text-muted font-mono break-all">{kind.code()}</span>
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <section id="new-endpoint" aria-labelledby="ne" class="panel p-5 mt-8 scroll-mt-20 max-w-[760px]">
            <h2 id="ne" class="h2">{t!(i18n, webhooks.create)}</h2>
            <p class="text-muted mt-1">{t!(i18n, webhooks.create_note)}</p>
            <form method="post" action="/developers/webhooks" class="mt-3 grid gap-4">
                <FormErrors outcome=outcome.clone() shown=&["url", "description", "events"] />
                <WebhookFields context=context />
                <Field
                    name="url"
                    kind="url"
                    label=move || t_string!(i18n, webhooks.url)
                    hint=move || t_string!(i18n, webhooks.url_hint)
                    outcome=outcome.clone()
                />
                <Field name="description" label=move || t_string!(i18n, webhooks.description) outcome=outcome.clone() />
                <fieldset>
                    <legend class="block text-sm font-medium mb-2">{t!(i18n, webhooks.events)}</legend>
                    <div class="grid sm:grid-cols-2 gap-2.5">{events}</div>
                    {wrong
                        .map(|error| {
                            view! { <p class="text-sm text-error mt-1" role="alert">{move || field_error_text(i18n.get_locale(), &error)}</p> }
                        })}
                </fieldset>
                <label class="flex gap-2.5 items-start cursor-pointer">
                    <input type="checkbox" class="checkbox mt-0.5" name="slack" value="yes" checked=is_slack />
                    <span>
                        <span class="block">{t!(i18n, webhooks.slack)}</span>
                        <span class="block text-sm text-muted">{t!(i18n, webhooks.slack_note)}</span>
                    </span>
                </label>
                <div>
                    <button class="btn btn-primary">{t!(i18n, webhooks.create)}</button>
                </div>
            </form>
        </section>
    }
}
