//! Auto top-up: how it stands, the form that asks for consent, and what was charged.

use leptos::html::Input;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use uuid::Uuid;
use wallet::payment::{
    AutoTopUpBuys, AutoTopUpCharge, AutoTopUpState, AutoTopUpView, CardTerm, PaymentMethod, PaymentStatus, Suspension,
};

use crate::components::payment::order_steps::failure_text;
use crate::components::ui::panel::{Banner, BannerKind};
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::server_fns::payment_methods::AutoTopUpOffer;
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::auto_top_up::{TypedTerms, suspension_text};
use crate::text::date_time::{When, WhenStyle, date_text, use_zone};
use crate::text::refusal::field_error_text;

/// Where the form is posted to.
const FORM: &str = "/wallet/payment/auto-top-up";

/// Auto top-up on the page of payment methods.
#[component]
pub fn AutoTopUpPanel(
    /// What the form offers.
    offer: AutoTopUpOffer,
    /// The saved cards.
    methods: Vec<PaymentMethod>,
    /// Whether this person may pay for the account.
    may_pay: bool,
    /// What became of a form of the page.
    outcome: FormOutcome,
    /// Makes a second submit show the same order.
    idempotency_key: Uuid,
    /// When it was read.
    now: chrono::DateTime<chrono::Utc>,
) -> impl IntoView {
    let i18n = use_i18n();
    let view = offer.view.clone();
    let usable: Vec<PaymentMethod> = methods.into_iter().filter(|card| card.term(now) != CardTerm::Expired).collect();
    let outcome = if outcome.path == FORM { outcome } else { FormOutcome::default() };
    let form = match (may_pay, usable.is_empty()) {
        (false, _) => ().into_any(),
        (true, true) => view! { <p class="px-5 pb-5 max-w-[60ch]">{t!(i18n, auto.needs_card)}</p> }.into_any(),
        (true, false) => view! { <TermsForm offer=offer cards=usable outcome=outcome /> }.into_any(),
    };
    view! {
        <section id="auto-top-up" class="panel scroll-mt-20" aria-labelledby="auto-title">
            <Head view=view.clone() may_pay=may_pay />
            <Standing view=view may_pay=may_pay idempotency_key=idempotency_key />
            {form}
        </section>
    }
}

/// The title, how it stands in a word, and the switch.
#[component]
fn Head(view: AutoTopUpView, may_pay: bool) -> impl IntoView {
    let i18n = use_i18n();
    let (state, is_on) = (view.state, view.is_on());
    let words = move || match state {
        AutoTopUpState::NotOffered | AutoTopUpState::Off => t_string!(i18n, auto.off),
        AutoTopUpState::NeedsConsent => t_string!(i18n, auto.needs_consent),
        AutoTopUpState::On => t_string!(i18n, auto.on),
        AutoTopUpState::Pending => t_string!(i18n, auto.pending),
        AutoTopUpState::Suspended => t_string!(i18n, auto.stopped),
    };
    let class = match state {
        AutoTopUpState::On => "tag tag-ok",
        AutoTopUpState::Suspended => "tag tag-err",
        AutoTopUpState::NeedsConsent | AutoTopUpState::Pending => "tag tag-warn",
        AutoTopUpState::NotOffered | AutoTopUpState::Off => "tag",
    };
    view! {
        <div class="flex flex-wrap items-center gap-3 p-5 pb-0">
            <h2 id="auto-title" class="h2">{t!(i18n, auto.title)}</h2>
            <span class=class data-testid="auto-state">{words}</span>
            <span class="flex-1"></span>
            {(is_on && may_pay)
                .then(|| {
                    view! {
                        <form method="post" action="/wallet/payment/auto-top-up/off">
                            <button class="btn btn-plain btn-sm">{t!(i18n, auto.switch_off)}</button>
                        </form>
                    }
                })}
        </div>
    }
}

