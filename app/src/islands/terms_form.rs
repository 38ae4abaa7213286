//! The form: when, what, at most how much, with which card; and the consent, which names all of it.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wallet::catalog::FreeAmount;
use wallet::money::{Credits, Currency, Money};
use wallet::payment::{AutoTopUpBuys, AutoTopUpView, PaymentMethod};

use super::terms_fields::{Buys, CardSelect, TermField};
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::islands::pack::Pack;
use crate::text::amount::money_text;
use crate::text::auto_top_up::TypedTerms;
use crate::text::refusal::field_error_text;

/// Where the form is posted to.
pub const FORM: &str = "/wallet/payment/auto-top-up";

/// What the form of auto top-up offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutoTopUpOffer {
    /// How it stands, with what was agreed to last.
    pub view: AutoTopUpView,
    /// What the platform is called: who charges the card.
    pub product: String,
    /// The currency of the form.
    pub currency: Currency,
    /// All currencies.
    pub currencies: Vec<Currency>,
    /// The packages in the currency.
    pub packs: Vec<Pack>,
    /// Buying any amount, where the catalog allows it.
    pub free_amount: Option<FreeAmount>,
    /// The amount that is proposed.
    pub amount: Option<Money>,
    /// The threshold that is proposed: a part of what the amount buys.
    pub threshold: Option<Credits>,
    /// The limit of a month that is proposed.
    pub monthly: Option<Money>,
}

/// The fields as signals: the text of the consent names what is typed.
#[derive(Clone, Copy)]
pub struct Typed {
    pub currency: StoredValue<String>,
    pub threshold: RwSignal<String>,
    pub buys: RwSignal<String>,
    pub package: RwSignal<String>,
    pub amount: RwSignal<String>,
    pub fill_to: RwSignal<String>,
    pub daily: RwSignal<String>,
    pub monthly: RwSignal<String>,
    pub card: RwSignal<String>,
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
        let plain = |money: Money| {
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
#[island]
pub fn TermsForm(
    /// What the catalog proposes, and how it stands.
    offer: AutoTopUpOffer,
    /// The cards that can be charged.
    cards: Vec<PaymentMethod>,
    /// What became of the form.
    outcome: FormOutcome,
    /// The card that the address names.
    asked: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
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
    let refused = StoredValue::new(outcome.error("consent").cloned());
    let is_refused = refused.with_value(Option::is_some);
    view! {
        <form method="post" action=FORM aria-labelledby="auto-title" data-testid="auto-form">
            <input type="hidden" name="currency" value=code />
            <input type="hidden" name="shown" value=move || typed.terms().shown() />
            <div class="p-5 grid gap-4">
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
