//! Does the simulations that were asked for: right after somebody asked, and every minute what a stopped node left.

use std::ops::ControlFlow;

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

/// Does every simulation that nobody does.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SimulatePrices {}

impl TaskHandler for SimulatePrices {
    const IDENTIFIER: &'static str = wallet::tariff::SIMULATE_PRICES;

    /// A node that stops gives its simulation back, so that another one need not wait for its silence.
    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let state = &super::tools(&context)?.state;
        let go_on = |_| match state.stopping.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        state.wallet.tariffs().run_simulations(go_on).await.map(drop).map_err(super::text)
    }
}
