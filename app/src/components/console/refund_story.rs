//! One refund request for staff: what is asked, what the rule says of each purchase, what was decided.

use leptos::prelude::*;
use wallet::refund::{Assessment, RefundAbout, RefundRequest, RefundView, RequestState, StaffRefundRequest};

use crate::components::console::payment_list::PAYMENTS;
use crate::components::console::refund_decision::RefundDecision;
use crate::components::ui::icon::{Icon, icon};
use crate::components::ui::panel::{DoneBanner, LateNote};
use crate::components::ui::side_panel::SidePanel;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::islands::parts::Line;
use crate::text::amount::money_text;
use crate::text::console::failure_words;
use crate::text::date_time::{ZoneNote, date_text, use_zone};
use crate::text::refund::{
    amount_text, asked_text, number_text, obstacle_note, reason_name, refund_state, request_class, request_state,
};

/// The request as a panel.
#[component]
pub fn RefundStory(
    /// The request, the purchases and the balance.
    found: StaffRefundRequest,
    /// What became of the form on it.
    outcome: FormOutcome,
    /// What was decided just now, as the address says it.
    done: Option<String>,
    /// The page without the request.
    #[prop(into)]
    close: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let request = found.request.clone();
    let number = number_text(request.number);
    let is_waiting = request.state == RequestState::Waiting;
    // Refused, and the form is not there any more that would say so.
    let is_late = !is_waiting && !outcome.errors.is_empty();
    let purchases = found.purchases.clone();
    let decision = if is_waiting {
        view! { <RefundDecision found=found outcome=outcome /> }.into_any()
    } else {
        view! { <Decided request=request.clone() refund=found.refund /> }.into_any()
    };
    view! {
        <SidePanel
            id="story"
            heading="st"
            opener=format!("tr[data-request='{}'] a", request.id)
            number=t_string!(i18n, refund.request, number = number).into_any()
            close=close
        >
            <div class="px-5 pb-4">
                {done.map(|done| view! { <Done done=done /> })}
                <Heading request=request.clone() />
            </div>
            {is_late.then(|| view! { <LateNote words=Signal::derive(move || t_string!(i18n, refunds.late)) /> })}
            <Grants purchases=purchases about=request.about />
            <hr class="perf-x mx-2" />
            {decision}
            <p class="px-5 pb-4 text-sm text-muted"><ZoneNote /></p>
        </SidePanel>
    }
}

/// What was decided just now.
#[component]
fn Done(done: String) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || match done.as_str() {
        "approved" => t_string!(i18n, refunds.done_approved),
        "declined" => t_string!(i18n, refunds.done_declined),
        _ => "",
    };
    view! { <DoneBanner words=Signal::derive(words) /> }
}

/// What is asked, by whom, why, and until when it is answered.
#[component]
fn Heading(request: RefundRequest) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let (state, reason) = (request.state, request.reason);
    let is_waiting = state == RequestState::Waiting;
    let (sent, by) = (zone.day(request.created_at), zone.day(request.reply_by));
    let RefundRequest { sent_by: (name, email), title, details, about, .. } = request.clone();
    let heading = move || {
        let amount = asked_text(i18n.get_locale(), &request);
        t_string!(i18n, refunds.to, amount = amount, name = name.clone())
    };
    let dates = move || {
        let locale = i18n.get_locale();
        let (sent, due) = (date_text(locale, sent), date_text(locale, by));
        match is_waiting {
            true => t_string!(i18n, refunds.sent_and_due, sent = sent, due = due),
            false => t_string!(i18n, refunds.sent_on, date = sent),
        }
    };
    let about = match about {
        RefundAbout::Payment { id } => {
            let href = format!("{PAYMENTS}/{id}?period=all");
            view! { <a class="link-q [overflow-wrap:anywhere]" href=href>{title}</a> }.into_any()
        }
        RefundAbout::Charge { .. } => view! { <span class="[overflow-wrap:anywhere]">{title}</span> }.into_any(),
    };
    view! {
        <h2 id="st" class="fig text-2xl [overflow-wrap:anywhere]">{heading}</h2>
        <p class="mt-1">
            <span class=request_class(state)>{move || request_state(i18n.get_locale(), state)}</span>
        </p>
        <p class="mt-1.5">{about}</p>
        <p>{move || reason_name(i18n.get_locale(), reason)}</p>
        {(!details.is_empty())
            .then(|| view! { <p class="text-muted mt-1 whitespace-pre-line [overflow-wrap:anywhere]">{details}</p> })}
        <p class="text-sm text-muted mt-1 num">
            <span class="block [overflow-wrap:anywhere]">{email}</span>
            {dates}
        </p>
    }
}

