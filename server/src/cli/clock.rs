//! `scrip clock`: the demo's time, to watch a year of renewals in a minute.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use chrono::TimeDelta;
use clap::Subcommand;

use crate::config::Settings;
use crate::serve::demo_only;

/// The furthest move at once, in days.
const DAYS_MAX: i64 = 3_660;

/// What to do with the clock.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Moves the whole deployment's clock forward.
    Advance {
        /// How far: `32d`, `12h`, `30m`.
        by: String,
    },
}

/// Moves the clock.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Command::Advance { by } = command;
    demo_only(settings)?;
    if !settings.demo {
        bail!("only the demo's clock can be moved: set SCRIP_DEMO=true");
    }
    let by = duration(&by)?;
    let wallet = super::open(settings).await?;
    wallet::db::advance_clock(wallet.pool(), by).await?;
    wallet::db::observe_clock(wallet.pool(), wallet.clock()).await?;
    println!("It is {} now.", wallet.clock().now().format("%Y-%m-%d %H:%M UTC"));
    wallet.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn duration(text: &str) -> anyhow::Result<TimeDelta> {
    let wrong = || anyhow!("{text} is no time: write it as 32d, 12h or 30m, at most {DAYS_MAX}d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let by = match unit {
        "d" => TimeDelta::try_days(number),
        "h" => TimeDelta::try_hours(number),
        "m" => TimeDelta::try_minutes(number),
        _ => None,
    };
    by.filter(|by| *by > TimeDelta::zero() && *by <= TimeDelta::days(DAYS_MAX)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nonsense_is_refused() {
        assert_eq!(duration("32d").expect("a time"), TimeDelta::days(32));
        assert_eq!(duration("12h").expect("a time"), TimeDelta::hours(12));
        for text in ["", "d", "-1d", "0d", "32", "1y", "99999d", "9223372036854775807d", "день"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
