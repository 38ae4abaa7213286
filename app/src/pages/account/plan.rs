//! `/wallet/plan`: choose a plan and see what it costs; later, what comes when, and the way out.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use uuid::Uuid;
use wallet::catalog::Interval;
use wallet::error::Problem;
use wallet::plan::{SubscriptionStatus, SubscriptionView, Terms};

use crate::components::payment::method_list::MethodList;
use crate::components::plan::add_ons::{self, AddOnPanel};
use crate::components::plan::change::{ChangeList, ChangeOrder};
use crate::components::plan::facts::{Months, PlanFacts, PlanRules, TimeZone};
use crate::components::plan::metered::MeteredPanel;
use crate::components::ui::panel::{Banner, BannerKind, EmptyState};
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::payment_methods::PayChoice;
use crate::data::plan::{PlanOffer, PlanPage as Page, load_plan_page};
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::date_time::{date_text, use_zone};
use crate::text::refusal::FormErrors;

/// The page of the plan.
#[component]
pub fn PlanPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let asked = Memo::new(move |_| {
        address.with(|map| {
            let word = |name: &str| map.get_str(name).unwrap_or_default().to_owned();
            (word("plan"), word("interval"), word("currency"))
        })
    });
    let page = Resource::new_blocking(
        move || asked.get(),
        |(plan, interval, currency)| load_plan_page(plan, interval, currency),
    );
    view! {
        <DataPage
            active=Nav::Plan
            title=move || t_string!(i18n, plan.title)
            note=move || t_string!(i18n, plan.note)
            actions=move || view! { <a class="btn btn-plain" href="/pricing#plans">{t!(i18n, wallet.plan_compare)}</a> }
            data=page
            let:page
        >
            <PlanContent page=page />
        </DataPage>
    }
}

/// The paid plan, or the one that was chosen, or where to choose; then the months that were.
#[component]
fn PlanContent(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let (of_page, may_pay, key) = (page.outcome.clone(), page.may_pay, page.idempotency_key);
    // What is wrong with an add-on is said at its row.
    let outcome = if of_page.path.starts_with(add_ons::FORM) { FormOutcome::default() } else { of_page.clone() };
    let was_offered = page.offer.is_some() && page.changes.is_none();
    let chosen = outcome.value("method");
    let name = StoredValue::new(page.plan.name.clone());
    let main = match (page.current.clone(), page.offer.clone()) {
        (Some(current), _) => view! {
            {(was_offered && outcome == FormOutcome::default())
                .then(|| view! { <Banner kind=BannerKind::Info><p class="flex-1">{t!(i18n, plan.already)}</p></Banner> })}
            <PlanErrors outcome=outcome />
            <PaidPlan page=page.clone() current=current chosen=chosen />
        }
        .into_any(),
        (None, Some(offer)) => {
            view! {
                <PlanErrors outcome=outcome />
                <OrderForm offer=offer page=page.clone() />
            }
            .into_any()
        }
        (None, None) => view! {
            <PlanErrors outcome=outcome />
            <EmptyState
                title=Signal::derive(move || t_string!(i18n, plan.none, name = name.get_value()))
                note=Signal::derive(move || t_string!(i18n, plan.none_note).to_owned())
            >
                <a class="btn btn-primary" href="/pricing#plans">{t!(i18n, plan.choose_one)}</a>
            </EmptyState>
        }
        .into_any(),
    };
    view! {
        {main}
        <AddOnPanel part=page.add_ons may_pay=may_pay outcome=of_page key=key />
        {page.metered.map(|month| view! { <MeteredPanel month=month may_pay=may_pay /> })}
        <Months periods=page.periods names=page.names free=page.free_plan />
        <TimeZone current=page.time_zone zones=page.time_zones may_change=may_pay outcome=page.outcome />
    }
}

/// What is wrong with a form of this page; a second plan, and an amount that has changed, get the words of this page.
#[component]
fn PlanErrors(outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    if outcome.error("time_zone").is_some() {
        // Said at its field.
        return ().into_any();
    }
    let is_taken = outcome.error("plan").is_some_and(|error| error.problem == Problem::Taken);
    let is_outdated = outcome.error("shown").is_some_and(|error| error.problem == Problem::Outdated);
    if !is_taken && !is_outdated {
        return view! { <FormErrors outcome=outcome /> }.into_any();
    }
    view! {
        <p class="rounded-box px-4 py-2.5 mb-3 tag-err" role="alert" data-testid="form-error">
            {move || if is_taken { t_string!(i18n, plan.already) } else { t_string!(i18n, plan.amount_changed) }}
        </p>
    }
    .into_any()
}

