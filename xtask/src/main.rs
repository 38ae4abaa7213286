//! Development tasks: `cargo xtask <task>`. The Makefile names the ones that people call.
//!
//! Reading order: [`shell`] (how programs are run), [`settings`] (names and folders, from Cargo.toml), [`setup`]
//! (tools), [`site`] (what the browser loads), [`postgres`] (private clusters), [`up_to_date`] (work that can be
//! skipped), then the tasks: [`run`], [`watch`], [`lint`], [`layers`] (with [`imports`], [`names`] and [`proofs`]),
//! [`sqlx`], [`mod@test`], [`e2e`] (with [`pay_site`]), [`contract`], [`doubles`] and [`requests`] (with [`python`]),
//! [`providers`], [`mod@bench`], [`chaos`].

mod bench;
mod chaos;
mod contract;
mod doubles;
mod e2e;
mod imports;
mod layers;
mod lint;
mod names;
mod pay_site;
mod postgres;
mod proofs;
mod providers;
mod python;
mod requests;
mod run;
mod settings;
mod setup;
mod shell;
mod site;
mod sqlx;
mod test;
mod texts;
mod up_to_date;
mod watch;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::postgres::Purpose;

const HELP: &str = "\
Development tasks of Scrip, as `cargo xtask <task>`:
  setup                 install what building and running need, each only when missing
  setup test            the same, and what testing needs: cargo-nextest, Playwright, Chromium
  site [--release]      build what the browser loads into target/site
  db start|stop|url [run|test|e2e|bench|chaos]
                        a private PostgreSQL; `run` is meant when none is named
  db reset              throw the database of `make run` away
  run                   set up, build, start PostgreSQL and the server, load the demo
  lint                  formatting, clippy, rustdoc, layers
  layers                who may import what, and other rules of the house
  sqlx prepare|check    write the checked queries to .sqlx, or tell whether they are current
  test                  everything that CI needs, quick failures first
  tests [args]          the unit and database tests alone, by nextest: tests -E 'test(refund)'
  e2e [args]            Playwright against a server and a database of its own
  contract [args]       the REST API against its own OpenAPI document, by Schemathesis
  doubles [args]        the stand-ins of Stripe and YooKassa, by the providers' own SDKs
  requests              what Scrip asked of them in the last tests, by the same SDKs
  providers-check       the providers' test modes themselves, where their keys are in the environment
  bench [args]          charges a second beside pgbench, on a durable PostgreSQL of its own
  chaos                 kill servers, PostgreSQL and connections under load; ROUNDS=40 SEED=1
  model                 the ledger's core against its model, a million steps
  watch                 serve, and build again on every change, by cargo-leptos";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match task(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn task(args: &[&str]) -> Result<()> {
    match args {
        ["setup"] => setup::for_running(),
        ["setup", "test"] => setup::for_testing(),
        ["site"] => site::build(site::Profile::Development),
        ["site", "--release"] => site::build(site::Profile::Release),
        ["weigh"] => e2e::weigh(),
        ["db", "reset"] => postgres::reset(Purpose::Run),
        ["db", action, purpose @ ..] => database(action, purpose),
        ["run"] => run::run(),
        ["lint"] => lint::lint(),
        ["layers"] => layers::check(),
        ["sqlx", "prepare"] => sqlx::prepare(),
        ["sqlx", "check"] => sqlx::check(),
        ["test"] => test::test(),
        ["tests", rest @ ..] => test::tests(rest),
        ["e2e", rest @ ..] => e2e::e2e(rest),
        ["bench", rest @ ..] => bench::bench(rest),
        ["contract", rest @ ..] => contract::contract(rest),
        ["doubles", rest @ ..] => doubles::doubles(rest),
        ["providers-check"] => providers::check(),
        ["requests"] => requests::check(&requests::Run::ALL),
        ["chaos"] => chaos::chaos(),
        ["model"] => test::model(),
        ["watch"] => watch::watch(),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("no such task: {}\n{HELP}", other.join(" ")),
    }
}

fn database(action: &str, purpose: &[&str]) -> Result<()> {
    let purpose = match purpose {
        [] => Purpose::Run,
        [name] => Purpose::named(name)?,
        _ => bail!("name one database: run, test, e2e, bench or chaos"),
    };
    match action {
        "start" => println!("{}", postgres::start(purpose)?.keep().url()),
        "stop" => postgres::stop(purpose)?,
        "url" => println!("{}", postgres::url(purpose)?),
        _ => bail!("`db` knows start, stop, url and reset, not {action}"),
    }
    Ok(())
}
