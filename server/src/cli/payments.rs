//! `scrip payments`: sets payment providers up, and tries them.

mod check;

use std::process::ExitCode;

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use secrecy::ExposeSecret;
use wallet::clock::Clock;

use crate::config::Settings;
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
}

/// A provider that can be set up from here.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Provider {
    /// Stripe, whose key is in `STRIPE_SECRET_KEY`.
    Stripe,
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let remove_old = match command {
        Command::Setup { provider: Provider::Stripe, remove_old } => remove_old,
        Command::Check => return check::run(settings).await,
    };
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
