//! `scrip demo`: two people, an API key and a history to look at. Never in production.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use wallet::Wallet;
use wallet::catalog::Preset;
use wallet::demo::Demo;

use super::admin::plain;
use crate::config::Settings;
use crate::database;
use crate::serve::demo_only;

/// What the demo sells where the catalog is empty.
const PRESET: &str = "neuralbox";

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

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    demo_only(settings)?;
    if let Command::Reset { yes } = command {
        if !yes {
            bail!("this empties the whole database: add --yes if you mean it");
        }
        wallet::db::empty(&database::connect(settings).await?).await?;
    }
    let wallet = super::open_migrated(settings).await?;
    let demo = ensure(&wallet).await?;
    for login in [&demo.user, &demo.admin] {
        println!("Sign in as {} with {}", login.email, login.password);
    }
    println!("API key: {}", demo.key);
    println!("Service key: {}", demo.service_key);
    wallet.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that the demo is there, and says how to come in.
pub async fn ensure(wallet: &Wallet) -> anyhow::Result<Demo> {
    if wallet.catalog().view().await.is_err() {
        let preset = Preset::by_name(PRESET).context("the preset of the demo is missing")?;
        wallet.catalog().load_preset(&preset).await.map_err(plain)?;
    }
    wallet.demo_load().await.map_err(plain)
}
