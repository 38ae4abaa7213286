//! What is available, at the head of every page of a signed-in person.

use leptos::prelude::*;
use wallet::money::Credits;

use crate::i18n::*;
use crate::live::use_live_wallet;
use crate::text::amount::credits_text;

/// The figure, live.
#[island]
pub fn BalancePill() -> impl IntoView {
    let live = use_live_wallet();
    let available = Signal::derive(move || {
        live.and_then(|live| live.balance.with(|balance| balance.as_ref().map(|balance| balance.available)))
    });
    view! { <AvailablePill available=available /> }
}

/// The figure as a link to the wallet.
#[component]
pub fn AvailablePill(
    /// What is available; none where it is not known.
    #[prop(into)]
    available: Signal<Option<Credits>>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <a
            href="/wallet"
            class="inline-flex items-center gap-2 h-8 px-2.5 rounded-field border border-line bg-base-100 hover:bg-secondary whitespace-nowrap"
        >
            <span class="text-sm text-muted">{t!(i18n, wallet.available)}</span>
            <span class="num font-semibold" data-testid="balance">
                {move || available.get().map_or_else(|| "—".to_owned(), |amount| credits_text(i18n.get_locale(), amount))}
            </span>
        </a>
    }
}
