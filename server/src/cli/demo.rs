//! `scrip demo`: two people, an API key and a history to look at. Never in production.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use super::admin::plain;
use crate::config::Settings;
use crate::{database, demo};

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
    demo::refuse_production(settings)?;
    if let Command::Reset { yes } = command {
        if !yes {
            bail!("this empties the whole database: add --yes if you mean it");
        }
        wallet::db::empty(&database::connect(settings).await?).await?;
    }
    let wallet = super::open_migrated(settings).await?;
    let demo = demo::ensure(&wallet, settings).await.map_err(plain)?;
    for login in [&demo.user, &demo.admin] {
        println!("Sign in as {} with {}", login.email, login.password);
    }
    println!("API key: {}", demo.key);
    println!("Service key: {}", demo.service_key);
    wallet.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
