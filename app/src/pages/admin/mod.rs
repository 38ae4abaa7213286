//! For staff: the price book and the audit log.

mod audit;
mod publish;
mod tariffs;

pub use audit::AuditPage;
pub use publish::PublishPage;
pub use tariffs::TariffsPage;