/// What is to be known before the form: what it does, what is on its way, and why it has stopped.
#[component]
fn Standing(view: AutoTopUpView, may_pay: bool, idempotency_key: Uuid) -> impl IntoView {
    let i18n = use_i18n();
    let asks_owner = view.reason == Some(Suspension::AsksOwner) && view.state == AutoTopUpState::Suspended;
    let until = view.until;
    let stopped = view.reason.filter(|_| view.state == AutoTopUpState::Suspended).map(|reason| {
        let goes_on = until.map(|until| use_zone().day(until));
        view! {
            <div class="tag-err rounded-box px-4 py-3 mt-3" role="status" data-testid="auto-stopped">
                <p>
                    {move || suspension_text(i18n.get_locale(), reason)}
                    {goes_on
                        .map(|day| {
                            view! { " " {move || t_string!(i18n, auto.goes_on, date = date_text(i18n.get_locale(), day))} }
                        })}
                </p>
                {(asks_owner && may_pay)
                    .then(|| {
                        view! {
                            <form method="post" action="/wallet/payment/auto-top-up/pay" class="mt-2">
                                <input type="hidden" name="idempotency_key" value=idempotency_key.to_string() />
                                <button class="btn btn-primary btn-sm">{t!(i18n, auto.confirm_payment)}</button>
                            </form>
                        }
                    })}
            </div>
        }
    });
    let pending = view.pending.map(|charge| {
        let (credits, money, id) = (charge.credits, charge.money, charge.payment);
        let words = move || {
            let locale = i18n.get_locale();
            let credits = format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
            t_string!(i18n, auto.charging, credits = credits, money = money_text(locale, money))
        };
        view! {
            <p class="mt-3" role="status" data-testid="auto-pending">
                <span class="num">{words}</span>
                " "
                <a class="link-q" href=format!("/wallet/orders/{id}")>{t!(i18n, wallet.waiting_details)}</a>
            </p>
        }
    });
    view! {
        <div class="px-5 pt-2">
            <p class="text-muted max-w-[60ch]">{t!(i18n, auto.note)}</p>
            {pending}
            {stopped}
        </div>
    }
}

/// The fields as signals: the text of the consent names what is typed.
#[derive(Clone, Copy)]
struct Typed {
    currency: StoredValue<String>,
    threshold: RwSignal<String>,
    buys: RwSignal<String>,
    package: RwSignal<String>,
    amount: RwSignal<String>,
    fill_to: RwSignal<String>,
    daily: RwSignal<String>,
    monthly: RwSignal<String>,
    card: RwSignal<String>,
}

impl Typed {
    /// Takes what was typed before, else what was agreed to last, else what the catalog proposes.
    fn of(offer: &AutoTopUpOffer, cards: &[PaymentMethod], outcome: &FormOutcome, asked: Option<String>) -> Self {
        let currency = offer.currency;
        let last = offer.view.terms.as_ref().filter(|terms| terms.most.currency() == currency);
        let first = |name: &str, own: Option<String>, proposed: Option<String>| {
            let typed = if outcome.values.is_empty() { None } else { Some(outcome.value(name).unwrap_or_default()) };
            RwSignal::new(typed.or(own).or(proposed).unwrap_or_default())
        };
        let plain = |money: wallet::money::Money| {
            let text = money.to_string();
            text.split(' ').next().unwrap_or_default().to_owned()
        };
        let none = || last.map(|_| String::new());
        let (package, amount, fill_to) = match last.map(|terms| &terms.buys) {
            Some(AutoTopUpBuys::Package { package }) => (Some(package.clone()), None, None),
            Some(AutoTopUpBuys::Amount { money }) => (None, Some(plain(*money)), None),
            Some(AutoTopUpBuys::FillTo { credits }) => (None, None, Some(credits.to_field())),
            None => (None, None, None),
        };
        let threshold = last.map(|terms| terms.threshold.map(|threshold| threshold.to_field()).unwrap_or_default());
        let daily = last.map(|terms| if terms.daily == terms.monthly { String::new() } else { plain(terms.daily) });
        let proposed = if offer.free_amount.is_some() { "amount" } else { "package" };
        let own_card = last.map(|terms| terms.method).filter(|own| cards.iter().any(|card| card.id == *own));
        let asked = asked.filter(|asked| cards.iter().any(|card| card.id.to_string() == *asked));
        let first_card = cards.first().map(|card| card.id.to_string());
        Self {
            currency: StoredValue::new(currency.code().to_owned()),
            threshold: first("threshold", threshold, offer.threshold.map(|threshold| threshold.to_field())),
            buys: first("buys", last.map(|terms| terms.buys.code().to_owned()), Some(proposed.to_owned())),
            package: first("package", package, offer.packs.first().map(|pack| pack.code.clone())),
            amount: first("amount", amount.or_else(|| fill_to.as_ref().and_then(|_| none())), offer.amount.map(plain)),
            fill_to: first("fill_to", fill_to, None),
            daily: first("daily", daily, None),
            monthly: first("monthly", last.map(|terms| plain(terms.monthly)), offer.monthly.map(plain)),
            card: first("method", asked.or_else(|| own_card.map(|card| card.to_string())), first_card),
        }
    }

