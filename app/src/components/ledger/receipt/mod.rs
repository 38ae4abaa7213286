//! The receipt of one ledger row: why it is as much as it is.

mod price;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use wallet::ledger::{AllocationView, EntryDetail, EntryKind, EntryView, Receipt};
use wallet::money::Credits;
use wallet::tariff::QuoteId;

use crate::components::ledger::receipt::price::Price;
use crate::components::ui::side_panel::SidePanel;
use crate::i18n::*;
use crate::islands::entry::{actor_name, entry_title};
use crate::text::amount::{credits_text, exact_text, signed_text, unit_text};
use crate::text::date_time::{When, WhenStyle, ZoneNote, date_text, use_zone};

/// The receipt as a panel: question, lines, grants, times, seal.
#[component]
pub fn ReceiptPanel(
    /// The row and all that is known of it.
    detail: EntryDetail,
    /// The page without the receipt.
    #[prop(into)]
    close: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let entry = detail.entry.clone();
    let seq = entry.seq;
    let title = entry.clone();
    let key = detail.idempotency_key.clone();
    let reason = detail.reason.clone().filter(|reason| Some(reason) != title.title.as_ref());
    let reason = reason.or_else(|| (entry.kind == EntryKind::HoldExpired).then(|| "timed_out".to_owned()));
    let is_charge = matches!(entry.kind, EntryKind::Charge | EntryKind::Capture) && entry.amount.is_negative();
    let can_ask = is_charge && detail.timeline.iter().all(|row| row.kind != EntryKind::CreditBack);
    view! {
        <SidePanel
            id="receipt"
            heading="rc"
            opener=format!("tr[data-seq='{seq}'] a")
            number=t_string!(i18n, receipt.number, seq = seq).into_any()
            close=close
        >
            <div class="px-5 pb-4">
                <h2 id="rc" class="fig text-2xl">{question(&entry)}</h2>
                <p class="text-muted mt-1">{move || entry_title(i18n.get_locale(), &title)}</p>
                {move || reason.clone().map(|reason| view! { <p class="mt-2">{reason_text(i18n.get_locale(), &reason)}</p> })}
                <Price detail=detail.clone() />
            </div>
            <hr class="perf-x mx-2" />
            <PaidWith kind=entry.kind allocations=detail.allocations.clone() />
            <Timeline entry=entry.clone() rows=detail.timeline.clone() quoted=quoted(&detail) />
            {can_ask
                .then(|| {
                    view! {
                        <p class="px-5 py-4 border-t border-line">
                            <a class="btn btn-plain btn-sm" href=format!("/wallet/refunds/new?row={seq}")>{t!(i18n, refund.title)}</a>
                        </p>
                    }
                })}
            <Facts entry=entry hash=detail.hash.clone() key=key />
        </SidePanel>
    }
}

/// The heading is the question that the receipt answers.
fn question(entry: &EntryView) -> impl IntoView + use<> {
    let i18n = use_i18n();
    let amount = match entry.kind {
        EntryKind::Hold => entry.held_change,
        _ => entry.amount,
    };
    let is_in = entry.amount.is_positive();
    move || {
        let locale = i18n.get_locale();
        let plain = if amount.is_negative() { amount.checked_neg().unwrap_or(amount) } else { amount };
        let amount = format!("{} {}", credits_text(locale, plain), unit_text(locale, plain));
        if is_in {
            t_string!(i18n, receipt.why_in, amount = amount)
        } else {
            t_string!(i18n, receipt.why, amount = amount)
        }
    }
}

/// Says why it was done: the codes of a release in words, words as they are.
fn reason_text(locale: Locale, reason: &str) -> String {
    match reason {
        "platform_failure" => td_string!(locale, receipt.platform_failure).to_owned(),
        "customer_failure" => td_string!(locale, receipt.customer_failure).to_owned(),
        "cancelled" => td_string!(locale, receipt.cancelled).to_owned(),
        "timed_out" => td_string!(locale, receipt.timed_out).to_owned(),
        words => words.to_owned(),
    }
}

