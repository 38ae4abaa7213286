//! Schemas of the OpenAPI document that no type says by itself: words of a list, objects of free names, fields that
//! exclude each other.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use wallet::ledger::{BudgetPeriod, ReleaseReason};
use wallet::notify::webhook::EventKind;
use wallet::tariff::Category;

/// Makes a schema of what the specification calls it.
fn schema(value: Value) -> RefOr<Schema> {
    serde_json::from_value(value).unwrap_or_else(|_| RefOr::T(Schema::default()))
}

/// Writes schemas by their JSON.
macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident = $json:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                schema($json)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

schemas! {
    /// The params of an operation.
    Params = json!({
        "type": "object",
        "description": "What the operation takes, by name; see its `params` in the price list. None is null.",
        "maxProperties": 64,
        "additionalProperties": {
            "anyOf": [
                { "type": "string" }, { "type": "integer" }, { "type": "boolean" },
                { "type": "array", "items": { "type": "string" } },
            ],
        },
    });
    /// What a caller sends along.
    Metadata = json!({
        "type": "object",
        "description": "Anything of yours: at most 50 keys, 4 096 bytes of JSON.",
        "maxProperties": 50,
        "additionalProperties": true,
    });
    /// A category of operations.
    CategoryCode = json!({ "type": "string", "enum": Category::ALL.map(Category::code) });
    /// A kind of event.
    EventCode = json!({ "type": "string", "enum": EventKind::ALL.map(EventKind::code).to_vec() });
    /// How often a budget starts anew.
    PeriodCode = json!({ "type": "string", "enum": [BudgetPeriod::Day, BudgetPeriod::Week, BudgetPeriod::Month] });
    /// Why a hold is given back.
    ReleaseReasonCode = json!({
        "type": "string",
        "enum": [ReleaseReason::PlatformFailure, ReleaseReason::CustomerFailure, ReleaseReason::Cancelled],
    });
    /// An instant, or a day: its first moment in UTC.
    Instant = json!({
        "type": "string",
        "description": "RFC 3339, or a day.",
        "pattern": "^(19[7-9][0-9]|20[01][0-9]|202[0-5])-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$",
        "examples": ["2025-04-08T00:00:00Z", "2025-04-08"],
    });
    /// How much of a hold to take: all, so much in all, or so much of each line.
    CaptureBody = json!({
        "type": "object",
        "description": "How much to take: everything, `amount` in all from the first line on, or `lines`: so much of each, in order.",
        "properties": {
            "amount": { "$ref": "#/components/schemas/Amount" },
            "lines": { "type": "array", "items": { "$ref": "#/components/schemas/Amount" }, "maxItems": 64 },
        },
        "maxProperties": 1,
        "additionalProperties": false,
    });
    /// What to buy: a package, or an amount where the catalog sells any.
    TopUpBody = json!({
        "type": "object",
        "description": "What to buy: a `package`, or an `amount` of credits where the catalog sells any; and the currency to pay in.",
        "required": ["currency"],
        "properties": {
            "package": { "type": "string", "description": "The package's code.", "examples": ["light"] },
            "amount": { "$ref": "#/components/schemas/Amount" },
            "currency": { "type": "string", "pattern": "^[A-Z]{3}$", "examples": ["RUB"] },
            "method": {
                "type": "string",
                "pattern": "^[a-z]{1,32}\\.(card|yoo_money)$",
                "description": "The way to pay; the first one that takes the currency where nothing is said.",
                "examples": ["stripe.card"],
            },
        },
        "oneOf": [{ "required": ["package"] }, { "required": ["amount"] }],
        "additionalProperties": false,
    });
}
