//! Refusals and field problems in the reader's words.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use wallet::error::Refusal;
use wallet::error::{FieldError, Problem};

use crate::context::FormOutcome;
#[cfg(feature = "ssr")]
use crate::error::AppError;
use crate::i18n::*;
#[cfg(feature = "ssr")]
use crate::text::amount::credits_text;
use crate::text::amount::reading_text;
use crate::text::import_error::import_error_text;

/// Says what is wrong with a field. English callers get the wallet's own sentence, which names the limits; a mistake in
/// a file is told with its place in every language.
#[must_use]
pub fn field_error_text(locale: Locale, error: &FieldError) -> String {
    if let Some(mistake) = &error.mistake {
        return import_error_text(locale, mistake);
    }
    if let Some(readings) = &error.readings {
        let decimal = reading_text(locale, &readings.decimal);
        return td_string!(locale, problem.two_readings, grouped = readings.grouped.clone(), decimal = decimal);
    }
    if locale == Locale::en && !error.message.is_empty() {
        return error.message.clone();
    }
    let words = match error.problem {
        Problem::Required => td_string!(locale, problem.required),
        Problem::TooLong => td_string!(locale, problem.too_long),
        Problem::TooShort => td_string!(locale, problem.too_short),
        Problem::TooSmall => td_string!(locale, problem.too_small),
        Problem::TooLarge => td_string!(locale, problem.too_large),
        Problem::TooPrecise => td_string!(locale, problem.too_precise),
        Problem::TooMany => td_string!(locale, problem.too_many),
        Problem::NotANumber => td_string!(locale, problem.not_a_number),
        Problem::Ambiguous => td_string!(locale, problem.ambiguous),
        Problem::NotAnEmail => td_string!(locale, problem.not_an_email),
        Problem::Malformed => td_string!(locale, problem.malformed),
        Problem::Taken => td_string!(locale, problem.taken),
        Problem::Unknown => td_string!(locale, problem.unknown),
        Problem::NotAllowed => td_string!(locale, problem.not_allowed),
        Problem::WrongCredentials => td_string!(locale, problem.wrong_credentials),
        Problem::WrongPassword => td_string!(locale, problem.wrong_password),
        Problem::Expired => td_string!(locale, problem.expired),
        Problem::TooSoon => td_string!(locale, problem.too_soon),
        Problem::RiseUntold => td_string!(locale, problem.rise_untold),
        Problem::Outdated => td_string!(locale, problem.outdated),
        Problem::TooCommon => td_string!(locale, problem.too_common),
        Problem::NotConfirmed => td_string!(locale, problem.not_confirmed),
        Problem::HasLink => td_string!(locale, problem.has_link),
        Problem::HasHidden => td_string!(locale, problem.has_hidden),
    };
    words.to_owned()
}

/// Says why something was refused, and what to do.
#[cfg(feature = "ssr")]
#[must_use]
pub fn refusal_text(locale: Locale, error: &AppError) -> String {
    let refusal = match error {
        AppError::Refused(refusal) => refusal,
        AppError::Internal { reference } => {
            return td_string!(locale, refusal.internal, reference = reference.clone());
        }
    };
    match refusal {
        Refusal::OutOfCredits { needed, available, limited, .. } => {
            let [needed, available, rest] = [needed, available, limited].map(|amount| credits_text(locale, *amount));
            if limited.is_positive() {
                td_string!(locale, refusal.out_of_limited, needed = needed, available = available, limited = rest)
            } else {
                td_string!(locale, refusal.out_of_credits, needed = needed, available = available)
            }
        }
        Refusal::PlanRequired { plan } => td_string!(locale, refusal.plan_required, plan = plan.clone()),
        Refusal::Invalid { fields } | Refusal::Unprocessable { fields } => match fields.first() {
            Some(field) => field_error_text(locale, field),
            None => td_string!(locale, refusal.invalid).to_owned(),
        },
        Refusal::NotFound { .. } => td_string!(locale, refusal.not_found).to_owned(),
        Refusal::Unauthenticated => td_string!(locale, refusal.unauthenticated).to_owned(),
        Refusal::Forbidden { .. } => td_string!(locale, refusal.forbidden).to_owned(),
        Refusal::WalletInactive => td_string!(locale, refusal.wallet_inactive).to_owned(),
        Refusal::HoldCaptured => td_string!(locale, refusal.hold_captured).to_owned(),
        Refusal::HoldReleased => td_string!(locale, refusal.hold_released).to_owned(),
        Refusal::HoldExpired => td_string!(locale, refusal.hold_expired).to_owned(),
        Refusal::CodeUnknown
        | Refusal::CodeUsed
        | Refusal::CodeExpired
        | Refusal::CodeWithdrawn
        | Refusal::CodeLimit => notice_text(locale, refusal.code()),
        Refusal::VersionConflict => td_string!(locale, refusal.version_conflict).to_owned(),
        Refusal::RateLimited { .. } => td_string!(locale, refusal.rate_limited).to_owned(),
        Refusal::IdempotencyMismatch => td_string!(locale, refusal.mismatch).to_owned(),
        _ => td_string!(locale, refusal.unavailable).to_owned(),
    }
}

/// Says a refusal that came back with a form as a whole, by its code.
#[must_use]
pub fn notice_text(locale: Locale, code: &str) -> String {
    match code {
        "code_unknown" => td_string!(locale, codes.unknown),
        "code_used" => td_string!(locale, codes.used),
        "code_expired" => td_string!(locale, codes.expired),
        "code_withdrawn" => td_string!(locale, codes.withdrawn),
        "code_limit" => td_string!(locale, codes.limit),
        "version_conflict" => td_string!(locale, refusal.version_conflict),
        "idempotency_mismatch" => td_string!(locale, refusal.mismatch),
        "forbidden" => td_string!(locale, refusal.forbidden),
        "not_found" => td_string!(locale, refusal.not_found),
        "rate_limited" => td_string!(locale, refusal.rate_limited),
        "unavailable" | "outcome_unknown" => td_string!(locale, refusal.unavailable),
        _ => td_string!(locale, refusal.invalid),
    }
    .to_owned()
}

/// Shows what is wrong with a form, as far as no field of the page shows it.
#[component]
pub fn FormErrors(
    /// What became of the form.
    outcome: FormOutcome,
    /// The fields that show their own problems.
    #[prop(default = &[])]
    shown: &'static [&'static str],
) -> impl IntoView {
    let i18n = use_i18n();
    let notice = outcome.notice.clone();
    let errors: Vec<FieldError> = outcome
        .errors
        .into_iter()
        .filter(|error| {
            !shown.iter().any(|prefix| error.field == *prefix || error.field.starts_with(&format!("{prefix}.")))
        })
        .collect();
    if errors.is_empty() {
        return ().into_any();
    }
    let words = move || {
        let locale = i18n.get_locale();
        let say = |error: &FieldError| match (&notice, error.field.is_empty()) {
            (Some(code), true) => notice_text(locale, code),
            _ => field_error_text(locale, error),
        };
        errors.iter().map(say).collect::<Vec<_>>().join(" ")
    };
    view! {
        <p class="rounded-box px-4 py-2.5 mb-3 tag-err" role="alert" data-testid="form-error">{words}</p>
    }
    .into_any()
}
