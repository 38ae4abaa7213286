//! `scrip ledger`: rows as files that prove themselves, the proof without a database, archives and checkpoints.

mod archive;
mod checkpoints;
mod export;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Subcommand;

use crate::config::Settings;

/// What to do with ledgers.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Checks files of one wallet, in order: every hash, every balance. Needs no database.
    Verify {
        /// Files of `scrip ledger export` or `archive`; a later one goes on where the one before ends.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Checkpoints, as files or folders, that must lie on these rows.
        #[arg(long)]
        heads: Vec<PathBuf>,
    },
    /// Writes a wallet's ledger to a file that `scrip ledger verify` checks.
    Export {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// Where to write; standard output where nothing is said.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Moves rows that are older than a day to files, which are verified before the rows leave.
    Archive {
        /// The first day that stays, in UTC: `2026-01-01`.
        #[arg(long)]
        before: NaiveDate,
        /// Where the files go: keep them as long as the database.
        #[arg(long)]
        folder: PathBuf,
        /// Only this wallet.
        #[arg(long)]
        wallet: Option<String>,
    },
    /// Makes a checkpoint of every ledger that has moved since, and appends it to a file.
    Sign {
        /// The file; today's of the data folder where nothing is said.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Makes the sums of a wallet's usage anew from its rows, where `scrip verify` has found them wrong.
    Resum {
        /// The wallet's name: `wal_…`.
        wallet: String,
    },
    /// Compares checkpoints with the ledgers of now; exit code 1 where a row is gone or was changed.
    VerifyHeads {
        /// Files or folders of checkpoints.
        #[arg(required = true)]
        heads: Vec<PathBuf>,
    },
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify { files, heads } => verify::run(&files, &heads, settings),
        Command::Export { wallet, file } => export::run(&wallet, file, settings).await,
        Command::Archive { before, folder, wallet } => archive::run(before, &folder, wallet.as_deref(), settings).await,
        Command::Sign { file } => checkpoints::sign(file, settings).await,
        Command::Resum { wallet } => {
            let (id, open) = (wallet_id(&wallet)?, super::open(settings).await?);
            let rows = open.ledger().resum_usage(id).await?;
            open.shutdown().await;
            println!("The usage of {wallet} is summed up anew from {rows} rows.");
            Ok(ExitCode::SUCCESS)
        }
        Command::VerifyHeads { heads } => checkpoints::verify(&heads, settings).await,
    }
}

/// Reads a wallet's name.
pub(super) fn wallet_id(name: &str) -> anyhow::Result<wallet::id::WalletId> {
    name.parse().map_err(|_| anyhow::anyhow!("{name} is no wallet: write its name as wal_…"))
}
