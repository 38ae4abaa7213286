//! Refunds of the person's account: what can be asked for, and how far each request is.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::Wallet;
use wallet::catalog::RefundPolicy;
use wallet::identity::Viewer;
use wallet::ledger::{EntryFilter, EntryKind, EntryView, Page};
use wallet::money::Credits;
use wallet::refund::{Assessment, ChargeObstacle, RefundRequest, RequestState};

use crate::context::FormOutcome;
use crate::error::AppError;

/// How many charges are offered to choose from.
const CHARGE_ROWS: u16 = 20;

/// A charge that was named, and whether credits can be asked back for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedCharge {
    /// The row; none where there is no such row.
    pub entry: Option<EntryView>,
    /// Why not.
    pub obstacle: Option<ChargeObstacle>,
}

/// Everything that the form of a request shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundForm {
    /// Purchases, the chosen one first, with what the rule says of each.
    pub purchases: Vec<Assessment>,
    /// The rule, where the catalog has one.
    pub policy: Option<RefundPolicy>,
    /// Whether credits for a job are asked for.
    pub is_about_job: bool,
    /// The charge that was named.
    pub charge: Option<NamedCharge>,
    /// Charges to choose from, newest first.
    pub charges: Vec<EntryView>,
    /// The account's requests that stand in the way of another one about the same.
    pub standing: Vec<RefundRequest>,
    /// What the wallet has now.
    pub available: Credits,
    /// The working days until staff reply.
    pub reply_days: u8,
    /// Whether this person may ask for the account.
    pub may_pay: bool,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
    /// Makes a second submit show the same request.
    pub idempotency_key: Uuid,
}

/// One request with what its page says around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundPage {
    /// The request.
    pub request: RefundRequest,
    /// What the rule says of the purchase now.
    pub purchase: Option<Assessment>,
    /// The account's other requests, newest first.
    pub others: Vec<RefundRequest>,
    /// Whether this person may withdraw it.
    pub may_pay: bool,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
}

/// Gives what can be asked for: purchases, or a charge.
pub async fn load_refund_form(payment: String, row: String, what: String) -> Result<RefundForm, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let is_about_job = what == "credits" || !row.is_empty();
    let seq = row.parse::<i64>().ok();
    let choices = wallet.refunds().choices(&viewer, seq).await?;
    let mut purchases = choices.purchases;
    purchases.sort_by_key(|assessed| assessed.purchase.payment.to_string() != payment);
    let charge = (!row.is_empty()).then(|| match choices.charge {
        Some((entry, verdict)) => NamedCharge { entry: Some(entry), obstacle: verdict.err() },
        None => NamedCharge { entry: None, obstacle: None },
    });
    let mut standing = wallet.refunds().requests(viewer.account).await?;
    standing.retain(|request| request.state == RequestState::Waiting || request.state == RequestState::Approved);
    let charges = if is_about_job && charge.is_none() { charges(&viewer, &wallet).await? } else { Vec::new() };
    Ok(RefundForm {
        purchases,
        policy: wallet.catalog().view().await?.settings.refund,
        is_about_job,
        charge,
        charges,
        standing,
        available: choices.available,
        reply_days: choices.reply_days,
        may_pay: viewer.role.may_pay(),
        outcome: crate::current_user::outcome("/wallet/refunds/new"),
        idempotency_key: Uuid::now_v7(),
    })
}

/// Gives one request of the person's account.
pub async fn load_refund_request(id: String) -> Result<RefundPage, AppError> {
    use wallet::error::{Error, Refusal};
    use wallet::refund::RefundAbout;
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let refunds = wallet.refunds();
    let id = id.parse().map_err(|_| Error::from(Refusal::not_found("refund request")))?;
    let request = refunds.request(&viewer, id).await?;
    let mut others = refunds.requests(viewer.account).await?;
    others.retain(|other| other.id != id);
    let purchase = match request.about {
        RefundAbout::Payment { id } => {
            let purchases = refunds.choices(&viewer, None).await?.purchases;
            purchases.into_iter().find(|assessed| assessed.purchase.payment == id)
        }
        RefundAbout::Charge { .. } => None,
    };
    Ok(RefundPage {
        request,
        purchase,
        others,
        may_pay: viewer.role.may_pay(),
        outcome: crate::current_user::outcome(&format!("/wallet/refunds/{id}")),
    })
}

/// Gives the requests of the person's account, newest first.
pub async fn load_refund_requests() -> Result<Vec<RefundRequest>, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    Ok(wallet.refunds().requests(viewer.account).await?)
}

/// The newest charges of the open wallet.
async fn charges(viewer: &Viewer, wallet: &Wallet) -> Result<Vec<EntryView>, AppError> {
    let filter = EntryFilter { kinds: vec![EntryKind::Charge, EntryKind::Capture], ..EntryFilter::default() };
    let page = Page { before: None, limit: CHARGE_ROWS };
    let mut entries = wallet.ledger().entries(viewer.wallet, &filter, page).await?.entries;
    entries.retain(|entry| entry.amount.is_negative());
    Ok(entries)
}
