//! `scrip clock`: the demo's time, to watch a year of renewals in a minute.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use chrono::TimeDelta;
use clap::Subcommand;

use wallet::{Renewed, Wallet};

use crate::config::Settings;
use crate::{demo, providers};

/// The furthest move at once, in days.
const DAYS_MAX: i64 = 3_660;
/// The shortest step of a longer way.
const STEP_MIN: TimeDelta = TimeDelta::hours(1);

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
    demo::refuse_production(settings)?;
    if !settings.demo {
        bail!("only the demo's clock can be moved: set SCRIP_DEMO=true");
    }
    let by = duration(&by)?;
    let wallet = super::open_now(settings).await?;
    providers::attach(&wallet, settings);
    let report = advance(&wallet, by).await?;
    println!("It is {} now.", wallet.clock().now().format("%Y-%m-%d %H:%M UTC"));
    if !report.is_nothing() {
        let Renewed { granted, paid, declined, ended, shared, failed } = report;
        println!(
            "Plans: {paid} renewals paid, {declined} declined, {granted} further months granted, {shared} shared with previews, {ended} ended, {failed} failed."
        );
    }
    wallet.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Moves the clock from one billing date to the next, and does at each what the job would have done: so everything has
/// the date that it would have had.
async fn advance(wallet: &Wallet, by: TimeDelta) -> anyhow::Result<Renewed> {
    let mut left = by;
    let mut report = Renewed::default();
    while left > TimeDelta::zero() {
        let due = wallet.plans().next_due().await?;
        let step = due.map_or(left, |due| (due - wallet.clock().now()).max(STEP_MIN)).min(left);
        wallet::db::advance_clock(wallet.pool(), step).await?;
        wallet::db::observe_clock(wallet.pool(), wallet.clock()).await?;
        report.add(&wallet.renew_plans().await?);
        while wallet.ledger().expire_grants().await? > 0 {}
        left -= step;
    }
    Ok(report)
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
