//! Disputes: opened and closed by a bank, so by a test.

use serde_json::{Value, json};

use super::error::StripeError;
use super::list::{Created, Page};
use super::model::Dispute;
use super::params::{Params, Read};
use super::render;
use super::shop::Shop;

/// A bank takes a charge back, or only asks.
pub fn open(shop: &mut Shop, charge: &str, reason: &str, is_inquiry: bool) -> Read<Value> {
    let held = shop.charges.known(charge)?;
    if held.status != "succeeded" || held.disputed {
        return Err(StripeError::state("charge_not_disputable", "Only a succeeded charge is disputed, and once."));
    }
    held.disputed = true;
    let (amount, currency, intent) = (held.amount, held.currency.clone(), held.payment_intent.clone());
    let dispute = Dispute {
        id: shop.id("du"),
        created: shop.now,
        amount,
        currency,
        status: if is_inquiry { "warning_needs_response" } else { "needs_response" }.to_owned(),
        reason: reason.to_owned(),
        charge: charge.to_owned(),
        payment_intent: intent,
    };
    let json = render::dispute(shop, &dispute);
    shop.disputes.add(dispute);
    shop.emit("charge.dispute.created", json.clone());
    if !is_inquiry {
        shop.emit("charge.dispute.funds_withdrawn", json.clone());
    }
    Ok(json)
}

/// A bank decides: `won`, `lost`, or `warning_closed` for what was only a question.
pub fn close(shop: &mut Shop, id: &str, status: &str) -> Read<Value> {
    let dispute = shop.disputes.known(id)?;
    let fits = match dispute.status.as_str() {
        "needs_response" | "under_review" => matches!(status, "won" | "lost"),
        "warning_needs_response" | "warning_under_review" => status == "warning_closed",
        _ => false,
    };
    if !fits {
        let message = format!("A dispute that is {} can't become {status}.", dispute.status);
        return Err(StripeError::state("dispute_unexpected_state", message));
    }
    let previous = json!({ "status": dispute.status });
    dispute.status = status.to_owned();
    let json = render::dispute(shop, shop.disputes.of_path(id)?);
    shop.emit_change("charge.dispute.closed", json.clone(), Some(previous));
    if status == "won" {
        shop.emit("charge.dispute.funds_reinstated", json.clone());
    }
    Ok(json)
}

/// `GET /v1/disputes/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    Ok(render::dispute(shop, shop.disputes.of_path(id)?))
}

/// `GET /v1/disputes`
pub fn list(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let (intent, charge) = (params.text("payment_intent")?, params.text("charge")?);
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits = |dispute: &&Dispute| {
        created.holds(dispute.created)
            && intent.as_ref().is_none_or(|intent| *intent == dispute.payment_intent)
            && charge.as_ref().is_none_or(|charge| *charge == dispute.charge)
    };
    page.list("/v1/disputes", shop.disputes.newest().filter(fits), |dispute| render::dispute(shop, dispute))
}
