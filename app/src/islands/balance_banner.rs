//! What the balance says over the front page, as it changes.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use wallet::ledger::BalanceView;
use wallet::money::Credits;

use crate::i18n::*;
use crate::islands::parts::{Banner, BannerKind};
use crate::live::shown_balance;
use crate::text::amount::{credits_text, unit_text};

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Frozen,
    Inactive,
    Empty,
    Low(Credits),
}

/// Tells the worst of what the balance says; else shows what the page knows itself.
#[island]
pub fn BalanceBanner(
    /// The balance as the page was drawn; the live one follows.
    drawn: BalanceView,
    /// Below this the balance is low.
    low_below: Option<Credits>,
    /// Whether the address waits to be confirmed: then an empty wallet is no news.
    has_email: bool,
    /// Whether what the page knows is worse than a low balance.
    is_urgent: bool,
    /// What the page knows.
    children: Children,
) -> impl IntoView {
    let balance = shown_balance(drawn);
    let news = Memo::new(move |_| balance.with(|balance| news_of(balance, low_below, has_email, is_urgent)));
    view! {
        {move || news.get().map(|news| view! { <Told news=news /> })}
        <div hidden=move || news.read().is_some()>{children()}</div>
    }
}

fn news_of(balance: &BalanceView, low_below: Option<Credits>, has_email: bool, is_urgent: bool) -> Option<News> {
    let is_empty = balance.seq > 0 && !balance.available.is_positive();
    if balance.frozen.is_some() {
        Some(News::Frozen)
    } else if balance.inactive {
        Some(News::Inactive)
    } else if is_empty && !has_email {
        Some(News::Empty)
    } else if is_urgent {
        None
    } else {
        low_below.filter(|low| balance.available < *low).map(News::Low)
    }
}

#[component]
fn Told(news: News) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale();
    let (kind, head, note) = match news {
        News::Frozen => {
            let head = t_string!(i18n, wallet.banner_frozen).to_owned();
            (BannerKind::Error, head, t_string!(i18n, wallet.banner_frozen_note))
        }
        News::Inactive => {
            let head = t_string!(i18n, wallet.banner_inactive).to_owned();
            (BannerKind::Warning, head, t_string!(i18n, wallet.banner_inactive_note))
        }
        News::Empty => {
            let head = t_string!(i18n, wallet.banner_empty).to_owned();
            (BannerKind::Error, head, t_string!(i18n, wallet.banner_empty_note))
        }
        News::Low(low) => {
            let amount = format!("{} {}", credits_text(locale, low), unit_text(locale, low));
            let head = t_string!(i18n, wallet.banner_low, amount = amount);
            (BannerKind::Warning, head, t_string!(i18n, wallet.banner_low_note))
        }
    };
    let action = match news {
        News::Frozen => ().into_any(),
        News::Inactive => view! {
            <form method="post" action="/wallet/confirm-activity">
                <button class="font-semibold underline underline-offset-4 cursor-pointer">
                    {t!(i18n, wallet.banner_inactive_yes)}
                </button>
            </form>
        }
        .into_any(),
        News::Empty | News::Low(_) => {
            view! { <a href="/wallet/top-up" class="font-semibold underline underline-offset-4">{t!(i18n, wallet.top_up)}</a> }
                .into_any()
        }
    };
    view! {
        <Banner kind=kind>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">{head}</strong>
                " "
                {note}
            </p>
            {action}
        </Banner>
    }
}
