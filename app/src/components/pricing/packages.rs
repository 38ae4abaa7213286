//! The packages: bought once.

use leptos::prelude::*;
use wallet::catalog::Package;
use wallet::money::Currency;

use crate::components::pricing::plans::rate_words;
use crate::i18n::*;
use crate::text::amount::unit_text;
use crate::text::payment::with_bonus_text;
use crate::text::price_labels::price_text;

/// The packages with their price and the price of one credit.
#[component]
pub fn PackageTable(
    /// The packages, from small to large.
    packages: Vec<Package>,
    /// The currency of the prices.
    currency: Currency,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = packages
        .into_iter()
        .filter_map(|package| {
            let price = package.price(currency)?;
            let rate = package.rate(currency)?.fine();
            let (credits, bonus) = (package.credits, package.bonus);
            let (name, code) = (package.name.clone(), package.code.clone());
            let words = move || {
                let locale = i18n.get_locale();
                let amount = format!("{} {}", with_bonus_text(locale, credits, bonus), unit_text(locale, credits));
                t_string!(i18n, prices.buy_what, name = name.clone(), amount = amount)
            };
            Some(view! {
                <tr class="hot">
                    <th scope="row" class="!py-2 !pl-0">{package.name.clone()}</th>
                    <td class="r font-semibold">{move || with_bonus_text(i18n.get_locale(), credits, bonus)}</td>
                    <td class="r whitespace-nowrap">{move || price_text(i18n.get_locale(), price)}</td>
                    <td class="r text-muted hidden sm:table-cell">{move || rate_words(i18n.get_locale(), &rate, currency)}</td>
                    <td class="text-right !pr-0">
                        <a class="link-q" href=format!("/wallet/top-up?package={code}&currency={currency}") aria-label=words>
                            {t!(i18n, prices.buy)}
                        </a>
                    </td>
                </tr>
            })
        })
        .collect_view();
    view! {
        <table class="grid-table">
            <caption class="sr-only">{t!(i18n, prices.packages_note)}</caption>
            <thead>
                <tr>
                    <th scope="col" class="!pl-0">{t!(i18n, prices.package)}</th>
                    <th scope="col" class="r">{move || heading(i18n.get_locale())}</th>
                    <th scope="col" class="r">{t!(i18n, prices.price)}</th>
                    <th scope="col" class="r hidden sm:table-cell">{t!(i18n, prices.rate)}</th>
                    <th scope="col" class="!pr-0"><span class="sr-only">{t!(i18n, prices.buy)}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// The unit's name as a column's heading: `Tokens`.
pub fn heading(locale: Locale) -> String {
    let word = unit_text(locale, wallet::money::Credits::ZERO);
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
