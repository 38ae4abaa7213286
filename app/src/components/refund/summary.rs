//! What one gets back, worked out in full, and what becomes of the wallet.

use leptos::prelude::*;
use wallet::money::{Credits, Money};
use wallet::refund::{Assessment, Offer};

use crate::components::ui::icon::{Icon, icon};
use crate::i18n::*;
use crate::islands::parts::Line;
use crate::text::amount::money_text;
use crate::text::refund::{amount_text, change_text};

/// How the money is worked out: what was paid, what of it is used, the tax in it, the rest.
#[component]
pub fn MoneyLines(
    /// The purchase.
    assessed: Assessment,
    /// What goes back.
    offer: Offer,
) -> impl IntoView {
    let i18n = use_i18n();
    let purchase = assessed.purchase;
    let of = move |minor: i64| Money::from_minor(minor, offer.money.currency());
    let used = purchase.granted.checked_sub(purchase.unused).and_then(|used| used.checked_sub(purchase.taken_back));
    let used = used.filter(|used| used.is_positive()).unwrap_or_default();
    let earlier = purchase.refunded_minor;
    let kept = purchase.total.minor().saturating_sub(earlier).saturating_sub(offer.money.minor()).max(0);
    let (title, granted, total) = (purchase.title, purchase.granted, purchase.total);
    let minus = move |minor: i64| {
        let text = money_text(i18n.get_locale(), of(minor));
        if minor > 0 { format!("−{text}") } else { text }
    };
    view! {
        <dl>
            <Line
                name=Signal::derive(move || format!("{title}, {}", amount_text(i18n.get_locale(), granted)))
                figure=Signal::derive(move || money_text(i18n.get_locale(), total))
            />
            {(earlier > 0)
                .then(|| {
                    view! {
                        <Line
                            is_quiet=true
                            name=Signal::derive(move || t_string!(i18n, refund.line_earlier).to_owned())
                            figure=Signal::derive(move || minus(earlier))
                        />
                    }
                })}
            <Line
                is_quiet=true
                name=Signal::derive(move || t_string!(i18n, refund.line_used, amount = amount_text(i18n.get_locale(), used)))
                figure=Signal::derive(move || minus(kept))
            />
            <div class="flex gap-3 py-1 border-t-2 border-base-content mt-2 pt-3 items-baseline">
                <dt class="flex-1"><strong class="text-lg">{t!(i18n, refund.total)}</strong></dt>
                <dd class="num whitespace-nowrap"><span class="fig text-2xl">{move || money_text(i18n.get_locale(), offer.money)}</span></dd>
            </div>
            {(offer.tax_minor > 0)
                .then(|| {
                    view! {
                        <Line
                            is_quiet=true
                            name=Signal::derive(move || t_string!(i18n, refund.line_tax).to_owned())
                            figure=Signal::derive(move || money_text(i18n.get_locale(), of(offer.tax_minor)))
                        />
                    }
                })}
        </dl>
    }
}

/// What becomes of the wallet: the change, and what is available before and after.
#[component]
pub fn WalletLines(
    /// What is taken, or with a plus given.
    change: Credits,
    /// What is available now.
    available: Credits,
) -> impl IntoView {
    let i18n = use_i18n();
    let after = available.checked_add(change).unwrap_or(available);
    let is_taken = change.is_negative();
    let name = move || {
        if is_taken { t_string!(i18n, refund.taken_back).to_owned() } else { t_string!(i18n, refund.added).to_owned() }
    };
    view! {
        <h3 class="text-sm text-muted">{t!(i18n, refund.after)}</h3>
        <dl class="mt-1">
            <Line
                name=Signal::derive(name)
                figure=Signal::derive(move || crate::text::amount::signed_text(i18n.get_locale(), change))
            />
            <Line
                name=Signal::derive(move || t_string!(i18n, refund.available).to_owned())
                figure=Signal::derive(move || change_text(i18n.get_locale(), available, after))
            />
        </dl>
    }
}

/// The button that says what is asked for; it can be pressed once.
#[component]
pub fn SendButton(
    /// What is asked for, in figures.
    #[prop(into)]
    amount: Signal<String>,
    /// The working days until staff reply.
    reply_days: u8,
    /// Whether it is about money: what was not asked for can still be used.
    is_money: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let words = t_string!(i18n, refund.send_money, amount = amount.get());
    view! {
        <button class="btn btn-primary btn-lg w-full mt-4 h-auto min-h-11 py-2" data-sending=t_string!(i18n, refund.sending)>
            {words}
        </button>
        <ul class="mt-4 grid gap-2 text-sm text-muted">
            <Note mark=Icon::Clock>{move || t_string!(i18n, refund.reply, count = i64::from(reply_days))}</Note>
            {is_money.then(|| view! { <Note mark=Icon::Wallet>{t!(i18n, refund.keep_using)}</Note> })}
        </ul>
    }
}

/// One of the notes below.
#[component]
pub fn Note(
    /// Its icon.
    mark: Icon,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <li class="flex gap-2">
            <span class="mt-[3px]">{icon(mark, 14)}</span>
            <span>{children()}</span>
        </li>
    }
}

/// What one gets back for each purchase of the form; the style sheet shows the one that is chosen.
#[component]
pub fn PurchaseOffers(
    /// The purchases, in the sequence of the form.
    offered: Vec<(Assessment, Offer)>,
    /// What is available now.
    available: Credits,
    /// The working days until staff reply.
    reply_days: u8,
) -> impl IntoView {
    let i18n = use_i18n();
    let offers = offered
        .into_iter()
        .map(|(assessed, offer)| {
            let method = assessed.purchase.method.clone();
            let to = move || match method.clone() {
                Some(method) => t_string!(i18n, refund.to_method, method = method),
                None => t_string!(i18n, refund.to_same).to_owned(),
            };
            let taken = offer.credits.checked_neg().unwrap_or_default();
            let money = move || money_text(i18n.get_locale(), offer.money);
            view! {
                <div>
                    <div class="p-5">
                        <h2 class="h2">{t!(i18n, refund.you_get)}</h2>
                        <p class="mt-3 fig text-3xl">{money}</p>
                        <p class="text-sm text-muted num mt-1">{to}</p>
                    </div>
                    <hr class="perf-x mx-2" />
                    <div class="p-5">
                        <MoneyLines assessed=assessed offer=offer />
                        <div class="mt-4 pt-4 border-t border-line"><WalletLines change=taken available=available /></div>
                        <SendButton amount=Signal::derive(money) reply_days=reply_days is_money=true />
                    </div>
                </div>
            }
        })
        .collect_view();
    view! {
        <aside aria-label=move || t_string!(i18n, refund.you_get) class="panel lg:sticky lg:top-[4.5rem]">
            <div class="picked">{offers}</div>
        </aside>
    }
}
