//! `/developers/keys`: make a key, see it once, take it back.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::identity::KeyScope;
use wallet::ledger::BalanceView;

use crate::components::developers::key_table::KeyTable;
use crate::components::developers::secret_panel::SecretPanel;
use crate::components::ui::field::Field;
use crate::components::ui::panel::EmptyState;
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::keys::{KeysPage as Page, load_keys_page};
use crate::i18n::*;
use crate::text::amount::{credits_text, unit_text};
use crate::text::refusal::FormErrors;

/// The page of API keys.
#[component]
pub fn KeysPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = Resource::new_blocking(|| (), |()| load_keys_page());
    view! {
        <DataPage
            active=Nav::Keys
            title=move || t_string!(i18n, keys.title)
            note=move || t_string!(i18n, keys.note)
            actions=move || view! { <a class="btn btn-primary" href="#new-key">{t!(i18n, keys.create)}</a> }
            data=page
            let:page
        >
            <KeysContent page=page />
        </DataPage>
    }
}

/// The page once its keys are there.
#[component]
fn KeysContent(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let is_empty = page.keys.is_empty();
    // Of the two forms, the one that moves credits says where to.
    let is_move = page.outcome.value("to").is_some();
    let (moving, outcome) = match is_move {
        true => (page.outcome, FormOutcome::default()),
        false => (FormOutcome::default(), page.outcome),
    };
    let move_form = page.may_pay.then_some((moving, page.move_key));
    let created = page.created.map(|created| (created.key.name, created.secret));
    let secret = created.as_ref().map(|(_, secret)| secret.clone());
    view! {
        <div class="grid lg:grid-cols-2 gap-5 items-start">
            <EnvironmentPanel is_preview=false balance=page.production />
            <EnvironmentPanel is_preview=true balance=page.preview>
                {move_form.map(|(outcome, key)| view! { <MoveForm outcome=outcome key=key.to_string() /> })}
            </EnvironmentPanel>
        </div>
        {created
            .map(|(name, secret)| {
                view! {
                    <SecretPanel
                        margin="mt-5"
                        title=move || t_string!(i18n, keys.ready, name = name.clone())
                        secret=secret
                        testid="new-key"
                        copy=t_string!(i18n, keys.copy)
                        back="/developers/keys"
                    />
                }
            })}
        <section aria-labelledby="kh" class="mt-8">
            <h2 id="kh" class="h2 mb-2">{t!(i18n, keys.keys)}</h2>
            {if is_empty {
                view! {
                    <EmptyState title=move || t_string!(i18n, keys.none) note=move || t_string!(i18n, keys.none_note) />
                }
                    .into_any()
            } else {
                view! { <KeyTable keys=page.keys now=page.now may_manage=page.may_manage /> }.into_any()
            }}
        </section>
        <div class="grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)] gap-5 mt-8 items-start">
            {page.may_manage.then(|| view! { <NewKeyForm outcome=outcome secret=page.form_secret /> })}
            <Samples public_url=page.public_url operation=page.sample_operation secret=secret />
        </div>
    }
}

/// One environment and what its wallet holds.
#[component]
fn EnvironmentPanel(
    is_preview: bool,
    balance: BalanceView,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let i18n = use_i18n();
    let available = balance.available;
    let name = move || {
        if is_preview {
            t_string!(i18n, keys.preview_environment)
        } else {
            t_string!(i18n, keys.production_environment)
        }
    };
    view! {
        <section class="panel p-5" aria-label=name>
            <div class="flex items-center gap-2">
                <h2 class="h2">{name}</h2>
                <span class="tag">
                    {move || if is_preview { t_string!(i18n, keys.own_wallet) } else { t_string!(i18n, keys.main_wallet) }}
                </span>
            </div>
            <p class="mt-2 num">
                <span class="fig text-2xl mr-1">{move || credits_text(i18n.get_locale(), available)}</span>
                " "
                <span class="text-muted">
                    {move || unit_text(i18n.get_locale(), available)}" "{t!(i18n, keys.available)}
                </span>
            </p>
            <p class="text-sm text-muted mt-2">
                {move || if is_preview { t_string!(i18n, keys.preview_note) } else { t_string!(i18n, keys.production_note) }}
            </p>
            {children.map(|children| children())}
        </section>
    }
}

/// Fills the preview wallet from production, or gives back what it does not need.
#[component]
fn MoveForm(outcome: FormOutcome, key: String) -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let is_moved = move || address.with(|map| map.get_str("done") == Some("moved"));
    view! {
        <form method="post" action="/developers/keys/move" class="mt-4 border-t border-base-300 pt-4" data-once>
            <input type="hidden" name="idempotency_key" value=key />
            {match outcome.notice.as_deref() {
                Some("out_of_credits") => {
                    view! { <p role="alert" class="mb-2 text-error">{t!(i18n, keys.move_short)}</p> }.into_any()
                }
                _ => view! { <FormErrors outcome=outcome.clone() shown=&["amount"] /> }.into_any(),
            }}
            {move || is_moved().then(|| view! { <p role="status" class="mb-2">{t!(i18n, keys.moved)}</p> })}
            <Field
                name="amount"
                label=move || t_string!(i18n, keys.move_amount)
                hint=move || t_string!(i18n, keys.move_hint)
                outcome=outcome
            />
            <div class="flex flex-wrap gap-2 mt-3">
                <button class="btn" name="to" value="preview">{t!(i18n, keys.move_to_preview)}</button>
                <button class="btn" name="to" value="production">{t!(i18n, keys.move_to_production)}</button>
                <a class="btn btn-ghost" href="/wallet/top-up?environment=preview">{t!(i18n, keys.top_up_preview)}</a>
            </div>
        </form>
    }
}

