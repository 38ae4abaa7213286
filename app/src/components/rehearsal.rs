//! What a draft would have done to the charges of the last days.

use leptos::prelude::*;
use wallet::tariff::{AccountImpact, Rehearsal};

use crate::components::amount::{credits_text, signed_text};
use crate::components::when::date_text;
use crate::i18n::*;

/// The rehearsal of a draft: its figures, whether they still match the draft, and the button that runs it.
#[component]
pub fn RehearsalPanel(
    /// The draft.
    version: i32,
    /// The draft's revision now.
    revision: i64,
    /// How many days are rated again.
    days: u16,
    /// What the last run found.
    found: Option<Rehearsal>,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_current = found.as_ref().is_some_and(|found| found.revision == revision);
    let is_run = found.is_some();
    let days = i64::from(days);
    view! {
        <section aria-labelledby="reh" class="panel p-5">
            <div class="flex items-center gap-2">
                <h2 id="reh" class="h2 flex-1">{t!(i18n, rehearsal.title)}</h2>
                {is_run
                    .then(|| {
                        if is_current {
                            view! { <span class="tag tag-ok">{t!(i18n, rehearsal.matches)}</span> }.into_any()
                        } else {
                            view! { <span class="tag tag-warn">{t!(i18n, rehearsal.stale)}</span> }.into_any()
                        }
                    })}
            </div>
            {match found {
                Some(found) => view! { <Figures found=found /> }.into_any(),
                None => {
                    view! {
                        <p class="text-sm text-muted mt-1">{move || t_string!(i18n, rehearsal.needed, days = days)}</p>
                    }
                        .into_any()
                }
            }}
            <form method="post" action=format!("/admin/tariffs/{version}/rehearse") class="mt-4">
                <button class="btn btn-plain w-full">
                    {move || if is_run { t_string!(i18n, rehearsal.again) } else { t_string!(i18n, rehearsal.run) }}
                </button>
            </form>
        </section>
    }
}

/// The figures of one run.
#[component]
fn Figures(found: Rehearsal) -> impl IntoView {
    let i18n = use_i18n();
    let (from, to) = (found.from.date_naive(), found.to.date_naive());
    let (charges, accounts) = (found.charges, found.accounts);
    let (before, after) = (found.before, found.after);
    let (less, same, more) = (found.less, found.same, found.more);
    let failing = found.failing.clone();
    let is_empty = found.charges == 0 && failing.is_empty();
    view! {
        <p class="text-sm text-muted mt-1 num">
            {move || {
                let locale = i18n.get_locale();
                let (from, to) = (date_text(locale, from), date_text(locale, to));
                t_string!(i18n, rehearsal.span, from = from, to = to, charges = charges, accounts = accounts)
            }}
        </p>
        {if is_empty {
            view! { <p class="mt-3">{t!(i18n, rehearsal.none)}</p> }.into_any()
        } else {
            view! {
                <dl class="grid grid-cols-2 gap-4 mt-4">
                    <div>
                        <dt class="text-sm text-muted">{t!(i18n, rehearsal.spent)}</dt>
                        <dd class="fig text-2xl mt-0.5 num">
                            {move || {
                                let change = after.checked_sub(before).unwrap_or_default();
                                signed_text(i18n.get_locale(), change)
                            }}
                        </dd>
                        <dd class="text-sm text-muted num">
                            {move || {
                                let locale = i18n.get_locale();
                                format!("{} → {}", credits_text(locale, before), credits_text(locale, after))
                            }}
                        </dd>
                    </div>
                    <div>
                        <dt class="text-sm text-muted">{t!(i18n, rehearsal.customers)}</dt>
                        <dd class="num mt-0.5">
                            {move || t_string!(i18n, rehearsal.customers_text, less = less, same = same, more = more)}
                        </dd>
                    </div>
                </dl>
                <div class="grid sm:grid-cols-2 gap-5 mt-4">
                    <Impacts accounts=found.winners.clone() is_rise=false />
                    <Impacts accounts=found.losers.clone() is_rise=true />
                </div>
            }
                .into_any()
        }}
        {(!failing.is_empty())
            .then(|| {
                view! {
                    <p class="mt-4 text-error">{t!(i18n, rehearsal.failing)}</p>
                    <ul class="mt-1 list-disc pl-5">
                        {failing
                            .into_iter()
                            .map(|failing| {
                                let (operation, charges) = (failing.operation, failing.charges);
                                view! {
                                    <li>
                                        {move || {
                                            t_string!(
                                                i18n,
                                                rehearsal.failing_row,
                                                operation = operation.clone(),
                                                charges = charges
                                            )
                                        }}
                                    </li>
                                }
                            })
                            .collect_view()}
                    </ul>
                }
            })}
        <p class="text-sm text-muted mt-4">{t!(i18n, rehearsal.limits)}</p>
    }
}

/// The accounts that a change touches most.
#[component]
fn Impacts(accounts: Vec<AccountImpact>, is_rise: bool) -> impl IntoView {
    let i18n = use_i18n();
    if accounts.is_empty() {
        return ().into_any();
    }
    let tone = if is_rise { "num font-medium text-rise" } else { "num font-medium text-primary" };
    view! {
        <div>
            <h3 class="text-sm text-muted">
                {move || if is_rise { t_string!(i18n, rehearsal.losers) } else { t_string!(i18n, rehearsal.winners) }}
            </h3>
            <ul class="mt-1">
                {accounts
                    .into_iter()
                    .take(3)
                    .map(|account| {
                        let change = account.after.checked_sub(account.before).unwrap_or_default();
                        view! {
                            <li class="flex gap-2 py-1 border-b border-line last:border-0">
                                <span class="flex-1 truncate">{account.name}</span>
                                <span class=tone>{move || signed_text(i18n.get_locale(), change)}</span>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </div>
    }
    .into_any()
}
