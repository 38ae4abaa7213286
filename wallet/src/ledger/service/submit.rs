//! Takes commands: checks what the database would not take, and hands them to the writers.

use std::sync::Arc;

use super::Ledger;
use crate::db::has_nul;
use crate::error::{FieldError, Problem, Refusal, Result};
use crate::idempotency::RequestHash;
use crate::ledger::model::command::Outcome;
use crate::ledger::model::metadata::{self, NESTING_MAX};
use crate::ledger::model::request::{Request, WalletRequest};
use crate::ledger::model::submission::Submission;
use crate::ledger::model::tx_hook::{HookError, KeepsRefusal, RefusingHook};

/// The longest metadata, as JSON text.
const MAX_METADATA: usize = 16 * 1024;

/// The longest command, as JSON text.
const MAX_COMMAND: usize = 256 * 1024;

impl Ledger {
    /// Does one command, once: answers after the commit. A caller that goes away changes nothing.
    ///
    /// Commands of many callers share a transaction; one with a hook has its own. The caller must not hold a
    /// transaction with locks that the command or its hook needs.
    pub async fn submit(&self, submission: Submission) -> Result<Outcome> {
        let hook = submission.hook.clone();
        let work = Box::new(submission.work()?);
        match hook {
            None => self.writers.submit(work).await,
            Some(hook) => Box::pin(self.writers.submit_alone(work, hook)).await,
        }
    }

    /// Does one command together with what must happen in the same transaction; where the rules of that are against it,
    /// nothing has happened, and the hook's own refusal says why.
    pub(crate) async fn submit_with<H: RefusingHook + 'static>(
        &self,
        submission: Submission,
        hook: H,
    ) -> Result<Outcome, HookError<H::Refusal>> {
        let hook = Arc::new(KeepsRefusal::new(hook));
        let done = self.submit(submission.with_hook(hook.clone())).await;
        hook.told(done)
    }
}

impl Submission {
    /// Checks what the database would not take, and makes the work of a writer.
    fn work(self) -> Result<WalletRequest> {
        let command = serde_json::to_string(&self.command)?;
        let metadata_text = if self.metadata.is_null() { None } else { Some(serde_json::to_string(&self.metadata)?) };
        if !(self.metadata.is_null() || self.metadata.is_object()) {
            return Err(FieldError::new("metadata", Problem::Malformed, "send a JSON object").into());
        }
        if metadata::nesting(&self.metadata) > NESTING_MAX {
            let message = format!("at most {NESTING_MAX} levels of lists and objects inside each other");
            return Err(Refusal::unprocessable("metadata", Problem::TooLong, message).into());
        }
        let text = metadata_text.as_deref().unwrap_or_default();
        if text.len() > MAX_METADATA {
            return Err(FieldError::new("metadata", Problem::TooLong, "at most 16 KB of JSON").into());
        }
        if command.len() > MAX_COMMAND {
            return Err(FieldError::new("params", Problem::TooLong, "at most 256 KB of JSON").into());
        }
        for (field, text) in [("metadata", text), ("params", command.as_str())] {
            if has_nul(text) {
                return Err(FieldError::new(field, Problem::Malformed, "remove the NUL characters").into());
            }
        }
        let request_hash = self.request_hash.unwrap_or_else(|| RequestHash::of(format!("{command}{text}").as_bytes()));
        let request = Request {
            command: self.command,
            key: self.key,
            request_hash,
            actor: self.actor,
            metadata: self.metadata,
            metadata_text: metadata_text.map(Arc::from),
        };
        Ok(WalletRequest { wallet: self.wallet, request })
    }
}
