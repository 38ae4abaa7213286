//! Payment methods: what was paid with, and what is saved for charges without its owner.

use serde_json::{Map, Value, json};

use super::cards::{self, Card, Later, Refusal};
use super::request::Confirmation;

/// The kinds that a test shop takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    BankCard,
    YooMoney,
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::BankCard, Self::YooMoney].into_iter().find(|kind| kind.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BankCard => "bank_card",
            Self::YooMoney => "yoo_money",
        }
    }
}

/// A card, or a wallet by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Instrument {
    Card(Card),
    Wallet(String),
}

impl Instrument {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Card(_) => Kind::BankCard,
            Self::Wallet(_) => Kind::YooMoney,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Card(card) => format!("Bank card *{}", card.last4()),
            Self::Wallet(number) => format!("YooMoney wallet {number}"),
        }
    }

    /// Adds what YooKassa tells of it: never a card's whole number.
    fn describe(&self, object: &mut Value) {
        object["title"] = json!(self.title());
        match self {
            Self::Wallet(number) => object["account_number"] = json!(number),
            Self::Card(card) => {
                object["card"] = json!({
                    "first6": card.first6(),
                    "last4": card.last4(),
                    "expiry_month": format!("{:02}", card.month),
                    "expiry_year": format!("{:04}", card.year),
                    "card_type": card.network(),
                    "issuer_country": card.country(),
                });
            }
        }
    }
}

/// What a payment was made with, as it stands in the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PaidWith {
    pub(super) id: String,
    pub(super) saved: bool,
    pub(super) instrument: Instrument,
}

impl PaidWith {
    pub(super) fn json(&self) -> Value {
        let status = if self.saved { "active" } else { "inactive" };
        let kind = self.instrument.kind().name();
        let mut object = json!({"type": kind, "id": self.id, "saved": self.saved, "status": status});
        self.instrument.describe(&mut object);
        object
    }
}

/// Where a method is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MethodStatus {
    Pending,
    Active,
    Inactive,
}

/// A method with an id of its own: saved by a payment, or by `POST /payment_methods`.
#[derive(Clone, Debug)]
pub(super) struct Method {
    pub(super) id: String,
    pub(super) status: MethodStatus,
    pub(super) instrument: Option<Instrument>,
    /// What charges without the owner do.
    pub(super) later: Later,
    pub(super) metadata: Map<String, Value>,
    /// Where its owner gives the card, while that is to be done.
    pub(super) page: Option<Confirmation>,
    pub(super) page_url: String,
    /// A card whose bank has asked its owner.
    pub(super) challenge: Option<Card>,
}

impl Method {
    /// Saved with a payment: it has the payment's id.
    pub(super) fn saved_by_payment(payment: &str, instrument: Instrument) -> Self {
        let mut method = Self::asked_for(payment.to_owned(), None, String::new(), Map::new());
        method.activate(instrument);
        method
    }

    pub(super) fn asked_for(
        id: String,
        page: Option<Confirmation>,
        page_url: String,
        metadata: Map<String, Value>,
    ) -> Self {
        let status = MethodStatus::Pending;
        Self { id, status, instrument: None, later: Later::Paid, metadata, page, page_url, challenge: None }
    }

    pub(super) fn activate(&mut self, instrument: Instrument) {
        self.later = match &instrument {
            Instrument::Card(card) => cards::later(&card.number),
            Instrument::Wallet(_) => Later::Paid,
        };
        self.instrument = Some(instrument);
        self.status = MethodStatus::Active;
        self.challenge = None;
    }

    pub(super) fn is_saved(&self) -> bool {
        self.status == MethodStatus::Active
    }

    /// Whether its owner is still to give it.
    pub(super) fn waits(&self) -> bool {
        self.status == MethodStatus::Pending
    }

    /// Charges it once in that month: refused, paid, or not decided yet.
    pub(super) fn charge(&mut self, year: i32, month: u32) -> Charge {
        if matches!(&self.instrument, Some(Instrument::Card(card)) if card.has_expired(year, month)) {
            return Charge::Refused(cards::EXPIRED);
        }
        match self.later {
            Later::Paid | Later::RefusedTimes(0, _) => Charge::Paid,
            Later::Pending => Charge::Pending,
            Later::Refused(refusal) => Charge::Refused(refusal),
            Later::RefusedTimes(times, refusal) => {
                self.later = Later::RefusedTimes(times - 1, refusal);
                Charge::Refused(refusal)
            }
        }
    }

    pub(super) fn json(&self, shop: &str) -> Value {
        let status = match self.status {
            MethodStatus::Pending => "pending",
            MethodStatus::Active => "active",
            MethodStatus::Inactive => "inactive",
        };
        let kind = self.instrument.as_ref().map_or(Kind::BankCard, Instrument::kind).name();
        let mut object = json!({
            "type": kind,
            "id": self.id,
            "saved": self.is_saved(),
            "status": status,
            "holder": {"account_id": shop, "gateway_id": shop},
            "metadata": self.metadata,
        });
        if let Some(instrument) = &self.instrument {
            instrument.describe(&mut object);
        }
        if self.status == MethodStatus::Pending {
            object["confirmation"] = json!({"type": "redirect", "confirmation_url": self.page_url});
        }
        object
    }
}

/// What became of a charge without the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charge {
    Paid,
    Pending,
    Refused(Refusal),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(number: &str) -> Method {
        let card = Card { number: number.into(), month: 12, year: 2030 };
        Method::saved_by_payment("p1", Instrument::Card(card))
    }

    #[test]
    fn a_card_recovers_on_the_third_charge() {
        let mut method = saved("5555555555554683");
        let reasons: Vec<_> = (0..4).map(|_| matches!(method.charge(2030, 12), Charge::Refused(_))).collect();
        assert_eq!(reasons, [true, true, false, false]);
    }

    #[test]
    fn a_saved_card_expires_with_the_clock() {
        let mut method = saved("5555555555554444");
        assert_eq!(method.charge(2030, 12), Charge::Paid);
        assert_eq!(method.charge(2031, 1), Charge::Refused(cards::EXPIRED));
    }

    #[test]
    fn no_answer_has_a_whole_card_number() {
        let told = saved("5555555555554444").json("100500").to_string();
        assert!(told.contains("4444") && !told.contains("5555555555554444"), "{told}");
    }
}
