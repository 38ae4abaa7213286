//! Choosing the purchase to give back: those that the rule takes as radio buttons, the others with the reason.

use leptos::prelude::*;
use wallet::catalog::RefundPolicy;
use wallet::refund::{Assessment, Obstacle, Offer, Purchase, RefundAbout, RefundRequest};

use crate::components::ui::icon::{Icon, icon};
use crate::i18n::*;
use crate::text::amount::money_text;
use crate::text::date_time::{Zone, date_text, use_zone};
use crate::text::refund::{amount_text, number_text, obstacle_text, request_state};

/// How many choices the style sheet can follow.
const PICKS_MAX: usize = 16;

/// The purchases of a form, by what can be done with them.
#[derive(Clone, Debug, Default)]
pub struct Purchases {
    /// Those that can be given back and stand in the form.
    pub offered: Vec<(Assessment, Offer)>,
    /// The others that can: each leads to the form with it.
    pub further: Vec<Assessment>,
    /// Those that a request is about already.
    pub asked: Vec<(Assessment, RefundRequest)>,
    /// Those that can't be given back, and why.
    pub others: Vec<(Assessment, Obstacle)>,
}

impl Purchases {
    /// Sorts what was bought.
    #[must_use]
    pub fn of(purchases: Vec<Assessment>, standing: &[RefundRequest]) -> Self {
        let mut sorted = Self::default();
        for assessed in purchases {
            let about = RefundAbout::Payment { id: assessed.purchase.payment };
            match (standing.iter().find(|request| request.about == about), assessed.verdict) {
                (Some(request), _) => sorted.asked.push((assessed, request.clone())),
                (None, Err(obstacle)) => sorted.others.push((assessed, obstacle)),
                (None, Ok(offer)) if sorted.offered.len() < PICKS_MAX => sorted.offered.push((assessed, offer)),
                (None, Ok(_)) => sorted.further.push(assessed),
            }
        }
        sorted
    }
}

/// Says what was bought: `100 credits, $5.00, 19 Nov 2026, Visa •• 4242`.
fn facts(locale: Locale, purchase: &Purchase, zone: &Zone) -> String {
    let date = date_text(locale, zone.day(purchase.bought_at));
    let mut text = format!("{}, {}, {date}", amount_text(locale, purchase.granted), money_text(locale, purchase.total));
    if let Some(method) = &purchase.method {
        text = format!("{text}, {method}");
    }
    text
}

/// The purchases that can be given back, the first one chosen.
///
/// What one gets back stands beside it and follows by CSS alone, as the order of a top-up does (`.picks`, `.picked`): so
/// the choices here and there must come in one sequence.
#[component]
pub fn PurchasePicks(
    /// The purchases.
    offered: Vec<(Assessment, Offer)>,
    /// The rule.
    policy: Option<RefundPolicy>,
) -> impl IntoView {
    let picks = offered
        .into_iter()
        .enumerate()
        .map(|(place, (assessed, offer))| {
            view! { <Pick assessed=assessed offer=offer policy=policy is_chosen=place == 0 /> }
        })
        .collect_view();
    view! { <div class="picks grid gap-2">{picks}</div> }
}

