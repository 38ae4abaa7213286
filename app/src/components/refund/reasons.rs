//! Why somebody asks: one of the reasons, and words.

use leptos::prelude::*;
use wallet::refund::RefundReason;

use crate::components::ui::field::TextArea;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::refund::reason_name;
use crate::text::refusal::field_error_text;

/// The reasons as radio buttons, and a field for more.
#[component]
pub fn ReasonFields(
    /// The reasons to choose from.
    reasons: &'static [RefundReason],
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let chosen = outcome.value("reason");
    let options = reasons
        .iter()
        .map(|reason| {
            let (reason, is_chosen) = (*reason, chosen.as_deref() == Some(reason.code()));
            view! {
                <label class="pick flex items-center gap-3 px-4 py-2.5">
                    <input type="radio" name="reason" value=reason.code() checked=is_chosen />
                    <span class="size-4 rounded-full border border-control grid place-items-center bg-base-100 flex-none">
                        <span class="pick-dot size-2 rounded-full bg-primary"></span>
                    </span>
                    {move || reason_name(i18n.get_locale(), reason)}
                </label>
            }
        })
        .collect_view();
    let no_reason = outcome.error("reason").cloned();
    let wrong = outcome.error("details").cloned();
    let is_wrong = wrong.is_some();
    let note = move || match &wrong {
        Some(error) => field_error_text(i18n.get_locale(), error),
        None => t_string!(i18n, refund.details_note).to_owned(),
    };
    view! {
        <fieldset>
            <legend class="h2 mb-2">{t!(i18n, refund.reason)}</legend>
            <div class="grid sm:grid-cols-2 gap-2">{options}</div>
            {no_reason
                .map(|error| {
                    view! { <p class="text-sm text-error mt-1" role="alert">{move || field_error_text(i18n.get_locale(), &error)}</p> }
                })}
            <label class="block text-sm font-medium mt-3 mb-1" for="details">{t!(i18n, refund.details)}</label>
            <TextArea
                name="details"
                rows=3
                text=outcome.value("details").unwrap_or_default()
                is_wrong=is_wrong
                described_by="details-note"
                is_prose=true
            />
            <span id="details-note" class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }>
                {note}
            </span>
        </fieldset>
    }
}
