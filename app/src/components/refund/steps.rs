//! How far a request is, step by step.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use wallet::money::Credits;
use wallet::refund::{RefundRequest, RequestState};

use crate::i18n::*;
use crate::text::amount::money_text;
use crate::text::date_time::{When, WhenStyle, date_text, use_zone};
use crate::text::refund::{amount_text, request_class, request_state};

/// What a step says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Sent,
    InReview,
    Approved,
    Paid,
    Added,
    Refused,
    Withdrawn,
    Failed,
}

/// A step: when it was, or that it is still to come.
type Timed = (Step, Option<DateTime<Utc>>);

/// The steps of a request, those to come at the end.
fn steps(request: &RefundRequest) -> Vec<Timed> {
    let (sent, decided, updated) = (Some(request.created_at), request.decided_at, Some(request.updated_at));
    let is_money = request.asked.is_some();
    let mut steps = vec![(Step::Sent, sent), (Step::InReview, sent)];
    match request.state {
        RequestState::Waiting if is_money => steps.extend([(Step::Approved, None), (Step::Paid, None)]),
        RequestState::Waiting => steps.push((Step::Added, None)),
        RequestState::Withdrawn => steps.push((Step::Withdrawn, updated)),
        RequestState::Refused => steps.push((Step::Refused, decided)),
        RequestState::Approved if is_money => steps.extend([(Step::Approved, decided), (Step::Paid, None)]),
        RequestState::Approved => steps.push((Step::Added, decided)),
        RequestState::Paid if is_money => steps.extend([(Step::Approved, decided), (Step::Paid, updated)]),
        RequestState::Paid => steps.push((Step::Added, decided)),
        RequestState::Failed => steps.extend([(Step::Approved, decided), (Step::Failed, updated)]),
    }
    steps
}

/// The panel of a request: its state, its steps, and what can be done.
#[component]
pub fn RequestSteps(
    /// The request.
    request: RefundRequest,
    /// The way to take it back, while that can be done.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let i18n = use_i18n();
    let state = request.state;
    let is_open = matches!(state, RequestState::Waiting | RequestState::Approved);
    let rows = steps(&request)
        .into_iter()
        .map(|(step, at)| view! { <StepRow step=step at=at request=request.clone() /> })
        .collect_view();
    view! {
        <section aria-labelledby="status" class="panel p-5">
            <div class="flex items-center gap-3 mb-4">
                <h2 id="status" class="h2 flex-1">{t!(i18n, refund.status)}</h2>
                <span class=request_class(state) role="status" data-testid="request-state">
                    {move || request_state(i18n.get_locale(), state)}
                </span>
            </div>
            <ol class="relative grid gap-3 before:absolute before:left-[3.5px] before:top-2 before:bottom-2 before:w-px before:bg-control">
                {rows}
            </ol>
            {is_open
                .then(|| {
                    view! {
                        <div class="flex flex-wrap items-center gap-x-4 gap-y-2 mt-5 pt-4 border-t border-line">
                            <p class="text-sm text-muted flex-1 min-w-[220px]">{t!(i18n, refund.close_page)}</p>
                            {children.map(|children| children())}
                        </div>
                    }
                })}
        </section>
    }
}

/// One step; one to come has an empty dot.
#[component]
fn StepRow(step: Step, at: Option<DateTime<Utc>>, request: RefundRequest) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let is_bad = matches!(step, Step::Refused | Step::Failed);
    let dot = match (at, is_bad) {
        (Some(_), true) => "bg-error border-error",
        (Some(_), false) => "bg-base-content border-base-content",
        (None, _) => "border-control bg-base-100",
    };
    let class = if at.is_some() { "font-medium" } else { "font-medium text-muted" };
    let reply_day = zone.day(request.reply_by);
    let is_to_come = at.is_none();
    let time =
        move || at.filter(|_| step != Step::InReview).map(|at| view! { <When at=at style=WhenStyle::DateTime /> });
    let note = move || step_note(i18n.get_locale(), (step, is_to_come), &request, reply_day);
    view! {
        <li class="relative pl-5 flex gap-3">
            <span class=format!("absolute left-0 top-[7px] size-2 rounded-full border {dot}")></span>
            <span class="flex-1 min-w-0">
                <span class=class>{move || step_name(i18n.get_locale(), step)}</span>
                <span class="block sm:hidden text-sm text-muted num">{time()}</span>
                <span class="block text-sm text-muted num [overflow-wrap:anywhere]">{note}</span>
            </span>
            <span class="hidden sm:block num text-sm text-muted text-right">{time()}</span>
        </li>
    }
}

fn step_name(locale: Locale, step: Step) -> &'static str {
    match step {
        Step::Sent => td_string!(locale, refund.step_sent),
        Step::InReview => request_state(locale, RequestState::Waiting),
        Step::Approved => request_state(locale, RequestState::Approved),
        Step::Paid => request_state(locale, RequestState::Paid),
        Step::Added => td_string!(locale, refund.step_added),
        Step::Refused => request_state(locale, RequestState::Refused),
        Step::Withdrawn => request_state(locale, RequestState::Withdrawn),
        Step::Failed => request_state(locale, RequestState::Failed),
    }
}

fn step_note(
    locale: Locale,
    (step, is_to_come): (Step, bool),
    request: &RefundRequest,
    reply_day: chrono::NaiveDate,
) -> String {
    let credits: Credits = request.granted_credits.unwrap_or(request.asked_credits);
    let amount = amount_text(locale, credits);
    match step {
        Step::Sent => td_string!(locale, refund.step_sent_note, email = request.sent_by.1.clone()),
        Step::InReview if request.state != RequestState::Waiting => String::new(),
        Step::InReview => td_string!(locale, refund.step_review_note, date = date_text(locale, reply_day)),
        Step::Approved if is_to_come => td_string!(locale, refund.step_takes, amount = amount),
        Step::Approved => td_string!(locale, refund.step_taken, amount = amount),
        Step::Paid => {
            let money = request.granted.or(request.asked).map(|money| money_text(locale, money));
            td_string!(locale, refund.step_paid_note, money = money.unwrap_or_default())
        }
        Step::Added => amount,
        Step::Refused | Step::Withdrawn => td_string!(locale, refund.step_nothing).to_owned(),
        Step::Failed => td_string!(locale, refund.step_failed_note, amount = amount),
    }
}