/// One of them.
#[component]
fn Pick(assessed: Assessment, offer: Offer, policy: Option<RefundPolicy>, is_chosen: bool) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let Assessment { purchase, day, used_percent, .. } = assessed;
    let money = move || money_text(i18n.get_locale(), offer.money);
    let (title, payment) = (purchase.title.clone(), purchase.payment.to_string());
    let label = {
        let title = title.clone();
        move || t_string!(i18n, refund.pick_label, title = title.clone(), money = money())
    };
    let check = |words: AnyView| {
        view! { <span class="inline-flex items-center gap-1"><span class="text-primary">{icon(Icon::Check, 12)}</span>{words}</span> }
    };
    let checks = policy.map(|policy| {
        let days = move || t_string!(i18n, refund.day_of, day = day.to_string(), days = policy.days.to_string());
        let used = move || {
            let (used, percent) = (used_percent.to_string(), policy.max_used_percent.to_string());
            t_string!(i18n, refund.used_of, used = used, percent = percent)
        };
        view! {
            {check(view! { {days} }.into_any())}
            {check(view! { {used} }.into_any())}
            {check(view! { {t!(i18n, refund.standing)} }.into_any())}
        }
    });
    view! {
        <label class="pick flex gap-3 px-4 py-3.5">
            <input type="radio" name="payment" value=payment aria-label=label checked=is_chosen />
            <span class="size-4 mt-[3px] rounded-full border border-control grid place-items-center bg-base-100 flex-none">
                <span class="pick-dot size-2 rounded-full bg-primary"></span>
            </span>
            <span class="flex-1 min-w-0">
                <span class="block font-medium [overflow-wrap:anywhere]">{title}</span>
                <span class="block text-sm text-muted num">{move || facts(i18n.get_locale(), &purchase, &zone)}</span>
                <span class="flex flex-wrap gap-x-4 gap-y-1 mt-2 text-sm num">{checks}</span>
            </span>
            <span class="text-right num">
                <span class="block fig text-xl whitespace-nowrap">{money}</span>
                <span class="text-sm text-muted">{t!(i18n, refund.back)}</span>
            </span>
        </label>
    }
}

/// The purchases that can be given back and have no place above: each leads to the form with it.
#[component]
pub fn Further(
    /// The purchases.
    further: Vec<Assessment>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = further
        .into_iter()
        .map(|assessed| {
            let href = format!("/wallet/refunds/new?payment={}", assessed.purchase.payment);
            let side = view! { <a class="link-q" href=href>{t!(i18n, refund.choose)}</a> };
            view! { <Row purchase=assessed.purchase>{side}</Row> }
        })
        .collect_view();
    view! { <ul class="panel mt-3">{rows}</ul> }
}

/// The purchases that can't be given back now: a request is about them already, or the rule says no.
#[component]
pub fn NotRefundable(
    /// Those with a request.
    asked: Vec<(Assessment, RefundRequest)>,
    /// Those that the rule does not take, and why.
    others: Vec<(Assessment, Obstacle)>,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let asked = asked
        .into_iter()
        .map(|(assessed, request)| {
            let href = format!("/wallet/refunds/{}", request.id);
            let (number, state) = (number_text(request.number), request.state);
            view! {
                <Row purchase=assessed.purchase>
                    <a class="link-q" href=href>{move || t_string!(i18n, refund.request, number = number.clone())}</a>
                    ", "
                    {move || request_state(i18n.get_locale(), state)}
                </Row>
            }
        })
        .collect_view();
    let others = others
        .into_iter()
        .map(|(assessed, obstacle)| {
            let zone = zone.clone();
            let is_plan = obstacle == Obstacle::PlanCredits;
            view! {
                <Row purchase=assessed.purchase is_refused=true>
                    {move || obstacle_text(i18n.get_locale(), obstacle, &zone)}
                    {is_plan.then(|| view! { " "<a class="link-q" href="/wallet/plan">{t!(i18n, refund.cancel_plan)}</a> })}
                </Row>
            }
        })
        .collect_view();
    view! { <ul class="panel">{asked}{others}</ul> }
}

/// One purchase in a list, and what is said of it.
#[component]
fn Row(purchase: Purchase, #[prop(default = false)] is_refused: bool, children: Children) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let title = purchase.title.clone();
    let mark = if is_refused { Icon::Cross } else { Icon::Clock };
    view! {
        <li class="px-4 py-3 border-b border-line last:border-0 grid sm:grid-cols-2 gap-x-6 gap-y-1">
            <div class="min-w-0">
                <p class="font-medium [overflow-wrap:anywhere]">{title}</p>
                <p class="text-sm text-muted num">{move || facts(i18n.get_locale(), &purchase, &zone)}</p>
            </div>
            <p class="text-sm num flex gap-2 sm:self-center">
                <span class="text-muted mt-[3px]">{icon(mark, 14)}</span>
                <span>{children()}</span>
            </p>
        </li>
    }
}
