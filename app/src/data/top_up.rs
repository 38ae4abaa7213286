//! What can be bought.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::catalog::{Expiry, FreeAmount, RefundPolicy};
use wallet::ledger::BalanceView;
use wallet::money::Currency;

use crate::context::FormOutcome;
use crate::data::payment_methods::PayChoice;
use crate::data::payment_methods::pay_choice;
use crate::error::AppError;
use crate::islands::pack::Pack;

/// Everything that the top-up page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopUpOffer {
    /// Whether the credits are for the preview wallet.
    pub is_preview: bool,
    /// The balance before.
    pub balance: BalanceView,
    /// The packs in the chosen currency, from small to large.
    pub packs: Vec<Pack>,
    /// Buying any amount, where the catalog allows it.
    pub free_amount: Option<FreeAmount>,
    /// The chosen currency.
    pub currency: Currency,
    /// All currencies.
    pub currencies: Vec<Currency>,
    /// When bought credits expire.
    pub expiry: Expiry,
    /// What can be given back.
    pub refund: Option<RefundPolicy>,
    /// The ways to pay it.
    pub pay: PayChoice,
    /// Whether this person may pay for the account.
    pub may_pay: bool,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
    /// What became of the form of a code.
    pub code_outcome: FormOutcome,
    /// Whether an invitation of others is rewarded.
    pub invites: bool,
    /// Makes a second submit show the same order.
    pub idempotency_key: Uuid,
}

/// Gives the packs in one currency, the first of the catalog where the word means none, for one of the project's wallets.
pub async fn load_top_up_offer((currency, is_preview): (String, bool)) -> Result<TopUpOffer, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let catalog = wallet.catalog().view().await?;
    let settings = &catalog.settings;
    let asked = currency.parse::<Currency>().ok().filter(|asked| settings.currencies.contains(asked));
    let currency = asked.or_else(|| settings.currencies.first().copied()).unwrap_or(Currency::USD);
    let packages = catalog.packages.iter().filter(|_| settings.top_up.packages);
    let packs = packages.filter_map(|package| Pack::of(package, currency)).collect();
    // The form of a code stands on the same page, and tells its own.
    let code = crate::current_user::outcome("/wallet/top-up/code");
    let order = match code.path.is_empty() {
        true => crate::current_user::outcome("/wallet/top-up"),
        false => FormOutcome::default(),
    };
    let balance = wallet.balance(if is_preview { viewer.preview_wallet } else { viewer.wallet }).await?;
    Ok(TopUpOffer {
        is_preview,
        balance,
        packs,
        free_amount: settings.top_up.free_amount.clone(),
        currency,
        currencies: settings.currencies.clone(),
        expiry: settings.top_up_expiry,
        refund: settings.refund,
        pay: pay_choice(&viewer, &wallet, currency, false).await?,
        may_pay: viewer.role.may_pay(),
        outcome: order,
        code_outcome: code,
        invites: settings.referral.is_some(),
        idempotency_key: Uuid::now_v7(),
    })
}
