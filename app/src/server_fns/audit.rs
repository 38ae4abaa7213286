//! The audit log, for staff.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use wallet::identity::AuditPage;

use crate::error::AppError;

/// Gives one page of the audit log, newest first.
#[server(endpoint = "audit", input = GetUrl)]
pub async fn audit_log(#[server(default)] before: String) -> Result<AuditPage, AppError> {
    let (viewer, wallet) = crate::asker::staff()?;
    Ok(wallet.identity().audit_log(&viewer, before.parse().ok(), 50).await?)
}
