//! Wallets to spend from, made before anything goes wrong.

use anyhow::{Context, Result};
use wallet::catalog::Preset;
use wallet::error::Error;
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey, NewServiceKey, ServiceScope, SignUp};
use wallet::ledger::{Command, GrantSource, NewGrant, Submission};
use wallet::money::Credits;
use wallet::{Options, Wallet};

/// What everybody signs in with.
pub const PASSWORD: &str = "not for keeping 4711";

/// How full a wallet is at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purse {
    /// Enough for all that is asked.
    Rich,
    /// Nearly nothing, so that most is refused but what costs nothing, and every grant changes that.
    Poor,
}

impl Purse {
    const fn credits(self) -> i64 {
        match self {
            Self::Rich => 100_000,
            Self::Poor => 20,
        }
    }
}

/// Somebody who pays.
#[derive(Clone, Debug)]
pub struct Payer {
    /// The wallet.
    pub wallet: WalletId,
    /// What its owner signs in with.
    pub email: String,
    /// The API key.
    pub key: String,
    /// The platform's service key, which finishes what the platform began and pays back.
    pub service_key: String,
    /// How full the wallet was at the beginning.
    pub purse: Purse,
}

/// Prepares the database, and sells operations that cost nothing beside dear ones; with people who are sent mails.
pub async fn shop(url: &str, readers: usize) -> Result<()> {
    let wallet = Wallet::connect(url, Options::default()).await?;
    wallet.migrate().await?;
    let preset = Preset::by_name("neuraldraft").context("there is no such preset")?;
    wallet.catalog().load_preset(&preset).await?;
    for number in 0..readers {
        match wallet.identity().create_proven(form(&email(number))).await {
            // There since the run was begun that goes on now.
            Ok(_) | Err(Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    wallet.shutdown().await;
    Ok(())
}

/// Makes people with a wallet and a key each: every second one is poor.
pub async fn payers(url: &str, count: usize, segment: u64) -> Result<Vec<Payer>> {
    let wallet = Wallet::connect(url, Options::default()).await?;
    let service_key = service_key(&wallet).await?;
    let mut payers = Vec::new();
    for number in 0..count {
        let purse = if number % 2 == 0 { Purse::Rich } else { Purse::Poor };
        let email = format!("chaos{segment}-{number}@example.com");
        payers.push(payer(&wallet, &email, purse, &service_key).await?);
    }
    wallet.shutdown().await;
    Ok(payers)
}

/// Makes people who buy credits.
pub async fn buyers(url: &str, count: usize, segment: u64) -> Result<Vec<Payer>> {
    let wallet = Wallet::connect(url, Options::default()).await?;
    let service_key = service_key(&wallet).await?;
    let mut buyers = Vec::new();
    for number in 0..count {
        buyers.push(payer(&wallet, &format!("buyer{segment}-{number}@example.com"), Purse::Poor, &service_key).await?);
    }
    wallet.shutdown().await;
    Ok(buyers)
}

/// Makes somebody whose wallet has run dry.
pub async fn dry(url: &str) -> Result<Payer> {
    let wallet = Wallet::connect(url, Options::default()).await?;
    let service_key = service_key(&wallet).await?;
    let payer = payer(&wallet, &format!("dry{}@example.com", moment()?), Purse::Poor, &service_key).await?;
    wallet.shutdown().await;
    Ok(payer)
}

/// Makes a service key of the platform.
async fn service_key(wallet: &Wallet) -> Result<String> {
    let scopes = vec![ServiceScope::SpendWrite.code().to_owned()];
    // A name is never given twice, also not where a run goes on.
    let service = NewServiceKey { name: format!("chaos-{}", moment()?), scopes };
    Ok(wallet.identity().create_service_key(&Actor::system("chaos"), &service).await?.secret)
}

async fn payer(wallet: &Wallet, email: &str, purse: Purse, service_key: &str) -> Result<Payer> {
    let user = wallet.identity().create_proven(form(email)).await?;
    let viewer = wallet.identity().viewer(user.id).await?;
    // Whatever a plan has brought: it starts with so much, and nothing else.
    let before = wallet.ledger().balance(viewer.wallet).await?.available;
    let wanted = Credits::from_whole(purse.credits()).context("too much")?.checked_sub(before).context("too much")?;
    let command = if wanted.is_negative() {
        Command::Adjustment { amount: wanted, reason: "chaos".to_owned() }
    } else {
        Command::Grant(NewGrant::new(wanted, GrantSource::TopUp, "To begin with"))
    };
    if wanted != Credits::ZERO {
        let key = IdempotencyKey::internal("chaos:start");
        wallet.ledger().submit(Submission::new(viewer.wallet, key, Actor::system("chaos"), command)).await?;
    }
    let new =
        NewKey { name: "Chaos".to_owned(), environment: Environment::Production, scopes: Vec::new(), ceiling: None };
    let key = wallet.identity().create_key(&viewer, &new).await?.secret;
    Ok(Payer { wallet: viewer.wallet, email: email.to_owned(), key, service_key: service_key.to_owned(), purse })
}

/// Signs somebody up.
fn form(email: &str) -> SignUp {
    SignUp {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        name: "Chaos".to_owned(),
        locale: "en".to_owned(),
        ..SignUp::default()
    }
}

/// Gives the microseconds since 1970: a part of names that are never given twice.
fn moment() -> Result<u128> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_micros())
}

/// The address of somebody who is sent mails.
pub fn email(number: usize) -> String {
    format!("chaos{number}@example.com")
}
