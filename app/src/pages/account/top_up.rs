//! `/wallet/top-up`: pick, see what you get and under which rules, pay.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::catalog::Expiry;
use wallet::money::{Credits, Money};

use crate::components::payment::code_form::CodeForm;
use crate::components::payment::currency_links::CurrencyLinks;
use crate::components::payment::method_list::MethodList;
use crate::components::payment::own_amount::{Own, OwnAmount};
use crate::components::payment::pack_picker::PackPicker;
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::top_up::{TopUpOffer, load_top_up_offer};
use crate::i18n::*;
use crate::islands::pack::Pack;
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::payment::with_bonus_text;
use crate::text::refusal::FormErrors;

/// The page of the order form.
#[component]
pub fn TopUpPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let currency = Memo::new(move |_| address.with(|map| map.get_str("currency").unwrap_or_default().to_owned()));
    let is_preview = Memo::new(move |_| address.with(|map| map.get_str("environment") == Some("preview")));
    let offer = Resource::new_blocking(move || (currency.get(), is_preview.get()), load_top_up_offer);
    view! {
        <DataPage
            active=Nav::TopUp
            title=move || t_string!(i18n, top_up.title)
            note=move || t_string!(i18n, top_up.note)
            data=offer
            let:offer
        >
            <OrderForm offer=offer />
        </DataPage>
    }
}

/// The form: packs and method on the left, the order on the right.
#[component]
fn OrderForm(offer: TopUpOffer) -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let outcome = offer.outcome.clone();
    let (code, invites) = (offer.code_outcome.clone(), offer.invites);
    let may_pay = offer.may_pay;
    // What was typed comes back with an answer, and by the address where the page is asked for the total.
    let kept =
        |name: &str| outcome.value(name).or_else(|| address.with_untracked(|map| map.get_str(name).map(str::to_owned)));
    let asked = outcome.value("package").filter(|code| !code.is_empty()).or_else(|| kept("package"));
    let own = kept("amount").unwrap_or_default();
    let refused = outcome.error("amount").cloned();
    let chosen = choose(&offer.packs, asked.as_deref());
    // What was refused is told beside the field.
    let counts = if refused.is_some() { "" } else { own.as_str() };
    let order = offer.free_amount.as_ref().map(|free| Own::of(i18n.get_locale(), free, offer.currency, counts));
    let has_packs = !offer.packs.is_empty();
    let currency = offer.currency;
    let is_preview = offer.is_preview;
    let address: fn(&str) -> String = if is_preview {
        |code| format!("/wallet/top-up?currency={code}&environment=preview")
    } else {
        |code| format!("/wallet/top-up?currency={code}")
    };
    view! {
        <div class="mb-4 empty:hidden">
            <CurrencyLinks
                current=currency
                currencies=offer.currencies.clone()
                address=address
            />
        </div>
        <form
            method="post"
            action="/wallet/top-up"
            class="top-up grid lg:grid-cols-[minmax(0,1fr)_380px] gap-6 items-start"
            data-once
            data-redraw="#own-order, #own-note"
            data-redraw-from="/wallet/top-up"
        >
            <input type="hidden" name="idempotency_key" value=offer.idempotency_key.to_string() />
            <input type="hidden" name="currency" value=currency.code() />
            {offer.is_preview.then(|| view! { <input type="hidden" name="environment" value="preview" /> })}
            <div class="grid gap-7">
                <fieldset>
                    <legend class="h2 mb-2">{t!(i18n, top_up.amount)}</legend>
                    {offer.is_preview.then(|| view! { <p class="mb-3">{t!(i18n, top_up.for_preview)}</p> })}
                    <FormErrors outcome=outcome.clone() shown=&["amount"] />
                    {(!offer.may_pay).then(|| view! { <p class="mb-3 text-rise">{t!(i18n, top_up.no_right)}</p> })}
                    {has_packs.then(|| view! { <PackPicker packs=offer.packs.clone() chosen=chosen /> })}
                    {offer
                        .free_amount
                        .clone()
                        .map(|free| view! { <OwnAmount free=free currency=currency typed=own refused=refused is_alone=!has_packs /> })}
                </fieldset>
                <fieldset>
                    <legend class="h2 mb-2">{t!(i18n, top_up.pay_with)}</legend>
                    <MethodList
                        choice=offer.pay.clone()
                        chosen=kept("method")
                        is_saving=kept("save_method").is_some()
                        offers_saving=true
                    />
                </fieldset>
            </div>
            <Orders offer=offer own=order />
        </form>
        {(may_pay && !is_preview).then(|| view! { <CodeForm outcome=code /> })}
        {(invites && !is_preview).then(|| view! {
            <p class="mt-4"><a class="link-q" href="/wallet/invite">{t!(i18n, invite.link_to)}</a></p>
        })}
    }
}

/// Picks the pack that was asked for, else one in the middle.
fn choose(packs: &[Pack], asked: Option<&str>) -> String {
    let found = asked.and_then(|asked| packs.iter().find(|pack| pack.code == asked));
    let found = found.or_else(|| packs.get(packs.len().saturating_sub(1) / 2));
    found.map(|pack| pack.code.clone()).unwrap_or_default()
}

