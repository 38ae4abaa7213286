//! `make watch`: builds again on every change, by cargo-leptos.

use std::fs;

use anyhow::Result;

use crate::settings::Settings;
use crate::{run, setup, shell, site};

/// The version that is installed when there is no cargo-leptos: the last one that Rust 1.95 compiles.
const CARGO_LEPTOS: &str = "0.3.10";

/// Installs cargo-leptos when it is missing, and runs it with the demo's database.
pub fn watch() -> Result<()> {
    shell::heed_signals()?;
    // Typefaces and other files that cargo-leptos does not know of.
    site::build(site::Profile::Development)?;
    one_for_all_groups()?;
    let version = wasm_bindgen_version()?;
    install("leptos", "cargo-leptos", CARGO_LEPTOS)?;
    install("wasm-bindgen", "wasm-bindgen-cli", &version)?;
    let (url, _cluster) = run::database()?;
    let mut leptos = shell::cargo();
    leptos.args(["leptos", "watch"]);
    run::for_demo(&mut leptos, &url);
    let style = shell::root().join("style/node_modules/.bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    leptos.env("PATH", std::env::join_paths([style].into_iter().chain(std::env::split_paths(&path)))?);
    shell::until_interrupted(&mut leptos)
}

/// Lets each group of pages load the one WASM that cargo-leptos makes, of all islands.
fn one_for_all_groups() -> Result<()> {
    let settings = Settings::read()?;
    let name = &settings.name;
    for group in site::GROUPS {
        site::remove_module(&settings, group)?;
        let script = format!("export * from './{name}.js';\nexport {{ default }} from './{name}.js';\n");
        fs::write(settings.package.join(format!("{group}.js")), script)?;
        std::os::unix::fs::symlink(format!("{name}.wasm"), settings.package.join(format!("{group}.wasm")))?;
    }
    Ok(())
}

fn install(program: &str, package: &str, version: &str) -> Result<()> {
    let there = match program {
        "leptos" => shell::find("cargo-leptos").is_some(),
        _ => shell::output(shell::command(program).arg("--version")).is_ok_and(|text| text.contains(version)),
    };
    if there {
        return Ok(());
    }
    shell::say(&format!("Installing {package} {version} from crates.io (ten minutes or more, once)"));
    setup::install_from_registry(package, version, &[])
}

/// The version in Cargo.lock: the command-line tool must be the same.
fn wasm_bindgen_version() -> Result<String> {
    let lock = fs::read_to_string(shell::root().join("Cargo.lock"))?;
    let entry = lock.split("[[package]]").find(|entry| entry.contains("name = \"wasm-bindgen\"\n"));
    let version = entry.and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")));
    Ok(version.unwrap_or_default().trim_matches('"').to_owned())
}