/// What the rule says of each purchase.
#[component]
fn Grants(purchases: Vec<Assessment>, about: RefundAbout) -> impl IntoView {
    let i18n = use_i18n();
    let is_none = purchases.is_empty();
    let rows = purchases
        .into_iter()
        .map(|assessed| {
            let is_asked = about == RefundAbout::Payment { id: assessed.purchase.payment };
            view! { <Grant assessed=assessed is_asked=is_asked /> }
        })
        .collect_view();
    view! {
        <div class="px-5 pb-4">
            <h3 class="h2 mb-1">{t!(i18n, refunds.refundable)}</h3>
            {is_none.then(|| view! { <p class="text-muted">{t!(i18n, refunds.refundable_none)}</p> })}
            <ul>{rows}</ul>
        </div>
    }
}

/// One purchase: its money, its day, how much is used, and what goes back.
#[component]
fn Grant(assessed: Assessment, is_asked: bool) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let Assessment { purchase, used_percent, verdict, .. } = assessed;
    let (total, bought, unused) = (purchase.total, zone.day(purchase.bought_at), purchase.unused);
    let paid = move || {
        let locale = i18n.get_locale();
        format!("{}, {}", money_text(locale, total), date_text(locale, bought))
    };
    let (offer, obstacle) = (verdict.ok(), verdict.err());
    let mark = if offer.is_some() { Icon::Check } else { Icon::Cross };
    let colour = if offer.is_some() { "text-primary" } else { "text-muted" };
    let why = move || match obstacle {
        Some(obstacle) => obstacle_note(i18n.get_locale(), obstacle, &zone),
        None => t_string!(i18n, refund.used, used = used_percent.to_string()),
    };
    let figure = move || match offer {
        Some(offer) => money_text(i18n.get_locale(), offer.money),
        None => t_string!(i18n, refunds.no).to_owned(),
    };
    let class = if offer.is_some() { "block font-semibold" } else { "block text-muted" };
    let left =
        move || t_string!(i18n, refunds.left, amount = crate::text::amount::credits_text(i18n.get_locale(), unused));
    view! {
        <li class="flex gap-3 py-3 border-b border-line last:border-0">
            <span class="flex-1 min-w-0">
                <span class="font-medium [overflow-wrap:anywhere]">{purchase.title}</span>
                {is_asked.then(|| view! { " "<span class="tag">{t!(i18n, refunds.asked_about)}</span> })}
                <span class="block text-sm text-muted num">{paid}</span>
                <span class="inline-flex items-center gap-1 text-sm num mt-0.5">
                    <span class=colour>{icon(mark, 12)}</span>
                    {why}
                </span>
            </span>
            <span class="text-right num">
                <span class=class>{figure}</span>
                <span class="text-sm text-muted whitespace-nowrap">{left}</span>
            </span>
        </li>
    }
}

/// What was decided, and how far the money is.
#[component]
fn Decided(request: RefundRequest, refund: Option<RefundView>) -> impl IntoView {
    let i18n = use_i18n();
    let RefundRequest { granted, granted_credits, message, decided_at, .. } = request;
    if decided_at.is_none() {
        return ().into_any();
    }
    let is_money = granted.is_some();
    let credits = granted_credits.map(|credits| {
        let name = move || {
            if is_money { t_string!(i18n, refunds.credits_taken) } else { t_string!(i18n, refunds.credits_added) }.to_owned()
        };
        view! { <Line name=Signal::derive(name) figure=Signal::derive(move || amount_text(i18n.get_locale(), credits)) /> }
    });
    let money = granted.map(|money| {
        view! {
            <Line
                name=Signal::derive(move || t_string!(i18n, refunds.granted).to_owned())
                figure=Signal::derive(move || money_text(i18n.get_locale(), money))
            />
        }
    });
    let money_state = refund.map(|refund| {
        let (state, failure) = (refund.state, refund.failure);
        let words = move || {
            let locale = i18n.get_locale();
            let why = failure.as_deref().map(|code| format!(": {}", failure_words(locale, code)));
            format!("{}{}", refund_state(locale, state), why.unwrap_or_default())
        };
        view! {
            <Line name=Signal::derive(move || t_string!(i18n, refunds.money_state).to_owned()) figure=Signal::derive(words) />
        }
    });
    view! {
        <div class="px-5 py-4">
            <h3 class="h2 mb-1">{t!(i18n, refunds.decision)}</h3>
            <dl>{money} {credits} {money_state}</dl>
            {message
                .map(|message| {
                    view! {
                        <p class="text-sm text-muted mt-2">{t!(i18n, refunds.reply)}</p>
                        <p class="whitespace-pre-line [overflow-wrap:anywhere]">{message}</p>
                    }
                })}
        </div>
    }
    .into_any()
}