    fn terms(self) -> TypedTerms {
        TypedTerms {
            currency: self.currency.get_value(),
            threshold: self.threshold.get(),
            buys: self.buys.get(),
            package: self.package.get(),
            amount: self.amount.get(),
            fill_to: self.fill_to.get(),
            daily: self.daily.get(),
            monthly: self.monthly.get(),
            card: self.card.get(),
        }
    }
}

/// The form: when, what, at most how much, with which card; and the consent to all of it.
#[component]
fn TermsForm(offer: AutoTopUpOffer, cards: Vec<PaymentMethod>, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let asked = use_query_map().with_untracked(|map| map.get_str("card").map(str::to_owned));
    let typed = Typed::of(&offer, &cards, &outcome, asked);
    let product = StoredValue::new(offer.product.clone());
    let names: Vec<(String, String)> = cards.iter().map(|card| (card.id.to_string(), card.label.clone())).collect();
    let names = StoredValue::new(names);
    let packs: Vec<(String, String)> = offer.packs.iter().map(|pack| (pack.code.clone(), pack.name.clone())).collect();
    let packs = StoredValue::new(packs);
    let name_of = |of: StoredValue<Vec<(String, String)>>, key: String| {
        of.with_value(|of| of.iter().find(|(known, _)| *known == key).map(|(_, name)| name.clone())).unwrap_or_default()
    };
    let consent = move || {
        let (card, package) = (name_of(names, typed.card.get()), name_of(packs, typed.package.get()));
        product.with_value(|product| typed.terms().consent(i18n.get_locale(), product, &card, &package))
    };
    let spent = offer.view.spent_this_month.filter(|spent| spent.currency() == offer.currency);
    let spent_text = Signal::derive(move || match spent {
        Some(spent) if spent.minor() > 0 => {
            t_string!(i18n, auto.spent, money = money_text(i18n.get_locale(), spent))
        }
        _ => t_string!(i18n, auto.spent_nothing).to_owned(),
    });
    let code = offer.currency.code();
    let monthly_label = Signal::derive(move || t_string!(i18n, auto.monthly, currency = code));
    let daily_label = Signal::derive(move || t_string!(i18n, auto.daily, currency = code));
    let currencies = offer.currencies.clone();
    let refused = StoredValue::new(outcome.error("consent").cloned());
    let is_refused = refused.with_value(Option::is_some);
    view! {
        <form method="post" action=FORM aria-labelledby="auto-title" data-testid="auto-form">
            <input type="hidden" name="currency" value=code />
            <input type="hidden" name="shown" value=move || typed.terms().shown() />
            <div class="p-5 grid gap-4">
                <Currencies current=offer.currency currencies=currencies />
                <div class="grid sm:grid-cols-2 gap-4 items-start">
                    <TermField
                        name="threshold"
                        label=Signal::derive(move || t_string!(i18n, auto.threshold).to_owned())
                        hint=Signal::derive(move || t_string!(i18n, auto.threshold_note).to_owned())
                        value=typed.threshold
                        outcome=outcome.clone()
                    />
                    <CardSelect cards=cards value=typed.card outcome=outcome.clone() />
                    <Buys offer=offer typed=typed outcome=outcome.clone() />
                    <div class="grid gap-4">
                        <TermField name="monthly" label=monthly_label hint=spent_text value=typed.monthly outcome=outcome.clone() />
                        <TermField
                            name="daily"
                            label=daily_label
                            hint=Signal::derive(move || t_string!(i18n, auto.daily_note).to_owned())
                            value=typed.daily
                            outcome=outcome
                        />
                    </div>
                </div>
            </div>
            <hr class="perf-x mx-2" />
            <div class="p-5">
                <label class="flex gap-3 items-start cursor-pointer">
                    <input
                        type="checkbox"
                        name="consent"
                        value="yes"
                        class="checkbox checkbox-sm mt-0.5 border-control rounded-selector"
                        aria-invalid=is_refused.then_some("true")
                        aria-describedby="consent-note"
                    />
                    <span class="num" data-testid="auto-consent">{consent}</span>
                </label>
                <p id="consent-note" class="text-sm text-error mt-1">
                    {move || refused.with_value(|error| error.as_ref().map(|error| field_error_text(i18n.get_locale(), error)))}
                </p>
                <button class="btn btn-primary mt-4">{t!(i18n, auto.save)}</button>
                <p class="text-sm text-muted mt-3 max-w-[64ch]">{t!(i18n, auto.rules)}</p>
            </div>
        </form>
    }
}

