//! What the tests of people and payments share.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wallet::catalog::Preset;
use wallet::clock::Clock;
use wallet::error::{Error, Problem, Refusal, Result};
use wallet::id::{PaymentId, UserId, WalletId};
use wallet::identity::{Confirmed, SignUp, Viewer, Visit};
use wallet::ledger::Scope;
use wallet::money::{Credits, Currency, Money};
use wallet::notify::Mail;
use wallet::payment::TopUp;
use wallet::payment::{
    AmountLimits, BookPeriod, BookedPayment, BooksAnswer, Capabilities, ChargeAnswer, CheckoutAnswer, CheckoutOrder,
    EventAbout, EventError, FetchAnswer, MethodAnswer, MethodKind, Provider, ProviderMethod, ProviderPayment,
    ProviderStatus, RefundAnswer, RefundOrder, SavedCharge, SetupAnswer, SetupOrder, VerifiedEvent,
};
use wallet::{Options, Wallet};

/// The moment at which the tests' clock starts.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

/// A façade over the test's database with the NeuralBox catalog, and a clock that the test moves.
pub async fn open(pool: &PgPool) -> Wallet {
    open_with(pool, "neuralbox").await
}

/// The same with the catalog of a preset.
pub async fn open_with(pool: &PgPool, preset: &str) -> Wallet {
    let wallet = Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())));
    let preset = Preset::by_name(preset).expect("a preset");
    wallet.catalog().load_preset(&preset).await.expect("loaded");
    wallet
}

pub fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole).expect("fits")
}

pub fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The fields that a refusal names, with their problems.
pub fn problems(refusal: Refusal) -> Vec<(String, Problem)> {
    match refusal {
        Refusal::Invalid { fields } | Refusal::Unprocessable { fields } => {
            fields.into_iter().map(|field| (field.field, field.problem)).collect()
        }
        other => panic!("expected fields, got {other:?}"),
    }
}

pub const PASSWORD: &str = "correct horse battery";

pub fn form(email: &str) -> SignUp {
    SignUp {
        email: email.into(),
        password: PASSWORD.into(),
        name: "Anna".into(),
        locale: "ru".into(),
        ..SignUp::default()
    }
}

/// Somebody who has signed up, and whose address is not proven.
pub async fn sign_up(wallet: &Wallet, email: &str) -> Viewer {
    sign_up_with(wallet, form(email)).await
}

/// Somebody who has signed up by this form.
pub async fn sign_up_with(wallet: &Wallet, form: SignUp) -> Viewer {
    let email = form.email.clone();
    wallet.identity().register(form, &Visit::default()).await.expect("signed up");
    let id: String = sqlx::query_scalar("SELECT id::text FROM users WHERE email = $1")
        .bind(email)
        .fetch_one(wallet.pool())
        .await
        .expect("the person");
    wallet.identity().viewer(id.parse::<UserId>().expect("an id")).await.expect("a viewer")
}

/// Opens a mailed link with the password that was chosen.
pub async fn prove(wallet: &Wallet, token: &str) -> Result<Confirmed> {
    wallet.identity().confirm_email(token, PASSWORD, (None, &Visit::default())).await
}

/// Somebody who is signed up and whose address is proven.
pub async fn member(wallet: &Wallet, email: &str) -> Viewer {
    let new = sign_up(wallet, email).await;
    let token = newest_token(wallet, email).await;
    prove(wallet, &token).await.expect("verified");
    wallet.identity().viewer(new.user).await.expect("a viewer")
}

/// The mails to an address that are due, oldest first; they are sent by this.
pub async fn mails(wallet: &Wallet, to: &str) -> Vec<Mail> {
    let mut found = Vec::new();
    for id in wallet.notify().due_mails(100).await.expect("a list") {
        let Some(mail) = wallet.notify().take_mail(id).await.expect("taken") else { continue };
        wallet.notify().finish_mail(id).await.expect("finished");
        if mail.to == to {
            found.push(mail.mail);
        }
    }
    found
}

