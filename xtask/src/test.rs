//! `make test`: everything that CI needs, what fails quickly first.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use crate::postgres::{self, Purpose};
use crate::requests::{self, Run};
use crate::settings::Settings;
use crate::{chaos, contract, doubles, e2e, layers, lint, run, setup, shell, site, sqlx};

/// All checks and all tests.
pub fn test() -> Result<()> {
    shell::heed_signals()?;
    let mut times = Vec::new();
    let mut timed = |name: &'static str, step: &dyn Fn() -> Result<()>| {
        let started_at = Instant::now();
        step()?;
        times.push((name, started_at.elapsed()));
        anyhow::Ok(())
    };
    timed("setup", &setup::for_testing)?;
    timed("formatting", &lint::format)?;
    timed("house rules", &layers::rules)?;
    timed("clippy and .sqlx", &sqlx::check)?;
    timed("clippy for the browser", &lint::clippy_in_browser)?;
    timed("layers", &layers::check)?;
    timed("documentation", &lint::documentation)?;
    timed("unit and database tests", &|| tests(&[]))?;
    timed("model", &model)?;
    timed("faults", &chaos::short)?;
    timed("contract", &|| contract::contract(&[]))?;
    timed("stand-ins", &|| doubles::doubles(&[]))?;
    timed("site", &|| site::build(site::Profile::Development))?;
    timed("end to end", &|| e2e::e2e(&[]))?;
    timed("requests", &|| requests::check(&Run::ALL))?;
    shell::say("All passed");
    for (name, time) in times {
        println!("    {:<24} {:>5} s", name, time.as_secs());
    }
    Ok(())
}

/// Builds all programs and tests, by one choice of packages and targets, so that nothing is built twice; gives Scrip's
/// program.
pub fn build() -> Result<PathBuf> {
    shell::run(shell::cargo().args(["build", "--quiet"]).args(lint::NATIVE).args(["--bins", "--tests"]))?;
    Ok(shell::target().join("debug").join(Settings::read()?.program))
}

/// Builds them, and gives a copy of Scrip's program in a folder that is emptied first: what is built meanwhile does not
/// touch it.
pub fn build_into(folder: &Path) -> Result<PathBuf> {
    let built = build()?;
    setup::remove(folder)?;
    std::fs::create_dir_all(folder)?;
    let program = folder.join("scrip");
    run::keep_copy(&built, &program)?;
    Ok(program)
}

/// Unit and database tests, against a PostgreSQL of their own; `args` are for nextest.
pub fn tests(args: &[&str]) -> Result<()> {
    shell::say("Unit and database tests");
    if std::env::var_os("DATABASE_URL").is_some() {
        println!("    Tests use a private PostgreSQL, not the one of DATABASE_URL.");
    }
    let program = build()?;
    let cluster = postgres::start_with_schema(Purpose::Test, |database| {
        shell::quietly(shell::command(&program).arg("migrate").env("DATABASE_URL", database))
    })?;
    let mut nextest = shell::cargo();
    nextest.args(["nextest", "run"]).args(lint::NATIVE).args(args).env("DATABASE_URL", cluster.url());
    nextest.env(requests::VARIABLE, Run::Tests.begin()?);
    shell::run(&mut nextest)
}

/// The ledger's core against its model, optimized, so that a million steps take seconds. A profile of
/// its own: the other tests are built as quickly as before.
pub fn model() -> Result<()> {
    shell::say("The ledger's core against its model");
    let mut test = shell::cargo();
    test.args(["test", "--quiet", "--profile", "model", "--package", "wallet", "--test", "ledger_model"]);
    test.args(["--", "--nocapture", "the_core_does_what_the_rules_say"]).env("MODEL_STEPS", MODEL_STEPS);
    shell::run(&mut test)
}

/// Steps of the model in `make test`.
const MODEL_STEPS: &str = "1000000";