/// The form for a new key.
#[component]
fn NewKeyForm(outcome: FormOutcome, secret: String) -> impl IntoView {
    let i18n = use_i18n();
    let typed = |name: &str| outcome.value(name).unwrap_or_default();
    let is_preview = typed("environment") == "preview";
    let chosen = typed("scopes");
    let scopes = KeyScope::ALL
        .into_iter()
        .map(|scope| {
            let is_chosen = chosen.split([',', ' ']).any(|one| one == scope.code());
            view! {
                <label class="flex gap-2.5 items-start cursor-pointer">
                    <input type="checkbox" class="checkbox mt-0.5" name="scopes" value=scope.code() checked=is_chosen />
                    <span>
                        <span class="block">{move || scope_words(i18n.get_locale(), scope)}</span>
                        <span class="text-sm text-muted font-mono">{scope.code()}</span>
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <section id="new-key" aria-labelledby="nk" class="panel p-5 scroll-mt-20">
            <h2 id="nk" class="h2">{t!(i18n, keys.create)}</h2>
            <form method="post" action="/developers/keys" class="mt-3 grid gap-4">
                <input type="hidden" name="idempotency_key" value=secret />
                <FormErrors outcome=outcome.clone() />
                <Field
                    name="name"
                    label=move || t_string!(i18n, keys.name)
                    hint=move || t_string!(i18n, keys.name_hint)
                    outcome=outcome.clone()
                />
                <fieldset>
                    <legend class="block text-sm font-medium mb-1">{t!(i18n, keys.environment)}</legend>
                    <div class="seg">
                        <label>
                            <input type="radio" name="environment" value="production" checked=!is_preview />
                            {t!(i18n, keys.production)}
                        </label>
                        <label>
                            <input type="radio" name="environment" value="preview" checked=is_preview />
                            {t!(i18n, keys.preview)}
                        </label>
                    </div>
                </fieldset>
                <fieldset>
                    <legend class="block text-sm font-medium mb-1">{t!(i18n, keys.scopes)}</legend>
                    <p class="text-sm text-muted mb-2">{t!(i18n, keys.scopes_hint)}</p>
                    <div class="grid sm:grid-cols-2 gap-2.5">{scopes}</div>
                </fieldset>
                <div>
                    <button class="btn btn-primary">{t!(i18n, keys.create)}</button>
                </div>
            </form>
        </section>
    }
}

/// Says what a scope allows.
fn scope_words(locale: Locale, scope: KeyScope) -> &'static str {
    match scope {
        KeyScope::BalanceRead => td_string!(locale, keys.scope_balance),
        KeyScope::LedgerRead => td_string!(locale, keys.scope_ledger),
        KeyScope::ChargesWrite => td_string!(locale, keys.scope_charges),
        KeyScope::HoldsWrite => td_string!(locale, keys.scope_holds),
        KeyScope::BudgetsWrite => td_string!(locale, keys.scope_budgets),
        KeyScope::TopUpsWrite => td_string!(locale, keys.scope_top_ups),
        KeyScope::WebhooksRead => td_string!(locale, keys.scope_webhooks_read),
        KeyScope::WebhooksWrite => td_string!(locale, keys.scope_webhooks),
    }
}

/// Three requests to copy, with this deployment's address.
#[component]
fn Samples(public_url: String, operation: String, secret: Option<String>) -> impl IntoView {
    let i18n = use_i18n();
    let key = secret.unwrap_or_else(|| "$SCRIP_KEY".to_owned());
    let auth = format!("-H \"Authorization: Bearer {key}\"");
    let body = if operation == "dall-e-3" { r#"{"params":{"size":"1792x1024","quality":"hd"}}"# } else { "{}" };
    let charge = if operation == "dall-e-3" {
        r#"{"operation":"dall-e-3","params":{"size":"1792x1024","quality":"hd"}}"#.to_owned()
    } else {
        format!(r#"{{"operation":"{operation}"}}"#)
    };
    let json = "-H \"Content-Type: application/json\"";
    let lines = [
        format!("curl {public_url}/api/v2/balance \\\n  {auth}"),
        format!(
            "curl {public_url}/api/v2/models/{operation}/calculate-price \\\n  {auth} \\\n  {json} \\\n  -d '{body}'"
        ),
        format!(
            "curl {public_url}/api/v2/charges \\\n  {auth} \\\n  {json} \\\n  -H \"Idempotency-Key: $(uuidgen)\" \\\n  -d '{charge}'"
        ),
    ];
    let blocks = lines
        .into_iter()
        .map(|line| {
            let copied = line.clone();
            view! {
                <li class="relative">
                    <pre class="code p-3 pr-20 text-xs leading-5 overflow-x-auto" tabindex="0">{line}</pre>
                    <button
                        type="button"
                        class="btn btn-quiet btn-sm !bg-base-200 needs-script absolute right-1 top-1"
                        data-copy=copied
                        data-copied=t_string!(i18n, keys.copied)
                    >
                        {t!(i18n, keys.copy_line)}
                    </button>
                </li>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="try" class="panel p-5 min-w-0">
            <h2 id="try" class="h2">{t!(i18n, keys.samples)}</h2>
            <p class="text-muted mt-1">{t!(i18n, keys.samples_note)}</p>
            <ul class="grid grid-cols-[minmax(0,1fr)] gap-3 mt-3">{blocks}</ul>
            <p class="text-sm text-muted mt-3">
                {t!(i18n, keys.platform_note)} " " <a class="link-q" href="/docs/api">"/docs/api"</a>
            </p>
        </section>
    }
}
