//! The wallet: overview, history, top-up, invitations, plan, orders, saved cards, kept prices, refunds.

mod documents;
mod history;
mod invite;
mod order;
mod orders;
mod overview;
mod payment;
mod plan;
mod quotes;
mod refund;
mod refund_request;
mod top_up;

pub use documents::DocumentsPage;
pub use history::HistoryPage;
pub use invite::InvitePage;
pub use order::OrderPage;
pub use orders::OrdersPage;
pub use overview::OverviewPage;
pub use payment::PaymentMethodsPage;
pub use plan::PlanPage;
pub use quotes::QuotesPage;
pub use refund::RefundFormPage;
pub use refund_request::{RefundRequestPage, RefundsPage};
pub use top_up::TopUpPage;
