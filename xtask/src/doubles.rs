//! The stand-ins of Stripe and YooKassa, driven by the providers' own SDKs.
//!
//! A stand-in that is wrong proves nothing about Scrip. So each answer and event is held against what the official
//! SDK knows of its provider's API, and no request may pass that the provider would refuse.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::python::{self, FOLDER};
use crate::{e2e, lint, run, setup, shell};

/// How long the stand-ins may take to say where they are.
const TIMEOUT: Duration = Duration::from_secs(20);
/// What signs Stripe's events here.
const SECRET: &str = "whsec_doubles";

/// Builds the stand-ins, starts them, and drives them.
pub fn doubles(args: &[&str]) -> Result<()> {
    shell::heed_signals()?;
    let python = python::program("python")?;
    shell::say("The stand-ins of Stripe and YooKassa, by the providers' own SDKs");
    shell::run(shell::cargo().args(["build", "--quiet"]).args(lint::NATIVE).args(["--bin", "doubles"]))?;
    let folder = shell::target_of_clone().join("doubles");
    setup::remove(&folder)?;
    std::fs::create_dir_all(&folder)?;
    let (requests, log) = (folder.join("requests.jsonl"), folder.join("doubles.log"));
    let (stripe, yookassa) = (shell::free_port()?.to_string(), shell::free_port()?.to_string());

    let program = folder.join("doubles");
    run::keep_copy(&shell::target().join("debug/doubles"), &program)?;
    let mut program = shell::command(program);
    program.args(["--port", "0", "--requests"]).arg(&requests);
    program.args(["--stripe-webhook", &format!("http://127.0.0.1:{stripe}/stripe"), "--stripe-secret", SECRET]);
    program.args(["--yookassa-webhook", &format!("http://127.0.0.1:{yookassa}/yookassa")]);
    let doubles = Doubles::start(&mut program, &folder)?;
    let script = |name: &str| {
        let mut command = shell::command(&python);
        // Nothing is written beside the sources.
        command.arg("-B").arg(shell::root().join(FOLDER).join(name));
        command
    };
    // One after the other: each moves the clock.
    shell::run(
        script("stripe_drive.py").args(["--url", &doubles.url, "--listen", &stripe, "--secret", SECRET]).args(args),
    )?;
    shell::run(script("yookassa_drive.py").args(["--url", &doubles.url, "--listen", &yookassa]).args(args))?;
    drop(doubles);
    e2e::no_panic(&log)?;
    for check in ["stripe_requests.py", "yookassa_requests.py"] {
        shell::run(script(check).arg("--accepted").arg("--requests").arg(&requests))?;
    }
    Ok(())
}

/// The stand-ins, ended when dropped.
pub(crate) struct Doubles {
    program: Child,
    /// Where they are.
    pub(crate) url: String,
}

impl Doubles {
    /// Starts them, with their log in a folder, and waits until they say where they are.
    pub(crate) fn start(command: &mut Command, folder: &Path) -> Result<Self> {
        let (address, log) = (folder.join("address"), folder.join("doubles.log"));
        command.stdout(File::create(&address)?).stderr(File::create(&log)?);
        let mut started = Self { program: shell::spawn(command)?, url: String::new() };
        started.url = started.wait_for_address(&address).with_context(|| format!("see {}", log.display()))?;
        Ok(started)
    }

    fn wait_for_address(&mut self, file: &Path) -> Result<String> {
        let asked_at = Instant::now();
        loop {
            if let Some((address, _)) = std::fs::read_to_string(file)?.split_once('\n') {
                return Ok(address.to_owned());
            }
            if let Some(status) = self.program.try_wait()? {
                bail!("the stand-ins ended ({status})");
            }
            if asked_at.elapsed() > TIMEOUT || shell::interrupted() {
                bail!("the stand-ins did not say where they are within {} seconds", TIMEOUT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Doubles {
    fn drop(&mut self) {
        if let Err(error) = shell::end(&mut self.program) {
            eprintln!("the stand-ins can't be ended: {error:#}");
        }
    }
}
