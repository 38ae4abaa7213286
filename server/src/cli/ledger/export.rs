//! `scrip ledger export`: a wallet's rows as a file that proves itself.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::super::admin::plain;
use crate::cli;
use crate::config::Settings;

/// Rows read at once.
const PAGE: u16 = 1_000;

/// Writes a wallet's rows; those that are archived are in the archive's files.
pub async fn run(name: &str, file: Option<PathBuf>, settings: &Settings) -> anyhow::Result<ExitCode> {
    let id = super::wallet_id(name)?;
    let mut out: Box<dyn Write + Send> = match &file {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{} can't be written", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let wallet = cli::open(settings).await?;
    let (mut after, mut first) = (0, true);
    loop {
        let (header, rows) = wallet.ledger().proof(id, after, PAGE).await.map_err(plain)?;
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
