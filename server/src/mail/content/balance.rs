//! Mails about credits: low, gone, soon gone, soon expired, arrived.

use app::i18n::td_string;
use wallet::notify::{BalanceMail, BalanceStep, ExpiringMail};

use super::{Content, Writer};

/// Says how a balance stands.
pub(super) fn told(writer: &Writer<'_>, mail: &BalanceMail) -> Content {
    let (locale, product) = (writer.locale, writer.product());
    let available = writer.credits(mail.available);
    let refused = || td_string!(locale, mail.balance.refused).to_owned();
    let (subject, lines, action) = match &mail.step {
        BalanceStep::Low { below, is_own } => {
            let below = writer.credits(*below);
            let note = match is_own {
                true => td_string!(locale, mail.balance.low_own, below = &below),
                false => td_string!(locale, mail.balance.low, below = &below),
            };
            let subject = td_string!(locale, mail.balance.low_subject, product = product, below = &below);
            (subject, vec![note, refused()], td_string!(locale, wallet.top_up))
        }
        BalanceStep::Empty => {
            let note = td_string!(locale, mail.balance.empty).to_owned();
            let subject = td_string!(locale, mail.balance.empty_subject, product = product);
            (subject, vec![note], td_string!(locale, wallet.top_up))
        }
        BalanceStep::RunsOut => {
            let note = td_string!(locale, mail.balance.runs_out).to_owned();
            let subject = td_string!(locale, mail.balance.runs_out_subject, product = product);
            (subject, vec![note, refused()], td_string!(locale, wallet.top_up))
        }
        BalanceStep::Allowance { credits, expires_at } => {
            let subject = td_string!(locale, mail.balance.allowance_subject, credits = writer.credits(*credits));
            let ends = expires_at.map(|at| td_string!(locale, mail.balance.allowance_ends, date = writer.date(at)));
            let note = td_string!(locale, mail.balance.allowance).to_owned();
            let lines = std::iter::once(note).chain(ends).collect();
            (subject, lines, td_string!(locale, mail.inactive.action))
        }
    };
    Content { subject, figure: Some(available), lines, action }
}

/// Lists the credits that expire soon.
pub(super) fn expiring(writer: &Writer<'_>, mail: &ExpiringMail) -> Content {
    let locale = writer.locale;
    let credits = writer.credits(mail.credits);
    let subject = match mail.days {
        ..=1 => td_string!(locale, mail.expiring.subject_day, credits = &credits),
        days => td_string!(locale, mail.expiring.subject, credits = &credits, days = i64::from(days)),
    };
    let line = |line: &wallet::notify::ExpiringLine| {
        let (amount, date) = (writer.credits(line.credits), writer.date(line.at));
        td_string!(locale, mail.expiring.line, label = &line.label, credits = amount, date = date)
    };
    let last = td_string!(locale, mail.expiring.note).to_owned();
    let lines = mail.lines.iter().map(line).chain([last]).collect();
    Content { subject, figure: Some(credits), lines, action: td_string!(locale, mail.inactive.action) }
}
