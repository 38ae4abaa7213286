//! The prices of one operation as fields, judged while they are typed.

use leptos::prelude::*;
use wallet::tariff::{Matrix, Rule, Tariff};

use crate::components::tariff_editor::grid::GridContext;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::islands::price_field::PriceField;
use crate::text::price_labels::unit_words;
use crate::text::refusal::field_error_text;

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
    let unit = tariff.unit.clone();
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
                            <PriceField place=place anchor="cell".to_owned() label=label saved=cell.credits is_changed=false outcome=outcome.clone() />
                        </label>
                    }
                })
                .collect_view();
            view! { <div class="grid gap-2" data-price-grid="1">{fields}</div> }.into_any()
        }
    };
    // Of a conflict the page itself tells.
    let is_conflict = outcome.notice.as_deref() == Some("version_conflict");
    // What the fields show as saved: after a conflict, what differs from it is what this person has changed.
    let seen = tariff.rule.cells().iter().map(|cell| cell.credits.to_field()).collect::<Vec<_>>().join(" ");
    let about = outcome.errors.iter().find(|error| !is_conflict && !error.field.starts_with("price.")).cloned();
    view! {
        <aside id="edit" aria-labelledby="ed" class="panel p-5 xl:sticky xl:top-[4.5rem] scroll-mt-20">
            <div class="flex items-start gap-2">
                <div class="flex-1 min-w-0">
                    <h2 id="ed" class="h2">{tariff.name.clone()}</h2>
                    <p class="text-sm text-muted">
                        {move || unit_words(i18n.get_locale(), &unit)}
                    </p>
                </div>
                <a class="btn btn-quiet btn-sm" href=format!("/admin/tariffs/{}#op-{}", context.version, tariff.operation)>
                    {t!(i18n, tariffs.close)}
                </a>
            </div>
            <form method="post" action=format!("/admin/tariffs/{}/prices", context.version) class="mt-3 grid gap-4">
                <input type="hidden" name="operation" value=tariff.operation.clone() />
                <input type="hidden" name="revision" value=context.revision.to_string() />
                <input type="hidden" name="seen" value=seen />
                {about
                    .map(|error| {
                        view! { <p class="text-sm text-error" role="alert">{move || field_error_text(i18n.get_locale(), &error)}</p> }
                    })}
                {body}
                <div class="flex flex-wrap gap-2">
                    <button class="btn btn-primary">{t!(i18n, tariffs.save_prices)}</button>
                    <a class="btn btn-quiet" href=format!("/admin/tariffs/{}/operations?code={}", context.version, tariff.operation)>
                        {t!(i18n, tariffs.edit_whole)}
                    </a>
                </div>
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
                    view! { <td class="r"><PriceField place=place anchor="cell".to_owned() label=label saved=credits is_changed=false outcome=outcome.clone() /></td> }
                })
                .collect_view();
            view! { <tr><th scope="row" class="!font-medium !text-base-content">{value.clone()}</th>{cells}</tr> }
        })
        .collect_view();
    let caption = format!("{} × {}", down.param, across.param);
    view! {
        <div class="overflow-x-auto" tabindex="0" role="region" aria-label=move || t_string!(i18n, tariffs.grid)>
            <table class="grid-table" data-price-grid=across.values.len().to_string()>
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
