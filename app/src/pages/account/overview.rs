//! `/wallet`: is there enough, until when, what just happened.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::insight::Forecast;
use wallet::money::Credits;
use wallet::payment::{PaymentMethod, PaymentView};
use wallet::plan::SubscriptionView;

use crate::components::ledger::alerts::{ExpiringBanner, RunsOutBanner, WebhookBanner};
use crate::components::ledger::runway::Runway;
use crate::components::ledger::spending::SpendingPanel;
use crate::components::payment::auto_top_up::StoppedBanner;
use crate::components::plan::add_ons::PausedBanner;
use crate::components::plan::panel::{PlanPanel, owes};
use crate::components::pricing::change::RiseBanner;
use crate::components::ui::panel::{Banner, BannerKind, Loaded};
use crate::components::ui::shell::{AppShell, Nav};
use crate::data::wallet::{Overview, wallet_overview};
use crate::i18n::*;
use crate::islands::balance_banner::BalanceBanner;
use crate::islands::balance_card::BalanceCard;
use crate::islands::feed::LedgerFeed;
use crate::islands::pack::Pack;
use crate::session::use_session;
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::date_time::{When, WhenStyle, date_text, use_zone};
use crate::text::refusal::FormErrors;

/// The front page of the wallet.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let i18n = use_i18n();
    let overview = Resource::new_blocking(|| (), |()| wallet_overview());
    view! {
        <AppShell active=Nav::Overview title=move || t_string!(i18n, wallet.title)>
            <h1 class="sr-only">{t!(i18n, wallet.heading)}</h1>
            <Loaded data=overview let:overview>
                <OverviewContent overview=overview />
            </Loaded>
        </AppShell>
    }
}

/// The page once its figures are there.
#[component]
fn OverviewContent(overview: Overview) -> impl IntoView {
    let i18n = use_i18n();
    let query = use_query_map();
    let is_sent = query.with_untracked(|map| map.get_str("mail") == Some("sent"));
    let is_verified = query.with_untracked(|map| map.get_str("verified").is_some());
    let has_new_password = query.with_untracked(|map| map.get_str("password") == Some("new"));
    let balance = overview.balance.clone();
    let per_day = match overview.forecast {
        Forecast::Until { per_day, .. } | Forecast::Covered { per_day } => Some(per_day),
        Forecast::NotEnough | Forecast::NotSpent => None,
    };
    view! {
        <FormErrors outcome=overview.outcome.clone() />
        {is_sent.then(|| view! { <Banner kind=BannerKind::Info><p class="flex-1">{t!(i18n, wallet.mail_sent)}</p></Banner> })}
        {is_verified.then(|| view! { <Banner kind=BannerKind::Info><p class="flex-1">{t!(i18n, wallet.verified)}</p></Banner> })}
        {has_new_password
            .then(|| view! { <Banner kind=BannerKind::Info><p class="flex-1">{t!(i18n, wallet.password_new)}</p></Banner> })}
        <Banners overview=overview.clone() />
        <section aria-labelledby="bal" class="panel relative grid lg:grid-cols-[minmax(0,1fr)_6px_minmax(0,400px)]">
            <BalanceCard drawn=balance />
            <div class="perf-y hidden lg:block my-2" aria-hidden="true"></div>
            <hr class="perf-x lg:hidden mx-2" />
            <QuickTopUp packs=overview.packs per_day=per_day />
        </section>
        <div class="grid lg:grid-cols-[minmax(0,1fr)_minmax(0,400px)] gap-5 mt-5">
            <div class="min-w-0">
                <LedgerFeed rows=overview.entries.clone() today=overview.today narrow=false />
                {(overview.entries.len() <= 1)
                    .then(|| view! { <FirstRequest public_url=overview.public_url has_playground=overview.has_playground /> })}
            </div>
            <div class="grid gap-5 content-start">
                <Runway forecast=overview.forecast unused=overview.unused />
                <PlanPanel plan=overview.plan monthly=overview.plan_monthly paid=overview.paid_plan />
                <OpenPayments payments=overview.open_payments />
            </div>
        </div>
        <SpendingPanel spending=overview.spending />
    }
}

