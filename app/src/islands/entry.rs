//! One ledger row in words: its title, its kind, its amount. Shared by the feed, the history and the receipt.

use leptos::prelude::*;
use wallet::identity::Actor;
use wallet::ledger::{EntryKind, EntryView};

use crate::i18n::*;
use crate::text::amount::{credits_text, signed_text};

/// Says what happened, in the operator's or our words.
#[must_use]
pub fn entry_title(locale: Locale, entry: &EntryView) -> String {
    let name = entry.title.clone().filter(|title| !title.is_empty());
    let name = name.unwrap_or_else(|| kind_name(locale, entry).to_owned());
    match entry.kind {
        // What it is for is several items, in Scrip's own words.
        EntryKind::Metered => kind_name(locale, entry).to_owned(),
        EntryKind::Release => td_string!(locale, ledger.title_released, name = name),
        EntryKind::HoldExpired => td_string!(locale, ledger.title_hold_expired, name = name),
        EntryKind::CreditBack => td_string!(locale, ledger.title_credit_back, name = name),
        EntryKind::GrantExpired => td_string!(locale, ledger.title_grant_expired, name = name),
        EntryKind::TransferOut | EntryKind::TransferIn => transfer_title(locale, entry).map_or(name, str::to_owned),
        EntryKind::Grant => match entry.metadata["promotion"].as_str() {
            Some("referrer") => td_string!(locale, ledger.title_referrer).to_owned(),
            Some("invited") => td_string!(locale, ledger.title_invited).to_owned(),
            _ => name,
        },
        _ => name,
    }
}

/// Says between which wallets of a project credits were moved; `None` for other transfers.
fn transfer_title(locale: Locale, entry: &EntryView) -> Option<&'static str> {
    if entry.metadata["repays"].is_string() {
        return Some(td_string!(locale, ledger.title_repays));
    }
    Some(match (entry.metadata["to"].as_str()?, entry.kind) {
        ("preview", EntryKind::TransferOut) => td_string!(locale, ledger.title_to_preview),
        ("preview", _) => td_string!(locale, ledger.title_from_production),
        ("production", EntryKind::TransferOut) => td_string!(locale, ledger.title_to_production),
        ("production", _) => td_string!(locale, ledger.title_from_preview),
        _ => return None,
    })
}

/// Says more about a row, under its title: the operation, how many, what is held or was given back.
#[must_use]
pub fn entry_detail(locale: Locale, entry: &EntryView) -> String {
    let mut parts = Vec::new();
    if let Some(operation) = entry.operation.clone().filter(|operation| Some(operation) != entry.title.as_ref()) {
        parts.push(operation);
    }
    if entry.quantity > 1 {
        parts.push(format!("×\u{a0}{}", entry.quantity));
    }
    let held = credits_text(locale, absolute(entry.held_change));
    match entry.kind {
        EntryKind::Release | EntryKind::HoldExpired => {
            parts.push(td_string!(locale, ledger.detail_released, amount = held));
        }
        EntryKind::Capture => {
            let released = entry
                .held_change
                .checked_sub(entry.amount)
                .filter(|released| released.is_negative())
                .map(|released| credits_text(locale, absolute(released)));
            if let Some(amount) = released {
                parts.push(td_string!(locale, ledger.detail_released, amount = amount));
            }
        }
        _ => {}
    }
    parts.join(", ")
}

/// Drops the sign.
fn absolute(amount: wallet::money::Credits) -> wallet::money::Credits {
    if amount.is_negative() { amount.checked_neg().unwrap_or(amount) } else { amount }
}

