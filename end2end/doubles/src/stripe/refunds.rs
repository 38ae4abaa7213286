//! Refunds: never more than the charge, and some end later.

use serde_json::{Value, json};

use super::card::Refunding;
use super::currency::shown;
use super::error::StripeError;
use super::list::{Created, Page};
use super::model::{Charge, MethodKind, Refund, RefundEnd};
use super::params::{Metadata, Params, Read, merge};
use super::shop::Shop;
use super::{currency, render};

/// How long a refund that ends later takes.
const LATER: i64 = 60;

/// What a refund is asked for.
#[derive(Debug, Default)]
pub struct NewRefund {
    /// The charge.
    pub charge: String,
    /// In minor units; all that is left when not given.
    pub amount: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// The merchant's own texts.
    pub metadata: Metadata,
}

/// `POST /v1/refunds`
pub fn create(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let (intent, charge) = (params.text("payment_intent")?, params.text("charge")?);
    let mut new = NewRefund {
        amount: params.int("amount")?,
        reason: params.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?,
        ..NewRefund::default()
    };
    merge(&mut new.metadata, params.metadata()?);
    params.finish()?;
    new.charge = match (intent, charge) {
        (Some(intent), _) => {
            let intent = shop.intents.of_param(&intent, "payment_intent")?;
            let charge = intent.latest_charge.clone().filter(|_| intent.status == "succeeded");
            charge.ok_or_else(|| {
                let message =
                    format!("This PaymentIntent ({}) does not have a successful charge to refund.", intent.id);
                StripeError { kept: true, ..StripeError::invalid("payment_intent", message) }
            })?
        }
        (None, Some(charge)) => shop.charges.of_param(&charge, "charge")?.id.clone(),
        (None, None) => {
            let message = "One of the following params should be provided for this request: payment_intent or charge.";
            return Err(StripeError { param: None, ..StripeError::invalid("payment_intent", message) });
        }
    };
    make(shop, new)
}

/// What of a charge can still go back.
fn amount_of(charge: &Charge, asked: Option<i64>) -> Read<i64> {
    if charge.status != "succeeded" {
        let message = format!("Charge {} has not succeeded, so it cannot be refunded.", charge.id);
        return Err(StripeError::state("charge_not_refundable", message));
    }
    let left = charge.amount - charge.amount_refunded;
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(StripeError::state("charge_already_refunded", message));
    }
    let amount = asked.unwrap_or(left);
    if amount < 1 {
        let message = "This value must be greater than or equal to 1.";
        return Err(StripeError::invalid("amount", message).code("parameter_invalid_integer"));
    }
    if amount > left {
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            shown(amount, &charge.currency),
            shown(left, &charge.currency)
        );
        return Err(StripeError { kept: true, ..StripeError::invalid("amount", message) });
    }
    if currency::currency(&charge.currency).is_some_and(|currency| currency.digits == 3) && amount % 10 != 0 {
        return Err(StripeError::invalid("amount", "Three-decimal currencies are refunded in multiples of 10."));
    }
    Ok(amount)
}

/// Makes a refund, as the API and the dashboard do.
pub fn make(shop: &mut Shop, new: NewRefund) -> Read<Value> {
    let charge = shop.charges.of_path(&new.charge)?;
    if charge.disputed
        && shop.disputes.newest().any(|held| held.charge == charge.id && !held.status.starts_with("warning"))
    {
        let message = format!("Charge {} has been charged back; cannot issue a refund.", charge.id);
        return Err(StripeError::state("charge_disputed", message));
    }
    let amount = amount_of(charge, new.amount)?;
    let refunding = match shop.methods.get(&charge.payment_method).map(|method| &method.kind) {
        Some(MethodKind::Card(card)) => card.refunding,
        _ => Refunding::SucceedsLater,
    };
    let (status, due) = match refunding {
        Refunding::Succeeds => ("succeeded", None),
        Refunding::SucceedsLater => ("pending", Some((shop.now + LATER, RefundEnd::Succeeded))),
        Refunding::FailsLater => ("succeeded", Some((shop.now + LATER, RefundEnd::Failed))),
    };
    let refund = Refund {
        id: shop.id("re"),
        created: shop.now,
        amount,
        currency: charge.currency.clone(),
        status,
        charge: charge.id.clone(),
        payment_intent: charge.payment_intent.clone(),
        reason: new.reason,
        failure_reason: None,
        metadata: new.metadata,
        due,
    };
    let before = charge.amount_refunded;
    shop.charges.known(&refund.charge)?.amount_refunded += amount;
    let json = render::refund(&refund);
    shop.refunds.add(refund);
    shop.emit("refund.created", json.clone());
    let charge = render::charge(shop, shop.charges.of_path(&new.charge)?);
    shop.emit_change("charge.refunded", charge, Some(json!({ "amount_refunded": before })));
    Ok(json)
}

