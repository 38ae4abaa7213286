//! Endpoints are told what people do with a plan.

use async_trait::async_trait;
use sqlx::PgConnection;

use crate::db::Db;
use crate::error::Result;
use crate::notify::webhook::{self, EventKind, Notice, SubscriptionNotice};
use crate::plan::Subscription;
use crate::plan::ports::{PlanNews, PlanStep};

/// Notes it for the endpoints of the plan's wallet.
pub(crate) struct PlanNotices {
    pub(crate) db: Db,
}

#[async_trait]
impl PlanNews for PlanNotices {
    async fn note_in_tx(&self, connection: &mut PgConnection, of: &Subscription, step: PlanStep) -> Result<()> {
        let (event, until, reason) = match step {
            PlanStep::Assigned(until) => (EventKind::SubscriptionStarted, Some(until), None),
            PlanStep::EndSet => (EventKind::SubscriptionCancelled, of.expires_at, None),
            PlanStep::Resumed => (EventKind::SubscriptionResumed, of.expires_at, None),
            PlanStep::EndedByStaff => {
                (EventKind::SubscriptionEnded, Some(self.db.now()), Some("ended_by_staff".to_owned()))
            }
        };
        let told = SubscriptionNotice { event, subscription: of.id, plan: of.plan.clone(), until, reason };
        webhook::note_in_tx(connection, of.wallet, &Notice::Subscription(told), self.db.now()).await
    }
}
