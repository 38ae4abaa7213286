//! One payment's story: what is known of it, and everything that happened to it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use wallet::invoice::DocumentSummary;
use wallet::money::Money;
use wallet::payment::{Decision, PaymentStatus, PaymentStep, PaymentStory, StaffPayment, TimedStep};

use crate::components::console::dispute_form::{OpenDispute, tells_of_disputes};
use crate::components::console::document_links::DocumentLinks;
use crate::components::console::payment_decision::DecisionForm;
use crate::components::ui::panel::{DoneBanner, LateNote};
use crate::components::ui::side_panel::SidePanel;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, signed_text, unit_text};
use crate::text::console::{
    difference_amounts, difference_name, event_state, failure_words, item_text, mail_name, provider_status,
    status_class, status_name,
};
use crate::text::date_time::{When, WhenStyle, ZoneNote};
use crate::text::payment::provider_name;

/// The story as a panel.
#[component]
pub fn StoryPanel(
    /// Everything that is known of the payment.
    story: PaymentStory,
    /// Its receipt and what followed, newest first.
    documents: Vec<DocumentSummary>,
    /// What became of the form on it.
    outcome: FormOutcome,
    /// What was decided just now, as the address says it.
    done: Option<String>,
    /// The page without the story.
    #[prop(into)]
    close: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let payment = story.payment.clone();
    let id = payment.id.to_string();
    let short = id.get(id.len().saturating_sub(12)..).unwrap_or_default().to_owned();
    let is_in_review = payment.status == PaymentStatus::Held;
    let is_dispute = outcome.path.ends_with("/dispute");
    // Refused, and the form is not there any more that would say so.
    let is_late = !outcome.errors.is_empty() && !is_dispute;
    // Of disputes that the provider tells nothing of, staff tell.
    let disputes = (payment.status == PaymentStatus::Succeeded && !tells_of_disputes(&payment.provider)).then(|| {
        let outcome = if is_dispute { outcome.clone() } else { FormOutcome::default() };
        view! { <OpenDispute payment=id.clone() outcome=outcome /> }
    });
    view! {
        <SidePanel
            id="story"
            heading="st"
            opener=format!("tr[data-payment='{id}'] a")
            number=view! { {t!(i18n, payments.payment)} " "<span class="font-mono text-xs">"…"{short}</span> }.into_any()
            close=close
        >
            <div class="px-5 pb-4">
                {done.map(|done| view! { <Done done=done /> })}
                <Heading payment=payment.clone() taken=story.taken />
            </div>
            {if is_in_review {
                view! { <DecisionForm story=story.clone() outcome=outcome /> }.into_any()
            } else {
                is_late
                    .then(|| view! { <LateNote words=Signal::derive(move || t_string!(i18n, payments.decided_meanwhile)) /> })
                    .into_any()
            }}
            <hr class="perf-x mx-2" />
            <div class="px-5 py-4">
                <h3 class="h2 mb-3">{t!(i18n, receipt.what_happened)}</h3>
                <ol class="relative grid gap-3 before:absolute before:left-[3.5px] before:top-2 before:bottom-2 before:w-px before:bg-control">
                    {story
                        .steps
                        .iter()
                        .map(|step| view! { <Step step=step.clone() payment=payment.clone() /> })
                        .collect_view()}
                </ol>
            </div>
            <Facts story=story />
            <DocumentLinks documents=documents />
            {disputes}
        </SidePanel>
    }
}

/// What was decided just now.
#[component]
fn Done(done: String) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || match done.as_str() {
        "accepted" => t_string!(i18n, payments.done_accepted),
        "returned" => t_string!(i18n, payments.done_returned),
        _ => "",
    };
    view! { <DoneBanner words=Signal::derive(words) /> }
}

/// The amount, and in one sentence how the payment stands.
#[component]
fn Heading(payment: StaffPayment, taken: Option<Money>) -> impl IntoView {
    let i18n = use_i18n();
    let (money, status) = (payment.money, payment.status);
    let heading = move || {
        let locale = i18n.get_locale();
        let asked = money_text(locale, money);
        match taken {
            Some(taken) => t_string!(i18n, payments.taken_of, taken = money_text(locale, taken), asked = asked),
            None => asked,
        }
    };
    let failure = payment.failure.clone();
    let tag = move || status_name(i18n.get_locale(), status, failure.as_deref());
    view! {
        <h2 id="st" class="fig text-2xl">{heading}</h2>
        <p class="mt-1"><span class=status_class(status)>{tag}</span></p>
        <p class="text-muted mt-1.5">{move || summary(i18n.get_locale(), &payment, taken)}</p>
    }
}

