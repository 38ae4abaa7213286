//! `make chaos`: kills servers and PostgreSQL under load, on a durable cluster of its own, and looks what is left.

use anyhow::Result;

use crate::postgres::{self, Purpose};
use crate::{setup, shell, test};

/// Rounds of the short run that `make test` includes: two kills of a server, two of PostgreSQL, twelve cut connections.
const SHORT: &str = "8";

/// Seconds of a dry wallet on two nodes in it.
const SHORT_STORM: &str = "15";

/// Runs as many rounds as `ROUNDS` says, from the seed that `SEED` says, and as many seconds of a dry wallet as `STORM`
/// says. A run that was cut off goes on where it was proven last.
pub fn chaos() -> Result<()> {
    shell::heed_signals()?;
    run(None)
}

/// Runs the short one, always from the same seed.
pub fn short() -> Result<()> {
    run(Some((SHORT, "1", SHORT_STORM)))
}

fn run(fixed: Option<(&str, &str, &str)>) -> Result<()> {
    shell::say("Faults: servers, PostgreSQL and connections killed under load");
    let scrip = test::build()?;
    let folder = shell::target_of_clone().join("chaos");
    let goes_on = fixed.is_none() && is_unfinished(&folder);
    let cluster = if goes_on {
        postgres::start(Purpose::Chaos)?
    } else {
        setup::remove(&folder)?;
        postgres::start_empty(Purpose::Chaos)?
    };
    let built = shell::target().join("debug");
    let mut chaos = shell::command(built.join("chaos"));
    chaos.env("DATABASE_URL", cluster.url()).env("PG_DATA", postgres::data(Purpose::Chaos)?);
    chaos.env("SCRIP_BIN", scrip).env("XTASK", built.join("xtask")).env("CHAOS_FOLDER", folder);
    for setting in ["PUBLIC_URL", "MAIL_URL", "MAIL_DIR", "SCRIP_DEMO"] {
        chaos.env_remove(setting);
    }
    if let Some((rounds, seed, storm)) = fixed {
        chaos.env("ROUNDS", rounds).env("SEED", seed).env("STORM", storm);
    }
    shell::run(&mut chaos)
}

/// Says whether a run of `make chaos` has come some way and was cut off: of as many rounds as are asked for now.
fn is_unfinished(folder: &std::path::Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join("progress.json")) else { return false };
    let rounds = std::env::var("ROUNDS").ok().filter(|rounds| !rounds.is_empty()).unwrap_or_else(|| "40".to_owned());
    let has = |field: &str| text.contains(field);
    let seed = std::env::var("SEED").ok().filter(|seed| !seed.is_empty());
    has("\"finished\":false")
        && has(&format!("\"of\":{rounds},"))
        && seed.is_none_or(|seed| has(&format!("\"seed\":{seed},")))
}
