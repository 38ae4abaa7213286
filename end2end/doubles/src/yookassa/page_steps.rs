//! What a buyer does on a hosted page, without HTML.

use super::cards::{self, Card, OnPage, Refusal};
use super::method::{Instrument, Method, MethodStatus, PaidWith};
use super::payment::{Status, Time};
use super::shop::Shop;

/// What comes after something was sent from a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Paid, or saved.
    Done,
    /// The bank asks the card's owner.
    Challenge,
    /// Over, without money.
    Refused(Refusal),
    /// It was over before, or there is nothing to answer.
    Over,
    /// The number is no test card; it may be given again.
    NoTestCard,
}

impl Shop {
    /// A card was given for a payment, or to be saved.
    pub(super) fn give_card(&mut self, id: &str, card: Card, now: Time) -> Step {
        if !self.waits_for_owner(id) {
            return Step::Over;
        }
        match cards::on_page(&card.number) {
            None => Step::NoTestCard,
            Some(OnPage::Paid) => self.accept(id, Instrument::Card(card), false, now),
            Some(OnPage::Challenge | OnPage::FailedChallenge) => {
                if let Ok(payment) = self.payment_mut(id) {
                    payment.challenge = Some(card);
                } else if let Ok(method) = self.method_mut(id) {
                    method.challenge = Some(card);
                }
                Step::Challenge
            }
            Some(OnPage::Refused(refusal)) => self.refuse(id, Some(Instrument::Card(card)), refusal),
        }
    }

    /// A wallet was given for a payment.
    pub(super) fn give_wallet(&mut self, id: &str, number: &str, now: Time) -> Step {
        if !self.waits_for_owner(id) || self.payment(id).is_err() {
            return Step::Over;
        }
        self.accept(id, Instrument::Wallet(number.to_owned()), false, now)
    }

    /// The card's owner has answered the bank.
    pub(super) fn answer_challenge(&mut self, id: &str, agreed: bool, now: Time) -> Step {
        let card = match (self.payment(id), self.method(id)) {
            (Ok(payment), _) => payment.challenge.clone(),
            (_, Ok(method)) => method.challenge.clone(),
            _ => None,
        };
        let Some(card) = card.filter(|_| self.waits_for_owner(id)) else { return Step::Over };
        let good = agreed && cards::on_page(&card.number) == Some(OnPage::Challenge);
        let instrument = Instrument::Card(card);
        if good {
            self.accept(id, instrument, true, now)
        } else {
            self.refuse(id, Some(instrument), cards::NOT_AUTHENTICATED)
        }
    }

    fn waits_for_owner(&self, id: &str) -> bool {
        match (self.payment(id), self.method(id)) {
            (Ok(payment), _) => payment.status == Status::Pending && payment.page.is_some(),
            (_, Ok(method)) => method.status == MethodStatus::Pending,
            _ => false,
        }
    }

    fn accept(&mut self, id: &str, instrument: Instrument, authenticated: bool, now: Time) -> Step {
        let Ok(payment) = self.payment_mut(id) else {
            if let Ok(method) = self.method_mut(id) {
                method.activate(instrument);
                self.notify_of_method(id);
            }
            return Step::Done;
        };
        let saved = payment.save;
        payment.authenticated = authenticated;
        payment.paid_with = Some(PaidWith { id: id.to_owned(), saved, instrument: instrument.clone() });
        payment.pay(now);
        if saved {
            self.methods.push(Method::saved_by_payment(id, instrument));
        }
        self.notify_of_payment(id);
        Step::Done
    }

    fn refuse(&mut self, id: &str, instrument: Option<Instrument>, refusal: Refusal) -> Step {
        if let Ok(payment) = self.payment_mut(id) {
            payment.paid_with = instrument.map(|instrument| PaidWith { id: id.to_owned(), saved: false, instrument });
            payment.cancel(refusal);
            self.notify_of_payment(id);
        } else if let Ok(method) = self.method_mut(id) {
            method.status = MethodStatus::Inactive;
            method.challenge = None;
        }
        Step::Refused(refusal)
    }
}
