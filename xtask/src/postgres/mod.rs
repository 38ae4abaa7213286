//! Private PostgreSQL clusters: one for `make run`, others for tests and benchmarks, so that none disturbs another.
//!
//! A cluster listens on 127.0.0.1 only, on a port that was free, with a password of its own. It lives in `.dev/pg`;
//! when that is below a folder which PostgreSQL's user may not enter (it refuses to run as root), in
//! `/var/lib/scrip-dev`.
//!
//! Three programs do everything: `initdb`, `pg_ctl` and `postgres`. The packages from npm have no others, so `psql`,
//! `createdb` and `pg_isready` would be a second way beside one that has to exist anyway, and a driver would double
//! what is built before anything can start. What SQL sets a cluster up runs before it listens, by `postgres --single`,
//! which is how `initdb` fills a cluster; whether a server is ready, its pid file says, which is how `pg_ctl` knows.

mod binaries;
mod cluster_dir;
mod template;

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use self::cluster_dir::{ClusterDir, ServerState};
pub use self::template::start_with_schema;
use crate::shell;

/// The role and the database of every cluster.
const NAME: &str = "scrip";
/// How long a cluster may take to start or to recover from a crash.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How often to look whether it has started.
const LOOK: Duration = Duration::from_millis(100);

/// What a cluster is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `make run`: keeps what a person does in it.
    Run,
    /// Database tests: each makes databases of its own; nothing need survive a crash.
    Test,
    /// Playwright and the check of `.sqlx`: starts empty.
    Scratch,
    /// `make bench`: durable, and with the settings that the figures are stated for.
    Bench,
    /// `make chaos`: durable, since it is killed; starts empty.
    Chaos,
}

impl Purpose {
    /// By its name on the command line.
    pub fn named(name: &str) -> Result<Self> {
        let all = [Self::Run, Self::Test, Self::Scratch, Self::Bench, Self::Chaos];
        all.into_iter().find(|purpose| purpose.name() == name).with_context(|| format!("no such database: {name}"))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Test => "test",
            Self::Scratch => "e2e",
            Self::Bench => "bench",
            Self::Chaos => "chaos",
        }
    }

    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Run => &[],
            Self::Test | Self::Scratch => {
                &["fsync = off", "full_page_writes = off", "max_connections = 300", "autovacuum_naptime = 10min"]
            }
            Self::Chaos => &["synchronous_commit = on", "fsync = on", "full_page_writes = on", "max_connections = 200"],
            Self::Bench => &[
                "shared_buffers = 1GB",
                "max_wal_size = 8GB",
                "synchronous_commit = on",
                "fsync = on",
                "full_page_writes = on",
                "max_connections = 400",
            ],
        }
    }
}

/// A running cluster. The one who started it stops it by dropping it; a cluster that ran before is left alone.
#[derive(Debug)]
pub struct Cluster {
    purpose: Purpose,
    address: Address,
    started_here: bool,
}

impl Cluster {
    /// The URL of the database `scrip` in it, with superuser rights.
    pub fn url(&self) -> String {
        self.address.url()
    }

    /// The URL of another database in it.
    pub fn url_of(&self, database: &str) -> String {
        let url = self.url();
        url.strip_suffix(NAME).map(|server| format!("{server}{database}")).unwrap_or(url)
    }

    /// Leaves the cluster running when this process ends.
    pub fn keep(mut self) -> Self {
        self.started_here = false;
        self
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.started_here
            && let Err(error) = stop(self.purpose)
        {
            eprintln!("error: PostgreSQL was not stopped: {error:#}");
        }
    }
}

/// Where a cluster answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Address {
    port: u16,
    password: String,
}

impl Address {
    fn url(&self) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{}/{NAME}", self.password, self.port)
    }

    /// Whether something listens there.
    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }
}

