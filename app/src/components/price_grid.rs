//! The price book as a table: now, draft, change, and when it takes effect.

use chrono::NaiveDate;
use leptos::prelude::*;
use wallet::money::Credits;
use wallet::tariff::rule::Matrix;
use wallet::tariff::{Category, Direction, PriceRange, Rule, Tariff};

use crate::components::amount::range_text;
use crate::components::refusal::field_error_text;
use crate::components::when::day_month_text;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::server_fns::tariffs::EditorRow;

/// What the rows need to know about their page.
#[derive(Clone, Debug, PartialEq)]
pub struct GridContext {
    /// The version shown.
    pub version: i32,
    /// The revision that an edit answers to.
    pub revision: i64,
    /// Whether prices can be edited.
    pub is_draft: bool,
    /// The first day on which a rise may take effect.
    pub first_rise: NaiveDate,
    /// The operation whose prices are open beside the table.
    pub editing: Option<String>,
}

/// The table, by category.
#[component]
pub fn PriceGrid(
    /// The operations.
    rows: Vec<EditorRow>,
    /// What holds for all of them.
    context: GridContext,
    /// What was typed and refused, if anything was.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let category = |row: &EditorRow| row.shown.as_ref().or(row.now.as_ref()).map(|tariff| tariff.category);
    let groups = Category::ALL
        .into_iter()
        .map(|wanted| (wanted, rows.iter().filter(|row| category(row) == Some(wanted)).cloned().collect::<Vec<_>>()))
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(wanted, rows)| {
            let rows = rows
                .into_iter()
                .map(|row| view! { <GridRow row=row context=context.clone() outcome=outcome.clone() /> })
                .collect_view();
            view! {
                <tr class="day">
                    <th scope="rowgroup" colspan="5" class="!bg-base-200 !py-1 !text-base-content">
                        {move || category_name(i18n.get_locale(), wanted)}
                    </th>
                </tr>
                {rows}
            }
        })
        .collect_view();
    view! {
        <div class="panel overflow-x-auto" tabindex="0" role="region" aria-label=move || t_string!(i18n, tariffs.table)>
            <table class="grid-table">
                <caption class="sr-only">{t!(i18n, tariffs.caption)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!(i18n, tariffs.operation)}</th>
                        <th scope="col" class="r">{t!(i18n, tariffs.now)}</th>
                        <th scope="col" class="r">{t!(i18n, tariffs.draft)}</th>
                        <th scope="col" class="r">{t!(i18n, tariffs.change)}</th>
                        <th scope="col">{t!(i18n, tariffs.effect)}</th>
                    </tr>
                </thead>
                <tbody>{groups}</tbody>
            </table>
        </div>
    }
}

/// Names a category.
#[must_use]
pub fn category_name(locale: Locale, category: Category) -> &'static str {
    match category {
        Category::Text => td_string!(locale, ledger.category_text),
        Category::Image => td_string!(locale, ledger.category_image),
        Category::Video => td_string!(locale, ledger.category_video),
        Category::Music => td_string!(locale, ledger.category_music),
        Category::Tts => td_string!(locale, ledger.category_tts),
        Category::Stt => td_string!(locale, ledger.category_stt),
        Category::Tool => td_string!(locale, ledger.category_tool),
        Category::Job => td_string!(locale, ledger.category_job),
    }
}

