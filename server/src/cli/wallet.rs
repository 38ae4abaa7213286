//! `scrip wallet`: shows a wallet, stops its spending and lets it go on, and rebuilds it from its rows.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;
use uuid::Uuid;
use wallet::Wallet;
use wallet::identity::Actor;
use wallet::ledger::{BalanceView, Gift, Outcome, RebuiltNumber};
use wallet::money::Credits;

use super::admin::plain;
use super::ledger::wallet_id;
use crate::config::Settings;

/// What to do about a wallet.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Shows whose wallet it is, its numbers, its grants, and why it is frozen.
    Show {
        /// The wallet's name: `wal_…`.
        wallet: String,
    },
    /// Refuses the wallet's debits until `unfreeze`; reads and credits go on.
    Freeze {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// Why: its owner reads it, and it goes into the audit log.
        #[arg(long, alias = "note")]
        reason: String,
    },
    /// Lets the wallet's debits go on.
    Unfreeze {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// Why, for the audit log.
        #[arg(long, alias = "note")]
        reason: String,
    },
    /// Gives credits away.
    Gift {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// How many.
        #[arg(long)]
        credits: String,
        /// The days after which they end; never where nothing is said.
        #[arg(long)]
        days: Option<u16>,
        /// An operation of the price book that they pay for; may be given several times. Everything where neither this
        /// nor a category is said.
        #[arg(long = "operation")]
        operations: Vec<String>,
        /// A category that they pay for; may be given several times.
        #[arg(long = "category")]
        categories: Vec<String>,
        /// What their owner sees.
        #[arg(long, default_value = "Gift")]
        label: String,
        /// The same key gives nothing more; a new one where nothing is said.
        #[arg(long)]
        key: Option<String>,
        /// Why, for the audit log.
        #[arg(long, alias = "note")]
        reason: String,
    },
    /// Mends a balance: `--credits=12` puts in, `--credits=-12` takes out, never more than is available.
    Adjust {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// How many.
        #[arg(long, allow_hyphen_values = true)]
        credits: String,
        /// The same key changes nothing more; a new one where nothing is said.
        #[arg(long)]
        key: Option<String>,
        /// Why: its owner reads it, and it goes into the audit log.
        #[arg(long, alias = "note")]
        reason: String,
    },
    /// Takes what is left of a grant that was not bought.
    Void {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// The grant, as `scrip wallet show` numbers it.
        grant: i64,
        /// The same key takes nothing more; a new one where nothing is said.
        #[arg(long)]
        key: Option<String>,
        /// Why: its owner reads it, and it goes into the audit log.
        #[arg(long, alias = "note")]
        reason: String,
    },
    /// Makes the wallet's row and grants what the rows of its ledger say. Says first what it changes, and asks where
    /// somebody is at the terminal. Refused where the rows themselves do not add up.
    Rebuild {
        /// The wallet's name: `wal_…`.
        wallet: String,
        /// Why, for the audit log.
        #[arg(long, alias = "note", default_value = "rebuilt from the rows of the ledger")]
        reason: String,
        /// Only says what would change.
        #[arg(long)]
        dry_run: bool,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    let done = act(command, &wallet).await;
    wallet.shutdown().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(command: Command, wallet: &Wallet) -> anyhow::Result<()> {
    let (ledger, staff) = (wallet.ledger(), Actor::system("command line"));
    match command {
        Command::Show { wallet: name } => show(wallet, &name).await,
        Command::Freeze { wallet: name, reason } => {
            ledger.freeze(wallet_id(&name)?, &staff, &reason).await.map_err(plain)?;
            println!("{name} is frozen: {}", reason.trim());
            Ok(())
        }
        Command::Unfreeze { wallet: name, reason } => {
            ledger.unfreeze(wallet_id(&name)?, &staff, &reason).await.map_err(plain)?;
            println!("{name} is not frozen.");
            Ok(())
        }
        Command::Gift { wallet: name, credits, days, operations, categories, label, key, reason } => {
            let limit = wallet.tariffs().grant_limit(operations, categories).await.map_err(plain)?;
            let gift = Gift { amount: amount(&credits)?, days, label, limit };
            let by = (&staff, reason.as_str());
            let done = ledger.gift_by_staff(wallet_id(&name)?, gift, &named(key), by).await.map_err(plain)?;
            said(&name, &done)
        }
        Command::Adjust { wallet: name, credits, key, reason } => {
            let by = (&staff, reason.as_str());
            let done = ledger.adjust_by_staff(wallet_id(&name)?, amount(&credits)?, &named(key), by).await;
            said(&name, &done.map_err(plain)?)
        }
        Command::Void { wallet: name, grant, key, reason } => {
            let by = (&staff, reason.as_str());
            let done = ledger.void_by_staff(wallet_id(&name)?, grant, &named(key), by).await.map_err(plain)?;
            said(&name, &done)
        }
        Command::Rebuild { wallet: name, reason, dry_run, yes } => {
            let id = wallet_id(&name)?;
            let numbers = ledger.rebuild_plan(id).await.map_err(plain)?;
            if numbers.is_empty() {
                println!("{name} is what its rows say: there is nothing to rebuild.");
                return Ok(());
            }
            println!("{}", table(&numbers));
            if dry_run || !(yes || goes_on()?) {
                println!("Nothing was changed.");
                return Ok(());
            }
            ledger.rebuild(id, (&staff, &reason), &numbers).await.map_err(plain)?;
            println!("{NOT_REBUILT}");
            println!("{name} is rebuilt. Where it is frozen: scrip wallet unfreeze {name} --reason …");
            Ok(())
        }
    }
}

fn amount(text: &str) -> anyhow::Result<Credits> {
    text.parse().map_err(|error| anyhow!("--credits {text}: {error}"))
}

fn named(key: Option<String>) -> String {
    key.unwrap_or_else(|| Uuid::now_v7().to_string())
}

/// Says what a row has changed.
fn said(name: &str, done: &Outcome) -> anyhow::Result<()> {
    let again = if done.replayed { " (done before)" } else { "" };
    let changed = done.entry().map_or_else(String::new, |entry| format!("row {}, {}, ", entry.seq, entry.amount));
    println!("{name}: {changed}{} available{again}.", done.balance.available);
    Ok(())
}

/// Asks a person at the terminal; where there is none, the command itself was the answer.
fn goes_on() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    eprint!("Change it? [y/N] ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// What the rows of one wallet do not tell.
const NOT_REBUILT: &str =
    "What its budgets count as spent is not rebuilt: remove and set a budget anew where that is wrong.";

fn table(numbers: &[RebuiltNumber]) -> String {
    let row = |number: &RebuiltNumber| format!("{}: {} -> {}", number.what, number.stored, number.derived);
    numbers.iter().map(row).collect::<Vec<_>>().join("\n")
}

async fn show(wallet: &Wallet, name: &str) -> anyhow::Result<()> {
    let id = wallet_id(name)?;
    let balance = wallet.ledger().balance(id).await.map_err(plain)?;
    println!("{name}");
    if let Some(place) = wallet.identity().owner_of_wallet(id).await.map_err(plain)? {
        println!("account    {} ({})", place.account_name, place.account);
        println!("owner      {}", place.owner_email.as_deref().unwrap_or("nobody"));
        println!("project    {} ({})", place.project_name, place.environment);
    }
    println!("{}", numbers(&balance));
    Ok(())
}

fn numbers(balance: &BalanceView) -> String {
    let BalanceView { seq, settled, held, available, .. } = balance;
    let mut lines = vec![
        format!("available  {available}"),
        format!("held       {held}"),
        format!("settled    {settled}"),
        format!("rows       {seq}"),
        match (&balance.frozen, balance.inactive) {
            (Some(why), _) => format!("state      frozen: {why}"),
            (None, true) => "state      waits for its owner to confirm".to_owned(),
            (None, false) => "state      open".to_owned(),
        },
    ];
    for grant in &balance.grants {
        let until =
            grant.expires_at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string());
        let (left, granted, label) = (grant.remaining, grant.granted, &grant.label);
        let only = grant.limit.as_ref().map(|limit| [limit.categories(), limit.operations()].concat().join(", "));
        let only = only.map_or_else(String::new, |names| format!(" (only for {names})"));
        let id = grant.id;
        lines.push(format!("grant {id:<4} {left} of {granted}, held {}, ends {until}: {label}{only}", grant.held));
    }
    lines.join("\n")
}
