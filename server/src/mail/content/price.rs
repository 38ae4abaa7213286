//! Mails about prices: a rise with the reader's own figures, its withdrawal; for admins, upstream costs due for review.

use app::components::pricing::change::percent_text;
use app::i18n::{Locale, td_string};
use app::text::amount::{exact_text, range_text};
use wallet::money::Credits;
use wallet::notify::{ReviewMail, RiseLine, RiseMail, WithdrawnMail};

use super::{Content, Writer};

/// Operations that the mail about a rise names; the changelog has the rest.
const RISES_MAX: usize = 8;
/// Operations that the mail about upstream costs names.
const REVIEWS_MAX: usize = 20;

/// Announces that prices go up.
pub(super) fn rise(writer: &Writer<'_>, rise: &RiseMail) -> Content {
    let locale = writer.locale;
    let (date, days, refused) = (writer.date(rise.effective_at), rise.days, rise.refused);
    let mut lines = Vec::new();
    // Where no charge goes on at some price, there is nothing to compare.
    if rise.operations.iter().any(|line| line.charges > line.refused) {
        let (before, after) = (writer.credits(rise.before), exact_text(locale, rise.after));
        lines.push(td_string!(locale, mail.price_rise.cost, days = days, before = before, date = &date, after = after));
    }
    if refused > 0 {
        lines.push(td_string!(locale, mail.price_rise.refused, count = refused, days = days));
    }
    lines.extend(rise.operations.iter().take(RISES_MAX).map(|line| rise_line(locale, line)));
    if rise.operations.len() > RISES_MAX {
        lines.push(td_string!(locale, mail.price_rise.more).to_owned());
    }
    lines.push(td_string!(locale, mail.price_rise.until, date = &date));
    let more = rise.after.checked_sub(rise.before).unwrap_or_default();
    // The news is what no longer works, where nothing costs more.
    let (subject, figure) = if refused > 0 && !more.is_positive() {
        let figure = td_string!(locale, mail.price_rise.figure_refused, count = refused);
        (td_string!(locale, mail.price_rise.subject_refused, date = date, figure = &figure), figure)
    } else {
        let figure = format!("{}{}", if more.is_positive() { "+" } else { "" }, writer.credits(more));
        (td_string!(locale, mail.price_rise.subject, date = date, figure = &figure), figure)
    };
    Content { subject, figure: Some(figure), lines, action: td_string!(locale, mail.price_rise.action) }
}

/// Says what becomes of one operation: `GPT-5: 2 → 3 (+50 %); your 2 requests: 4 → 6.`
fn rise_line(locale: Locale, line: &RiseLine) -> String {
    let (name, charges, refused) = (&line.name, line.charges, line.refused);
    let Some((min, max)) = line.price_after else {
        return td_string!(locale, mail.price_rise.line_removed, name = name, count = charges);
    };
    let after = range_text(locale, min, max);
    let before = line.price_before.map_or_else(|| "—".to_owned(), |(min, max)| range_text(locale, min, max));
    let prices = if before == after { before } else { format!("{before} → {after}") };
    let percent = line.percent.map_or_else(String::new, |span| format!(" ({})", percent_text(locale, span)));
    let going_on = charges.saturating_sub(refused);
    let cost = |count| {
        let amount = |credits: Credits| exact_text(locale, credits);
        let (before, after) = (amount(line.before), amount(line.after));
        td_string!(locale, mail.price_rise.line_cost, count = count, before = before, after = after)
    };
    let parts = [
        Some(format!("{name}: {prices}{percent}")),
        (going_on > 0).then(|| cost(going_on)),
        (refused > 0).then(|| td_string!(locale, mail.price_rise.line_refused, count = refused)),
    ];
    format!("{}.", parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// Says that an announced rise will not come.
pub(super) fn withdrawn(writer: &Writer<'_>, withdrawn: &WithdrawnMail) -> Content {
    let (locale, date) = (writer.locale, writer.date(withdrawn.effective_at));
    Content {
        subject: td_string!(locale, mail.rise_withdrawn.subject, date = &date),
        figure: None,
        lines: vec![
            td_string!(locale, mail.rise_withdrawn.note, date = &date),
            td_string!(locale, mail.rise_withdrawn.stays).to_owned(),
        ],
        action: td_string!(locale, mail.rise_withdrawn.action),
    }
}

/// Tells an admin of upstream costs that are due for review.
pub(super) fn review(writer: &Writer<'_>, review: &ReviewMail) -> Content {
    let (locale, count) = (writer.locale, review.operations.len());
    let mut list = review.operations.iter().take(REVIEWS_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if count > REVIEWS_MAX {
        list.push_str(", …");
    }
    let draft = review
        .draft
        .map(|(version, drops)| td_string!(locale, mail.upstream_review.draft, version = version, count = drops));
    Content {
        subject: td_string!(locale, mail.upstream_review.subject, count = count),
        figure: Some(count.to_string()),
        action: match draft {
            Some(_) => td_string!(locale, mail.upstream_review.see_draft),
            None => td_string!(locale, mail.upstream_review.see_margins),
        },
        lines: [Some(td_string!(locale, mail.upstream_review.due, list = list)), draft].into_iter().flatten().collect(),
    }
}
