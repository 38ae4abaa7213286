//! The hosted pages: where a buyer pays by card or wallet, and gives a card to be saved.

mod html;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use chrono::Datelike;

use super::Yookassa;
use super::cards::Card;
use super::method::Kind;
use super::page_steps::Step;
use super::payment::{Status, Time};
use super::shop::Shop;
use crate::core::page;
use crate::core::{Answer, Call};
use html::{Subject, Typed};
use text::{Words, words};

pub(super) fn router() -> Router<Arc<Yookassa>> {
    Router::new()
        .route("/yookassa/pages/{kind}/{id}", get(show).post(send))
        .route("/yookassa/pages/{kind}/{id}/3ds", get(show_challenge).post(answer_challenge))
}

/// `payments` or `payment_methods`, and the id.
type Place = Path<(String, String)>;

async fn show(State(yookassa): State<Arc<Yookassa>>, Path((kind, id)): Place, call: Call) -> Answer {
    yookassa.on_page(&kind, &id, &call, |shop, subject, words, _| {
        if shop.is_open(&id) { html::forms(subject, words, &Typed::default()) } else { over(subject, words) }
    })
}

async fn send(State(yookassa): State<Arc<Yookassa>>, Path((kind, id)): Place, call: Call) -> Answer {
    let sent = page::form(&call.body);
    yookassa.on_page(&kind, &id, &call, |shop, subject, words, now| {
        if !shop.is_open(&id) {
            return over(subject, words);
        }
        match sent.get("method").map(String::as_str) {
            Some("yoo_money") if subject.offers_wallet => match read_wallet(&sent, words) {
                Ok(wallet) => after(shop.give_wallet(&id, &wallet, now), subject, words),
                Err(typed) => html::forms(subject, words, &typed),
            },
            _ if !subject.offers_card => html::forms(subject, words, &Typed::default()),
            _ => match read_card(&sent, words, now) {
                Err(typed) => html::forms(subject, words, &typed),
                Ok(card) => match shop.give_card(&id, card, now) {
                    Step::NoTestCard => {
                        let typed = Typed { errors: vec![("number", words.no_test_card)], ..typed(&sent) };
                        html::forms(subject, words, &typed)
                    }
                    step => after(step, subject, words),
                },
            },
        }
    })
}

async fn show_challenge(State(yookassa): State<Arc<Yookassa>>, Path((kind, id)): Place, call: Call) -> Answer {
    yookassa.on_page(&kind, &id, &call, |shop, subject, words, _| {
        if shop.is_open(&id) { html::challenge(subject, words) } else { over(subject, words) }
    })
}

async fn answer_challenge(State(yookassa): State<Arc<Yookassa>>, Path((kind, id)): Place, call: Call) -> Answer {
    let agreed = page::form(&call.body).get("answer").is_some_and(|answer| answer == "confirm");
    yookassa.on_page(&kind, &id, &call, |shop, subject, words, now| {
        after(shop.answer_challenge(&id, agreed, now), subject, words)
    })
}

impl Yookassa {
    fn on_page(
        &self,
        kind: &str,
        id: &str,
        call: &Call,
        act: impl FnOnce(&mut Shop, &Subject, &Words, Time) -> Answer,
    ) -> Answer {
        let query = page::form(call.query.as_bytes());
        let language = query.get("lang").map(String::as_str);
        let shown = self.where_made(id, |shop, now| {
            let subject = subject(shop, kind, id)?;
            let words = words(language, subject.english);
            Some(act(shop, &subject, words, now))
        });
        shown.flatten().unwrap_or_else(|| {
            let words = words(language, false);
            html::page(404, words, words.not_found, "")
        })
    }
}

/// What the page of a payment or of a method is about; `None` if it has no page.
fn subject(shop: &Shop, kind: &str, id: &str) -> Option<Subject> {
    let path = format!("/yookassa/pages/{kind}/{id}");
    match kind {
        "payments" => {
            let payment = shop.payment(id).ok()?;
            let page = payment.page.as_ref()?;
            Some(Subject {
                path,
                return_url: page.return_url.clone(),
                english: page.english,
                amount: Some(payment.amount.to_string()),
                description: payment.description.clone(),
                offers_card: payment.kind != Some(Kind::YooMoney),
                offers_wallet: payment.kind != Some(Kind::BankCard),
                saves: payment.save,
            })
        }
        "payment_methods" => {
            let page = shop.method(id).ok()?.page.as_ref()?;
            Some(Subject {
                path,
                return_url: page.return_url.clone(),
                english: page.english,
                amount: None,
                description: None,
                offers_card: true,
                offers_wallet: false,
                saves: true,
            })
        }
        _ => None,
    }
}

impl Shop {
    /// Whether the page still takes what its owner gives.
    fn is_open(&self, id: &str) -> bool {
        let pays = self.payment(id).is_ok_and(|payment| payment.status == Status::Pending && payment.page.is_some());
        pays || self.method(id).is_ok_and(|method| method.waits())
    }
}

fn after(step: Step, subject: &Subject, words: &Words) -> Answer {
    match step {
        Step::Done => Answer::redirect(&subject.return_url),
        Step::Challenge => Answer::redirect(&format!("{}/3ds?lang={}", subject.path, words.lang)),
        Step::Refused(refusal) => html::ended(subject, words, words.refused, text::reason(refusal.reason, words)),
        Step::Over | Step::NoTestCard => over(subject, words),
    }
}

fn over(subject: &Subject, words: &Words) -> Answer {
    html::ended(subject, words, words.over, words.over_told)
}

fn typed(sent: &HashMap<String, String>) -> Typed {
    let text = |name: &str| sent.get(name).cloned().unwrap_or_default();
    Typed { number: text("number"), expiry: text("expiry"), wallet: text("wallet"), errors: Vec::new() }
}

/// Digits without the spaces and hyphens that people write between them.
fn digits(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect()
}

fn are_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_card(sent: &HashMap<String, String>, words: &Words, now: Time) -> Result<Card, Typed> {
    let mut typed = typed(sent);
    let number = digits(&typed.number);
    if !are_digits(&number, 13..=19) {
        typed.errors.push(("number", words.bad_number));
    }
    let expiry = typed.expiry.split_once('/').and_then(|(month, year)| {
        let (month, year) = (month.trim(), year.trim());
        let good = are_digits(month, 1..=2) && are_digits(year, 2..=2);
        let month = month.parse().ok().filter(|month| (1..=12).contains(month) && good)?;
        Some((month, 2000 + year.parse::<i32>().ok()?))
    });
    let (month, year) = expiry.unwrap_or_default();
    let card = Card { number, month, year };
    match expiry {
        None => typed.errors.push(("expiry", words.bad_expiry)),
        Some(_) if card.has_expired(now.year(), now.month()) => typed.errors.push(("expiry", words.expired)),
        Some(_) => {}
    }
    if !are_digits(sent.get("csc").map_or("", |csc| csc.trim()), 3..=4) {
        typed.errors.push(("csc", words.bad_csc));
    }
    if typed.errors.is_empty() { Ok(card) } else { Err(typed) }
}

fn read_wallet(sent: &HashMap<String, String>, words: &Words) -> Result<String, Typed> {
    let mut typed = typed(sent);
    let number = digits(&typed.wallet);
    if are_digits(&number, 11..=20) {
        return Ok(number);
    }
    typed.errors.push(("wallet", words.bad_wallet));
    Err(typed)
}
