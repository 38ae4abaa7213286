//! The sandbox as the wallet sees it.

use async_trait::async_trait;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use wallet::clock::Clock;
use wallet::error::{Error, Refusal};
use wallet::id::PaymentId;
use wallet::payment::{
    BookPeriod, BookedPayment, BooksAnswer, Capabilities, ChargeAnswer, CheckoutAnswer, CheckoutOrder, EventAbout,
    EventError, FetchAnswer, MethodAnswer, MethodKind, Provider, ProviderMethod, ProviderPayment, ProviderRefund,
    ProviderStatus, RefundAnswer, RefundOrder, RefundStatus, RefundsAnswer, SandboxBooks, SandboxCheckout,
    SandboxRefund, SandboxState, SandboxStep, SavedCharge, SetupAnswer, SetupOrder, VerifiedEvent, decline,
};

use super::message::Message;
use super::{LOSES_ANSWER, LOST_SECONDS, NAME, card};

/// The sandbox provider.
#[derive(Clone, Debug)]
pub struct Sandbox {
    books: SandboxBooks,
    clock: Clock,
    secret: SecretString,
}

impl Sandbox {
    /// Takes the sandbox's books, and the secret that its events are signed with.
    #[must_use]
    pub const fn new(books: SandboxBooks, clock: Clock, secret: SecretString) -> Self {
        Self { books, clock, secret }
    }

    fn seen(&self, found: Result<Option<SandboxCheckout>, Error>) -> FetchAnswer {
        match found {
            Ok(Some(page)) if self.lost(&page) => FetchAnswer::Unknown { detail: "the answer got lost".to_owned() },
            Ok(Some(page)) => FetchAnswer::Found(payment(page)),
            Ok(None) => FetchAnswer::Missing,
            Err(error) => FetchAnswer::Unknown { detail: error.to_string() },
        }
    }

    /// Whether the page was paid with the card whose answer gets lost, just now.
    fn lost(&self, page: &SandboxCheckout) -> bool {
        let card = page.method.as_deref().is_some_and(|method| method.ends_with(LOSES_ANSWER));
        card && page.state == SandboxState::Paid
            && page.updated_at + TimeDelta::seconds(LOST_SECONDS) > self.clock.now()
    }
}

fn payment(page: SandboxCheckout) -> ProviderPayment {
    let status = match page.state {
        SandboxState::Open | SandboxState::Challenge => ProviderStatus::Open,
        SandboxState::Processing => ProviderStatus::Processing,
        SandboxState::Paid => ProviderStatus::Paid,
        SandboxState::Declined => ProviderStatus::Declined { code: page.decline_code.unwrap_or_default() },
        SandboxState::Cancelled => ProviderStatus::Cancelled,
        SandboxState::Expired => ProviderStatus::Expired,
    };
    ProviderPayment {
        reference: page.reference,
        order: Some(page.order),
        status,
        money: page.money,
        tax_minor: 0,
        refunded_minor: page.refunded_minor,
        saved_method: page
            .method_ref
            .filter(|_| page.save_method)
            .map(|reference| saved(reference, page.method.as_deref())),
        method: page.method,
        created_at: page.created_at,
    }
}

fn booked(page: SandboxCheckout) -> BookedPayment {
    BookedPayment {
        is_paid: page.state == SandboxState::Paid,
        reference: page.reference,
        order: Some(page.order),
        total: page.money,
        refunded_minor: page.refunded_minor,
        created_at: page.created_at,
    }
}

fn refund(made: SandboxRefund) -> ProviderRefund {
    ProviderRefund {
        reference: made.reference,
        refund: made.refund,
        payment_reference: made.checkout,
        money: made.money,
        status: RefundStatus::Succeeded,
        created_at: made.created_at,
    }
}

/// Gives a saved card from its label, `Visa •• 4242`.
fn saved(reference: String, label: Option<&str>) -> ProviderMethod {
    let label = label.unwrap_or_default();
    let (brand, last4) = label.split_once(" •• ").unzip();
    ProviderMethod {
        reference,
        kind: MethodKind::Card,
        brand: brand.map(str::to_lowercase),
        last4: last4.map(str::to_owned),
        expires: None,
        label: label.to_owned(),
    }
}

/// Puts the card page beside the page to come back to: the same address that the browser already uses.
fn page_url(return_url: &str, reference: &str) -> Option<String> {
    let url = reqwest::Url::parse(return_url).ok()?;
    url.join(&format!("/sandbox/checkout/{reference}")).ok().map(String::from)
}

