//! Banners over the front page: credits that end soon, an endpoint that takes no messages.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use wallet::insight::Unused;

use crate::components::ui::panel::{Banner, BannerKind};
use crate::data::wallet::WebhookTrouble;
use crate::i18n::*;
use crate::text::amount::{credits_text, unit_text};
use crate::text::date_time::{WhenStyle, date_text, local_text, use_zone};

/// The credits last less than a day.
#[component]
pub fn RunsOutBanner(
    /// Until when.
    at: DateTime<Utc>,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = StoredValue::new(use_zone());
    let when = move || zone.with_value(|zone| local_text(i18n.get_locale(), zone, at, WhenStyle::DateTime));
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="flex-1 min-w-[200px]" data-testid="runs-out-banner">
                <strong class="font-semibold">{t!(i18n, wallet.banner_runs_out)}</strong>
                " "
                {t!(i18n, wallet.runs_out)}
                " "
                {when}
                ". "
                {t!(i18n, wallet.banner_runs_out_note)}
            </p>
            <a href="/wallet/top-up" class="font-semibold underline underline-offset-4">{t!(i18n, wallet.top_up)}</a>
        </Banner>
    }
}

/// Credits expire soon, and will not be needed before.
#[component]
pub fn ExpiringBanner(
    /// How many, and when.
    unused: Unused,
) -> impl IntoView {
    let i18n = use_i18n();
    let day = use_zone().day(unused.at);
    let head = move || {
        let locale = i18n.get_locale();
        let amount = format!("{} {}", credits_text(locale, unused.amount), unit_text(locale, unused.amount));
        t_string!(i18n, wallet.banner_expiring, amount = amount, date = date_text(locale, day))
    };
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">{head}</strong>
                " "
                {t!(i18n, wallet.banner_expiring_note)}
            </p>
        </Banner>
    }
}

/// An endpoint fails, or was switched off.
#[component]
pub fn WebhookBanner(
    /// Which one, and how.
    trouble: WebhookTrouble,
) -> impl IntoView {
    let i18n = use_i18n();
    let WebhookTrouble { url, is_off } = trouble;
    let note = move || match is_off {
        true => t_string!(i18n, wallet.banner_webhook_off, url = url.clone()),
        false => t_string!(i18n, wallet.banner_webhook_note, url = url.clone()),
    };
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="flex-1 min-w-[200px] break-words">
                <strong class="font-semibold">{t!(i18n, wallet.banner_webhook)}</strong>
                " "
                {note}
            </p>
            <a href="/developers/webhooks" class="font-semibold underline underline-offset-4">
                {t!(i18n, wallet.banner_webhook_open)}
            </a>
        </Banner>
    }
}