/// Names the kind of a row as people do.
#[must_use]
pub fn kind_name(locale: Locale, entry: &EntryView) -> &'static str {
    match entry.kind {
        EntryKind::Grant => match entry.category.as_deref() {
            Some("top_up") => td_string!(locale, ledger.kind_top_up),
            Some("allowance") => td_string!(locale, ledger.kind_allowance),
            Some("adjustment") => td_string!(locale, ledger.kind_correction),
            _ => td_string!(locale, ledger.kind_gift),
        },
        EntryKind::Charge | EntryKind::Capture => td_string!(locale, ledger.kind_spend),
        EntryKind::Hold => td_string!(locale, ledger.kind_hold),
        EntryKind::Release | EntryKind::HoldExpired => td_string!(locale, ledger.kind_release),
        EntryKind::GrantExpired => td_string!(locale, ledger.kind_expiry),
        EntryKind::CreditBack => td_string!(locale, ledger.kind_credit_back),
        EntryKind::Clawback => td_string!(locale, ledger.kind_clawback),
        EntryKind::AddOn => td_string!(locale, ledger.kind_add_on),
        EntryKind::Metered => td_string!(locale, ledger.kind_metered),
        EntryKind::WebhookFee => td_string!(locale, ledger.kind_webhook_fee),
        EntryKind::Adjustment => td_string!(locale, ledger.kind_correction),
        EntryKind::TransferOut | EntryKind::TransferIn => td_string!(locale, ledger.kind_transfer),
    }
}

/// Names who did it: a key, a person, staff or the system; nothing for the system.
#[must_use]
pub fn actor_name(locale: Locale, entry: &EntryView) -> String {
    match &entry.actor {
        Actor::User { name, .. }
        | Actor::Key { name, .. }
        | Actor::Service { name, .. }
        | Actor::ServiceFor { name, .. } => name.clone(),
        Actor::Staff { .. } => td_string!(locale, ledger.staff).to_owned(),
        Actor::System { .. } => "—".to_owned(),
    }
}

/// The kind of a row: spending is plain text, everything else a tag.
#[component]
pub fn KindTag(
    /// The row.
    entry: EntryView,
) -> impl IntoView {
    let i18n = use_i18n();
    let class = match entry.kind {
        EntryKind::Charge | EntryKind::Capture => "text-muted",
        EntryKind::Grant | EntryKind::CreditBack | EntryKind::TransferIn => "tag tag-ok",
        EntryKind::Clawback => "tag tag-err",
        _ => "tag",
    };
    view! { <span class=class>{move || kind_name(i18n.get_locale(), &entry)}</span> }
}

/// The amount of a row: signed, and for a hold the held part with its hatch.
#[component]
pub fn EntryAmount(
    /// The row.
    entry: EntryView,
) -> impl IntoView {
    let i18n = use_i18n();
    if entry.kind == EntryKind::Hold {
        let held = entry.held_change;
        return view! {
            <span class="inline-flex items-center gap-1.5 text-muted whitespace-nowrap">
                <span class="hatch w-3 h-3 rounded-[2px]" aria-hidden="true"></span>
                {move || {
                    let amount = credits_text(i18n.get_locale(), held);
                    t_string!(i18n, ledger.amount_held, amount = amount)
                }}
            </span>
        }
        .into_any();
    }
    let class = if entry.amount.is_positive() { "font-semibold text-primary" } else { "font-semibold" };
    let amount = entry.amount;
    view! { <span class=class>{move || signed_text(i18n.get_locale(), amount)}</span> }.into_any()
}

/// The colour dot of a row's category; nothing where it has none.
#[component]
pub fn CategoryDot(
    /// The category's code.
    category: Option<String>,
) -> impl IntoView {
    let color = match category.as_deref() {
        Some("text") => "var(--c-text)",
        Some("image") => "var(--c-image)",
        Some("video") => "var(--c-video)",
        Some("music") => "var(--c-music)",
        Some("tts") => "var(--c-tts)",
        Some("stt") => "var(--c-stt)",
        Some("tool" | "job") => "var(--c-tool)",
        _ => "transparent",
    };
    view! { <span class="dot" style=format!("background:{color}") aria-hidden="true"></span> }
}
