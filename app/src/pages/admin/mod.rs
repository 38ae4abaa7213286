//! For staff: payments, the price book, its margins and the audit log.

mod audit;
mod import;
mod margins;
mod operation;
mod payments;
mod publish;
mod reconciliation;
mod tariffs;

pub use audit::AuditPage;
pub use import::ImportPage;
pub use margins::MarginsPage;
pub use operation::OperationPage;
pub use payments::PaymentsPage;
pub use publish::PublishPage;
pub use reconciliation::ReconciliationPage;
pub use tariffs::TariffsPage;
