//! The demo: people, keys and a history to look at. Never in production.

mod life;
pub mod receiver;

use anyhow::bail;
use wallet::Wallet;
use wallet::catalog::Preset;
use wallet::demo::Demo;
use wallet::error::{Error, Refusal, Result};

use crate::config::Settings;

/// What the demo sells where the catalog is empty.
const PRESET: &str = "neuralbox";

/// Refuses production.
pub fn refuse_production(settings: &Settings) -> anyhow::Result<()> {
    if settings.production() {
        bail!("this is for trying out and never for production: set SCRIP_MODE=development");
    }
    Ok(())
}

/// Makes sure that the demo is there, and says how to come in. An empty database gets the days before, too: what the
/// demo's people would have done in them.
pub async fn ensure(wallet: &Wallet, settings: &Settings) -> Result<Demo> {
    if let Err(Error::Refused(Refusal::NotFound { .. })) = wallet.catalog().view().await {
        let preset = Preset::by_name(PRESET).ok_or_else(|| Error::internal("the preset of the demo is missing"))?;
        if settings.demo_days > 0 {
            life::live(wallet, settings, &preset).await.inspect_err(|error| {
                tracing::error!(%error, "the demo is not complete: start again after `scrip demo reset --yes`");
            })?;
        } else {
            wallet.catalog().load_preset(&preset).await?;
        }
        wallet.catalog().prepare().await?;
    }
    wallet.demo_load().await
}
