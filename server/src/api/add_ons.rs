//! Add-ons: what is offered, and how the add-ons of a wallet stand.

use axum::extract::State;
use axum::http::Extensions;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use wallet::add_on::{AddOnPause, AddOnState, AddOnView};
use wallet::catalog::AddOn;
use wallet::identity::KeyScope;

use super::amount::Amount;
use super::body::Out;
use super::caller::Caller;
use super::envelope::Answer;
use crate::state::AppState;

/// The add-ons.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddOnList {
    /// The add-ons of the catalog, and those that the wallet has though they are not offered any more.
    add_ons: Vec<AddOnBody>,
}

/// A feature that costs credits every month.
#[derive(Debug, Serialize, ToSchema)]
struct AddOnBody {
    /// Its name in the API.
    #[schema(example = "voice-cloning")]
    code: String,
    /// Its name for people.
    name: String,
    /// What it costs a month: what was agreed where the wallet has it, else the catalog's price.
    monthly_credits: Amount,
    /// Whether its owner can switch it on.
    available: bool,
    /// How it stands in the key's wallet; null for keys that may not read the balance, and for service keys.
    wallet: Option<AddOnStanding>,
}

/// How an add-on of a wallet stands.
#[derive(Debug, Serialize, ToSchema)]
struct AddOnStanding {
    /// Whether the feature may be used now.
    active: bool,
    /// `off`, `on`, `ending` (on until the month ends that was deducted) or `paused` (off until there are enough
    /// credits for a month).
    #[schema(example = "on")]
    state: String,
    /// When the next month is deducted, while it is on.
    next_deduction_at: Option<DateTime<Utc>>,
    /// When it ends, where its owner has switched it off.
    ends_at: Option<DateTime<Utc>>,
    /// Why it is paused.
    paused: Option<Paused>,
}

/// Why and since when an add-on is paused.
#[derive(Debug, Serialize, ToSchema)]
struct Paused {
    /// `out_of_credits`, `wallet_frozen` or `wallet_inactive`.
    reason: String,
    /// Since when.
    at: DateTime<Utc>,
    /// What was available then.
    available: Amount,
}

/// An add-on that a wallet has, as the balance shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WalletAddOn {
    /// Its name in the API.
    #[schema(example = "voice-cloning")]
    code: String,
    /// What it costs a month.
    monthly_credits: Amount,
    /// How it stands.
    #[serde(flatten)]
    standing: AddOnStanding,
}

impl From<AddOnPause> for Paused {
    fn from(pause: AddOnPause) -> Self {
        Self { reason: pause.reason.code().to_owned(), at: pause.at, available: pause.available.into() }
    }
}

impl From<&AddOnView> for AddOnStanding {
    fn from(view: &AddOnView) -> Self {
        Self {
            active: view.state.is_active(),
            state: view.state.code().to_owned(),
            next_deduction_at: Some(view.next_at).filter(|_| view.state == AddOnState::On),
            ends_at: Some(view.next_at).filter(|_| view.state == AddOnState::Ending),
            paused: view.pause.map(Paused::from),
        }
    }
}

impl From<AddOnView> for WalletAddOn {
    fn from(view: AddOnView) -> Self {
        let standing = AddOnStanding::from(&view);
        Self { code: view.code, monthly_credits: view.monthly_credits.into(), standing }
    }
}

impl From<AddOnView> for AddOnBody {
    fn from(view: AddOnView) -> Self {
        let wallet = Some(AddOnStanding::from(&view));
        let (code, name, available) = (view.code, view.name, view.is_offered);
        Self { code, name, monthly_credits: view.monthly_credits.into(), available, wallet }
    }
}

impl From<&AddOn> for AddOnBody {
    fn from(offer: &AddOn) -> Self {
        Self {
            code: offer.code.clone(),
            name: offer.name.clone(),
            monthly_credits: offer.monthly_credits.into(),
            available: true,
            wallet: None,
        }
    }
}

/// Lists the add-ons. Switching them on and off is for people, on the page of the plan.
#[utoipa::path(get, path = "/add-ons", tag = "Catalog", responses((status = 200, body = AddOnList)))]
pub async fn list(State(state): State<AppState>, extensions: Extensions) -> Answer<Response> {
    let caller = extensions.get::<Caller>().filter(|caller| caller.may(KeyScope::BalanceRead).is_ok());
    let add_ons = match caller {
        Some(caller) => state.wallet.add_ons().list(caller.0.wallet).await?.into_iter().map(AddOnBody::from).collect(),
        None => state.wallet.catalog().view().await?.add_ons.iter().map(AddOnBody::from).collect(),
    };
    Ok(Out(AddOnList { add_ons }).into_response())
}
