//! Every request that Scrip sent to a payment provider in its tests, held against the types of the provider's own SDK.
//!
//! The stand-ins write down what they are asked, each into a file of its own in a folder that the environment names. The
//! checkers are those of `doubles`; here they read what Scrip's own clients have sent, refused requests too.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::python::{self, FOLDER};
use crate::{setup, shell};

/// Names the folder to the stand-ins (`doubles::REQUESTS`).
pub const VARIABLE: &str = "DOUBLES_REQUESTS";
/// How Scrip's clients name themselves.
const SENDER: &str = "Scrip";

/// A run of tests whose requests are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Unit and database tests.
    Tests,
    /// The browser's.
    EndToEnd,
}

impl Run {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tests, Self::EndToEnd];

    /// The folder of its logs.
    fn folder(self) -> PathBuf {
        let name = match self {
            Self::Tests => "tests",
            Self::EndToEnd => "e2e",
        };
        shell::target_of_clone().join("requests").join(name)
    }

    /// Begins its logs anew; gives the folder for [`VARIABLE`].
    pub fn begin(self) -> Result<PathBuf> {
        let folder = self.folder();
        setup::remove(&folder)?;
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// Checks what the last runs have sent; fails where a request does not conform, and where a run has sent none.
pub fn check(runs: &[Run]) -> Result<()> {
    let python = python::program("python")?;
    shell::say("What Scrip asked of Stripe and YooKassa, by the providers' own SDKs");
    for run in runs {
        if !run.folder().is_dir() {
            bail!("no requests are kept of {run:?}: run `make test`, or for the browser's `cargo xtask e2e`");
        }
        for check in ["stripe_requests.py", "yookassa_requests.py"] {
            let mut command = shell::command(&python);
            // Nothing is written beside the sources.
            command.arg("-B").arg(shell::root().join(FOLDER).join(check));
            command.args(["--sent-by", SENDER, "--requests"]).arg(run.folder());
            shell::run(&mut command).with_context(|| format!("see {}", run.folder().display()))?;
        }
    }
    Ok(())
}
