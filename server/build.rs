//! Makes sure that the folder of the site is there: what is embedded (release) or read at run time (debug) is decided
//! when the server compiles, and an absent folder would count as an empty one for good.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site");
    std::fs::create_dir_all(&site)?;
    println!("cargo::rerun-if-changed=build.rs");
    // A release holds the files themselves, so it is built anew when they change; a debug build reads them as they are.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed={}", site.display());
    }
    Ok(())
}
