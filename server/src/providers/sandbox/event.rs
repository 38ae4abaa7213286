//! The events of the sandbox: queued as a job, which delivers them as a real provider would.

use chrono::{TimeDelta, Utc};
use graphile_worker::{JobSpec, WorkerUtils};
use serde::{Deserialize, Serialize};
use wallet::payment::SandboxCheckout;

use super::LOSES_ANSWER;
use crate::database::JOBS_SCHEMA;
use crate::state::AppState;

/// How long the event of the card whose answer gets lost stays away.
const LOST: TimeDelta = TimeDelta::seconds(6);

/// The event to deliver.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SandboxEvent {
    /// The payment page that it is about.
    pub reference: String,
    /// What happened to it: `paid`, `declined`, …
    pub state: String,
    /// Whether it stays away for a while.
    late: bool,
}

impl SandboxEvent {
    /// Makes the event of a page's newest state.
    #[must_use]
    pub fn of(page: &SandboxCheckout) -> Self {
        let late = page.method.as_deref().is_some_and(|method| method.ends_with(LOSES_ANSWER));
        Self { reference: page.reference.clone(), state: page.state.code().to_owned(), late }
    }

    /// Puts the delivery into the queue.
    pub async fn enqueue(self, state: &AppState) -> anyhow::Result<()> {
        let mut spec = JobSpec::default();
        if self.late {
            spec.run_at = Some(Utc::now() + LOST);
        }
        WorkerUtils::new(state.wallet.pool().clone(), JOBS_SCHEMA).add_job(self, spec).await?;
        Ok(())
    }
}
