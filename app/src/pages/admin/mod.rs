//! For staff: the price book, its margins and the audit log.

mod audit;
mod import;
mod margins;
mod operation;
mod publish;
mod tariffs;

pub use audit::AuditPage;
pub use import::ImportPage;
pub use margins::MarginsPage;
pub use operation::OperationPage;
pub use publish::PublishPage;
pub use tariffs::TariffsPage;
