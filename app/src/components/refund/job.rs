//! Choosing the charge whose credits are asked back.

use leptos::prelude::*;
use wallet::ledger::EntryView;
use wallet::money::Credits;

use crate::components::refund::summary::{SendButton, WalletLines};
use crate::components::ui::icon::{Icon, icon};
use crate::components::ui::panel::EmptyState;
use crate::data::refunds::NamedCharge;
use crate::i18n::*;
use crate::islands::entry::{entry_detail, entry_title};
use crate::text::amount::credits_text;
use crate::text::date_time::{When, WhenStyle};
use crate::text::refund::{amount_text, charge_obstacle_text};

/// What a charge has taken.
#[must_use]
pub fn taken(entry: &EntryView) -> Credits {
    entry.amount.checked_neg().filter(|amount| amount.is_positive()).unwrap_or_default()
}

/// What stands behind a charge's time, where there is anything.
fn detail(locale: Locale, entry: &EntryView) -> String {
    let detail = entry_detail(locale, entry);
    if detail.is_empty() { detail } else { format!(", {detail}") }
}

/// The newest charges: each leads to the form with it.
#[component]
pub fn JobList(
    /// The charges.
    charges: Vec<EntryView>,
) -> impl IntoView {
    let i18n = use_i18n();
    if charges.is_empty() {
        return view! {
            <EmptyState title=move || t_string!(i18n, refund.no_jobs) note=move || t_string!(i18n, refund.no_jobs_note) />
        }
        .into_any();
    }
    let rows = charges
        .into_iter()
        .map(|entry| {
            let (amount, at) = (taken(&entry), entry.created_at);
            let href = format!("/wallet/refunds/new?row={}", entry.seq);
            let title = entry.clone();
            view! {
                <li>
                    <a class="pick flex items-center gap-3 px-4 py-2.5 rounded-none -mt-px w-full" href=href>
                        <span class="flex-1 min-w-0">
                            <span class="block font-medium [overflow-wrap:anywhere]">{move || entry_title(i18n.get_locale(), &title)}</span>
                            <span class="block text-sm text-muted num">
                                <When at=at style=WhenStyle::DateTime />
                                {move || detail(i18n.get_locale(), &entry)}
                            </span>
                        </span>
                        <span class="num font-semibold whitespace-nowrap">{move || credits_text(i18n.get_locale(), amount)}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="jobs">
            <h2 id="jobs" class="h2 mb-2">{t!(i18n, refund.recent_jobs)}</h2>
            <ul class="grid pt-px">{rows}</ul>
        </section>
    }
    .into_any()
}

/// The charge that was named, or why its credits can't be given back.
#[component]
pub fn JobChoice(
    /// The charge.
    charge: NamedCharge,
) -> impl IntoView {
    let i18n = use_i18n();
    let obstacle = charge.obstacle;
    let why = move || match obstacle {
        Some(obstacle) => charge_obstacle_text(i18n.get_locale(), obstacle),
        None => t_string!(i18n, refund.job_missing),
    };
    let is_refused = obstacle.is_some() || charge.entry.is_none();
    let row = charge.entry.map(|entry| {
        let (amount, at, seq, title) = (taken(&entry), entry.created_at, entry.seq, entry.clone());
        view! {
            <div class="flex gap-3">
                <span class="flex-1 min-w-0">
                    <a class="font-medium hover:underline underline-offset-4 [overflow-wrap:anywhere]" href=format!("/wallet/history/{seq}")>
                        {move || entry_title(i18n.get_locale(), &title)}
                    </a>
                    <span class="block text-sm text-muted num">
                        <When at=at style=WhenStyle::DateTime />
                        {move || detail(i18n.get_locale(), &entry)}
                    </span>
                </span>
                <span class="text-right num">
                    <span class="block fig text-xl">{move || credits_text(i18n.get_locale(), amount)}</span>
                </span>
            </div>
        }
    });
    view! {
        <section aria-labelledby="job">
            <h2 id="job" class="h2 mb-2">{t!(i18n, refund.which_job)}</h2>
            <div class="panel px-4 py-3.5">
                {row}
                {is_refused
                    .then(|| {
                        view! {
                            <p class="text-sm flex gap-2 mt-1" role="status">
                                <span class="text-muted mt-[3px]">{icon(Icon::Cross, 14)}</span>
                                {why}
                            </p>
                        }
                    })}
            </div>
            <a class="link-q text-sm inline-block mt-2" href="/wallet/refunds/new?what=credits">{t!(i18n, refund.other_job)}</a>
        </section>
    }
}

/// What one gets back for a charge.
#[component]
pub fn JobOffer(
    /// The credits.
    amount: Credits,
    /// What is available now.
    available: Credits,
    /// The working days until staff reply.
    reply_days: u8,
) -> impl IntoView {
    let i18n = use_i18n();
    let text = move || amount_text(i18n.get_locale(), amount);
    view! {
        <aside aria-label=move || t_string!(i18n, refund.you_get) class="panel lg:sticky lg:top-[4.5rem]">
            <div class="p-5">
                <h2 class="h2">{t!(i18n, refund.you_get)}</h2>
                <p class="mt-3 fig text-3xl">{text}</p>
                <p class="text-sm text-muted mt-1">{t!(i18n, refund.to_wallet)}</p>
            </div>
            <hr class="perf-x mx-2" />
            <div class="p-5">
                <WalletLines change=amount available=available />
                <SendButton amount=Signal::derive(text) reply_days=reply_days is_money=false />
            </div>
        </aside>
    }
}
