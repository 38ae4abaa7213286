//! The REST API against what its own OpenAPI document says, by Schemathesis.
//!
//! It makes up requests that fit the document and requests that do not, follows the links from writes to what they
//! made, and holds each answer against what is documented. Nothing in it is random: a run that fails fails again.

use std::path::Path;

use anyhow::{Context, Result};

use crate::e2e::{self, Site};
use crate::postgres::{self, Purpose};
use crate::python::{self, FOLDER};
use crate::{shell, test};

/// Requests for each call in each phase: a minute or two in all.
const EXAMPLES: &str = "25";

/// Builds the server, starts it with the demo, and tries all that its document describes.
pub fn contract(args: &[&str]) -> Result<()> {
    shell::heed_signals()?;
    let tool = python::program("schemathesis")?;
    shell::say("The REST API against its OpenAPI document");
    let folder = shell::target_of_clone().join("contract");
    let program = test::build_into(&folder)?;

    let cluster = postgres::start_empty(Purpose::Scratch)?;
    // More calls a minute than any customer may make; and what it is told may not leave this machine.
    let rates = ["READS", "WRITES", "ACCOUNT_READS", "ACCOUNT_WRITES", "ADDRESS_READS", "ADDRESS_WRITES", "WRONG_KEYS"];
    let rates: Vec<String> = rates.iter().map(|rate| format!("RATE_{rate}")).collect();
    let limits: Vec<(&str, &str)> = rates.iter().map(|rate| (rate.as_str(), "1000000")).collect();
    let limits = [limits, vec![("WEBHOOK_PRIVATE", "false")]].concat();
    let site = Site::start(&program, &folder, &cluster.url(), &limits)?;
    let key = key_of(&site.log)?;
    let config = shell::root().join(FOLDER).join("schemathesis.toml");
    let mut schemathesis = shell::command(tool);
    schemathesis.arg("--config-file").arg(config).arg("run").arg(format!("{}/api/openapi.json", site.url()));
    schemathesis.args(["--max-examples", EXAMPLES, "--generation-deterministic", "--no-color"]);
    schemathesis.arg("--header").arg(format!("Authorization: Bearer {key}"));
    // Files of its own only where this clone keeps its own.
    schemathesis.args(args).current_dir(&folder);
    let ran = shell::run(&mut schemathesis);
    let log = site.stop();
    e2e::no_panic(&log)?;
    ran.with_context(|| format!("an answer is not as documented; the server's log is {}", log.display()))
}

/// The key that the demo's server prints at its start.
fn key_of(log: &Path) -> Result<String> {
    let text = std::fs::read_to_string(log)?;
    let key = text.lines().find_map(|line| line.trim().strip_prefix("API key: "));
    key.map(str::to_owned).with_context(|| format!("the server has printed no key: see {}", log.display()))
}