/// Starts the cluster unless it runs already, and makes it first when there is none.
pub fn start(purpose: Purpose) -> Result<Cluster> {
    let dir = ClusterDir::of(purpose.name())?;
    if template::is_outdated(&dir)? {
        stop(purpose)?;
        dir.remove()?;
    }
    if let Some(address) = running(&dir)? {
        return Ok(Cluster { purpose, address, started_here: false });
    }
    let bin = binaries::find(&dir).or_else(|error| {
        // Made by a PostgreSQL that is gone; only what a person did in it is worth keeping.
        if purpose == Purpose::Run {
            return Err(error);
        }
        dir.remove()?;
        binaries::find(&dir)
    })?;
    let saved = match saved_address(&dir) {
        Some(address) if dir.data.join("PG_VERSION").is_file() => address,
        _ => create(&dir, &bin, purpose)?,
    };
    let address = Address { port: free_port(saved.port)?, ..saved };
    save_address(&dir, &address)?;
    launch(&dir, &bin, address.port)?;
    Ok(Cluster { purpose, address, started_here: true })
}

/// Starts a cluster that is empty, whatever was in it before.
pub fn start_empty(purpose: Purpose) -> Result<Cluster> {
    start_with(purpose, &[])
}

/// Starts a cluster with nothing in it but what these SQL files make, each as one command.
pub fn start_with(purpose: Purpose, files: &[PathBuf]) -> Result<Cluster> {
    stop(purpose)?;
    let dir = ClusterDir::of(purpose.name())?;
    dir.remove()?;
    if !files.is_empty() {
        let bin = binaries::find(&dir)?;
        create(&dir, &bin, purpose)?;
        let texts = files.iter().map(|file| {
            let text = fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
            // PostgreSQL shows a command that fails.
            Ok(format!("-- {}\n{text}", file.display()))
        });
        run_sql(&dir, &bin, &dir.data, NAME, &texts.collect::<Result<Vec<_>>>()?)?;
    }
    start(purpose)
}

/// Stops the cluster when it runs.
pub fn stop(purpose: Purpose) -> Result<()> {
    let dir = ClusterDir::of(purpose.name())?;
    if running(&dir)?.is_none() {
        return Ok(());
    }
    let bin = binaries::find(&dir)?;
    let mut stop = dir.command(bin.join("pg_ctl"));
    shell::quietly(stop.arg("-D").arg(&dir.data).args(["-m", "fast", "-w", "-t", "60", "stop"]))
}

/// The URL of the cluster's database; fails when it does not run.
pub fn url(purpose: Purpose) -> Result<String> {
    let address = running(&ClusterDir::of(purpose.name())?)?;
    address.map(|address| address.url()).with_context(|| {
        format!("PostgreSQL for {name} does not run: start it by `cargo xtask db start {name}`", name = purpose.name())
    })
}

/// The folder of PostgreSQL's programs that the cluster uses.
pub fn programs(purpose: Purpose) -> Result<PathBuf> {
    binaries::find(&ClusterDir::of(purpose.name())?)
}

/// The cluster's data folder.
pub fn data(purpose: Purpose) -> Result<PathBuf> {
    Ok(ClusterDir::of(purpose.name())?.data)
}

/// Throws the database of `make run` away, with what the server kept beside it.
pub fn reset(purpose: Purpose) -> Result<()> {
    let dir = ClusterDir::of(purpose.name())?;
    if running(&dir)?.is_some() {
        bail!("the database is in use: stop `make run` first (or `cargo xtask db stop`)");
    }
    dir.remove()?;
    let data = crate::run::data_folder();
    if data.exists() {
        fs::remove_dir_all(&data).with_context(|| format!("can't remove {}", data.display()))?;
    }
    shell::say("The demo's database and mails are gone; `make run` makes new ones.");
    if std::env::var_os("DATABASE_URL").is_some() {
        println!("    The database of DATABASE_URL was not touched.");
    }
    Ok(())
}

/// The cluster's address when it runs; waits while it starts or stops.
fn running(dir: &ClusterDir) -> Result<Option<Address>> {
    let Some(address) = saved_address(dir) else { return Ok(None) };
    let asked_at = Instant::now();
    loop {
        match dir.server() {
            ServerState::Ready => return Ok(Some(address).filter(Address::answers)),
            ServerState::Stopped => return Ok(None),
            ServerState::StartingOrStopping if asked_at.elapsed() < START_LIMIT => std::thread::sleep(LOOK),
            ServerState::StartingOrStopping => bail!(
                "PostgreSQL in {} has been starting or stopping for {} seconds",
                dir.data.display(),
                START_LIMIT.as_secs()
            ),
        }
    }
}

