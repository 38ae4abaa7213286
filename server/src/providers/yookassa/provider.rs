//! YooKassa as the wallet sees it.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use reqwest::Url;
use wallet::clock::Clock;
use wallet::id::PaymentId;
use wallet::money::Currency;
use wallet::payment::{
    AmountLimits, BookPeriod, BooksAnswer, Capabilities, ChargeAnswer, CheckoutAnswer, CheckoutOrder, EventError,
    Examined, FetchAnswer, MethodAnswer, MethodKind, Provider, RefundAnswer, RefundOrder, RefundsAnswer, SavedCharge,
    SetupAnswer, SetupOrder, VerifiedEvent, decline,
};

use super::api::{Answer, Api, key};
use super::bodies::{NewMethod, NewPayment, NewRefund, Nothing};
use super::search::{self, may_repeat};
use super::senders::Senders;
use super::wire::{ListObject, MethodObject, PaymentObject, PaymentState, RefundObject};
use super::{NAME, examine, notification, outcome};
use crate::config::yookassa::{Mode, ReceiptRules, YooKassaSettings};

/// Where the pages are on which a buyer confirms.
const PAGES: [&str; 2] = ["https://yoomoney.ru", "https://yookassa.ru"];
/// How long YooKassa waits for a buyer; then it ends the payment by itself.
const PAGE_OPEN: TimeDelta = TimeDelta::hours(1);
/// The least amount in roubles, in kopecks.
const LEAST: i64 = 100;

/// The provider.
#[derive(Clone, Debug)]
pub struct YooKassa {
    api: Api,
    clock: Clock,
    mode: Mode,
    senders: Senders,
    /// Where a stand-in's pages are.
    near_pages: Option<String>,
    has_autopayments: bool,
    receipts: Option<ReceiptRules>,
}

impl YooKassa {
    /// Takes the settings; `None` where shop and key are not set.
    pub fn from_settings(settings: &YooKassaSettings, clock: Clock) -> anyhow::Result<Option<Self>> {
        let Some(credentials) = settings.credentials()? else { return Ok(None) };
        let mode = credentials.mode();
        let (url, is_near) = settings.api();
        let near_pages = settings.yookassa_api_url.as_ref().map(|url| url.origin().ascii_serialization());
        Ok(Some(Self {
            api: Api::new(url, is_near, credentials)?,
            clock,
            mode,
            senders: Senders::new(is_near),
            near_pages,
            has_autopayments: settings.has_autopayments(mode),
            receipts: settings.receipts()?,
        }))
    }

    /// How far the wallet's clock was moved ahead of this machine's, for demos and tests.
    fn shift(&self) -> TimeDelta {
        self.clock.now().signed_duration_since(Utc::now())
    }

    /// Says whether a payment is of a shop of the other kind: play money must never become credits that are sold.
    fn is_other_mode(&self, payment: &PaymentObject) -> bool {
        let is_other = payment.test.is_some_and(|test| test != (self.mode == Mode::Test));
        if is_other {
            tracing::error!(payment = payment.id, "a payment at YooKassa is of the other mode (test or live)");
        }
        is_other
    }

    fn seen(&self, answer: Answer<PaymentObject>) -> FetchAnswer {
        let unknown = |detail: &str| FetchAnswer::Unknown { detail: detail.to_owned() };
        match answer {
            Answer::Done(found) if self.is_other_mode(&found) => unknown("it is of the other mode (test or live)"),
            Answer::Done(found) => {
                outcome::payment(&found).map_or_else(|| unknown("its amounts can't be read"), FetchAnswer::Found)
            }
            Answer::Missing => FetchAnswer::Missing,
            Answer::Refused(_) => unknown("the question was refused"),
            Answer::Unknown(detail) => FetchAnswer::Unknown { detail },
        }
    }

    /// Gives the page of a payment. One that is over, or paid, has none: what became of it is learnt by its order.
    fn page(&self, payment: PaymentObject) -> CheckoutAnswer {
        if self.is_other_mode(&payment) {
            return CheckoutAnswer::Unknown { detail: "it is of the other mode (test or live)".to_owned() };
        }
        let page = payment.confirmation.and_then(|page| page.confirmation_url);
        match page.filter(|page| payment.status == PaymentState::Pending && self.is_page(page)) {
            Some(redirect_url) => CheckoutAnswer::Created {
                reference: payment.id,
                redirect_url,
                expires_at: payment.created_at + PAGE_OPEN,
            },
            None => CheckoutAnswer::Unknown { detail: "the payment has no page to go to".to_owned() },
        }
    }

