//! The sandbox's pages: plain HTML that works without script, in the site's colours.

use std::fmt::Write;

use app::i18n::{I18nLocaleTrait as _, Locale, td_string};

use super::card::{Behaviour, CARDS, CardProblem, Problems, Typed};
use crate::http::html_page::{escape, narrow};

/// What every page of a payment shows.
#[derive(Debug)]
pub struct Order<'a> {
    /// The payment's reference.
    pub reference: &'a str,
    /// What is bought.
    pub title: &'a str,
    /// What it costs, in words.
    pub money: &'a str,
    /// Whether the card is kept to be charged again.
    pub is_kept: bool,
    /// Whether it is only saved, and nothing is paid.
    pub is_setup: bool,
}

/// Writes the page where a card is typed.
#[must_use]
pub fn card(order: &Order<'_>, locale: Locale, typed: &Typed, problems: &Problems) -> String {
    let field = |name: &str, label: &str, value: &str, hint: &str, problem: Option<CardProblem>| {
        let message = problem.map(|problem| problem_text(locale, name, problem));
        let invalid = if message.is_some() {
            format!(r#" aria-invalid="true" aria-describedby="{name}-problem""#)
        } else {
            String::new()
        };
        let message = message.map(|text| format!(r#"<p class="problem" id="{name}-problem">{}</p>"#, escape(text)));
        format!(
            r#"<div><label for="{name}">{}</label><input id="{name}" name="{name}" value="{}" inputmode="numeric" autocomplete="off" placeholder="{hint}" maxlength="40"{invalid}>{}</div>"#,
            escape(label),
            escape(value),
            message.unwrap_or_default()
        )
    };
    let mut cards = String::new();
    for (number, behaviour) in CARDS {
        let _ = write!(cards, "<tr><td>{number}</td><td>{}</td></tr>", escape(behaviour_text(locale, behaviour)));
    }
    let body = format!(
        r#"<form method="post" action="/sandbox/checkout/{reference}" class="panel" novalidate>
{number}<div class="two">{expiry}{cvc}</div>
<button name="action" value="pay">{pay}</button>
<button name="action" value="cancel" class="plain">{cancel}</button></form>
<section class="panel"><h2 class="sum">{cards_head}</h2><table><tbody>{cards}</tbody></table><p class="muted">{any}</p></section>"#,
        reference = escape(order.reference),
        number =
            field("number", td_string!(locale, sandbox.number), &typed.number, "4242 4242 4242 4242", problems.number),
        expiry = field("expiry", td_string!(locale, sandbox.expiry), &typed.expiry, "12/30", problems.expiry),
        cvc = field("cvc", td_string!(locale, sandbox.cvc), &typed.cvc, "123", problems.cvc),
        pay = match order.is_setup {
            true => escape(td_string!(locale, sandbox.save)),
            false => escape(&td_string!(locale, sandbox.pay, money = order.money)),
        },
        cancel = escape(td_string!(locale, sandbox.cancel)),
        cards_head = escape(td_string!(locale, sandbox.cards)),
        any = escape(td_string!(locale, sandbox.cards_note)),
    );
    let kept =
        if order.is_kept && !order.is_setup { note(td_string!(locale, sandbox.card_kept)) } else { String::new() };
    let body = format!("{}{}{kept}{body}", note(td_string!(locale, sandbox.note)), summary(order));
    page(locale, td_string!(locale, sandbox.title), &body)
}

/// Says what a test card does.
fn behaviour_text(locale: Locale, behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Succeeds => td_string!(locale, sandbox.pays),
        Behaviour::Declines => td_string!(locale, sandbox.is_declined),
        Behaviour::AsksOwner => td_string!(locale, sandbox.asks_owner),
        Behaviour::LosesAnswer => td_string!(locale, sandbox.loses_answer),
        Behaviour::DeclinesOnce => td_string!(locale, sandbox.declined_once),
        Behaviour::DeclinesLater => td_string!(locale, sandbox.declined_later),
    }
}

/// Says what to do about a problem.
fn problem_text(locale: Locale, field: &str, problem: CardProblem) -> &'static str {
    match (problem, field) {
        (CardProblem::Required, _) => td_string!(locale, sandbox.required),
        (CardProblem::Malformed, "expiry") => td_string!(locale, sandbox.not_a_month),
        (CardProblem::Malformed, "cvc") => td_string!(locale, sandbox.not_a_code),
        (CardProblem::Malformed, _) => td_string!(locale, sandbox.not_a_number),
        (CardProblem::Mistyped, _) => td_string!(locale, sandbox.mistyped),
        (CardProblem::NotATestCard, _) => td_string!(locale, sandbox.not_a_test_card),
        (CardProblem::Expired, _) => td_string!(locale, sandbox.expired),
    }
}

/// Writes the page where the card's owner approves.
#[must_use]
pub fn challenge(order: &Order<'_>, locale: Locale) -> String {
    let body = format!(
        r#"{}{}<form method="post" action="/sandbox/checkout/{}/challenge" class="panel">
<button name="answer" value="approve">{}</button><button name="answer" value="reject" class="plain">{}</button></form>"#,
        note(td_string!(locale, sandbox.challenge_note)),
        summary(order),
        escape(order.reference),
        escape(td_string!(locale, sandbox.approve)),
        escape(td_string!(locale, sandbox.reject)),
    );
    page(locale, td_string!(locale, sandbox.challenge), &body)
}

/// Writes a page that says one thing and leads back.
#[must_use]
pub fn message(locale: Locale, head: &str, text: &str, back: Option<&str>) -> String {
    let text_back = td_string!(locale, sandbox.back);
    let link = back.map(|url| format!(r#"<p><a href="{}">{}</a></p>"#, escape(url), escape(text_back)));
    page(locale, head, &format!("{}{}", note(text), link.unwrap_or_default()))
}

fn note(text: &str) -> String {
    format!(r#"<p class="muted">{}</p>"#, escape(text))
}

fn summary(order: &Order<'_>) -> String {
    if order.is_setup {
        return String::new();
    }
    format!(r#"<div class="panel sum"><span>{}</span><span>{}</span></div>"#, escape(order.title), escape(order.money))
}

fn page(locale: Locale, head: &str, body: &str) -> String {
    narrow(locale.as_str(), head, &format!("<h1>{}</h1>{body}", escape(head)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_becomes_markup() {
        let order = Order { reference: "r", title: "<b>x</b>", money: "449 ₽", is_kept: true, is_setup: false };
        let typed = Typed::new("\"><script>alert(1)</script>", "", "");
        let page = card(&order, Locale::en, &typed, &Problems::default());
        assert!(!page.contains("<script") && !page.contains("<b>x") && page.contains("&quot;&gt;&lt;script&gt;"));
    }
}
