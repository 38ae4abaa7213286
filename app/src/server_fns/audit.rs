//! The audit log, for staff.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use wallet::identity::AuditPage;

use crate::error::AppError;
use crate::text_json::TextJson;

/// Gives one page of the audit log, newest first.
#[server(endpoint = "audit", input = GetUrl, output = TextJson)]
pub async fn audit_log(
    /// Rows older than this one.
    #[server(default)]
    before: String,
) -> Result<AuditPage, AppError> {
    let (_, wallet) = crate::current_user::staff()?;
    Ok(wallet.identity().audit_log(before.parse().ok(), 50).await?)
}
