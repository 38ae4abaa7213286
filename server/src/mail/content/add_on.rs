//! Mails about add-ons: paused, on again.

use app::i18n::td_string;
use wallet::notify::{AddOnMail, AddOnStep};

use super::{Content, Writer};

/// Says that an add-on is paused and why, or that it is on again and what was deducted.
pub(super) fn told(writer: &Writer<'_>, mail: &AddOnMail) -> Content {
    let (locale, name, credits) = (writer.locale, &mail.add_on, writer.credits(mail.credits));
    let (subject, lines) = match &mail.step {
        AddOnStep::Paused { reason, available } => {
            let why = match reason.as_str() {
                "wallet_frozen" => td_string!(locale, mail.add_on.frozen, name = name),
                "wallet_inactive" => td_string!(locale, mail.add_on.inactive, name = name),
                _ => {
                    let available = writer.credits(*available);
                    td_string!(locale, mail.add_on.short, name = name, credits = &credits, available = available)
                }
            };
            let resumes = td_string!(locale, mail.add_on.resumes, credits = &credits);
            (td_string!(locale, mail.add_on.paused_subject, name = name), vec![why, resumes])
        }
        AddOnStep::Resumed { until } => {
            let date = writer.date(*until);
            let resumed = td_string!(locale, mail.add_on.resumed, name = name, credits = &credits);
            let next = td_string!(locale, mail.add_on.next, date = date);
            (td_string!(locale, mail.add_on.resumed_subject, name = name), vec![resumed, next])
        }
    };
    Content { subject, figure: None, lines, action: td_string!(locale, mail.add_on.action) }
}
