//! The operator's commands: each is a few lines over the wallet's own methods.

mod admin;
mod brand;
mod clock;
mod codes;
mod demo;
mod doctor;
mod hold;
mod invoice;
mod ledger;
mod payment;
mod payments;
mod plan;
mod preset;
mod refund;
mod service_key;
mod verify;
mod wallet;

use std::process::ExitCode;

use ::wallet::Wallet;
use clap::{Parser, Subcommand};

use crate::config::Settings;
use crate::database::{open_migrated, open_wallet as open};
use crate::{database, serve, telemetry};

/// A self-hosted credits wallet and billing portal for AI platforms.
///
/// Every setting below can be given as a flag or in the environment.
#[derive(Parser, Debug)]
#[command(name = "scrip", version, max_term_width = 120, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serves pages, the REST API and jobs.
    Serve,
    /// Brings the database to this version's schema.
    Migrate,
    /// Loads, checks, exports or lists presets: what a deployment sells.
    #[command(subcommand)]
    Preset(preset::Command),
    /// Shows or changes name, logo, colour and addresses of the platform.
    #[command(subcommand)]
    Brand(brand::Command),
    /// Makes staff.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Makes, lists or revokes the keys of the platform's own backend.
    #[command(subcommand)]
    ServiceKey(service_key::Command),
    /// Makes, lists or withdraws redemption codes.
    #[command(subcommand)]
    Codes(codes::Command),
    /// Lists payments in review, and decides about them.
    #[command(subcommand)]
    Payment(payment::Command),
    /// Sets payment providers up, and compares our payments with their books.
    #[command(subcommand)]
    Payments(payments::Command),
    /// Lists refund requests and decides them; refunds payments.
    #[command(subcommand)]
    Refund(refund::Command),
    /// Lists disputes; opens and ends those that a provider tells nothing of.
    #[command(subcommand)]
    Dispute(refund::DisputeCommand),
    /// Says who sells, names the series of documents, issues what is due, writes documents as files.
    #[command(subcommand)]
    Invoice(invoice::Command),
    /// Shows the plan of an account, puts the account on one that was agreed with it, or ends it.
    #[command(subcommand)]
    Plan(plan::Command),
    /// Shows, freezes, unfreezes or rebuilds a wallet.
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Captures or releases a hold, whoever placed it.
    #[command(subcommand)]
    Hold(hold::Command),
    /// Pays a charge back, whoever made it.
    #[command(subcommand)]
    Charge(hold::ChargeCommand),
    /// Checks every invariant of the wallet on the live database; exit code 1 on any breach.
    Verify,
    /// Checks settings, database, clock and providers.
    Doctor,
    /// Works on exported ledgers.
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Loads or resets the demo: people, wallets and their history.
    #[command(subcommand)]
    Demo(demo::Command),
    /// Moves the demo's clock.
    #[command(subcommand)]
    Clock(clock::Command),
}

/// Runs a command; an error is one line for stderr.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { command, settings } = cli;
    telemetry::start(&settings)?;
    match command {
        Command::Serve => serve::run(settings).await,
        Command::Migrate => {
            database::migrate(&database::connect(&settings).await?).await?;
            println!("The database is at this version's schema.");
            Ok(ExitCode::SUCCESS)
        }
        Command::Preset(command) => preset::run(command, &settings).await,
        Command::Brand(command) => brand::run(command, &settings).await,
        Command::Admin(command) => admin::run(command, &settings).await,
        Command::ServiceKey(command) => service_key::run(command, &settings).await,
        Command::Codes(command) => codes::run(command, &settings).await,
        Command::Payment(command) => payment::run(command, &settings).await,
        Command::Payments(command) => payments::run(command, &settings).await,
        Command::Refund(command) => refund::run(command, &settings).await,
        Command::Dispute(command) => refund::run_dispute(command, &settings).await,
        Command::Invoice(command) => invoice::run(command, &settings).await,
        Command::Plan(command) => plan::run(command, &settings).await,
        Command::Wallet(command) => wallet::run(command, &settings).await,
        Command::Hold(command) => hold::run(command, &settings).await,
        Command::Charge(command) => hold::run_charge(command, &settings).await,
        Command::Verify => verify::run(&settings).await,
        Command::Ledger(command) => ledger::run(command, &settings).await,
        Command::Doctor => doctor::run(&settings).await,
        Command::Demo(command) => demo::run(command, &settings).await,
        Command::Clock(command) => clock::run(command, &settings).await,
    }
}

/// Opens the wallet at the time of its database, which a demo's clock may have moved.
async fn open_now(settings: &Settings) -> anyhow::Result<Wallet> {
    let wallet = open(settings).await?;
    ::wallet::db::observe_clock(wallet.pool(), wallet.clock()).await?;
    Ok(wallet)
}

/// Closes the wallet, and prints what was done.
async fn tell(wallet: &Wallet, done: anyhow::Result<String>) -> anyhow::Result<ExitCode> {
    wallet.shutdown().await;
    println!("{}", done?);
    Ok(ExitCode::SUCCESS)
}
