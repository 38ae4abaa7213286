//! Choosing what to buy: packs as radio buttons, and an own amount where the catalog sells any amount.

use leptos::prelude::*;

use crate::i18n::*;
use crate::islands::pack::Pack;
use crate::text::amount::{credits_text, money_text, rate_text, unit_text};
use crate::text::payment::with_bonus_text;

/// The packs, one chosen.
///
/// The order beside it follows by CSS alone (`.picks`, `.picked` in the style sheet): the n-th choice shows the n-th
/// order, also without a script. So packs and orders must come in one sequence.
#[component]
pub fn PackPicker(
    /// The packs on offer.
    packs: Vec<Pack>,
    /// The code of the chosen one.
    chosen: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let options = packs
        .into_iter()
        .map(|pack| {
            let rate = pack.rate();
            let (credits, bonus, money, name) = (pack.credits, pack.bonus, pack.money, pack.name.clone());
            let label = move || {
                let locale = i18n.get_locale();
                let amount = format!("{} {}", with_bonus_text(locale, credits, bonus), unit_text(locale, credits));
                t_string!(
                    i18n,
                    top_up.pack_label,
                    name = name.clone(),
                    amount = amount,
                    price = money_text(locale, money)
                )
            };
            let is_chosen = pack.code == chosen;
            let each = move || rate.map(|rate| rate_text(i18n.get_locale(), rate));
            view! {
                <label class="pick block p-3">
                    <input type="radio" name="package" value=pack.code aria-label=label checked=is_chosen />
                    <span class="block text-sm text-muted">{pack.name}</span>
                    <span class="fig text-xl block">{move || credits_text(i18n.get_locale(), credits)}</span>
                    {bonus.is_positive().then(|| view! {
                        <span class="block text-sm text-primary num">
                            {move || t_string!(i18n, top_up.plus_bonus, bonus = credits_text(i18n.get_locale(), bonus))}
                        </span>
                    })}
                    <span class="flex flex-wrap items-baseline justify-between gap-x-2 mt-1 num">
                        <span>{move || money_text(i18n.get_locale(), money)}</span>
                        <span class="text-sm text-muted">{each}</span>
                    </span>
                </label>
            }
        })
        .collect_view();
    view! { <div class="picks grid grid-cols-2 sm:grid-cols-4 gap-2">{options}</div> }
}
