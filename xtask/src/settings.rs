//! Names and folders of the site, from the one `[[workspace.metadata.leptos]]` block in Cargo.toml, which cargo-leptos
//! reads too.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// What the block says, as far as these tasks need it.
#[derive(Debug)]
pub struct Settings {
    /// What the files in [`Self::package`] are called.
    pub name: String,
    /// The package that becomes WASM.
    pub library: String,
    /// The package that has the server.
    pub server: String,
    /// The server's program.
    pub program: String,
    /// What the server serves.
    pub site: PathBuf,
    /// Where JS, WASM and CSS go.
    pub package: PathBuf,
    /// What is copied as it is.
    pub assets: PathBuf,
    /// The stylesheet that Tailwind starts from.
    pub stylesheet: PathBuf,
    /// The cargo profile of the WASM in a release.
    pub release_profile: String,
}

impl Settings {
    /// Reads the block by `cargo metadata`.
    pub fn read() -> Result<Self> {
        let text = shell::output(shell::cargo().args(["metadata", "--no-deps", "--format-version=1", "--offline"]))?;
        let metadata: Value = serde_json::from_str(&text).context("`cargo metadata` printed no JSON")?;
        Self::from_block(&metadata["metadata"]["leptos"][0])
    }

    fn from_block(block: &Value) -> Result<Self> {
        let text = |name: &str| {
            let value = block[name].as_str();
            value
                .map(str::to_owned)
                .with_context(|| format!("[[workspace.metadata.leptos]] in Cargo.toml lacks `{name}`"))
        };
        let site = shell::root().join(text("site-root")?);
        Ok(Self {
            name: text("name")?,
            library: text("lib-package")?,
            server: text("bin-package")?,
            program: text("bin-target")?,
            package: site.join(text("site-pkg-dir")?),
            site,
            assets: shell::root().join(text("assets-dir")?),
            stylesheet: shell::root().join(text("tailwind-input-file")?),
            release_profile: text("lib-profile-release")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_folders_come_from_cargo_toml() {
        let settings = Settings::read().unwrap();
        let manifest = std::fs::read_to_string(shell::root().join("Cargo.toml")).unwrap();
        let block = manifest.split("[[workspace.metadata.leptos]]").nth(1).unwrap();
        let said = |name: &str| {
            let line = block.lines().find(|line| line.starts_with(&format!("{name} ="))).unwrap();
            line.split('"').nth(1).unwrap().to_owned()
        };
        assert_eq!(settings.name, said("name"));
        assert_eq!(settings.library, said("lib-package"));
        assert_eq!(settings.server, said("bin-package"));
        assert_eq!(settings.program, said("bin-target"));
        assert_eq!(settings.site, shell::root().join(said("site-root")));
        assert_eq!(settings.package, settings.site.join(said("site-pkg-dir")));
        assert_eq!(settings.assets, shell::root().join(said("assets-dir")));
        assert_eq!(settings.stylesheet, shell::root().join(said("tailwind-input-file")));
        assert_eq!(settings.release_profile, said("lib-profile-release"));
    }

    #[test]
    fn a_missing_setting_is_named() {
        let error = Settings::from_block(&serde_json::json!({"name": "scrip"})).unwrap_err();
        assert!(error.to_string().contains("`site-root`"), "{error}");
    }
}
