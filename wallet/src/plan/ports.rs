//! What plans need of the concepts above them; the façade hands it in.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Subscription;
use crate::error::Result;

/// What people did with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanStep {
    /// Staff put the account on it, until then.
    Assigned(DateTime<Utc>),
    /// It will end with the time that is paid.
    EndSet,
    /// It goes on after all.
    Resumed,
    /// Staff ended it at once.
    EndedByStaff,
}

/// Tells programs what people do with a plan.
#[async_trait]
pub(crate) trait PlanNews: Send + Sync {
    /// Notes it in the transaction of it.
    async fn note_in_tx(&self, connection: &mut PgConnection, of: &Subscription, step: PlanStep) -> Result<()>;
}
