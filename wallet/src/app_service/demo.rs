//! Demo data: two people, a key, credits and a ledger that has already moved. All of it through the real door.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::catalog::BurnClass;
use crate::error::{Error, Refusal, Result};
use crate::id::{KeyId, ServiceKeyId};
use crate::idempotency::IdempotencyKey;
use crate::identity::{Actor, Environment, KeyScope, NewKey, NewServiceKey, ServiceScope, SignUp, StaffRole, Viewer};
use crate::invoice::{Party, Seller};
use crate::ledger::{CaptureAmount, Command, GrantSource, NewGrant, Submission};
use crate::money::Credits;
use crate::tariff::{ChargeRequest, HoldRequest, LineRequest};
use crate::{Wallet, db};

/// The demo customer's address.
#[doc(hidden)]
pub const USER_EMAIL: &str = "demo@scrip.example";
/// The demo customer's password. Public on purpose: demo data never enters a production deployment.
#[doc(hidden)]
pub const USER_PASSWORD: &str = "scrip-demo-user";
/// The demo admin's address.
pub(crate) const ADMIN_EMAIL: &str = "admin@scrip.example";
/// The demo admin's password. Public on purpose.
pub(crate) const ADMIN_PASSWORD: &str = "scrip-demo-admin";

/// The id and the secret of the demo key, so that the key printed at each start stays the same.
const KEY_ID: u128 = 0x0192_0000_0000_7000_8000_0000_0000_d310;
const KEY_SECRET: [u128; 2] = [0x5c71_9aa8_03d1_44f6_b2e1_7c3d_90ab_51fe, 0x0d4e_66b7_25c8_4f1f_8a90_33e2_71bc_d9a5];

/// The name of the demo's service key, by which the demo itself acts as the platform.
const SERVICE_KEY_NAME: &str = "demo-platform";
/// The id and the secret of the demo's service key.
const SERVICE_KEY_ID: u128 = 0x0192_0000_0000_7000_8000_0000_0000_d311;
const SERVICE_KEY_SECRET: [u128; 2] =
    [0x71c3_0f5e_9b82_4a6d_a1d4_58e7_13cb_02f9, 0x2b9a_d840_6e17_4c35_9f6b_c0a1_84d7_e35c];