/// One operation.
#[component]
fn GridRow(row: EditorRow, context: GridContext, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let tariff = row.shown.clone().or_else(|| row.now.clone());
    let Some(tariff) = tariff else { return ().into_any() };
    let is_changed = row.change.is_some();
    let now = row.now.as_ref().map(|now| now.rule.range());
    let now_class =
        if is_changed && row.shown.is_some() { "r text-muted line-through decoration-1" } else { "r text-muted" };
    let unit = tariff.unit.clone();
    let gate = tariff.minimum_plan.clone();
    let anchor = format!("op-{}", tariff.operation);
    view! {
        <tr class="hot scroll-mt-24" id=anchor data-operation=tariff.operation.clone()>
            <td>
                <span class="font-medium">{tariff.name.clone()}</span>
                {gate.map(|plan| view! { " " <span class="tag">{t!(i18n, tariffs.gate, plan = move || plan.clone())}</span> })}
                <span class="block text-sm text-muted">{t!(i18n, tariffs.per, unit = move || unit.clone())}</span>
            </td>
            <td class=now_class>{move || now.as_ref().map_or_else(|| "—".to_owned(), |now| range_of(i18n.get_locale(), now))}</td>
            <td class="r w-36">
                {match row.shown.clone() {
                    Some(tariff) => {
                        view! { <DraftCell tariff=tariff context=context.clone() outcome=outcome is_changed=is_changed /> }.into_any()
                    }
                    None => view! { <span class="text-muted">"—"</span> }.into_any(),
                }}
            </td>
            <td class="r whitespace-nowrap"><ChangeCell row=row.clone() /></td>
            <td class="whitespace-nowrap"><EffectCell row=row first_rise=context.first_rise /></td>
        </tr>
    }
    .into_any()
}

/// Writes a price or its range.
fn range_of(locale: Locale, range: &PriceRange) -> String {
    range_text(locale, range.min, range.max)
}

/// The price in the shown version: a field where it is one figure of a draft, a link to its grid where it is several.
#[component]
fn DraftCell(tariff: Tariff, context: GridContext, outcome: FormOutcome, is_changed: bool) -> impl IntoView {
    let i18n = use_i18n();
    let cells = tariff.rule.cells();
    let range = tariff.rule.range();
    let plain = move || range_of(i18n.get_locale(), &range);
    if !context.is_draft {
        let class = if is_changed { "font-semibold" } else { "" };
        return view! { <span class=class>{plain}</span> }.into_any();
    }
    let name = StoredValue::new(tariff.name.clone());
    let [cell] = cells.as_slice() else {
        if cells.is_empty() {
            return view! { <span class="text-muted">{plain}</span> }.into_any();
        }
        let href = format!("/admin/tariffs/{}?edit={}#edit", context.version, tariff.operation);
        let label = move || t_string!(i18n, tariffs.edit_name, name = name.get_value());
        return view! {
            <a href=href class="btn btn-plain btn-sm w-full whitespace-nowrap !px-2 num" aria-label=label>
                {plain}" "{t!(i18n, tariffs.edit)}
            </a>
        }
        .into_any();
    };
    let is_refused = outcome.value("operation").as_ref() == Some(&tariff.operation);
    let typed = outcome.value("price.0").filter(|_| is_refused);
    let value = typed.unwrap_or_else(|| cell.credits.to_string());
    let error = outcome.errors.first().cloned().filter(|_| is_refused);
    let error_id = format!("error-{}", tariff.operation);
    let describes = error.is_some().then(|| error_id.clone());
    let class = match (error.is_some(), is_changed) {
        (true, _) => "field field-sm num text-right !border-error",
        (false, true) => "field field-sm num text-right !border-primary !bg-tint font-semibold",
        (false, false) => "field field-sm num text-right",
    };
    view! {
        <form method="post" action=format!("/admin/tariffs/{}/prices", context.version) class="price-edit flex gap-1 justify-end">
            <input type="hidden" name="operation" value=tariff.operation.clone() />
            <input type="hidden" name="revision" value=context.revision.to_string() />
            <input
                class=class
                name="price.0"
                value=value
                inputmode="decimal"
                autocomplete="off"
                aria-label=move || t_string!(i18n, tariffs.price_of, name = name.get_value())
                aria-invalid=error.is_some().then_some("true")
                aria-describedby=describes
            />
            <button class="btn btn-plain btn-sm price-save">{t!(i18n, tariffs.save)}</button>
        </form>
        {error
            .map(|error| {
                view! {
                    <span id=error_id class="block text-sm text-error mt-1 text-left whitespace-normal" role="alert">
                        {move || field_error_text(i18n.get_locale(), &error)}
                    </span>
                }
            })}
    }
    .into_any()
}

