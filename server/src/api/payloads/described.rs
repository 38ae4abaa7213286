//! What webhooks say, for the OpenAPI document: each event with the schema of its message.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use wallet::notify::webhook::EventKind;

use super::{
    AddOnEvent, AutoTopUpEvent, CreditsEvent, DisputeEvent, EntryEvent, GrantEvent, HoldEvent, PaymentEvent,
    RefundEvent, SubscriptionEvent,
};
use crate::api::price_changes::ChangeBody;

/// Describes every event that an endpoint can ask for, by its name.
#[must_use]
pub fn described() -> Value {
    let events = EventKind::ALL.into_iter().map(|event| {
        let message = json!({
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": { "type": "string", "const": event.code() },
                "timestamp": { "type": "string", "format": "date-time" },
                "data": data_of(event),
            },
        });
        let post = json!({
            "summary": format!("`{}`", event.code()),
            "requestBody": { "content": { "application/json": { "schema": message } } },
            "responses": { "2XX": { "description": "The message was taken; anything else is tried again." } },
        });
        (event.code().to_owned(), json!({ "post": post }))
    });
    Value::Object(events.collect::<Map<_, _>>())
}

fn data_of(event: EventKind) -> Value {
    use EventKind::{
        AddOnEnded, AddOnPaused, AddOnResumed, AddOnStarted, CreditsLow, DisputeLost, DisputeOpened, DisputeWon,
        GrantExpired, GrantExpiring, HoldCaptured, HoldCreated, HoldExpired, HoldReleased, LedgerEntryCreated,
        OutOfCredits, PaymentFailed, PaymentInReview, PaymentSucceeded, PriceChangeAnnounced, RefundApproved,
        RefundFailed, RefundRefused, RefundRequested, RefundSucceeded, SubscriptionCancelled, SubscriptionChanged,
        SubscriptionEnded, SubscriptionPastDue, SubscriptionRenewed, SubscriptionResumed, SubscriptionStarted,
    };
    match event {
        LedgerEntryCreated | GrantExpired => schema::<EntryEvent>(),
        CreditsLow | OutOfCredits => schema::<CreditsEvent>(),
        GrantExpiring => schema::<GrantEvent>(),
        HoldCreated | HoldCaptured | HoldReleased | HoldExpired => schema::<HoldEvent>(),
        PaymentSucceeded | PaymentFailed | PaymentInReview => schema::<PaymentEvent>(),
        RefundRequested | RefundApproved | RefundRefused | RefundSucceeded | RefundFailed => schema::<RefundEvent>(),
        DisputeOpened | DisputeWon | DisputeLost => schema::<DisputeEvent>(),
        SubscriptionStarted
        | SubscriptionRenewed
        | SubscriptionChanged
        | SubscriptionPastDue
        | SubscriptionCancelled
        | SubscriptionResumed
        | SubscriptionEnded => schema::<SubscriptionEvent>(),
        AddOnStarted | AddOnPaused | AddOnResumed | AddOnEnded => schema::<AddOnEvent>(),
        PriceChangeAnnounced => schema::<ChangeBody>(),
        _ => schema::<AutoTopUpEvent>(),
    }
}

fn schema<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_described_with_its_own_data() {
        let all = described();
        let fields = |event: &str| all[event]["post"]["requestBody"]["content"]["application/json"]["schema"].clone();
        for event in EventKind::ALL {
            let data = &fields(event.code())["properties"]["data"]["properties"];
            assert!(data.is_object(), "{}", event.code());
        }
        assert!(fields("payment.failed")["properties"]["data"]["properties"]["reason"].is_object());
        assert!(fields("auto_top_up.failed")["properties"]["data"]["properties"]["until"].is_object());
    }
}
