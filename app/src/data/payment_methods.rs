//! How a person can pay: what is offered, and what is saved.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::Wallet;
use wallet::catalog::CatalogView;
use wallet::identity::Viewer;
use wallet::money::{Credits, Currency, Money};
use wallet::payment::{AutoTopUpState, PayOption, PaymentMethod};

use crate::context::FormOutcome;
use crate::error::AppError;
use crate::islands::pack::Pack;
use crate::islands::terms_form::AutoTopUpOffer;

/// The ways to pay for an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PayChoice {
    /// The saved methods that can pay it, the default first.
    pub methods: Vec<PaymentMethod>,
    /// The pages on which it can be paid.
    pub options: Vec<PayOption>,
    /// Whether nobody takes money here, in no currency.
    pub is_unset: bool,
    /// Whether the reader can set up payment.
    pub is_staff: bool,
    /// When it was read.
    pub now: DateTime<Utc>,
}

/// Everything that the page of saved methods shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodsPage {
    /// The saved methods, the default first.
    pub methods: Vec<PaymentMethod>,
    /// Where a card can be added.
    pub adds: Vec<PayOption>,
    /// Whether the account is on a paid plan.
    pub has_plan: bool,
    /// Whether this person may pay for the account.
    pub may_pay: bool,
    /// Auto top-up; `None` where the catalog does not offer it.
    pub auto_top_up: Option<AutoTopUpOffer>,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
    /// Makes a second submit show the same page.
    pub idempotency_key: Uuid,
    /// When it was read.
    pub now: DateTime<Utc>,
}

/// Gives the saved methods of the person's account.
pub async fn load_payment_methods(currency: String) -> Result<PaymentMethodsPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let catalog = wallet.catalog().view().await?;
    let payments = wallet.payments();
    let mut adds: Vec<PayOption> = Vec::new();
    for currency in &catalog.settings.currencies {
        for option in payments.options(*currency, false) {
            if option.adds && !adds.iter().any(|known| known.with() == option.with()) {
                adds.push(option);
            }
        }
    }
    Ok(PaymentMethodsPage {
        methods: payments.methods(&viewer).await?,
        adds,
        has_plan: wallet.plans().paid_plan(viewer.account).await?.is_some(),
        may_pay: viewer.role.may_pay(),
        auto_top_up: auto_top_up(&viewer, &wallet, &catalog, &currency).await?,
        outcome: crate::current_user::outcome("/wallet/payment"),
        idempotency_key: Uuid::now_v7(),
        now: wallet.clock().now(),
    })
}

/// How many charges the limit of a month is proposed for.
const PROPOSED_CHARGES: i64 = 6;

/// Gives what the form of auto top-up offers: in the currency that was typed or asked for, else that of what was
/// agreed to last, else the catalog's first.
async fn auto_top_up(
    viewer: &Viewer,
    wallet: &Wallet,
    catalog: &CatalogView,
    asked: &str,
) -> Result<Option<AutoTopUpOffer>, AppError> {
    let view = wallet.payments().auto_top_up(viewer.wallet).await?;
    if view.state == AutoTopUpState::NotOffered {
        return Ok(None);
    }
    let settings = &catalog.settings;
    let typed = crate::current_user::outcome("/wallet/payment/auto-top-up").value("currency");
    let known = |code: &str| code.parse::<Currency>().ok().filter(|known| settings.currencies.contains(known));
    let last = view.terms.as_ref().map(|terms| terms.most.currency());
    let currency = typed.as_deref().and_then(known).or_else(|| known(asked)).or(last);
    let Some(currency) = currency.or_else(|| settings.currencies.first().copied()) else { return Ok(None) };
    let packages = catalog.packages.iter().filter(|_| settings.top_up.packages);
    let packs: Vec<Pack> = packages.filter_map(|package| Pack::of(package, currency)).collect();
    let amount = settings.auto_top_up.amount.filter(|amount| amount.currency() == currency);
    let free = settings.top_up.free_amount.clone();
    let one = amount.or_else(|| packs.first().map(|pack| pack.money));
    let bought = match (amount, &free) {
        (Some(amount), Some(free)) => free.price(free.credits, currency).and_then(|price| {
            let credits = free.credits.micros().checked_mul(amount.minor())?.checked_div(price.minor())?;
            Some(Credits::from_micros(credits))
        }),
        _ => packs.first().map(|pack| pack.credits),
    };
    let part = |bought: Credits| {
        let part = bought.micros() / 100 * i64::from(settings.low_alert_percent);
        let step = settings.rounding_step.micros().max(1);
        Credits::from_micros(part - part % step)
    };
    Ok(Some(AutoTopUpOffer {
        view,
        product: settings.name.clone(),
        currency,
        currencies: settings.currencies.clone(),
        packs,
        free_amount: free,
        amount,
        threshold: bought.map(part).filter(|part| part.is_positive()),
        monthly: one
            .and_then(|one| Some(Money::from_minor(one.minor().checked_mul(PROPOSED_CHARGES)?, one.currency()))),
    }))
}

/// Gives the ways to pay in a currency; for a plan those that can be charged again.
pub async fn pay_choice(
    viewer: &Viewer,
    wallet: &Wallet,
    currency: Currency,
    for_plan: bool,
) -> Result<PayChoice, AppError> {
    let payments = wallet.payments();
    let options = payments.options(currency, for_plan);
    let mut methods = payments.methods(viewer).await?;
    methods.retain(|method| options.iter().any(|option| option.provider == method.provider));
    Ok(PayChoice {
        methods,
        options,
        is_unset: !payments.takes_money(),
        is_staff: viewer.is_admin(),
        now: wallet.clock().now(),
    })
}
