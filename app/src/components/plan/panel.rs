//! The panel of the plan on the front page of the wallet.

use leptos::prelude::*;
use wallet::money::Credits;
use wallet::plan::{PlanSummary, SubscriptionStatus, SubscriptionView};

use crate::i18n::*;
use crate::text::amount::{money_text, signed_text};
use crate::text::date_time::{date_text, use_zone};

/// Says whether the card of a plan was declined and nobody has paid since.
#[must_use]
pub fn owes(paid: &SubscriptionView) -> bool {
    paid.status == SubscriptionStatus::PastDue && !paid.cancel_at_end
}

/// The plan, and what comes next of it: money and credits, or its end.
#[component]
pub fn PlanPanel(
    /// The plan that counts.
    plan: PlanSummary,
    /// What it adds every month.
    monthly: Option<Credits>,
    /// The paid plan, where the account is on one.
    paid: Option<SubscriptionView>,
) -> impl IntoView {
    let i18n = use_i18n();
    if plan.code.is_empty() {
        return ().into_any();
    }
    let name = StoredValue::new(paid.as_ref().map_or(plan.name, |paid| paid.name.clone()));
    let is_past_due = paid.as_ref().is_some_and(owes);
    let link = if paid.is_some() { "/wallet/plan" } else { "/pricing#plans" };
    let is_paid = paid.is_some();
    let facts = match paid {
        Some(paid) => view! { <NextOfPlan paid=paid /> }.into_any(),
        None => view! {
            <dl class="mt-2 flex gap-3 num">
                <dt class="flex-1 text-muted">{t!(i18n, wallet.plan_monthly)}</dt>
                <dd class="font-semibold">
                    {move || match monthly.filter(|monthly| monthly.is_positive()) {
                        Some(monthly) => signed_text(i18n.get_locale(), monthly),
                        None => t_string!(i18n, wallet.plan_no_monthly).to_owned(),
                    }}
                </dd>
            </dl>
        }
        .into_any(),
    };
    view! {
        <section aria-labelledby="pl" class="panel p-5">
            <div class="flex items-baseline gap-3">
                <h2 id="pl" class="h2 flex-1">{move || t_string!(i18n, wallet.plan_name, name = name.get_value())}</h2>
                {is_past_due.then(|| view! { <span class="tag tag-err">{t!(i18n, plan.state_past_due)}</span> })}
                <a class="link-q text-sm" href=link>
                    {move || if is_paid { t_string!(i18n, plan.manage) } else { t_string!(i18n, wallet.plan_compare) }}
                </a>
            </div>
            {facts}
        </section>
    }
    .into_any()
}

/// What comes next of a paid plan: `1 Dec, ₽890 from Visa •• 4242`, and the credits beside it.
#[component]
fn NextOfPlan(paid: SubscriptionView) -> impl IntoView {
    let i18n = use_i18n();
    let (terms, method) = (paid.terms, StoredValue::new(paid.method.clone().unwrap_or_default()));
    // The next payment is for the plan that was chosen for it.
    let next = paid.next.as_ref().map_or(terms, |next| next.terms);
    let (is_ending, until) = (paid.cancel_at_end, paid.paid_until);
    let pays_at = paid.next_try_at.unwrap_or(until);
    // Months of a year that is paid come without a payment.
    let comes_alone = paid.next_credits_at.filter(|at| *at < pays_at);
    let zone = use_zone();
    let (until, pays_on) = (zone.day(until), zone.day(pays_at));
    let comes_alone = comes_alone.map(|at| zone.day(at));
    let credits = move || signed_text(i18n.get_locale(), terms.credits);
    let last = move || {
        let locale = i18n.get_locale();
        if is_ending {
            return t_string!(i18n, plan.ends_on, date = date_text(locale, until));
        }
        let (date, price) = (date_text(locale, pays_on), money_text(locale, next.price));
        t_string!(i18n, plan.pays_on, date = date, price = price, card = method.get_value())
    };
    view! {
        <dl class="mt-2 grid gap-1 num">
            {comes_alone
                .map(|day| {
                    view! {
                        <div class="flex gap-3">
                            <dt class="flex-1 text-muted">{move || date_text(i18n.get_locale(), day)}</dt>
                            <dd class="font-semibold">{credits}</dd>
                        </div>
                    }
                })}
            <div class="flex gap-3">
                <dt class="flex-1 text-muted">{last}</dt>
                <dd class="font-semibold">{move || if is_ending { String::new() } else { signed_text(i18n.get_locale(), next.credits) }}</dd>
            </div>
        </dl>
    }
}