/// Ends a refund: once it has failed, the charge has its money back.
pub fn end(shop: &mut Shop, id: &str, end: RefundEnd) -> Read<Value> {
    let refund = shop.refunds.known(id)?;
    if refund.status == "failed" || (refund.status == "succeeded" && end == RefundEnd::Succeeded) {
        return Err(StripeError::state("refund_unexpected_state", format!("This refund is {}.", refund.status)));
    }
    refund.due = None;
    let previous = json!({ "status": refund.status });
    let (charge, amount) = (refund.charge.clone(), refund.amount);
    match end {
        RefundEnd::Succeeded => refund.status = "succeeded",
        RefundEnd::Failed => {
            refund.status = "failed";
            refund.failure_reason = Some("expired_or_canceled_card");
        }
    }
    let json = render::refund(refund);
    if end == RefundEnd::Failed {
        shop.charges.known(&charge)?.amount_refunded -= amount;
        shop.emit("refund.failed", json.clone());
    }
    shop.emit_change("refund.updated", json.clone(), Some(previous.clone()));
    shop.emit_change("charge.refund.updated", json.clone(), Some(previous));
    Ok(json)
}

/// Ends what is due.
pub fn end_due(shop: &mut Shop) {
    let now = shop.now;
    let due = |refund: &Refund| refund.due.filter(|(at, _)| *at <= now).map(|(_, end)| (refund.id.clone(), end));
    let due: Vec<(String, RefundEnd)> = shop.refunds.newest().filter_map(due).collect();
    for (id, how) in due.into_iter().rev() {
        // It was found a moment ago.
        let _ = end(shop, &id, how);
    }
}

/// `GET /v1/refunds/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    shop.refunds.of_path(id).map(render::refund)
}

/// `POST /v1/refunds/{id}`
pub fn update(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let metadata = params.metadata()?;
    params.finish()?;
    let refund = shop.refunds.known(id)?;
    merge(&mut refund.metadata, metadata);
    let json = render::refund(refund);
    shop.emit("refund.updated", json.clone());
    Ok(json)
}

/// `GET /v1/refunds`
pub fn list(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let (intent, charge) = (params.text("payment_intent")?, params.text("charge")?);
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits = |refund: &&Refund| {
        created.holds(refund.created)
            && intent.as_ref().is_none_or(|intent| *intent == refund.payment_intent)
            && charge.as_ref().is_none_or(|charge| *charge == refund.charge)
    };
    page.list("/v1/refunds", shop.refunds.newest().filter(fits), render::refund)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::intents;

    fn paid(shop: &mut Shop, method: &str) -> String {
        let url = "http://127.0.0.1:9";
        let form = format!("amount=1000&currency=usd&confirm=true&payment_method={method}&return_url={url}");
        intents::create(shop, Params::of(&form)).unwrap()["id"].as_str().unwrap().to_owned()
    }

    fn refund(shop: &mut Shop, intent: &str, amount: &str) -> Read<Value> {
        create(shop, Params::of(&format!("payment_intent={intent}{amount}")))
    }

    #[test]
    fn never_more_than_the_charge() {
        let mut shop = Shop::new("http://127.0.0.1:1");
        let intent = paid(&mut shop, "pm_card_visa");
        refund(&mut shop, &intent, "&amount=400").unwrap();
        let error = refund(&mut shop, &intent, "&amount=601").unwrap_err();
        assert_eq!(error.param.as_deref(), Some("amount"));
        assert_eq!(refund(&mut shop, &intent, "").unwrap()["amount"], 600);
        let error = refund(&mut shop, &intent, "").unwrap_err();
        assert_eq!(error.code.as_deref(), Some("charge_already_refunded"));
        assert!(refund(&mut shop, &intent, "&amount=0").is_err());
    }

    #[test]
    fn what_failed_can_go_back_again() {
        let mut shop = Shop::new("http://127.0.0.1:1");
        let intent = paid(&mut shop, "pm_card_refundFail");
        let first = refund(&mut shop, &intent, "").unwrap();
        assert_eq!(first["status"], "succeeded");
        shop.now += LATER;
        end_due(&mut shop);
        let kinds: Vec<&str> = shop.events.newest().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds[..3], ["charge.refund.updated", "refund.updated", "refund.failed"]);
        assert_eq!(shop.refunds.newest().next().unwrap().status, "failed");
        assert_eq!(refund(&mut shop, &intent, "").unwrap()["amount"], 1000);
    }
}
