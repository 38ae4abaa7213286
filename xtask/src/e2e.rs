//! Playwright against a server and a database of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::pay_site::PaySite;
use crate::postgres::{self, Purpose};
use crate::requests::{self, Run};
use crate::{setup, shell, site, test};

/// How many errors of the server are shown when a test failed.
const SHOWN: usize = 20;
/// How long the server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Builds what is tested, starts it, runs the specs, stops all.
pub fn e2e(args: &[&str]) -> Result<()> {
    shell::heed_signals()?;
    setup::for_testing()?;
    let browser = setup::browser(args.contains(&"--headed"))?;
    site::build(site::Profile::Development)?;
    shell::say("End-to-end tests");
    let folder = shell::target_of_clone().join("e2e");
    let program = test::build_into(&folder)?;

    let cluster = postgres::start_with(Purpose::Scratch, &[PaySite::database(&folder)?])?;
    let site = Site::start(&program, &folder, &cluster.url(), &[])?;
    let requests = Run::EndToEnd.begin()?;
    let pay_site = PaySite::start(&program, &folder, &cluster, &requests)?;
    let mut playwright = setup::npm_program("end2end", "playwright");
    playwright.arg("test").args(args).env("BASE_URL", site.url());
    playwright.env("CHROMIUM", browser).env("DATABASE_URL", cluster.url());
    playwright.env("SCRIP_DATA_DIR", folder.join("data")).env("SCRIP_BIN", &program);
    playwright.envs(pay_site.settings()).env(requests::VARIABLE, &requests);
    let ran = shell::run(&mut playwright);
    // What they say while they stop counts, too.
    let (log, paid) = (site.stop(), pay_site.stop());
    if ran.is_err() {
        show_errors(&log)?;
        paid.show_errors()?;
    }
    ran.with_context(|| format!("the servers' logs are in {}", folder.display()))?;
    no_panic(&log)?;
    paid.check(&program)
}

/// Builds the site as for a release, and weighs what each page has a browser load; fails above a budget.
pub fn weigh() -> Result<()> {
    shell::heed_signals()?;
    setup::for_testing()?;
    let browser = setup::browser(false)?;
    site::build(site::Profile::Release)?;
    shell::say("What each page loads");
    let folder = shell::target_of_clone().join("weight");
    let program = test::build_into(&folder)?;
    let cluster = postgres::start_empty(Purpose::Scratch)?;
    let site = Site::start(&program, &folder, &cluster.url(), &[])?;
    let mut playwright = setup::npm_program("end2end", "playwright");
    playwright.args(["test", "--config", "weight.config.ts"]).env("BASE_URL", site.url());
    playwright.env("CHROMIUM", browser).env("SCRIP_DATA_DIR", folder.join("data"));
    let weighed = shell::run(&mut playwright);
    site.stop();
    weighed
}

/// A server with the demo, and its log.
pub(crate) struct Site {
    server: Server,
    port: u16,
    /// Where it logs to.
    pub(crate) log: PathBuf,
}

impl Site {
    /// Starts a server on an empty database, with its files in a folder, and waits until it answers.
    pub(crate) fn start(program: &Path, folder: &Path, database: &str, settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_at(shell::free_port()?, program, folder, database, settings)
    }

    /// The same at a port that others know before.
    pub(crate) fn start_at(
        port: u16,
        program: &Path,
        folder: &Path,
        database: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let log = folder.join("server.log");
        let mut scrip = shell::command(program);
        scrip.env("DATABASE_URL", database).env("PORT", port.to_string()).env("HOST", "127.0.0.1");
        scrip
            .env("SCRIP_MODE", "development")
            .env("SCRIP_DEMO", "true")
            .env("SCRIP_DEMO_DAYS", "0")
            .env("SCRIP_DATA_DIR", folder.join("data"));
        for setting in ["PUBLIC_URL", "MAIL_URL", "MAIL_DIR"] {
            scrip.env_remove(setting);
        }
        scrip.envs(settings.iter().copied());
        let output = std::fs::File::create(&log)?;
        scrip.stdout(output.try_clone()?).stderr(output);
        let mut server = Server(shell::spawn(scrip.arg("serve"))?);
        server.wait_until_ready(port).with_context(|| format!("see {}", log.display()))?;
        Ok(Self { server, port, log })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops it; gives its log.
    pub(crate) fn stop(self) -> PathBuf {
        drop(self.server);
        self.log
    }
}

/// Fails where something panicked in the server: a task that does so ends quietly, and no page shows it.
pub(crate) fn no_panic(log: &Path) -> Result<()> {
    let text = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    let panics: Vec<&str> = panics(&text).take(SHOWN).collect();
    if panics.is_empty() {
        return Ok(());
    }
    bail!("the server panicked, see {}:\n{}", log.display(), panics.join("\n"))
}

/// Finds what Rust prints of a panic, and what our own guards log of one.
fn panics(log: &str) -> impl Iterator<Item = &str> {
    let is_panic = |line: &&str| line.contains("panicked at ") || line.contains("a request panicked");
    log.lines().filter(is_panic)
}

/// Prints the last errors of the server: where the tests run, nobody can open its log afterwards.
pub(crate) fn show_errors(log: &Path) -> Result<()> {
    let text = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    let errors: Vec<&str> = text.lines().filter(|line| line.contains("ERROR")).collect();
    for line in errors.iter().skip(errors.len().saturating_sub(SHOWN)) {
        eprintln!("server: {line}");
    }
    Ok(())
}

/// The server under test, stopped when dropped.
struct Server(Child);

impl Server {
    fn wait_until_ready(&mut self, port: u16) -> Result<()> {
        let asked_at = Instant::now();
        while !is_ready(port) {
            if let Some(status) = self.0.try_wait()? {
                bail!("the server ended ({status})");
            }
            if asked_at.elapsed() > TIMEOUT || shell::interrupted() {
                bail!("the server did not answer within {} seconds", TIMEOUT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = shell::end(&mut self.0) {
            eprintln!("error: the server was not stopped: {error:#}");
        }
    }
}

/// Whether `GET /health` answers 200.
fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_found_in_a_log() {
        let log = "INFO ready\nthread 'tokio-runtime-worker' (7) panicked at app/src/x.rs:1:2:\nit was gone\nERROR a request panicked message=x\n";
        assert_eq!(panics(log).count(), 2);
        assert_eq!(panics("INFO ready\nERROR a call failed\n").count(), 0);
    }
}
