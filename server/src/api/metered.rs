//! Metered items: what is offered, and the running month of a wallet.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::Extensions;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use wallet::catalog::MeteredItem;
use wallet::identity::{Environment, KeyScope};
use wallet::metered::{MeteredItemView, MeteredView, Quantity};

use super::amount::Amount;
use super::body::Out;
use super::caller::Caller;
use super::envelope::Answer;
use crate::state::AppState;

/// The millionths that an amount counts in one thousandth.
const MICROS: i64 = 1_000;

/// How many there are: a JSON number with at most three decimals, read digit by digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure(pub Quantity);

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let micros = Amount::deserialize(deserializer)?.0.micros();
        if micros % MICROS != 0 {
            return Err(de::Error::custom("a gauge has at most three decimals"));
        }
        Ok(Self(Quantity::from_thousandths(micros / MICROS)))
    }
}

impl PartialSchema for Measure {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("How many there are: exact, with at most three decimals."))
            .multiple_of(Some(0.001_f64))
            .minimum(Some(0))
            .maximum(Some(1_000_000_000))
            .examples([serde_json::json!(18.4)])
            .into()
    }
}

impl ToSchema for Measure {
    fn name() -> Cow<'static, str> {
        "Measure".into()
    }
}

/// The metered items.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeteredList {
    /// The metered items of the catalog, and those that are measured for the wallet though they are not offered any
    /// more.
    metered: Vec<MeteredBody>,
    /// The running month of the key's wallet; null for keys that may not read the balance, for preview keys and for
    /// service keys.
    month: Option<MeteredMonth>,
}

/// Something that is measured, and charged by the month.
#[derive(Debug, Serialize, ToSchema)]
struct MeteredBody {
    /// Its name in the API.
    #[schema(example = "storage")]
    code: String,
    /// Its name for people.
    name: String,
    /// What is counted.
    #[schema(example = "GB")]
    unit: String,
    /// How many are included: with the wallet's plan, where the key may read the balance.
    included: i64,
    /// What one more costs for a month.
    monthly_credits: Amount,
    /// Whether the catalog has it.
    available: bool,
    /// What was measured for the key's wallet; null as `month` is.
    wallet: Option<MeteredStanding>,
}

/// What was measured of an item in the running month.
#[derive(Debug, Serialize, ToSchema)]
struct MeteredStanding {
    /// How many there are now; null where no gauge was set.
    value: Option<Measure>,
    /// What the month has come to so far, in credits.
    so_far: Amount,
    /// What it will come to, if nothing changes.
    forecast: Amount,
}

/// The running month of a wallet.
#[derive(Debug, Serialize, ToSchema)]
struct MeteredMonth {
    /// Its first instant, in the account's time zone.
    starts_at: DateTime<Utc>,
    /// The first instant after it.
    ends_at: DateTime<Utc>,
    /// From when on it is closed and charged; once it is closed, no gauge of it is taken.
    closes_at: DateTime<Utc>,
    /// What it has come to so far, in credits.
    so_far: Amount,
    /// What it will come to, if nothing changes.
    forecast: Amount,
    /// What the months before came to and the wallet could not pay: due with this one.
    carried: Amount,
}

impl From<&MeteredItem> for MeteredBody {
    fn from(item: &MeteredItem) -> Self {
        Self {
            code: item.code.clone(),
            name: item.name.clone(),
            unit: item.unit.clone(),
            included: item.included,
            monthly_credits: item.monthly_credits.into(),
            available: true,
            wallet: None,
        }
    }
}

impl From<MeteredItemView> for MeteredBody {
    fn from(item: MeteredItemView) -> Self {
        let wallet = MeteredStanding {
            value: item.value.map(Measure),
            so_far: item.so_far.into(),
            forecast: item.forecast.into(),
        };
        Self {
            code: item.code,
            name: item.name,
            unit: item.unit,
            included: item.included,
            monthly_credits: item.monthly_credits.into(),
            available: item.is_offered,
            wallet: Some(wallet),
        }
    }
}

impl From<MeteredView> for MeteredList {
    fn from(view: MeteredView) -> Self {
        let month = MeteredMonth {
            starts_at: view.starts_at,
            ends_at: view.ends_at,
            closes_at: view.closes_at,
            so_far: view.so_far().into(),
            forecast: view.forecast().into(),
            carried: view.carried.into(),
        };
        Self { metered: view.items.into_iter().map(MeteredBody::from).collect(), month: Some(month) }
    }
}

/// Lists the metered items, with what the running month has come to. Gauges are set by the platform.
#[utoipa::path(get, path = "/metered", tag = "Catalog", responses((status = 200, body = MeteredList)))]
pub async fn list(State(state): State<AppState>, extensions: Extensions) -> Answer<Response> {
    let caller = extensions.get::<Caller>().filter(|caller| caller.may(KeyScope::BalanceRead).is_ok());
    let caller = caller.filter(|caller| caller.0.environment == Environment::Production);
    let month = match caller {
        Some(caller) => state.wallet.metered().view(caller.0.wallet).await?,
        None => None,
    };
    let list = match month {
        Some(view) => MeteredList::from(view),
        None => {
            let catalog = state.wallet.catalog().view().await?;
            MeteredList { metered: catalog.metered.iter().map(MeteredBody::from).collect(), month: None }
        }
    };
    Ok(Out(list).into_response())
}
