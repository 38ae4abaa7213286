//! A rule as a form: its fields, tables of rows, and the grid of a matrix's prices.

use leptos::prelude::*;
use wallet::error::FieldError;
use wallet::tariff::{CellKind, RuleField, RuleFields, RuleTable, cell_field, row_field, rule_layout};

use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::refusal::field_error_text;

/// The form of a rule.
#[component]
pub fn RuleForm(
    /// What stands in it.
    sheet: RuleFields,
    /// The operations that a sum may add up.
    operations: Vec<String>,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let layout = rule_layout(&sheet.kind);
    let (sheet, operations) = (StoredValue::new(sheet), StoredValue::new(operations));
    let outcome = StoredValue::new(outcome);
    let fields = layout
        .fields
        .iter()
        .map(|cell| {
            view! {
                <label class="block">
                    <span class="block text-sm font-medium mb-1">{label(cell.name)}</span>
                    <RuleInput name=format!("rule.{}", cell.name) cell=*cell sheet=sheet operations=operations outcome=outcome />
                </label>
            }
        })
        .collect_view();
    let tables = layout
        .tables
        .iter()
        .map(|table| view! { <Rows table=*table sheet=sheet operations=operations outcome=outcome /> });
    view! {
        <input type="hidden" name="as" value="sheet" />
        {(!layout.fields.is_empty()).then(|| view! { <div class="grid grid-cols-2 sm:grid-cols-4 gap-3 items-start">{fields}</div> })}
        {tables.collect_view()}
        {layout.has_grid.then(|| view! { <PriceGrid sheet=sheet operations=operations outcome=outcome /> })}
    }
}

