//! Payments, their attempts and refunds as Stripe's JSON.

use serde_json::{Value, json};

use super::{billing_details, kind, method, with_nulls};
use crate::stripe::model::{Charge, MethodKind, PaymentIntent, Refund};
use crate::stripe::shop::Shop;

/// Fields of a payment that nothing here sets.
const INTENT_NOT_SET: [&str; 10] = [
    "application",
    "application_fee_amount",
    "on_behalf_of",
    "payment_method_configuration_details",
    "processing",
    "review",
    "shipping",
    "source",
    "transfer_data",
    "transfer_group",
];

/// A payment.
pub fn intent(intent: &PaymentIntent) -> Value {
    let next_action = intent.authenticate_at.as_ref().map(|url| match &intent.return_url {
        Some(return_url) => {
            json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": return_url } })
        }
        None => json!({ "type": "use_stripe_sdk", "use_stripe_sdk": { "type": "three_d_secure_redirect" } }),
    });
    let succeeded = intent.status == "succeeded";
    let json = json!({
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_details": { "tip": {} },
        "amount_received": if succeeded { intent.amount } else { 0 },
        "automatic_payment_methods":
            intent.automatic_methods.then(|| json!({ "allow_redirects": "always", "enabled": true })),
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": "automatic_async",
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer,
        "description": intent.description,
        "last_payment_error": intent.last_payment_error,
        "latest_charge": intent.latest_charge,
        "livemode": false,
        "metadata": intent.metadata,
        "next_action": next_action,
        "payment_method": intent.payment_method,
        "payment_method_options": {
            "card": {
                "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic",
            },
        },
        "payment_method_types": intent.payment_method_types,
        "receipt_email": intent.receipt_email,
        "setup_future_usage": intent.setup_future_usage,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": intent.statement_descriptor_suffix,
        "status": intent.status,
    });
    with_nulls(json, &INTENT_NOT_SET)
}

/// Fields of an attempt that nothing here sets.
const CHARGE_NOT_SET: [&str; 14] = [
    "application",
    "application_fee",
    "application_fee_amount",
    "failure_balance_transaction",
    "on_behalf_of",
    "receipt_number",
    "review",
    "shipping",
    "source",
    "source_transfer",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
];

/// An attempt.
pub fn charge(shop: &Shop, charge: &Charge) -> Value {
    let paid_with = shop.methods.get(&charge.payment_method);
    let succeeded = charge.status == "succeeded";
    let failed = charge.status == "failed";
    let json = json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": if succeeded { charge.amount } else { 0 },
        "amount_refunded": charge.amount_refunded,
        "balance_transaction": succeeded.then(|| transaction_id(&charge.id)),
        "billing_details": billing_details(paid_with),
        "calculated_statement_descriptor": "SCRIP",
        "captured": succeeded,
        "created": charge.created,
        "currency": charge.currency,
        "customer": charge.customer,
        "description": charge.description,
        "disputed": charge.disputed,
        "failure_code": charge.failure.map(|decline| decline.code),
        "failure_message": charge.failure.map(|decline| decline.message),
        "fraud_details": {},
        "livemode": false,
        "metadata": charge.metadata,
        "outcome": outcome(charge),
        "paid": succeeded,
        "payment_intent": charge.payment_intent,
        "payment_method": charge.payment_method,
        "payment_method_details": paid_with.map(|used| details(charge, &used.kind, &method(used))),
        "receipt_email": charge.receipt_email,
        "receipt_url": (!failed).then(|| format!("{}/stripe/receipts/{}", shop.base_url, charge.id)),
        "refunded": charge.amount_refunded == charge.amount,
        "status": charge.status,
    });
    with_nulls(json, &CHARGE_NOT_SET)
}

fn outcome(charge: &Charge) -> Value {
    match charge.failure {
        Some(decline) => json!({
            "advice_code": null, "network_advice_code": null, "network_decline_code": "05",
            "network_status": "declined_by_network", "reason": decline.decline_code, "risk_level": "normal",
            "risk_score": 20, "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }),
        None => json!({
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal", "risk_score": 20,
            "seller_message": "Payment complete.", "type": "authorized",
        }),
    }
}

fn details(charge: &Charge, used: &MethodKind, method: &Value) -> Value {
    let name = kind(used);
    let MethodKind::Card(card) = used else { return json!({ "type": name, name: debit(name, &method[name]) }) };
    json!({
        "type": "card",
        "card": {
            "amount_authorized": charge.amount,
            "authorization_code": "123456",
            "brand": card.brand,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "country": "US",
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "fingerprint": card.fingerprint,
            "funding": "credit",
            "installments": null,
            "last4": card.last4,
            "mandate": null,
            "network": card.brand,
            "network_token": { "used": false },
            "network_transaction_id": null,
            "regulated_status": "unregulated",
            "three_d_secure": charge.authenticated.then(|| json!({
                "authentication_flow": "challenge", "electronic_commerce_indicator": "05",
                "exemption_indicator": null, "result": "authenticated", "result_reason": null,
                "transaction_id": null, "version": "2.2.0",
            })),
            "wallet": null,
        },
    })
}

/// What a charge says of a bank's debit.
fn debit(name: &str, method: &Value) -> Value {
    let fields: &[&str] = match name {
        "sepa_debit" => &["bank_code", "branch_code", "country", "fingerprint", "last4"],
        _ => &["account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number"],
    };
    let fields = fields.iter().map(|field| ((*field).to_owned(), method[*field].clone()));
    with_nulls(Value::Object(fields.collect()), &["mandate"])
}

/// The id of what a charge or refund did to the balance.
fn transaction_id(source: &str) -> String {
    format!("txn_{source}")
}

/// What a charge or a refund did to the balance.
pub fn balance_transaction(shop: &Shop, id: &str) -> Option<Value> {
    let source = id.strip_prefix("txn_")?;
    let (amount, currency, created, kind) = match (shop.charges.get(source), shop.refunds.get(source)) {
        (Some(charge), _) => (charge.amount, &charge.currency, charge.created, "charge"),
        (_, Some(refund)) => (-refund.amount, &refund.currency, refund.created, "refund"),
        _ => return None,
    };
    // 2.9 % and 30 minor units, which are not given back.
    let fee = if amount > 0 { amount * 29 / 1000 + 30 } else { 0 };
    let fees = json!([{
        "amount": fee, "application": null, "currency": currency, "description": "Stripe processing fees",
        "type": "stripe_fee",
    }]);
    Some(json!({
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created + 2 * 86_400,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": null,
        "exchange_rate": null,
        "fee": fee,
        "fee_details": if fee > 0 { fees } else { json!([]) },
        "net": amount - fee,
        "reporting_category": kind,
        "source": source,
        "status": if created + 2 * 86_400 <= shop.now { "available" } else { "pending" },
        "type": kind,
    }))
}

/// Money that goes back.
pub fn refund(refund: &Refund) -> Value {
    let mut json = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": transaction_id(&refund.id),
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "destination_details": {
            "card": {
                "reference_status": if refund.status == "failed" { "unavailable" } else { "pending" },
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": refund.metadata,
        "payment_intent": refund.payment_intent,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status,
        "transfer_reversal": null,
    });
    if refund.status == "pending" {
        json["pending_reason"] = json!("processing");
    }
    if let Some(reason) = refund.failure_reason {
        json["failure_reason"] = json!(reason);
        json["failure_balance_transaction"] = json!(transaction_id(&refund.id));
    }
    json
}
