//! `scrip refund` and `scrip dispute`: what staff decide about money that goes back.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Subcommand;
use wallet::Wallet;
use wallet::id::{DisputeId, PaymentId, RefundId, RefundRequestId};
use wallet::identity::Actor;
use wallet::money::Money;
use wallet::refund::{DisputeView, RefundRequest, RequestState};

use super::admin::plain;
use crate::config::Settings;
use crate::providers;

/// What to do about refunds.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists the requests that wait, earliest deadline first.
    List,
    /// Says yes to a request: takes the credits, sends the money, or gives the credits for an operation back.
    Approve {
        /// The request, as `scrip refund list` shows it.
        id: String,
        /// How much, as `18.50 USD`; all that the rule gives where nothing is said.
        #[arg(long)]
        amount: Option<String>,
        /// What the customer is told.
        #[arg(long)]
        message: String,
    },
    /// Says no to a request.
    Refuse {
        /// The request, as `scrip refund list` shows it.
        id: String,
        /// What the customer is told.
        #[arg(long)]
        message: String,
    },
    /// Refunds a payment without a request, also outside the rule.
    Make {
        /// The payment.
        payment: String,
        /// How much, as `18.50 USD`; all that the rule gives where nothing is said.
        #[arg(long)]
        amount: Option<String>,
        /// The refund's id, so that a repeat gives nothing more; a new one where nothing is said.
        #[arg(long)]
        id: Option<String>,
        /// Why, for the audit log.
        #[arg(long)]
        note: String,
    },
}

/// What to do about disputes.
#[derive(Subcommand, Debug)]
pub enum DisputeCommand {
    /// Lists all, open ones first.
    List,
    /// Opens one that the provider tells nothing of (`YooKassa`): the payment's unused credits are frozen.
    Open {
        /// The payment.
        payment: String,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Ends one that was opened so: the credits come back.
    Won {
        /// The dispute, as `scrip dispute list` shows it.
        id: String,
    },
    /// Ends one that was opened so: what was spent of the credits is taken as well.
    Lost {
        /// The dispute, as `scrip dispute list` shows it.
        id: String,
    },
}

/// Runs `scrip refund`.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    with_wallet(settings, async |wallet| decide(command, wallet).await).await
}

/// Runs `scrip dispute`.
pub async fn run_dispute(command: DisputeCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    with_wallet(settings, async |wallet| decide_dispute(command, wallet).await).await
}

async fn with_wallet(
    settings: &Settings,
    act: impl AsyncFnOnce(&Wallet) -> anyhow::Result<String>,
) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    providers::attach(&wallet, settings);
    let done = act(&wallet).await;
    super::tell(&wallet, done).await
}

async fn decide(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let (refunds, staff) = (wallet.refunds(), Actor::system("command line"));
    Ok(match command {
        Command::List => {
            let waiting = refunds.queue(Some(RequestState::Waiting)).await.map_err(plain)?.requests;
            if waiting.is_empty() { "No request waits.".to_owned() } else { rows(&waiting, row) }
        }
        Command::Approve { id, amount, message } => {
            let amount = amount.as_deref().map(money).transpose()?;
            let seen = refunds.approve(&staff, request(&id)?, amount, &message).await.map_err(plain)?;
            if let Some(refund) = refunds.staff_request(seen.id).await.map_err(plain)?.refund {
                refunds.send(refund.id).await.map_err(plain)?;
            }
            told(&refunds.staff_request(seen.id).await.map_err(plain)?.request)
        }
        Command::Refuse { id, message } => told(&refunds.refuse(&staff, request(&id)?, &message).await.map_err(plain)?),
        Command::Make { payment: of, amount, id, note } => {
            let amount = amount.as_deref().map(money).transpose()?;
            let id = id.map_or_else(|| Ok(RefundId::new()), |id| id.parse().map_err(|_| anyhow!("{id} is no id")))?;
            refunds.refund(&staff, id, payment(&of)?, amount, &note).await.map_err(plain)?;
            refunds.send(id).await.map_err(plain)?;
            let seen = refunds.shown(id).await.map_err(plain)?;
            format!("Refund {}: {} and {} credits, {}.", seen.id, seen.money, seen.credits, seen.state.code())
        }
    })
}

async fn decide_dispute(command: DisputeCommand, wallet: &Wallet) -> anyhow::Result<String> {
    let (refunds, staff) = (wallet.refunds(), Actor::system("command line"));
    let dispute = |id: &str| id.parse::<DisputeId>().map_err(|_| anyhow!("{id} is no dispute (scrip dispute list)"));
    Ok(match command {
        DisputeCommand::List => {
            let all = refunds.disputes().await.map_err(plain)?;
            if all.is_empty() { "No payment is disputed.".to_owned() } else { rows(&all, dispute_row) }
        }
        DisputeCommand::Open { payment: of, reason } => {
            dispute_row(&refunds.open_dispute(&staff, payment(&of)?, &reason).await.map_err(plain)?)
        }
        DisputeCommand::Won { id } => {
            dispute_row(&refunds.end_dispute(&staff, dispute(&id)?, true).await.map_err(plain)?)
        }
        DisputeCommand::Lost { id } => {
            dispute_row(&refunds.end_dispute(&staff, dispute(&id)?, false).await.map_err(plain)?)
        }
    })
}

fn request(id: &str) -> anyhow::Result<RefundRequestId> {
    id.parse().map_err(|_| anyhow!("{id} is no request: take it from `scrip refund list`"))
}

fn payment(id: &str) -> anyhow::Result<PaymentId> {
    id.parse().map_err(|_| anyhow!("{id} is no payment"))
}

/// Reads `18.50 USD`.
fn money(text: &str) -> anyhow::Result<Money> {
    let (amount, currency) = text.trim().split_once(' ').context("an amount is written as 18.50 USD")?;
    let currency = currency.trim().parse().map_err(|_| anyhow!("there is no currency {currency}"))?;
    Money::parse(amount, currency).map_err(|error| anyhow!("{amount}: {error}"))
}

fn rows<T>(all: &[T], row: impl Fn(&T) -> String) -> String {
    all.iter().map(row).collect::<Vec<_>>().join("\n")
}

fn row(request: &RefundRequest) -> String {
    let reply_by = request.reply_by.format("%Y-%m-%d %H:%M UTC");
    let asked = request.asked.map_or_else(|| format!("{} credits", request.asked_credits), |money| money.to_string());
    let (reason, details) = (request.reason.code(), request.details.replace('\n', " "));
    format!(
        "{}  R-{}  reply by {reply_by}  {}  {}  {asked}  {reason}  {details}",
        request.id, request.number, request.sent_by.1, request.title
    )
}

fn told(request: &RefundRequest) -> String {
    format!("R-{} is {}.", request.number, request.state.code())
}

fn dispute_row(dispute: &DisputeView) -> String {
    let DisputeView { id, title, owner, provider, state, reason, money, frozen, .. } = dispute;
    format!("{id}  {}  {}  {title}  {money}  {provider}  {reason}  {frozen} credits frozen", state.code(), owner.1)
}
