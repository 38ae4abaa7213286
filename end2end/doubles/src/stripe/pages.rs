//! Hosted pages: Checkout, the bank's 3-D Secure page, a receipt. No scripts.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use super::Stripe;
use super::checkout::{self, Means, Next};
use super::currency::shown;
use super::error::StripeError;
use super::model::{Buyer, MethodKind, Session};
use super::params::Read;
use super::sessions::{subtotal, tax};
use super::shop::Shop;
use crate::core::page::{alert, button, escape, field, form, page};
use crate::core::{Answer, Call};

/// The card that is always declined, for those who want that by one button.
const DECLINED: &str = "4000000000000002";

/// The pages.
pub fn router() -> Router<Arc<Stripe>> {
    Router::new()
        .route("/checkout/{id}", get(show).post(submit))
        .route("/checkout/{id}/authenticate", get(bank).post(answer_bank))
        .route("/authenticate/{id}", get(bank_of_intent).post(answer_bank_of_intent))
        .route("/receipts/{id}", get(receipt))
}

async fn show(State(stripe): State<Arc<Stripe>>, Path(id): Path<String>) -> Answer {
    stripe.act(None, |shop| match checkout::open_session(shop, &id) {
        Ok(session) if session.waiting_method.is_some() => {
            Answer::redirect(&format!("/stripe/checkout/{id}/authenticate"))
        }
        Ok(session) => checkout_page(shop, session, None, &HashMap::new()),
        Err(error) => over(shop, &id, &error),
    })
}

async fn submit(State(stripe): State<Arc<Stripe>>, Path(id): Path<String>, call: Call) -> Answer {
    let fields = form(&call.body);
    let text = |name: &str| fields.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let means = match text("action").as_deref() {
        Some("later") => Means::Later,
        Some("decline") => Means::NewCard { number: DECLINED.to_owned(), expiry: "12 / 60".to_owned() },
        Some("pay") | None => {
            Means::NewCard { number: text("number").unwrap_or_default(), expiry: text("expiry").unwrap_or_default() }
        }
        Some(saved) => Means::Saved(saved.to_owned()),
    };
    let buyer = Buyer { email: text("email"), name: text("name") };
    let next = stripe.act(None, |shop| {
        let session = match checkout::open_session(shop, &id) {
            Ok(session) => session,
            Err(error) => return over(shop, &id, &error),
        };
        if session.terms_required && !fields.contains_key("terms") {
            return checkout_page(shop, session, Some("You must agree to the terms of service."), &fields);
        }
        if text("action").as_deref() == Some("pay") && text("cvc").is_none_or(|cvc| cvc.len() < 3) {
            return checkout_page(shop, session, Some("Your card's security code is incomplete."), &fields);
        }
        let next = checkout::submit(shop, &id, means, buyer);
        go(shop, &id, next, &fields)
    });
    stripe.after_page(next).await
}

async fn bank(State(stripe): State<Arc<Stripe>>, Path(id): Path<String>) -> Answer {
    stripe.act(None, |shop| match checkout::open_session(shop, &id) {
        Ok(_) => bank_page(&format!("/stripe/checkout/{id}/authenticate")),
        Err(error) => over(shop, &id, &error),
    })
}

async fn answer_bank(State(stripe): State<Arc<Stripe>>, Path(id): Path<String>, call: Call) -> Answer {
    let proven = form(&call.body).get("action").is_some_and(|action| action == "complete");
    let next = stripe.act(None, |shop| {
        let next = checkout::authenticated(shop, &id, proven);
        go(shop, &id, next, &HashMap::new())
    });
    stripe.after_page(next).await
}

/// Where the buyer goes next.
fn go(shop: &Shop, id: &str, next: Read<Next>, fields: &HashMap<String, String>) -> Answer {
    match (next, shop.sessions.get(id)) {
        (Ok(Next::Done), Some(session)) => Answer::redirect(&checkout::success_url(session)),
        (Ok(Next::Authenticate), _) => Answer::redirect(&format!("/stripe/checkout/{id}/authenticate")),
        (Ok(Next::Again(message)), Some(session)) => checkout_page(shop, session, Some(&message), fields),
        (Err(error), _) => over(shop, id, &error),
        (_, None) => page(404, "Not found", "<p>There is no such page.</p>"),
    }
}

/// A page that can't be paid any more.
fn over(shop: &Shop, id: &str, error: &StripeError) -> Answer {
    let back = shop.sessions.get(id).map(back).unwrap_or_default();
    page(error.status, "Payment is over", &format!("{}{back}", alert(&error.message)))
}

fn back(session: &Session) -> String {
    match &session.cancel_url {
        Some(url) => format!("<p><a href=\"{}\">Back to the shop</a></p>\n", escape(url)),
        None => String::new(),
    }
}