/// Which way the price goes, and how far where it is one figure.
#[component]
fn ChangeCell(row: EditorRow) -> impl IntoView {
    let i18n = use_i18n();
    let Some(change) = row.change else { return view! { <span class="text-muted">"—"</span> }.into_any() };
    let percent = percent(change.before.as_ref(), change.after.as_ref());
    let percent =
        move || percent.map(|percent| format!("{}{}\u{a0}%", if percent > 0 { "+" } else { "−" }, percent.abs()));
    match change.direction {
        Direction::Rise => view! {
            <span class="text-rise font-semibold">
                "↑ "{move || percent().unwrap_or_else(|| t_string!(i18n, tariffs.rise).to_owned())}
            </span>
        }
        .into_any(),
        Direction::Drop => view! {
            <span class="text-primary font-semibold">
                "↓ "{move || percent().unwrap_or_else(|| t_string!(i18n, tariffs.drop).to_owned())}
            </span>
        }
        .into_any(),
        Direction::New => view! { <span class="tag">{t!(i18n, tariffs.is_new)}</span> }.into_any(),
        Direction::Removed => view! { <span class="tag tag-warn">{t!(i18n, tariffs.is_removed)}</span> }.into_any(),
        Direction::Wording => view! { <span class="tag">{t!(i18n, tariffs.is_wording)}</span> }.into_any(),
    }
}

/// Works out the change of a price that is one figure, in whole percent.
fn percent(before: Option<&PriceRange>, after: Option<&PriceRange>) -> Option<i128> {
    let one = |range: &PriceRange| (range.min == range.max).then(|| i128::from(range.min.micros()));
    let (before, after) = (one(before?)?, one(after?)?);
    let percent = after.checked_sub(before)?.checked_mul(100)?.checked_div(before)?;
    Some(percent).filter(|percent| *percent != 0)
}

/// When the change takes effect: a fall on publishing, a rise not before its notice is over.
#[component]
fn EffectCell(row: EditorRow, first_rise: NaiveDate) -> impl IntoView {
    let i18n = use_i18n();
    match row.change.map(|change| change.direction.needs_notice()) {
        None => ().into_any(),
        Some(false) => view! { <span class="text-muted">{t!(i18n, tariffs.on_publish)}</span> }.into_any(),
        Some(true) => view! {
            <span class="text-rise num">
                {move || t_string!(i18n, tariffs.not_before, date = day_month_text(i18n.get_locale(), first_rise))}
            </span>
        }
        .into_any(),
    }
}

/// The prices of one operation as a grid of fields.
#[component]
pub fn CellEditor(
    /// The operation.
    tariff: Tariff,
    /// What holds for the page.
    context: GridContext,
    /// What was typed and refused, if anything was.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_refused = outcome.value("operation").as_ref() == Some(&tariff.operation);
    let outcome = if is_refused { outcome } else { FormOutcome::default() };
    let body = match &tariff.rule {
        Rule::Matrix(matrix) if matrix.axes.len() == 2 => {
            view! { <MatrixFields matrix=matrix.clone() outcome=outcome.clone() /> }.into_any()
        }
        rule => {
            let fields = rule
                .cells()
                .into_iter()
                .enumerate()
                .map(|(place, cell)| {
                    let label = cell.labels.join(" × ");
                    view! {
                        <label class="grid grid-cols-[minmax(0,1fr)_7rem] gap-3 items-center">
                            <span class="break-words">{label.clone()}</span>
                            <CellField place=place label=label credits=cell.credits outcome=outcome.clone() />
                        </label>
                    }
                })
                .collect_view();
            view! { <div class="grid gap-2">{fields}</div> }.into_any()
        }
    };
    let about = outcome.errors.iter().find(|error| !error.field.starts_with("price.")).cloned();
    view! {
        <aside id="edit" aria-labelledby="ed" class="panel p-5 xl:sticky xl:top-[4.5rem] scroll-mt-20">
            <div class="flex items-start gap-2">
                <div class="flex-1 min-w-0">
                    <h2 id="ed" class="h2">{tariff.name.clone()}</h2>
                    <p class="text-sm text-muted">
                        {t!(i18n, tariffs.per, unit = { let unit = tariff.unit.clone(); move || unit.clone() })}
                    </p>
                </div>
                <a class="btn btn-quiet btn-sm" href=format!("/admin/tariffs/{}#op-{}", context.version, tariff.operation)>
                    {t!(i18n, tariffs.close)}
                </a>
            </div>
            <form method="post" action=format!("/admin/tariffs/{}/prices", context.version) class="mt-3 grid gap-4">
                <input type="hidden" name="operation" value=tariff.operation.clone() />
                <input type="hidden" name="revision" value=context.revision.to_string() />
                {about
                    .map(|error| {
                        view! { <p class="text-sm text-error" role="alert">{move || field_error_text(i18n.get_locale(), &error)}</p> }
                    })}
                {body}
                <div><button class="btn btn-primary">{t!(i18n, tariffs.save_prices)}</button></div>
            </form>
        </aside>
    }
}

