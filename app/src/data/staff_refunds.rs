//! Refunds and disputes for staff: the queue, one request with what decides it, the disputes.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wallet::refund::{DisputeView, RefundRequest, RequestState, StaffRefundRequest};

use crate::context::FormOutcome;
use crate::error::AppError;

/// The states, those that staff look at most first.
const TABS: [RequestState; 6] = [
    RequestState::Waiting,
    RequestState::Approved,
    RequestState::Paid,
    RequestState::Refused,
    RequestState::Withdrawn,
    RequestState::Failed,
];

/// Requests of one state, and how many there are in each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundsPage {
    /// The state that is listed.
    pub state: RequestState,
    /// The requests: those that wait by their deadline, else the newest first.
    pub requests: Vec<RefundRequest>,
    /// How many there are in each state.
    pub counts: Vec<(RequestState, i64)>,
    /// The day when the page was drawn.
    pub today: NaiveDate,
}

/// One request with what decides it, and what became of the form on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionPage {
    /// The request, the purchases and the balance.
    pub found: StaffRefundRequest,
    /// What became of the form.
    pub outcome: FormOutcome,
}

/// The disputes, and what became of a form on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisputesPage {
    /// Open ones first, by their deadline.
    pub disputes: Vec<DisputeView>,
    /// What became of the form.
    pub outcome: FormOutcome,
    /// The day when the page was drawn.
    pub today: NaiveDate,
}

/// Gives the requests of one state.
pub async fn load_refunds(state: String) -> Result<RefundsPage, AppError> {
    let (_, wallet) = crate::current_user::payment_staff()?;
    let state = RequestState::from_code(&state).unwrap_or(RequestState::Waiting);
    let queue = wallet.refunds().queue(Some(state)).await?;
    let count = |state: RequestState| (state, queue.counts.get(state.code()).copied().unwrap_or_default());
    Ok(RefundsPage {
        state,
        counts: TABS.map(count).to_vec(),
        requests: queue.requests,
        today: wallet.clock().now().date_naive(),
    })
}

/// Gives one request with what decides it.
pub async fn load_refund(id: String) -> Result<DecisionPage, AppError> {
    use wallet::error::{Error, Refusal};
    let (_, wallet) = crate::current_user::payment_staff()?;
    let id = id.parse().map_err(|_| Error::from(Refusal::not_found("refund request")))?;
    let found = wallet.refunds().staff_request(id).await?;
    Ok(DecisionPage { found, outcome: crate::current_user::outcome(&format!("/admin/refunds/{id}")) })
}

/// Gives the disputes.
pub async fn load_disputes() -> Result<DisputesPage, AppError> {
    let (_, wallet) = crate::current_user::payment_staff()?;
    Ok(DisputesPage {
        disputes: wallet.refunds().disputes().await?,
        outcome: crate::current_user::outcome("/admin/disputes"),
        today: wallet.clock().now().date_naive(),
    })
}