/// The card of a plan was declined, or only its owner can pay.
#[component]
fn UnpaidBanner(plan: SubscriptionView) -> impl IntoView {
    let i18n = use_i18n();
    let until = plan.next_try_at.filter(|_| plan.awaits_owner).map(|at| use_zone().day(at));
    let note = move || match until {
        Some(day) => t_string!(i18n, plan.banner_owner_note, date = date_text(i18n.get_locale(), day)),
        None => t_string!(i18n, plan.banner_unpaid_note).to_owned(),
    };
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">{t!(i18n, plan.banner_unpaid, name = move || plan.name.clone())}</strong>
                " "
                {note}
            </p>
            <a href="/wallet/plan" class="font-semibold underline underline-offset-4">{t!(i18n, plan.pay_now)}</a>
        </Banner>
    }
}

/// The card of a plan expires soon, or has expired.
#[component]
fn CardBanner(card: PaymentMethod) -> impl IntoView {
    let i18n = use_i18n();
    let date = card.expires.map(|(year, month)| format!("{month:02}/{year}")).unwrap_or_default();
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">
                    {move || t_string!(i18n, pay.banner_card, card = card.label.clone(), date = date.clone())}
                </strong>
                " "
                {t!(i18n, pay.banner_card_note)}
            </p>
            <a href="/wallet/payment" class="font-semibold underline underline-offset-4">{t!(i18n, plan.add_card)}</a>
        </Banner>
    }
}

/// One banner at a time, worst first: what the balance says as it changes, else what the page knows.
#[component]
fn Banners(overview: Overview) -> impl IntoView {
    let rise = use_session().get_untracked().and_then(Result::ok).and_then(|session| session.rise);
    let has_email = overview.unverified_email.is_some();
    let unpaid = overview.paid_plan.filter(owes);
    let (known, is_urgent) = if let Some(reason) = overview.top_up_stopped {
        (view! { <StoppedBanner reason=reason /> }.into_any(), true)
    } else if let Some(email) = overview.unverified_email {
        (view! { <EmailBanner email=email /> }.into_any(), true)
    } else if let Some(plan) = unpaid {
        (view! { <UnpaidBanner plan=plan /> }.into_any(), true)
    } else if let Some(add_on) = overview.paused_add_on {
        (view! { <PausedBanner add_on=add_on /> }.into_any(), true)
    } else if let Some(card) = overview.expiring_card {
        (view! { <CardBanner card=card /> }.into_any(), true)
    } else if let Some(at) = overview.runs_out_at {
        (view! { <RunsOutBanner at=at /> }.into_any(), true)
    } else if let Some(unused) = overview.expires_soon {
        (view! { <ExpiringBanner unused=unused /> }.into_any(), false)
    } else if let Some(trouble) = overview.webhook_trouble {
        (view! { <WebhookBanner trouble=trouble /> }.into_any(), false)
    } else {
        (rise.map(|rise| view! { <RiseBanner notice=rise /> }).into_any(), false)
    };
    view! {
        <BalanceBanner drawn=overview.balance low_below=overview.low_below has_email=has_email is_urgent=is_urgent>
            {known}
        </BalanceBanner>
    }
}

/// The address is not confirmed.
#[component]
fn EmailBanner(email: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">{t!(i18n, wallet.banner_verify)}</strong>
                " "
                {t!(i18n, wallet.banner_verify_note, email = move || email.clone())}
            </p>
            <form method="post" action="/verify-email/resend">
                <button class="font-semibold underline underline-offset-4 cursor-pointer">{t!(i18n, wallet.banner_resend)}</button>
            </form>
        </Banner>
    }
}

