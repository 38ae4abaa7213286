//! `scrip codes`: redemption codes, made, listed and withdrawn by staff.

use std::process::ExitCode;

use anyhow::anyhow;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use clap::Subcommand;
use wallet::Wallet;
use wallet::id::CodeBatchId;
use wallet::identity::Actor;
use wallet::promo::{CodeBatchView, NewCodeBatch};

use super::admin::plain;
use crate::config::Settings;

/// What to do about redemption codes.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Makes a batch of codes, each for one use, and prints them, once: only their hashes are stored.
    Make {
        /// What each code brings.
        #[arg(long)]
        credits: String,
        /// How many codes.
        #[arg(long)]
        count: u32,
        /// The last day on which they can be redeemed (UTC): 2027-01-31.
        #[arg(long)]
        expires: NaiveDate,
        /// What people see at the credits.
        #[arg(long)]
        label: String,
        /// How many of them one account may redeem.
        #[arg(long, default_value_t = 1)]
        per_account: u32,
        /// The days after which the credits end, counted from redeeming; never where nothing is said.
        #[arg(long)]
        grant_days: Option<u16>,
        /// Prints a table with a head (number, code) instead of lines.
        #[arg(long)]
        csv: bool,
        /// Why, for the audit log.
        #[arg(long, alias = "note")]
        reason: String,
    },
    /// Lists batches, newest first, with how many of their codes were redeemed.
    List,
    /// Withdraws a batch, or one code of it: what was redeemed stays.
    Withdraw {
        /// The batch, as `scrip codes list` names it.
        batch: String,
        /// The number of one code in it; all where nothing is said.
        #[arg(long)]
        number: Option<u32>,
        /// Why, for the audit log.
        #[arg(long, alias = "note")]
        reason: String,
    },
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    let done = decide(command, &wallet).await;
    super::tell(&wallet, done).await
}

async fn decide(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let (promos, staff) = (wallet.promos(), Actor::system("command line"));
    match command {
        Command::Make { credits, count, expires, label, per_account, grant_days, csv, reason } => {
            let credits = credits.parse().map_err(|error| anyhow!("--credits {credits}: {error}"))?;
            let expires_at = end_of(expires)?;
            let new = NewCodeBatch { credits, count, per_account, expires_at, grant_days, label, reason };
            let made = promos.make_codes(&staff, &new).await.map_err(plain)?;
            eprintln!("{}\nThe codes are shown once. Keep them as money.", row(&made.batch));
            Ok(if csv { table(&made.codes) } else { made.codes.join("\n") })
        }
        Command::List => {
            let batches = promos.code_batches().await.map_err(plain)?;
            let rows: Vec<String> = batches.iter().map(row).collect();
            Ok(if rows.is_empty() { "There are no codes.".to_owned() } else { rows.join("\n") })
        }
        Command::Withdraw { batch, number, reason } => {
            let id: CodeBatchId = batch.parse().map_err(|_| anyhow!("{batch} names no batch: see scrip codes list"))?;
            let batch = promos.withdraw_codes(&staff, id, number, &reason).await.map_err(plain)?;
            Ok(row(&batch))
        }
    }
}

/// Gives the moment at which a day is over.
fn end_of(day: NaiveDate) -> anyhow::Result<DateTime<Utc>> {
    let next = day.checked_add_days(Days::new(1)).ok_or_else(|| anyhow!("--expires {day}: too far away"))?;
    Ok(next.and_time(NaiveTime::MIN).and_utc())
}

fn table(codes: &[String]) -> String {
    let rows = codes.iter().enumerate().map(|(place, code)| format!("{},{code}", place + 1));
    std::iter::once("number,code".to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}

fn row(batch: &CodeBatchView) -> String {
    let at = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let CodeBatchView { id, credits, count, redeemed, per_account, label, made_by, .. } = batch;
    let mut text = format!("{id}  {count} codes of {credits}, {redeemed} redeemed, {per_account} an account");
    if batch.withdrawn > 0 {
        text.push_str(&format!(", {} withdrawn", batch.withdrawn));
    }
    if let Some(days) = batch.grant_days {
        text.push_str(&format!(", credits for {days} days"));
    }
    let state = batch
        .withdrawn_at
        .map_or_else(|| format!("until {}", at(batch.expires_at)), |withdrawn| format!("withdrawn {}", at(withdrawn)));
    format!("{text}  {state}  made {} by {made_by}: {label}", at(batch.created_at))
}
