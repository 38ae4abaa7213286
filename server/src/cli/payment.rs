//! `scrip payment`: what staff decide about payments in review, and providers' messages that were kept.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;
use wallet::Wallet;
use wallet::id::PaymentId;
use wallet::identity::Actor;
use wallet::payment::PaymentInReview;

use super::admin::plain;
use crate::config::Settings;
use crate::providers;

/// What to do about money that was taken and brings nothing.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists the payments in review, oldest first.
    Held,
    /// Gives what a payment ordered after all.
    ///
    /// Its provider must have by now exactly the money that was asked for, and its plan a place.
    Release {
        /// The payment, as `scrip payment held` shows it.
        id: String,
        /// Why, for the audit log.
        #[arg(long)]
        note: String,
    },
    /// Reads providers' messages again that could not be read when they came, and lists those that still can't.
    Replay,
    /// Notes that the money was given back at the provider; a renewal is charged anew.
    Returned {
        /// The payment, as `scrip payment held` shows it.
        id: String,
        /// Why and how, for the audit log.
        #[arg(long)]
        note: String,
    },
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    providers::attach(&wallet, settings);
    let done = decide(command, &wallet).await;
    super::tell(&wallet, done).await
}

async fn decide(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let (payments, staff) = (wallet.payments(), Actor::system("command line"));
    Ok(match command {
        Command::Held => {
            let held = payments.held().await.map_err(plain)?;
            if held.is_empty() { "Nothing is in review.".to_owned() } else { table(&held) }
        }
        Command::Replay => {
            let replayed = payments.replay_unread_events().await.map_err(plain)?;
            let mut lines = vec![format!("{} read, {} can't be read.", replayed.read, replayed.left.len())];
            lines.extend(replayed.left.iter().map(|event| {
                let at = event.received_at.format("%Y-%m-%d %H:%M UTC");
                format!("{}  {at}  {}  {} bytes", event.provider, event.dedupe_key, event.body.len())
            }));
            lines.join("\n")
        }
        Command::Release { id, note } => {
            let seen = payments.release(&staff, payment(&id)?, &note).await.map_err(plain)?;
            format!("{} has brought {} to the wallet.", seen.id, seen.credits)
        }
        Command::Returned { id, note } => {
            let seen = payments.returned(&staff, payment(&id)?, &note).await.map_err(plain)?;
            format!("{} is called off: {} was given back.", seen.id, seen.money)
        }
    })
}

fn payment(id: &str) -> anyhow::Result<PaymentId> {
    id.parse().map_err(|_| anyhow!("{id} is no payment: take it from `scrip payment held`"))
}

fn table(held: &[PaymentInReview]) -> String {
    let row = |one: &PaymentInReview| {
        let at = one.held_at.format("%Y-%m-%d %H:%M UTC");
        let known = one.provider_ref.as_deref().unwrap_or("–");
        let PaymentInReview { id, email, title, money, provider, why, compared, .. } = one;
        format!("{id}  {at}  {why}  {email}  {title}  {money}  {provider} {known}  {compared}")
    };
    held.iter().map(row).collect::<Vec<_>>().join("\n")
}
