//! `.sqlx`: what PostgreSQL said about each checked query, so that building needs no database.
//!
//! There is no need for sqlx-cli: the macros themselves write these files when they are told where to, while the
//! packages are compiled against a database that has all migrations.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::postgres::{self, Cluster, Purpose};
use crate::up_to_date::{self, Fingerprint};
use crate::{lint, setup, shell};

/// Writes `.sqlx` anew.
pub fn prepare() -> Result<()> {
    // The choice of packages that everything else uses too: nothing is built for this alone.
    let arguments = [&["check", "--quiet"][..], &lint::NATIVE, &["--all-targets"]].concat();
    let fresh = ask(&arguments)?;
    setup::remove(&folder())?;
    fs::create_dir_all(folder())?;
    for (name, text) in read(&fresh)? {
        fs::write(folder().join(name), text)?;
    }
    shell::say(&format!("{} checked queries are in .sqlx", read(&folder())?.len()));
    Ok(())
}

/// Runs clippy against a database with all migrations, and compares what its queries answered with `.sqlx`.
pub fn check() -> Result<()> {
    shell::say("Clippy, with every query checked against the migrated schema");
    let inputs = inputs()?;
    if up_to_date::is_current("sqlx", &inputs) {
        return shell::run(shell::cargo().args(lint::clippy_arguments()));
    }
    let fresh = read(&ask(&lint::clippy_arguments())?)?;
    let kept = read(&folder())?;
    let differing: Vec<&str> = fresh
        .iter()
        .filter(|(name, text)| kept.get(*name) != Some(text))
        .chain(kept.iter().filter(|(name, _)| !fresh.contains_key(*name)))
        .map(|(name, _)| name.as_str())
        .collect();
    if !differing.is_empty() {
        bail!(
            "{} files in .sqlx are missing, old or no longer used: run `cargo xtask sqlx prepare` and commit .sqlx\n  {}",
            differing.len(),
            differing.join("\n  ")
        );
    }
    up_to_date::record("sqlx", &inputs)
}

/// A fresh database with all migrations.
fn migrated() -> Result<Cluster> {
    let is_sql = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "sql");
    let files: Vec<PathBuf> = shell::files(&migrations())?.into_iter().filter(is_sql).collect();
    postgres::start_with(Purpose::Scratch, &files)
}

/// Compiles the package that has the queries, and returns the folder with what they answered.
fn ask(cargo: &[&str]) -> Result<PathBuf> {
    let cluster = migrated()?;
    let fresh = shell::private()?.join("sqlx");
    setup::remove(&fresh)?;
    fs::create_dir_all(&fresh)?;
    // Cargo doesn't know that the queries' answers may have changed.
    fs::File::options()
        .append(true)
        .open(shell::root().join("wallet/src/lib.rs"))?
        .set_modified(std::time::SystemTime::now())?;
    let mut command = shell::cargo();
    command.args(cargo).env("DATABASE_URL", cluster.url());
    shell::run(command.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &fresh))?;
    Ok(fresh)
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for file in shell::files(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.insert(name, fs::read_to_string(&file)?);
    }
    Ok(found)
}

fn inputs() -> Result<Fingerprint> {
    Fingerprint::of(&[], &[&folder(), &migrations(), &shell::root().join("wallet")])
}

fn folder() -> PathBuf {
    shell::root().join(".sqlx")
}

fn migrations() -> PathBuf {
    shell::root().join("migrations")
}
