//! Orders: top-ups on their way and done.

use serde::{Deserialize, Serialize};
use wallet::Wallet;
use wallet::catalog::RefundPolicy;
use wallet::error::Refusal;
use wallet::id::PaymentId;
use wallet::identity::Viewer;
use wallet::ledger::BalanceView;
use wallet::payment::{PaymentPage, PaymentStatus, PaymentView};
use wallet::refund::{Assessment, RefundAbout, RefundRequest};

use crate::error::AppError;

/// One order with what its page says around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderPage {
    /// The order.
    pub order: PaymentView,
    /// Whether the order is for the preview wallet.
    pub is_preview: bool,
    /// The balance now of the wallet that the order is for.
    pub balance: BalanceView,
    /// Where the receipt goes.
    pub email: String,
    /// What can be given back, and until when.
    pub refund: Option<RefundPolicy>,
    /// What the rule says of the purchase, once it is paid.
    pub purchase: Option<Assessment>,
    /// The newest refund request about it.
    pub request: Option<RefundRequest>,
}

/// Gives one order of the person's account.
pub async fn order(id: String) -> Result<OrderPage, AppError> {
    let id = parse(&id)?;
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let order = wallet.payments().payment(&viewer, id).await?;
    page(&viewer, &wallet, order).await
}

/// Gives the orders of the person's account, newest first.
pub async fn orders(before: String) -> Result<PaymentPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let before = before.parse::<wallet::id::PaymentId>().ok();
    Ok(wallet.payments().payments(&viewer, before, 50).await?)
}

fn parse(id: &str) -> Result<PaymentId, AppError> {
    let id = id.parse().map_err(|_| wallet::error::Error::from(Refusal::not_found("order")))?;
    Ok(id)
}

async fn page(viewer: &Viewer, wallet: &Wallet, order: PaymentView) -> Result<OrderPage, AppError> {
    let balance = wallet.balance(order.wallet).await?;
    let refund = wallet.catalog().view().await?.settings.refund;
    let (purchase, request) = match order.status {
        PaymentStatus::Succeeded => about(viewer, wallet, order.id).await?,
        _ => (None, None),
    };
    let is_preview = order.wallet == viewer.preview_wallet;
    Ok(OrderPage { order, is_preview, balance, email: viewer.email.clone(), refund, purchase, request })
}

/// What the rule says of a purchase, and the newest request about it.
async fn about(
    viewer: &Viewer,
    wallet: &Wallet,
    id: PaymentId,
) -> Result<(Option<Assessment>, Option<RefundRequest>), AppError> {
    let refunds = wallet.refunds();
    let purchases = refunds.choices(viewer, None).await?.purchases;
    let requests = refunds.requests(viewer.account).await?;
    let purchase = purchases.into_iter().find(|assessed| assessed.purchase.payment == id);
    Ok((purchase, requests.into_iter().find(|request| request.about == RefundAbout::Payment { id })))
}