/// Up to three packs; the order is made on the next page.
#[component]
fn QuickTopUp(packs: Vec<Pack>, per_day: Option<Credits>) -> impl IntoView {
    let i18n = use_i18n();
    if packs.is_empty() {
        return view! {
            <div class="p-5 lg:p-6 flex flex-col">
                <h2 class="h2">{t!(i18n, wallet.quick)}</h2>
                <p class="text-sm text-muted mb-3">{t!(i18n, wallet.quick_note)}</p>
                <a href="/wallet/top-up" class="btn btn-primary">{t!(i18n, wallet.quick_own)}</a>
            </div>
        }
        .into_any();
    }
    let middle = packs.len() / 2;
    let options = packs
        .into_iter()
        .enumerate()
        .map(|(index, pack)| {
            let (credits, money) = (pack.credits, pack.money);
            let days = per_day.and_then(|per_day| credits.micros().checked_div(per_day.micros()));
            let lasts = days.filter(|days| *days > 0).map(|days| {
                view! { <span class="block text-xs">{move || t_string!(i18n, wallet.about_days, count = days)}</span> }
            });
            view! {
                <label class="pick flex items-center gap-3 px-3 h-11">
                    <input type="radio" name="package" value=pack.code checked=index == middle />
                    <span class="num font-semibold w-14 text-right">{move || credits_text(i18n.get_locale(), credits)}</span>
                    <span class="text-sm text-muted flex-1 leading-tight">{pack.name}{lasts}</span>
                    <span class="num">{move || money_text(i18n.get_locale(), money)}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <form action="/wallet/top-up" method="get" class="p-5 lg:p-6 flex flex-col">
            <fieldset>
                <legend class="h2">{t!(i18n, wallet.quick)}</legend>
                <p class="text-sm text-muted mb-3">{t!(i18n, wallet.quick_note)}</p>
                <div class="grid gap-2">{options}</div>
            </fieldset>
            <button class="btn btn-primary mt-3">{t!(i18n, wallet.quick_review)}</button>
            <a href="/wallet/top-up" class="link-q text-sm mt-3 self-center">{t!(i18n, wallet.quick_other)}</a>
        </form>
    }
    .into_any()
}

/// Top-ups that the bank has not confirmed yet.
#[component]
fn OpenPayments(payments: Vec<PaymentView>) -> impl IntoView {
    let i18n = use_i18n();
    if payments.is_empty() {
        return ().into_any();
    }
    let rows = payments
        .into_iter()
        .map(|payment| {
            let (credits, money, at) = (payment.credits, payment.money, payment.created_at);
            let words = move || {
                let locale = i18n.get_locale();
                let amount = format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
                format!("{amount}, {}", money_text(locale, money))
            };
            view! {
                <li class="flex items-center gap-3 py-3">
                    <span class="spin size-[18px]" aria-hidden="true"></span>
                    <span class="flex-1">
                        <span class="block num">{words}</span>
                        <span class="text-sm text-muted">
                            {t!(i18n, wallet.waiting_since)}" "<When at=at style=WhenStyle::DateTime />
                        </span>
                    </span>
                    <a class="link-q text-sm" href=format!("/wallet/orders/{}", payment.id)>{t!(i18n, wallet.waiting_details)}</a>
                </li>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="pend" class="panel">
            <h2 id="pend" class="h2 px-5 pt-4">{t!(i18n, wallet.waiting)}</h2>
            <ul class="px-5 pb-2">{rows}</ul>
        </section>
    }
    .into_any()
}

/// What to do first, for a wallet in which nothing has run yet.
#[component]
fn FirstRequest(public_url: String, has_playground: bool) -> impl IntoView {
    let i18n = use_i18n();
    let sample = format!("curl {public_url}/api/v2/balance \\\n  -H \"Authorization: Bearer $SCRIP_KEY\"");
    view! {
        <section aria-labelledby="first" class="panel p-5 mt-5">
            <h2 id="first" class="h2">{t!(i18n, wallet.first)}</h2>
            <p class="text-muted mt-1">{t!(i18n, wallet.first_note)}</p>
            <pre class="code p-3 mt-3 overflow-x-auto" tabindex="0" aria-label=move || t_string!(i18n, wallet.first_sample)>{sample}</pre>
            <div class="flex flex-wrap gap-2 mt-3">
                <a class="btn btn-plain btn-sm" href="/developers/keys">{t!(i18n, wallet.first_key)}</a>
                {has_playground
                    .then(|| view! { <a class="btn btn-plain btn-sm" href="/playground">{t!(i18n, wallet.first_playground)}</a> })}
            </div>
        </section>
    }
}
