//! Mails about auto top-up: each charge, and whatever stops it.

use app::i18n::td_string;
use wallet::notify::{AutoTopUpMail, AutoTopUpTroubleMail, TopUpTrouble};

use super::{Content, Writer};

/// Says that the card was charged by itself, and what that brought.
pub(super) fn charged(writer: &Writer<'_>, mail: &AutoTopUpMail) -> Content {
    let locale = writer.locale;
    let (credits, money) = (writer.credits(mail.credits), writer.money(mail.money));
    let paid = match &mail.method {
        Some(card) => td_string!(locale, mail.auto_top_up.charged, money = money, card = card, credits = &credits),
        None => td_string!(locale, mail.auto_top_up.charged_other, money = money, credits = &credits),
    };
    Content {
        subject: td_string!(locale, mail.auto_top_up.charged_subject, credits = &credits),
        figure: Some(credits),
        lines: vec![paid, td_string!(locale, mail.auto_top_up.change).to_owned()],
        action: td_string!(locale, mail.see_order),
    }
}

/// Says that a charge was declined, that it has stopped, or that a limit is reached.
pub(super) fn trouble(writer: &Writer<'_>, mail: &AutoTopUpTroubleMail) -> Content {
    let locale = writer.locale;
    let (money, card) = (writer.money(mail.money), &mail.method);
    let (subject, lines) = match &mail.trouble {
        TopUpTrouble::Declined { next_try_at } => (
            td_string!(locale, mail.auto_top_up.declined_subject).to_owned(),
            vec![
                td_string!(locale, mail.auto_top_up.declined, money = money, card = card),
                td_string!(locale, mail.auto_top_up.again, date = writer.date(*next_try_at)),
            ],
        ),
        TopUpTrouble::Stopped { reason } => {
            let (why, then) = stopped(writer, reason, card);
            (td_string!(locale, mail.auto_top_up.stopped_subject).to_owned(), vec![why, then.to_owned()])
        }
        TopUpTrouble::Limit { is_daily, limit, until } => {
            let (limit, date) = (writer.money(*limit), writer.date(*until));
            let reached = match is_daily {
                true => td_string!(locale, mail.auto_top_up.daily_limit, limit = limit),
                false => td_string!(locale, mail.auto_top_up.monthly_limit, limit = limit),
            };
            let subject = match is_daily {
                true => td_string!(locale, mail.auto_top_up.daily_subject),
                false => td_string!(locale, mail.auto_top_up.monthly_subject),
            };
            (subject.to_owned(), vec![reached, td_string!(locale, mail.auto_top_up.goes_on, date = date)])
        }
    };
    Content { subject, figure: None, lines, action: td_string!(locale, mail.auto_top_up.action) }
}

/// Says why it has stopped, and what to do.
fn stopped(writer: &Writer<'_>, reason: &str, card: &str) -> (String, &'static str) {
    let locale = writer.locale;
    let another = td_string!(locale, mail.auto_top_up.another_card);
    match reason {
        "declines" => (td_string!(locale, mail.auto_top_up.declines, card = card), another),
        "asks_owner" => {
            (td_string!(locale, mail.auto_top_up.asks_owner, card = card), td_string!(locale, mail.auto_top_up.confirm))
        }
        "revoked" => (td_string!(locale, mail.auto_top_up.revoked, card = card), another),
        "card_gone" | "provider_off" => (td_string!(locale, mail.auto_top_up.card_gone, card = card), another),
        "card_expired" => (td_string!(locale, mail.auto_top_up.card_expired, card = card), another),
        "price_changed" => (
            td_string!(locale, mail.auto_top_up.price_changed).to_owned(),
            td_string!(locale, mail.auto_top_up.agree_anew),
        ),
        _ => (td_string!(locale, mail.auto_top_up.checked).to_owned(), td_string!(locale, mail.auto_top_up.agree_anew)),
    }
}
