//! What the ledger's tests share.
#![allow(dead_code, reason = "each test file uses its own part")]

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wallet::clock::Clock;
use wallet::error::{Error, Refusal, Result};
use wallet::id::{AccountId, ProjectId, WalletId};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Actor;
use wallet::ledger::{
    CaptureAmount, Command, Environment, GrantSource, NewGrant, NewWallet, Outcome, Receipt, ReleaseReason, Scope,
    Submission,
};
use wallet::money::Credits;
use wallet::{Options, Wallet};

/// The moment at which the tests' clock starts.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

/// A façade over the test's database, with a clock that the test moves.
pub fn open(pool: &PgPool) -> Wallet {
    Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())))
}

pub fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole).expect("fits")
}

pub fn key(text: impl AsRef<str>) -> IdempotencyKey {
    IdempotencyKey::parse(text.as_ref()).expect("a key")
}

/// A new wallet of a new account.
pub async fn new_wallet(wallet: &Wallet) -> WalletId {
    wallet_of(wallet, AccountId::new(), Environment::Production).await
}

pub async fn wallet_of(wallet: &Wallet, account: AccountId, environment: Environment) -> WalletId {
    wallet_in(wallet, account, ProjectId::new(), environment).await
}

/// Makes a wallet of a project.
pub async fn wallet_in(wallet: &Wallet, account: AccountId, project: ProjectId, environment: Environment) -> WalletId {
    let new = NewWallet { account, project, environment };
    let mut transaction = wallet.db().begin().await.expect("a transaction");
    let id = wallet.ledger().create_wallet_in_tx(&mut transaction, new).await.expect("a wallet");
    transaction.commit().await.expect("committed");
    id
}

pub fn submission(id: WalletId, name: impl AsRef<str>, command: Command) -> Submission {
    Submission::new(id, key(name), Actor::system("test"), command)
}

pub fn grant_of(whole: i64) -> NewGrant {
    NewGrant::new(credits(whole), GrantSource::TopUp, "Light")
}

pub async fn submit(wallet: &Wallet, id: WalletId, name: impl AsRef<str>, command: Command) -> Result<Outcome> {
    wallet.ledger().submit(submission(id, name, command)).await
}

pub async fn grant(wallet: &Wallet, id: WalletId, name: &str, whole: i64) -> Outcome {
    submit(wallet, id, name, Command::Grant(grant_of(whole))).await.expect("granted")
}

pub fn charge_of(whole: i64) -> Command {
    Command::Charge { receipt: Receipt::flat("gpt-5", "GPT-5", credits(whole)) }
}

pub async fn charge(wallet: &Wallet, id: WalletId, name: impl AsRef<str>, whole: i64) -> Result<Outcome> {
    submit(wallet, id, name, charge_of(whole)).await
}

pub fn hold_of(lines: &[i64]) -> Command {
    let lines = lines.iter().map(|whole| Receipt::flat("job", "Job", credits(*whole))).collect();
    Command::Hold { lines, expires_in: Some(3600) }
}

pub async fn hold(wallet: &Wallet, id: WalletId, name: &str, lines: &[i64]) -> Outcome {
    submit(wallet, id, name, hold_of(lines)).await.expect("held")
}

pub fn capture_all(hold: i64) -> Command {
    Command::Capture { hold, amount: CaptureAmount::All }
}

pub fn release(hold: i64) -> Command {
    Command::Release { hold, reason: ReleaseReason::PlatformFailure }
}

/// The refusal of an answer that must be one.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T>) -> Refusal {
    match answer {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

pub async fn available(wallet: &Wallet, id: WalletId) -> Credits {
    wallet.ledger().balance(id).await.expect("a balance").available
}

pub fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

/// Nothing is left wrong.
pub async fn sound(wallet: &Wallet) {
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
}
