//! The balance on the wallet's front page: what is available, what it is made of, what is held.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use wallet::ledger::{BalanceView, GrantLimit, GrantView};
use wallet::money::Credits;

use crate::i18n::*;
use crate::live::shown_balance;
use crate::text::amount::{credits_text, unit_text};
use crate::text::category::limit_text;
use crate::text::date_time::{Zone, date_text, use_zone};

/// The left half of the front page's panel.
#[island]
pub fn BalanceCard(
    /// The balance as the page was drawn; the live one follows.
    drawn: BalanceView,
) -> impl IntoView {
    let i18n = use_i18n();
    let balance = shown_balance(drawn);
    let available = move || balance.with(|balance| balance.available);
    let held = move || balance.with(|balance| balance.held);
    view! {
        <div class="p-5 lg:p-6 min-w-0">
            <h2 id="bal" class="text-muted" title=move || t_string!(i18n, wallet.available_means)>
                {t!(i18n, wallet.available)}
            </h2>
            <p class="flex flex-wrap items-baseline gap-3 mt-1">
                <span class="fig text-4xl" aria-live="polite" data-testid="available">
                    {move || credits_text(i18n.get_locale(), available())}
                </span>
                <span class="text-lg text-muted">{move || unit_text(i18n.get_locale(), available())}</span>
            </p>
            <BatchBar balance=balance />
            <dl class="mt-5 pt-4 border-t border-line grid grid-cols-3 gap-4">
                <Fact
                    label=move || t_string!(i18n, wallet.settled)
                    value=move || credits_text(i18n.get_locale(), balance.with(|balance| balance.settled))
                    note=move || t_string!(i18n, wallet.settled_note)
                />
                <Fact
                    label=move || t_string!(i18n, wallet.held)
                    value=move || credits_text(i18n.get_locale(), held())
                    note=Signal::derive(move || {
                        if held() == Credits::ZERO {
                            t_string!(i18n, wallet.held_none).to_owned()
                        } else {
                            t_string!(i18n, wallet.held_note).to_owned()
                        }
                    })
                />
                <NextExpiry balance=balance />
            </dl>
        </div>
    }
}

/// One figure with its name above and a note beside.
#[component]
fn Fact(
    /// What it is.
    #[prop(into)]
    label: Signal<String>,
    /// The figure.
    #[prop(into)]
    value: Signal<String>,
    /// What to know about it.
    #[prop(into)]
    note: Signal<String>,
) -> impl IntoView {
    view! {
        <div>
            <dt class="text-sm text-muted">{move || label.get()}</dt>
            <dd class="mt-0.5">
                <span class="fig text-xl">{move || value.get()}</span>
                " "
                <span class="text-sm text-muted block sm:inline sm:ml-1">{move || note.get()}</span>
            </dd>
        </div>
    }
}

/// What expires next, and when; or that nothing does.
#[component]
fn NextExpiry(
    /// The balance, live.
    balance: Signal<BalanceView>,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let next = Memo::new(move |_| balance.with(|balance| next_expiry(&zone, balance)));
    view! {
        <Fact
            label=move || t_string!(i18n, wallet.expires_next)
            value=Signal::derive(move || {
                next.get().map_or_else(|| "—".to_owned(), |(amount, _)| credits_text(i18n.get_locale(), amount))
            })
            note=Signal::derive(move || match next.get() {
                Some((_, day)) => {
                    let date = date_text(i18n.get_locale(), day);
                    t_string!(i18n, wallet.expires_on, date = date)
                }
                None => t_string!(i18n, wallet.expires_never).to_owned(),
            })
        />
    }
}

/// Sums what is left of the grants that expire first.
fn next_expiry(zone: &Zone, balance: &BalanceView) -> Option<(Credits, chrono::NaiveDate)> {
    let left = |grant: &GrantView| grant.remaining.is_positive();
    let first = balance.grants.iter().filter(|grant| left(grant)).filter_map(|grant| grant.expires_at).min()?;
    let sum = Credits::checked_sum(
        balance
            .grants
            .iter()
            .filter(|grant| left(grant) && grant.expires_at == Some(first))
            .map(|grant| grant.remaining),
    )?;
    Some((sum, zone.day(first)))
}

/// One piece of the bar.
#[derive(Clone, PartialEq)]
struct Piece {
    label: String,
    remaining: Credits,
    held: Credits,
    expires: Option<chrono::NaiveDate>,
    limit: Option<GrantLimit>,
    color: &'static str,
}

