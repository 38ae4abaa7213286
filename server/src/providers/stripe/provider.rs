//! Stripe as the wallet sees it.

use async_trait::async_trait;
use wallet::id::PaymentId;
use wallet::money::Currency;
use wallet::payment::{
    AmountLimits, BookPeriod, BooksAnswer, Capabilities, ChargeAnswer, CheckoutAnswer, CheckoutOrder, CustomerAnswer,
    CustomerOrder, DisputesAnswer, EventError, Examined, FetchAnswer, MethodAnswer, MethodKind, Provider, RefundAnswer,
    RefundOrder, RefundsAnswer, SavedCharge, SetupAnswer, SetupOrder, VerifiedEvent,
};

use super::{NAME, Stripe, currency, event};
use crate::config::stripe::KeyMode;

#[async_trait]
impl Provider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![MethodKind::Card],
            customers: true,
            saved_methods: true,
            setup: true,
            disputes_via_webhook: true,
            partial_refund: true,
            signed_webhooks: true,
            test_only: self.mode == KeyMode::Test,
            currencies: currency::taken(),
        }
    }

    fn limits(&self, currency: Currency) -> AmountLimits {
        currency::limits(currency)
    }

    fn page_origins(&self) -> Vec<String> {
        vec![self.page_origin.clone()]
    }

    async fn ensure_customer(&self, order: &CustomerOrder) -> CustomerAnswer {
        self.customer(order).await
    }

    async fn create_checkout(&self, order: &CheckoutOrder) -> CheckoutAnswer {
        self.pay_page(order).await
    }

    async fn charge_saved(&self, charge: &SavedCharge) -> ChargeAnswer {
        self.charge(charge).await
    }

    async fn fetch_payment(&self, reference: &str) -> FetchAnswer {
        self.payment(reference).await
    }

    async fn find_by_order(&self, payment: PaymentId) -> FetchAnswer {
        self.find(payment).await
    }

    async fn expire_checkout(&self, reference: &str) -> FetchAnswer {
        self.expire(reference).await
    }

    async fn create_setup(&self, order: &SetupOrder) -> CheckoutAnswer {
        self.save_page(order).await
    }

    async fn fetch_setup(&self, reference: &str) -> SetupAnswer {
        self.setup(reference).await
    }

    async fn fetch_method(&self, reference: &str) -> MethodAnswer {
        self.saved_method(reference).await
    }

    async fn detach_method(&self, reference: &str) -> MethodAnswer {
        self.detach(reference).await
    }

    async fn refund(&self, order: &RefundOrder) -> RefundAnswer {
        self.give_back(order).await
    }

    async fn fetch_refund(&self, reference: &str) -> RefundAnswer {
        self.refund_named(reference).await
    }

    async fn refunds_of(&self, reference: &str) -> RefundsAnswer {
        self.all_refunds(reference).await
    }

    async fn disputes_of(&self, reference: &str) -> DisputesAnswer {
        self.all_disputes(reference).await
    }

    async fn list_payments(&self, period: &BookPeriod) -> Option<BooksAnswer> {
        Some(self.page_of_books(period).await)
    }

    fn verify_webhook(
        &self,
        headers: &[(String, String)],
        _sender: std::net::IpAddr,
        body: &[u8],
    ) -> Result<VerifiedEvent, EventError> {
        event::verify(&self.webhook_secrets, self.mode, self.clock.now(), headers, body)
    }

    fn reread_webhook(&self, dedupe_key: &str, body: &[u8]) -> Option<VerifiedEvent> {
        event::reread(dedupe_key, body)
    }

    async fn examine(&self) -> Vec<Examined> {
        self.examined().await
    }
}