/// Another currency is another form: prices are the catalog's.
#[component]
fn Currencies(current: wallet::money::Currency, currencies: Vec<wallet::money::Currency>) -> impl IntoView {
    let i18n = use_i18n();
    if currencies.len() < 2 {
        return ().into_any();
    }
    let links = currencies
        .into_iter()
        .map(|known| {
            let href = format!("/wallet/payment?currency={}#auto-top-up", known.code());
            view! { <a href=href aria-current=(known == current).then_some("true")>{known.code()}</a> }
        })
        .collect_view();
    view! { <nav class="seg justify-self-start" aria-label=move || t_string!(i18n, top_up.currency)>{links}</nav> }
        .into_any()
}

/// Follows what is typed into a field, also what was typed before scripts were there: the consent names it.
fn typed_into(value: RwSignal<String>) -> NodeRef<Input> {
    let field = NodeRef::<Input>::new();
    #[cfg(feature = "hydrate")]
    field.on_load(move |input| value.set(input.value()));
    #[cfg(not(feature = "hydrate"))]
    let _ = value;
    field
}

/// A text field whose value the consent names.
#[component]
fn TermField(
    name: &'static str,
    label: Signal<String>,
    hint: Signal<String>,
    value: RwSignal<String>,
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let error = outcome.error(name).cloned();
    let is_wrong = error.is_some();
    let (id, note) = (format!("auto-{name}"), format!("auto-{name}-note"));
    view! {
        <div>
            <label class="block text-sm font-medium mb-1" for=id.clone()>{move || label.get()}</label>
            <input
                id=id
                name=name
                class=if is_wrong { "field num !border-error" } else { "field num" }
                inputmode="decimal"
                autocomplete="off"
                node_ref=typed_into(value)
                value=value.get_untracked()
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=note.clone()
            />
            <span id=note class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }>
                {move || match &error {
                    Some(error) => field_error_text(i18n.get_locale(), error),
                    None => hint.get(),
                }}
            </span>
        </div>
    }
}

