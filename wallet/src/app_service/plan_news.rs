//! Endpoints are told what people do with a plan.

use async_trait::async_trait;
use sqlx::PgConnection;

use crate::db::Db;
use crate::error::Result;
use crate::notify::webhook::{self, EventKind, Notice, SubscriptionNotice};
use crate::plan::Subscription;
use crate::plan::ports::PlanNews;

/// Notes it for the endpoints of the plan's wallet.
pub(crate) struct PlanNotices {
    pub(crate) db: Db,
}

#[async_trait]
impl PlanNews for PlanNotices {
    async fn end_was_set_in_tx(&self, connection: &mut PgConnection, of: &Subscription, ends: bool) -> Result<()> {
        let told = SubscriptionNotice {
            event: if ends { EventKind::SubscriptionCancelled } else { EventKind::SubscriptionResumed },
            subscription: of.id,
            plan: of.plan.clone(),
            until: of.expires_at,
            reason: None,
        };
        webhook::note_in_tx(connection, of.wallet, &Notice::Subscription(told), self.db.now()).await
    }
}
