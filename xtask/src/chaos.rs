//! `make chaos`: kills servers and PostgreSQL under load, on a durable cluster of its own, and looks what is left.

use anyhow::Result;

use crate::postgres::{self, Purpose};
use crate::{lint, setup, shell};

/// Rounds of the short run that `make test` includes: two kills of a server, two of PostgreSQL, twelve cut connections.
const SHORT: &str = "8";

/// Runs as many rounds as `ROUNDS` says, from the seed that `SEED` says.
pub fn chaos() -> Result<()> {
    shell::heed_signals()?;
    run(None)
}

/// Runs the short one, always from the same seed.
pub fn short() -> Result<()> {
    run(Some((SHORT, "1")))
}

fn run(fixed: Option<(&str, &str)>) -> Result<()> {
    shell::say("Faults: servers, PostgreSQL and connections killed under load");
    // The same choice of packages and targets as the tests': nothing is built twice.
    shell::run(shell::cargo().args(["build", "--quiet"]).args(lint::NATIVE).args(["--bins", "--tests"]))?;
    let folder = shell::target_of_clone().join("chaos");
    setup::remove(&folder)?;
    let cluster = postgres::start_empty(Purpose::Chaos)?;
    let built = shell::target().join("debug");
    let mut chaos = shell::command(built.join("chaos"));
    chaos.env("DATABASE_URL", cluster.url()).env("PG_DATA", postgres::data(Purpose::Chaos)?);
    chaos.env("SCRIP_BIN", built.join("scrip")).env("XTASK", built.join("xtask")).env("CHAOS_FOLDER", folder);
    for setting in ["PUBLIC_URL", "MAIL_URL", "MAIL_DIR", "SCRIP_DEMO"] {
        chaos.env_remove(setting);
    }
    if let Some((rounds, seed)) = fixed {
        chaos.env("ROUNDS", rounds).env("SEED", seed);
    }
    shell::run(&mut chaos)
}
