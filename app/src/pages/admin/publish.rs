//! `/admin/tariffs/{n}/publish`: what changes when, one tick, one button.

use chrono::NaiveDate;
use leptos::prelude::*;
use wallet::tariff::{Direction, PriceChange};

use crate::components::tariff_editor::draft_page::{DraftPage, use_version};
use crate::components::tariff_editor::grid::change_text;
use crate::components::tariff_editor::outdated::{Bases, Outdated};
use crate::components::tariff_editor::simulation::SimulationPanel;
use crate::context::FormOutcome;
use crate::data::tariffs::{EditorPage, load_price_book};
use crate::i18n::*;
use crate::text::date_time::date_text;
use crate::text::refusal::FormErrors;

/// The page that publishes one draft.
#[component]
pub fn PublishPage() -> impl IntoView {
    let i18n = use_i18n();
    let version = use_version();
    let page = Resource::new_blocking(move || version.get(), |version| load_price_book(Some(version)));
    view! {
        <DraftPage title=move || t_string!(i18n, publish.title) data=page let:page>
            <PublishDialog page=page />
        </DraftPage>
    }
}

/// The dialog: its own page, so that it needs no script.
#[component]
fn PublishDialog(page: EditorPage) -> impl IntoView {
    let i18n = use_i18n();
    let version = page.book.version;
    let back = format!("/admin/tariffs/{version}");
    let changes: Vec<PriceChange> = page.rows.iter().filter_map(|row| row.change.clone()).collect();
    let (later, now): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| change.direction.needs_notice());
    let is_empty = later.is_empty() && now.is_empty();
    let has_rise = !later.is_empty();
    let has_now = !now.is_empty();
    let first = page.first_day();
    let notice_days = i64::from(page.notice_days);
    let today = page.today;
    let outcome = page.outcome.clone();
    let typed_day = outcome.value("effective_at").filter(|day| !day.is_empty());
    // A rise never begins before its notice is over.
    let first_day =
        move || t_string!(i18n, publish.first_day, date = date_text(i18n.get_locale(), first), count = notice_days);
    view! {
        <div class="max-w-[600px] mx-auto grid grid-cols-[minmax(0,1fr)] gap-5">
            <Outdated bases=Bases::from(&page) />
            {has_rise.then(|| view! { <SimulationPanel days=page.simulation_days state=page.simulation.clone() /> })}
            <section aria-labelledby="pb" class="panel">
                <form method="post" action=format!("/admin/tariffs/{version}/publish")>
                    <input type="hidden" name="revision" value=page.book.revision.to_string() />
                    <div class="p-4 sm:p-6 pb-5">
                        <div class="flex items-start gap-3">
                            <h1 id="pb" class="fig text-xl sm:text-2xl flex-1">{t!(i18n, publish.heading, version = move || version.to_string())}</h1>
                            <a href=back.clone() class="btn btn-quiet btn-sm">{t!(i18n, tariffs.close)}</a>
                        </div>
                        <FormErrors outcome=outcome.clone() />
                        <div class="mt-4 grid gap-4">
                            {if has_rise {
                                view! {
                                    <Changes changes=later is_later=true has_rise=true />
                                    <StartDay value={typed_day.unwrap_or_else(|| first.to_string())} min=first hint=first_day />
                                    {has_now.then(|| view! { <hr class="border-line" /> })}
                                    <Changes changes=now is_later=false has_rise=true />
                                    <Steps has_drops=has_now outcome=outcome.clone() />
                                }
                                    .into_any()
                            } else {
                                view! {
                                    <Changes changes=now is_later=false has_rise=false />
                                    {has_now
                                        .then(|| {
                                            view! {
                                                <StartDay
                                                    value=typed_day.unwrap_or_default()
                                                    min=today
                                                    hint=move || t_string!(i18n, publish.start_note)
                                                />
                                            }
                                        })}
                                }
                                    .into_any()
                            }}
                            <section class="flex flex-wrap sm:flex-nowrap gap-x-4 gap-y-1 pt-4 border-t border-line">
                                <p class="w-24 flex-none text-muted">{t!(i18n, publish.notice)}</p>
                                <div class="flex-1">
                                    <p class="font-medium">{t!(i18n, publish.notice_where)}</p>
                                    <p class="text-sm text-muted">{t!(i18n, publish.notice_note)}</p>
                                </div>
                            </section>
                        </div>
                    </div>
                    <hr class="perf-x mx-2" />
                    <div class="p-4 sm:p-6 pt-5">
                        {if is_empty {
                            view! { <p class="text-muted">{t!(i18n, publish.nothing)}</p> }.into_any()
                        } else {
                            view! {
                                <label class="flex gap-3 items-start cursor-pointer">
                                    <input type="checkbox" class="checkbox mt-0.5" name="confirm" value="yes" required=true />
                                    <span>{t!(i18n, publish.confirm)}</span>
                                </label>
                                <div class="flex flex-wrap gap-2 mt-5">
                                    <button class="btn btn-primary">
                                        {move || if has_rise { t_string!(i18n, publish.schedule) } else { t_string!(i18n, publish.now_button) }}
                                    </button>
                                    <a href=back.clone() class="btn btn-quiet">{t!(i18n, publish.keep)}</a>
                                </div>
                            }
                                .into_any()
                        }}
                    </div>
                </form>
            </section>
        </div>
    }
}