/// One order for each choice; the style sheet shows the one that is picked.
#[component]
fn Orders(offer: TopUpOffer, own: Option<Own>) -> impl IntoView {
    let i18n = use_i18n();
    let available = offer.balance.available;
    let packs = offer
        .packs
        .iter()
        .map(|pack| {
            let line = t_string!(i18n, top_up.pack_name, name = pack.name.clone());
            let (credits, bonus) = (pack.credits, pack.bonus);
            view! { <div><Order line=line credits=credits bonus=bonus money=pack.money available=available /></div> }
        })
        .collect_view();
    let own =
        own.map(|own| view! { <div id="own-order" class="own-order"><OwnOrder own=own available=available /></div> });
    view! {
        <aside aria-label=move || t_string!(i18n, top_up.order) class="panel lg:sticky lg:top-[4.5rem]">
            <div class="picked">{packs}{own}</div>
            <Rules offer=offer.clone() />
        </aside>
    }
}

/// What is bought, what it costs, and the button that pays it.
#[component]
fn Order(
    /// What it is called.
    line: String,
    /// How much of it.
    credits: Credits,
    /// What comes with it for nothing.
    #[prop(default = Credits::ZERO)]
    bonus: Credits,
    /// What is paid.
    money: Money,
    /// What is available now.
    available: Credits,
) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale();
    let sum = Credits::checked_sum([available, credits, bonus]).unwrap_or(Credits::MAX);
    let (before, sum) = (credits_text(locale, available), credits_text(locale, sum));
    let plus = [credits, bonus].into_iter().filter(|part| part.is_positive());
    let plus = plus.map(|part| credits_text(locale, part)).collect::<Vec<_>>().join(" + ");
    let price = money_text(locale, money);
    view! {
        <div class="p-5">
            <h2 class="h2">{t!(i18n, top_up.order)}</h2>
            <p class="mt-3 flex items-baseline gap-2">
                <span class="fig text-3xl">{with_bonus_text(locale, credits, bonus)}</span>
                <span class="text-lg">{unit_text(locale, credits)}</span>
            </p>
            <p class="text-sm text-muted num mt-1">
                {t_string!(i18n, top_up.after, before = before, plus = plus, sum = sum)}
            </p>
        </div>
        <hr class="perf-x mx-2" />
        <div class="px-5 pt-5">
            <dl>
                <div class="flex gap-3 py-1">
                    <dt class="flex-1">{line}</dt>
                    <dd class="num">{price.clone()}</dd>
                </div>
                <div class="flex gap-3 items-baseline border-t-2 border-base-content mt-2 pt-3">
                    <dt class="flex-1"><strong class="text-lg">{t!(i18n, top_up.total)}</strong></dt>
                    <dd class="num"><output class="fig text-2xl">{price.clone()}</output></dd>
                </div>
            </dl>
            <PayButton words=t_string!(i18n, top_up.pay, price = price) />
        </div>
    }
}

/// The order of an own amount: what it comes to, or what is still to be typed.
#[component]
fn OwnOrder(own: Own, available: Credits) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale();
    let words = match own {
        Own::Priced(credits, money) => {
            let line = format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
            return view! { <Order line=line credits=credits money=money available=available /> }.into_any();
        }
        Own::Empty => t_string!(i18n, top_up.own_order).to_owned(),
        Own::Wrong(words) => words,
    };
    view! {
        <div class="p-5">
            <h2 class="h2 mb-3">{t!(i18n, top_up.order)}</h2>
            <p class="text-muted"><output>{words}</output></p>
            <button class="btn btn-plain w-full mt-4 without-script" formmethod="get" formaction="/wallet/top-up">
                {t!(i18n, top_up.show_total)}
            </button>
            <PayButton words=t_string!(i18n, top_up.pay_own).to_owned() />
        </div>
    }
    .into_any()
}

/// The button that says what it does; it can be pressed once.
#[component]
fn PayButton(words: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <button class="btn btn-primary btn-lg w-full mt-4" data-sending=t_string!(i18n, top_up.paying)>
            {words}
        </button>
    }
}

/// What holds for the purchase, before it is paid.
#[component]
fn Rules(offer: TopUpOffer) -> impl IntoView {
    let i18n = use_i18n();
    let expiry = move || match offer.expiry {
        Expiry::Never => t_string!(i18n, top_up.rule_never).to_owned(),
        Expiry::NeverWhileActive => t_string!(i18n, top_up.rule_active).to_owned(),
        Expiry::PeriodEnd => t_string!(i18n, top_up.rule_period).to_owned(),
        Expiry::Months(months) => t_string!(i18n, top_up.rule_months, count = i64::from(months)),
    };
    let refund = move || match offer.refund {
        Some(policy) => t_string!(
            i18n,
            top_up.rule_refund,
            days = policy.days.to_string(),
            percent = policy.max_used_percent.to_string()
        ),
        None => t_string!(i18n, top_up.rule_refund_by_hand).to_owned(),
    };
    view! {
        <ul class="px-5 pb-5 mt-4 grid gap-2 text-sm text-muted list-disc ml-4">
            <li>{expiry}</li>
            <li>{refund}</li>
            <li>{t!(i18n, top_up.rule_card)}</li>
        </ul>
    }
}
