//! `make run`: everything from nothing to a page, and nothing left behind after Ctrl-C.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::postgres::{self, Purpose};
use crate::settings::Settings;
use crate::{setup, shell, site};

/// Sets up, builds, starts PostgreSQL and the server, and waits for the end of it.
pub fn run() -> Result<()> {
    shell::heed_signals()?;
    port_must_be_free()?;
    setup::for_running()?;
    let settings = Settings::read()?;
    site::build(site::Profile::Development)?;
    let server = build_server(&settings)?;
    // Dropped at the end, however that comes: then PostgreSQL stops too.
    let (url, _cluster) = database()?;
    let mut scrip = shell::command(&server);
    for_demo(&mut scrip, &url);
    // The server itself migrates, loads preset and demo into an empty database, and says where to go.
    shell::until_interrupted(scrip.arg("serve"))
}

/// Where the server keeps small files of its own: mails, the demo's API key.
pub fn data_folder() -> PathBuf {
    shell::root().join(".dev/data")
}

/// The server's program, a copy for this clone: the folder that it was built in may be shared with others.
fn build_server(settings: &Settings) -> Result<PathBuf> {
    shell::run(shell::cargo().args(["build", "--package", &settings.server]))?;
    let built = shell::target().join("debug").join(&settings.program);
    let own = shell::private()?.join("bin").join(&settings.program);
    keep_copy(&built, &own)?;
    Ok(own)
}

/// Links a program to a place of its own, or copies it where that can't be done.
pub fn keep_copy(built: &Path, own: &Path) -> Result<()> {
    if let Some(folder) = own.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if own.exists() {
        std::fs::remove_file(own)?;
    }
    if std::fs::hard_link(built, own).is_err() {
        std::fs::copy(built, own).with_context(|| format!("can't copy {}", built.display()))?;
    }
    Ok(())
}

/// The database to use, and the cluster that has to be stopped at the end when it is ours.
pub fn database() -> Result<(String, Option<postgres::Cluster>)> {
    if let Some(url) = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) {
        shell::say("Using the PostgreSQL of DATABASE_URL");
        return Ok((url, None));
    }
    let cluster = postgres::start(Purpose::Run)?;
    Ok((cluster.url(), Some(cluster)))
}

/// Sets what the demo's server is told by its environment.
pub fn for_demo(command: &mut Command, url: &str) {
    command.env("DATABASE_URL", url);
    default(command, "SCRIP_MODE", "development");
    default(command, "SCRIP_DEMO", "true");
    // The demo's webhooks go to the demo itself.
    default(command, "WEBHOOK_PRIVATE", "true");
    default(command, "SCRIP_DATA_DIR", &data_folder().to_string_lossy());
}

/// Sets a variable unless the person did.
fn default(command: &mut Command, name: &str, value: &str) {
    if std::env::var_os(name).is_none() {
        command.env(name, value);
    }
}

/// Says at once what would otherwise be found out after building.
fn port_must_be_free() -> Result<()> {
    let host = std::env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let Ok(number) = port.parse::<u16>() else { bail!("PORT={port} is no port: choose a number from 1 to 65535") };
    match TcpListener::bind((host.as_str(), number)) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "port {number} is in use: stop what listens there, or choose another: PORT={} make run",
                number.saturating_add(1)
            )
        }
        Err(error) => bail!("can't listen on {host}:{number}: {error}"),
        Ok(_) => Ok(()),
    }
}
