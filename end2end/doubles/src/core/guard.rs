//! What happens around each call to an API: log, faults, idempotency.

use std::time::Duration;

use crate::core::Core;
use crate::core::call::{Answer, Call};
use crate::core::faults::FaultKind;
use crate::core::idempotency::{Begun, IdempotencyKey};
use crate::core::requests::Logged;

/// Why a call is refused before the provider looks at it.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// 503.
    Down,
    /// 429.
    TooManyRequests,
    /// 500.
    Internal,
    /// Another call with this key has not ended.
    InFlight(String),
    /// The key came with other params before.
    OtherParams(String),
}

/// How a provider says no, and that an answer is given again.
pub trait Dialect: Sync {
    /// A refusal in its words.
    fn refuse(&self, refusal: Refusal) -> Answer;
    /// Marks an answer that is given again.
    fn replayed(&self, answer: Answer) -> Answer {
        answer
    }
}

impl Core {
    /// Answers a call to an API: does it once per key unless a fault is set, and logs it.
    pub async fn answer(
        &self,
        dialect: &impl Dialect,
        call: &Call,
        key: Option<&IdempotencyKey>,
        mut logged: Logged,
        act: impl FnOnce() -> Answer + Send,
    ) -> Answer {
        let fault = self.faults.take(&call.method, &call.path);
        let kind = fault.as_ref().map(|fault| fault.kind);
        logged.fault = kind;
        let answer = match kind {
            Some(FaultKind::Down) => dialect.refuse(Refusal::Down),
            Some(FaultKind::TooMany) => dialect.refuse(Refusal::TooManyRequests),
            _ => match key.map(|key| self.idempotency.begin(key, self.clock.now())) {
                Some(Begun::Replay(answer)) => {
                    logged.replayed = true;
                    dialect.replayed(answer)
                }
                Some(Begun::OtherParams) => dialect.refuse(Refusal::OtherParams(logged_key(key))),
                Some(Begun::InFlight) => dialect.refuse(Refusal::InFlight(logged_key(key))),
                Some(Begun::New) | None => {
                    if let Some(fault) = fault.as_ref().filter(|fault| fault.kind == FaultKind::Slow) {
                        tokio::time::sleep(Duration::from_millis(fault.ms)).await;
                    }
                    let fails = fault.as_ref().filter(|fault| fault.kind == FaultKind::Saved500);
                    let answer = match fails {
                        None => act(),
                        Some(fault) => {
                            if fault.done {
                                act();
                            }
                            dialect.refuse(Refusal::Internal)
                        }
                    };
                    if let Some(key) = key {
                        self.idempotency.end(key, &answer);
                    }
                    answer
                }
            },
        };
        logged.status = answer.status.as_u16();
        self.requests.add(logged);
        spoil(answer, kind, call)
    }
}

fn logged_key(key: Option<&IdempotencyKey>) -> String {
    key.map(|key| key.key.clone()).unwrap_or_default()
}

/// What becomes of an answer on its way.
fn spoil(mut answer: Answer, kind: Option<FaultKind>, call: &Call) -> Answer {
    match kind {
        Some(FaultKind::LostAnswer) => call.cutter.cut(),
        Some(FaultKind::Unreadable) => {
            answer.status = axum::http::StatusCode::OK;
            answer.body = b"{\"id\": \"unreadable".to_vec();
        }
        _ => {}
    }
    answer
}
