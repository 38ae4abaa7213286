//! What is wrong without running anything: formatting, clippy, rustdoc, layers.

use anyhow::Result;

use crate::setup::WASM;
use crate::{layers, shell};

/// Everything but the browser's half, always chosen together: then cargo builds each dependency once, with one set of
/// features.
pub const NATIVE: [&str; 3] = ["--workspace", "--exclude", "frontend"];

/// All of them, quick ones first.
pub fn lint() -> Result<()> {
    format()?;
    layers::rules()?;
    clippy()?;
    clippy_in_browser()?;
    layers::check()?;
    documentation()
}

/// Formatting.
pub fn format() -> Result<()> {
    shell::say("Formatting");
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
}

/// Clippy for everything that runs on this machine.
pub fn clippy() -> Result<()> {
    shell::say("Clippy");
    shell::run(shell::cargo().args(clippy_arguments()))
}

/// Clippy's arguments, also for the check of `.sqlx`, which is a by-product of it.
pub fn clippy_arguments() -> Vec<&'static str> {
    let mut arguments = vec!["clippy", "--quiet"];
    arguments.extend(NATIVE);
    arguments.extend(["--all-targets", "--", "-D", "warnings"]);
    arguments
}

/// Clippy for what runs in the browser.
pub fn clippy_in_browser() -> Result<()> {
    shell::say("Clippy for the browser's half");
    let args = ["clippy", "--quiet", "--package", "frontend", "--package", "app", "--target", WASM];
    shell::run(shell::cargo().args(args).args([
        "--features",
        "app/account,app/payment,app/admin",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Documentation without warnings.
pub fn documentation() -> Result<()> {
    shell::say("Documentation");
    let mut doc = shell::cargo();
    doc.args(["doc", "--quiet", "--no-deps"]).args(NATIVE);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}
