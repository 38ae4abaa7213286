//! The choice of the currency. Another one is another page: prices are not converted, they are the catalog's.

use leptos::prelude::*;
use wallet::money::Currency;

use crate::i18n::*;

/// A link for each currency; nothing where there is only one.
#[component]
pub fn CurrencyLinks(
    /// The currency of the page.
    current: Currency,
    /// All currencies.
    currencies: Vec<Currency>,
    /// The address of the page in a currency.
    address: fn(&str) -> String,
) -> impl IntoView {
    let i18n = use_i18n();
    if currencies.len() < 2 {
        return ().into_any();
    }
    let link = |known: Currency| {
        let code = known.code();
        view! { <a href=address(code) aria-current=(known == current).then_some("true")>{code}</a> }
    };
    let links = currencies.into_iter().map(link).collect_view();
    view! { <nav class="seg" aria-label=t_string!(i18n, top_up.currency)>{links}</nav> }.into_any()
}