/// What each charge buys.
#[component]
fn Buys(offer: AutoTopUpOffer, typed: Typed, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let has_packs = !offer.packs.is_empty();
    let has_free = offer.free_amount.is_some();
    let code = offer.currency.code();
    let packs = offer
        .packs
        .into_iter()
        .map(|pack| {
            let is_chosen = typed.package.get_untracked() == pack.code;
            let (name, credits, money) = (pack.name, pack.credits, pack.money);
            let words = move || {
                let locale = i18n.get_locale();
                let amount = format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
                format!("{name}: {amount}, {}", money_text(locale, money))
            };
            view! { <option value=pack.code selected=is_chosen>{words}</option> }
        })
        .collect_view();
    let errors: Vec<_> = ["buys", "package", "amount", "fill_to"]
        .into_iter()
        .filter_map(|field| outcome.error(field).cloned())
        .collect();
    let wrong = StoredValue::new(errors);
    let is_wrong = wrong.with_value(|errors| !errors.is_empty());
    let radio = move |value: &'static str| {
        let is_chosen = typed.buys.get_untracked() == value;
        view! {
            <input
                type="radio"
                name="buys"
                value=value
                checked=is_chosen
                class="radio radio-sm border-control"
                on:change=move |_| typed.buys.set(value.to_owned())
                aria-label=move || match value {
                    "package" => t_string!(i18n, auto.buys_package).to_owned(),
                    "amount" => t_string!(i18n, auto.buys_amount, currency = code),
                    _ => t_string!(i18n, auto.buys_fill).to_owned(),
                }
            />
        }
    };
    view! {
        <fieldset aria-describedby="auto-buys-note">
            <legend class="block text-sm font-medium mb-1">{t!(i18n, auto.buys)}</legend>
            <div class="grid gap-2">
                {has_packs
                    .then(|| {
                        view! {
                            <div class="flex items-center gap-2">
                                {has_free.then(|| radio("package"))}
                                {(!has_free).then(|| view! { <input type="hidden" name="buys" value="package" /> })}
                                <select
                                    name="package"
                                    class="field flex-1"
                                    aria-label=move || t_string!(i18n, auto.buys_package)
                                    on:change=move |event| typed.package.set(event_target_value(&event))
                                >
                                    {packs}
                                </select>
                            </div>
                        }
                    })}
                {has_free
                    .then(|| {
                        view! {
                            <div class="flex items-center gap-2">
                                {radio("amount")}
                                <span class="text-sm flex-1">{move || t_string!(i18n, auto.buys_amount, currency = code)}</span>
                                <input
                                    name="amount"
                                    class="field num !w-28"
                                    inputmode="decimal"
                                    autocomplete="off"
                                    node_ref=typed_into(typed.amount)
                                    value=typed.amount.get_untracked()
                                    aria-label=move || t_string!(i18n, auto.buys_amount, currency = code)
                                    on:input=move |event| typed.amount.set(event_target_value(&event))
                                />
                            </div>
                            <div class="flex items-center gap-2">
                                {radio("fill_to")}
                                <span class="text-sm flex-1">{t!(i18n, auto.buys_fill)}</span>
                                <input
                                    name="fill_to"
                                    class="field num !w-28"
                                    inputmode="decimal"
                                    autocomplete="off"
                                    node_ref=typed_into(typed.fill_to)
                                    value=typed.fill_to.get_untracked()
                                    aria-label=move || t_string!(i18n, auto.buys_fill)
                                    on:input=move |event| typed.fill_to.set(event_target_value(&event))
                                />
                            </div>
                        }
                    })}
            </div>
            <span
                id="auto-buys-note"
                class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }
            >
                {move || {
                    let locale = i18n.get_locale();
                    wrong
                        .with_value(|errors| {
                            let words: Vec<_> = errors.iter().map(|error| field_error_text(locale, error)).collect();
                            if words.is_empty() { t_string!(i18n, auto.one_charge).to_owned() } else { words.join(" ") }
                        })
                }}
            </span>
        </fieldset>
    }
}

