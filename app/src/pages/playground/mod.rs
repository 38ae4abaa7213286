//! `/playground` (demo only): a button for every kind of request, so that a newcomer sees the ledger move without curl.

mod trial;

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::error::Refusal;
use wallet::ledger::{EntryKind, EntryView};
use wallet::money::Credits;

use crate::components::ledger::entry::entry_title;
use crate::components::ledger::feed::LedgerFeed;
use crate::components::ui::shell::{DataPage, Nav};
use crate::error::AppError;
use crate::i18n::*;
use crate::live::use_live_wallet;
use crate::server_fns::playground::{FinishHold, Playground, RunTrial, TrialAnswer, TrialResult, load_playground};
use crate::text::amount::{credits_text, signed_text, unit_text};
use crate::text::refusal::refusal_text;

use trial::TrialCard;

/// The page of trials.
#[component]
pub fn PlaygroundPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = Resource::new_blocking(|| (), |()| load_playground());
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
    let run = ServerAction::<RunTrial>::new();
    let finish = ServerAction::<FinishHold>::new();
    if let Some(live) = use_live_wallet() {
        live.start_from(page.balance.clone());
    }
    // Every request done makes the next one a new one; without a script the page itself brings new keys.
    let turn = Signal::derive(move || run.version().get());
    let (step, version) = (page.step, page.version);
    let cards = page
        .trials
        .into_iter()
        .map(|trial| view! { <TrialCard trial=trial step=step run=run turn=turn is_refusal=false /> })
        .collect_view();
    let refused =
        page.refused.map(|trial| view! { <TrialCard trial=trial step=step run=run turn=turn is_refusal=true /> });
    let entries = page.entries.clone();
    view! {
        <LastRequest run=run finish=finish entries=page.entries.clone() available=page.balance.available />
        <div class="grid xl:grid-cols-[minmax(0,1fr)_minmax(0,440px)] gap-5 items-start">
            <div class="min-w-0">
                <p class="text-sm text-muted mb-3">
                    {t!(i18n, playground.book, version = move || version.to_string())}
                </p>
                <div class="grid sm:grid-cols-2 gap-4">{cards}{refused}</div>
            </div>
            <div class="grid gap-5 min-w-0">
                <Holds drawn=page.holds finish=finish />
                <LedgerFeed rows=entries narrow=true />
            </div>
        </div>
    }
}

/// What the last request did, or why it was refused; it stays in sight.
#[component]
fn LastRequest(
    run: ServerAction<RunTrial>,
    finish: ServerAction<FinishHold>,
    entries: Vec<EntryView>,
    available: Credits,
) -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    // Without a script the server names the row that it wrote, or its refusal, in the address.
    let drawn = address.with_untracked(|map| {
        let ran = map.get_str("ran").and_then(|ran| ran.parse::<i64>().ok());
        let ran = ran.and_then(|seq| entries.into_iter().find(|row| row.seq == seq));
        let refused = map.get_str("refused").and_then(|refused| serde_json::from_str::<Refusal>(refused).ok());
        let ran = ran.map(|entry| TrialAnswer::Done(Box::new(TrialResult { entry, available })));
        ran.or_else(|| refused.map(TrialAnswer::Refused))
    });
    let newest = RwSignal::new(drawn.map(Ok));
    for value in [run.value(), finish.value()] {
        Effect::new(move |_| {
            if let Some(value) = value.get() {
                newest.set(Some(value));
            }
        });
    }
    // An error that came back in the address is in the action from the start, on both sides.
    let first_error = run.value().get_untracked().or_else(|| finish.value().get_untracked());
    if first_error.is_some() {
        newest.set(first_error);
    }
    let is_pending = move || run.pending().get() || finish.pending().get();
    view! {
        <div class="sticky top-14 z-10 -mx-1 px-1 py-2 bg-base-200" role="status" aria-live="polite" data-testid="last-request">
            {move || match newest.get() {
                None => view! { <p class="panel px-4 py-3 text-muted">{t!(i18n, playground.nothing_yet)}</p> }.into_any(),
                Some(Ok(TrialAnswer::Refused(refusal))) => {
                    view! { <Refused error=AppError::Refused(refusal) /> }.into_any()
                }
                Some(Ok(TrialAnswer::Done(result))) => view! { <Done result=*result is_pending=Signal::derive(is_pending) /> }.into_any(),
                Some(Err(error)) => view! { <Refused error=error /> }.into_any(),
            }}
        </div>
    }
}

/// A request that went through.
#[component]
fn Done(result: TrialResult, is_pending: Signal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let seq = result.entry.seq;
    let words = move || {
        let locale = i18n.get_locale();
        let entry = &result.entry;
        let amount = match entry.kind {
            EntryKind::Hold => t_string!(i18n, ledger.amount_held, amount = credits_text(locale, entry.held_change)),
            _ => signed_text(locale, entry.amount),
        };
        let left = format!("{} {}", credits_text(locale, result.available), unit_text(locale, result.available));
        t_string!(i18n, playground.done, title = entry_title(locale, entry), amount = amount, available = left)
    };
    view! {
        <p class="panel px-4 py-3 flex flex-wrap items-center gap-3 !border-primary bg-tint" aria-busy=move || is_pending.get().to_string()>
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
fn Holds(drawn: Vec<EntryView>, finish: ServerAction<FinishHold>) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live_wallet();
    let open = Memo::new(move |_| {
        let fresh = live.map(|live| live.fresh.get()).unwrap_or_default();
        let is_open = |row: &&EntryView| {
            row.kind == EntryKind::Hold && !fresh.iter().any(|other| other.refers_to == Some(row.seq))
        };
        fresh.iter().filter(is_open).chain(drawn.iter().filter(is_open)).cloned().collect::<Vec<_>>()
    });
    view! {
        <section aria-labelledby="holds" class="panel p-5">
            <h2 id="holds" class="h2">{t!(i18n, playground.holds)}</h2>
            <p class="text-sm text-muted mt-1">{t!(i18n, playground.holds_note)}</p>
            <ul class="mt-2 grid gap-2">
                <For each=move || open.get() key=|row| row.seq let:row>
                    <HoldRow row=row finish=finish />
                </For>
            </ul>
            <Show when=move || open.with(Vec::is_empty)>
                <p class="text-muted">{t!(i18n, playground.no_holds)}</p>
            </Show>
        </section>
    }
}

/// One hold with its two ends.
#[component]
fn HoldRow(row: EntryView, finish: ServerAction<FinishHold>) -> impl IntoView {
    let i18n = use_i18n();
    let (seq, held) = (row.seq, row.held_change);
    let end = move |how: &'static str, class: &'static str, words: AnyView| {
        view! {
            <ActionForm action=finish>
                <input type="hidden" name="hold" value=seq.to_string() />
                <input type="hidden" name="how" value=how />
                <input type="hidden" name="idempotency_key" value=format!("{how}-{seq}") />
                <button class=class>{words}</button>
            </ActionForm>
        }
    };
    view! {
        <li class="flex flex-wrap items-center gap-2">
            <span class="flex-1 min-w-[160px]">
                {move || entry_title(i18n.get_locale(), &row)}
                <span class="block text-sm text-muted num">
                    {move || t_string!(i18n, ledger.amount_held, amount = credits_text(i18n.get_locale(), held))}
                </span>
            </span>
            {end("capture", "btn btn-primary btn-sm", view! { {t!(i18n, playground.capture)} }.into_any())}
            {end("release", "btn btn-plain btn-sm", view! { {t!(i18n, playground.release)} }.into_any())}
        </li>
    }
}
