//! One line for people about an event: what Slack shows.

use app::i18n::{Locale, td_string};
use app::text::amount::exact_text;
use app::text::event::event_words;
use serde_json::Value;
use wallet::money::Credits;
use wallet::notify::webhook::EventKind;

/// Where a name for people stands in the data of events, the best one first.
const NAMES: [&str; 5] = ["/entry/title", "/title", "/name", "/label", "/plan"];
/// Where credits stand that an event is about.
const CREDITS: [&str; 4] = ["/credits", "/amount", "/entry/amount", "/monthly_credits"];
/// Where money stands.
const MONEY: [&str; 2] = ["/price", "/amount"];

/// Writes the line: what happened, to what, how much.
pub(super) fn written(event: EventKind, data: &Value, locale: &str) -> String {
    let locale: Locale = locale.parse().unwrap_or_default();
    let text = |place: &&str| data.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
    let credits = |place: &str| Some(exact_text(locale, amount_of(data.pointer(place)?)?));
    let money = MONEY.into_iter().find_map(|place| {
        let money = data.pointer(place)?;
        Some(format!("{} {}", money.get("amount")?.as_str()?, money.get("currency")?.as_str()?))
    });
    let parts = [
        Some(event_words(locale, event).to_owned()),
        NAMES.iter().find_map(text).map(escaped),
        credits("/available").map(|amount| td_string!(locale, webhooks.line_available, amount = amount)),
        CREDITS.into_iter().find_map(credits).map(|amount| td_string!(locale, webhooks.line_credits, amount = amount)),
        money,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Reads credits, where it is a number; nothing is said of none.
fn amount_of(value: &Value) -> Option<Credits> {
    // Unlike JSON's own way, this writes small numbers without an exponent.
    let text = value.as_i64().map(|whole| whole.to_string()).or_else(|| value.as_f64().map(|part| part.to_string()));
    text?.parse().ok().filter(|amount: &Credits| *amount != Credits::ZERO)
}

/// Writes a name so that Slack takes none of it for a command: `<!channel>` would call everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_what_happened_to_what_and_how_much() {
        let low = json!({ "wallet": "w", "available": 1234.5, "low_below": 2000, "entry_seq": 7 });
        assert_eq!(written(EventKind::CreditsLow, &low, "en"), "Low balance · available: 1,234.5");
        assert_eq!(written(EventKind::CreditsLow, &low, "ru"), "Низкий баланс · доступно: 1\u{a0}234,5");
        let price = json!({ "minor": 44900, "currency": "RUB", "amount": "449.00" });
        let paid = json!({ "title": "Light", "credits": 100, "price": price });
        assert_eq!(
            written(EventKind::PaymentSucceeded, &paid, "en"),
            "Payment succeeded · Light · credits: 100 · 449.00 RUB"
        );
        let hold = json!({ "hold_id": 7, "amount": 0.000001, "entry": { "title": "GPT-5", "amount": 0 } });
        assert_eq!(written(EventKind::HoldCreated, &hold, "en"), "Hold created · GPT-5 · credits: 0.000001");
        let row = json!({ "entry": { "title": "GPT-5", "amount": 0 } });
        assert_eq!(written(EventKind::LedgerEntryCreated, &row, "en"), "Ledger entry created · GPT-5");
        assert_eq!(written(EventKind::Test, &json!({}), "xx"), "Test message");
    }

    #[test]
    fn a_name_calls_nobody() {
        let data = json!({ "label": "<!channel> & co" });
        let line = written(EventKind::GrantExpiring, &data, "en");
        assert_eq!(line, "Credits expire soon · &lt;!channel&gt; &amp; co");
    }
}
