//! The program itself: what it refuses says what to do in one line, and what it starts it also ends.

mod brand;
mod codes;
mod commands;
mod demo;
mod killed;
mod providers;
mod startup;

use std::process::{Command, Output, Stdio};

use sqlx::{ConnectOptions, PgPool};

/// The program, with nothing but these settings.
fn scrip(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrip"));
    command.args(arguments).env_clear().env("SCRIP_DEMO_DAYS", "0").envs(settings.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    scrip(arguments, settings).output().expect("the program")
}

fn url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

/// Takes away what the database was copied with, if anything.
async fn empty(pool: &PgPool) {
    sqlx::query("DROP SCHEMA IF EXISTS public, graphile_worker CASCADE").execute(pool).await.expect("no schema");
    sqlx::query("CREATE SCHEMA public").execute(pool).await.expect("an empty one");
}

fn folder() -> String {
    std::env::temp_dir().join(format!("scrip-test-{}", uuid::Uuid::now_v7())).display().to_string()
}

/// Says that the program ended with one line on stderr that holds these words.
fn refuses(output: &Output, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "one line, not: {text}");
    assert!(text.starts_with("scrip: "), "{text}");
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}
