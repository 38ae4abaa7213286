//! For staff: the price book and the audit log.

mod audit;
mod margins;
mod publish;
mod tariffs;

pub use audit::AuditPage;
pub use margins::MarginsPage;
pub use publish::PublishPage;
pub use tariffs::TariffsPage;
