//! Tools that building, running and testing need: each is looked for first, and only what is missing is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::up_to_date::{self, Fingerprint};

/// What the browser's half is compiled for.
pub const WASM: &str = "wasm32-unknown-unknown";
/// The oldest Node that Tailwind and Playwright run on.
const NODE: u32 = 20;
/// The version that is installed when there is no cargo-nextest.
const NEXTEST: &str = "0.9.143";
/// A Chromium that never opens a window: its program, and Debian's package.
const WINDOWLESS: &str = "chromium-headless-shell";
/// Programs that are a Chromium, best first; `CHROMIUM` names another.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What `make run` needs.
pub fn for_running() -> Result<()> {
    node()?;
    wasm_target()?;
    packages("style")
}

/// What `make test` needs on top.
pub fn for_testing() -> Result<()> {
    // The browser first: whoever may not install it is told at once, and not after minutes of building.
    browser(false)?;
    for_running()?;
    rust_components()?;
    nextest()?;
    packages("end2end")
}

/// The Chromium that tests use; installed when it is missing and this process may do so.
///
/// Unless a window is asked for it is the one that has none, where it can be had: tests take half the time in it.
pub fn browser(has_window: bool) -> Result<PathBuf> {
    if let Some(browser) = std::env::var_os("CHROMIUM").filter(|browser| !browser.is_empty()) {
        let browser = PathBuf::from(browser);
        return if browser.is_file() { Ok(browser) } else { bail!("CHROMIUM={} is no program", browser.display()) };
    }
    let package = if has_window { BROWSERS[0] } else { WINDOWLESS };
    let other = || BROWSERS.iter().find_map(|name| shell::find(name));
    if let Some(browser) = shell::find(package) {
        return Ok(browser);
    }
    if shell::is_root() && shell::find("apt-get").is_some() {
        shell::say("Installing Chromium by apt");
        let installed =
            apt(&["update", "-qq"]).and_then(|()| apt(&["install", "-y", "-qq", "--no-install-recommends", package]));
        return match (shell::find(package).or_else(other), installed) {
            (Some(browser), _) => Ok(browser),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => bail!("apt installed no program called {package}: set CHROMIUM to Chromium's program"),
        };
    }
    other().with_context(|| {
        format!(
            "Chromium is missing: install it (Debian: `sudo apt-get install {package}`), or set CHROMIUM to its program"
        )
    })
}

fn apt(args: &[&str]) -> Result<()> {
    shell::quietly(shell::command("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args))
}

fn node() -> Result<()> {
    let Ok(version) = shell::output(shell::command("node").arg("--version")) else {
        bail!("Node.js is missing: install version {NODE} or later (https://nodejs.org)");
    };
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        bail!("Node.js {} is too old: install version {NODE} or later", version.trim());
    }
    if shell::find("npm").is_none() {
        bail!("npm is missing: it comes with Node.js (Debian: `apt-get install npm`)");
    }
    Ok(())
}

fn wasm_target() -> Result<()> {
    let library = shell::output(shell::command(rustc()).args(["--print", "target-libdir", "--target", WASM]))?;
    if Path::new(library.trim()).is_dir() {
        return Ok(());
    }
    shell::say("Installing Rust's WebAssembly target");
    rustup(&["target", "add", WASM], "Rust cannot compile for the browser")
}

fn rust_components() -> Result<()> {
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if shell::output(shell::command(program).arg("--version")).is_err() {
            shell::say(&format!("Installing Rust's {component}"));
            rustup(&["component", "add", component], &format!("{component} is missing"))?;
        }
    }
    Ok(())
}

fn nextest() -> Result<()> {
    if shell::output(shell::cargo().args(["nextest", "--version"])).is_ok() {
        return Ok(());
    }
    shell::say("Installing cargo-nextest from crates.io (some minutes, once)");
    // It need not update itself.
    install_from_registry("cargo-nextest", NEXTEST, &["--no-default-features", "--features", "default-no-update"])
}

/// Installs a tool from crates.io, in a third of the time that its own profile would take.
pub fn install_from_registry(package: &str, version: &str, args: &[&str]) -> Result<()> {
    let mut install = shell::cargo();
    install.args(["install", "--quiet", "--locked", package, "--version", version]).args(args);
    for (setting, value) in [("LTO", "false"), ("CODEGEN_UNITS", "16"), ("OPT_LEVEL", "1")] {
        install.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    // Outside of this clone, whose flags and profiles are not meant for the tool.
    install.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET");
    shell::run(install.current_dir(std::env::temp_dir()))
}

/// Installs what a folder's lock file names.
fn packages(folder: &str) -> Result<()> {
    let folder = shell::root().join(folder);
    let lock = folder.join("package-lock.json");
    if !lock.is_file() {
        bail!("{} is missing", lock.display());
    }
    let inputs = Fingerprint::of(&[], &[&lock])?;
    let work = format!("npm-{}", folder.file_name().unwrap_or_default().to_string_lossy());
    if folder.join("node_modules").is_dir() && up_to_date::is_current(&work, &inputs) {
        return Ok(());
    }
    shell::say(&format!("Installing npm packages in {}", folder.display()));
    let mut npm = shell::command("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    shell::quietly(npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    up_to_date::record(&work, &inputs)
}

/// Runs rustup, or says what a person has to do where there is none.
fn rustup(args: &[&str], problem: &str) -> Result<()> {
    if shell::find("rustup").is_none() {
        bail!("{problem}, and there is no rustup to install it: get Rust from https://rustup.rs");
    }
    shell::quietly(shell::command("rustup").args(args))
}

/// The compiler of the same toolchain as `cargo`.
fn rustc() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "rustc".into(), |cargo| Path::new(&cargo).with_file_name("rustc"))
}

/// Runs a program from a folder's npm packages.
pub fn npm_program(folder: &str, program: &str) -> Command {
    let folder = shell::root().join(folder);
    let mut command = shell::command(folder.join("node_modules/.bin").join(program));
    command.current_dir(folder);
    command
}

/// Removes a folder, when it is there.
pub fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("can't remove {}", folder.display()))?;
    }
    Ok(())
}
