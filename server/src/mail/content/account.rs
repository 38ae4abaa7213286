//! Mails about an account: its address, password and name, a wallet that is not used, a webhook that was switched off.

use app::i18n::{Locale, td_string};
use wallet::identity::Ended;
use wallet::money::Credits;
use wallet::notify::{KeyMail, WebhookFailingMail};

use super::{Content, Writer};

/// Asks to confirm an address, and names the gift that waits behind it.
pub(super) fn verification(writer: &Writer<'_>, gift: Option<Credits>) -> Content {
    let locale = writer.locale;
    let note = match gift {
        Some(_) => td_string!(locale, mail.verification.gift),
        None => td_string!(locale, mail.verification.no_gift),
    };
    Content {
        subject: td_string!(locale, mail.verification.subject, product = writer.product()),
        figure: gift.map(|gift| writer.credits(gift)),
        lines: vec![note.to_owned(), td_string!(locale, mail.verification.link).to_owned()],
        action: td_string!(locale, mail.verification.action),
    }
}

/// Leads to a new password.
pub(super) fn password_reset(writer: &Writer<'_>) -> Content {
    let locale = writer.locale;
    Content {
        subject: td_string!(locale, mail.password_reset.subject, product = writer.product()),
        figure: None,
        lines: vec![td_string!(locale, mail.password_reset.note).to_owned()],
        action: td_string!(locale, mail.set_password),
    }
}

/// Says that the password was changed.
pub(super) fn password_changed(writer: &Writer<'_>, ended: Ended) -> Content {
    let locale = writer.locale;
    let (note, advice) =
        (td_string!(locale, mail.password_changed.note), td_string!(locale, mail.password_changed.advice));
    Content {
        subject: td_string!(locale, mail.password_changed.subject, product = writer.product()),
        figure: None,
        lines: around(note, ended_text(locale, ended), advice),
        action: td_string!(locale, mail.set_password),
    }
}

/// Says that the address was proven.
pub(super) fn address_proven(writer: &Writer<'_>, ended: Ended) -> Content {
    let locale = writer.locale;
    let (note, advice) = (td_string!(locale, mail.address_proven.note), td_string!(locale, mail.address_proven.advice));
    Content {
        subject: td_string!(locale, mail.address_proven.subject, product = writer.product()),
        figure: None,
        lines: around(note, ended_text(locale, ended), advice),
        action: td_string!(locale, mail.address_proven.action),
    }
}

/// Says that there is an account already.
pub(super) fn sign_up_again(writer: &Writer<'_>) -> Content {
    let locale = writer.locale;
    let (note, advice) = (td_string!(locale, mail.sign_up_again.note), td_string!(locale, mail.sign_up_again.advice));
    Content {
        subject: td_string!(locale, mail.sign_up_again.subject, product = writer.product()),
        figure: None,
        lines: vec![note.to_owned(), advice.to_owned()],
        action: td_string!(locale, mail.set_password),
    }
}

/// Says that the name was changed.
pub(super) fn name_changed(writer: &Writer<'_>, name: &str, before: &str) -> Content {
    let locale = writer.locale;
    Content {
        subject: td_string!(locale, mail.name_changed.subject, product = writer.product()),
        figure: None,
        lines: vec![
            td_string!(locale, mail.name_changed.note, before = before, name = name),
            td_string!(locale, mail.name_changed.advice).to_owned(),
        ],
        action: td_string!(locale, mail.name_changed.action),
    }
}

/// Asks whether a wallet is still in use.
pub(super) fn inactive(writer: &Writer<'_>) -> Content {
    let locale = writer.locale;
    let (note, stays) = (td_string!(locale, mail.inactive.note), td_string!(locale, mail.inactive.stays));
    Content {
        subject: td_string!(locale, mail.inactive.subject, product = writer.product()),
        figure: None,
        lines: vec![note.to_owned(), stays.to_owned()],
        action: td_string!(locale, mail.inactive.action),
    }
}

/// Says that a webhook endpoint was switched off, and why.
pub(super) fn webhook_off(writer: &Writer<'_>, url: &str, is_gone: bool) -> Content {
    let locale = writer.locale;
    let why = match is_gone {
        true => td_string!(locale, mail.webhook_off.gone, url = url),
        false => td_string!(locale, mail.webhook_off.failed, url = url),
    };
    Content {
        subject: td_string!(locale, mail.webhook_off.subject).to_owned(),
        figure: None,
        lines: vec![why, td_string!(locale, mail.webhook_off.again).to_owned()],
        action: td_string!(locale, mail.webhook_off.action),
    }
}

/// Says that a webhook endpoint fails, and when it is switched off.
pub(super) fn webhook_failing(writer: &Writer<'_>, mail: &WebhookFailingMail) -> Content {
    let locale = writer.locale;
    let failed = td_string!(locale, mail.webhook_failing.note, url = &mail.url, date = writer.date(mail.since));
    let off = td_string!(locale, mail.webhook_failing.off, date = writer.date(mail.off_at));
    Content {
        subject: td_string!(locale, mail.webhook_failing.subject).to_owned(),
        figure: None,
        lines: vec![failed, off],
        action: td_string!(locale, mail.webhook_off.action),
    }
}

/// Says that an API key was made or revoked, and by whom.
pub(super) fn key(writer: &Writer<'_>, mail: &KeyMail) -> Content {
    let (locale, key, hint, by) = (writer.locale, &mail.key, &mail.hint, &mail.by);
    let (subject, note) = match mail.is_new {
        true => {
            let subject = td_string!(locale, mail.key.made_subject, product = writer.product());
            (subject, td_string!(locale, mail.key.made, key = key, hint = hint, by = by))
        }
        false => {
            let subject = td_string!(locale, mail.key.revoked_subject, product = writer.product());
            (subject, td_string!(locale, mail.key.revoked, key = key, hint = hint, by = by))
        }
    };
    let advice = match mail.is_new {
        true => td_string!(locale, mail.key.advice),
        false => td_string!(locale, mail.key.advice_revoked),
    };
    Content {
        subject,
        figure: None,
        lines: vec![note, advice.to_owned()],
        action: td_string!(locale, mail.address_proven.action),
    }
}

/// Puts what was ended between two lines, where it was anything.
fn around(first: &str, ended: Option<String>, last: &str) -> Vec<String> {
    [Some(first.to_owned()), ended, Some(last.to_owned())].into_iter().flatten().collect()
}

/// Says what was ended: `Ended: 2 sessions, 1 API key.`
fn ended_text(locale: Locale, ended: Ended) -> Option<String> {
    let Ended { sessions, keys, webhooks } = ended;
    let parts = [
        (sessions > 0).then(|| td_string!(locale, mail.ended.sessions, count = sessions)),
        (keys > 0).then(|| td_string!(locale, mail.ended.keys, count = keys)),
        (webhooks > 0).then(|| td_string!(locale, mail.ended.webhooks, count = webhooks)),
    ];
    let list = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    (!list.is_empty()).then(|| td_string!(locale, mail.ended.all, list = list))
}
