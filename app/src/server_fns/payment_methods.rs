//! How a person can pay: what is offered, and what is saved.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::payment::{PayOption, PaymentMethod};

use crate::context::FormOutcome;
use crate::error::AppError;
use crate::text_json::TextJson;

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
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
    /// Makes a second submit show the same page.
    pub idempotency_key: Uuid,
    /// When it was read.
    pub now: DateTime<Utc>,
}

/// Gives the saved methods of the person's account.
#[server(endpoint = "payment_methods", input = GetUrl, output = TextJson)]
pub async fn load_payment_methods() -> Result<PaymentMethodsPage, AppError> {
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
        outcome: crate::current_user::outcome("/wallet/payment"),
        idempotency_key: Uuid::now_v7(),
        now: wallet.clock().now(),
    })
}

#[cfg(feature = "ssr")]
pub use ssr::pay_choice;

#[cfg(feature = "ssr")]
mod ssr {
    use wallet::Wallet;
    use wallet::identity::Viewer;
    use wallet::money::Currency;

    use super::PayChoice;
    use crate::error::AppError;

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
}
