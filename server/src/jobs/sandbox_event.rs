//! Delivers one event of the sandbox to the shop's public address, as a real provider would.

use chrono::Utc;
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;

use crate::providers::sandbox::SandboxEvent;
use crate::providers::sandbox::message::Signed;

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
