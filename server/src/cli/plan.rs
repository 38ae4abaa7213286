//! `scrip plan`: the plan of an account, and plans that were agreed with one and are not paid here.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;
use wallet::Wallet;
use wallet::id::AccountId;
use wallet::identity::Actor;
use wallet::money::{Credits, Currency, Money};
use wallet::plan::{Assignment, SubscriptionView};

use super::admin::plain;
use crate::config::Settings;

/// What to do about the plan of an account.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Shows the plan that an account is on.
    Show {
        /// The account's id, or the e-mail address of one of its people.
        account: String,
    },
    /// Puts an account on a plan that was agreed with it: its credits come every month, and it ends by itself. Payment
    /// is made elsewhere. Refused where the account is on a paid plan.
    Assign {
        /// The account's id, or the e-mail address of one of its people.
        account: String,
        /// The plan's code, as in the catalog.
        #[arg(long)]
        plan: String,
        /// How many months it runs, from now on.
        #[arg(long)]
        months: u32,
        /// What was agreed to be paid for a month: `1200.00`.
        #[arg(long)]
        price: String,
        /// The currency of the price: `USD`.
        #[arg(long)]
        currency: String,
        /// The credits of each month.
        #[arg(long)]
        credits: String,
        /// Why, for the audit log.
        #[arg(long)]
        note: String,
    },
    /// Ends the paid plan of an account at once. Its credits stay; nothing is given back.
    End {
        /// The account's id, or the e-mail address of one of its people.
        account: String,
        /// Why, for the audit log.
        #[arg(long)]
        note: String,
    },
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    let done = act(command, &wallet).await;
    super::tell(&wallet, done).await
}

async fn act(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let (plans, staff) = (wallet.plans(), Actor::system("command line"));
    match command {
        Command::Show { account } => {
            let account = find(wallet, &account).await?;
            let current = plans.current(account).await.map_err(plain)?;
            Ok(match plans.paid_plan(account).await.map_err(plain)? {
                Some(paid) => line(&paid),
                None if current.code.is_empty() => "No plan.".to_owned(),
                None => format!("{}, which costs nothing.", current.name),
            })
        }
        Command::Assign { account, plan, months, price, currency, credits, note } => {
            let account = find(wallet, &account).await?;
            let currency: Currency = currency.parse().map_err(|_| anyhow!("{currency} is no currency"))?;
            let price = Money::parse(&price, currency).map_err(|error| anyhow!("--price {price}: {error}"))?;
            let credits: Credits = credits.parse().map_err(|error| anyhow!("--credits {credits}: {error}"))?;
            let assignment = Assignment { plan, months, price, credits };
            let paid = plans.assign(&staff, account, &assignment, &note).await.map_err(plain)?;
            Ok(line(&paid))
        }
        Command::End { account, note } => {
            let account = find(wallet, &account).await?;
            plans.end_now(&staff, account, &note).await.map_err(plain)?;
            Ok("The plan has ended.".to_owned())
        }
    }
}

/// Finds an account by its id, or by the address of one of its people.
async fn find(wallet: &Wallet, named: &str) -> anyhow::Result<AccountId> {
    if let Ok(account) = named.parse() {
        return Ok(account);
    }
    let found = wallet.identity().account_of(named).await.map_err(plain)?;
    found.ok_or_else(|| anyhow!("nobody has the address {named}, and no account this id"))
}

fn line(paid: &SubscriptionView) -> String {
    let until = paid.paid_until.format("%Y-%m-%d %H:%M UTC");
    let (name, status, terms) = (&paid.name, paid.status.code(), paid.terms);
    let after = match (&paid.next, paid.cancel_at_end) {
        (Some(next), _) => format!("then {}", next.plan),
        (None, true) => "then it ends".to_owned(),
        (None, false) => "then it renews".to_owned(),
    };
    let every = terms.interval.code();
    format!("{name}, {status}: {} a {every}, {} credits a month, until {until}, {after}.", terms.price, terms.credits)
}
