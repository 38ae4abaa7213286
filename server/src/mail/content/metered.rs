//! Mails about metered items: a part of a month goes over to the next one.

use app::i18n::td_string;
use app::text::date_time::long_date_text;
use wallet::notify::MeteredMail;

use super::{Content, Writer};

/// Says what a month came to, what was charged of it, and that the rest goes over to the next one.
pub(super) fn carried(writer: &Writer<'_>, mail: &MeteredMail) -> Content {
    let locale = writer.locale;
    let (from, to) = (long_date_text(locale, mail.from), long_date_text(locale, mail.to));
    let (due, charged) = (writer.credits(mail.due), writer.credits(mail.charged));
    let lines = vec![
        td_string!(locale, mail.metered.due, from = from, to = to, due = due, charged = charged),
        td_string!(locale, mail.metered.carried, carried = writer.credits(mail.carried)),
    ];
    Content {
        subject: td_string!(locale, mail.metered.subject, carried = writer.credits(mail.carried)),
        figure: None,
        lines,
        action: td_string!(locale, mail.metered.action),
    }
}
