//! The simulation of a draft: asked for, on its way, over.

mod figures;

use leptos::prelude::*;
use wallet::tariff::{RunState, SimulationRun};

use crate::components::tariff_editor::simulation::figures::Figures;
use crate::data::tariffs::SimulationState;
use crate::i18n::*;
use crate::text::amount::count_text;
use crate::text::date_time::{WhenStyle, when_text};

/// How often an open page asks how far a simulation is, in milliseconds.
const ASK_EVERY: &str = "700";

/// The simulation of a draft: how far it is while it runs; else its figures, whether they still match the draft, and
/// the button that runs it.
#[component]
pub fn SimulationPanel(
    /// How many days are rated again.
    days: u16,
    /// The simulation.
    state: SimulationState,
) -> impl IntoView {
    let i18n = use_i18n();
    let version = state.version;
    let is_running = state.is_running();
    // Of prices that were changed since: it may be begun anew.
    let is_old = state.run.as_ref().is_some_and(|run| run.revision != state.revision);
    let button = if is_running {
        t_string!(i18n, rehearsal.anew)
    } else if state.run.is_none() && state.found.is_none() {
        t_string!(i18n, rehearsal.run)
    } else {
        t_string!(i18n, rehearsal.again)
    };
    let content = match state.run.clone().filter(|_| is_running) {
        Some(run) => view! { <Underway run=run is_old=is_old /> }.into_any(),
        None => view! { <Ended days=days state=state /> }.into_any(),
    };
    let page = is_running.then(|| format!("/admin/tariffs/{version}/publish"));
    view! {
        <section id="simulation" aria-labelledby="reh" class="panel p-5" data-follow=page data-follow-every=is_running.then_some(ASK_EVERY)>
            {content}
            {(!is_running || is_old)
                .then(|| {
                    view! {
                        <form method="post" action=format!("/admin/tariffs/{version}/rehearse") class="mt-4">
                            <button class="btn btn-plain w-full">{button}</button>
                        </form>
                    }
                })}
        </section>
    }
}

/// On its way: how far, and that nobody need wait for it.
#[component]
fn Underway(run: SimulationRun, is_old: bool) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale();
    let percent = run.progress.percent();
    let words = match percent {
        Some(percent) => {
            let charges = count_text(locale, run.progress.charges);
            t_string!(i18n, rehearsal.so_far, percent = percent, charges = charges)
        }
        None => t_string!(i18n, rehearsal.queued).to_owned(),
    };
    let at = when_text(locale, run.started_at, WhenStyle::Minute);
    let asked = t_string!(i18n, rehearsal.asked, by = run.started_by, at = at);
    view! {
        // Without a script the page looks again by itself.
        <noscript inner_html="<meta http-equiv=\"refresh\" content=\"3\">"></noscript>
        <div class="flex items-center gap-2">
            <h2 id="reh" class="h2 flex-1">{t!(i18n, rehearsal.title)}</h2>
            {is_old.then(|| view! { <span class="tag tag-warn">{t!(i18n, rehearsal.old)}</span> })}
        </div>
        <div aria-busy="true" class="mt-3">
            <progress
                class="bar"
                aria-label=move || t_string!(i18n, rehearsal.progress)
                max="100"
                value=percent.map(|percent| percent.to_string())
            ></progress>
            <p class="num mt-2">{words}</p>
            <p class="text-sm text-muted num mt-1">{asked}" "{t!(i18n, rehearsal.leave)}</p>
        </div>
    }
}

/// Over, or not begun: what was found, what went wrong, or why it is needed.
#[component]
fn Ended(days: u16, state: SimulationState) -> impl IntoView {
    let i18n = use_i18n();
    let days = i64::from(days);
    let is_current = state.found.as_ref().is_some_and(|found| found.revision == state.revision);
    let is_run = state.found.is_some();
    let wrong = state.run.as_ref().map(|run| run.state);
    let wrong = wrong.filter(|state| matches!(state, RunState::Failed | RunState::GivenUp));
    view! {
        <div class="flex items-center gap-2">
            <h2 id="reh" class="h2 flex-1">{t!(i18n, rehearsal.title)}</h2>
            {is_run
                .then(|| {
                    if is_current {
                        view! { <span class="tag tag-ok" role="status">{t!(i18n, rehearsal.matches)}</span> }.into_any()
                    } else {
                        view! { <span class="tag tag-warn">{t!(i18n, rehearsal.stale)}</span> }.into_any()
                    }
                })}
        </div>
        {wrong
            .map(|state| {
                view! {
                    <p class="mt-2 text-error" role="alert">
                        {move || match state {
                            RunState::GivenUp => t_string!(i18n, rehearsal.given_up),
                            _ => t_string!(i18n, rehearsal.failed),
                        }}
                    </p>
                }
            })}
        {match state.found {
            Some(found) => view! { <Figures found=found /> }.into_any(),
            None => {
                view! {
                    <p class="text-sm text-muted mt-1">{move || t_string!(i18n, rehearsal.needed, days = days)}</p>
                }
                    .into_any()
            }
        }}
    }
}
