//! Payment methods as Stripe has them.

use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_shared::PaymentMethod;
use wallet::payment::{MethodAnswer, MethodKind, ProviderMethod};

use super::Stripe;
use super::api::{Failure, is_id};

/// Gives a method that was saved: one that belongs to a customer.
#[must_use]
pub fn saved(method: &PaymentMethod) -> Option<ProviderMethod> {
    method.customer.as_ref()?;
    let card = method.card.as_ref();
    let expires = card.and_then(|card| {
        Some((u16::try_from(card.exp_year).ok()?, u8::try_from(card.exp_month).ok().filter(|month| *month <= 12)?))
    });
    Some(ProviderMethod {
        reference: method.id.as_str().to_owned(),
        kind: MethodKind::Card,
        brand: Some(card.map_or_else(|| method.type_.as_str().to_owned(), |card| card.brand.clone())),
        last4: card.map(|card| card.last4.clone()),
        expires,
        label: label(method),
    })
}

/// Writes a method for people: `Visa •• 4242`, or its kind: `Link`.
#[must_use]
pub fn label(method: &PaymentMethod) -> String {
    match &method.card {
        Some(card) => format!("{} •• {}", brand(&card.brand), card.last4),
        None => brand(method.type_.as_str()),
    }
}

/// Writes a brand or a kind as people know it.
fn brand(name: &str) -> String {
    let known = match name {
        "amex" => "American Express",
        "diners" => "Diners Club",
        "unionpay" => "UnionPay",
        "jcb" => "JCB",
        "eftpos_au" => "eftpos",
        "cartes_bancaires" => "Cartes Bancaires",
        "sepa_debit" => "SEPA",
        "us_bank_account" => "ACH",
        "ideal" => "iDEAL",
        "unknown" => "Card",
        other => {
            let words = other.replace('_', " ");
            let mut letters = words.chars();
            return letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
        }
    };
    known.to_owned()
}

impl Stripe {
    pub(super) async fn method(&self, reference: &str) -> Result<PaymentMethod, Failure> {
        if !is_id(reference, "pm_") {
            return Err(Failure::Missing);
        }
        let path = format!("/payment_methods/{reference}");
        self.api.call(RequestBuilder::new(StripeMethod::Get, path).customize()).await
    }

    pub(super) async fn saved_method(&self, reference: &str) -> MethodAnswer {
        match self.method(reference).await {
            // Without a customer it was detached, and Stripe charges it never again.
            Ok(method) => saved(&method).map_or(MethodAnswer::Missing, MethodAnswer::Found),
            Err(Failure::Missing) => MethodAnswer::Missing,
            Err(failure) => MethodAnswer::Unknown { detail: failure.detail() },
        }
    }

    pub(super) async fn detach(&self, reference: &str) -> MethodAnswer {
        if !is_id(reference, "pm_") {
            return MethodAnswer::Missing;
        }
        let path = format!("/payment_methods/{reference}/detach");
        let request = RequestBuilder::new(StripeMethod::Post, path);
        match self.api.call::<PaymentMethod>(request.customize()).await {
            Ok(_) | Err(Failure::Missing) => MethodAnswer::Missing,
            // Detached before, maybe: what Stripe has says it.
            Err(Failure::Refused(_)) => self.saved_method(reference).await,
            Err(failure) => MethodAnswer::Unknown { detail: failure.detail() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::brand;

    #[test]
    fn brands_are_written_as_people_know_them() {
        for (name, text) in [("visa", "Visa"), ("amex", "American Express"), ("link", "Link"), ("cashapp", "Cashapp")] {
            assert_eq!(brand(name), text);
        }
    }
}
