//! `scrip verify`: every invariant, on the live database.

use std::process::ExitCode;

use wallet::ledger::Scope;

use crate::config::Settings;

/// Lists the breaches; exit code 1 where there is one.
pub async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open(settings).await?;
    let breaches = wallet.verify(Scope::Everything).await?;
    wallet.shutdown().await;
    for breach in &breaches {
        let place = breach.wallet.map_or_else(|| "everywhere".to_owned(), |wallet| wallet.to_string());
        println!("{}  {place}  {}", breach.invariant, breach.found);
    }
    if breaches.is_empty() {
        println!("Every invariant holds.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} breaches.", breaches.len());
    Ok(ExitCode::FAILURE)
}
