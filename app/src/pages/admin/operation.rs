//! `/admin/tariffs/{n}/operations`: one operation of a draft, to add or to change whole.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::catalog::{OperationForm, RULE_KINDS};
use wallet::tariff::{Category, RuleFields};

use crate::components::tariff_editor::draft_page::{DraftHead, DraftPage, use_version};
use crate::components::tariff_editor::rule_form::RuleForm;
use crate::components::ui::field::{Field, TextArea};
use crate::context::{FieldError, FormOutcome};
use crate::data::tariffs::{OperationPage as PageData, load_operation};
use crate::i18n::*;
use crate::text::category::category_name;
use crate::text::import_error::import_error_text;
use crate::text::refusal::field_error_text;

/// The page of one operation: `?code=` changes one, `?rule=` starts from another rule.
#[component]
pub fn OperationPage() -> impl IntoView {
    let i18n = use_i18n();
    let (version, address) = (use_version(), use_query_map());
    let wanted = Memo::new(move |_| {
        let text = |name: &str| address.with(|map| map.get_str(name).map(str::to_owned));
        (version.get(), text("code"), text("rule"))
    });
    let page =
        Resource::new_blocking(move || wanted.get(), |(version, code, rule)| load_operation(version, code, rule));
    view! {
        <DraftPage title=move || t_string!(i18n, operation.title) data=page let:page>
            <Operation page=page />
        </DraftPage>
    }
}

/// The form.
#[component]
fn Operation(page: PageData) -> impl IntoView {
    let i18n = use_i18n();
    let back = format!("/admin/tariffs/{}", page.version);
    let is_known = page.is_known;
    let name = page.form.name.clone();
    let heading = move || if is_known { name.clone() } else { t_string!(i18n, operation.add).to_owned() };
    let outcome = with_form(&page);
    let (version, operation) = (page.version, page.form.operation.clone());
    // The fields of the rule say themselves what is wrong with them.
    let mut about_all = page.outcome.clone();
    about_all.errors.retain(|error| !RuleFields::holds(&error.field));
    view! {
        <div class="max-w-[680px] mx-auto">
            <DraftHead title=heading back=back.clone() edits=page.edits.clone() outcome=about_all shown=SHOWN />
            <RuleKinds version=version code=operation.clone() is_known=is_known kind=page.form.kind.clone() />
            <form method="post" action=format!("{back}/operations") class="panel p-5 grid gap-4">
                // What Enter does: the form's other buttons change rows.
                <button class="sr-only" tabindex="-1" aria-hidden="true"></button>
                <input type="hidden" name="revision" value=page.revision.to_string() />
                <input type="hidden" name="kind" value=page.form.kind.clone() />
                <input type="hidden" name="replaces" value=if is_known { "yes" } else { "no" } />
                <Words page=page.clone() outcome=outcome.clone() />
                <Prices form=page.form.clone() operations=page.operations outcome=outcome.clone() />
                <PlanRequirements gates=page.form.gates plans=page.plans outcome=outcome />
                <div class="flex flex-wrap gap-2">
                    <button class="btn btn-primary">
                        {move || if is_known { t_string!(i18n, operation.save) } else { t_string!(i18n, operation.add) }}
                    </button>
                    <a href=back.clone() class="btn btn-quiet">{t!(i18n, operation.cancel)}</a>
                </div>
            </form>
            {is_known
                .then(|| {
                    view! {
                        <form method="post" action=format!("{back}/remove") class="mt-4 flex flex-wrap items-center gap-3">
                            <input type="hidden" name="revision" value=page.revision.to_string() />
                            <input type="hidden" name="operation" value=operation />
                            <button class="btn btn-plain">{t!(i18n, operation.remove)}</button>
                            <span class="text-sm text-muted flex-1 basis-60">{t!(i18n, operation.remove_note)}</span>
                        </form>
                    }
                })}
        </div>
    }
}

/// The fields that show their own problems.
const SHOWN: &[&str] = &["operation", "name", "unit", "supplier", "category", "minimum_plan", "gates", "rule"];

/// Puts the form's values where the fields look for what was typed.
fn with_form(page: &PageData) -> FormOutcome {
    let mut outcome = page.outcome.clone();
    let form = &page.form;
    for (name, value) in
        [("operation", &form.operation), ("name", &form.name), ("unit", &form.unit), ("supplier", &form.supplier)]
    {
        outcome.values.insert(name.to_owned(), value.clone());
    }
    outcome
}

