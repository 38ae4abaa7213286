//! Wallets to spend from, made before anything goes wrong.

use anyhow::{Context, Result};
use wallet::catalog::Preset;
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey, NewServiceKey, ServiceScope, SignUp};
use wallet::ledger::{Command, Envelope, GrantSource, NewGrant};
use wallet::money::Credits;
use wallet::{Options, Wallet};

/// What each wallet starts with, in credits: too little for some of the longer runs, so that refusals are met, too.
const CREDITS: i64 = 100_000;

/// Somebody who pays.
#[derive(Clone, Debug)]
pub struct Payer {
    /// The wallet.
    pub wallet: WalletId,
    /// The API key.
    pub key: String,
    /// The platform's service key, which finishes what the platform began and pays back.
    pub service_key: String,
    /// What the wallet started with.
    pub credits: Credits,
}

/// Makes people with a wallet and a key each.
pub async fn payers(url: &str, count: usize) -> Result<Vec<Payer>> {
    let wallet = Wallet::connect(url, Options::default()).await?;
    wallet.migrate().await?;
    let preset = Preset::by_name("neuralbox").context("there is no such preset")?;
    wallet.catalog().load_preset(&preset).await?;
    let scopes = vec![ServiceScope::SpendWrite.code().to_owned()];
    let service = NewServiceKey { name: "chaos".to_owned(), scopes };
    let service_key = wallet.identity().create_service_key(&Actor::system("chaos"), &service).await?.secret;
    let mut payers = Vec::new();
    for number in 0..count {
        let form = SignUp {
            email: email(number),
            password: "not for keeping 4711".to_owned(),
            name: "Chaos".to_owned(),
            locale: "en".to_owned(),
        };
        let user = wallet.identity().create_proven(form).await?;
        let viewer = wallet.identity().viewer(user.id).await?;
        let amount = Credits::from_whole(CREDITS).context("too much")?;
        let grant = Command::Grant(NewGrant::new(amount, GrantSource::TopUp, "Plenty"));
        let key = IdempotencyKey::internal("chaos:start");
        wallet.ledger().submit(Envelope::new(viewer.wallet, key, Actor::system("chaos"), grant)).await?;
        let new = NewKey {
            name: "Chaos".to_owned(),
            environment: Environment::Production,
            scopes: Vec::new(),
            ceiling: None,
        };
        let key = wallet.identity().create_key(&viewer, &new).await?.secret;
        let credits = wallet.ledger().balance(viewer.wallet).await?.settled;
        payers.push(Payer { wallet: viewer.wallet, key, service_key: service_key.clone(), credits });
    }
    wallet.shutdown().await;
    Ok(payers)
}

/// The address of a payer.
pub fn email(number: usize) -> String {
    format!("chaos{number}@example.com")
}
