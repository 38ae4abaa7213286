//! What identity needs of the concepts above it; the façade hands it in.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::PgConnection;

use crate::error::Result;
use crate::id::{AccountId, KeyId, ProjectId, UserId, WalletId};
use crate::identity::model::actor::Actor;
use crate::identity::model::key::Environment;
use crate::identity::model::plan_summary::PlanSummary;
use crate::identity::model::session::Ended;
use crate::money::Credits;

/// A mail to a person about their identity.
pub(crate) enum AccountMail {
    /// Proves the address.
    VerifyEmail {
        /// The secret of the link.
        token: String,
    },
    /// Sets a new password.
    ResetPassword {
        /// The secret of the link.
        token: String,
    },
    /// The password was changed.
    PasswordChanged {
        /// What was ended by that.
        ended: Ended,
    },
    /// The address was proven, and what was made before was ended.
    AddressProven {
        /// What was ended by that.
        ended: Ended,
    },
    /// Somebody signed up with an address that has an account.
    SignUpAgain,
    /// The name was changed.
    NameChanged {
        /// What the person was called before.
        before: String,
    },
    /// An API key of the person's account was made or revoked.
    Key {
        /// What it is called.
        key: String,
        /// How it begins and ends.
        hint: String,
        /// Who did it.
        by: String,
        /// Whether it was made; else revoked.
        is_new: bool,
    },
}

/// Whom a mail goes to.
pub(crate) struct Recipient<'a> {
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) locale: &'a str,
}

/// Somebody whose address is about to be proven by a link.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    /// The link.
    pub(crate) token_hash: [u8; 32],
    /// The person.
    pub(crate) user: UserId,
    /// What the person is called.
    pub(crate) name: String,
    /// The address that the link proves.
    pub(crate) email_key: String,
    /// Stands for the person where something is given once.
    pub(crate) person_hash: [u8; 32],
    /// The person's account.
    pub(crate) account: AccountId,
    /// The wallet that gets what is given once.
    pub(crate) wallet: WalletId,
}

/// The concepts above identity, as far as it needs them.
#[async_trait]
pub(crate) trait AccountSetup: Send + Sync {
    /// Opens a wallet in the ledger.
    async fn open_wallet_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        project: ProjectId,
        environment: Environment,
    ) -> Result<WalletId>;

    /// Sets how much a new key may spend in a calendar month.
    async fn cap_key_in_tx(
        &self,
        connection: &mut PgConnection,
        wallet: WalletId,
        key: KeyId,
        name: &str,
        ceiling: Credits,
    ) -> Result<()>;

    /// Forgets how much a key may spend that works no more.
    async fn uncap_key_in_tx(&self, connection: &mut PgConnection, wallet: WalletId, key: KeyId) -> Result<()>;

    /// Switches all webhooks of an account off, and says how many were on.
    async fn silence_in_tx(&self, connection: &mut PgConnection, account: AccountId, by: (&Actor, &str))
    -> Result<u64>;

    /// Tells what the product is called.
    async fn product(&self) -> Result<String>;

    /// Puts in what the plan of an account brings now, after its owner's address was proven.
    async fn fill(&self, account: AccountId) -> Result<()>;

    /// Puts a new account on the free plan.
    async fn join_free_plan_in_tx(&self, connection: &mut PgConnection, account: AccountId) -> Result<()>;

    /// Lets the free plan of an account begin whose owner's address is proven.
    async fn begin_free_plan_in_tx(&self, connection: &mut PgConnection, account: AccountId) -> Result<()>;

    /// Notes by which code a new account was invited; `person` stands for its owner.
    async fn invite_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        invitation: (&str, &str),
    ) -> Result<()>;

    /// Queues a mail.
    async fn write_in_tx(&self, connection: &mut PgConnection, to: Recipient<'_>, letter: AccountMail) -> Result<()>;

    /// Grants what the person gets once, marks the address as proven and lets the free plan begin.
    ///
    /// All in one transaction; `false`, with nothing done, where nothing is due.
    async fn welcome(&self, proof: &Proof) -> Result<bool>;

    /// Tells the plans of accounts.
    async fn plans_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, PlanSummary>>;

    /// Says whether preview keys only make content.
    async fn previews_content_only(&self) -> Result<bool>;

    /// Tells how the deployment's keys begin.
    async fn key_prefix(&self) -> Result<String>;
}