/// The eight rules as links: each starts from an example.
#[component]
fn RuleKinds(version: i32, code: String, is_known: bool, kind: String) -> impl IntoView {
    let i18n = use_i18n();
    let links = RULE_KINDS
        .into_iter()
        .map(|other| {
            let is_current = other == kind;
            let class = if is_current {
                "px-3 text-sm font-medium rounded-[4px] grid place-items-center min-h-8 bg-neutral text-neutral-content"
            } else {
                "px-3 text-sm font-medium rounded-[4px] grid place-items-center min-h-8 text-muted"
            };
            let code = if is_known { format!("&code={code}") } else { String::new() };
            let href = format!("/admin/tariffs/{version}/operations?rule={other}{code}");
            view! {
                <a class=class href=href aria-current=is_current.then_some("true")>
                    {move || kind_name(i18n.get_locale(), other)}
                </a>
            }
        })
        .collect_view();
    view! {
        <nav class="seg flex-wrap mb-4" aria-label=move || t_string!(i18n, operation.rule)>{links}</nav>
    }
}

/// Names a rule.
fn kind_name(locale: Locale, kind: &str) -> &'static str {
    match kind {
        "per_unit" => td_string!(locale, operation.kind_per_unit),
        "graduated" => td_string!(locale, operation.kind_graduated),
        "volume" => td_string!(locale, operation.kind_volume),
        "matrix" => td_string!(locale, operation.kind_matrix),
        "range" => td_string!(locale, operation.kind_range),
        "composite" => td_string!(locale, operation.kind_composite),
        "sum" => td_string!(locale, operation.kind_sum),
        _ => td_string!(locale, operation.kind_flat),
    }
}

/// Explains a rule in one sentence.
fn kind_note(locale: Locale, kind: &str) -> &'static str {
    match kind {
        "per_unit" => td_string!(locale, operation.note_per_unit),
        "graduated" => td_string!(locale, operation.note_graduated),
        "volume" => td_string!(locale, operation.note_volume),
        "matrix" => td_string!(locale, operation.note_matrix),
        "range" => td_string!(locale, operation.note_range),
        "composite" => td_string!(locale, operation.note_composite),
        "sum" => td_string!(locale, operation.note_sum),
        _ => td_string!(locale, operation.note_flat),
    }
}

/// Code, name, category, unit, supplier and plan.
#[component]
fn Words(page: PageData, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let code = if page.is_known {
        view! {
            <div>
                <p class="text-sm font-medium mb-1">{t!(i18n, operation.code)}</p>
                <p class="font-mono">{page.form.operation.clone()}</p>
                <input type="hidden" name="operation" value=page.form.operation.clone() />
            </div>
        }
        .into_any()
    } else {
        view! {
            <Field
                name="operation"
                label=move || t_string!(i18n, operation.code)
                hint=move || t_string!(i18n, operation.code_hint)
                outcome=outcome.clone()
            />
        }
        .into_any()
    };
    let categories = Category::ALL
        .into_iter()
        .map(|category| {
            let is_chosen = page.form.category == category.code();
            view! {
                <option value=category.code() selected=is_chosen>{move || category_name(i18n.get_locale(), category)}</option>
            }
        })
        .collect_view();
    let plans = page
        .plans
        .iter()
        .map(|(code, name)| {
            let is_chosen = page.form.minimum_plan == *code;
            view! { <option value=code.clone() selected=is_chosen>{name.clone()}</option> }
        })
        .collect_view();
    view! {
        <div class="grid sm:grid-cols-2 gap-4">
            {code}
            <Field name="name" label=move || t_string!(i18n, operation.name) outcome=outcome.clone() />
            <Choice name="category" label=move || t_string!(i18n, operation.category) outcome=outcome.clone()>
                {categories}
            </Choice>
            <Field
                name="unit"
                label=move || t_string!(i18n, operation.unit)
                hint=move || t_string!(i18n, operation.unit_hint)
                outcome=outcome.clone()
            />
            <Field name="supplier" label=move || t_string!(i18n, operation.supplier) outcome=outcome.clone() />
            <Choice name="minimum_plan" label=move || t_string!(i18n, operation.plan) outcome=outcome>
                <option value="">{t!(i18n, operation.every_plan)}</option>
                {plans}
            </Choice>
        </div>
    }
}

