//! Wallets to charge, with API keys to do it by.

use std::sync::Arc;

use anyhow::{Context, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use wallet::Wallet;
use wallet::catalog::Preset;
use wallet::id::{AccountId, ProjectId, WalletId};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey, SignUp, Viewer};
use wallet::ledger;
use wallet::ledger::{
    CaptureAmount, Command, FormulaLine, GrantSource, NewGrant, NewWallet, Outcome, Receipt, Submission,
};
use wallet::money::Credits;

/// The catalog that is charged by.
const PRESET: &str = "neuralbox";
/// What is bought: the dearest cell of a matrix, 13 credits.
pub const OPERATION: &str = "dall-e-3";
/// Enough for every run.
const PLENTY: i64 = 1_000_000_000;
/// How many wallets are made at once.
const AT_ONCE: usize = 32;

/// A wallet, and the key that spends from it.
#[derive(Clone, Debug)]
pub struct Payer {
    /// The wallet.
    pub wallet: WalletId,
    /// The API key.
    pub key: String,
}

/// The inputs of what is bought.
pub fn params() -> serde_json::Map<String, serde_json::Value> {
    let params = json!({ "size": "1792x1024", "quality": "hd" });
    params.as_object().cloned().unwrap_or_default()
}

/// The receipt of what is bought, as the price list makes it.
pub fn receipt() -> Receipt {
    let total = Credits::from_micros(13_000_000);
    Receipt {
        category: "image".to_owned(),
        params: params().into(),
        price_book_version: 1,
        rule: "matrix".to_owned(),
        pricing_type: "matrix".to_owned(),
        lines: vec![FormulaLine {
            label: "1792x1024, hd".to_owned(),
            quantity: "1".to_owned(),
            unit_price: Some(total),
            credits: total,
        }],
        ..Receipt::flat(OPERATION, "DALL·E 3", total)
    }
}

/// Loads the catalog, and makes a person whose other wallets are made from.
pub async fn owner(wallet: &Wallet) -> Result<Viewer> {
    let preset = Preset::by_name(PRESET).context("there is no such preset")?;
    wallet.catalog().load_preset(&preset).await?;
    let form = SignUp {
        email: "bench@example.com".to_owned(),
        password: "not for keeping 4711".to_owned(),
        name: "Bench".to_owned(),
        locale: "en".to_owned(),
        ..SignUp::default()
    };
    let user = wallet.identity().create_proven(form).await?;
    Ok(wallet.identity().viewer(user.id).await?)
}

/// Makes payers with plenty of credits.
pub async fn payers(wallet: &Wallet, owner: &Viewer, count: usize) -> Result<Vec<Payer>> {
    stream::iter(0..count).map(|_| payer(wallet, owner)).buffer_unordered(AT_ONCE).try_collect().await
}

async fn payer(wallet: &Wallet, owner: &Viewer) -> Result<Payer> {
    let new = NewWallet {
        account: AccountId::new(),
        project: ProjectId::new(),
        environment: ledger::Environment::Production,
    };
    let mut tx = wallet.pool().begin().await?;
    sqlx::query("INSERT INTO accounts (id, name) VALUES ($1, 'Bench')")
        .bind(new.account.uuid())
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO projects (id, account_id, name) VALUES ($1, $2, 'Bench')")
        .bind(new.project.uuid())
        .bind(new.account.uuid())
        .execute(&mut *tx)
        .await?;
    let id = wallet.ledger().create_wallet_in_tx(&mut tx, new).await?;
    sqlx::query("INSERT INTO wallet_directory (project_id, environment, account_id, shard, wallet_id) VALUES ($1, 'production', $2, $3, $4)")
        .bind(new.project.uuid())
        .bind(new.account.uuid())
        .bind(id.shard.as_i16())
        .bind(id.number)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    let grant = NewGrant::new(Credits::from_whole(PLENTY).context("too much")?, GrantSource::TopUp, "Plenty");
    submit(wallet, id, "plenty".to_owned(), Command::Grant(grant)).await?;
    let viewer = Viewer { account: new.account, project: new.project, wallet: id, ..owner.clone() };
    let key =
        NewKey { name: "Bench".to_owned(), environment: Environment::Production, scopes: Vec::new(), ceiling: None };
    let made = wallet.identity().create_key(&viewer, &key).await?;
    Ok(Payer { wallet: id, key: made.secret })
}

/// Takes what the receipt says from a wallet.
pub async fn charge(wallet: &Wallet, from: WalletId, receipt: &Arc<Receipt>, key: String) -> Result<()> {
    submit(wallet, from, key, Command::Charge { receipt: (**receipt).clone() }).await.map(drop)
}

/// Sets aside and then takes: two commands.
pub async fn hold_and_capture(wallet: &Wallet, from: WalletId, receipt: &Arc<Receipt>, key: String) -> Result<()> {
    let hold = Command::Hold { lines: vec![(**receipt).clone()], expires_in: None };
    let held = submit(wallet, from, format!("{key}h"), hold).await?;
    let hold = held.entries.first().context("a hold made no entry")?.seq;
    submit(wallet, from, format!("{key}c"), Command::Capture { hold, amount: CaptureAmount::All }).await.map(drop)
}

async fn submit(wallet: &Wallet, to: WalletId, key: String, command: Command) -> Result<Outcome> {
    let actor = Actor::System { what: "bench".to_owned() };
    Ok(wallet.ledger().submit(Submission::new(to, IdempotencyKey::parse(&key)?, actor, command)).await?)
}
