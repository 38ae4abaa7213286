//! The platform's own calls: a service key spends on behalf of a customer's key, or from a wallet that it names.

pub mod charges;
pub mod holds;
pub mod introspect;
pub mod metered;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, Method};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wallet::error::{Error, Problem, Refusal};
use wallet::id::{AccountId, ProjectId};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Environment, KeyAccess, KeyScope, ServiceScope};

use super::caller::{Payer, ServiceCaller, may};
use super::envelope::{Answer, Fault};
use super::key::Key;
use crate::rate_limit::Subject;
use crate::rate_limit::by_key::Standing;
use crate::state::AppState;

/// Names the customer's key of a call that has no body: a secret in an address would land in logs.
const ON_BEHALF_OF: HeaderName = HeaderName::from_static("on-behalf-of");
/// How to say whose wallet it is.
const HOW: &str = "Name the customer's key (on_behalf_of), or account, project and environment.";

/// Whose wallet a call is about, as its body says.
#[derive(Debug, Default)]
pub struct Whose {
    pub(super) on_behalf_of: Option<String>,
    pub(super) account: Option<Uuid>,
    pub(super) project: Option<Uuid>,
    pub(super) environment: Option<Environment>,
}

/// Whose wallet a call without a body is about, where it names no key.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedPlace {
    /// The account that pays; with `project` and `environment`, in place of `On-Behalf-Of`.
    account: Option<Uuid>,
    /// The project that spends.
    project: Option<Uuid>,
    /// `production` or `preview`.
    #[param(value_type = Option<String>, example = "production")]
    environment: Option<Environment>,
}

/// The wallet that a call was about: by these three names later calls find it, also when the key works no more.
#[derive(Debug, Serialize, ToSchema)]
pub struct Place {
    /// The account that pays.
    account: Uuid,
    /// The project that spends.
    project: Uuid,
    /// `production` or `preview`.
    environment: String,
    /// The id of the customer's key that was named; null where none was.
    key: Option<Uuid>,
}

/// A wallet that a service key may spend from.
pub(super) struct Acting {
    /// Whose wallet, and the actor of the rows.
    pub(super) payer: Payer,
    /// What the answer says of it.
    pub(super) place: Place,
    key: Option<Arc<KeyAccess>>,
    standing: Option<Standing>,
}

/// The customer's key that a call without a body names.
#[derive(Debug)]
pub struct OnBehalfOf(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for OnBehalfOf {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        let mut sent = parts.headers.get_all(ON_BEHALF_OF).iter();
        let first = sent.next();
        if sent.next().is_some() {
            return Err(Fault::invalid("On-Behalf-Of", "Send this header once."));
        }
        let text = first.map(|value| value.to_str().map(str::to_owned));
        text.transpose().map(Self).map_err(|_| Fault::invalid("On-Behalf-Of", "This is no API key."))
    }
}

/// The key of a write that came with a service key: it never meets one that a customer sent.
#[derive(Clone, Debug)]
pub struct PlatformKey(pub IdempotencyKey);

impl<S: Send + Sync> FromRequestParts<S> for PlatformKey {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let Key(key) = Key::from_request_parts(parts, state).await?;
        Ok(Self(key.of_platform()))
    }
}

impl AskedPlace {
    /// Joins it with the key that a header names.
    fn or(self, OnBehalfOf(on_behalf_of): OnBehalfOf) -> Whose {
        Whose { on_behalf_of, account: self.account, project: self.project, environment: self.environment }
    }
}

/// What a call does with a customer's wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It begins spending: it counts for the customer's key, as the key's own writes do.
    Spends,
    /// It finishes, gives back or looks at what is there: a customer that uses its limit up does not keep the platform
    /// from that.
    Finishes,
}

