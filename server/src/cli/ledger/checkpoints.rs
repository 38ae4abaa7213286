//! `scrip ledger sign` and `verify-heads`: what a chain alone can't prove.

use std::path::PathBuf;
use std::process::ExitCode;

use super::super::admin::plain;
use crate::config::Settings;
use crate::{checkpoints, cli};

/// Makes checkpoints in a file.
pub async fn sign(file: Option<PathBuf>, settings: &Settings) -> anyhow::Result<ExitCode> {
    let keys = checkpoints::required_keys(settings)?;
    let wallet = cli::open(settings).await?;
    let file = file.unwrap_or_else(|| checkpoints::file_of(settings, wallet.clock().now()));
    let mut signed = 0;
    if let Some(key) = keys.first() {
        signed = wallet.ledger().sign_checkpoints(key, |made| checkpoints::append(&file, made)).await.map_err(plain)?;
    }
    wallet.shutdown().await;
    match signed {
        0 => println!("No ledger has moved since the last checkpoints were made."),
        _ => println!("{signed} heads are in {}: keep a copy away from the database.", file.display()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares checkpoints with the database.
pub async fn verify(paths: &[PathBuf], settings: &Settings) -> anyhow::Result<ExitCode> {
    let keys = checkpoints::required_keys(settings)?;
    let kept = checkpoints::read(paths)?;
    let wallet = cli::open(settings).await?;
    let breaches = wallet.ledger().verify_checkpoints(&keys, &kept).await.map_err(plain)?;
    wallet.shutdown().await;
    for breach in &breaches {
        let place = breach.wallet.map_or_else(|| "somewhere".to_owned(), |wallet| wallet.to_string());
        println!("{place}  {}", breach.found);
    }
    if breaches.is_empty() {
        println!("{} checkpoints are still on their chains.", kept.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} of {} checkpoints are not.", breaches.len(), kept.len());
    Ok(ExitCode::FAILURE)
}
