//! Changing a paid plan: the list of plans, and what the chosen one costs and brings.

use leptos::prelude::*;
use uuid::Uuid;
use wallet::catalog::Interval;
use wallet::money::Credits;
use wallet::plan::{ChangeStart, PlanChange, Proration, SubscriptionView, Terms};

use crate::components::payment::method_list::MethodList;
use crate::data::payment_methods::PayChoice;
use crate::data::plan::{PlanChanges, PlanInList};
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, rate_text, signed_text, unit_text};
use crate::text::date_time::{date_text, day_month_text, use_zone};

/// The address of the page with a plan chosen.
fn address(code: &str, interval: Interval) -> String {
    format!("/wallet/plan?plan={code}&interval={}#change", interval.code())
}

/// The plans that the plan of now may become, each with its price and when it begins.
#[component]
pub fn ChangeList(
    /// The plans.
    changes: PlanChanges,
    /// The plan of now.
    current: SubscriptionView,
) -> impl IntoView {
    let i18n = use_i18n();
    let (interval, day) = (changes.interval, use_zone().day(current.paid_until));
    let chosen = changes.chosen.map(|change| change.plan);
    let segments = (changes.intervals.len() > 1).then(|| {
        let link = |of: Interval| {
            let name = move || match of {
                Interval::Month => t_string!(i18n, prices.monthly),
                Interval::Year => t_string!(i18n, prices.yearly),
            };
            let href = format!("/wallet/plan?interval={}#change", of.code());
            view! { <a href=href aria-current=(of == interval).then_some("true")>{name}</a> }
        };
        view! { <nav class="seg" aria-label=move || t_string!(i18n, plan.interval)>{changes.intervals.into_iter().map(link).collect_view()}</nav> }
    });
    let rows = changes
        .plans
        .into_iter()
        .map(|plan| {
            let is_chosen = chosen.as_deref() == Some(plan.code.as_str());
            view! { <PlanRow plan=plan interval=interval is_chosen=is_chosen day=day /> }
        })
        .collect_view();
    view! {
        <section aria-labelledby="change" class="mt-8">
            <div class="flex flex-wrap items-center gap-3 mb-2">
                <h2 id="change" class="h2">{t!(i18n, plan.change)}</h2>
                <span class="flex-1"></span>
                {segments}
            </div>
            <ul class="grid pt-px">{rows}</ul>
            <p class="text-sm text-muted mt-2">
                {move || t_string!(i18n, plan.change_note, date = date_text(i18n.get_locale(), day))}
            </p>
        </section>
    }
}

/// One plan of the list: a link to its price.
#[component]
fn PlanRow(plan: PlanInList, interval: Interval, is_chosen: bool, day: chrono::NaiveDate) -> impl IntoView {
    let i18n = use_i18n();
    let PlanInList { code, name, terms, is_current, starts_now } = plan;
    let credits = move || {
        let locale = i18n.get_locale();
        format!("{} {}", credits_text(locale, terms.credits), unit_text(locale, terms.credits))
    };
    let rate = move || {
        let locale = i18n.get_locale();
        let unit = unit_text(locale, Credits::ONE);
        terms.rate().map(|rate| t_string!(i18n, plan.per_credit, rate = rate_text(locale, rate), unit = unit))
    };
    let start = move || match (is_current, starts_now) {
        (true, _) => t_string!(i18n, plan.yours).to_owned(),
        (false, true) => t_string!(i18n, plan.starts_today).to_owned(),
        (false, false) => t_string!(i18n, plan.starts_on, date = day_month_text(i18n.get_locale(), day)),
    };
    let inner = view! {
        <span class="size-4 rounded-full border border-control grid place-items-center bg-base-100 flex-none" aria-hidden="true">
            {is_chosen.then(|| view! { <span class="size-2 rounded-full bg-primary"></span> })}
        </span>
        <span class="w-14 sm:w-24 font-medium [overflow-wrap:anywhere]">{name}</span>
        <span class="flex-1 min-w-0 num">
            <span class="block sm:inline">{credits}</span>
            <span class="text-sm text-muted sm:ml-2">{rate}</span>
        </span>
        <span class="text-sm text-muted hidden sm:block text-right">
            {if is_current { view! { <span class="tag">{start}</span> }.into_any() } else { view! { {start} }.into_any() }}
        </span>
        <span class="num text-right sm:min-w-20">
            {move || money_text(i18n.get_locale(), terms.price)}
            <span class="block text-sm text-muted sm:hidden">{start}</span>
        </span>
    };
    let class = "pick flex items-center gap-2 sm:gap-3 px-3 sm:px-4 py-2.5 rounded-none -mt-px w-full";
    if is_current {
        return view! { <li><span class=format!("{class} !cursor-default")>{inner}</span></li> }.into_any();
    }
    let chosen = is_chosen.then_some("true");
    view! { <li><a class=class href=address(&code, interval) aria-current=chosen>{inner}</a></li> }.into_any()
}

