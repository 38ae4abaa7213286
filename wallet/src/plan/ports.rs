//! What plans need of the concepts above them; the façade hands it in.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::Subscription;
use crate::error::Result;

/// Tells programs what people do with a plan.
#[async_trait]
pub(crate) trait PlanNews: Send + Sync {
    /// Notes, in the transaction of it, that a plan will end with the time that is paid, or goes on after all.
    async fn end_was_set_in_tx(&self, connection: &mut PgConnection, of: &Subscription, ends: bool) -> Result<()>;
}
