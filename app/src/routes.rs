//! The pages and their addresses.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::generated::i18n::I18nContextProvider;
use crate::pages::account::{
    DocumentsPage, HistoryPage, InvitePage, OrderPage, OrdersPage, OverviewPage, PaymentMethodsPage, PlanPage,
    QuotesPage, RefundFormPage, RefundRequestPage, RefundsPage, TopUpPage,
};
use crate::pages::admin::{
    AuditPage, DisputesPage, ImportPage, MarginsPage, OperationPage, PaymentsPage, PublishPage, ReconciliationPage,
    StaffRefundsPage, TariffsPage,
};
use crate::pages::developers::{KeysPage, WebhooksPage};
use crate::pages::playground::PlaygroundPage;
use crate::pages::public::{
    AnnouncementPage, ChangelogPage, ForgotPage, NotFoundPage, PricingPage, ResetPage, SignInPage, SignUpPage,
    UnsubscribePage, VerifyEmailPage,
};
use crate::pages::settings::{BillingPage, NotificationsPage, SecurityPage};
use crate::{language, live, session};

/// All pages.
#[component]
#[must_use]
pub fn App() -> impl IntoView {
    provide_meta_context();
    language::provide_language();
    session::provide_session();
    live::provide_live_wallet();
    view! {
        <I18nContextProvider
            enable_cookie=false
            set_lang_attr_on_html=true
            ssr_lang_header_getter=language::languages()
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
                    <Route path=path!("/unsubscribe") view=UnsubscribePage ssr=SsrMode::Async />
                    <Route path=path!("/not-found") view=NotFoundPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet") view=OverviewPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/history/:seq?") view=HistoryPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/top-up") view=TopUpPage ssr=SsrMode::Async />
                    <Route path=path!("/wallet/invite") view=InvitePage ssr=SsrMode::Async />
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
                    <Route path=path!("/settings/notifications") view=NotificationsPage ssr=SsrMode::Async />
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