    fn is_page(&self, page: &str) -> bool {
        let Ok(url) = Url::parse(page) else { return false };
        let origin = url.origin().ascii_serialization();
        if !self.page_origins().contains(&origin) {
            tracing::warn!(origin, "YooKassa's page is where our forms may not lead: browsers may refuse to open it");
        }
        url.scheme() == "https" || self.near_pages.as_deref() == Some(origin.as_str())
    }

    /// Gives the page of a payment that was asked for before under another body or a key that is forgotten by now.
    async fn page_of(&self, order: PaymentId) -> CheckoutAnswer {
        let unknown = |detail: &str| CheckoutAnswer::Unknown { detail: detail.to_owned() };
        match search::payment_of(&self.api, order, self.shift()).await {
            Answer::Done(payment) => self.page(payment),
            Answer::Missing => unknown("the order is too old to be sent again, and YooKassa doesn't have it"),
            Answer::Refused(_) => unknown("the search was refused"),
            Answer::Unknown(detail) => CheckoutAnswer::Unknown { detail },
        }
    }

    async fn charge_of(&self, order: PaymentId) -> ChargeAnswer {
        let unknown = |detail: &str| ChargeAnswer::Unknown { detail: detail.to_owned() };
        match search::payment_of(&self.api, order, self.shift()).await {
            Answer::Done(payment) => ChargeAnswer::Made { reference: payment.id },
            Answer::Missing => unknown("the charge is too old to be sent again, and YooKassa doesn't have it"),
            Answer::Refused(_) => unknown("the search was refused"),
            Answer::Unknown(detail) => ChargeAnswer::Unknown { detail },
        }
    }

    async fn find_payment(&self, reference: &str) -> Answer<PaymentObject> {
        self.api.get(&["payments", reference], &[]).await
    }
}

fn not_taken() -> String {
    decline::AMOUNT_NOT_TAKEN.to_owned()
}

/// The code of a call whose address YooKassa doesn't have: the API's address or version is wrong.
fn no_address() -> String {
    tracing::error!("YooKassa has no such call: check this version of Scrip against YooKassa's API");
    "provider_refused".to_owned()
}

fn refunded(answer: Answer<RefundObject>) -> RefundAnswer {
    match answer {
        Answer::Done(found) => match outcome::refund(&found) {
            Some(refund) => RefundAnswer::Found(refund),
            None => RefundAnswer::Unknown { detail: "its amount can't be read".to_owned() },
        },
        Answer::Missing => RefundAnswer::Missing,
        Answer::Refused(fault) => RefundAnswer::Refused { code: outcome::refused(&fault) },
        Answer::Unknown(detail) => RefundAnswer::Unknown { detail },
    }
}