/// Says how a payment stands: who paid what, and what came of it.
fn summary(locale: Locale, payment: &StaffPayment, taken: Option<Money>) -> String {
    let name = payment.account_name.clone();
    if payment.status != PaymentStatus::Held {
        let item = item_text(locale, &payment.title, payment.plan.as_ref());
        let why = payment.failure.as_deref().map(|code| format!(" {}.", failure_words(locale, code)));
        return format!("{name}: {item}.{}", why.unwrap_or_default());
    }
    match (payment.failure.as_deref(), taken) {
        (Some("mismatch"), Some(taken)) if taken.currency() == payment.money.currency() => {
            let difference = taken.minor().saturating_sub(payment.money.minor());
            let amount = money_text(locale, Money::from_minor(difference.saturating_abs(), taken.currency()));
            if difference < 0 {
                td_string!(locale, payments.paid_less, name = name, amount = amount)
            } else {
                td_string!(locale, payments.paid_more, name = name, amount = amount)
            }
        }
        (Some("mismatch"), Some(_)) => td_string!(locale, payments.paid_other_currency, name = name),
        (Some("mismatch"), None) => td_string!(locale, payments.paid_otherwise).to_owned(),
        (why, _) => {
            let why = failure_words(locale, why.unwrap_or_default());
            td_string!(locale, payments.nothing_added, why = why)
        }
    }
}

/// One step with its time.
#[component]
fn Step(step: TimedStep, payment: StaffPayment) -> impl IntoView {
    let i18n = use_i18n();
    let is_warning = match &step.step {
        PaymentStep::State { status, .. } => *status == PaymentStatus::Held,
        PaymentStep::Difference { .. } => true,
        PaymentStep::Mail { is_sent, .. } => *is_sent == Some(false),
        _ => false,
    };
    let (dot, words) = if is_warning {
        ("bg-rise border-rise", "font-medium num text-rise")
    } else {
        ("bg-base-content border-base-content", "font-medium num")
    };
    let is_code = matches!(step.step, PaymentStep::Sent { .. });
    let at: DateTime<Utc> = step.at;
    let (title_of, note_of) = (step.step.clone(), step.step);
    let (of_title, of_note) = (payment.clone(), payment);
    let note_class = if is_code {
        "block text-muted font-mono text-xs break-all"
    } else {
        "block text-sm text-muted num [overflow-wrap:anywhere]"
    };
    view! {
        <li class="relative pl-5 flex gap-3">
            <span class=format!("absolute left-0 top-[7px] size-2 rounded-full border {dot}")></span>
            <span class="flex-1 min-w-0">
                <span class=words>{move || step_title(i18n.get_locale(), &title_of, &of_title)}</span>
                <span class=note_class>{move || step_note(i18n.get_locale(), &note_of, &of_note)}</span>
            </span>
            <span class="num text-sm text-muted whitespace-nowrap text-right">
                <When at=at style=WhenStyle::Clock />
                <span class="block text-xs"><When at=at style=WhenStyle::Date /></span>
            </span>
        </li>
    }
}

fn step_title(locale: Locale, step: &PaymentStep, payment: &StaffPayment) -> String {
    let provider = || provider_name(locale, &payment.provider);
    match step {
        PaymentStep::State { is_first: true, .. } => td_string!(locale, order.created).to_owned(),
        PaymentStep::State { status: PaymentStatus::Held, .. } => td_string!(locale, payments.put_in_review).to_owned(),
        PaymentStep::State { status, failure, .. } => {
            td_string!(locale, payments.became, status = status_name(locale, *status, failure.as_deref()))
        }
        PaymentStep::Sent { .. } => td_string!(locale, payments.sent, provider = provider()),
        PaymentStep::Event { .. } => td_string!(locale, payments.event).to_owned(),
        PaymentStep::Answer { .. } => td_string!(locale, payments.answer, provider = provider()),
        PaymentStep::Decided { by, decision, .. } => {
            let name = by.clone();
            match decision {
                Decision::Accepted => td_string!(locale, payments.accepted_by, name = name),
                Decision::NotAccepted => td_string!(locale, payments.not_accepted_by, name = name),
                Decision::Returned => td_string!(locale, payments.returned_by, name = name),
            }
        }
        PaymentStep::Entry { seq, .. } => td_string!(locale, payments.entry, seq = seq.to_string()),
        PaymentStep::Mail { is_sent: Some(true), .. } => td_string!(locale, payments.mail_sent).to_owned(),
        PaymentStep::Mail { is_sent: Some(false), .. } => td_string!(locale, payments.mail_failed).to_owned(),
        PaymentStep::Mail { is_sent: None, .. } => td_string!(locale, payments.mail_queued).to_owned(),
        PaymentStep::Difference { .. } => td_string!(locale, payments.difference_found).to_owned(),
    }
}

