//! `make providers-check`: the test modes of Stripe and YooKassa themselves, where their keys are in the environment.
//!
//! It is the one part of the tests that needs the internet, so that nothing else calls it.

use anyhow::Result;

use crate::{shell, test};

/// Tries the providers by the program's own command, which skips those whose keys are not set.
pub fn check() -> Result<()> {
    shell::say("The providers' test modes");
    let mut scrip = shell::command(test::build()?);
    shell::run(scrip.args(["payments", "check"]).env("SCRIP_MODE", "development"))
}