/// Finds the wallet that a call is about, and counts the call for the customer's key where it begins spending.
pub(super) async fn acting(state: &AppState, caller: &ServiceCaller, whose: Whose, act: Act) -> Answer<Acting> {
    caller.may(ServiceScope::SpendWrite)?;
    match whose {
        Whose { on_behalf_of: Some(key), account: None, project: None, environment: None } => {
            acting_for(state, caller, &key, act).await
        }
        Whose { on_behalf_of: None, account: Some(account), project: Some(project), environment: Some(place) } => {
            let (account, project) = (AccountId::from_uuid(account), ProjectId::from_uuid(project));
            let found = state.wallet.identity().wallet_place(account, project, place).await?;
            let payer = Payer { wallet: found.wallet, plan_rank: found.plan.rank, actor: caller.0.actor() };
            let place = Place {
                account: account.uuid(),
                project: project.uuid(),
                environment: place.code().to_owned(),
                key: None,
            };
            Ok(Acting { payer, place, key: None, standing: None })
        }
        Whose { on_behalf_of: Some(_), .. } => {
            let message = "Name the customer's key or the wallet's place, not both.";
            Err(Refusal::unprocessable("on_behalf_of", Problem::NotAllowed, message).into())
        }
        Whose { on_behalf_of: None, account, project, .. } => {
            let missing = match (account, project) {
                (None, None) => "on_behalf_of",
                (None, Some(_)) => "account",
                (Some(_), None) => "project",
                (Some(_), Some(_)) => "environment",
            };
            Err(Refusal::unprocessable(missing, Problem::Required, HOW).into())
        }
    }
}

async fn acting_for(state: &AppState, caller: &ServiceCaller, key: &str, act: Act) -> Answer<Acting> {
    let key = customers_key(state, caller, key).await?.ok_or_else(|| {
        let message =
            "This key is wrong or was revoked. To finish what it began, name account, project and environment.";
        Refusal::unprocessable("on_behalf_of", Problem::Unknown, message)
    })?;
    let standing = match act {
        Act::Spends => Some(counted(state, &key)?),
        Act::Finishes => None,
    };
    let payer = Payer { wallet: key.wallet, plan_rank: key.plan.rank, actor: caller.0.actor_for(&key) };
    let place = Place {
        account: key.account.uuid(),
        project: key.project.uuid(),
        environment: key.environment.code().to_owned(),
        key: Some(key.id.uuid()),
    };
    Ok(Acting { payer, place, key: Some(key), standing })
}

/// Finds a customer's key by its text; `None` where it is wrong or was revoked, which is counted for the service key.
async fn customers_key(state: &AppState, caller: &ServiceCaller, text: &str) -> Answer<Option<Arc<KeyAccess>>> {
    match state.wallet.identity().authenticate_key(text).await {
        Ok(key) => Ok(Some(key)),
        Err(Error::Refused(Refusal::Unauthenticated)) => {
            state.subjects.count(Subject::WrongKeysFor(caller.0.id), false).map_err(Refusal::from)?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Counts a call as a write of the customer's key that it names and of its account, or refuses it as one too many.
fn counted(state: &AppState, key: &KeyAccess) -> Answer<Standing> {
    let standing = state.rates.count(key.id, &Method::POST);
    if standing.over {
        return Err(Refusal::RateLimited { retry_after_seconds: standing.reset_seconds() }.into());
    }
    state.subjects.count(Subject::Account(key.account), true).map_err(Refusal::from)?;
    Ok(standing)
}

impl Acting {
    /// Refuses to take for a customer's key what the key itself may not take. A wallet that was named by its place has
    /// no key that could lack a scope.
    pub(super) fn needs(&self, scope: KeyScope) -> Answer<()> {
        self.key.as_ref().map_or(Ok(()), |key| may(key, scope))
    }

    /// Adds the headers that tell where the customer's key stands, where the call counted for it.
    pub(super) fn stamp(standing: Option<Standing>, mut response: Response) -> Response {
        if let Some(standing) = standing {
            standing.write(response.headers_mut());
        }
        response
    }

    /// Takes it apart: who pays, what the answer says of it, where the customer's key stands.
    pub(super) fn parts(self) -> (Payer, Place, Option<Standing>) {
        (self.payer, self.place, self.standing)
    }
}
