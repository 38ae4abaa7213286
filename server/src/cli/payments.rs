//! `scrip payments`: sets payment providers up, tries them, and compares our payments with their books.

mod check;

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use chrono::NaiveDate;
use clap::{Subcommand, ValueEnum};
use secrecy::ExposeSecret;
use wallet::clock::Clock;
use wallet::identity::Actor;
use wallet::money::Money;
use wallet::payment::{Compared, ComparedPeriod, Difference, DifferenceKind};

use super::admin::plain;
use crate::config::Settings;
use crate::providers;
use crate::providers::stripe::{Stripe, WebhookSetup};

/// What to do about payment providers.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Makes or updates the webhook endpoint at a provider, and says where its secret goes.
    Setup {
        /// The provider.
        provider: Provider,
        /// Removes endpoints of older versions: once the new one's secret is in force.
        #[arg(long)]
        remove_old: bool,
    },
    /// Tries the providers' test modes: opens pages, reads, finds and closes them. Nobody pays.
    #[command(hide = true)]
    Check,
    /// Compares our payments of some days with the books of each provider, and lists what differs.
    ///
    /// Days are counted in UTC. Exit code 1 where something differs, or where a provider was not compared.
    Reconcile {
        /// The first day, as 2026-11-01.
        #[arg(long)]
        from: NaiveDate,
        /// The last day, as 2026-11-30.
        #[arg(long)]
        to: NaiveDate,
    },
}

/// A provider that can be set up from here.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Provider {
    /// Stripe, whose key is in `STRIPE_SECRET_KEY`.
    Stripe,
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Setup { provider: Provider::Stripe, remove_old } => set_up_stripe(settings, remove_old).await,
        Command::Check => check::run(settings).await,
        Command::Reconcile { from, to } => reconcile(settings, from, to).await,
    }
}

async fn reconcile(settings: &Settings, from: NaiveDate, to: NaiveDate) -> anyhow::Result<ExitCode> {
    let Some(period) = ComparedPeriod::days(from, to) else { bail!("--to is before --from") };
    let wallet = super::open_now(settings).await?;
    providers::attach(&wallet, settings);
    let done = wallet.payments().compare(&Actor::system("command line"), &period).await;
    wallet.shutdown().await;
    let done = done.map_err(plain)?;
    for compared in &done {
        println!("{}", report(compared));
    }
    if done.is_empty() {
        return Err(anyhow!("no payment provider is set up, and there are no payments in these days"));
    }
    let is_fine = |compared: &Compared| compared.run.problem.is_none() && compared.differences.is_empty();
    Ok(if done.iter().all(is_fine) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what came of the comparison with one provider: a line for it, and one for each difference.
fn report(compared: &Compared) -> String {
    let run = &compared.run;
    if let Some(problem) = &run.problem {
        let why = match problem.as_str() {
            "no_answer" => "it did not answer",
            "no_books" => "it has no list of payments",
            "not_set_up" => "it is not set up here, and there are payments of it",
            "too_many" => "there is too much to compare at once; take fewer days",
            other => other,
        };
        return format!("{}: NOT COMPARED, {why}.", run.provider);
    }
    let mut lines = vec![format!(
        "{}: {} match, {} differ ({} new), {} in review, {} there are not of Scrip.",
        run.provider, run.matched, run.differences, compared.new, run.in_review, run.others
    )];
    lines.extend(compared.differences.iter().map(line));
    lines.join("\n")
}

fn line(found: &Difference) -> String {
    let what = match found.kind {
        DifferenceKind::PaidThere => "paid there, not here",
        DifferenceKind::NotPaidThere => "paid here, not there",
        DifferenceKind::Amount => "amounts differ",
        DifferenceKind::RefundedThere => "refunded there, not known here",
        DifferenceKind::RefundMissing => "refunded here, not there",
        DifferenceKind::PaidTwice => "paid there more than once",
        DifferenceKind::UnknownOrder => "an order that is not known here",
    };
    let payment = found.payment.map_or_else(|| "–".to_owned(), |id| id.to_string());
    let reference = found.reference.as_deref().unwrap_or("–");
    let amount = |money: Option<Money>| money.map_or_else(|| "–".to_owned(), |money| money.to_string());
    let at = found.about_at.format("%Y-%m-%d %H:%M UTC");
    format!("  {what}  {at}  {payment}  {reference}  here {}  there {}", amount(found.ours), amount(found.theirs))
}

async fn set_up_stripe(settings: &Settings, remove_old: bool) -> anyhow::Result<ExitCode> {
    let Some(keys) = settings.stripe.keys()? else {
        bail!("STRIPE_SECRET_KEY is missing: set it to the secret key from Stripe's Dashboard, Developers, API keys");
    };
    keys.check_mode(settings.production(), settings.payments_any_mode)?;
    let has_secret = !keys.webhook.is_empty();
    let stripe = Stripe::new(keys, &settings.stripe, &settings.public_url(), Clock::system())?;
    let setup = stripe.set_up_webhook(remove_old).await?;
    println!("{}", told(&setup, has_secret));
    Ok(ExitCode::SUCCESS)
}

/// Says what was done and what to do now. The secret is on the terminal only: Stripe tells it once.
fn told(setup: &WebhookSetup, has_secret: bool) -> String {
    let WebhookSetup { id, url, version, .. } = setup;
    let mut lines = Vec::new();
    match &setup.secret {
        Some(secret) => {
            let secret = secret.expose_secret();
            lines.push(format!("Stripe sends its events ({version}) to {url} now: endpoint {id}."));
            lines.push("Stripe tells the endpoint's secret this once. Put it into the server's settings:".to_owned());
            lines.push(if has_secret {
                format!("  STRIPE_WEBHOOK_SECRET={secret},<the secret that is there>")
            } else {
                format!("  STRIPE_WEBHOOK_SECRET={secret}")
            });
            lines.push("or into the file that STRIPE_WEBHOOK_SECRET_FILE names, and start the server anew.".to_owned());
        }
        None => {
            lines.push(format!("Endpoint {id} is up to date: it sends the events ({version}) to {url}."));
            if !has_secret {
                lines.push(
                    "STRIPE_WEBHOOK_SECRET is not set: take the endpoint's signing secret from Stripe's Dashboard, \
                     Developers, Webhooks."
                        .to_owned(),
                );
            }
        }
    }
    if !setup.older.is_empty() {
        lines.push(format!(
            "Endpoints of other versions send there too: {}. Once the server runs with the new secret, remove them: \
             scrip payments setup stripe --remove-old",
            setup.older.join(", ")
        ));
    }
    if !setup.removed.is_empty() {
        lines.push(format!("Removed: {}.", setup.removed.join(", ")));
    }
    lines.join("\n")
}