fn checkout_page(shop: &Shop, session: &Session, error: Option<&str>, fields: &HashMap<String, String>) -> Answer {
    let value = |name: &str| fields.get(name).map_or("", String::as_str);
    let currency = session.currency.as_deref().unwrap_or("usd");
    let mut body = error.map(alert).unwrap_or_default();
    let subtotal = subtotal(session);
    let tax = if session.automatic_tax { tax(subtotal) } else { 0 };
    let total = shown(subtotal.amount + if subtotal.tax_inclusive { 0 } else { tax }, currency);
    if session.mode == "payment" {
        body += "<ul>\n";
        for item in &session.line_items {
            let cost = shown(item.unit_amount * item.quantity, currency);
            body += &format!("<li>{} × {}: {cost}</li>\n", escape(&item.name), item.quantity);
        }
        body += "</ul>\n";
        if tax > 0 {
            body += &format!("<p>Tax (20 %): {}</p>\n", shown(tax, currency));
        }
        body += &format!("<p>Total: <strong>{total}</strong></p>\n");
    }
    let customer = session.customer.as_ref().and_then(|id| shop.customers.get(id));
    let email = customer.and_then(|customer| customer.email.as_ref()).or(session.customer_email.as_ref());
    // Named, since the form is also shown where the bank's page was.
    body += &format!("<form method=\"post\" action=\"/stripe/checkout/{}\">\n", session.id);
    match email {
        Some(email) => body += &format!("<p>{}</p>\n", escape(email)),
        None => body += &field("email", "Email", value("email")),
    }
    if session.terms_required {
        body += "<label><input type=\"checkbox\" name=\"terms\" style=\"width:auto\"> I agree to the terms of service\
                 </label>\n";
    }
    body += &field("number", "Card number", value("number"));
    body += &field("expiry", "Expiry", value("expiry"));
    body += &field("cvc", "CVC", "");
    body += &field("name", "Name on card", value("name"));
    if session.mode == "payment" {
        body += &button("pay", "Pay");
        body += &button("later", "Pay later by bank debit");
        body += &button("decline", "Decline");
        // Last, since Enter in a field presses the first button.
        body += &saved_buttons(shop, session);
    } else {
        body += &button("pay", "Save card");
    }
    body += "</form>\n";
    body += &back(session);
    page(200, if session.mode == "payment" { "Pay Scrip" } else { "Save a card" }, &body)
}

/// A button for each card that the customer has and lets be shown.
fn saved_buttons(shop: &Shop, session: &Session) -> String {
    if session.customer.is_none() {
        return String::new();
    }
    let saved = shop.methods.newest().filter(|method| method.customer == session.customer);
    let saved = saved.filter_map(|method| match &method.kind {
        MethodKind::Card(card) if method.allow_redisplay == "always" => {
            Some(button(&method.id, &format!("Pay with {} ending in {}", card.brand, card.last4)))
        }
        _ => None,
    });
    saved.collect()
}

fn bank_page(action: &str) -> Answer {
    let body = format!(
        "<p>Your bank wants to know that it is you.</p>\n<form method=\"post\" action=\"{}\">\n{}{}</form>\n",
        escape(action),
        button("complete", "Complete authentication"),
        button("fail", "Fail authentication")
    );
    page(200, "3-D Secure", &body)
}

/// The bank's page of a payment that no session belongs to.
async fn bank_of_intent(State(stripe): State<Arc<Stripe>>, Path(id): Path<String>) -> Answer {
    stripe.act(None, |shop| match shop.intents.get(&id) {
        Some(intent) if intent.status == "requires_action" => bank_page(&format!("/stripe/authenticate/{id}")),
        _ => page(404, "3-D Secure", "<p>There is nothing to authenticate.</p>"),
    })
}

async fn answer_bank_of_intent(State(stripe): State<Arc<Stripe>>, Path(id): Path<String>, call: Call) -> Answer {
    let proven = form(&call.body).get("action").is_some_and(|action| action == "complete");
    let next = stripe.act(None, |shop| match super::intents::authenticated(shop, &id, proven) {
        Ok(Some(return_url)) => Answer::redirect(&return_url),
        Ok(None) => page(200, "3-D Secure", "<p>You can close this page.</p>"),
        Err(error) => page(error.status, "3-D Secure", &alert(&error.message)),
    });
    stripe.after_page(next).await
}

async fn receipt(State(stripe): State<Arc<Stripe>>, Path(id): Path<String>) -> Answer {
    stripe.act(None, |shop| match shop.charges.get(&id) {
        Some(charge) => page(200, "Receipt", &format!("<p>{}</p>", shown(charge.amount, &charge.currency))),
        None => page(404, "Receipt", "<p>There is no such receipt.</p>"),
    })
}
