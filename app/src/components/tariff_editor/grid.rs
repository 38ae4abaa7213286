//! The price book as a table: now, draft, change, and when it takes effect.

use chrono::NaiveDate;
use leptos::prelude::*;
use wallet::tariff::{Category, CostRow, Direction, MarginRow, PriceRange, Tariff};

use crate::components::pricing::change::{percent_text, requirement_line};
use crate::components::tariff_editor::margin_table::{cost_text, margin_span_text};
use crate::context::FormOutcome;
use crate::data::tariffs::EditorRow;
use crate::i18n::*;
use crate::islands::price_field::{GoOnAfterSave, PriceField};
use crate::text::amount::range_text;
use crate::text::category::category_name;
use crate::text::date_time::day_month_text;
use crate::text::price_labels::unit_words;

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
                    <th scope="rowgroup" colspan="7" class="!bg-base-200 !py-1 !text-base-content">
                        {move || category_name(i18n.get_locale(), wanted)}
                    </th>
                </tr>
                {rows}
            }
        })
        .collect_view();
    view! {
        <GoOnAfterSave />
        <div class="panel overflow-x-auto" tabindex="0" role="region" aria-label=move || t_string!(i18n, tariffs.table)>
            <table class="grid-table" data-price-grid="1">
                <caption class="sr-only">{t!(i18n, tariffs.caption)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!(i18n, tariffs.operation)}</th>
                        <th scope="col" class="r">{t!(i18n, tariffs.now)}</th>
                        <th scope="col" class="r">{t!(i18n, tariffs.draft)}</th>
                        <th scope="col" class="r">{t!(i18n, tariffs.change)}</th>
                        <th scope="col" class="r hidden lg:table-cell">{t!(i18n, tariffs.cost)}</th>
                        <th scope="col" class="r hidden sm:table-cell">{t!(i18n, tariffs.margin)}</th>
                        <th scope="col">{t!(i18n, tariffs.effect)}</th>
                    </tr>
                </thead>
                <tbody>{groups}</tbody>
            </table>
        </div>
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
    let now_class = if is_changed && row.shown.is_some() {
        "r num whitespace-nowrap text-muted line-through decoration-1"
    } else {
        "r num whitespace-nowrap text-muted"
    };
    let unit = tariff.unit.clone();
    let gate = tariff.minimum_plan.clone();
    let anchor = format!("op-{}", tariff.operation);
    let gates = tariff
        .gates
        .iter()
        .map(|gate| {
            let (option, plan) = (gate.value.clone(), gate.plan.clone());
            view! { " " <span class="tag">{move || t_string!(i18n, tariffs.gate_option, option = option.clone(), plan = plan.clone())}</span> }
        })
        .collect_view();
    view! {
        <tr class="hot scroll-mt-24" id=anchor data-operation=tariff.operation.clone()>
            <td>
                <span class="font-medium">{tariff.name.clone()}</span>
                {gate.map(|plan| view! { " " <span class="tag">{t!(i18n, tariffs.gate, plan = move || plan.clone())}</span> })}
                {gates}
                <span class="block text-sm text-muted">{move || unit_words(i18n.get_locale(), &unit)}</span>
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
            <MarginCells margin=row.margin.clone() />
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
            // A sum has no prices of its own: its parts are edited whole.
            let href = format!("/admin/tariffs/{}/operations?code={}", context.version, tariff.operation);
            let label = move || t_string!(i18n, tariffs.edit_name, name = name.get_value());
            return view! {
                <a href=href class="btn btn-plain btn-sm w-full whitespace-nowrap !px-2 num" aria-label=label>
                    {plain}" "{t!(i18n, tariffs.edit)}
                </a>
            }
            .into_any();
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
    let outcome = if is_refused { outcome } else { FormOutcome::default() };
    view! {
        <form method="post" action=format!("/admin/tariffs/{}/prices", context.version) class="price-edit flex gap-1 justify-end">
            <input type="hidden" name="operation" value=tariff.operation.clone() />
            <input type="hidden" name="revision" value=context.revision.to_string() />
            <PriceField
                place=0
                anchor=tariff.operation.clone()
                label=t_string!(i18n, tariffs.price_of, name = name.get_value())
                saved=cell.credits
                is_changed=is_changed
                outcome=outcome
            />
            <button class="btn btn-plain btn-sm price-save">{t!(i18n, tariffs.save)}</button>
        </form>
    }
    .into_any()
}

/// Which way the price goes, and how far: the figures of the changelog.
#[component]
fn ChangeCell(row: EditorRow) -> impl IntoView {
    let i18n = use_i18n();
    let Some(change) = row.change else { return view! { <span class="text-muted">"—"</span> }.into_any() };
    let percent = change.percent();
    let percent = move || percent.map(|span| percent_text(i18n.get_locale(), span));
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
        Direction::Wider => view! { <span class="tag">{t!(i18n, tariffs.is_wider)}</span> }.into_any(),
        Direction::Wording => view! { <span class="tag">{t!(i18n, tariffs.is_wording)}</span> }.into_any(),
    }
}

/// What the operation costs us, and what is left of the shown price.
#[component]
fn MarginCells(margin: Option<MarginRow>) -> impl IntoView {
    let i18n = use_i18n();
    let is_negative = margin.as_ref().is_some_and(MarginRow::is_negative);
    let cost = margin.as_ref().and_then(|row| row.cost.as_ref()).map(CostRow::cost);
    let span = margin.and_then(|row| row.margin.ok());
    let class = if is_negative { "r num hidden sm:table-cell text-error" } else { "r num hidden sm:table-cell" };
    view! {
        <td class="r num whitespace-nowrap text-muted hidden lg:table-cell">
            {move || cost.as_ref().map_or_else(|| "—".to_owned(), |cost| cost_text(i18n.get_locale(), cost))}
        </td>
        <td class=class>
            <span class="whitespace-nowrap">
                {move || span.map_or_else(|| "—".to_owned(), |span| margin_span_text(i18n.get_locale(), span))}
            </span>
            {is_negative.then(|| view! { <span class="block text-sm">{t!(i18n, margins.below)}</span> })}
        </td>
    }
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

/// Writes a change for a list: `gpt-5.2 4 → 3`; plans by their codes.
#[must_use]
pub fn change_text(locale: Locale, change: &wallet::tariff::PriceChange) -> String {
    let gates = change.gates.iter().map(|gate| requirement_line(locale, gate, &[]));
    std::iter::once(price_change_text(locale, change)).chain(gates).collect::<Vec<_>>().join("; ")
}

fn price_change_text(locale: Locale, change: &wallet::tariff::PriceChange) -> String {
    let price = |range: &Option<PriceRange>| range.as_ref().map(|range| range_of(locale, range));
    match (price(&change.before), price(&change.after)) {
        // No price changed.
        (Some(before), Some(_))
            if change.before == change.after && change.options.is_empty() && !change.gates.is_empty() =>
        {
            format!("{} {before}", change.name)
        }
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
