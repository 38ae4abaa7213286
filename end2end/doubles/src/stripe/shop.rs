//! The merchant's account: its objects, and what happened to them. Knows no HTTP.

use std::collections::HashMap;

use serde_json::Value;

use super::error::StripeError;
use super::model::{
    Charge, Customer, Dispute, Endpoint, Event, Object, PaymentIntent, PaymentMethod, Refund, RequestOf, Session,
    SetupIntent,
};
use super::params::Read;
use crate::core::ids::Ids;

/// Objects of one kind, in the order in which they were made.
#[derive(Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Object> Table<T> {
    /// Adds one.
    pub fn add(&mut self, row: T) {
        self.places.insert(row.id().to_owned(), self.rows.len());
        self.rows.push(row);
    }

    /// One by its id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(*self.places.get(id)?)
    }

    /// One by its id, to be changed.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(*self.places.get(id)?)
    }

    /// One that the path names.
    pub fn of_path(&self, id: &str) -> Read<&T> {
        self.get(id).ok_or_else(|| StripeError::no_such(404, T::NAME, id, "id"))
    }

    /// One that a param names.
    pub fn of_param(&self, id: &str, param: &str) -> Read<&T> {
        self.get(id).filter(|row| row.is_there()).ok_or_else(|| StripeError::no_such(400, T::NAME, id, param))
    }

    /// One that is known to be there.
    pub fn known(&mut self, id: &str) -> Read<&mut T> {
        self.get_mut(id).ok_or_else(|| StripeError::no_such(404, T::NAME, id, "id"))
    }

    /// All, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().rev()
    }

    /// Takes one away.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        let row = self.rows.remove(self.places.remove(id)?);
        self.places = self.rows.iter().enumerate().map(|(place, row)| (row.id().to_owned(), place)).collect();
        Some(row)
    }
}

/// The account.
#[derive(Debug, Default)]
pub struct Shop {
    /// The time of the call that is being answered.
    pub now: i64,
    /// The call that is being answered; none when a page or a test acts.
    pub request: Option<RequestOf>,
    /// Where the hosted pages are, without a slash at the end.
    pub base_url: String,
    /// Customers.
    pub customers: Table<Customer>,
    /// Ways to pay.
    pub methods: Table<PaymentMethod>,
    /// Payments.
    pub intents: Table<PaymentIntent>,
    /// Attempts.
    pub charges: Table<Charge>,
    /// Money that goes back.
    pub refunds: Table<Refund>,
    /// Methods being saved.
    pub setups: Table<SetupIntent>,
    /// Hosted pages.
    pub sessions: Table<Session>,
    /// Disputes.
    pub disputes: Table<Dispute>,
    /// What happened.
    pub events: Table<Event>,
    /// Receivers.
    pub endpoints: Table<Endpoint>,
    /// Events that were not sent yet.
    pub outbox: Vec<Event>,
    ids: Ids,
}

impl Shop {
    /// An account without anything.
    pub fn new(base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), ..Self::default() }
    }

    /// A new id.
    pub fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.ids.token(24))
    }

    /// A secret for a browser.
    pub fn client_secret(&self, id: &str) -> String {
        format!("{id}_secret_{}", self.ids.token(24))
    }

    /// Notes that something happened to an object.
    pub fn emit(&mut self, kind: &str, object: Value) {
        self.emit_change(kind, object, None);
    }

    /// The same, with what the changed fields were.
    pub fn emit_change(&mut self, kind: &str, object: Value, previous: Option<Value>) {
        let event = Event {
            id: self.id("evt"),
            created: self.now,
            kind: kind.to_owned(),
            object,
            previous,
            request: self.request.clone(),
            livemode: false,
        };
        self.events.add(event.clone());
        self.outbox.push(event);
    }
}
