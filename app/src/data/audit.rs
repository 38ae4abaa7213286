//! The audit log, for staff.

use wallet::identity::AuditPage;

use crate::error::AppError;

/// Gives one page of the audit log, newest first.
pub async fn audit_log(before: String) -> Result<AuditPage, AppError> {
    let (_, wallet) = crate::current_user::staff()?;
    Ok(wallet.identity().audit_log(before.parse().ok(), 50).await?)
}