/// Puts the grants that still hold something in burn order, with the colours of the theme.
fn pieces(zone: &Zone, balance: &BalanceView) -> Vec<Piece> {
    let with_credits: Vec<&GrantView> =
        balance.grants.iter().filter(|grant| grant.remaining.is_positive() || grant.held.is_positive()).collect();
    let count = with_credits.len();
    with_credits
        .into_iter()
        .enumerate()
        .map(|(index, grant)| Piece {
            label: grant.label.clone(),
            remaining: grant.remaining,
            held: grant.held,
            expires: grant.expires_at.map(|at| zone.day(at)),
            limit: grant.limit.clone(),
            color: match (count - index, index % 3) {
                (1, _) => "var(--lot-3)",
                (2, _) => "var(--lot-2)",
                (3, _) | (_, 0) => "var(--lot-1)",
                (_, 1) => "var(--lot-2)",
                _ => "var(--lot-3)",
            },
        })
        .collect()
}

/// The batches as one bar in burn order (hatched is held), always with the same as a list.
#[component]
pub fn BatchBar(
    /// The balance, live.
    balance: Signal<BalanceView>,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let parts = Memo::new(move |_| balance.with(|balance| pieces(&zone, balance)));
    let summary = move || {
        let locale = i18n.get_locale();
        let list = parts.with(|parts| {
            let words = |part: &Piece| format!("{} {}", credits_text(locale, whole(part)), part.label);
            parts.iter().map(words).collect::<Vec<_>>().join(", ")
        });
        t_string!(i18n, wallet.batches_are, list = list)
    };
    view! {
        <Show
            when=move || parts.with(|parts| !parts.is_empty())
            fallback=move || view! { <p class="text-sm text-muted mt-4">{t!(i18n, wallet.no_batches)}</p> }
        >
            <div
                class="flex h-3 rounded-[3px] overflow-hidden gap-px mt-5 bg-base-300"
                role="img"
                aria-label=summary
            >
                {move || {
                    parts.with(|parts| {
                        let total = parts.iter().map(|part| whole(part).micros()).sum::<i64>().max(1);
                        parts.iter().map(|part| bar_piece(part, total)).collect_view()
                    })
                }}
            </div>
            <ul class="mt-3 grid sm:grid-cols-3 gap-x-6 gap-y-1.5 text-sm">
                {move || {
                    let locale = i18n.get_locale();
                    parts.with(|parts| parts.iter().map(|part| list_piece(locale, part)).collect_view())
                }}
            </ul>
        </Show>
    }
}

/// What a batch holds, set aside or not.
fn whole(part: &Piece) -> Credits {
    part.remaining.checked_add(part.held).unwrap_or(Credits::MAX)
}

/// Draws one batch: the held part hatched, then the free part.
fn bar_piece(part: &Piece, total: i64) -> impl IntoView + use<> {
    // Widths are only drawn, so a float is good enough here.
    let percent = |amount: Credits| amount.micros() as f64 * 100.0 / total as f64;
    let color = part.color;
    let held = part.held.is_positive().then(|| {
        let width = percent(part.held);
        let style = format!("width:{width:.2}%;background-color:color-mix(in oklab,{color} 35%,var(--color-base-100))");
        view! { <span class="hatch" style=style></span> }
    });
    let free = part.remaining.is_positive().then(|| {
        let width = percent(part.remaining);
        view! { <span style=format!("width:{width:.2}%;background:{color}")></span> }
    });
    view! {
        {held}
        {free}
    }
}

/// Writes one batch: source, what is left, until when.
fn list_piece(locale: Locale, part: &Piece) -> impl IntoView + use<> {
    let amount = format!("{} {}", credits_text(locale, whole(part)), unit_text(locale, whole(part)));
    let until = match part.expires {
        Some(day) => td_string!(locale, wallet.batch_expires, date = date_text(locale, day)),
        None => td_string!(locale, wallet.batch_never_expires).to_owned(),
    };
    let held = part
        .held
        .is_positive()
        .then(|| format!(", {}", td_string!(locale, wallet.batch_held, amount = credits_text(locale, part.held))));
    let limit = part.limit.as_ref().map(|limit| limit_text(locale, limit));
    view! {
        <li class="flex gap-2">
            <span class="dot mt-1.5" style=format!("background:{}", part.color)></span>
            <span class="min-w-0">
                <span class="block">{part.label.clone()}</span>
                <span class="text-muted num">{amount}", "{until}{held}</span>
                {limit.map(|limit| view! { <span class="block text-muted break-words">{limit}</span> })}
            </span>
        </li>
    }
}
