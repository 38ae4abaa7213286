//! A code that somebody was given: its field, and what became of it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use uuid::Uuid;

use crate::components::ui::panel::DoneBanner;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::refusal::{field_error_text, notice_text};

/// The form; a code that was refused stays in its field, with the reason.
#[component]
pub fn CodeForm(
    /// What became of it.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let redeemed =
        use_query_map().with_untracked(|map| map.get_str("redeemed").and_then(|seq| seq.parse::<i64>().ok()));
    let error = outcome.errors.first().cloned();
    let (is_wrong, notice) = (error.is_some(), outcome.notice.clone());
    let note = move || {
        let locale = i18n.get_locale();
        match (&notice, &error) {
            (Some(code), _) => notice_text(locale, code),
            (None, Some(error)) => field_error_text(locale, error),
            (None, None) => t_string!(i18n, codes.hint).to_owned(),
        }
    };
    let class = if is_wrong { "field font-mono !border-error" } else { "field font-mono" };
    view! {
        <section id="code" aria-labelledby="code-title" class="panel p-5 mt-6 max-w-[560px] grid gap-3">
            <h2 id="code-title" class="h2">{t!(i18n, codes.title)}</h2>
            {redeemed
                .map(|seq| {
                    view! {
                        <DoneBanner words=Signal::derive(move || t_string!(i18n, codes.redeemed)) />
                        <p><a class="link-q" href=format!("/wallet/history/{seq}")>{t!(i18n, codes.to_row)}</a></p>
                    }
                })}
            <form method="post" action="/wallet/top-up/code" class="grid gap-3" data-once>
                <input type="hidden" name="idempotency_key" value=Uuid::now_v7().to_string() />
                <div>
                    <label class="block text-sm font-medium mb-1" for="code-field">{t!(i18n, codes.field)}</label>
                    <input
                        id="code-field"
                        name="code"
                        class=class
                        maxlength="100"
                        autocomplete="off"
                        autocapitalize="characters"
                        spellcheck="false"
                        value=outcome.value("code").unwrap_or_default()
                        aria-invalid=is_wrong.then_some("true")
                        aria-describedby="code-note"
                    />
                    <span
                        id="code-note"
                        role=is_wrong.then_some("alert")
                        class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }
                    >
                        {note}
                    </span>
                </div>
                <div><button class="btn btn-plain">{t!(i18n, codes.redeem)}</button></div>
            </form>
        </section>
    }
}
