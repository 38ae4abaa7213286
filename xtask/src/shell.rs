//! Running programs: where they are, what is said, and what happens on Ctrl-C.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a program may take to end after it was asked to, before it is killed.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often to look whether a program has ended.
const LOOK: Duration = Duration::from_millis(50);

/// The folder of this clone.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.parent().unwrap_or(here).to_path_buf()
    });
    &ROOT
}

/// What this clone keeps for itself, ignored by git: databases, stamps, the server's mails.
pub fn private() -> Result<PathBuf> {
    let folder = root().join(".dev");
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make the folder {}", folder.display()))?;
    Ok(folder)
}

/// All files below a path, in a fixed order; none when the path is missing.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            if entry.file_name() != "node_modules" {
                found.extend(files(&entry.path())?);
            }
        }
    }
    Ok(found)
}

/// Says what is being done.
pub fn say(text: &str) {
    println!("==> {text}");
}

/// A command that runs in the clone's folder.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// `cargo`, the same one that runs this task.
pub fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Queries are checked against `.sqlx`, wherever a DATABASE_URL may point; `sqlx.rs` says otherwise for itself.
    cargo.env("SQLX_OFFLINE", "true");
    // What `cargo run` tells the program it runs would make the build scripts of its own dependencies run again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |target| root().join(target))
}

/// Runs a command to its end, with its output shown; fails when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = watch(spawn(command)?)?;
    if status.success() { Ok(()) } else { bail!("`{}` failed ({status})", line(command)) }
}

/// Runs a command quietly; its output is shown only when it fails.
pub fn quietly(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Runs a command and returns what it printed; its errors are shown only when it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("can't start `{}`", line(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8_lossy(&output.stdout);
        bail!("`{}` failed ({})\n{}{}", line(command), output.status, printed, errors.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Starts a command in a process group of its own: Ctrl-C in a terminal then reaches this process alone, which passes
/// it on once, to all that the command started.
pub fn spawn(command: &mut Command) -> Result<Child> {
    command.process_group(0).spawn().with_context(|| format!("can't start `{}`", line(command)))
}

/// Waits for a program; on Ctrl-C or SIGTERM asks it to end, and then reports the interruption.
pub fn watch(mut child: Child) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            if interrupted() { bail!("interrupted") } else { return Ok(status) }
        }
        if interrupted() {
            end(&mut child)?;
            bail!("interrupted");
        }
        std::thread::sleep(LOOK);
    }
}

/// Runs a program that is meant to run until Ctrl-C or SIGTERM; fails when it ends by itself and failed.
pub fn until_interrupted(command: &mut Command) -> Result<()> {
    match watch(spawn(command)?) {
        _ if interrupted() => Ok(()),
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("`{}` failed ({status})", line(command)),
        Err(error) => Err(error),
    }
}

/// Asks a program and all that it started to end; kills it when it does not.
pub fn end(child: &mut Child) -> Result<()> {
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    // The standard library can only kill; `kill` is part of every shell.
    let _asked = command("sh").args(["-c", "kill -s TERM -- \"$0\"", &format!("-{}", child.id())]).status();
    let asked_at = Instant::now();
    while child.try_wait()?.is_none() {
        if asked_at.elapsed() > TIMEOUT {
            child.kill()?;
            child.wait()?;
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Whether SIGINT (Ctrl-C), SIGTERM or SIGHUP came since [`heed_signals`].
pub fn interrupted() -> bool {
    SIGNALLED.load(Ordering::Relaxed)
}

/// From now on a signal is noted instead of ending this process, so that what it started can be stopped.
pub fn heed_signals() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&SIGNALLED))?;
    }
    Ok(())
}

static SIGNALLED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Where a program is, looked up in PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether this process is root.
pub fn is_root() -> bool {
    static ROOT: LazyLock<bool> =
        LazyLock::new(|| output(command("id").arg("-u")).is_ok_and(|printed| printed.trim() == "0"));
    *ROOT
}

/// A port that is free at this moment.
pub fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("can't find a free port")?;
    Ok(listener.local_addr()?.port())
}

/// Random bytes as 32 hexadecimal digits.
pub fn random() -> Result<String> {
    use std::io::Read as _;
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A command as a person would type it.
fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// What is built for this clone alone, also when [`target`] is shared.
pub fn target_of_clone() -> PathBuf {
    root().join("target")
}
