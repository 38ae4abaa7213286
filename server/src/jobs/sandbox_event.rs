//! Delivers one event of the sandbox to the shop's public address, as a real provider would.

use chrono::{TimeDelta, Utc};
use graphile_worker::{IntoTaskHandlerResult, JobSpec, TaskHandler, WorkerContext, WorkerUtils};
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use wallet::payment::SandboxCheckout;

use super::SCHEMA;
use crate::providers::sandbox::LOSES_ANSWER;
use crate::providers::sandbox::message::Signed;
use crate::state::AppState;

/// How long the event of the card whose answer gets lost stays away.
const LOST: TimeDelta = TimeDelta::seconds(6);

/// The event to deliver.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SandboxEvent {
    /// The payment page that it is about.
    reference: String,
    /// What happened to it: `paid`, `declined`, …
    state: String,
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
        WorkerUtils::new(state.wallet.pool().clone(), SCHEMA).add_job(self, spec).await?;
        Ok(())
    }
}

impl TaskHandler for SandboxEvent {
    const IDENTIFIER: &'static str = "sandbox_event";

    /// Anything but a 2xx is an error: the queue delivers again, later and later.
    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let state = &super::tools(&context)?.state;
        let secret = state.settings.web.sandbox_webhook_secret.expose_secret();
        let id = format!("evt_{}_{}", self.reference, self.state);
        let signed = Signed::new(secret, &id, &format!("payment.{}", self.state), &self.reference, Utc::now())
            .ok_or("SANDBOX_WEBHOOK_SECRET is no secret: write it as whsec_ and base64")?;
        let mut request = state
            .http
            .post(format!("{}/webhooks/sandbox", state.app.public_url))
            .header(CONTENT_TYPE, "application/json")
            .body(signed.body);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("the shop answered {}", answer.status())) }
    }
}
