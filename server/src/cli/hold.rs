//! `scrip hold` and `scrip charge`: what staff decide about a hold or a charge, whoever made it.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use wallet::Wallet;
use wallet::error::{FieldError, Result};
use wallet::identity::Actor;
use wallet::ledger::{CaptureAmount, HoldState, Outcome, ReleaseReason};
use wallet::money::read_amount;

use super::admin::plain;
use super::ledger::wallet_id;
use crate::config::Settings;

/// What to do about a hold.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Takes what was set aside, all or part; the rest is given back.
    Capture {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// The hold: its row of the ledger.
        hold: i64,
        /// So much; everything where nothing is said.
        #[arg(long)]
        amount: Option<String>,
        /// Why, for the audit log.
        #[arg(long)]
        note: String,
    },
    /// Gives back what was set aside.
    Release {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// The hold: its row of the ledger.
        hold: i64,
        /// What ended the job.
        #[arg(long, value_enum)]
        reason: Reason,
        /// Why, for the audit log.
        #[arg(long)]
        note: String,
    },
}

/// What to do about a charge.
#[derive(Subcommand, Debug)]
pub enum ChargeCommand {
    /// Pays a charge or a capture back, once; its owner reads why.
    CreditBack {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// The charge or capture: its row of the ledger.
        charge: i64,
        /// Why: its owner reads it, and it goes into the audit log.
        #[arg(long)]
        reason: String,
    },
}

/// What ended a job.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Reason {
    /// The platform's reasons.
    PlatformFailure,
    /// The customer's reasons; the catalog may say that such a job is charged once.
    CustomerFailure,
    /// It was called off.
    Cancelled,
}

impl From<Reason> for ReleaseReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::PlatformFailure => Self::PlatformFailure,
            Reason::CustomerFailure => Self::CustomerFailure,
            Reason::Cancelled => Self::Cancelled,
        }
    }
}

/// Runs a command about a hold.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    let done = finish(command, &wallet).await;
    super::tell(&wallet, done).await
}

/// Runs a command about a charge.
pub async fn run_charge(command: ChargeCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    let ChargeCommand::CreditBack { wallet: name, charge, reason } = command;
    let (id, wallet) = (wallet_id(&name)?, super::open_now(settings).await?);
    let done = wallet.ledger().pay_back_by_staff((id, charge), (&staff(), &reason)).await;
    wallet.shutdown().await;
    let outcome = done.map_err(plain)?;
    let amount = outcome.entry().map(|entry| entry.amount).unwrap_or_default();
    println!("{}charge {charge} of {name} is paid back: {amount}, row {}.", before(&outcome), outcome.seq());
    Ok(ExitCode::SUCCESS)
}

fn staff() -> Actor {
    Actor::system("command line")
}

async fn finish(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let ledger = wallet.ledger();
    let (name, hold, done): (String, i64, Result<Outcome>) = match command {
        Command::Capture { wallet: name, hold, amount, note } => {
            let wrong = |error| plain(FieldError::amount("--amount", error, "12.5").into());
            let amount = amount.map(|text| read_amount(&text).map_err(wrong));
            let amount = amount.transpose()?.map_or(CaptureAmount::All, CaptureAmount::Total);
            let whose = (wallet_id(&name)?, hold);
            (name, hold, ledger.capture_by_staff(whose, amount, (&staff(), &note)).await)
        }
        Command::Release { wallet: name, hold, reason, note } => {
            let whose = (wallet_id(&name)?, hold);
            (name, hold, ledger.release_by_staff(whose, reason.into(), (&staff(), &note)).await)
        }
    };
    let outcome = done.map_err(plain)?;
    let seen = ledger.hold(wallet_id(&name)?, hold).await.map_err(plain)?;
    let what = match seen.state {
        HoldState::Captured => format!("captured: {} of {}", seen.captured, seen.amount),
        _ => format!("released: {} given back", seen.amount),
    };
    Ok(format!("{}hold {hold} of {name} is {what}, row {}.", before(&outcome), outcome.seq()))
}

/// Says of an answer that it is the first one's.
const fn before(outcome: &Outcome) -> &'static str {
    if outcome.replayed { "Done before: " } else { "" }
}
