//! Private PostgreSQL clusters: one for `make run`, others for tests and benchmarks, so that none disturbs another.
//!
//! A cluster listens on 127.0.0.1 only, on a port that was free, with a password of its own. It lives in `.dev/pg`; when
//! that is below a folder which PostgreSQL's user may not enter (it refuses to run as root), in `/var/lib/scrip-dev`.

mod binaries;
mod place;
mod wire;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use self::place::Place;
use self::wire::{Failure, Session};
use crate::shell;

/// The role and the database of every cluster.
const NAME: &str = "scrip";
/// How long a cluster may take to start or to recover from a crash.
const PATIENCE: Duration = Duration::from_secs(120);

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

    /// Leaves the cluster running when this process ends.
    pub fn keep(mut self) -> Self {
        self.started_here = false;
        self
    }

    /// Runs SQL, which may be several statements.
    pub fn execute(&self, sql: &str) -> Result<()> {
        Ok(self.address.connect(NAME)?.execute(sql)?)
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

    fn connect(&self, database: &str) -> Result<Session, Failure> {
        Session::open(self.port, NAME, &self.password, database)
    }
}

/// Starts the cluster unless it runs already, and makes it first when there is none.
pub fn start(purpose: Purpose) -> Result<Cluster> {
    let place = Place::of(purpose.name())?;
    if let Some(address) = running(&place)? {
        return Ok(Cluster { purpose, address, started_here: false });
    }
    let bin = binaries::find(&place).or_else(|error| {
        // Made by a PostgreSQL that is gone; only what a person did in it is worth keeping.
        if purpose == Purpose::Run {
            return Err(error);
        }
        place.remove()?;
        binaries::find(&place)
    })?;
    let password = match saved_address(&place) {
        Some(address) if place.data.join("PG_VERSION").is_file() => address.password,
        _ => create(&place, &bin, purpose)?,
    };
    let address = Address { port: port(&place)?, password };
    place.write_secret(&place.address, &format!("{}\n{}\n", address.port, address.password))?;
    launch(&place, &bin, address.port)?;
    let cluster = Cluster { purpose, address, started_here: true };
    create_database(&cluster.address)?;
    Ok(cluster)
}

/// Starts a cluster that is empty, whatever was in it before.
pub fn start_empty(purpose: Purpose) -> Result<Cluster> {
    stop(purpose)?;
    Place::of(purpose.name())?.remove()?;
    start(purpose)
}

/// Stops the cluster when it runs.
pub fn stop(purpose: Purpose) -> Result<()> {
    let place = Place::of(purpose.name())?;
    if running(&place)?.is_none() {
        return Ok(());
    }
    let bin = binaries::find(&place)?;
    let mut stop = place.command(bin.join("pg_ctl"));
    shell::quietly(stop.arg("-D").arg(&place.data).args(["-m", "fast", "-w", "-t", "60", "stop"]))
}

/// The URL of the cluster's database; fails when it does not run.
pub fn url(purpose: Purpose) -> Result<String> {
    let address = running(&Place::of(purpose.name())?)?;
    address.map(|address| address.url()).with_context(|| {
        format!("PostgreSQL for {name} does not run: start it by `cargo xtask db start {name}`", name = purpose.name())
    })
}

/// The folder of PostgreSQL's programs that the cluster uses.
pub fn programs(purpose: Purpose) -> Result<PathBuf> {
    binaries::find(&Place::of(purpose.name())?)
}

/// The cluster's data folder.
pub fn data(purpose: Purpose) -> Result<PathBuf> {
    Ok(Place::of(purpose.name())?.data)
}

/// Throws the database of `make run` away, with what the server kept beside it.
pub fn reset(purpose: Purpose) -> Result<()> {
    let place = Place::of(purpose.name())?;
    if running(&place)?.is_some() {
        bail!("the database is in use: stop `make run` first (or `cargo xtask db stop`)");
    }
    place.remove()?;
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

/// The cluster's address when it answers there and is the one of this place; waits while it starts or stops.
fn running(place: &Place) -> Result<Option<Address>> {
    let Some(address) = saved_address(place) else { return Ok(None) };
    let asked_at = Instant::now();
    loop {
        match address.connect("postgres").and_then(|mut session| session.value("SHOW data_directory")) {
            Ok(folder) if place.is_data(&folder) => return Ok(Some(address)),
            Err(Failure::NotReady) if asked_at.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(100)),
            // Nobody there, or somebody else on that port by now.
            _ => return Ok(None),
        }
    }
}

fn saved_address(place: &Place) -> Option<Address> {
    let text = fs::read_to_string(&place.address).ok()?;
    let (port, password) = text.trim_end().split_once('\n')?;
    Some(Address { port: port.parse().ok()?, password: password.to_owned() })
}

/// The port of the last time when it is free, so that URLs stay true, else another.
fn port(place: &Place) -> Result<u16> {
    match saved_address(place) {
        Some(Address { port, .. }) if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() => Ok(port),
        _ => shell::free_port(),
    }
}

/// Makes a cluster; complete or not at all, since it is made beside its place and then moved there.
fn create(place: &Place, bin: &std::path::Path, purpose: Purpose) -> Result<String> {
    shell::say(&format!("Making a private PostgreSQL in {}", place.data.display()));
    place.remove()?;
    place.make()?;
    let password = shell::random()?;
    let secret = place.folder.join("password.new");
    place.write_secret(&secret, &password)?;
    let new = place.data.with_extension("new");
    let initdb = |locale: &str| {
        let mut initdb = place.command(bin.join("initdb"));
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
    fs::rename(&new, &place.data)?;
    Ok(password)
}

fn launch(place: &Place, bin: &std::path::Path, port: u16) -> Result<()> {
    place.forget_dead_server()?;
    let log = place.folder.join("log");
    let mut start: Command = place.command(bin.join("pg_ctl"));
    start.arg("-D").arg(&place.data).arg("-l").arg(&log).args(["-o", &format!("-p {port}")]);
    start.args(["-w", "-t", &PATIENCE.as_secs().to_string(), "start"]);
    shell::quietly(start.stdout(std::process::Stdio::null())).map_err(|error| {
        let log = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(8)..].join("\n  ");
        error.context(format!("PostgreSQL did not start; the end of its log:\n  {tail}"))
    })
}

fn create_database(address: &Address) -> Result<()> {
    let mut session = address.connect("postgres")?;
    let known = session.value(&format!("SELECT count(*) FROM pg_database WHERE datname = '{NAME}'"))?;
    if known == "0" {
        session.execute(&format!("CREATE DATABASE {NAME}"))?;
    }
    Ok(())
}