/// The secret of the newest link that was sent to an address.
pub async fn newest_token(wallet: &Wallet, to: &str) -> String {
    let token = mails(wallet, to).await.into_iter().rev().find_map(|mail| match mail {
        Mail::Verification { token, .. } | Mail::PasswordReset { token, .. } => Some(token),
        _ => None,
    });
    token.expect("a link was sent")
}

pub async fn available(wallet: &Wallet, id: WalletId) -> Credits {
    wallet.ledger().balance(id).await.expect("a balance").available
}

/// Plants what must not be, one after the other, each in a transaction that is taken back, and asks whether the named
/// invariant finds it.
pub async fn all_are_found(wallet: &Wallet, pool: &PgPool, canaries: &[(&str, &str)]) {
    for (invariant, plant) in canaries {
        let mut transaction = pool.begin().await.expect("a transaction");
        let plant = format!("SET LOCAL session_replication_role = replica; {plant}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(plant.clone())).execute(&mut *transaction).await.expect(&plant);
        let breaches = wallet.verify_in_tx(&mut transaction, Scope::Everything).await.expect("verified");
        assert!(
            breaches.iter().any(|breach| breach.invariant == *invariant),
            "{invariant} missed {plant}: {breaches:?}"
        );
        transaction.rollback().await.expect("rolled back");
    }
}

pub fn light() -> TopUp {
    TopUp { package: Some("light".into()), amount: None, currency: Currency::RUB, with: None, save_method: false }
}

/// A provider of the tests: does what the test says, and keeps books.
#[derive(Clone)]
pub struct Double {
    clock: Clock,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
pub struct Books {
    pub pages: HashMap<String, ProviderPayment>,
    pub silent: bool,
    pub swallow_next_page: bool,
    pub created: u32,
    pub fetched: u32,
    /// Kept cards that were charged: which one, and when.
    pub charged: Vec<(String, DateTime<Utc>)>,
    /// Why kept cards are declined; they pay where nothing is said.
    pub declines: Option<String>,
    /// The next charge of a kept card is made, its answer gets lost, and then nobody answers any more.
    pub swallow_next_charge: bool,
    /// Charges of kept cards are made, but nobody hears so: answers get lost, and a look finds nothing.
    pub hides: bool,
    /// Charges of kept cards don't arrive.
    pub deaf: bool,
    /// Charges of kept cards take other money than was asked for.
    pub takes_other_money: bool,
    /// Pages where a card is saved, by the method's id: what came of each.
    pub setups: HashMap<String, SetupAnswer>,
    /// Saved cards, as `fetch_method` tells them; all are there where nothing is said.
    pub methods: HashMap<String, MethodAnswer>,
    /// Saved cards that were to be forgotten.
    pub detached: Vec<String>,
    /// The least amount, in the minor unit of any currency.
    pub least: Option<i64>,
    /// It has no list of what it took.
    pub has_no_books: bool,
    /// The pages of its list that were read.
    pub pages_read: u32,
    /// Payments that stand in its list and that nobody here has ordered.
    pub foreign: Vec<BookedPayment>,
    /// What it says to a refund; it makes none where nothing is said.
    pub refund: Option<RefundAnswer>,
    /// The next look at a payment waits here.
    pub gate: Option<Arc<Gate>>,
}

/// Where a look at a payment waits until the test lets it go on.
#[derive(Default)]
pub struct Gate {
    pub reached: tokio::sync::Notify,
    pub go_on: tokio::sync::Notify,
}

impl Double {
    pub fn new(wallet: &Wallet) -> Self {
        let double = Self { clock: wallet.clock().clone(), books: Arc::default() };
        wallet.payments().register(Arc::new(double.clone()));
        double
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no test panics with the books open")
    }

    pub fn set(&self, order: PaymentId, status: ProviderStatus) {
        self.books().pages.get_mut(&reference(order)).expect("a page").status = status;
    }

    pub fn event(&self, order: PaymentId, number: u32) -> VerifiedEvent {
        VerifiedEvent {
            dedupe_key: format!("evt_{order}_{number}"),
            kind: "payment.succeeded".into(),
            about: EventAbout::Payment,
            object_ref: Some(reference(order)),
            created_at: self.clock.now(),
            raw: serde_json::json!({ "number": number }),
        }
    }

    fn answer(&self, reference: &str) -> FetchAnswer {
        let mut books = self.books();
        books.fetched += 1;
        if books.silent {
            return FetchAnswer::Unknown { detail: "silent".into() };
        }
        if books.hides {
            return FetchAnswer::Missing;
        }
        books.pages.get(reference).map_or(FetchAnswer::Missing, |page| FetchAnswer::Found(page.clone()))
    }
}

pub fn reference(order: PaymentId) -> String {
    format!("dbl_{order}")
}

/// A saved card.
pub fn card(reference: &str) -> ProviderMethod {
    ProviderMethod {
        reference: reference.into(),
        kind: MethodKind::Card,
        brand: Some("visa".into()),
        last4: Some("4242".into()),
        expires: Some((2099, 12)),
        label: "Visa •• 4242".into(),
    }
}

pub fn roubles(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

#[async_trait]
impl Provider for Double {
    fn name(&self) -> &'static str {
        "double"
    }

    fn capabilities(&self) -> Capabilities {
        let kinds = vec![MethodKind::Card];
        Capabilities { kinds, test_only: true, saved_methods: true, setup: true, ..Capabilities::default() }
    }

    fn limits(&self, _: Currency) -> AmountLimits {
        AmountLimits { min: self.books().least, max: None }
    }

    async fn create_setup(&self, order: &SetupOrder) -> CheckoutAnswer {
        let reference = format!("set_{}", order.method);
        let mut books = self.books();
        if books.silent {
            return CheckoutAnswer::Unknown { detail: "silent".into() };
        }
        books.setups.entry(reference.clone()).or_insert(SetupAnswer::Open);
        let expires_at = self.clock.now() + minutes(60);
        CheckoutAnswer::Created { redirect_url: format!("https://pay.example/{reference}"), reference, expires_at }
    }

    async fn fetch_setup(&self, reference: &str) -> SetupAnswer {
        self.books().setups.get(reference).cloned().unwrap_or(SetupAnswer::Missing)
    }

    async fn fetch_method(&self, reference: &str) -> MethodAnswer {
        self.books().methods.get(reference).cloned().unwrap_or_else(|| MethodAnswer::Found(card(reference)))
    }

    async fn detach_method(&self, reference: &str) -> MethodAnswer {
        self.books().detached.push(reference.to_owned());
        MethodAnswer::Missing
    }

    async fn refund(&self, _: &RefundOrder) -> RefundAnswer {
        let said = self.books().refund.clone();
        said.unwrap_or_else(|| RefundAnswer::Refused { code: "not_supported".into() })
    }

    async fn create_checkout(&self, order: &CheckoutOrder) -> CheckoutAnswer {
        let reference = reference(order.payment);
        let mut books = self.books();
        if books.silent {
            return CheckoutAnswer::Unknown { detail: "silent".into() };
        }
        if !books.pages.contains_key(&reference) {
            books.created += 1;
        }
        books.pages.entry(reference.clone()).or_insert_with(|| ProviderPayment {
            reference: reference.clone(),
            order: Some(order.payment),
            status: ProviderStatus::Open,
            money: order.money,
            tax_minor: 0,
            refunded_minor: 0,
            method: order.save_method.then(|| "Visa •• 4242".to_owned()),
            saved_method: order.save_method.then(|| card(&format!("card_{}", order.payment))),
            created_at: self.clock.now(),
        });
        if std::mem::take(&mut books.swallow_next_page) {
            return CheckoutAnswer::Unknown { detail: "the answer got lost".into() };
        }
        CheckoutAnswer::Created {
            redirect_url: format!("https://pay.example/{reference}"),
            reference,
            expires_at: order.expires_at,
        }
    }

    async fn charge_saved(&self, charge: &SavedCharge) -> ChargeAnswer {
        let reference = reference(charge.payment);
        let mut books = self.books();
        if books.silent || books.deaf {
            return ChargeAnswer::Unknown { detail: "silent".into() };
        }
        if !books.pages.contains_key(&reference) {
            books.charged.push((charge.method.clone(), self.clock.now()));
            let status = match books.declines.clone() {
                Some(code) => ProviderStatus::Declined { code },
                None => ProviderStatus::Paid,
            };
            let made = ProviderPayment {
                reference: reference.clone(),
                order: Some(charge.payment),
                status,
                money: if books.takes_other_money { roubles(1) } else { charge.money },
                tax_minor: 0,
                refunded_minor: 0,
                method: Some("Visa •• 4242".into()),
                saved_method: None,
                created_at: self.clock.now(),
            };
            books.pages.insert(reference.clone(), made);
        }
        if std::mem::take(&mut books.swallow_next_charge) {
            books.silent = true;
            return ChargeAnswer::Unknown { detail: "the answer got lost".into() };
        }
        if books.hides {
            return ChargeAnswer::Unknown { detail: "the answer got lost".into() };
        }
        ChargeAnswer::Made { reference }
    }

    async fn fetch_payment(&self, reference: &str) -> FetchAnswer {
        let gate = self.books().gate.take();
        let answer = self.answer(reference);
        if let Some(gate) = gate {
            gate.reached.notify_one();
            gate.go_on.notified().await;
        }
        answer
    }

    async fn find_by_order(&self, payment: PaymentId) -> FetchAnswer {
        self.answer(&reference(payment))
    }

    async fn expire_checkout(&self, reference: &str) -> FetchAnswer {
        if let Some(page) = self.books().pages.get_mut(reference)
            && page.status == ProviderStatus::Open
        {
            page.status = ProviderStatus::Expired;
        }
        self.answer(reference)
    }

    async fn list_payments(&self, period: &BookPeriod) -> Option<BooksAnswer> {
        let mut books = self.books();
        if books.has_no_books {
            return None;
        }
        if books.silent {
            return Some(BooksAnswer::Unknown { detail: "silent".into() });
        }
        books.pages_read += 1;
        let mut all: Vec<BookedPayment> = books.pages.values().map(booked).chain(books.foreign.clone()).collect();
        all.retain(|one| (period.from..period.to).contains(&one.created_at));
        all.sort_by(|a, b| a.reference.cmp(&b.reference));
        all.retain(|one| period.cursor.as_ref().is_none_or(|after| one.reference > *after));
        // Short pages, so that there are several.
        let next = (all.len() > 2).then(|| all[1].reference.clone());
        all.truncate(2);
        Some(BooksAnswer::Page { payments: all, next })
    }

    fn reread_webhook(&self, _: &str, _: &[u8]) -> Option<VerifiedEvent> {
        None
    }

    fn verify_webhook(
        &self,
        _: &[(String, String)],
        _: std::net::IpAddr,
        _: &[u8],
    ) -> Result<VerifiedEvent, EventError> {
        Err(EventError::Signature)
    }
}

/// A payment as it stands in the double's list.
pub fn booked(page: &ProviderPayment) -> BookedPayment {
    BookedPayment {
        reference: page.reference.clone(),
        order: page.order,
        is_paid: page.status == ProviderStatus::Paid,
        total: Money::from_minor(page.money.minor() + page.tax_minor, page.money.currency()),
        refunded_minor: page.refunded_minor,
        created_at: page.created_at,
    }
}

pub fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}
