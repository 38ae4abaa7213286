//! `scrip`: the one binary.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use server::cli::Cli;

/// A request allocates some hundred times; the system's allocator would take a quarter of its time.
/// (Version 2 of it: version 3 sends most of what Rust asks for, which names a small alignment, by a slow way.)
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime can't start: {error}"), 1),
    };
    match runtime.block_on(server::cli::run(cli)) {
        Ok(code) => code,
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

/// Prints help as it is; a wrong or missing setting in one line.
fn usage(error: &clap::Error) -> ExitCode {
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if help {
        error.print().ok();
        return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    let text = error.to_string();
    let first: Vec<&str> = text.split("\n\n").next().unwrap_or_default().lines().map(str::trim).collect();
    fail(&format!("{} (see `scrip --help`)", first.join(" ").trim_start_matches("error: ")), 2)
}

fn fail(message: &str, code: u8) -> ExitCode {
    eprintln!("scrip: {}", message.replace('\n', " "));
    ExitCode::from(code)
}
