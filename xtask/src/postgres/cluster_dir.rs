//! A cluster's folder, and the user that PostgreSQL runs as in it.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

/// Users that PostgreSQL may run as when root starts it, best first.
const SERVICE_USERS: [&str; 2] = ["postgres", "nobody"];
/// Where root keeps clusters of clones that such a user may not enter.
const SHARED: &str = "/var/lib/scrip-dev";

/// What a cluster's server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// Takes connections.
    Ready,
    /// Runs, and refuses connections for now.
    StartingOrStopping,
    /// Does not run.
    Stopped,
}

/// The folder of one cluster.
#[derive(Debug)]
pub struct ClusterDir {
    /// What all clusters of this clone share: the embedded PostgreSQL, when there is one.
    pub home: PathBuf,
    /// This cluster's own folder.
    pub folder: PathBuf,
    /// PostgreSQL's data folder.
    pub data: PathBuf,
    /// The file with port and password.
    pub address: PathBuf,
    /// Whom to run PostgreSQL as: somebody else only when this process is root.
    user: Option<(u32, u32)>,
}

impl ClusterDir {
    /// The folder of the cluster with this name.
    pub fn of(name: &str) -> Result<Self> {
        let mut user = if shell::is_root() { Some(service_user()) } else { None };
        let home = match user {
            Some(user) if !may_enter(user, &shell::private()?) => shared_home(),
            _ => shell::private()?.join("pg"),
        };
        let folder = home.join(name);
        let data = folder.join("data");
        if let (Some(_), Ok(kept)) = (user, fs::metadata(&data)) {
            // A cluster stays with the user who made it.
            user = Some((kept.uid(), kept.gid()));
        }
        Ok(Self { address: folder.join("address"), home, folder, data, user })
    }

    /// Makes the folder.
    pub fn make(&self) -> Result<()> {
        fs::create_dir_all(&self.folder).with_context(|| format!("can't make the folder {}", self.folder.display()))?;
        // PostgreSQL's user must be able to come here, whatever this process's umask is.
        for folder in self.folder.ancestors().take(3) {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        }
        self.give(&self.folder)
    }

    /// Removes the folder with all that is in it.
    pub fn remove(&self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| format!("can't remove {}", self.folder.display()))?;
        }
        Ok(())
    }

    /// A command that runs as PostgreSQL's user, in the cluster's folder.
    pub fn command(&self, program: PathBuf) -> Command {
        let mut command = shell::command(program);
        command.current_dir(&self.folder).env("HOME", &self.folder);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Writes a file that only PostgreSQL's user (and root) may read.
    pub fn write_secret(&self, path: &Path, text: &str) -> Result<()> {
        let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        self.give(path)
    }

    /// Whether a server runs here and takes connections, as its own pid file says; `pg_ctl -w` waits for the same line.
    pub fn server(&self) -> ServerState {
        let Ok(text) = fs::read_to_string(self.pid_file()) else { return ServerState::Stopped };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        match lines[..] {
            [pid, ..] if !self.is_server(pid) => ServerState::Stopped,
            [_, _, _, _, _, _, _, "ready", ..] => ServerState::Ready,
            _ => ServerState::StartingOrStopping,
        }
    }

    /// Removes the pid file of a server that is gone while its number is taken, by another program or by its own
    /// remains: PostgreSQL itself can't tell these apart and would refuse to start.
    pub fn forget_dead_server(&self) -> Result<()> {
        let file = self.pid_file();
        if file.exists() && self.server() == ServerState::Stopped {
            fs::remove_file(&file)?;
        }
        Ok(())
    }

    fn pid_file(&self) -> PathBuf {
        self.data.join("postmaster.pid")
    }

    /// Whether a process is a server of this folder. Without /proc (macOS) any is taken for one: PostgreSQL decides
    /// there.
    fn is_server(&self, pid: &str) -> bool {
        let program = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let runs = String::from_utf8_lossy(&program).contains(&*self.data.to_string_lossy());
        runs || !Path::new("/proc/self/cmdline").exists()
    }

    fn give(&self, path: &Path) -> Result<()> {
        if let Some((user, group)) = self.user {
            std::os::unix::fs::chown(path, Some(user), Some(group))
                .with_context(|| format!("can't give {} to PostgreSQL's user", path.display()))?;
        }
        Ok(())
    }
}

/// Numbers of the user and the group that PostgreSQL runs as when root starts it.
fn service_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let numbers = |name: &str| {
        let fields: Vec<&str> =
            users.lines().map(|line| line.split(':').collect()).find(|fields: &Vec<&str>| fields[0] == name)?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    SERVICE_USERS.into_iter().find_map(numbers).unwrap_or((65534, 65534))
}

fn may_enter((user, group): (u32, u32), folder: &Path) -> bool {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "cd \"$0\""]).arg(folder).current_dir("/").uid(user).gid(group);
    command.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
}

/// A folder outside of the clone, told apart by the clone's path.
fn shared_home() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    shell::root().hash(&mut hasher);
    Path::new(SHARED).join(format!("{:016x}", hasher.finish()))
}