/// What the chosen plan costs and brings, and the button that agrees to it.
#[component]
pub fn ChangeOrder(
    /// The change.
    change: PlanChange,
    /// The plan's name.
    name: String,
    /// The plan of now.
    current: SubscriptionView,
    /// What is available now.
    available: Credits,
    /// The ways to pay.
    pay: PayChoice,
    /// The way that was chosen before.
    chosen: Option<String>,
    /// Makes a second submit show the same order.
    key: Uuid,
) -> impl IntoView {
    let i18n = use_i18n();
    let (terms, day) = (change.terms, use_zone().day(change.next_billing_at));
    let name = StoredValue::new(name);
    let proration = match change.start {
        ChangeStart::Now(proration) => Some(proration),
        ChangeStart::NextBilling => None,
    };
    let shown = proration.map(|proration| proration.due.minor().to_string()).unwrap_or_default();
    let has_card = current.method.is_some();
    let button = move || {
        let locale = i18n.get_locale();
        match proration {
            Some(proration) => t_string!(i18n, plan.pay_and_change, price = money_text(locale, proration.due)),
            None => t_string!(i18n, plan.change_on, date = day_month_text(locale, day)),
        }
    };
    let consent = move || {
        let locale = i18n.get_locale();
        let (price, date) = (money_text(locale, terms.price), date_text(locale, day));
        match proration.is_some() {
            true => t_string!(i18n, plan.change_consent_paying, price = price, date = date),
            false => t_string!(i18n, plan.change_consent, price = price, date = date),
        }
    };
    let figures = match proration {
        Some(proration) => {
            let old = current.name.clone();
            view! { <ProrationFacts proration=proration from=change.from to=terms name=name.get_value() old=old available=available /> }
                .into_any()
        }
        None => view! {
            <p class="px-5 pb-5">
                {move || {
                    let locale = i18n.get_locale();
                    t_string!(i18n, plan.change_later, name = name.get_value(), date = date_text(locale, day))
                }}
            </p>
        }
        .into_any(),
    };
    view! {
        <form method="post" action="/wallet/plan/change" class="panel lg:sticky lg:top-[4.5rem]" aria-labelledby="order" data-once data-testid="plan-change">
            <input type="hidden" name="idempotency_key" value=key.to_string() />
            <input type="hidden" name="plan" value=change.plan />
            <input type="hidden" name="interval" value=terms.interval.code() />
            <input type="hidden" name="currency" value=terms.price.currency().code() />
            <input type="hidden" name="shown" value=shown />
            <div class="p-5 pb-3">
                <h2 id="order" class="h2">{move || t_string!(i18n, plan.change_to, name = name.get_value())}</h2>
            </div>
            {figures}
            <hr class="perf-x mx-2" />
            <div class="p-5">
                <NextTerms terms=terms day=day />
                {proration
                    .is_some()
                    .then(|| {
                        view! {
                            <fieldset class="mt-4">
                                <legend class="text-sm font-medium mb-2">{t!(i18n, top_up.pay_with)}</legend>
                                <MethodList choice=pay chosen=chosen />
                            </fieldset>
                        }
                    })}
                {(!has_card)
                    .then(|| view! { <p class="text-sm text-rise mt-3">{t!(i18n, plan.no_card)} " " <a class="link-q" href="/wallet/payment">{t!(i18n, plan.add_card)}</a></p> })}
                <p class="text-sm mt-4" id="change-consent">{consent}</p>
                <button
                    class="btn btn-primary btn-lg w-full mt-4 h-auto min-h-11 py-2"
                    aria-describedby="change-consent"
                    data-sending=t_string!(i18n, top_up.paying)

                >
                    {button}
                </button>
                <a class="btn btn-quiet w-full mt-2" href="/wallet/plan">{t!(i18n, plan.change_not)}</a>
            </div>
        </form>
    }
}

