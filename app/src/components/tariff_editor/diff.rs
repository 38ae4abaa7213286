//! What a version changes, price by price.

use leptos::prelude::*;
use wallet::money::Credits;
use wallet::tariff::{Direction, PercentSpan, Tariff};

use crate::components::pricing::change::percent_text;
use crate::data::tariffs::EditorRow;
use crate::i18n::*;
use crate::text::amount::{exact_text, range_text};

/// The most operations that are listed; the table's own filter shows all.
const LISTED: usize = 25;

/// One price before and after.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    label: String,
    before: Credits,
    after: Credits,
}

/// Lists the prices that differ, where both versions price the same options.
fn steps(before: &Tariff, after: &Tariff) -> Option<Vec<Step>> {
    let (before, after) = (before.rule.cells(), after.rule.cells());
    let is_same_shape = before.len() == after.len() && before.iter().zip(&after).all(|(a, b)| a.labels == b.labels);
    let differing = before.into_iter().zip(after).filter(|(before, after)| before.credits != after.credits);
    let step = |(before, after): (wallet::tariff::PriceCell, wallet::tariff::PriceCell)| Step {
        label: before.labels.join(" × "),
        before: before.credits,
        after: after.credits,
    };
    Some(differing.map(step).collect::<Vec<_>>()).filter(|steps| is_same_shape && !steps.is_empty())
}

/// The changed operations of a version, each with its prices old and new.
#[component]
pub fn PriceDiff(
    /// The rows of the version.
    rows: Vec<EditorRow>,
) -> impl IntoView {
    let i18n = use_i18n();
    let changed: Vec<EditorRow> = rows.into_iter().filter(|row| row.change.is_some()).collect();
    if changed.is_empty() {
        return ().into_any();
    }
    let more = changed.len().saturating_sub(LISTED);
    let list = changed.into_iter().take(LISTED).map(|row| view! { <Changed row=row /> }).collect_view();
    view! {
        <ul class="mt-4 border-t border-line" data-testid="diff">{list}</ul>
        {(more > 0)
            .then(|| view! { <p class="text-sm text-muted mt-2">{move || t_string!(i18n, tariffs.diff_more, count = more)}</p> })}
    }
    .into_any()
}

/// One changed operation.
#[component]
fn Changed(row: EditorRow) -> impl IntoView {
    let i18n = use_i18n();
    let Some(change) = row.change else { return ().into_any() };
    let steps = row.now.as_ref().zip(row.shown.as_ref()).and_then(|(now, shown)| steps(now, shown));
    let prices = match steps {
        Some(steps) => steps.into_iter().map(|step| view! { <OneStep step=step /> }).collect_view().into_any(),
        None => {
            let (before, after) = (change.before, change.after);
            let words = move || {
                let locale = i18n.get_locale();
                let side = |range: &Option<wallet::tariff::PriceRange>| {
                    range.as_ref().map_or_else(|| "—".to_owned(), |range| range_text(locale, range.min, range.max))
                };
                format!("{} → {}", side(&before), side(&after))
            };
            view! { <span class="block text-sm num text-muted">{words}</span> }.into_any()
        }
    };
    let tag = move || match change.direction {
        Direction::Rise => t_string!(i18n, tariffs.rise),
        Direction::Drop => t_string!(i18n, tariffs.drop),
        Direction::New => t_string!(i18n, tariffs.is_new),
        Direction::Removed => t_string!(i18n, tariffs.is_removed),
        Direction::Wider => t_string!(i18n, tariffs.is_wider),
        Direction::Wording => t_string!(i18n, tariffs.is_wording),
    };
    let class = match change.direction {
        Direction::Rise => "text-sm font-medium text-rise",
        Direction::Drop => "text-sm font-medium text-primary",
        Direction::New | Direction::Removed | Direction::Wider | Direction::Wording => "text-sm text-muted",
    };
    view! {
        <li class="py-2 border-b border-line last:border-0">
            <span class="flex gap-2 items-baseline">
                <a class="flex-1 min-w-0 font-medium truncate" href=format!("#op-{}", change.operation)>{change.name}</a>
                <span class=class>{tag}</span>
            </span>
            {prices}
        </li>
    }
    .into_any()
}

/// One price, old and new.
#[component]
fn OneStep(step: Step) -> impl IntoView {
    let i18n = use_i18n();
    let class = if step.after > step.before { "text-rise" } else { "text-primary" };
    let percent = PercentSpan::of(step.before, step.after);
    let percent = move || percent.map(|span| percent_text(i18n.get_locale(), span));
    let words = move || {
        let locale = i18n.get_locale();
        format!("{} → {}", exact_text(locale, step.before), exact_text(locale, step.after))
    };
    view! {
        <span class="flex gap-2 text-sm num">
            <span class="flex-1 min-w-0 break-words text-muted">{step.label}</span>
            <span class="whitespace-nowrap">{words}</span>
            <span class=format!("w-16 text-right whitespace-nowrap {class}")>{percent}</span>
        </span>
    }
}