/// A table: a row for each entry, a button that adds one, and one in each row that removes it.
#[component]
fn Rows(
    table: RuleTable,
    sheet: StoredValue<RuleFields>,
    operations: StoredValue<Vec<String>>,
    outcome: StoredValue<FormOutcome>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = sheet.with_value(|sheet| sheet.rows(&table));
    let is_added =
        outcome.with_value(|outcome| outcome.value("edit").is_some_and(|edit| edit == format!("add {}", table.name)));
    let heads =
        table.columns.iter().map(|column| view! { <th scope="col" class="text-left">{label(column.name)}</th> });
    let lines = (0..rows)
        .map(|row| {
            let cells = table
                .columns
                .iter()
                .enumerate()
                .map(|(place, column)| {
                    let name = row_field(table.name, row, column.name);
                    // The keyboard goes on in the row that was just added.
                    let is_next = is_added && place == 0 && row + 1 == rows;
                    view! {
                        <td class="align-top pr-2 py-1">
                            <RuleInput
                                name=name
                                cell=*column
                                sheet=sheet
                                operations=operations
                                outcome=outcome
                                label=format!("{} {}", label(column.name), row + 1)
                                is_next=is_next
                            />
                        </td>
                    }
                })
                .collect_view();
            let remove = t_string!(i18n, operation.remove_row, row = row + 1);
            view! {
                <tr>
                    {cells}
                    <td class="align-top py-1 w-9">
                        <button
                            class="btn btn-quiet btn-sm btn-square"
                            name="edit"
                            value=format!("remove {} {row}", table.name)
                            title=remove.clone()
                            aria-label=remove
                        >
                            "×"
                        </button>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <fieldset class="min-w-0" data-testid=format!("rows-{}", table.name)>
            <legend class="text-sm font-medium mb-1">{table_title(table.name)}</legend>
            <div class="overflow-x-auto">
                <table class="w-full text-base">
                    <thead class="text-xs text-muted"><tr>{heads.collect_view()}<th><span class="sr-only">{t!(i18n, operation.remove_head)}</span></th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
            <button class="btn btn-plain btn-sm mt-1" name="edit" value=format!("add {}", table.name)>{t!(i18n, operation.add_row)}</button>
        </fieldset>
    }
}

/// The prices of a matrix: a row for each combination of the options but the last, a column for each value of that.
#[component]
fn PriceGrid(
    sheet: StoredValue<RuleFields>,
    operations: StoredValue<Vec<String>>,
    outcome: StoredValue<FormOutcome>,
) -> impl IntoView {
    let i18n = use_i18n();
    let (axes, combinations) = sheet.with_value(|sheet| (sheet.axes(), sheet.combinations()));
    let columns = axes.last().map(|(_, values)| values.clone()).unwrap_or_default();
    let price = RuleField { name: "price", kind: CellKind::Price, is_optional: false };
    let rows = combinations
        .chunks(columns.len().max(1))
        .map(|row| {
            let head = row.first().and_then(|options| options.split_last()).map(|(_, before)| before.join(", "));
            let cells = row
                .iter()
                .map(|options| {
                    let options: Vec<&str> = options.iter().map(String::as_str).collect();
                    view! {
                        <td class="align-top pr-2 py-1">
                            <RuleInput
                                name=cell_field(&options)
                                cell=price
                                sheet=sheet
                                operations=operations
                                outcome=outcome
                                label=options.join(", ")
                            />
                        </td>
                    }
                })
                .collect_view();
            view! { <tr><th scope="row" class="text-left font-medium pr-3 py-1 align-top whitespace-nowrap">{head}</th>{cells}</tr> }
        })
        .collect_view();
    let heads =
        columns.into_iter().map(|value| view! { <th scope="col" class="text-left">{value}</th> }).collect_view();
    view! {
        <fieldset class="min-w-0" data-testid="price-grid">
            <legend class="text-sm font-medium mb-1">{t!(i18n, operation.grid)}</legend>
            <p class="text-sm text-muted mb-1.5">{t!(i18n, operation.grid_note)}</p>
            <div class="overflow-x-auto">
                <table class="text-base">
                    <thead class="text-xs text-muted"><tr><td></td>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <button class="btn btn-plain btn-sm mt-1" name="edit" value="grid">{t!(i18n, operation.update_grid)}</button>
        </fieldset>
    }
}

/// One field of the sheet, with what is wrong below it.
#[component]
fn RuleInput(
    name: String,
    cell: RuleField,
    sheet: StoredValue<RuleFields>,
    operations: StoredValue<Vec<String>>,
    outcome: StoredValue<FormOutcome>,
    /// What it is called, where no label stands beside it.
    #[prop(into, optional)]
    label: Option<String>,
    /// Whether the keyboard starts here.
    #[prop(default = false)]
    is_next: bool,
) -> impl IntoView {
    let locale = use_i18n().get_locale();
    let value = sheet.with_value(|sheet| sheet.value(&name).to_owned());
    let error: Option<FieldError> = outcome.with_value(|outcome| outcome.error(&name).cloned());
    let is_wrong = error.is_some();
    let note = format!("{name}-note");
    let is_number = matches!(cell.kind, CellKind::Price | CellKind::Count);
    let class = match (is_number, is_wrong) {
        (true, true) => "field field-sm num text-right min-w-20 !border-error",
        (true, false) => "field field-sm num text-right min-w-20",
        (false, true) => "field field-sm min-w-28 !border-error",
        (false, false) => "field field-sm min-w-28",
    };
    let described = is_wrong.then(|| note.clone());
    let input = if cell.kind == CellKind::Operation {
        let options = operations.with_value(|operations| {
            let known = operations.iter().map(|code| {
                view! { <option value=code.clone() selected=*code == value>{code.clone()}</option> }
            });
            known.collect_view()
        });
        view! {
            <select name=name class=class aria-label=label aria-invalid=is_wrong.then_some("true") aria-describedby=described>
                // Nothing is chosen for anybody: not where the price book has lost the operation, either.
                <option value="">"—"</option>
                {options}
            </select>
        }
        .into_any()
    } else {
        view! {
            <input
                name=name
                class=class
                value=value
                autocomplete="off"
                inputmode=is_number.then_some("decimal")
                placeholder=cell.is_optional.then_some("—")
                aria-label=label
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=described
                autofocus=is_next
            />
        }
        .into_any()
    };
    view! {
        {input}
        {error.map(|error| view! { <span id=note class="block text-sm text-error mt-0.5">{field_error_text(locale, &error)}</span> })}
    }
}

/// What a field or column is called.
fn label(name: &str) -> &'static str {
    let locale = use_i18n().get_locale();
    match name {
        "price" => td_string!(locale, operation.field_price),
        "minimum" => td_string!(locale, operation.field_minimum),
        "param" => td_string!(locale, operation.field_param),
        "per" => td_string!(locale, operation.field_per),
        "default" => td_string!(locale, operation.field_default),
        "max" | "most" => td_string!(locale, operation.field_most),
        "up_to" => td_string!(locale, operation.field_up_to),
        "values" => td_string!(locale, operation.field_values),
        "value" => td_string!(locale, operation.field_value),
        "percent" => td_string!(locale, operation.field_percent),
        "base" => td_string!(locale, operation.field_base),
        "label" => td_string!(locale, operation.field_label),
        "key" => td_string!(locale, operation.field_key),
        "operation" => td_string!(locale, operation.title),
        "shared" => td_string!(locale, operation.field_shared),
        "select" => td_string!(locale, operation.field_select),
        "level" => td_string!(locale, operation.field_level),
        "level_default" => td_string!(locale, operation.field_level_default),
        "min" => td_string!(locale, operation.field_min),
        _ => "",
    }
}

/// What a table is called.
fn table_title(name: &str) -> &'static str {
    let locale = use_i18n().get_locale();
    match name {
        "meters" => td_string!(locale, operation.table_meters),
        "tiers" => td_string!(locale, operation.table_tiers),
        "axes" => td_string!(locale, operation.table_axes),
        "levels" => td_string!(locale, operation.table_levels),
        "modifiers" => td_string!(locale, operation.table_modifiers),
        "surcharges" => td_string!(locale, operation.table_surcharges),
        "targets" => td_string!(locale, operation.table_targets),
        "parts" => td_string!(locale, operation.table_parts),
        _ => "",
    }
}