/// What is paid today and what comes today, worked out in full.
#[component]
fn ProrationFacts(
    proration: Proration,
    from: Terms,
    to: Terms,
    name: String,
    old: String,
    available: Credits,
) -> impl IntoView {
    let i18n = use_i18n();
    let (paid, month) = (proration.paid, proration.month);
    let more = to.credits.checked_sub(from.credits).unwrap_or_default();
    let then = available.checked_add(proration.credits).unwrap_or(available);
    let share = move |price| {
        let locale = i18n.get_locale();
        format!("{} × {} ÷ {}", money_text(locale, price), paid.left, paid.all)
    };
    view! {
        <div class="px-5 pb-5">
            <p class="flex flex-wrap items-baseline gap-x-2">
                <span class="fig text-3xl">{move || signed_text(i18n.get_locale(), proration.credits)}</span>
                <span class="text-lg">
                    {move || t_string!(i18n, plan.credits_today, unit = unit_text(i18n.get_locale(), proration.credits))}
                </span>
            </p>
            <p class="text-sm text-muted num mt-1">
                {move || {
                    let locale = i18n.get_locale();
                    t_string!(i18n, plan.credits_worked_out, amount = credits_text(locale, more), left = month.left, all = month.all)
                }}
                " "
                {move || {
                    let locale = i18n.get_locale();
                    t_string!(i18n, plan.available_then, amount = credits_text(locale, then))
                }}
            </p>
        </div>
        <hr class="perf-x mx-2" />
        <dl class="p-5 num">
            <div class="flex gap-3 py-1">
                <dt class="flex-1">
                    {move || t_string!(i18n, plan.new_share, name = name.clone())}
                    <span class="block text-sm text-muted">{move || share(to.price)}</span>
                </dt>
                <dd class="whitespace-nowrap">{move || money_text(i18n.get_locale(), proration.new_share)}</dd>
            </div>
            <div class="flex gap-3 py-1">
                <dt class="flex-1">
                    {move || t_string!(i18n, plan.old_share, name = old.clone())}
                    <span class="block text-sm text-muted">{move || share(from.price)}</span>
                </dt>
                <dd class="whitespace-nowrap">{move || format!("−{}", money_text(i18n.get_locale(), proration.old_share))}</dd>
            </div>
            <div class="flex gap-3 py-1 border-t-2 border-base-content mt-2 pt-3 items-baseline">
                <dt class="flex-1"><strong class="text-lg">{t!(i18n, plan.total_today)}</strong></dt>
                <dd class="whitespace-nowrap"><span class="fig text-2xl">{move || money_text(i18n.get_locale(), proration.due)}</span></dd>
            </div>
        </dl>
    }
}

/// What is paid and what comes from the next billing date on.
#[component]
fn NextTerms(terms: Terms, day: chrono::NaiveDate) -> impl IntoView {
    let i18n = use_i18n();
    let price = move || {
        let locale = i18n.get_locale();
        let date = day_month_text(locale, day);
        match terms.interval {
            Interval::Month => t_string!(i18n, plan.each_month_from, date = date),
            Interval::Year => t_string!(i18n, plan.each_year_from, date = date),
        }
    };
    view! {
        <dl class="text-sm num">
            <div class="flex gap-3 py-1">
                <dt class="flex-1">{price}</dt>
                <dd class="whitespace-nowrap">{move || money_text(i18n.get_locale(), terms.price)}</dd>
            </div>
            <div class="flex gap-3 py-1">
                <dt class="flex-1">{t!(i18n, wallet.plan_monthly)}</dt>
                <dd class="whitespace-nowrap">{move || signed_text(i18n.get_locale(), terms.credits)}</dd>
            </div>
        </dl>
    }
}
