//! What mails about credits are called.

use wallet::notify::Topic;

use crate::i18n::*;

/// Names a topic of optional mails.
#[must_use]
pub fn topic_text(locale: Locale, topic: Topic) -> &'static str {
    match topic {
        Topic::LowBalance => td_string!(locale, notifications.low),
        Topic::RunsOut => td_string!(locale, notifications.runs_out),
        Topic::Empty => td_string!(locale, notifications.empty),
        Topic::Expiring => td_string!(locale, notifications.expiring),
        Topic::Allowance => td_string!(locale, notifications.allowance),
        Topic::WebhookFailing => td_string!(locale, notifications.webhook_failing),
    }
}

/// Says when such a mail is sent.
#[must_use]
pub fn topic_note(locale: Locale, topic: Topic) -> &'static str {
    match topic {
        Topic::LowBalance => td_string!(locale, notifications.low_note),
        Topic::RunsOut => td_string!(locale, notifications.runs_out_note),
        Topic::Empty => td_string!(locale, notifications.empty_note),
        Topic::Expiring => td_string!(locale, notifications.expiring_note),
        Topic::Allowance => td_string!(locale, notifications.allowance_note),
        Topic::WebhookFailing => td_string!(locale, notifications.webhook_failing_note),
    }
}