/// Writes the inputs of a price: `size 1792x1024, quality hd`.
#[must_use]
pub fn params_text(params: &serde_json::Map<String, serde_json::Value>) -> String {
    let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts: Vec<String> = params.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
    texts.join(", ")
}

/// The grants that paid, or that the credits came back to.
#[component]
fn PaidWith(kind: EntryKind, allocations: Vec<AllocationView>) -> impl IntoView {
    let i18n = use_i18n();
    if allocations.is_empty() {
        return ().into_any();
    }
    let heading = move || match kind {
        EntryKind::Hold => t_string!(i18n, receipt.held_from),
        EntryKind::Release | EntryKind::HoldExpired | EntryKind::CreditBack => t_string!(i18n, receipt.back_to),
        EntryKind::Grant | EntryKind::TransferIn => t_string!(i18n, receipt.added_as),
        _ => t_string!(i18n, receipt.paid_with),
    };
    let zone = use_zone();
    let rows = allocations
        .into_iter()
        .map(|part| {
            let change = if part.amount == Credits::ZERO { part.held_change } else { part.amount };
            let amount = if change.is_negative() { change.checked_neg().unwrap_or(change) } else { change };
            let expires = part.expires_at.map(|at| zone.day(at));
            let is_debt = part.source.is_none();
            let until = move || match expires {
                Some(day) => t_string!(i18n, wallet.batch_expires, date = date_text(i18n.get_locale(), day)),
                None if is_debt => t_string!(i18n, receipt.debt).to_owned(),
                None => t_string!(i18n, wallet.batch_never_expires).to_owned(),
            };
            view! {
                <li class="flex gap-2">
                    <span class="flex-1">{part.label}<span class="block text-sm text-muted">{until}</span></span>
                    <span class="num font-semibold">{move || credits_text(i18n.get_locale(), amount)}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="px-5 py-4">
            <h3 class="h2">{heading}</h3>
            <ul class="mt-2 grid gap-1.5">{rows}</ul>
        </div>
    }
    .into_any()
}

/// The prices that were locked before: when, and what for.
fn quoted(detail: &EntryDetail) -> Vec<(DateTime<Utc>, Credits)> {
    let locked = |receipt: &Receipt| receipt.quote.as_ref()?.parse::<QuoteId>().ok()?.locked_at();
    let mut steps: Vec<_> =
        detail.parts().iter().filter_map(|part| Some((locked(&part.receipt)?, part.receipt.total))).collect();
    steps.sort_unstable();
    steps
}

/// What happened, with times: the prices that were locked, a hold and how it ended, or just the row.
#[component]
fn Timeline(entry: EntryView, rows: Vec<EntryView>, quoted: Vec<(DateTime<Utc>, Credits)>) -> impl IntoView {
    let i18n = use_i18n();
    let seq = entry.seq;
    let before = quoted
        .into_iter()
        .map(|(at, credits)| {
            view! {
                <Step at=at is_own=false>
                    <span class="font-medium num">
                        {move || {
                            let amount = credits_text(i18n.get_locale(), credits);
                            t_string!(i18n, receipt.step_quoted, amount = amount)
                        }}
                    </span>
                </Step>
            }
        })
        .collect_view();
    let rows = if rows.is_empty() { vec![entry] } else { rows };
    let steps = rows
        .into_iter()
        .map(|row| {
            let (at, is_own) = (row.created_at, row.seq == seq);
            let available = row.available_after().unwrap_or(Credits::ZERO);
            let settled = row.settled_after;
            let href = format!("/wallet/history/{}", row.seq);
            let note = move || {
                let locale = i18n.get_locale();
                let (settled, available) = (credits_text(locale, settled), credits_text(locale, available));
                t_string!(i18n, receipt.after, settled = settled, available = available)
            };
            view! {
                <Step at=at is_own=is_own>
                    <a href=href class="font-medium num hover:underline underline-offset-4">
                        {move || step_text(i18n.get_locale(), &row)}
                    </a>
                    <span class="block text-sm text-muted num">{note}</span>
                </Step>
            }
        })
        .collect_view();
    view! {
        <div class="px-5 py-4 border-t border-line">
            <h3 class="h2">{t!(i18n, receipt.what_happened)}</h3>
            <ol class="mt-3 relative grid gap-3 before:absolute before:left-[3.5px] before:top-2 before:bottom-2 before:w-px before:bg-control">
                {before}
                {steps}
            </ol>
        </div>
    }
}

/// One step with its time; the receipt's own has a full dot.
#[component]
fn Step(at: DateTime<Utc>, is_own: bool, children: Children) -> impl IntoView {
    let dot = if is_own { "bg-base-content border-base-content" } else { "bg-base-100" };
    view! {
        <li class="relative pl-5 flex gap-3">
            <span class=format!("absolute left-0 top-[7px] size-2 rounded-full border border-control {dot}")></span>
            <span class="flex-1">{children()}</span>
            <span class="num text-sm text-muted"><When at=at style=WhenStyle::Clock /></span>
        </li>
    }
}

/// Writes one step: `Held 37`, `Charged 37`.
fn step_text(locale: Locale, row: &EntryView) -> String {
    let plain = |amount: Credits| {
        let amount = if amount.is_negative() { amount.checked_neg().unwrap_or(amount) } else { amount };
        credits_text(locale, amount)
    };
    match row.kind {
        EntryKind::Hold => td_string!(locale, receipt.step_held, amount = plain(row.held_change)),
        EntryKind::Charge | EntryKind::Capture => td_string!(locale, receipt.step_charged, amount = plain(row.amount)),
        EntryKind::Release => td_string!(locale, receipt.step_released, amount = plain(row.held_change)),
        EntryKind::HoldExpired => td_string!(locale, receipt.step_expired, amount = plain(row.held_change)),
        EntryKind::CreditBack => td_string!(locale, receipt.step_credited_back, amount = plain(row.amount)),
        _ => {
            format!("{} {}", crate::islands::entry::kind_name(locale, row), signed_text(locale, row.amount))
        }
    }
}

/// Balance, who, when, metadata and the seal.
#[component]
fn Facts(entry: EntryView, hash: String, key: Option<String>) -> impl IntoView {
    let i18n = use_i18n();
    let after = entry.settled_after;
    let before = after.checked_sub(entry.amount).unwrap_or(after);
    let (by, at) = (entry.clone(), entry.created_at);
    let metadata = entry.metadata.as_object().map(params_text).unwrap_or_default();
    let has_metadata = !metadata.is_empty();
    view! {
        <div class="px-5 py-4 border-t border-line">
            <dl class="grid grid-cols-[7.5rem_minmax(0,1fr)] gap-y-1.5 text-sm">
                <dt class="text-muted">{t!(i18n, ledger.balance)}</dt>
                <dd class="num">
                    {move || format!("{} → {}", exact_text(i18n.get_locale(), before), exact_text(i18n.get_locale(), after))}
                </dd>
                <dt class="text-muted">{t!(i18n, receipt.when)}</dt>
                <dd class="num"><When at=at style=WhenStyle::DateTime /></dd>
                <dt class="text-muted">{t!(i18n, ledger.by)}</dt>
                <dd>{move || actor_name(i18n.get_locale(), &by)}</dd>
                <Show when=move || has_metadata>
                    <dt class="text-muted">{t!(i18n, receipt.metadata)}</dt>
                    <dd class="break-words">{metadata.clone()}</dd>
                </Show>
                {key.map(|key| view! {
                    <dt class="text-muted">{t!(i18n, receipt.key)}</dt>
                    <dd class="font-mono text-xs break-all leading-5">{key}</dd>
                })}
                <dt class="text-muted">{t!(i18n, receipt.seal)}</dt>
                <dd class="font-mono text-xs break-all leading-5">{hash}</dd>
            </dl>
            <p class="text-sm text-muted mt-3"><ZoneNote /></p>
        </div>
    }
}