/// Two options as rows and columns.
#[component]
fn MatrixFields(matrix: Matrix, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let (Some(down), Some(across)) = (matrix.axes.first().cloned(), matrix.axes.get(1).cloned()) else {
        return ().into_any();
    };
    let heads =
        across.values.iter().map(|value| view! { <th scope="col" class="r">{value.clone()}</th> }).collect_view();
    let rows = down
        .values
        .iter()
        .enumerate()
        .map(|(row, value)| {
            let cells = across
                .values
                .iter()
                .enumerate()
                .map(|(column, other)| {
                    let place = matrix.place(&[row, column]).unwrap_or_default();
                    let credits = matrix.cell(&[row, column]).unwrap_or_default();
                    let label = format!("{value} × {other}");
                    view! { <td class="r"><CellField place=place label=label credits=credits outcome=outcome.clone() /></td> }
                })
                .collect_view();
            view! { <tr><th scope="row" class="!font-medium !text-base-content">{value.clone()}</th>{cells}</tr> }
        })
        .collect_view();
    let caption = format!("{} × {}", down.param, across.param);
    view! {
        <div class="overflow-x-auto" tabindex="0" role="region" aria-label=move || t_string!(i18n, tariffs.grid)>
            <table class="grid-table">
                <caption class="text-sm text-muted text-left pb-1">{caption}</caption>
                <thead>
                    <tr>
                        <td></td>
                        {heads}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// One price of a grid.
#[component]
fn CellField(place: usize, label: String, credits: Credits, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let name = format!("price.{place}");
    let typed = outcome.values.get(&name).cloned();
    let value = typed.unwrap_or_else(|| credits.to_string());
    let error = outcome.error(&name).cloned();
    let error_id = format!("cell-error-{place}");
    let class = if error.is_some() {
        "field field-sm num text-right !border-error min-w-16"
    } else {
        "field field-sm num text-right min-w-16"
    };
    view! {
        <span class="block">
            <input
                class=class
                name=name
                value=value
                inputmode="decimal"
                autocomplete="off"
                aria-label=label
                aria-invalid=error.is_some().then_some("true")
                aria-describedby=error.is_some().then(|| error_id.clone())
            />
            {error
                .map(|error| {
                    view! {
                        <span id=error_id class="block text-sm text-error mt-1 text-left">
                            {move || field_error_text(i18n.get_locale(), &error)}
                        </span>
                    }
                })}
        </span>
    }
}

/// Writes a price for a list: `gpt-5.2 4 → 3`.
#[must_use]
pub fn change_text(locale: Locale, change: &wallet::tariff::PriceChange) -> String {
    let price = |range: &Option<PriceRange>| range.as_ref().map(|range| range_of(locale, range));
    match (price(&change.before), price(&change.after)) {
        // Some options of a grid changed, its bounds did not.
        (Some(before), Some(after)) if before == after => {
            td_string!(locale, publish.some_options, name = change.name.clone(), range = after)
        }
        (Some(before), Some(after)) => format!("{} {before} → {after}", change.name),
        (None, Some(after)) => format!("{} {after}", change.name),
        (Some(before), None) => format!("{} {before} → —", change.name),
        (None, None) => change.name.clone(),
    }
}
