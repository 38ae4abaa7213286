//! `scrip preset`: what a deployment sells, from a file or from one that is built in.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use wallet::catalog::{Loaded, Preset, Warning};

use crate::config::Settings;

/// What to do with presets.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Fills an empty catalog from a preset; the same preset again changes nothing.
    Load {
        /// A name from `scrip preset list`, or a TOML file.
        preset: String,
    },
    /// Says what is wrong with a file, and changes nothing.
    Check {
        /// A TOML file, or a name from `scrip preset list`.
        preset: String,
    },
    /// Writes what the catalog sells now as such a file: the very file that it was filled from, where nothing has
    /// changed since.
    Export,
    /// Lists the presets that are built in.
    List,
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Load { preset } => {
            let (preset, warnings) = read(&preset)?;
            warn(&warnings);
            let wallet = super::open(settings).await?;
            let loaded = wallet.catalog().load_preset(&preset).await.map_err(super::admin::plain)?;
            match loaded {
                Loaded::New => println!("The catalog sells {} operations now.", preset.tariffs.len()),
                Loaded::Unchanged => println!("The preset {} was loaded before; nothing changed.", preset.name),
            }
            wallet.shutdown().await;
        }
        Command::Check { preset } => {
            let (preset, warnings) = read(&preset)?;
            warn(&warnings);
            let (plans, packages) = (preset.view.plans.len(), preset.view.packages.len());
            println!(
                "{} is right: {} operations, {plans} plans, {packages} packages.",
                preset.name,
                preset.tariffs.len()
            );
        }
        Command::Export => {
            let wallet = super::open(settings).await?;
            let file = wallet.catalog().export().await.map_err(super::admin::plain)?;
            print!("{file}");
            wallet.shutdown().await;
        }
        Command::List => Preset::NAMES.iter().for_each(|name| println!("{name}")),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a preset that is built in, or a file.
pub fn read(name: &str) -> anyhow::Result<(Preset, Vec<Warning>)> {
    if let Some(source) = Preset::source_of(name) {
        return parse(name, source);
    }
    if !Path::new(name).exists() {
        bail!("there is no preset {name}: name one of {}, or a TOML file", Preset::NAMES.join(", "));
    }
    let text = std::fs::read_to_string(name).with_context(|| format!("{name} can't be read"))?;
    parse(name, &text)
}

fn parse(name: &str, text: &str) -> anyhow::Result<(Preset, Vec<Warning>)> {
    Preset::parse(text).map_err(|problems| {
        // All problems, each with its place; the last one is the error itself.
        for problem in problems.iter().skip(1) {
            eprintln!("{name}: {problem}");
        }
        match problems.first() {
            Some(first) => anyhow::anyhow!("{name}: {first}"),
            None => anyhow::anyhow!("{name} is no preset"),
        }
    })
}

fn warn(warnings: &[Warning]) {
    warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
}