/// The paid plan, what it may become, and what the chosen change costs.
#[component]
fn PaidPlan(page: Page, current: SubscriptionView, chosen: Option<String>) -> impl IntoView {
    let (key, pay) = (page.idempotency_key, page.pay.clone());
    let plan = view! {
        <CurrentPlan current=current.clone() names=page.names.clone() pay=pay.clone() chosen=chosen.clone() key=key may_pay=page.may_pay />
    };
    let Some(changes) = page.changes else { return view! { <div class="max-w-[720px]">{plan}</div> }.into_any() };
    let list = view! { <ChangeList changes=changes.clone() current=current.clone() /> };
    let Some(change) = changes.chosen else {
        return view! { <div class="max-w-[720px]">{plan} {list}</div> }.into_any();
    };
    let name =
        page.names.iter().find(|(code, _)| *code == change.plan).map_or(change.plan.clone(), |(_, name)| name.clone());
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_380px] gap-6 items-start">
            <div>{plan} {list}</div>
            <ChangeOrder
                change=*change
                name=name
                current=current
                available=changes.available
                pay=pay
                chosen=chosen
                key=key
            />
        </div>
    }
    .into_any()
}

/// The plan that was chosen: what comes when, and what is paid today.
#[component]
fn OrderForm(offer: PlanOffer, page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let terms = offer.terms;
    let price = move || money_text(i18n.get_locale(), terms.price);
    let zone = use_zone();
    let next = zone.day(offer.dates.next_payment_at);
    let short = offer.dates.short_month_ends_at.map(|at| zone.day(at));
    let name = StoredValue::new(offer.plan.name.clone());
    let consent = move || {
        let locale = i18n.get_locale();
        let consent = t_string!(i18n, plan.consent, price = price(), date = date_text(locale, next));
        match short {
            Some(day) => format!("{} {consent}", t_string!(i18n, plan.calendar_note, date = date_text(locale, day))),
            None => consent,
        }
    };
    view! {
        <form
            method="post"
            action="/wallet/plan"
            class="grid lg:grid-cols-[minmax(0,1fr)_380px] gap-6 items-start"
            data-once
        >
            <input type="hidden" name="idempotency_key" value=page.idempotency_key.to_string() />
            <input type="hidden" name="plan" value=offer.plan.code.clone() />
            <input type="hidden" name="interval" value=terms.interval.code() />
            <input type="hidden" name="currency" value=terms.price.currency().code() />
            <div class="grid gap-6">
                {(!page.may_pay).then(|| view! { <p class="text-rise">{t!(i18n, top_up.no_right)}</p> })}
                <section aria-labelledby="get" class="panel p-5">
                    <h2 id="get" class="h2">{move || t_string!(i18n, wallet.plan_name, name = name.get_value())}</h2>
                    <PlanFacts terms=terms next_at=offer.dates.next_payment_at />
                </section>
                <fieldset>
                    <legend class="h2 mb-2">{t!(i18n, top_up.pay_with)}</legend>
                    <MethodList choice=page.pay.clone() chosen=page.outcome.value("method") />
                </fieldset>
                <PlanRules expiry=page.expiry />
            </div>
            <aside aria-label=move || t_string!(i18n, top_up.order) class="panel lg:sticky lg:top-[4.5rem]">
                <div class="p-5">
                    <h2 class="h2">{t!(i18n, top_up.order)}</h2>
                    <p class="mt-3 flex items-baseline gap-2">
                        <span class="fig text-3xl">{move || credits_text(i18n.get_locale(), terms.credits)}</span>
                        <span class="text-lg">{move || t_string!(i18n, prices.credits_monthly, unit = unit_text(i18n.get_locale(), terms.credits))}</span>
                    </p>
                </div>
                <hr class="perf-x mx-2" />
                <div class="p-5">
                    <dl>
                        <div class="flex gap-3 py-1">
                            <dt class="flex-1">
                                {move || {
                                    let name = name.get_value();
                                    match terms.interval {
                                        Interval::Month => t_string!(i18n, plan.a_month_of, name = name),
                                        Interval::Year => t_string!(i18n, plan.a_year_of, name = name),
                                    }
                                }}
                            </dt>
                            <dd class="num">{price}</dd>
                        </div>
                        <div class="flex gap-3 items-baseline border-t-2 border-base-content mt-2 pt-3">
                            <dt class="flex-1"><strong class="text-lg">{t!(i18n, top_up.total)}</strong></dt>
                            <dd class="num"><span class="fig text-2xl">{price}</span></dd>
                        </div>
                    </dl>
                    <p class="text-sm mt-4" id="consent">{consent}</p>
                    <button
                        class="btn btn-primary btn-lg w-full mt-4"
                        aria-describedby="consent"
                        data-sending=t_string!(i18n, top_up.paying)

                    >
                        {t_string!(i18n, plan.agree_and_pay, price = price())}
                    </button>
                </div>
            </aside>
        </form>
    }
}

