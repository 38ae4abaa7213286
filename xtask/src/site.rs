//! What the browser loads: WASM, its JavaScript, the stylesheet, typefaces and other assets, all in `target/site`, each
//! with a `.br` and a `.gz` beside it.
//!
//! These are the steps that cargo-leptos would take, which itself takes longer to build than all of Scrip; both read
//! their names and folders from the same block in Cargo.toml ([`Settings`]).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::settings::Settings;
use crate::setup::{self, WASM};
use crate::shell;
use crate::up_to_date::{self, Fingerprint};

/// The typefaces' npm packages, and the files of each that the stylesheet names.
const FONTS: [&str; 2] = ["golos-text", "piazzolla"];
const SUBSETS: [&str; 3] = ["latin", "latin-ext", "cyrillic"];
/// What newer WASM needs to be told to wasm-opt.
const WASM_OPT: [&str; 9] = [
    // Twice: the second time it finds what the first one laid open.
    "-Oz",
    "-Oz",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];
/// The groups of pages that have islands, each a feature of the frontend with a WASM of its own.
pub const GROUPS: [&str; 3] = ["account", "payment", "admin"];
/// How large the compressed WASM of a group may be in a release, in bytes.
const WASM_MAX: u64 = 250_000;
/// Smaller stylesheets than this lack their components: a plugin or a source folder was not found.
const STYLESHEET_MIN: u64 = 10_000;

/// How much care is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Development,
    /// Small to load.
    Release,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Release => "release",
        }
    }
}

/// Builds the site; steps whose inputs have not changed are skipped.
pub fn build(profile: Profile) -> Result<()> {
    let settings = Settings::read()?;
    setup::for_running()?;
    fs::create_dir_all(&settings.package).with_context(|| format!("can't make {}", settings.package.display()))?;
    // What cargo-leptos made under the site's own name is not loaded by anything.
    remove_module(&settings, &settings.name)?;
    for group in GROUPS {
        wasm(&settings, profile, group)?;
    }
    stylesheet(&settings)?;
    fonts(&settings)?;
    assets(&settings)?;
    compress(&settings, profile)
}

/// Compiles the frontend with the islands of a group of pages, and makes the JavaScript that loads it.
fn wasm(settings: &Settings, profile: Profile, group: &str) -> Result<()> {
    let mut build = shell::cargo();
    build.args(["build", "--package", &settings.library, "--lib", "--target", WASM, "--features", group]);
    // In development the WASM is compiled by the `dev` profile with a bit more care: then what the compiler itself runs
    // (macros, build scripts) is the same as the server's and is built once. Unoptimised WASM takes browsers too long.
    let folder = match profile {
        Profile::Development => {
            build.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("CARGO_PROFILE_DEV_DEBUG", "false");
            "debug"
        }
        Profile::Release => {
            build.args(["--profile", &settings.release_profile]);
            &settings.release_profile
        }
    };
    shell::run(&mut build)?;
    let compiled = shell::target().join(WASM).join(folder).join(format!("{}.wasm", settings.library.replace('-', "_")));
    let script = settings.package.join(format!("{group}.js"));
    let module = settings.package.join(format!("{group}.wasm"));
    let step = step_of(group);
    let inputs = Fingerprint::of(&[profile.name()], &[&compiled])?;
    if script.is_file() && module.is_file() && up_to_date::is_current(&step, &inputs) {
        return Ok(());
    }
    shell::say(&format!("Making JavaScript and WASM of the {group} pages"));
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(&compiled)
        .web(true)?
        .typescript(false)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(true)
        .out_name(group)
        .generate(&settings.package)
        .context("wasm-bindgen failed")?;
    let made = settings.package.join(format!("{group}_bg.wasm"));
    // `cargo xtask watch` leaves links here, through which the optimizer would write.
    if module.is_symlink() {
        fs::remove_file(&module)?;
    }
    if profile == Profile::Release {
        let mut optimize = setup::npm_program("style", "wasm-opt");
        shell::run(optimize.args(WASM_OPT).arg(&made).arg("-o").arg(&module))?;
        fs::remove_file(&made)?;
    } else {
        fs::rename(&made, &module)?;
    }
    up_to_date::record(&step, &inputs)
}

