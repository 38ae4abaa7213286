//! The sandbox's pages: plain HTML that works without script, in the site's colours.

use std::fmt::Write;

use super::card::{CARDS, CardProblem, Problems, Typed};
use super::words::Words;

/// What every page of a payment shows.
#[derive(Debug)]
pub struct Order<'a> {
    /// The payment's reference.
    pub reference: &'a str,
    /// What is bought.
    pub title: &'a str,
    /// What it costs, in words.
    pub money: &'a str,
}

const STYLE: &str = "
:root{color-scheme:light dark;--page:#f3f6f4;--surface:#fff;--line:#dde5e0;--ink:#12201b;--muted:#4d5d56;--control:#78877f;--accent:#0b6650;--on:#fff;--error:#b42318}
@media(prefers-color-scheme:dark){:root{--page:#0c1310;--surface:#131c18;--line:#2a3731;--ink:#e7eeea;--muted:#a3b3ab;--control:#74857d;--accent:#6ad3af;--on:#0c1310;--error:#ff9a8b}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:14px/22px 'Golos Text',ui-sans-serif,system-ui,sans-serif}
main{max-width:26rem;margin:0 auto;padding:2.5rem 1.25rem}h1{font:600 28px/34px 'Piazzolla',ui-serif,Georgia,serif;margin:0 0 .25rem}
.panel{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:1.25rem;margin-top:1.25rem}
.sum{display:flex;justify-content:space-between;gap:1rem;font-weight:600}.muted{color:var(--muted);font-size:13px;line-height:20px}
label{display:block;font-weight:600;margin-top:1rem}input{width:100%;height:44px;margin-top:.25rem;padding:0 .75rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--control);border-radius:6px}
input[aria-invalid=true]{border-color:var(--error)}.problem{color:var(--error);font-size:13px;line-height:20px;margin:.25rem 0 0}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}button{width:100%;height:44px;margin-top:1.25rem;border-radius:6px;font:inherit;font-weight:600;cursor:pointer;border:1px solid var(--accent);background:var(--accent);color:var(--on)}
button.plain{background:transparent;color:var(--ink);border-color:var(--control);margin-top:.75rem}a{color:var(--accent)}:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{width:100%;border-collapse:collapse;margin-top:.5rem}td{padding:.375rem 0;border-top:1px solid var(--line);vertical-align:top}td:first-child{font-family:ui-monospace,'SF Mono','DejaVu Sans Mono',monospace;white-space:nowrap;padding-right:1rem}
";

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
    page(words, words.title, &format!("{}{}{body}", note(words.note), summary(order)))
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
    format!(
        r#"<!DOCTYPE html><html lang="{}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>{head}</title><link rel="stylesheet" href="/sandbox/sandbox.css"></head><body><main><h1>{head}</h1>{body}</main></body></html>"#,
        words.code,
        head = escape(head),
    )
}

/// The pages' style.
#[must_use]
pub const fn style() -> &'static str {
    STYLE
}

/// Writes text so that it is only text.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_becomes_markup() {
        let order = Order { reference: "r", title: "<b>x</b>", money: "449 ₽" };
        let typed = Typed::new("\"><script>alert(1)</script>", "", "");
        let page = card(&order, Words::of("en"), &typed, &Problems::default());
        assert!(!page.contains("<script") && !page.contains("<b>x") && page.contains("&quot;&gt;&lt;script&gt;"));
    }
}
