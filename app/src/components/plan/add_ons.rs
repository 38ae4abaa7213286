//! Add-ons: how each stands, what it costs, and its switch; and the banner for one that is paused.

use chrono::NaiveDate;
use leptos::prelude::*;
use uuid::Uuid;
use wallet::add_on::{AddOnPause, AddOnState, AddOnView, PauseReason};
use wallet::error::Problem;
use wallet::money::Credits;

use crate::components::ui::panel::{Banner, BannerKind};
use crate::context::FormOutcome;
use crate::data::plan::AddOnsPart;
use crate::i18n::*;
use crate::text::amount::{credits_text, unit_text};
use crate::text::date_time::{day_month_text, use_zone};
use crate::text::refusal::FormErrors;

/// Where the forms are posted to.
pub const FORM: &str = "/wallet/plan/add-ons";

fn amount(locale: Locale, credits: Credits) -> String {
    format!("{} {}", credits_text(locale, credits), unit_text(locale, credits))
}

/// The add-ons on the page of the plan.
#[component]
pub fn AddOnPanel(
    /// The add-ons.
    part: AddOnsPart,
    /// Whether this person may pay for the account.
    may_pay: bool,
    /// What became of a form of the page.
    outcome: FormOutcome,
    /// Makes a second submit change nothing.
    key: Uuid,
) -> impl IntoView {
    let i18n = use_i18n();
    if part.list.is_empty() {
        return ().into_any();
    }
    let outcome = if outcome.path.starts_with(FORM) { outcome } else { FormOutcome::default() };
    let total = part
        .list
        .iter()
        .filter(|add_on| add_on.state == AddOnState::On)
        .fold(Credits::ZERO, |sum, add_on| sum.checked_add(add_on.monthly_credits).unwrap_or(sum));
    // What is about none of them is said above them.
    let about = outcome.value("add_on").unwrap_or_default();
    let is_about_none = part.list.iter().all(|add_on| add_on.code != about);
    let (available, tops_up, now) = (part.available, part.tops_up, part.now);
    let rows = part
        .list
        .into_iter()
        .map(|add_on| {
            let refused = (add_on.code == about).then(|| outcome.clone());
            view! { <AddOnRow add_on=add_on available=available tops_up=tops_up now=now may_pay=may_pay refused=refused key=key /> }
        })
        .collect_view();
    view! {
        <section aria-labelledby="add-ons" class="mt-8 max-w-[720px]">
            <div class="flex flex-wrap items-baseline gap-x-3 mb-2">
                <h2 id="add-ons" class="h2 scroll-mt-20">{t!(i18n, add_ons.title)}</h2>
                {total
                    .is_positive()
                    .then(|| {
                        view! {
                            <p class="text-sm text-muted num" data-testid="add-ons-total">
                                {move || t_string!(i18n, add_ons.total, amount = amount(i18n.get_locale(), total))}
                            </p>
                        }
                    })}
            </div>
            {is_about_none.then(|| view! { <FormErrors outcome=outcome /> })}
            <ul class="panel divide-y divide-line">{rows}</ul>
            <p class="text-sm text-muted mt-2">{t!(i18n, add_ons.note)}</p>
        </section>
    }
    .into_any()
}

/// One add-on.
#[component]
fn AddOnRow(
    add_on: AddOnView,
    available: Credits,
    tops_up: bool,
    now: chrono::DateTime<chrono::Utc>,
    may_pay: bool,
    refused: Option<FormOutcome>,
    key: Uuid,
) -> impl IntoView {
    let i18n = use_i18n();
    let (state, credits) = (add_on.state, add_on.monthly_credits);
    let name = StoredValue::new(add_on.name.clone());
    let next = use_zone().day(add_on.next_at);
    let class = match state {
        AddOnState::On => "tag tag-ok",
        AddOnState::Paused => "tag tag-warn",
        AddOnState::Off | AddOnState::Ending => "tag",
    };
    let word = move || match state {
        AddOnState::On => t_string!(i18n, add_ons.on).to_owned(),
        AddOnState::Off => t_string!(i18n, add_ons.off).to_owned(),
        AddOnState::Paused => t_string!(i18n, add_ons.paused).to_owned(),
        AddOnState::Ending => t_string!(i18n, add_ons.ends, date = day_month_text(i18n.get_locale(), next)),
    };
    let waits = add_on.next_at <= now;
    let pause = add_on.pause.map(|pause| (pause, use_zone().day(pause.at)));
    let standing = move || {
        let locale = i18n.get_locale();
        let date = day_month_text(locale, next);
        match (state, pause) {
            (AddOnState::On, _) if waits => t_string!(i18n, add_ons.waiting, date = date),
            (AddOnState::On, _) => t_string!(i18n, add_ons.next, date = date),
            (AddOnState::Ending, _) => t_string!(i18n, add_ons.ends_note, date = date),
            (AddOnState::Paused, Some(pause)) => paused_text(locale, pause, credits),
            _ => t_string!(i18n, add_ons.today, amount = amount(locale, credits), date = date),
        }
    };
    let is_paused = state == AddOnState::Paused;
    view! {
        <li class="p-4 sm:px-5 grid grid-cols-[minmax(0,1fr)_auto] sm:grid-cols-[minmax(0,1fr)_6rem_11rem] gap-x-4 gap-y-3" data-add-on=add_on.code.clone()>
            <div class="min-w-0">
                <p class="flex flex-wrap items-center gap-2">
                    <span class="font-medium [overflow-wrap:anywhere]">{name.get_value()}</span>
                    <span class=class data-testid="add-on-state">{word}</span>
                </p>
                {add_on.summary.map(|summary| view! { <p class="text-sm text-muted">{summary}</p> })}
                <p class=if is_paused { "text-sm text-rise num" } else { "text-sm text-muted num" }>{standing}</p>
            </div>
            <p class="text-right num">
                <span class="block font-semibold">{move || credits_text(i18n.get_locale(), credits)}</span>
                <span class="block text-sm text-muted">{t!(i18n, add_ons.a_month)}</span>
            </p>
            {may_pay.then(|| view! { <Switches add_on=add_on.code.clone() name=name.get_value() state=state credits=credits is_offered=add_on.is_offered key=key /> })}
            {refused
                .map(|outcome| {
                    view! { <div class="col-span-full"><Refused outcome=outcome needed=credits available=available tops_up=tops_up /></div> }
                })}
        </li>
    }
}

