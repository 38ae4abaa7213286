//! `scrip brand`: what the platform is called, how it looks, where its customers reach it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Subcommand;
use wallet::Wallet;
use wallet::catalog::Brand;
use wallet::identity::Actor;

use super::admin::plain;
use crate::config::Settings;

/// What to do about the brand.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Shows what is set.
    Show,
    /// Changes what is given, on all pages and mails, within a second; an empty text ("") takes a thing away.
    Set(Box<Changes>),
}

/// What may be changed.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// What the platform is called.
    #[arg(long)]
    name: Option<String>,
    /// The logo: an SVG, PNG or WebP file of at most 36,000 bytes, shown 24 pixels high.
    #[arg(long)]
    logo: Option<String>,
    /// The colour of buttons and links: #0b6650. It is made darker or lighter where text would be hard to read.
    #[arg(long)]
    accent: Option<String>,
    /// The mailbox of support.
    #[arg(long)]
    support_email: Option<String>,
    /// The page of help: https://…
    #[arg(long)]
    help_url: Option<String>,
    /// The terms of use: https://…
    #[arg(long)]
    terms_url: Option<String>,
    /// The privacy policy: https://…
    #[arg(long)]
    privacy_url: Option<String>,
    /// The rules of refunds: https://…
    #[arg(long)]
    refunds_url: Option<String>,
    /// Who runs the platform, in one line: company and address.
    #[arg(long)]
    legal: Option<String>,
    /// Whether pages leave out that they run on Scrip.
    #[arg(long)]
    hide_scrip: Option<bool>,
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    let done = act(command, &wallet).await;
    super::tell(&wallet, done).await
}

async fn act(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let view = wallet.catalog().view().await.map_err(plain)?;
    let (mut name, mut brand) = (view.settings.name.clone(), view.settings.brand.clone());
    let Command::Set(changes) = command else { return Ok(shown(&name, &brand)) };
    let Changes { logo, accent, hide_scrip, .. } = &*changes;
    if let Some(file) = logo {
        brand.logo = read_logo(file)?;
    }
    if let Some(accent) = accent {
        let parsed = (!accent.is_empty()).then(|| accent.parse()).transpose();
        brand.accent = parsed.map_err(|error| anyhow!("--accent {accent}: {error}"))?;
    }
    brand.hides_scrip = hide_scrip.unwrap_or(brand.hides_scrip);
    for (given, kept) in [
        (changes.support_email, &mut brand.support_email),
        (changes.help_url, &mut brand.help_url),
        (changes.terms_url, &mut brand.terms_url),
        (changes.privacy_url, &mut brand.privacy_url),
        (changes.refunds_url, &mut brand.refunds_url),
        (changes.legal, &mut brand.legal),
    ] {
        if let Some(text) = given {
            *kept = Some(text).filter(|text| !text.is_empty());
        }
    }
    name = changes.name.unwrap_or(name);
    wallet.catalog().set_brand(&Actor::system("command line"), &name, &brand).await.map_err(plain)?;
    Ok(shown(&name, &brand))
}

/// Reads an image as a `data:` address; none where no file is named.
fn read_logo(name: &str) -> anyhow::Result<Option<String>> {
    if name.is_empty() {
        return Ok(None);
    }
    let file = Path::new(name);
    let kind = match file.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => return Err(anyhow!("--logo {}: an SVG, PNG or WebP file is needed", file.display())),
    };
    let bytes = std::fs::read(file).with_context(|| format!("--logo {}", file.display()))?;
    Ok(Some(format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes))))
}

fn shown(name: &str, brand: &Brand) -> String {
    let logo = brand.logo.as_ref().map(|logo| format!("{} bytes", logo.len()));
    let accent = brand.accent.map(|accent| accent.to_string());
    let mut text = format!("name           {name}");
    for (what, value) in [
        ("logo", logo.as_ref()),
        ("accent", accent.as_ref()),
        ("support email", brand.support_email.as_ref()),
        ("help", brand.help_url.as_ref()),
        ("terms", brand.terms_url.as_ref()),
        ("privacy", brand.privacy_url.as_ref()),
        ("refunds", brand.refunds_url.as_ref()),
        ("legal", brand.legal.as_ref()),
    ] {
        let _ = write!(text, "\n{what:<15}{}", value.map_or("-", String::as_str));
    }
    let _ = write!(text, "\nruns on Scrip  {}", if brand.hides_scrip { "not said" } else { "said" });
    text
}
