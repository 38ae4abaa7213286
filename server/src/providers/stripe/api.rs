//! Calls to Stripe, and what their failures mean.

use std::time::Duration;

use miniserde::Deserialize;
use secrecy::{ExposeSecret, SecretString};
use stripe::{ApiErrors, ApiErrorsType, Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError};
use stripe_client_core::{CustomizableStripeRequest, StripeRequest};

use super::decline;

/// The longest wait for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// Stripe's own address.
const STRIPE: &str = "https://api.stripe.com";

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Stripe is sure that there is no such thing.
    Missing,
    /// Stripe said no, and did nothing.
    Refused(Refused),
    /// Nobody knows: no answer, one that can't be read, or a fault at Stripe.
    Unknown {
        /// What happened, for the log.
        detail: String,
        /// The answer's status, where there was an answer that could be read.
        status: Option<u16>,
        /// Whether Stripe answers so each time that the same key is sent: it keeps faults as it keeps answers.
        is_kept: bool,
    },
}

/// What Stripe says about a call that it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why, as a code that all providers share.
    pub code: &'static str,
    /// Why, as Stripe's own code.
    pub own_code: Option<String>,
    /// The declined payment, where one was made of it.
    pub intent: Option<String>,
}

impl Failure {
    /// An answer that is not understood.
    #[must_use]
    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::Unknown { detail: detail.into(), status: None, is_kept: false }
    }

    /// Gives what is known, for the log.
    #[must_use]
    pub fn detail(self) -> String {
        match self {
            Self::Missing => "Stripe has no such thing".to_owned(),
            Self::Refused(refused) => {
                format!("Stripe refused: {}", refused.own_code.as_deref().unwrap_or(refused.code))
            }
            Self::Unknown { detail, .. } => detail,
        }
    }
}

impl From<StripeError> for Failure {
    /// Tells yes, no and unknown apart. Never keeps the error's own text: it may hold what the payer is told alone.
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Stripe(errors, status) => Self::of_answer(&errors, status),
            StripeError::JSONDeserialize(_) => Self::unreadable("Stripe's answer can't be read"),
            StripeError::Timeout => Self::unreadable("Stripe did not answer in time"),
            StripeError::ClientError(_) => Self::unreadable("Stripe can't be reached"),
            StripeError::ConfigError(_) => Self::unreadable("a call to Stripe can't be made"),
        }
    }
}

impl Failure {
    fn of_answer(errors: &ApiErrors, status: u16) -> Self {
        let own_code = errors.code.as_ref().map(|code| code.as_str().to_owned());
        let said = own_code.as_deref().unwrap_or(errors.type_.as_str());
        let detail = format!("Stripe answered {status}, {said}");
        let unknown = |is_kept| Self::Unknown { detail, status: Some(status), is_kept };
        match status {
            // A key that was used with other parameters says nothing about what came of them.
            _ if errors.type_ == ApiErrorsType::IdempotencyError => unknown(true),
            404 => Self::Missing,
            // Not this call, but all: wrong keys, too many calls at once, one like it still on its way.
            401 | 403 | 409 | 424 | 429 => unknown(false),
            400..500 => Self::Refused(Refused {
                code: decline::refusal(errors),
                own_code,
                intent: errors.payment_intent.as_ref().map(|intent| intent.id.as_str().to_owned()),
            }),
            _ => unknown(true),
        }
    }
}

/// The client of Stripe's API.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Api {
    /// Makes the client; `url` is where a stand-in listens.
    pub fn new(key: &SecretString, url: Option<&str>) -> anyhow::Result<Self> {
        // The one TLS provider of the process; a second call changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        let base = url.unwrap_or(STRIPE).to_owned();
        let client = ClientBuilder::new(key.expose_secret())
            .url(format!("{base}/"))
            .timeout(TIMEOUT)
            .app_info("Scrip", Some(env!("CARGO_PKG_VERSION").to_owned()), None)
            .build()
            .map_err(|_| anyhow::anyhow!("the client of Stripe can't be made"))?;
        Ok(Self { client, base })
    }

    /// Gives the address that calls go to.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Says whether it is Stripe itself, not a stand-in.
    #[must_use]
    pub fn is_stripe(&self) -> bool {
        self.base == STRIPE
    }

    /// Reads, or does what may be done twice.
    pub async fn send<R>(&self, request: &R) -> Result<R::Output, Failure>
    where
        R: StripeRequest,
        R::Output: Deserialize,
    {
        self.call(request.customize()).await
    }

    /// Does what must be done once: Stripe answers a repeat with the same key as it answered at first.
    pub async fn send_once<R>(&self, request: &R, key: &str) -> Result<R::Output, Failure>
    where
        R: StripeRequest,
        R::Output: Deserialize,
    {
        let key = IdempotencyKey::new(key).map_err(|_| Failure::unreadable("the idempotency key is too long"))?;
        self.call(request.customize().request_strategy(RequestStrategy::Idempotent(key))).await
    }

    /// Makes a call.
    pub async fn call<T: Deserialize>(&self, request: CustomizableStripeRequest<T>) -> Result<T, Failure> {
        request.send(&self.client).await.map_err(|error| {
            if let StripeError::Stripe(errors, status @ (400 | 401 | 403)) = &error {
                // Ours to mend: wrong parameters or keys. What Stripe says in words may name payers; codes don't.
                let code = errors.code.as_ref().map(|code| code.as_str());
                tracing::warn!(status, code, param = errors.param, "Stripe refused a call");
            }
            error.into()
        })
    }
}

/// Says whether a reference is one of Stripe's with a prefix: it becomes a part of addresses.
#[must_use]
pub fn is_id(reference: &str, prefix: &str) -> bool {
    let rest = reference.strip_prefix(prefix).unwrap_or_default();
    !rest.is_empty() && reference.len() <= 255 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