/// Says why an add-on is paused, and when it resumes.
fn paused_text(locale: Locale, (pause, day): (AddOnPause, NaiveDate), needed: Credits) -> String {
    let date = day_month_text(locale, day);
    match pause.reason {
        PauseReason::OutOfCredits => {
            let (needed, available) = (amount(locale, needed), credits_text(locale, pause.available));
            td_string!(locale, add_ons.paused_short, date = date, needed = needed, available = available)
        }
        PauseReason::WalletFrozen => td_string!(locale, add_ons.paused_frozen, date = date),
        PauseReason::WalletInactive => td_string!(locale, add_ons.paused_inactive, date = date),
    }
}

/// What can be done with an add-on: plain forms.
#[component]
fn Switches(
    add_on: String,
    name: String,
    state: AddOnState,
    credits: Credits,
    is_offered: bool,
    key: Uuid,
) -> impl IntoView {
    let i18n = use_i18n();
    let turns_on = state != AddOnState::On && (is_offered || state != AddOnState::Off);
    let turns_off = matches!(state, AddOnState::On | AddOnState::Paused);
    let word = move || match state {
        AddOnState::Paused => t_string!(i18n, add_ons.resume, amount = amount(i18n.get_locale(), credits)),
        AddOnState::Ending => t_string!(i18n, add_ons.keep).to_owned(),
        _ => t_string!(i18n, add_ons.turn_on).to_owned(),
    };
    let (code, of) = (add_on.clone(), name.clone());
    view! {
        <div class="col-span-full sm:col-span-1 flex flex-wrap sm:flex-col sm:items-end gap-2">
            {turns_on
                .then(|| {
                    view! {
                        <form method="post" action=FORM>
                            <input type="hidden" name="idempotency_key" value=key.to_string() />
                            <input type="hidden" name="add_on" value=code />
                            <input type="hidden" name="shown" value=credits.to_string() />
                            <button class="btn btn-plain btn-sm">{word}<span class="sr-only">" "{of}</span></button>
                        </form>
                    }
                })}
            {turns_off
                .then(|| {
                    view! {
                        <form method="post" action=format!("{FORM}/off")>
                            <input type="hidden" name="add_on" value=add_on />
                            <button class="btn btn-plain btn-sm">{t!(i18n, add_ons.turn_off)}<span class="sr-only">" "{name}</span></button>
                        </form>
                    }
                })}
        </div>
    }
}

/// Why an add-on was not switched on, and what to do.
#[component]
fn Refused(outcome: FormOutcome, needed: Credits, available: Credits, tops_up: bool) -> impl IntoView {
    let i18n = use_i18n();
    let code = outcome.notice.clone().unwrap_or_default();
    let is = |field: &str, problem| outcome.error(field).is_some_and(|error| error.problem == problem);
    let (is_dearer, is_gone) = (is("shown", Problem::Outdated), is("add_on", Problem::Unknown));
    let is_repeated = is("add_on", Problem::Outdated);
    let is_short = code == "out_of_credits";
    let words = move || {
        let locale = i18n.get_locale();
        match code.as_str() {
            "out_of_credits" => {
                let (needed, available) = (credits_text(locale, needed), credits_text(locale, available));
                Some(t_string!(i18n, refusal.out_of_credits, needed = needed, available = available))
            }
            "wallet_inactive" => Some(t_string!(i18n, refusal.wallet_inactive).to_owned()),
            "forbidden" => Some(t_string!(i18n, add_ons.frozen).to_owned()),
            _ if is_dearer => Some(t_string!(i18n, add_ons.price_changed).to_owned()),
            _ if is_gone => Some(t_string!(i18n, add_ons.gone).to_owned()),
            _ if is_repeated => Some(t_string!(i18n, add_ons.sent_before).to_owned()),
            _ => None,
        }
    };
    if words().is_none() {
        return view! { <FormErrors outcome=outcome /> }.into_any();
    }
    view! {
        <p class="rounded-box px-4 py-2.5 tag-err" role="alert" data-testid="form-error">
            {words}
            {(is_short && tops_up).then(|| view! { " " {t!(i18n, add_ons.short_auto)} })}
            {is_short
                .then(|| view! { " " <a class="font-semibold underline underline-offset-4" href="/wallet/top-up">{t!(i18n, wallet.top_up)}</a> })}
        </p>
    }
    .into_any()
}

/// An add-on is paused.
#[component]
pub fn PausedBanner(
    /// The add-on.
    add_on: AddOnView,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_short = add_on.pause.is_some_and(|pause| pause.reason == PauseReason::OutOfCredits);
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">{move || t_string!(i18n, add_ons.banner, name = add_on.name.clone())}</strong>
                " "
                {move || if is_short { t_string!(i18n, add_ons.banner_note) } else { t_string!(i18n, add_ons.banner_other_note) }}
            </p>
            <a href="/wallet/plan#add-ons" class="font-semibold underline underline-offset-4">{t!(i18n, add_ons.banner_link)}</a>
        </Banner>
    }
}
