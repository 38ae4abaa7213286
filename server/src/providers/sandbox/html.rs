//! The sandbox's pages: plain HTML that works without script, in the site's colours.

use std::fmt::Write;

use super::card::{CARDS, CardProblem, Problems, Typed};
use super::words::Words;
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
}

/// Writes the page where a card is typed.
#[must_use]
pub fn card(order: &Order<'_>, words: &Words, typed: &Typed, problems: &Problems) -> String {
    let field = |name: &str, label: &str, value: &str, hint: &str, problem: Option<CardProblem>| {
        let message = problem.map(|problem| words.problem(name, problem));
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
        let _ = write!(cards, "<tr><td>{number}</td><td>{}</td></tr>", escape(words.behaviour(behaviour)));
    }
    let body = format!(
        r#"<form method="post" action="/sandbox/checkout/{reference}" class="panel" novalidate>
{number}<div class="two">{expiry}{cvc}</div>
<button name="action" value="pay">{pay} {money}</button>
<button name="action" value="cancel" class="plain">{cancel}</button></form>
<section class="panel"><h2 class="sum">{cards_head}</h2><table><tbody>{cards}</tbody></table><p class="muted">{any}</p></section>"#,
        reference = escape(order.reference),
        number = field("number", words.number, &typed.number, "4242 4242 4242 4242", problems.number),
        expiry = field("expiry", words.expiry, &typed.expiry, "12/30", problems.expiry),
        cvc = field("cvc", words.cvc, &typed.cvc, "123", problems.cvc),
        pay = escape(words.pay),
        money = escape(order.money),
        cancel = escape(words.cancel),
        cards_head = escape(words.cards),
        any = escape(words.any),
    );
    let kept = if order.is_kept { note(words.kept) } else { String::new() };
    page(words, words.title, &format!("{}{}{kept}{body}", note(words.note), summary(order)))
}

/// Writes the page where the card's owner approves.
#[must_use]
pub fn challenge(order: &Order<'_>, words: &Words) -> String {
    let body = format!(
        r#"{}{}<form method="post" action="/sandbox/checkout/{}/challenge" class="panel">
<button name="answer" value="approve">{}</button><button name="answer" value="reject" class="plain">{}</button></form>"#,
        note(words.challenge_note),
        summary(order),
        escape(order.reference),
        escape(words.approve),
        escape(words.reject),
    );
    page(words, words.challenge, &body)
}

/// Writes a page that says one thing and leads back.
#[must_use]
pub fn message(words: &Words, head: &str, text: &str, back: Option<&str>) -> String {
    let link = back.map(|url| format!(r#"<p><a href="{}">{}</a></p>"#, escape(url), escape(words.back)));
    page(words, head, &format!("{}{}", note(text), link.unwrap_or_default()))
}

fn note(text: &str) -> String {
    format!(r#"<p class="muted">{}</p>"#, escape(text))
}

fn summary(order: &Order<'_>) -> String {
    format!(r#"<div class="panel sum"><span>{}</span><span>{}</span></div>"#, escape(order.title), escape(order.money))
}

fn page(words: &Words, head: &str, body: &str) -> String {
    narrow(words.code, head, &format!("<h1>{}</h1>{body}", escape(head)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_becomes_markup() {
        let order = Order { reference: "r", title: "<b>x</b>", money: "449 ₽", is_kept: true };
        let typed = Typed::new("\"><script>alert(1)</script>", "", "");
        let page = card(&order, Words::of("en"), &typed, &Problems::default());
        assert!(!page.contains("<script") && !page.contains("<b>x") && page.contains("&quot;&gt;&lt;script&gt;"));
    }
}