fn step_note(locale: Locale, step: &PaymentStep, payment: &StaffPayment) -> String {
    let minor = |minor: i64, money: &Money| money_text(locale, Money::from_minor(minor, money.currency()));
    match step {
        PaymentStep::State { is_first: true, .. } => {
            let item = item_text(locale, &payment.title, payment.plan.as_ref());
            let (credits, money) = (payment.credits, money_text(locale, payment.money));
            format!("{item}, {} {}, {money}", credits_text(locale, credits), unit_text(locale, credits))
        }
        PaymentStep::State { failure, .. } => {
            failure.as_deref().map(|code| failure_words(locale, code)).unwrap_or_default()
        }
        PaymentStep::Sent { reference } => reference.clone(),
        PaymentStep::Event { kind, state, .. } => format!("{kind}, {}", event_state(locale, *state)),
        PaymentStep::Answer { status, money, tax_minor, refunded_minor } => {
            let mut parts = vec![provider_status(locale, status), money_text(locale, *money)];
            if *tax_minor != 0 {
                parts.push(td_string!(locale, payments.tax, amount = minor(*tax_minor, money)));
            }
            if *refunded_minor != 0 {
                parts.push(td_string!(locale, payments.refunded_so_far, amount = minor(*refunded_minor, money)));
            }
            parts.join(", ")
        }
        PaymentStep::Decided { note, .. } => note.clone(),
        PaymentStep::Entry { amount, settled_after, .. } => {
            let settled = credits_text(locale, *settled_after);
            format!(
                "{}, {}",
                signed_text(locale, *amount),
                td_string!(locale, payments.balance_after, amount = settled)
            )
        }
        PaymentStep::Mail { kind, .. } => mail_name(locale, kind),
        PaymentStep::Difference { kind, ours, theirs } => {
            format!("{}. {}", difference_name(locale, *kind), difference_amounts(locale, *ours, *theirs))
        }
    }
}

/// Customer, method, names and numbers.
#[component]
fn Facts(story: PaymentStory) -> impl IntoView {
    let i18n = use_i18n();
    let StaffPayment { id, account_name, email, provider, reference, method, tax_minor, money, .. } = story.payment;
    let none = move || t_string!(i18n, payments.none_yet).to_owned();
    let entries = story.steps.iter().filter(|step| matches!(step.step, PaymentStep::Entry { .. })).count();
    let answers = story.answers;
    let total = money.minor().saturating_add(tax_minor);
    let tax = move || {
        let locale = i18n.get_locale();
        let of = |minor: i64| money_text(locale, Money::from_minor(minor, money.currency()));
        t_string!(i18n, payments.with_tax, tax = of(tax_minor), total = of(total))
    };
    view! {
        <div class="px-5 py-4 border-t border-line">
            <dl class="grid grid-cols-[7.5rem_minmax(0,1fr)] gap-y-1.5 text-sm">
                <dt class="text-muted">{t!(i18n, payments.customer)}</dt>
                <dd class="[overflow-wrap:anywhere]">{account_name}<span class="block text-muted">{email}</span></dd>
                <dt class="text-muted">{t!(i18n, payments.method)}</dt>
                <dd class="num">{move || method.clone().unwrap_or_else(none)}</dd>
                {(tax_minor != 0)
                    .then(|| {
                        view! {
                            <dt class="text-muted">{t!(i18n, payments.tax_label)}</dt>
                            <dd class="num">{tax}</dd>
                        }
                    })}
                <dt class="text-muted">{t!(i18n, payments.provider)}</dt>
                <dd>
                    {move || provider_name(i18n.get_locale(), &provider)}
                    <span class="block font-mono text-xs break-all">{reference}</span>
                </dd>
                <dt class="text-muted">{t!(i18n, payments.entries)}</dt>
                <dd class="num">{move || if entries == 0 { none() } else { entries.to_string() }}</dd>
                <dt class="text-muted">{t!(i18n, payments.answers)}</dt>
                <dd class="num">{move || t_string!(i18n, payments.stored, count = answers)}</dd>
                <dt class="text-muted">{t!(i18n, order.number)}</dt>
                <dd class="font-mono text-xs break-all leading-5">{id.to_string()}</dd>
            </dl>
            <p class="text-sm text-muted mt-3"><ZoneNote /></p>
        </div>
    }
}