/// The paid plan: how it stands, what comes, and what can be done.
#[component]
fn CurrentPlan(
    current: SubscriptionView,
    names: Vec<(String, String)>,
    pay: PayChoice,
    chosen: Option<String>,
    key: Uuid,
    may_pay: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let name = StoredValue::new(current.name.clone());
    let (is_past_due, is_ending) = (current.status == SubscriptionStatus::PastDue, current.cancel_at_end);
    let (class, state) = match (is_past_due, is_ending) {
        (_, true) => ("tag tag-warn", Signal::derive(move || t_string!(i18n, plan.state_ending).to_owned())),
        (true, false) => ("tag tag-err", Signal::derive(move || t_string!(i18n, plan.state_past_due).to_owned())),
        (false, false) => ("tag tag-ok", Signal::derive(move || t_string!(i18n, plan.state_active).to_owned())),
    };
    let ends = use_zone().day(current.paid_until);
    let is_assigned = current.is_assigned;
    let next = current.next.clone().map(|next| {
        let name = names.into_iter().find(|(code, _)| *code == next.plan).map_or(next.plan, |(_, name)| name);
        view! { <NextPlan name=name terms=next.terms day=ends stays=current.name.clone() may_pay=may_pay /> }
    });
    let actions = (may_pay && !is_assigned).then(|| {
        view! {
            <div class="flex flex-wrap gap-2 mt-5">
                {(is_past_due && !is_ending)
                    .then(|| {
                        view! {
                            <form method="post" action="/wallet/plan/pay" class="grid gap-3 basis-full">
                                <MethodList choice=pay chosen=chosen />
                                <p class="text-sm">{t!(i18n, pay.plan_consent)}</p>
                                <input type="hidden" name="idempotency_key" value=key.to_string() />
                                <div><button class="btn btn-primary">{t!(i18n, plan.pay_now)}</button></div>
                            </form>
                        }
                    })}
                {if is_ending {
                    view! {
                        <form method="post" action="/wallet/plan/resume">
                            <button class="btn btn-primary">{t!(i18n, plan.resume)}</button>
                        </form>
                    }
                        .into_any()
                } else {
                    view! {
                        <form method="post" action="/wallet/plan/cancel">
                            <button class="btn btn-plain">{t!(i18n, plan.cancel)}</button>
                        </form>
                    }
                        .into_any()
                }}
            </div>
        }
    });
    let (awaits_owner, last) = (current.awaits_owner, current.next_try_at.map(|at| use_zone().day(at)));
    let until = move || last.map(|day| date_text(i18n.get_locale(), day)).unwrap_or_default();
    let notice = move || {
        let date = date_text(i18n.get_locale(), ends);
        match (is_past_due, is_ending) {
            _ if is_assigned => Some(t_string!(i18n, plan.assigned_note).to_owned()),
            (true, false) if awaits_owner => Some(t_string!(i18n, plan.awaits_owner_note, date = until())),
            (true, false) => Some(t_string!(i18n, plan.past_due_note).to_owned()),
            (_, true) => Some(t_string!(i18n, plan.ending_note, date = date)),
            (false, false) => None,
        }
    };
    view! {
        <section aria-labelledby="now" class="panel p-5">
            <div class="flex flex-wrap items-center gap-3">
                <h2 id="now" class="h2">{move || t_string!(i18n, wallet.plan_name, name = name.get_value())}</h2>
                <span class=class>{state}</span>
            </div>
            {move || notice().map(|text| view! { <p class="mt-2">{text}</p> })}
            <PlanFacts terms=current.terms current=current.clone() next_at=current.paid_until />
            {next}
            {actions}
            {(!is_ending && !is_past_due)
                .then(|| {
                    view! {
                        <p class="text-sm text-muted mt-3">
                            {move || t_string!(i18n, plan.cancel_note, date = date_text(i18n.get_locale(), ends))}
                        </p>
                    }
                })}
        </section>
    }
}

/// What the plan becomes with its next billing date, and the way to let it stay.
#[component]
fn NextPlan(name: String, terms: Terms, day: chrono::NaiveDate, stays: String, may_pay: bool) -> impl IntoView {
    let i18n = use_i18n();
    let note = move || {
        let locale = i18n.get_locale();
        let price = match terms.interval {
            Interval::Month => t_string!(i18n, plan.each_month, price = money_text(locale, terms.price)),
            Interval::Year => t_string!(i18n, plan.each_year, price = money_text(locale, terms.price)),
        };
        t_string!(i18n, plan.becomes, date = date_text(locale, day), name = name.clone(), price = price)
    };
    view! {
        <div class="mt-4 pt-4 border-t border-line flex flex-wrap items-center gap-3" data-testid="next-plan">
            <p class="flex-1 min-w-48">{note}</p>
            {may_pay
                .then(|| {
                    view! {
                        <form method="post" action="/wallet/plan/keep">
                            <button class="btn btn-plain btn-sm">{move || t_string!(i18n, plan.stay, name = stays.clone())}</button>
                        </form>
                    }
                })}
        </div>
    }
}
