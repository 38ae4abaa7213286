//! `scrip service-key`: the keys of the platform's own backend, made, listed and revoked by staff.

use std::process::ExitCode;

use clap::Subcommand;
use wallet::Wallet;
use wallet::identity::{Actor, NewServiceKey, ServiceKeyView};

use super::admin::plain;
use crate::config::Settings;

/// What to do about service keys.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Makes a key and prints it, once: it is stored nowhere.
    Create {
        /// The name that stands in the ledger beside what the key does, such as gateway-eu; customers read it there.
        #[arg(long)]
        name: String,
        /// What it may do: spend:write (charge, hold, capture, release, pay back) or keys:read (look at customers'
        /// keys); several times for several.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
    },
    /// Lists the keys, working ones first.
    List,
    /// Revokes a key: within a second it works on no node.
    Revoke {
        /// The key's name, as `scrip service-key list` shows it.
        name: String,
    },
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    let done = decide(command, &wallet).await;
    super::tell(&wallet, done).await
}

async fn decide(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let (identity, staff) = (wallet.identity(), Actor::system("command line"));
    Ok(match command {
        Command::Create { name, scopes } => {
            let created = identity.create_service_key(&staff, &NewServiceKey { name, scopes }).await.map_err(plain)?;
            format!("{}\nThis is shown once. Keep it as a secret of the platform's backend.", created.secret)
        }
        Command::List => {
            let keys = identity.service_keys().await.map_err(plain)?;
            if keys.is_empty() { "There are no service keys.".to_owned() } else { table(&keys) }
        }
        Command::Revoke { name } => {
            identity.revoke_service_key(&staff, &name).await.map_err(plain)?;
            format!("{name} works no more.")
        }
    })
}

fn table(keys: &[ServiceKeyView]) -> String {
    let at = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let row = |key: &ServiceKeyView| {
        let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |used| format!("used {}", at(used)));
        let state = key.revoked_at.map_or_else(|| "works".to_owned(), |revoked| format!("revoked {}", at(revoked)));
        let (name, hint, scopes) = (&key.name, &key.hint, key.scopes.join(","));
        format!("{name}  {hint}  {scopes}  made {} by {}  {used}  {state}", at(key.created_at), key.created_by)
    };
    keys.iter().map(row).collect::<Vec<_>>().join("\n")
}