/// What the ledger of the demo customer starts with: operations of the NeuralBox preset. A catalog that doesn't
/// know one leaves it out.
const HISTORY: [(&str, &str, &str); 12] = [
    ("gpt-5", "{}", "acme"),
    ("dall-e-3", r#"{"size":"1792x1024","quality":"hd"}"#, "acme"),
    ("claude-sonnet-4.5", "{}", "globex"),
    ("whisper", r#"{"seconds":210}"#, "globex"),
    ("flux-1.1-pro", "{}", "acme"),
    ("gpt-5-nano", "{}", "initech"),
    ("openai-tts", r#"{"characters":2400}"#, "initech"),
    ("upscale", "{}", "acme"),
    ("musicgen", "{}", "globex"),
    ("dall-e-3", r#"{"size":"1024x1024","quality":"standard"}"#, "initech"),
    ("gemini-2.5-flash", "{}", "acme"),
    ("remove-bg", "{}", "globex"),
];

/// How to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoLogin {
    /// The address.
    pub email: &'static str,
    /// The password.
    pub password: &'static str,
}

/// What a start prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demo {
    /// The customer.
    pub user: DemoLogin,
    /// The admin.
    pub admin: DemoLogin,
    /// A ready API key of the customer.
    pub key: String,
    /// A ready service key: what the platform's own backend holds.
    pub service_key: String,
}

/// The demo in the platform's place: what the playground does, the platform's backend would do with its service key.
#[must_use]
pub fn platform() -> Actor {
    let id = ServiceKeyId::from_uuid(Uuid::from_u128(SERVICE_KEY_ID));
    Actor::Service { id, name: SERVICE_KEY_NAME.to_owned() }
}

impl Wallet {
    /// Fills in the demo's people, key, credits and history. A repeat changes nothing that is there. Needs a loaded
    /// catalog; never for production, since the passwords are public.
    pub async fn demo_load(&self) -> Result<Demo> {
        let form = |email: &str, password: &str, name: &str| SignUp {
            email: email.to_owned(),
            password: password.to_owned(),
            name: name.to_owned(),
            locale: "en".to_owned(),
            ..SignUp::default()
        };
        let user = self.identity().create_proven(form(USER_EMAIL, USER_PASSWORD, "Dana Demo")).await?;
        self.identity().create_staff(form(ADMIN_EMAIL, ADMIN_PASSWORD, "Ada Admin"), StaffRole::Admin).await?;
        let viewer = self.identity().viewer(user.id).await?;
        let new = NewKey {
            name: "Demo key".to_owned(),
            environment: Environment::Production,
            scopes: KeyScope::ALL.map(|scope| scope.code().to_owned()).to_vec(),
            ceiling: None,
        };
        let made = (KeyId::from_uuid(Uuid::from_u128(KEY_ID)), KEY_SECRET);
        let key = self.identity().create_key_with(&viewer, &new, made).await?;
        let service_key = self.demo_service_key().await?;
        self.demo_seller().await?;
        self.demo_gift(&viewer).await?;
        let actor = Actor::on_behalf_of(SERVICE_KEY_NAME, key.key.id, &key.key.name);
        self.demo_history(&viewer, &actor).await?;
        let login = |email, password| DemoLogin { email, password };
        let (user, admin) = (login(USER_EMAIL, USER_PASSWORD), login(ADMIN_EMAIL, ADMIN_PASSWORD));
        Ok(Demo { user, admin, key: key.secret, service_key })
    }

    /// Gives the demo's customer, in the demo's project.
    #[doc(hidden)]
    pub async fn demo_viewer(&self) -> Result<Viewer> {
        let user =
            self.identity().user_with(USER_EMAIL).await?.ok_or_else(|| Refusal::not_found("the demo's customer"))?;
        self.identity().viewer(user.id).await
    }

    /// Says who sells, where nobody has said so: the demo can issue invoices.
    async fn demo_seller(&self) -> Result<()> {
        if self.invoices().seller().await?.is_some() {
            return Ok(());
        }
        let party = Party {
            name: "Scrip Demo OÜ".to_owned(),
            address: "Narva mnt 5\n10117 Tallinn".to_owned(),
            country: "Estonia".to_owned(),
            tax_id: "EE000000000".to_owned(),
            email: ADMIN_EMAIL.to_owned(),
        };
        let seller = Seller { party, tax: None, note: "Demo: no money is taken.".to_owned() };
        self.invoices().set_seller(&Actor::system("demo"), seller).await.map(drop)
    }

    async fn demo_service_key(&self) -> Result<String> {
        let scopes = ServiceScope::ALL.map(|scope| scope.code().to_owned()).to_vec();
        let new = NewServiceKey { name: SERVICE_KEY_NAME.to_owned(), scopes };
        let made = (ServiceKeyId::from_uuid(Uuid::from_u128(SERVICE_KEY_ID)), SERVICE_KEY_SECRET);
        Ok(self.identity().create_service_key_with(&Actor::system("demo"), &new, made).await?.0.secret)
    }

    /// Names what a demo has left in the database: its people and its keys, whose secrets everybody can read, and a
    /// clock that it has moved. Empty where there was never a demo.
    pub async fn demo_traces(&self) -> Result<Vec<String>> {
        let mut traces = self.identity().who_have(&[USER_EMAIL, ADMIN_EMAIL]).await?;
        if self.identity().key_exists(KeyId::from_uuid(Uuid::from_u128(KEY_ID))).await? {
            traces.push("the demo's API key".to_owned());
        }
        if self.identity().service_keys().await?.iter().any(|key| key.name == SERVICE_KEY_NAME) {
            traces.push("the demo's service key".to_owned());
        }
        let offset = db::clock_offset(self.pool()).await?;
        if !offset.is_zero() {
            traces.push(format!("a clock that is {} hours ahead", offset.num_hours()));
        }
        Ok(traces)
    }

    async fn demo_gift(&self, viewer: &Viewer) -> Result<()> {
        let catalog = self.catalog().view().await?;
        let amount = Credits::from_whole(500).ok_or_else(|| Error::internal("500 credits fit"))?;
        let mut grant = NewGrant::new(amount, GrantSource::Promo, "Demo gift");
        grant.priority = catalog.settings.burn_order.priority(BurnClass::Promo);
        let key = IdempotencyKey::internal("demo:gift");
        let submission = Submission::new(viewer.wallet, key, Actor::system("demo"), Command::Grant(grant));
        self.ledger().submit(submission).await.map(drop)
    }

    async fn demo_history(&self, viewer: &Viewer, actor: &Actor) -> Result<()> {
        for (place, (operation, params, customer)) in HISTORY.iter().enumerate() {
            let request = ChargeRequest {
                wallet: viewer.wallet,
                plan_rank: viewer.plan.rank,
                line: line(operation, params)?,
                quote: None,
                metadata: json!({ "demo": true, "customer_id": customer }),
            };
            let key = IdempotencyKey::internal(format!("demo:charge:{place}"));
            known(self.tariffs().charge(request, actor.clone(), key).await)?;
        }
        let request = HoldRequest {
            wallet: viewer.wallet,
            plan_rank: viewer.plan.rank,
            lines: vec![(line("dall-e-3", r#"{"size":"1024x1024","quality":"hd"}"#)?, None)],
            expires_in: None,
            metadata: json!({ "demo": true }),
        };
        let held = self.tariffs().hold(request, actor.clone(), IdempotencyKey::internal("demo:hold")).await;
        if let Some(held) = known(held)? {
            let capture = Command::Capture { hold: held.seq(), amount: CaptureAmount::All };
            let key = IdempotencyKey::internal("demo:capture");
            self.ledger().submit(Submission::new(viewer.wallet, key, actor.clone(), capture)).await?;
        }
        Ok(())
    }
}

fn line(operation: &str, params: &str) -> Result<LineRequest> {
    let params: Map<String, Value> = serde_json::from_str(params)?;
    Ok(LineRequest { operation: operation.to_owned(), params, count: 1 })
}

/// Leaves out what another catalog, or a changed price book, doesn't know.
fn known<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(Error::Refused(
            Refusal::Unprocessable { .. }
            | Refusal::NotFound { .. }
            | Refusal::Invalid { .. }
            | Refusal::PlanRequired { .. }
            | Refusal::OutOfCredits { .. }
            | Refusal::IdempotencyMismatch,
        )) => Ok(None),
        Err(error) => Err(error),
    }
}