/// Removes a module with its JavaScript, and has it made again at its next turn.
pub fn remove_module(settings: &Settings, name: &str) -> Result<()> {
    up_to_date::forget(&step_of(name))?;
    for ending in ["js", "js.br", "js.gz", "wasm", "wasm.br", "wasm.gz"] {
        let file = settings.package.join(format!("{name}.{ending}"));
        if file.is_symlink() || file.is_file() {
            fs::remove_file(&file).with_context(|| format!("can't remove {}", file.display()))?;
        }
    }
    Ok(())
}

fn step_of(group: &str) -> String {
    format!("wasm-{group}")
}

/// Builds the stylesheet from the class names in the views.
fn stylesheet(settings: &Settings) -> Result<()> {
    let made = settings.package.join(format!("{}.css", settings.name));
    let style = settings.stylesheet.parent().context("the stylesheet has no folder")?;
    let inputs = Fingerprint::of(&[], &[style, &shell::root().join("app/src"), &shell::root().join("server/src")])?;
    if made.is_file() && up_to_date::is_current("stylesheet", &inputs) {
        return Ok(());
    }
    shell::say("Making the stylesheet");
    let mut tailwind = setup::npm_program("style", "tailwindcss");
    shell::quietly(tailwind.arg("--input").arg(&settings.stylesheet).arg("--output").arg(&made).arg("--minify"))?;
    let size = fs::metadata(&made)?.len();
    if size < STYLESHEET_MIN {
        bail!(
            "the stylesheet has only {size} bytes: look at `@source` and `@plugin` in {}",
            settings.stylesheet.display()
        );
    }
    up_to_date::record("stylesheet", &inputs)
}

/// Copies the typefaces, with their licences.
fn fonts(settings: &Settings) -> Result<()> {
    let to = settings.site.join("fonts");
    fs::create_dir_all(&to)?;
    for font in FONTS {
        let package = shell::root().join("style/node_modules/@fontsource-variable").join(font);
        for subset in SUBSETS {
            let name = format!("{font}-{subset}-wght-normal.woff2");
            copy(&package.join("files").join(&name), &to.join(&name))?;
        }
        copy(&package.join("LICENSE"), &to.join(format!("{font}-LICENSE.txt")))?;
    }
    Ok(())
}

/// Copies what is served as it is.
fn assets(settings: &Settings) -> Result<()> {
    for file in shell::files(&settings.assets)? {
        let to = settings.site.join(file.strip_prefix(&settings.assets)?);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        copy(&file, &to)?;
    }
    Ok(())
}

/// Compresses what is text or WASM: well for a release, quickly in development.
fn compress(settings: &Settings, profile: Profile) -> Result<()> {
    let compressible = |file: &PathBuf| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("js" | "css" | "wasm" | "svg" | "txt" | "json" | "webmanifest"))
    };
    let files: Vec<PathBuf> = shell::files(&settings.site)?.into_iter().filter(compressible).collect();
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let inputs = Fingerprint::of(&[profile.name()], &paths)?;
    let is_there = |file: &PathBuf| file.with_added_extension("br").is_file();
    if !(files.iter().all(is_there) && up_to_date::is_current("compress", &inputs)) {
        // Node has both compressors.
        let mut node = shell::command("node");
        node.arg(shell::root().join("xtask/src/compress.mjs")).arg(profile.name()).args(&files);
        shell::quietly(&mut node)?;
        up_to_date::record("compress", &inputs)?;
    }
    if profile == Profile::Release {
        for group in GROUPS {
            let size = fs::metadata(settings.package.join(format!("{group}.wasm.br")))?.len();
            println!("    The WASM of the {group} pages has {} KB compressed.", size / 1000);
            if size > WASM_MAX {
                bail!("the compressed WASM of the {group} pages has {size} bytes, more than {WASM_MAX}");
            }
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("can't read {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).with_context(|| format!("can't write {}", to.display()))
}
