//! What a row's amount is made of: each price with its rule, inputs and formula, what of it was not taken, and the sum.

use leptos::prelude::*;
use wallet::ledger::{EntryDetail, EntryKind, FormulaLine, Receipt, ReceiptPart};
use wallet::money::Credits;

use crate::components::ledger::receipt::params_text;
use crate::i18n::*;
use crate::text::amount::exact_text;
use crate::text::price_labels::{label_words, quantity_words};

/// The price as a table; nothing for rows that have none.
#[component]
pub fn Price(
    /// The row and all that is known of it.
    detail: EntryDetail,
) -> impl IntoView {
    let i18n = use_i18n();
    let parts = detail.parts();
    let Some(total) = Credits::checked_sum(parts.iter().map(|part| part.amount)).filter(|_| !parts.is_empty()) else {
        return ().into_any();
    };
    let is_hold = detail.entry.kind == EntryKind::Hold;
    let has_several = parts.len() > 1;
    let parts = parts.into_iter().map(|part| view! { <Part part=part has_several=has_several /> }).collect_view();
    view! {
        <table class="w-full num mt-3" data-testid="price">
            <caption class="sr-only">{t!(i18n, receipt.caption)}</caption>
            <thead>
                <tr class="text-sm text-muted text-left">
                    <th scope="col" class="font-normal pb-1">{t!(i18n, receipt.line)}</th>
                    <th scope="col" class="font-normal pb-1 text-right">{t!(i18n, receipt.amount)}</th>
                    <th scope="col" class="font-normal pb-1 pl-3 text-right">{t!(i18n, receipt.price)}</th>
                    <th scope="col" class="font-normal pb-1 pl-3 text-right">{t!(i18n, ledger.credits)}</th>
                </tr>
            </thead>
            {parts}
            <tfoot>
                <tr class="border-t-2 border-base-content">
                    <th scope="row" class="text-left pt-2" colspan="3">
                        {move || if is_hold { t_string!(i18n, receipt.held) } else { t_string!(i18n, receipt.total) }}
                    </th>
                    <td class="text-right pt-1">
                        <span class="fig text-2xl">{move || exact_text(i18n.get_locale(), total)}</span>
                    </td>
                </tr>
            </tfoot>
        </table>
    }
    .into_any()
}

/// Writes what was asked: `dall-e-3, size 1792x1024`.
fn inputs(receipt: &Receipt) -> String {
    let params = receipt.params.as_object().map(params_text).filter(|params| !params.is_empty());
    params.map_or_else(|| receipt.operation.clone(), |params| format!("{}, {params}", receipt.operation))
}

/// One price: what it was for, by which rule, and its formula.
#[component]
fn Part(part: ReceiptPart, has_several: bool) -> impl IntoView {
    let i18n = use_i18n();
    let ReceiptPart { receipt, amount } = part;
    let not_taken = amount.checked_sub(receipt.total).filter(|rest| rest.is_negative());
    let inputs = inputs(&receipt);
    let quote = receipt.quote.clone();
    let rows = lines_of(&receipt).into_iter().map(|line| view! { <FormulaRow line=line /> }).collect_view();
    let name = receipt.name.clone();
    view! {
        <tbody>
            <tr class="border-t border-line">
                <th scope="rowgroup" colspan="4" class="text-left font-normal text-sm text-muted pt-2 pb-1">
                    {has_several.then(|| view! { <span class="block text-base text-base-content font-semibold">{name}</span> })}
                    <span class="block font-mono break-words">{inputs}</span>
                    <span class="block">{move || how(i18n.get_locale(), &receipt)}</span>
                    {quote.map(|quote| view! {
                        <span class="block">{t!(i18n, receipt.quote)}" "<span class="font-mono text-xs break-all">{quote}</span></span>
                    })}
                </th>
            </tr>
            {rows}
            {not_taken
                .map(|rest| {
                    view! {
                        <tr class="border-t border-line">
                            <th scope="row" colspan="3" class="text-left font-normal py-2">{t!(i18n, receipt.not_taken)}</th>
                            <td class="text-right pl-3 font-semibold">{move || exact_text(i18n.get_locale(), rest)}</td>
                        </tr>
                    }
                })}
        </tbody>
    }
}

/// Gives the formula; a price without one is its own only line.
fn lines_of(receipt: &Receipt) -> Vec<FormulaLine> {
    if receipt.lines.is_empty() {
        let label = if receipt.name.is_empty() { receipt.operation.clone() } else { receipt.name.clone() };
        let (quantity, unit_price) = (receipt.count.to_string(), (receipt.count == 1).then_some(receipt.total));
        return vec![FormulaLine { label, quantity, unit_price, credits: receipt.total }];
    }
    receipt.lines.clone()
}

/// One line of the formula.
#[component]
fn FormulaRow(line: FormulaLine) -> impl IntoView {
    let i18n = use_i18n();
    let FormulaLine { label, quantity, unit_price, credits } = line;
    view! {
        <tr class="border-t border-line">
            <th scope="row" class="text-left py-2">{move || label_words(i18n.get_locale(), &label)}</th>
            <td class="text-right">{move || quantity_words(i18n.get_locale(), &quantity)}</td>
            <td class="text-right pl-3">{move || unit_price.map(|price| exact_text(i18n.get_locale(), price))}</td>
            <td class="text-right pl-3 font-semibold">{move || exact_text(i18n.get_locale(), credits)}</td>
        </tr>
    }
}

/// Says by which rule, for how many calls, from which price book: `Option grid, 3 calls, price book 2`.
fn how(locale: Locale, receipt: &Receipt) -> String {
    let calls = td_string!(locale, receipt.calls, count = receipt.count);
    let mut parts = vec![rule_name(locale, &receipt.rule), calls];
    if receipt.price_book_version > 0 {
        parts.push(td_string!(locale, receipt.book, version = receipt.price_book_version));
    }
    parts.join(", ")
}

/// Names a rule as the editor does.
fn rule_name(locale: Locale, rule: &str) -> String {
    match rule {
        "flat" => td_string!(locale, operation.kind_flat),
        "per_unit" => td_string!(locale, operation.kind_per_unit),
        "graduated" => td_string!(locale, operation.kind_graduated),
        "volume" => td_string!(locale, operation.kind_volume),
        "matrix" => td_string!(locale, operation.kind_matrix),
        "range" => td_string!(locale, operation.kind_range),
        "composite" => td_string!(locale, operation.kind_composite),
        "sum" => td_string!(locale, operation.kind_sum),
        "metered" => td_string!(locale, metered.rule),
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_by_which_rule_how_often_and_from_which_book() {
        let mut receipt = Receipt::flat("gpt-5", "GPT-5", Credits::from_micros(2_000_000));
        assert_eq!(how(Locale::en, &receipt), "Fixed price, 1 call");
        receipt.price_book_version = 4;
        receipt.count = 3;
        receipt.rule = "matrix".to_owned();
        assert_eq!(how(Locale::en, &receipt), "Option grid, 3 calls, price book 4");
        assert!(how(Locale::ru, &receipt).ends_with(", 3 вызова, прайс-лист 4"), "{}", how(Locale::ru, &receipt));
    }
}