#[async_trait]
impl Provider for YooKassa {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![MethodKind::Card, MethodKind::YooMoney],
            customers: false,
            saved_methods: self.has_autopayments,
            setup: self.has_autopayments,
            disputes_via_webhook: false,
            partial_refund: true,
            signed_webhooks: false,
            test_only: self.mode == Mode::Test,
            currencies: vec![Currency::RUB],
        }
    }

    fn limits(&self, currency: Currency) -> AmountLimits {
        AmountLimits { min: (currency == Currency::RUB).then_some(LEAST), max: None }
    }

    fn page_origins(&self) -> Vec<String> {
        match &self.near_pages {
            Some(origin) => vec![origin.clone()],
            None => PAGES.map(str::to_owned).to_vec(),
        }
    }

    async fn create_checkout(&self, order: &CheckoutOrder) -> CheckoutAnswer {
        if !may_repeat(order.payment.uuid(), Utc::now()) {
            return self.page_of(order.payment).await;
        }
        let saves = order.save_method && self.has_autopayments;
        let Some(body) = NewPayment::on_page(order, saves, self.receipts) else {
            return CheckoutAnswer::Refused { code: not_taken() };
        };
        match self.api.post(&["payments"], &key(&order.idempotency_key, "payments"), &body).await {
            Answer::Done(payment) => self.page(payment),
            // The settings of receipts changed since the first try: that one counts.
            Answer::Refused(fault) if fault.is_about_key() => self.page_of(order.payment).await,
            Answer::Refused(fault) => CheckoutAnswer::Refused { code: outcome::refused(&fault) },
            Answer::Missing => CheckoutAnswer::Refused { code: no_address() },
            Answer::Unknown(detail) => CheckoutAnswer::Unknown { detail },
        }
    }

    async fn charge_saved(&self, charge: &SavedCharge) -> ChargeAnswer {
        if !may_repeat(charge.payment.uuid(), Utc::now()) {
            return self.charge_of(charge.payment).await;
        }
        let Some(body) = NewPayment::by_method(charge, self.receipts) else {
            return ChargeAnswer::Refused { code: not_taken() };
        };
        match self.api.post::<PaymentObject>(&["payments"], &key(&charge.idempotency_key, "payments"), &body).await {
            Answer::Done(payment) => ChargeAnswer::Made { reference: payment.id },
            Answer::Refused(fault) if fault.is_about_key() => self.charge_of(charge.payment).await,
            Answer::Refused(fault) => ChargeAnswer::Refused { code: outcome::refused(&fault) },
            Answer::Missing => ChargeAnswer::Refused { code: no_address() },
            Answer::Unknown(detail) => ChargeAnswer::Unknown { detail },
        }
    }

    async fn fetch_payment(&self, reference: &str) -> FetchAnswer {
        self.seen(self.find_payment(reference).await)
    }

    async fn find_by_order(&self, payment: PaymentId) -> FetchAnswer {
        self.seen(search::payment_of(&self.api, payment, self.shift()).await)
    }

    /// Gives back money that is set aside. A page that waits for its buyer can't be closed at YooKassa, which does it
    /// by itself after an hour: the answer is `Open` until then, and the order stays open as long as it can be paid.
    async fn expire_checkout(&self, reference: &str) -> FetchAnswer {
        let found = self.find_payment(reference).await;
        if !matches!(&found, Answer::Done(payment) if payment.status == PaymentState::WaitingForCapture) {
            return self.seen(found);
        }
        match self.api.post(&["payments", reference, "cancel"], &key(reference, "cancel"), &Nothing {}).await {
            // It was taken or cancelled meanwhile.
            Answer::Refused(_) | Answer::Missing => self.fetch_payment(reference).await,
            answer => self.seen(answer),
        }
    }

    async fn create_setup(&self, order: &SetupOrder) -> CheckoutAnswer {
        if !self.has_autopayments {
            return CheckoutAnswer::Refused { code: "not_supported".to_owned() };
        }
        let (path, key) = (["payment_methods"], key(&order.idempotency_key, "payment_methods"));
        match self.api.post::<MethodObject>(&path, &key, &NewMethod::new(order)).await {
            Answer::Done(method) => {
                let page = method.confirmation.and_then(|page| page.confirmation_url);
                match method.id.zip(page.filter(|page| self.is_page(page))) {
                    Some((reference, redirect_url)) => {
                        CheckoutAnswer::Created { reference, redirect_url, expires_at: self.clock.now() + PAGE_OPEN }
                    }
                    None => CheckoutAnswer::Unknown { detail: "the method has no page to go to".to_owned() },
                }
            }
            Answer::Refused(fault) => CheckoutAnswer::Refused { code: outcome::refused(&fault) },
            Answer::Missing => CheckoutAnswer::Refused { code: no_address() },
            Answer::Unknown(detail) => CheckoutAnswer::Unknown { detail },
        }
    }

    async fn fetch_setup(&self, reference: &str) -> SetupAnswer {
        match self.api.get::<MethodObject>(&["payment_methods", reference], &[]).await {
            Answer::Done(method) => outcome::setup(&method)
                .unwrap_or_else(|| SetupAnswer::Unknown { detail: "the method has no name".to_owned() }),
            Answer::Missing => SetupAnswer::Missing,
            Answer::Refused(_) => SetupAnswer::Unknown { detail: "the question was refused".to_owned() },
            Answer::Unknown(detail) => SetupAnswer::Unknown { detail },
        }
    }

    /// A method that was saved with a payment has the payment's name, and need not be known by itself: then the payment
    /// tells.
    async fn fetch_method(&self, reference: &str) -> MethodAnswer {
        let mut answer = self.api.get::<MethodObject>(&["payment_methods", reference], &[]).await;
        if matches!(answer, Answer::Missing) {
            answer = match self.find_payment(reference).await.map(|payment| payment.payment_method) {
                Answer::Done(Some(method)) => Answer::Done(method),
                Answer::Done(None) | Answer::Missing => Answer::Missing,
                Answer::Refused(fault) => Answer::Refused(fault),
                Answer::Unknown(detail) => Answer::Unknown(detail),
            };
        }
        match answer {
            Answer::Done(method) => outcome::saved(&method)
                .unwrap_or_else(|| MethodAnswer::Unknown { detail: "the method has no name".to_owned() }),
            Answer::Missing => MethodAnswer::Missing,
            Answer::Refused(_) => MethodAnswer::Unknown { detail: "the question was refused".to_owned() },
            Answer::Unknown(detail) => MethodAnswer::Unknown { detail },
        }
    }

    /// YooKassa keeps what was saved: there is nothing to ask of it. A method that the wallet has forgotten is never
    /// charged, since nothing else knows its name.
    async fn detach_method(&self, _reference: &str) -> MethodAnswer {
        MethodAnswer::Missing
    }

    async fn refund(&self, order: &RefundOrder) -> RefundAnswer {
        let earlier = || search::refund_of(&self.api, &order.reference, order.refund);
        if !may_repeat(order.refund.uuid(), Utc::now()) {
            return refunded(earlier().await);
        }
        let Some(body) = NewRefund::new(order, self.receipts) else {
            return RefundAnswer::Refused { code: not_taken() };
        };
        match self.api.post(&["refunds"], &key(&order.idempotency_key, "refunds"), &body).await {
            Answer::Refused(fault) if fault.is_about_key() => refunded(earlier().await),
            // It is the payment that is missing: nothing can be given back.
            Answer::Missing => RefundAnswer::Refused { code: "payment_missing".to_owned() },
            answer => refunded(answer),
        }
    }

    async fn fetch_refund(&self, reference: &str) -> RefundAnswer {
        match self.api.get(&["refunds", reference], &[]).await {
            Answer::Refused(_) => RefundAnswer::Unknown { detail: "the question was refused".to_owned() },
            answer => refunded(answer),
        }
    }

    async fn refunds_of(&self, reference: &str) -> RefundsAnswer {
        let detail = match search::refunds_of(&self.api, reference).await {
            Answer::Done(found) => match found.iter().map(outcome::refund).collect() {
                Some(refunds) => return RefundsAnswer::Found(refunds),
                None => "an amount can't be read".to_owned(),
            },
            Answer::Missing | Answer::Refused(_) => "the list was refused".to_owned(),
            Answer::Unknown(detail) => detail,
        };
        RefundsAnswer::Unknown { detail }
    }

    async fn list_payments(&self, period: &BookPeriod) -> Option<BooksAnswer> {
        let mut query = vec![
            ("created_at.gte", search::written(period.from)),
            ("created_at.lt", search::written(period.to)),
            ("limit", search::PAGE_MAX.to_string()),
        ];
        query.extend(period.cursor.clone().map(|cursor| ("cursor", cursor)));
        Some(match self.api.get::<ListObject<PaymentObject>>(&["payments"], &query).await {
            Answer::Done(page) => match page.items.iter().map(outcome::booked).collect() {
                Some(payments) => BooksAnswer::Page { payments, next: page.next_cursor },
                None => BooksAnswer::Unknown { detail: "an amount can't be read".to_owned() },
            },
            Answer::Missing => BooksAnswer::Unknown { detail: "the list is missing".to_owned() },
            Answer::Refused(_) => BooksAnswer::Unknown { detail: "the list was refused".to_owned() },
            Answer::Unknown(detail) => BooksAnswer::Unknown { detail },
        })
    }

    fn verify_webhook(
        &self,
        _headers: &[(String, String)],
        sender: std::net::IpAddr,
        body: &[u8],
    ) -> Result<VerifiedEvent, EventError> {
        if !self.senders.allows(sender) {
            tracing::warn!(%sender, "a notification came from an address that is not YooKassa's");
            return Err(EventError::Signature);
        }
        notification::read(body, self.mode)
    }

    fn reread_webhook(&self, dedupe_key: &str, body: &[u8]) -> Option<VerifiedEvent> {
        notification::reread(dedupe_key, body)
    }

    async fn examine(&self) -> Vec<Examined> {
        let (shop, date) = self.api.get_at(&["me"], &[]).await;
        examine::shop(
            shop,
            date,
            Utc::now(),
            &examine::Ours {
                mode: self.mode,
                has_receipts: self.receipts.is_some(),
                has_autopayments: self.has_autopayments,
            },
        )
    }
}
