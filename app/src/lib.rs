//! Pages, components and server functions.

#![recursion_limit = "256"]

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

pub mod components;
pub mod context;
#[cfg(feature = "ssr")]
pub mod current_user;
mod document;
pub mod error;
#[cfg(feature = "ssr")]
pub mod language;
pub mod live;
pub mod pages;
pub mod server_fns;
pub mod session;
pub mod text;
pub mod text_json;

#[expect(missing_docs, clippy::doc_markdown, reason = "generated from the locale files")]
#[allow(warnings, clippy::all, clippy::allow_attributes, clippy::allow_attributes_without_reason)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}
pub use generated::i18n;

pub use document::shell;
#[cfg(feature = "hydrate")]
pub use document::take_page_address;
use i18n::I18nContextProvider;
use pages::account::{
    DocumentsPage, HistoryPage, OrderPage, OrdersPage, OverviewPage, PaymentMethodsPage, PlanPage, QuotesPage,
    RefundFormPage, RefundRequestPage, RefundsPage, TopUpPage,
};
use pages::admin::{
    AuditPage, DisputesPage, ImportPage, MarginsPage, OperationPage, PaymentsPage, PublishPage, ReconciliationPage,
    StaffRefundsPage, TariffsPage,
};
use pages::developers::{KeysPage, WebhooksPage};
use pages::playground::PlaygroundPage;
use pages::public::{
    AnnouncementPage, ChangelogPage, ForgotPage, NotFoundPage, PricingPage, ResetPage, SignInPage, SignUpPage,
    VerifyEmailPage,
};
use pages::settings::{BillingPage, SecurityPage};

/// All pages.
#[component]
#[must_use]
pub fn App() -> impl IntoView {
    provide_meta_context();
    #[cfg(feature = "ssr")]
    language::provide_language();
    session::provide_session();
    live::provide_live_wallet();
    view! {
        <I18nContextProvider
            enable_cookie=false
            set_lang_attr_on_html=true
            ssr_lang_header_getter=document::languages()
        >
            <Router>
                <Routes fallback=|| view! { <NotFoundPage /> }>
                    <Route path=path!("/pricing") view=PricingPage ssr=SsrMode::Async />
                    <Route path=path!("/changelog") view=ChangelogPage ssr=SsrMode::Async />
                    <Route path=path!("/changelog/:version") view=AnnouncementPage ssr=SsrMode::Async />
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                    <Route path=path!("/sign-up") view=SignUpPage ssr=SsrMode::Async />
                    <Route path=path!("/forgot") view=ForgotPage ssr=SsrMode::Async />
                    <Route path=path!("/reset") view=ResetPage ssr=SsrMode::Async />
                    <Route path=path!("/verify-email") view=VerifyEmailPage ssr=SsrMode::Async />
                    <Route path=path!("/not-found") view=NotFoundPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet") view=OverviewPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/history/:seq?") view=HistoryPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/top-up") view=TopUpPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/plan") view=PlanPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/payment") view=PaymentMethodsPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/quotes") view=QuotesPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/orders") view=OrdersPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/orders/:id") view=OrderPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/documents") view=DocumentsPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/refunds") view=RefundsPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/refunds/new") view=RefundFormPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/refunds/:id") view=RefundRequestPage ssr=SsrMode::Async />
                    <Route path=path!("/developers/keys") view=KeysPage ssr=SsrMode::Async />
                    <Route path=path!("/developers/webhooks") view=WebhooksPage ssr=SsrMode::Async />
                    <Route path=path!("/settings/billing") view=BillingPage ssr=SsrMode::Async />
                    <Route path=path!("/settings/security") view=SecurityPage ssr=SsrMode::Async />
                    <Route path=path!("/playground") view=PlaygroundPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/payments/:id?") view=PaymentsPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/refunds/:id?") view=StaffRefundsPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/disputes") view=DisputesPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/reconciliation") view=ReconciliationPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/tariffs") view=TariffsPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/tariffs/:n") view=TariffsPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/tariffs/:n/operations") view=OperationPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/tariffs/:n/import") view=ImportPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/tariffs/:n/publish") view=PublishPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/margins") view=MarginsPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/audit") view=AuditPage ssr=SsrMode::Async />
                </Routes>
            </Router>
        </I18nContextProvider>
    }
}
