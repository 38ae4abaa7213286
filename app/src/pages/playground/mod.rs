//! `/playground` (demo only): a button for every kind of request, so that a newcomer sees the ledger move without curl.

mod trial;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::error::Refusal;
use wallet::ledger::{EntryKind, EntryView};
use wallet::money::Credits;

use crate::components::ui::shell::{DataPage, Nav};
use crate::data::playground::{Playground, load_playground};
use crate::error::AppError;
use crate::i18n::*;
use crate::islands::entry::entry_title;
use crate::islands::feed::LedgerFeed;
use crate::text::amount::{credits_text, signed_text, unit_text};
use crate::text::refusal::refusal_text;

use trial::{TrialCard, asked_of};

/// The page of trials.
#[component]
pub fn PlaygroundPage() -> impl IntoView {
    let i18n = use_i18n();
    let asked = use_query_map().with_untracked(asked_of);
    let page = Resource::new_blocking(move || asked.clone(), load_playground);
    view! {
        <DataPage
            active=Nav::Playground
            title=move || t_string!(i18n, playground.title)
            note=move || t_string!(i18n, playground.note)
            data=page
            let:page
        >
            <Trials page=page />
        </DataPage>
    }
}

/// What was done last, the trials, the holds, the feed.
#[component]
fn Trials(page: Playground) -> impl IntoView {
    let i18n = use_i18n();
    let version = page.version;
    let cards =
        page.trials.into_iter().map(|trial| view! { <TrialCard trial=trial is_refusal=false /> }).collect_view();
    let refused = page.refused.map(|trial| view! { <TrialCard trial=trial is_refusal=true /> });
    view! {
        <LastRequest entries=page.entries.clone() available=page.balance.available />
        <div class="grid xl:grid-cols-[minmax(0,1fr)_minmax(0,440px)] gap-5 items-start">
            <div class="min-w-0">
                <p class="text-sm text-muted mb-3">
                    {t!(i18n, playground.book, version = move || version.to_string())}
                </p>
                <div class="grid sm:grid-cols-2 gap-4">{cards}{refused}</div>
            </div>
            <div class="grid gap-5 min-w-0">
                <Holds open=page.holds />
                <LedgerFeed rows=page.entries today=page.today narrow=true />
            </div>
        </div>
    }
}

/// What the last request did, or why it was refused: the address names the row that it wrote, or its refusal.
#[component]
fn LastRequest(entries: Vec<EntryView>, available: Credits) -> impl IntoView {
    let i18n = use_i18n();
    let (ran, refused) = use_query_map().with_untracked(|map| {
        let ran = map.get_str("ran").and_then(|ran| ran.parse::<i64>().ok());
        (ran, map.get_str("refused").and_then(|refused| serde_json::from_str::<Refusal>(refused).ok()))
    });
    let ran = ran.and_then(|seq| entries.into_iter().find(|row| row.seq == seq));
    let words = match (ran, refused) {
        (Some(entry), _) => view! { <Done entry=entry available=available /> }.into_any(),
        (None, Some(refusal)) => view! { <Refused error=AppError::Refused(refusal) /> }.into_any(),
        (None, None) => {
            view! { <p class="panel px-4 py-3 text-muted">{t!(i18n, playground.nothing_yet)}</p> }.into_any()
        }
    };
    view! {
        <div class="sticky top-14 z-10 -mx-1 px-1 py-2 bg-base-200" role="status" data-testid="last-request">{words}</div>
    }
}

/// A request that went through.
#[component]
fn Done(entry: EntryView, available: Credits) -> impl IntoView {
    let i18n = use_i18n();
    let seq = entry.seq;
    let words = {
        let locale = i18n.get_locale();
        let amount = match entry.kind {
            EntryKind::Hold => t_string!(i18n, ledger.amount_held, amount = credits_text(locale, entry.held_change)),
            _ => signed_text(locale, entry.amount),
        };
        let left = format!("{} {}", credits_text(locale, available), unit_text(locale, available));
        t_string!(i18n, playground.done, title = entry_title(locale, &entry), amount = amount, available = left)
    };
    view! {
        <p class="panel px-4 py-3 flex flex-wrap items-center gap-3 !border-primary bg-tint">
            <span class="flex-1 min-w-[200px] num font-medium">{words}</span>
            <a class="link-q text-sm" href=format!("/wallet/history/{seq}")>{t!(i18n, playground.why)}</a>
        </p>
    }
}

/// A request that was refused: the answer that an API caller gets, in words.
#[component]
fn Refused(error: AppError) -> impl IntoView {
    let i18n = use_i18n();
    let (status, code) = (error.status().to_string(), error.code().to_owned());
    view! {
        <p class="panel px-4 py-3 flex flex-wrap items-center gap-3 tag-err !h-auto">
            <span class="tag tag-err font-mono" data-testid="refusal-code">{status}" "{code}</span>
            <span class="flex-1 min-w-[200px]">{move || refusal_text(i18n.get_locale(), &error)}</span>
            <a class="font-semibold underline underline-offset-4" href="/wallet/top-up">{t!(i18n, wallet.top_up)}</a>
        </p>
    }
}

/// Credits set aside by a trial, to be taken or given back.
#[component]
fn Holds(open: Vec<EntryView>) -> impl IntoView {
    let i18n = use_i18n();
    let is_empty = open.is_empty();
    let rows = open.into_iter().map(|row| view! { <HoldRow row=row /> }).collect_view();
    view! {
        <section aria-labelledby="holds" class="panel p-5">
            <h2 id="holds" class="h2">{t!(i18n, playground.holds)}</h2>
            <p class="text-sm text-muted mt-1">{t!(i18n, playground.holds_note)}</p>
            <ul class="mt-2 grid gap-2">{rows}</ul>
            {is_empty.then(|| view! { <p class="text-muted">{t!(i18n, playground.no_holds)}</p> })}
        </section>
    }
}

/// One hold with its two ends.
#[component]
fn HoldRow(row: EntryView) -> impl IntoView {
    let i18n = use_i18n();
    let (seq, held) = (row.seq, row.held_change);
    let end = move |how: &'static str, class: &'static str, words: &'static str| {
        view! {
            <form method="post" action="/playground/finish" data-once>
                <input type="hidden" name="hold" value=seq.to_string() />
                <input type="hidden" name="how" value=how />
                <input type="hidden" name="idempotency_key" value=format!("{how}-{seq}") />
                <button class=class>{words}</button>
            </form>
        }
    };
    view! {
        <li class="flex flex-wrap items-center gap-2">
            <span class="flex-1 min-w-[160px]">
                {entry_title(i18n.get_locale(), &row)}
                <span class="block text-sm text-muted num">
                    {t_string!(i18n, ledger.amount_held, amount = credits_text(i18n.get_locale(), held))}
                </span>
            </span>
            {end("capture", "btn btn-primary btn-sm", t_string!(i18n, playground.capture))}
            {end("release", "btn btn-plain btn-sm", t_string!(i18n, playground.release))}
        </li>
    }
}
