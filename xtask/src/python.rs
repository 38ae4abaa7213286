//! Programs in Python, from `PyPI`, in an environment of this clone.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::up_to_date::{self, Fingerprint};
use crate::{setup, shell};

/// Where the programs are, and the versions of all that they need.
pub const FOLDER: &str = "end2end/contract";

/// A program of the environment: `python`, `schemathesis`. Installed when it is missing or another version is pinned.
pub fn program(name: &str) -> Result<PathBuf> {
    let folder = shell::private()?.join("python");
    let program = folder.join("bin").join(name);
    let pinned = shell::root().join(FOLDER).join("requirements.txt");
    let inputs = Fingerprint::of(&[], &[&pinned])?;
    if program.is_file() && up_to_date::is_current("python", &inputs) {
        return Ok(program);
    }
    let Some(python) = shell::find("python3") else {
        bail!("Python is missing: install python3, 3.10 or later, with venv (Debian: `apt-get install python3-venv`)");
    };
    shell::say("Installing Schemathesis and the providers' SDKs from PyPI (a minute, once)");
    setup::remove(&folder)?;
    shell::quietly(shell::command(python).args(["-m", "venv"]).arg(&folder))
        .context("Python can't make an environment: install its venv (Debian: `apt-get install python3-venv`)")?;
    let mut pip = shell::command(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&pinned);
    shell::quietly(&mut pip).context("what end2end/contract needs can't be installed from PyPI")?;
    up_to_date::record("python", &inputs)?;
    Ok(program)
}
