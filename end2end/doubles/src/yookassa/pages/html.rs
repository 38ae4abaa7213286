//! The HTML of the hosted pages: no scripts, every field labelled, errors at their fields.

use super::text::Words;
use crate::core::Answer;
use crate::core::page::escape;

/// What a page is about: a payment, or a card that is to be saved.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The path of the page.
    pub(super) path: String,
    pub(super) return_url: String,
    pub(super) english: bool,
    /// None when a card is saved without a payment.
    pub(super) amount: Option<String>,
    pub(super) description: Option<String>,
    pub(super) offers_card: bool,
    pub(super) offers_wallet: bool,
    /// Whether what is paid with will be saved.
    pub(super) saves: bool,
}

/// What was typed, and what is wrong with it, by field.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) number: String,
    pub(super) expiry: String,
    pub(super) wallet: String,
    pub(super) errors: Vec<(&'static str, &'static str)>,
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:2rem auto;padding:0 1rem;\
    color:#111;background:#fff}label{display:block;margin:.75rem 0 .25rem}input{width:100%;font:inherit;padding:.5rem;\
    box-sizing:border-box;border:1px solid #666}button{font:inherit;padding:.5rem 1rem;margin:1rem .5rem 0 0}\
    section{border:1px solid #999;padding:0 1rem 1rem;margin:1rem 0}h2{font-size:1.1rem}a{color:#04c}\
    [role=alert],.error{color:#b00}[role=alert]{border:1px solid #b00;padding:.5rem}";

/// A whole page; `body` is HTML.
pub(super) fn page(status: u16, words: &Words, title: &str, body: &str) -> Answer {
    let (title, lang) = (escape(title), words.lang);
    Answer::html(
        status,
        format!(
            "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title} - YooKassa</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" \
             href=\"data:,\"><style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>\n{body}</main></body></html>\n"
        ),
    )
}

/// The forms by which a payment is paid, or a card is given.
pub(super) fn forms(subject: &Subject, words: &Words, typed: &Typed) -> Answer {
    let title = if subject.amount.is_some() { words.payment } else { words.saving };
    let mut body = format!("<p>{}</p>\n", words.test_shop);
    if let Some(amount) = &subject.amount {
        body += &format!("<p>{}: <strong>{} RUB</strong></p>\n", words.amount, escape(amount));
    }
    if let Some(description) = &subject.description {
        body += &format!("<p>{}</p>\n", escape(description));
    }
    if subject.saves {
        body += &format!("<p>{}</p>\n", words.will_be_saved);
    }
    if !typed.errors.is_empty() {
        body += &format!("<p role=\"alert\">{}</p>\n", words.correct);
    }
    if subject.offers_card {
        body += &card_form(subject, words, typed);
    }
    if subject.offers_wallet {
        body += &wallet_form(subject, words, typed);
    }
    let (other, name) = words.other;
    body += &format!(
        "{}<p><a href=\"{}?lang={other}\" lang=\"{other}\" hreflang=\"{other}\">{name}</a></p>\n",
        back(subject, words),
        escape(&subject.path)
    );
    page(if typed.errors.is_empty() { 200 } else { 422 }, words, title, &body)
}

/// The bank asks the card's owner.
pub(super) fn challenge(subject: &Subject, words: &Words) -> Answer {
    let asks = match &subject.amount {
        Some(amount) => format!("{} {}: {} RUB.", words.challenge_asks, words.amount, escape(amount)),
        None => words.challenge_asks.to_owned(),
    };
    let body = format!(
        "<p>{asks}</p>\n<form method=\"post\" action=\"{}/3ds?lang={}\">\
         <button name=\"answer\" value=\"confirm\">{}</button>\
         <button name=\"answer\" value=\"deny\">{}</button></form>\n",
        escape(&subject.path),
        words.lang,
        words.confirm,
        words.deny
    );
    page(200, words, words.challenge, &body)
}

/// It is over: what was said about it, and the way back.
pub(super) fn ended(subject: &Subject, words: &Words, title: &str, told: &str) -> Answer {
    page(200, words, title, &format!("<p>{}</p>\n{}", escape(told), back(subject, words)))
}

fn back(subject: &Subject, words: &Words) -> String {
    format!("<p><a href=\"{}\">{}</a></p>\n", escape(&subject.return_url), words.back)
}

fn card_form(subject: &Subject, words: &Words, typed: &Typed) -> String {
    let fields = [
        field("number", words.number, &typed.number, "cc-number", typed),
        field("expiry", words.expiry, &typed.expiry, "cc-exp", typed),
        field("csc", words.csc, "", "cc-csc", typed),
    ];
    let send = if subject.amount.is_some() { words.pay } else { words.save };
    form(subject, words, ("bank_card", words.by_card), &fields.concat(), send)
}

fn wallet_form(subject: &Subject, words: &Words, typed: &Typed) -> String {
    let field = field("wallet", words.wallet, &typed.wallet, "off", typed);
    form(subject, words, ("yoo_money", words.by_wallet), &field, words.pay)
}

/// One way to pay: a named part of the page with a form of its own.
fn form(subject: &Subject, words: &Words, (kind, title): (&str, &str), fields: &str, send: &str) -> String {
    format!(
        "<section aria-labelledby=\"{kind}\"><h2 id=\"{kind}\">{title}</h2>\n\
         <form method=\"post\" action=\"{}?lang={}\" novalidate>\n{fields}\
         <button name=\"method\" value=\"{kind}\">{send}</button></form></section>\n",
        escape(&subject.path),
        words.lang
    )
}

fn field(name: &str, label: &str, value: &str, autocomplete: &str, typed: &Typed) -> String {
    let error = typed.errors.iter().find(|(field, _)| *field == name).map(|(_, error)| *error);
    let marks = if error.is_some() {
        format!(" aria-invalid=\"true\" aria-describedby=\"{name}-error\"")
    } else {
        String::new()
    };
    let told = error.map(|error| format!("<p class=\"error\" id=\"{name}-error\">{error}</p>\n")).unwrap_or_default();
    format!(
        "<label for=\"{name}\">{label}</label>\n<input id=\"{name}\" name=\"{name}\" value=\"{}\" \
         inputmode=\"numeric\" autocomplete=\"{autocomplete}\"{marks}>\n{told}",
        escape(value)
    )
}