fn saved_address(dir: &ClusterDir) -> Option<Address> {
    let text = fs::read_to_string(&dir.address).ok()?;
    let (port, password) = text.trim_end().split_once('\n')?;
    Some(Address { port: port.parse().ok()?, password: password.to_owned() })
}

fn save_address(dir: &ClusterDir, address: &Address) -> Result<()> {
    dir.write_secret(&dir.address, &format!("{}\n{}\n", address.port, address.password))
}

/// The port of the last time when it is free, so that URLs stay true, else another.
fn free_port(last: u16) -> Result<u16> {
    match std::net::TcpListener::bind(("127.0.0.1", last)) {
        Ok(_) => Ok(last),
        Err(_) => shell::free_port(),
    }
}

/// Makes a cluster; complete or not at all, since it is made beside its place and then moved there.
fn create(dir: &ClusterDir, bin: &Path, purpose: Purpose) -> Result<Address> {
    shell::say(&format!("Making a private PostgreSQL in {}", dir.data.display()));
    dir.remove()?;
    dir.make()?;
    let address = Address { port: shell::free_port()?, password: shell::random()? };
    save_address(dir, &address)?;
    let secret = dir.folder.join("password.new");
    dir.write_secret(&secret, &address.password)?;
    let new = dir.data.with_extension("new");
    let initdb = |locale: &str| {
        let mut initdb = dir.command(bin.join("initdb"));
        initdb.args(["-A", "password", "-U", NAME, "-E", "UTF8", "--no-instructions", "--locale", locale]);
        shell::quietly(initdb.arg("--pwfile").arg(&secret).arg("-D").arg(&new))
    };
    // macOS and small systems have no C.UTF-8.
    initdb("C.UTF-8").or_else(|_| initdb("C"))?;
    fs::remove_file(&secret)?;
    let file = new.join("postgresql.conf");
    let mut settings = fs::read_to_string(&file)?;
    settings.push_str("\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n");
    for setting in purpose.settings() {
        settings.push_str(setting);
        settings.push('\n');
    }
    fs::write(&file, settings)?;
    run_sql(dir, bin, &new, "postgres", &[format!("CREATE DATABASE {NAME}")])?;
    fs::rename(&new, &dir.data)?;
    Ok(address)
}

/// Runs SQL, each text as one command, on a cluster whose server does not run; ends at the first error.
fn run_sql(dir: &ClusterDir, bin: &Path, data: &Path, database: &str, texts: &[String]) -> Result<()> {
    let file = dir.folder.join("setup.sql");
    // With `-j` a command ends at a semicolon before an empty line: after each text, and nowhere inside of it.
    let commands = texts.iter().map(|text| text.replace(";\n\n", ";\n \n") + "\n;\n\n");
    fs::write(&file, commands.collect::<String>())?;
    let mut postgres = dir.command(bin.join("postgres"));
    postgres.args(["--single", "-j", "-c", "exit_on_error=on", "-D"]);
    shell::quietly(postgres.arg(data).arg(database).stdin(fs::File::open(&file)?))?;
    Ok(fs::remove_file(&file)?)
}

fn launch(dir: &ClusterDir, bin: &Path, port: u16) -> Result<()> {
    dir.forget_dead_server()?;
    let log = dir.folder.join("log");
    let mut start: Command = dir.command(bin.join("pg_ctl"));
    start.arg("-D").arg(&dir.data).arg("-l").arg(&log).args(["-o", &format!("-p {port}")]);
    start.args(["-w", "-t", &START_LIMIT.as_secs().to_string(), "start"]);
    shell::quietly(start.stdout(std::process::Stdio::null())).map_err(|error| {
        let log = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(8)..].join("\n  ");
        error.context(format!("PostgreSQL did not start; the end of its log:\n  {tail}"))
    })
}
