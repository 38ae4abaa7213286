//! Mails about refunds and disputes.

use app::i18n::td_string;
use wallet::notify::{DisputeMail, DisputeStep, RefundMail, RefundStep};

use super::{Content, Writer};

/// Tells how far a request is.
pub(super) fn request(writer: &Writer<'_>, refund: &RefundMail) -> Content {
    let locale = writer.locale;
    let (number, title) = (format!("R-{}", refund.number), &refund.title);
    let credits = writer.credits(refund.credits);
    let money = refund.money.map(|money| writer.money(money));
    let amount = money.clone().unwrap_or_else(|| credits.clone());
    let message = refund.message.as_ref().map(|message| td_string!(locale, mail.refund.message, message = message));
    let (subject, note) = match refund.step {
        RefundStep::Asked => (
            td_string!(locale, mail.refund.asked, number = &number),
            td_string!(locale, mail.refund.asked_note, title = title, date = writer.date(refund.reply_by)),
        ),
        RefundStep::Approved => (
            td_string!(locale, mail.refund.approved, number = &number),
            td_string!(locale, mail.refund.approved_note, title = title, credits = &credits),
        ),
        RefundStep::CreditsBack => (
            td_string!(locale, mail.refund.credits_back, number = &number),
            td_string!(locale, mail.refund.credits_back_note, title = title),
        ),
        RefundStep::Refused => (
            td_string!(locale, mail.refund.refused, number = &number),
            td_string!(locale, mail.refund.refused_note, title = title),
        ),
        RefundStep::Paid => (
            td_string!(locale, mail.refund.paid, number = &number),
            td_string!(locale, mail.refund.paid_note, title = title),
        ),
        RefundStep::Failed => (
            td_string!(locale, mail.refund.failed, number = &number),
            td_string!(locale, mail.refund.failed_note, title = title, credits = &credits),
        ),
    };
    Content {
        subject,
        figure: (refund.step != RefundStep::Refused).then_some(amount),
        lines: [Some(note), message].into_iter().flatten().collect(),
        action: td_string!(locale, mail.refund.action),
    }
}

/// Says that a payment is disputed, and how that ended.
pub(super) fn dispute(writer: &Writer<'_>, dispute: &DisputeMail) -> Content {
    let locale = writer.locale;
    let (title, credits) = (&dispute.title, writer.credits(dispute.credits));
    let (subject, note) = match dispute.step {
        DisputeStep::Opened => (
            td_string!(locale, mail.dispute.opened, title = title),
            td_string!(locale, mail.dispute.opened_note, credits = credits),
        ),
        DisputeStep::Won => (
            td_string!(locale, mail.dispute.won, title = title),
            td_string!(locale, mail.dispute.won_note, credits = credits),
        ),
        DisputeStep::Lost => (
            td_string!(locale, mail.dispute.lost, title = title),
            td_string!(locale, mail.dispute.lost_note, credits = credits),
        ),
    };
    Content {
        subject,
        figure: Some(writer.money(dispute.money)),
        lines: vec![note],
        action: td_string!(locale, mail.see_order),
    }
}