/// The card that is charged.
#[component]
fn CardSelect(cards: Vec<PaymentMethod>, value: RwSignal<String>, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let error = outcome.error("method").cloned();
    let options = cards
        .into_iter()
        .map(|card| {
            let id = card.id.to_string();
            let is_chosen = value.get_untracked() == id;
            view! { <option value=id selected=is_chosen>{card.label}</option> }
        })
        .collect_view();
    view! {
        <label class="block">
            <span class="block text-sm font-medium mb-1">{t!(i18n, top_up.pay_with)}</span>
            <select
                name="method"
                class="field"
                aria-invalid=error.is_some().then_some("true")
                on:change=move |event| value.set(event_target_value(&event))
            >
                {options}
            </select>
            <span class="block text-sm text-error mt-1">
                {move || error.as_ref().map(|error| field_error_text(i18n.get_locale(), error))}
            </span>
        </label>
    }
}

/// The last charges that nobody made by hand.
#[component]
pub fn LastCharges(
    /// Newest first.
    charges: Vec<AutoTopUpCharge>,
) -> impl IntoView {
    let i18n = use_i18n();
    if charges.is_empty() {
        return ().into_any();
    }
    let rows = charges.into_iter().map(|charge| view! { <ChargeRow charge=charge /> }).collect_view();
    view! {
        <section aria-labelledby="auto-charges">
            <h2 id="auto-charges" class="h2 mb-2">{t!(i18n, auto.last)}</h2>
            <ul class="border-t border-line">{rows}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn ChargeRow(charge: AutoTopUpCharge) -> impl IntoView {
    let i18n = use_i18n();
    let (status, credits, money) = (charge.status, charge.credits, charge.money);
    let failure = StoredValue::new(charge.failure);
    let what = match status {
        PaymentStatus::Succeeded => {
            view! { <span class="font-semibold">{move || format!("+{}", credits_text(i18n.get_locale(), credits))}</span> }
                .into_any()
        }
        PaymentStatus::Failed => view! {
            <span class="text-error">
                {t!(i18n, auto.declined)}
                <span class="block text-sm text-muted">
                    {move || failure.with_value(|code| failure_text(i18n.get_locale(), code.as_deref()))}
                </span>
            </span>
        }
        .into_any(),
        PaymentStatus::Held => view! { <span>{t!(i18n, auto.being_checked)}</span> }.into_any(),
        PaymentStatus::Cancelled | PaymentStatus::Expired => {
            view! { <span class="text-muted">{t!(i18n, auto.not_charged)}</span> }.into_any()
        }
        _ => view! { <span>{t!(i18n, auto.pending)}</span> }.into_any(),
    };
    let is_paid = status == PaymentStatus::Succeeded;
    view! {
        <li class="flex gap-3 py-2.5 border-b border-line num">
            <a class="text-muted w-32 flex-none link-q" href=format!("/wallet/orders/{}", charge.payment)>
                <When at=charge.at style=WhenStyle::DateTime />
            </a>
            <span class="flex-1 min-w-0">{what}</span>
            {is_paid.then(|| view! { <span>{move || money_text(i18n.get_locale(), money)}</span> })}
        </li>
    }
}

/// Says on the front page that auto top-up has stopped.
#[component]
pub fn StoppedBanner(
    /// Why.
    reason: Suspension,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Banner kind=BannerKind::Error>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">{t!(i18n, auto.banner)}</strong>
                " "
                {move || suspension_text(i18n.get_locale(), reason)}
            </p>
            <a href="/wallet/payment#auto-top-up" class="font-semibold underline underline-offset-4">{t!(i18n, auto.banner_action)}</a>
        </Banner>
    }
}
