//! Objects as Stripe's JSON. The larger ones have files of their own.

mod checkout;
mod payment;

pub use checkout::{line_items, method_types, session, setup_intent};
pub use payment::{balance_transaction, charge, intent, refund};

use serde_json::{Value, json};

use super::model::{Customer, Dispute, Endpoint, Event, MethodKind, PaymentMethod};
use super::shop::Shop;

/// The API version whose shapes these are.
pub const API_VERSION: &str = "2026-09-30.endive";

/// Adds fields that nothing here sets.
fn with_nulls(mut json: Value, names: &[&str]) -> Value {
    for name in names {
        json[*name] = Value::Null;
    }
    json
}

/// An address that nobody gave.
fn no_address() -> Value {
    json!({ "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null })
}

/// A customer.
pub fn customer(customer: &Customer) -> Value {
    if customer.deleted {
        return json!({ "id": customer.id, "object": "customer", "deleted": true });
    }
    json!({
        "id": customer.id,
        "object": "customer",
        "address": customer.address,
        "balance": 0,
        "created": customer.created,
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "description": customer.description,
        "discount": null,
        "email": customer.email,
        "invoice_prefix": customer.id.chars().rev().take(8).collect::<String>().to_uppercase(),
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": customer.default_payment_method,
            "footer": null,
            "rendering_options": null,
        },
        "livemode": false,
        "metadata": customer.metadata,
        "name": customer.name,
        "next_invoice_sequence": 1,
        "phone": customer.phone,
        "preferred_locales": customer.preferred_locales,
        "shipping": null,
        "tax_exempt": customer.tax_exempt.as_deref().unwrap_or("none"),
        "test_clock": null,
    })
}

/// A way to pay.
pub fn method(method: &PaymentMethod) -> Value {
    let mut json = json!({
        "id": method.id,
        "object": "payment_method",
        "allow_redisplay": method.allow_redisplay,
        "billing_details": billing_details(Some(method)),
        "created": method.created,
        "customer": method.customer,
        "livemode": false,
        "metadata": method.metadata,
        "type": kind(&method.kind),
    });
    json[kind(&method.kind)] = match &method.kind {
        MethodKind::Card(card) => json!({
            "brand": card.brand,
            "checks": {
                "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": card.brand,
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "fingerprint": card.fingerprint,
            "funding": "credit",
            "generated_from": null,
            "last4": card.last4,
            "networks": { "available": [card.brand], "preferred": null },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        }),
        MethodKind::BankDebit("sepa_debit") => json!({
            "bank_code": "37040044", "branch_code": "", "country": "DE", "fingerprint": "sepa3000",
            "generated_from": { "charge": null, "setup_attempt": null }, "last4": "3000",
        }),
        MethodKind::BankDebit(_) => json!({
            "account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": null, "fingerprint": "bank6789", "last4": "6789",
            "networks": { "preferred": "ach", "supported": ["ach"] }, "routing_number": "110000000",
            "status_details": {},
        }),
    };
    json
}

/// `card`, `us_bank_account`, `sepa_debit`.
pub fn kind(kind: &MethodKind) -> &'static str {
    match kind {
        MethodKind::Card(_) => "card",
        MethodKind::BankDebit(name) => name,
    }
}

fn billing_details(method: Option<&PaymentMethod>) -> Value {
    json!({
        "address": no_address(),
        "email": method.and_then(|method| method.email.clone()),
        "name": method.and_then(|method| method.name.clone()),
        "phone": null,
        "tax_id": null,
    })
}

/// A dispute.
pub fn dispute(shop: &Shop, dispute: &Dispute) -> Value {
    let nothing = [
        "access_activity_log",
        "billing_address",
        "cancellation_policy",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_communication",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "customer_signature",
        "duplicate_charge_documentation",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "service_documentation",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_documentation",
        "shipping_tracking_number",
        "uncategorized_file",
        "uncategorized_text",
    ];
    let mut evidence: serde_json::Map<String, Value> =
        nothing.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    evidence.insert("enhanced_evidence".into(), json!({}));
    let is_inquiry = dispute.status.starts_with("warning");
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [],
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": [],
        "evidence": evidence,
        "evidence_details": {
            "due_by": dispute.created + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": false,
            "past_due": dispute.created + 7 * 86_400 < shop.now,
            "submission_count": 0,
        },
        "is_charge_refundable": is_inquiry,
        "livemode": false,
        "metadata": {},
        "payment_intent": dispute.payment_intent,
        "payment_method_details": {
            "card": {
                "brand": "visa",
                "case_type": if is_inquiry { "inquiry" } else { "chargeback" },
                "network": "visa",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": dispute.reason,
        "status": dispute.status,
    })
}

/// An event, whole.
pub fn event(event: &Event, pending_webhooks: usize) -> Value {
    let mut data = json!({ "object": event.object });
    if let Some(previous) = &event.previous {
        data["previous_attributes"] = previous.clone();
    }
    json!({
        "id": event.id,
        "object": "event",
        "api_version": API_VERSION,
        "created": event.created,
        "data": data,
        "livemode": event.livemode,
        "pending_webhooks": pending_webhooks,
        "request": event.request.clone().unwrap_or_default(),
        "type": event.kind,
    })
}

/// A receiver; its secret is told only when it is made.
pub fn endpoint(endpoint: &Endpoint, secret: Option<&str>) -> Value {
    let mut json = json!({
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "api_version": endpoint.api_version,
        "application": null,
        "created": endpoint.created,
        "description": endpoint.description,
        "enabled_events": endpoint.enabled_events,
        "livemode": false,
        "metadata": endpoint.metadata,
        "status": endpoint.status,
        "url": endpoint.url,
    });
    if let Some(secret) = secret {
        json["secret"] = json!(secret);
    }
    json
}

/// The merchant's account.
pub fn account() -> Value {
    json!({
        "id": "acct_1ScripDoubles00000",
        "object": "account",
        "business_type": "company",
        "capabilities": { "card_payments": "active", "transfers": "active" },
        "charges_enabled": true,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": true,
        "email": "shop@example.com",
        "metadata": {},
        "payouts_enabled": true,
        "type": "standard",
    })
}
