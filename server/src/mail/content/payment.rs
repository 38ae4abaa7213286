//! Mails about money: a payment whose credits arrived, a plan that began, was renewed, could not be paid, or ended.

use app::i18n::td_string;
use wallet::catalog::{Expiry, Interval};
use wallet::notify::{CardMail, PaidMail, PlanMail, PlanTroubleMail};

use super::{Content, Writer};

/// Confirms a payment.
pub(super) fn receipt(writer: &Writer<'_>, paid: &PaidMail) -> Content {
    let locale = writer.locale;
    let (credits, money) = (writer.credits(paid.credits), writer.money(paid.money));
    Content {
        subject: td_string!(locale, mail.receipt.subject, credits = &credits),
        figure: Some(credits),
        lines: with_bonus(
            writer,
            paid,
            vec![td_string!(locale, mail.receipt.note, title = &paid.title, money = money)],
        ),
        action: td_string!(locale, mail.see_order),
    }
}

/// Confirms a payment whose credits arrived later than usual.
pub(super) fn credits_late(writer: &Writer<'_>, paid: &PaidMail) -> Content {
    let locale = writer.locale;
    let (credits, money) = (writer.credits(paid.credits), writer.money(paid.money));
    Content {
        subject: td_string!(locale, mail.credits_late.subject, credits = &credits),
        figure: Some(credits),
        lines: with_bonus(
            writer,
            paid,
            vec![
                td_string!(locale, mail.credits_late.paid, title = &paid.title, money = money),
                td_string!(locale, mail.credits_late.note).to_owned(),
            ],
        ),
        action: td_string!(locale, mail.see_order),
    }
}

/// Adds what came for nothing, where something did.
fn with_bonus(writer: &Writer<'_>, paid: &PaidMail, mut lines: Vec<String>) -> Vec<String> {
    if paid.bonus.is_positive() {
        let bonus = writer.credits(paid.bonus);
        lines.push(td_string!(writer.locale, mail.receipt.bonus, bonus = bonus));
    }
    lines
}

/// Says that a paid plan has begun.
pub(super) fn plan_started(writer: &Writer<'_>, plan: &PlanMail) -> Content {
    paid_plan(writer, plan, td_string!(writer.locale, mail.plan.started, plan = &plan.plan))
}

/// Says that a plan was paid again.
pub(super) fn plan_renewed(writer: &Writer<'_>, plan: &PlanMail) -> Content {
    let credits = writer.credits(plan.credits);
    paid_plan(writer, plan, td_string!(writer.locale, mail.plan.renewed, plan = &plan.plan, credits = credits))
}

/// Says that a plan has become a higher one.
pub(super) fn plan_changed(writer: &Writer<'_>, mail: &PlanMail) -> Content {
    let locale = writer.locale;
    let (plan, money) = (&mail.plan, writer.money(mail.money));
    Content {
        subject: td_string!(locale, mail.plan.changed, plan = plan),
        figure: Some(writer.credits(mail.credits)),
        lines: vec![
            td_string!(locale, mail.plan.difference, plan = plan, money = money),
            td_string!(locale, mail.plan.next, date = writer.date(mail.until)),
        ],
        action: td_string!(locale, mail.see_order),
    }
}

fn paid_plan(writer: &Writer<'_>, mail: &PlanMail, subject: String) -> Content {
    let locale = writer.locale;
    let (plan, money) = (&mail.plan, writer.money(mail.money));
    let paid = match mail.interval {
        Interval::Month => td_string!(locale, mail.plan.month, plan = plan, money = money),
        Interval::Year => td_string!(locale, mail.plan.year, plan = plan, money = money),
    };
    Content {
        subject,
        figure: Some(writer.credits(mail.credits)),
        lines: vec![paid, td_string!(locale, mail.plan.next, date = writer.date(mail.until))],
        action: td_string!(locale, mail.see_order),
    }
}

/// Says that the card was declined, and what stays until it is charged again.
pub(super) fn plan_unpaid(writer: &Writer<'_>, mail: &PlanTroubleMail) -> Content {
    let locale = writer.locale;
    let (plan, money) = (&mail.plan, writer.money(mail.money));
    let card = mail.method.as_deref().unwrap_or(td_string!(locale, mail.plan_unpaid.your_card));
    let stays = match mail.expiry {
        Some(Expiry::PeriodEnd) => td_string!(locale, mail.plan_unpaid.stays_bought),
        Some(_) => td_string!(locale, mail.plan_unpaid.stays_credits),
        None => td_string!(locale, mail.plan_unpaid.stays),
    };
    let again = match mail.next_try_at {
        Some(at) if mail.awaits_owner => {
            td_string!(locale, mail.plan_unpaid.owner, date = writer.date(at), stays = stays)
        }
        Some(at) => td_string!(locale, mail.plan_unpaid.again, date = writer.date(at), stays = stays),
        None => td_string!(locale, mail.plan_unpaid.last_try).to_owned(),
    };
    Content {
        subject: td_string!(locale, mail.plan_unpaid.subject, plan = plan),
        lines: vec![
            td_string!(locale, mail.plan_unpaid.note, money = &money, plan = plan, card = card),
            again,
            td_string!(locale, mail.plan_unpaid.other_card).to_owned(),
        ],
        figure: Some(money),
        action: td_string!(locale, mail.plan_unpaid.action),
    }
}

/// Says that a saved card expires soon.
pub(super) fn card_expires(writer: &Writer<'_>, card: &CardMail) -> Content {
    let locale = writer.locale;
    let date = card.expires.map(|(year, month)| format!("{month:02}/{year}")).unwrap_or_default();
    let then = match card.pays_plan {
        true => td_string!(locale, mail.card_expires.plan),
        false => td_string!(locale, mail.card_expires.other),
    };
    Content {
        subject: td_string!(locale, mail.card_expires.subject, method = &card.method),
        figure: None,
        lines: vec![td_string!(locale, mail.card_expires.note, method = &card.method, date = date), then.to_owned()],
        action: td_string!(locale, mail.card_expires.action),
    }
}

/// Says that a paid plan is over, and what stays.
pub(super) fn plan_ended(writer: &Writer<'_>, mail: &PlanTroubleMail) -> Content {
    let locale = writer.locale;
    let (plan, money, tries) = (&mail.plan, writer.money(mail.money), mail.tries);
    let unpaid = mail.is_unpaid.then(|| td_string!(locale, mail.plan_ended.unpaid, money = money, tries = tries));
    let now = mail.down_to.as_ref().map(|plan| td_string!(locale, mail.plan_ended.now, plan = plan));
    let lines = [
        unpaid,
        Some(td_string!(locale, mail.plan_ended.note, plan = plan)),
        now,
        Some(td_string!(locale, mail.plan_ended.stays).to_owned()),
    ];
    Content {
        subject: td_string!(locale, mail.plan_ended.subject, plan = plan),
        figure: None,
        lines: lines.into_iter().flatten().collect(),
        action: td_string!(locale, mail.plan_ended.action),
    }
}
