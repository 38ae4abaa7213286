//! The simulation of a draft: asked for, on its way, over.

mod figures;

use leptos::prelude::*;
use wallet::tariff::RunState;

use crate::components::tariff_editor::simulation::figures::Figures;
use crate::i18n::*;
use crate::server_fns::tariffs::SimulationState;
use crate::text::amount::count_text;
use crate::text::date_time::{WhenStyle, when_text};

/// How often an open page asks how far a simulation is.
#[cfg(feature = "hydrate")]
const ASK_EVERY: std::time::Duration = std::time::Duration::from_millis(700);

/// The simulation of a draft: how far it is while it runs; else its figures, whether they still match the draft, and
/// the button that runs it.
#[component]
pub fn SimulationPanel(
    /// How many days are rated again.
    days: u16,
    /// The simulation when the page was drawn.
    drawn: SimulationState,
) -> impl IntoView {
    let i18n = use_i18n();
    let version = drawn.version;
    let state = RwSignal::new(drawn);
    follow(state);
    let is_running = Memo::new(move |_| state.with(SimulationState::is_running));
    // Of prices that were changed since: it may be begun anew.
    let is_old = Memo::new(move |_| state.with(|now| now.run.as_ref().is_some_and(|run| run.revision != now.revision)));
    let is_first = Memo::new(move |_| state.with(|now| now.run.is_none() && now.found.is_none()));
    let button = move || {
        if is_running.get() {
            t_string!(i18n, rehearsal.anew)
        } else if is_first.get() {
            t_string!(i18n, rehearsal.run)
        } else {
            t_string!(i18n, rehearsal.again)
        }
    };
    view! {
        <section aria-labelledby="reh" class="panel p-5">
            {move || {
                if is_running.get() {
                    view! { <Underway state=state is_old=is_old /> }.into_any()
                } else {
                    view! { <Ended days=days state=state.get_untracked() /> }.into_any()
                }
            }}
            {move || {
                (!is_running.get() || is_old.get())
                    .then(|| {
                        view! {
                            <form method="post" action=format!("/admin/tariffs/{version}/rehearse") class="mt-4">
                                <button class="btn btn-plain w-full">{button}</button>
                            </form>
                        }
                    })
            }}
        </section>
    }
}

/// Asks how far a simulation is, as long as it runs.
fn follow(state: RwSignal<SimulationState>) {
    #[cfg(feature = "hydrate")]
    {
        use crate::server_fns::tariffs::load_simulation;
        let is_asking = StoredValue::new(false);
        let ask = move || {
            let running = state.try_with_untracked(|now| now.is_running().then_some(now.version)).flatten();
            let Some(version) = running.filter(|_| !is_asking.get_value()) else { return };
            is_asking.set_value(true);
            leptos::task::spawn_local(async move {
                let answer = load_simulation(version).await;
                is_asking.try_set_value(false);
                // No answer: asked again soon.
                if let Ok(answer) = answer {
                    state.try_set(answer);
                }
            });
        };
        if let Ok(handle) = set_interval_with_handle(ask, ASK_EVERY) {
            on_cleanup(move || handle.clear());
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = state;
}

/// On its way: how far, and that nobody need wait for it.
#[component]
fn Underway(state: RwSignal<SimulationState>, is_old: Memo<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let run = Memo::new(move |_| state.with(|now| now.run.clone()));
    let percent = move || run.with(|run| run.as_ref().and_then(|run| run.progress.percent()));
    let words = move || {
        let locale = i18n.get_locale();
        let charges = run.with(|run| run.as_ref().map_or(0, |run| run.progress.charges));
        match percent() {
            Some(percent) => {
                t_string!(i18n, rehearsal.so_far, percent = percent, charges = count_text(locale, charges))
            }
            None => t_string!(i18n, rehearsal.queued).to_owned(),
        }
    };
    let asked = move || {
        let locale = i18n.get_locale();
        run.get().map(|run| {
            let at = when_text(locale, run.started_at, WhenStyle::Minute);
            t_string!(i18n, rehearsal.asked, by = run.started_by, at = at)
        })
    };
    view! {
        // Without a script the page looks again by itself.
        <noscript inner_html="<meta http-equiv=\"refresh\" content=\"3\">"></noscript>
        <div class="flex items-center gap-2">
            <h2 id="reh" class="h2 flex-1">{t!(i18n, rehearsal.title)}</h2>
            {move || is_old.get().then(|| view! { <span class="tag tag-warn">{t!(i18n, rehearsal.old)}</span> })}
        </div>
        <div aria-busy="true" class="mt-3">
            <progress
                class="bar"
                aria-label=move || t_string!(i18n, rehearsal.progress)
                max="100"
                value=move || percent().map(|percent| percent.to_string())
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
