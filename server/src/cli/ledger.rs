//! `scrip ledger`: a wallet's rows as a file that proves itself, and the proof, without a database.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Subcommand;
use wallet::id::WalletId;
use wallet::ledger::proof::verify_export;

use crate::config::Settings;

/// Rows read at once.
const PAGE: u16 = 1_000;

/// What to do with ledgers.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Checks an exported file: every hash, every balance. Needs no database.
    Verify {
        /// A file of `scrip ledger export`.
        file: PathBuf,
    },
    /// Writes a wallet's ledger to a file that `scrip ledger verify` checks.
    Export {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// Where to write; standard output where nothing is said.
        #[arg(long)]
        file: Option<PathBuf>,
    },
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify { file } => verify(&file),
        Command::Export { wallet, file } => export(&wallet, file, settings).await,
    }
}

fn verify(path: &PathBuf) -> anyhow::Result<ExitCode> {
    let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
    let verified = verify_export(BufReader::new(file)).map_err(|what| anyhow!("{}: {what}", path.display()))?;
    println!(
        "{}: {} rows up to {} are right; settled {}, held {}, head {}",
        verified.wallet, verified.rows, verified.seq, verified.settled, verified.held, verified.hash
    );
    Ok(ExitCode::SUCCESS)
}

async fn export(name: &str, file: Option<PathBuf>, settings: &Settings) -> anyhow::Result<ExitCode> {
    let id: WalletId = name.parse().map_err(|_| anyhow!("{name} is no wallet: write its name as wal_…"))?;
    let mut out: Box<dyn Write + Send> = match &file {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{} can't be written", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let wallet = super::open(settings).await?;
    let (mut after, mut first) = (0, true);
    loop {
        let (header, rows) = wallet.ledger().proof(id, after, PAGE).await.map_err(super::admin::plain)?;
        if first {
            writeln!(out, "{}", serde_json::to_string(&header)?)?;
            first = false;
        }
        for row in &rows {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        }
        match rows.last() {
            Some(last) => after = last.seq,
            None => break,
        }
    }
    out.flush()?;
    wallet.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
