//! What is available, at the head of every signed-in page.

use leptos::prelude::*;

use crate::i18n::*;
use crate::live::use_live_wallet;
use crate::text::amount::credits_text;

/// What is available, live; on every signed-in page.
#[island]
pub fn BalancePill() -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live_wallet();
    let available =
        move || live.and_then(|live| live.balance.with(|balance| balance.as_ref().map(|balance| balance.available)));
    view! {
        <a
            href="/wallet"
            class="inline-flex items-center gap-2 h-8 px-2.5 rounded-field border border-line bg-base-100 hover:bg-secondary whitespace-nowrap"
        >
            <span class="text-sm text-muted">{t!(i18n, wallet.available)}</span>
            <span class="num font-semibold" data-testid="balance">
                {move || available().map_or_else(|| "—".to_owned(), |amount| credits_text(i18n.get_locale(), amount))}
            </span>
        </a>
    }
}
