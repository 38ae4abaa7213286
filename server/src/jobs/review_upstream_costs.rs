//! Every day: upstream costs whose review is due; the admins are mailed once, and drops are drafted.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Looks at what is due.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ReviewUpstreamCosts {}

impl TaskHandler for ReviewUpstreamCosts {
    const IDENTIFIER: &'static str = "review_upstream_costs";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let wallet = &super::tools(&context)?.state.wallet;
        wallet.review_upstream_costs().await.map(drop).map_err(super::text)
    }
}