/// One group of changes with its prices, before and after.
#[component]
fn Changes(changes: Vec<PriceChange>, is_later: bool, has_rise: bool) -> impl IntoView {
    let i18n = use_i18n();
    if changes.is_empty() {
        return ().into_any();
    }
    let count = |wanted: &[Direction]| {
        let found = changes.iter().filter(|change| wanted.contains(&change.direction)).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    let (down, new) = (count(&[Direction::Drop]), count(&[Direction::New]));
    let (wider, wording) = (count(&[Direction::Wider]), count(&[Direction::Wording]));
    let (up, removed) = (count(&[Direction::Rise]), count(&[Direction::Removed]));
    let words = move || {
        let parts = [
            (down > 0).then(|| t_string!(i18n, publish.go_down, count = down)),
            (up > 0).then(|| t_string!(i18n, publish.go_up, count = up)),
            (new > 0).then(|| t_string!(i18n, publish.are_new, count = new)),
            (removed > 0).then(|| t_string!(i18n, publish.are_removed, count = removed)),
            (wider > 0).then(|| t_string!(i18n, publish.are_wider, count = wider)),
            (wording > 0).then(|| t_string!(i18n, publish.are_wording, count = wording)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let head = move || match (is_later, has_rise) {
        (false, false) => t_string!(i18n, publish.now),
        (false, true) => t_string!(i18n, publish.with_it),
        (true, _) => t_string!(i18n, publish.later),
    };
    let list = move || {
        let locale = i18n.get_locale();
        changes.iter().map(|change| change_text(locale, change)).collect::<Vec<_>>().join(", ")
    };
    view! {
        <section class="flex flex-wrap sm:flex-nowrap gap-x-4 gap-y-1">
            <p class="w-24 flex-none text-muted">{head}</p>
            <div class="flex-1 min-w-0">
                <p class="font-medium">{words}</p>
                <p class="text-sm text-muted num break-words">{list}</p>
            </div>
        </section>
    }
    .into_any()
}

/// From which day the prices hold.
#[component]
fn StartDay(
    /// The day that was typed, or that is proposed.
    value: String,
    /// The first that may be chosen.
    min: NaiveDate,
    /// What may be chosen.
    #[prop(into)]
    hint: Signal<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="flex flex-wrap sm:flex-nowrap gap-x-4 gap-y-1">
            <p class="w-24 flex-none"></p>
            <div class="flex-1">
                <div class="flex flex-wrap items-center gap-3">
                    <label for="d" class="text-sm font-medium">{t!(i18n, publish.start)}</label>
                    <input
                        id="d"
                        type="date"
                        name="effective_at"
                        class="field num !w-44"
                        value=value
                        min=min.to_string()
                        aria-describedby="dh"
                    />
                </div>
                <p id="dh" class="text-sm text-muted mt-1.5">{move || hint.get()}</p>
            </div>
        </section>
    }
}

/// Whether drops wait for the rises: two versions at once, or one on the day.
#[component]
fn Steps(has_drops: bool, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    if !has_drops {
        return ().into_any();
    }
    let is_one = outcome.value("steps").as_deref() == Some("one");
    view! {
        <fieldset class="flex flex-wrap sm:flex-nowrap gap-x-4 gap-y-1">
            <legend class="sr-only">{t!(i18n, publish.steps)}</legend>
            <span class="w-24 flex-none"></span>
            <div class="flex-1 grid gap-2">
                <label class="flex gap-3 items-start cursor-pointer">
                    <input type="radio" class="radio mt-0.5" name="steps" value="two" checked=!is_one />
                    <span>
                        {t!(i18n, publish.two_steps)}
                        <span class="block text-sm text-muted">{t!(i18n, publish.two_steps_note)}</span>
                    </span>
                </label>
                <label class="flex gap-3 items-start cursor-pointer">
                    <input type="radio" class="radio mt-0.5" name="steps" value="one" checked=is_one />
                    <span>{t!(i18n, publish.one_step)}</span>
                </label>
            </div>
        </fieldset>
    }
    .into_any()
}