/// A list to choose from.
#[component]
fn Choice(
    name: &'static str,
    #[prop(into)] label: Signal<String>,
    outcome: FormOutcome,
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let error = outcome.error(name).cloned();
    view! {
        <label class="block">
            <span class="block text-sm font-medium mb-1">{move || label.get()}</span>
            <select name=name class="field">{children()}</select>
            {error
                .map(|error| {
                    view! { <span class="block text-sm text-error mt-1">{move || field_error_text(i18n.get_locale(), &error)}</span> }
                })}
        </label>
    }
}

/// The options that need a plan, one a line.
#[component]
fn PlanRequirements(gates: String, plans: Vec<(String, String)>, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    if plans.is_empty() {
        return ().into_any();
    }
    let codes = plans.into_iter().map(|(code, _)| code).collect::<Vec<_>>().join(", ");
    view! {
        <Lines
            name="gates"
            label=move || t_string!(i18n, operation.gates)
            note=move || t_string!(i18n, operation.gates_note, plans = codes.clone())
            rows=2
            text=gates
            outcome=outcome
        />
    }
    .into_any()
}

/// The rule: as a form, or in the notation of a price list.
#[component]
fn Prices(form: OperationForm, operations: Vec<String>, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let is_sheet = form.fields.is_some();
    let tab = move |is_on: bool, command: &'static str, words: &'static str| {
        let class = if is_on { "btn btn-sm btn-neutral" } else { "btn btn-sm btn-quiet" };
        view! { <button class=class name="edit" value=command aria-pressed=is_on.to_string()>{words}</button> }
    };
    let errors: Vec<FieldError> = outcome.errors.iter().filter(|error| error.field == "rule").cloned().collect();
    let kind = form.kind.clone();
    let rule = match form.fields {
        Some(sheet) => view! {
            <p class="text-sm text-muted">{kind_note(i18n.get_locale(), &kind)}</p>
            <RuleForm sheet=sheet operations=operations outcome=outcome />
            <div class="text-sm text-error" role="alert">
                <ul class="grid gap-1">{errors.into_iter().map(|error| view! { <li>{error.message}</li> }).collect_view()}</ul>
            </div>
        }
        .into_any(),
        None => view! {
            <input type="hidden" name="as" value="text" />
            <RuleText kind=form.kind rule=form.rule outcome=outcome />
        }
        .into_any(),
    };
    view! {
        <section class="grid gap-3" aria-label=t_string!(i18n, operation.prices)>
            <div class="flex items-center gap-1">
                <h2 class="h2 flex-1">{t!(i18n, operation.prices)}</h2>
                {tab(is_sheet, "as sheet", t_string!(i18n, operation.as_form))}
                {tab(!is_sheet, "as text", "TOML")}
            </div>
            {rule}
        </section>
    }
}

/// The rule in the notation of a price list.
#[component]
fn RuleText(kind: String, rule: String, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let rows = rule.lines().count().clamp(1, 20).saturating_add(1);
    view! {
        <Lines
            name="rule"
            label=move || t_string!(i18n, operation.prices)
            note=move || format!("{} {}", kind_note(i18n.get_locale(), &kind), t_string!(i18n, operation.text_note))
            rows=rows
            text=rule
            outcome=outcome
        />
    }
}

/// A field of several lines, with every mistake below.
#[component]
fn Lines(
    name: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(into)] note: Signal<String>,
    rows: usize,
    text: String,
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let (note_id, errors_id) = (format!("{name}-note"), format!("{name}-errors"));
    let described_by = format!("{note_id} {errors_id}");
    let errors: Vec<_> = outcome.errors.into_iter().filter(|error| error.field == name).collect();
    let is_wrong = !errors.is_empty();
    // What is wrong between the lines has no words of its own but the wallet's.
    let say = move |error: &FieldError| match &error.mistake {
        Some(mistake) => import_error_text(i18n.get_locale(), mistake),
        None => error.message.clone(),
    };
    let mistakes = errors.into_iter().map(|error| view! { <li>{move || say(&error)}</li> }).collect_view();
    view! {
        <div>
            <label class="block text-sm font-medium mb-1" for=name>{move || label.get()}</label>
            <p id=note_id class="text-sm text-muted mb-1.5">{move || note.get()}</p>
            <TextArea name=name rows=rows text=text is_wrong=is_wrong described_by=described_by />
            <div id=errors_id class="text-sm text-error mt-1" role="alert">
                <ul class="grid gap-1">{mistakes}</ul>
            </div>
        </div>
    }
}
