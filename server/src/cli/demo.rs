//! `scrip demo`: two people, an API key and a history to look at. Never in production.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wallet::Wallet;
use wallet::catalog::Preset;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey, SignUp, StaffRole, Viewer};
use wallet::ledger::{Command as LedgerCommand, Envelope, GrantSource, NewGrant};
use wallet::money::{Credits, Money};
use wallet::tariff::{ChargeRequest, LineRequest};

use super::admin::plain;
use crate::config::Settings;
use crate::serve::demo_only;

/// What the demo sells where the catalog is empty.
const PRESET: &str = "neuralbox";
/// Where the logins and the key are kept, in the data folder.
const FILE: &str = "demo.json";

/// What to do with the demo.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Loads the demo; a second time changes nothing.
    Load,
    /// Empties the database and loads the demo afresh.
    Reset {
        /// Really: everything in the database is lost.
        #[arg(long)]
        yes: bool,
    },
}

/// How to come in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demo {
    /// A person with a wallet.
    pub user: DemoLogin,
    /// A person of the staff.
    pub admin: DemoLogin,
    /// A key of the first one's wallet.
    pub key: String,
}

/// An address and its password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoLogin {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    demo_only(settings)?;
    let wallet = super::open(settings).await?;
    if let Command::Reset { yes } = command {
        if !yes {
            bail!("this empties the whole database: add --yes if you mean it");
        }
        crate::database::empty(&wallet).await?;
    }
    crate::database::migrate(&wallet).await?;
    let demo = ensure(&wallet, settings).await?;
    println!("Sign in as {} or {} with {}", demo.user.email, demo.admin.email, demo.user.password);
    println!("API key: {}", demo.key);
    wallet.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that the demo is there, and says how to come in.
pub async fn ensure(wallet: &Wallet, settings: &Settings) -> anyhow::Result<Demo> {
    if wallet.catalog().view().await.is_err() {
        let preset = Preset::by_name(PRESET).context("the preset of the demo is missing")?;
        wallet.catalog().load_preset(&preset).await.map_err(plain)?;
    }
    let login = |name: &str| DemoLogin { email: format!("{name}@example.com"), password: "try-scrip-today".to_owned() };
    let (user, admin) = (login("demo"), login("admin"));
    let form = |login: &DemoLogin, name: &str| SignUp {
        email: login.email.clone(),
        password: login.password.clone(),
        name: name.to_owned(),
        locale: "en".to_owned(),
    };
    let identity = wallet.identity();
    identity.create_staff(form(&admin, "Alex Admin"), StaffRole::Admin).await.map_err(plain)?;
    let person = identity.create_proven(form(&user, "Dana Demo")).await.map_err(plain)?;
    let viewer = identity.viewer(person.id).await.map_err(plain)?;
    history(wallet, &viewer).await?;
    let key = key(wallet, &viewer, settings).await?;
    let demo = Demo { user, admin, key };
    let path = path(settings);
    std::fs::create_dir_all(&settings.data_dir).with_context(|| format!("{} can't be made", settings.data_dir.display()))?;
    std::fs::write(&path, serde_json::to_vec_pretty(&demo)?).with_context(|| format!("{} can't be written", path.display()))?;
    Ok(demo)
}

fn path(settings: &Settings) -> PathBuf {
    settings.data_dir.join(FILE)
}

/// Takes the key of the last time where it still works, else makes one.
async fn key(wallet: &Wallet, viewer: &Viewer, settings: &Settings) -> anyhow::Result<String> {
    let kept = std::fs::read(path(settings)).ok().and_then(|text| serde_json::from_slice::<Demo>(&text).ok());
    if let Some(demo) = kept
        && let Ok(access) = wallet.identity().authenticate_key(&demo.key).await
        && access.wallet == viewer.wallet
    {
        return Ok(demo.key);
    }
    let new = NewKey {
        name: "Demo".to_owned(),
        environment: Environment::Production,
        scopes: Vec::new(),
        ceiling: None,
    };
    Ok(wallet.identity().create_key(viewer, &new).await.map_err(plain)?.secret)
}

/// Calls that the demo's wallet has made, with their params.
fn calls() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("gpt-5", json!({}), "acme"),
        ("dall-e-3", json!({ "size": "1792x1024", "quality": "hd" }), "acme"),
        ("claude-sonnet-4.5", json!({}), "globex"),
        ("whisper", json!({}), "globex"),
        ("flux-1.1-pro", json!({}), "acme"),
        ("gpt-5-nano", json!({}), "initech"),
        ("openai-tts", json!({}), "initech"),
        ("upscale", json!({}), "acme"),
        ("musicgen", json!({}), "globex"),
        ("dall-e-3", json!({ "size": "1024x1024", "quality": "standard" }), "initech"),
        ("gemini-2.5-flash", json!({}), "acme"),
        ("remove-bg", json!({}), "globex"),
    ]
}

/// Gives the demo's wallet a top-up and some charges, once: the keys are the same each time.
async fn history(wallet: &Wallet, viewer: &Viewer) -> anyhow::Result<()> {
    let amount = Credits::from_whole(500).context("an amount")?;
    let mut grant = NewGrant::new(amount, GrantSource::TopUp, "Advanced, 500 tokens");
    grant.cost = Some(Money::from_minor(179_000, wallet::money::Currency::RUB));
    let key = IdempotencyKey::internal("demo:top-up");
    let command = LedgerCommand::Grant(grant);
    wallet.ledger().submit(Envelope::new(viewer.wallet, key, Actor::system("demo"), command)).await.map_err(plain)?;
    for (at, (operation, params, customer)) in calls().into_iter().enumerate() {
        let Value::Object(params) = params else { continue };
        charge(wallet, viewer, at, operation, params, customer).await?;
    }
    Ok(())
}

async fn charge(
    wallet: &Wallet,
    viewer: &Viewer,
    at: usize,
    operation: &str,
    params: Map<String, Value>,
    customer: &str,
) -> anyhow::Result<()> {
    // Another preset may be loaded: it has other operations.
    if wallet.tariffs().quote(operation, &params, 1).await.is_err() {
        return Ok(());
    }
    let request = ChargeRequest {
        wallet: viewer.wallet,
        plan_rank: viewer.plan.rank,
        line: LineRequest { operation: operation.to_owned(), params, count: 1 },
        quote: None,
        metadata: json!({ "customer_id": customer }),
    };
    let key = IdempotencyKey::internal(format!("demo:charge:{at}"));
    wallet.tariffs().charge(request, viewer.actor(), key).await.map_err(plain)?;
    Ok(())
}
