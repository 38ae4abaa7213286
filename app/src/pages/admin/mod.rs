//! For staff: payments, refunds, disputes, the price book, its margins and the audit log.

mod audit;
mod disputes;
mod import;
mod margins;
mod operation;
mod payments;
mod publish;
mod reconciliation;
mod refunds;
mod tariffs;

pub use audit::AuditPage;
pub use disputes::DisputesPage;
pub use import::ImportPage;
pub use margins::MarginsPage;
pub use operation::OperationPage;
pub use payments::PaymentsPage;
pub use publish::PublishPage;
pub use reconciliation::ReconciliationPage;
pub use refunds::StaffRefundsPage;
pub use tariffs::TariffsPage;
