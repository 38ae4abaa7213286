//! What a paid order says of giving it back: until when, the way to ask, and how far a request is.

use chrono::{DateTime, Duration, Utc};
use leptos::prelude::*;
use wallet::catalog::RefundPolicy;
use wallet::money::Credits;
use wallet::refund::{Assessment, RefundRequest, RequestState};

use crate::i18n::*;
use crate::text::amount::credits_text;
use crate::text::date_time::{date_text, use_zone};
use crate::text::refund::{number_text, obstacle_text, request_class, request_state};

/// The lines of the receipt.
#[component]
pub fn RefundLines(
    /// The rule; none for what it does not concern.
    policy: Option<RefundPolicy>,
    /// When it was bought, and what it has brought.
    bought: (DateTime<Utc>, Credits),
    /// What the rule says of it now.
    purchase: Option<Assessment>,
    /// The newest request about it.
    request: Option<RefundRequest>,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let Some(policy) = policy else {
        return request.map(|request| view! { <RequestLine request=request /> }).into_any();
    };
    let (at, credits) = bought;
    let until = zone.day(at + Duration::days(i64::from(policy.days)));
    let percent = i64::from(policy.max_used_percent);
    let most = Credits::from_micros(credits.micros() / 100 * percent);
    let stands =
        request.as_ref().is_some_and(|request| matches!(request.state, RequestState::Waiting | RequestState::Approved));
    let obstacle = purchase.as_ref().and_then(|assessed| assessed.verdict.as_ref().err().copied());
    let words = move || {
        let locale = i18n.get_locale();
        match obstacle {
            Some(obstacle) => obstacle_text(locale, obstacle, &zone),
            None => {
                let (date, amount) = (date_text(locale, until), credits_text(locale, most));
                t_string!(i18n, order.refundable_until, date = date, amount = amount)
            }
        }
    };
    let ask = purchase
        .filter(|assessed| assessed.verdict.is_ok() && !stands)
        .map(|assessed| format!("/wallet/refunds/new?payment={}", assessed.purchase.payment));
    view! {
        <dt class="text-muted">{t!(i18n, order.refundable)}</dt>
        <dd>
            {words}
            {ask.map(|href| view! { <a class="link-q block w-fit" href=href>{t!(i18n, refund.title)}</a> })}
        </dd>
        {request.map(|request| view! { <RequestLine request=request /> })}
    }
    .into_any()
}

/// The request and its state.
#[component]
fn RequestLine(request: RefundRequest) -> impl IntoView {
    let i18n = use_i18n();
    let state = request.state;
    view! {
        <dt class="text-muted">{t!(i18n, refund.number)}</dt>
        <dd>
            <a class="link-q" href=format!("/wallet/refunds/{}", request.id)>{number_text(request.number)}</a>
            " "
            <span class=request_class(state)>{move || request_state(i18n.get_locale(), state)}</span>
        </dd>
    }
}