#[async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![MethodKind::Card],
            signed_webhooks: true,
            saved_methods: true,
            setup: true,
            partial_refund: true,
            test_only: true,
            ..Capabilities::default()
        }
    }

    async fn create_checkout(&self, order: &CheckoutOrder) -> CheckoutAnswer {
        let page = match self.books.open(order).await {
            Ok(page) => page,
            Err(error) => return CheckoutAnswer::Unknown { detail: error.to_string() },
        };
        match page_url(&page.return_url, &page.reference) {
            Some(redirect_url) => {
                CheckoutAnswer::Created { reference: page.reference, redirect_url, expires_at: page.expires_at }
            }
            None => CheckoutAnswer::Refused { code: "bad_return_url".to_owned() },
        }
    }

    async fn charge_saved(&self, charge: &SavedCharge) -> ChargeAnswer {
        let made = async {
            let Some(method) = self.books.method(&charge.method).await? else {
                return Ok::<_, Error>(None);
            };
            let decline = card::declines_alone(&method.label, method.charges);
            self.books.charge(charge, &method.label, decline).await.map(Some)
        };
        match made.await {
            Ok(Some(page)) if self.lost(&page) => ChargeAnswer::Unknown { detail: "the answer got lost".to_owned() },
            Ok(Some(page)) => ChargeAnswer::Made { reference: page.reference },
            Ok(None) => ChargeAnswer::Refused { code: "no_such_card".to_owned() },
            Err(error) => ChargeAnswer::Unknown { detail: error.to_string() },
        }
    }

    async fn fetch_payment(&self, reference: &str) -> FetchAnswer {
        self.seen(self.books.find(reference).await)
    }

    async fn find_by_order(&self, payment: PaymentId) -> FetchAnswer {
        self.seen(self.books.find_by_order(payment).await)
    }

    async fn expire_checkout(&self, reference: &str) -> FetchAnswer {
        match self.books.advance(reference, &SandboxStep::Expire).await {
            Ok(page) => FetchAnswer::Found(payment(page)),
            Err(Error::Refused(Refusal::NotFound { .. })) => FetchAnswer::Missing,
            Err(error) => FetchAnswer::Unknown { detail: error.to_string() },
        }
    }

    async fn create_setup(&self, order: &SetupOrder) -> CheckoutAnswer {
        match self.books.open_setup(order).await {
            Ok(page) => match page_url(&page.return_url, &page.reference) {
                Some(redirect_url) => {
                    CheckoutAnswer::Created { reference: page.reference, redirect_url, expires_at: page.expires_at }
                }
                None => CheckoutAnswer::Refused { code: "bad_return_url".to_owned() },
            },
            Err(error) => CheckoutAnswer::Unknown { detail: error.to_string() },
        }
    }

    async fn fetch_setup(&self, reference: &str) -> SetupAnswer {
        let page = match self.books.find(reference).await {
            Ok(Some(page)) => page,
            Ok(None) => return SetupAnswer::Missing,
            Err(error) => return SetupAnswer::Unknown { detail: error.to_string() },
        };
        let failed = |code: &str| SetupAnswer::Failed { code: code.to_owned() };
        match (page.state, page.method_ref) {
            (SandboxState::Paid, Some(reference)) => SetupAnswer::Saved(saved(reference, page.method.as_deref())),
            (SandboxState::Open | SandboxState::Challenge | SandboxState::Processing, _) => SetupAnswer::Open,
            (SandboxState::Cancelled, _) => failed("cancelled"),
            (SandboxState::Expired, _) => failed("expired"),
            (SandboxState::Declined | SandboxState::Paid, _) => {
                failed(page.decline_code.as_deref().unwrap_or(decline::CARD_DECLINED))
            }
        }
    }

    async fn fetch_method(&self, reference: &str) -> MethodAnswer {
        match self.books.method(reference).await {
            Ok(Some(known)) => MethodAnswer::Found(saved(reference.to_owned(), Some(&known.label))),
            Ok(None) => MethodAnswer::Missing,
            Err(error) => MethodAnswer::Unknown { detail: error.to_string() },
        }
    }

    async fn refund(&self, order: &RefundOrder) -> RefundAnswer {
        match self.books.refund(order).await {
            Ok(Some(made)) => RefundAnswer::Found(refund(made)),
            Ok(None) => RefundAnswer::Refused { code: "too_much".to_owned() },
            Err(error) => RefundAnswer::Unknown { detail: error.to_string() },
        }
    }

    async fn fetch_refund(&self, reference: &str) -> RefundAnswer {
        match self.books.refunds(reference).await {
            Ok(made) => made.into_iter().next().map_or(RefundAnswer::Missing, |made| RefundAnswer::Found(refund(made))),
            Err(error) => RefundAnswer::Unknown { detail: error.to_string() },
        }
    }

    async fn refunds_of(&self, reference: &str) -> RefundsAnswer {
        match self.books.refunds(reference).await {
            Ok(made) => RefundsAnswer::Found(made.into_iter().map(refund).collect()),
            Err(error) => RefundsAnswer::Unknown { detail: error.to_string() },
        }
    }

    async fn list_payments(&self, period: &BookPeriod) -> Option<BooksAnswer> {
        Some(match self.books.list(period).await {
            Ok(page) => {
                let next = page.last().filter(|_| SandboxBooks::is_full(&page)).map(|last| last.reference.clone());
                BooksAnswer::Page { payments: page.into_iter().map(booked).collect(), next }
            }
            Err(error) => BooksAnswer::Unknown { detail: error.to_string() },
        })
    }

    fn verify_webhook(
        &self,
        headers: &[(String, String)],
        _sender: std::net::IpAddr,
        body: &[u8],
    ) -> Result<VerifiedEvent, EventError> {
        Message::verify(self.secret.expose_secret(), headers, body).map(event)
    }

    fn reread_webhook(&self, dedupe_key: &str, body: &[u8]) -> Option<VerifiedEvent> {
        Message::read(dedupe_key, body).map(event)
    }
}

fn event(message: Message) -> VerifiedEvent {
    VerifiedEvent {
        dedupe_key: message.id,
        kind: message.kind,
        about: EventAbout::Payment,
        object_ref: Some(message.reference),
        created_at: message.created_at,
        raw: message.raw,
    }
}

#[cfg(test)]
mod tests {
    use super::page_url;

    #[test]
    fn the_card_page_is_where_the_browser_came_from() {
        let url = page_url("http://localhost:3000/wallet/orders/1", "sbx_1");
        assert_eq!(url.as_deref(), Some("http://localhost:3000/sandbox/checkout/sbx_1"));
        assert_eq!(page_url("not an address", "sbx_1"), None);
    }
}
