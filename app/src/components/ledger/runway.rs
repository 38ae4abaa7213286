//! When the wallet runs out, or why that can't be said; what will expire before that leads.

use leptos::prelude::*;
use wallet::insight::{Forecast, Unused};

use crate::i18n::*;
use crate::text::amount::{credits_text, unit_text};
use crate::text::date_time::{WhenStyle, Zone, date_text, local_text, use_zone};

/// The panel of the forecast.
#[component]
pub fn Runway(
    /// When the wallet runs out.
    forecast: Forecast,
    /// What will expire unused.
    unused: Option<Unused>,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = StoredValue::new(use_zone());
    let when = move || zone.with_value(|zone| heading(i18n.get_locale(), zone, forecast));
    let note = move || zone.with_value(|zone| note(i18n.get_locale(), zone, forecast));
    let is_known = matches!(forecast, Forecast::Until { .. });
    let title = move || if is_known { t_string!(i18n, wallet.runs_out) } else { t_string!(i18n, wallet.forecast) };
    let lead = move || if is_known { format!("{} ", t_string!(i18n, wallet.runs_out)) } else { String::new() };
    let loss = unused.map(|unused| {
        move || {
            let locale = i18n.get_locale();
            let amount = format!("{} {}", credits_text(locale, unused.amount), unit_text(locale, unused.amount));
            let date = zone.with_value(|zone| date_text(locale, zone.day(unused.at)));
            t_string!(i18n, wallet.expires_unused, amount = amount, date = date)
        }
    });
    view! {
        <section aria-labelledby="run" class="panel p-5">
            {match loss {
                Some(loss) => view! {
                    <h2 id="run" class="text-muted">{t!(i18n, wallet.unused)}</h2>
                    <p class="fig text-xl mt-0.5" data-testid="unused">{loss}</p>
                    <p class="text-sm text-muted mt-1">{lead}{when}". "{note}</p>
                }
                .into_any(),
                None => view! {
                    <h2 id="run" class="text-muted">{title}</h2>
                    <p class="fig text-xl mt-0.5" data-testid="runs-out">{when}</p>
                    <p class="text-sm text-muted mt-1">{note}</p>
                }
                .into_any(),
            }}
        </section>
    }
}

/// The day and hour, or that it can't be said.
fn heading(locale: Locale, zone: &Zone, forecast: Forecast) -> String {
    match forecast {
        Forecast::NotEnough => td_string!(locale, wallet.no_forecast).to_owned(),
        Forecast::NotSpent => td_string!(locale, wallet.not_spent).to_owned(),
        Forecast::Covered { .. } => td_string!(locale, wallet.covered).to_owned(),
        Forecast::Until { at, .. } => local_text(locale, zone, at, WhenStyle::DateTime),
    }
}

/// The likely range and the pace, or why there is none.
fn note(locale: Locale, zone: &Zone, forecast: Forecast) -> String {
    match forecast {
        Forecast::NotEnough => td_string!(locale, wallet.no_forecast_note).to_owned(),
        Forecast::NotSpent => td_string!(locale, wallet.not_spent_note).to_owned(),
        Forecast::Covered { per_day } => {
            let pace = td_string!(locale, wallet.pace, amount = credits_text(locale, per_day));
            format!("{} {pace}", td_string!(locale, wallet.covered_note))
        }
        Forecast::Until { from, to, per_day, .. } => {
            let from = local_text(locale, zone, from, WhenStyle::DateTime);
            let range = match to {
                Some(to) => {
                    let to = local_text(locale, zone, to, WhenStyle::DateTime);
                    td_string!(locale, wallet.likely_between, from = from, to = to)
                }
                None => td_string!(locale, wallet.likely_after, from = from),
            };
            let pace = td_string!(locale, wallet.pace, amount = credits_text(locale, per_day));
            format!("{range} {pace}")
        }
    }
}
