//! Which fault when: everything follows from one seed.

use std::fmt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::proxy::Cut;

/// What a run does.
#[derive(Debug)]
pub struct Plan {
    /// How many faults.
    pub rounds: u64,
    /// How many server processes.
    pub nodes: usize,
    /// How many callers.
    pub callers: usize,
    /// How many wallets they share.
    pub payers: usize,
    /// How many people buy credits.
    pub buyers: usize,
    /// What all randomness comes from.
    pub seed: u64,
    /// The same, where somebody has chosen it.
    pub chosen_seed: Option<u64>,
    /// How long two nodes charge a wallet that has run dry, in seconds; not at all where it is 0.
    pub storm_seconds: u64,
    /// PostgreSQL, without the proxy.
    pub url: String,
    /// Its data folder.
    pub data: PathBuf,
    /// The server's program.
    pub server: PathBuf,
    /// The program that starts PostgreSQL again.
    pub xtask: PathBuf,
    /// Where logs and the callers' diary go.
    pub folder: PathBuf,
}

impl Plan {
    /// Reads the plan from the environment, as `cargo xtask chaos` sets it.
    pub fn read() -> Result<Self> {
        let number = |name: &str, default: u64| match std::env::var(name) {
            Ok(text) if !text.is_empty() => text.parse().with_context(|| format!("{name}={text} is no number")),
            _ => Ok(default),
        };
        let path = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set: run `make chaos`"))
        };
        let chosen_seed = match number("SEED", u64::MAX)? {
            u64::MAX => None,
            seed => Some(seed),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        Ok(Self {
            rounds: number("ROUNDS", 40)?,
            nodes: usize::try_from(number("NODES", 2)?)?.max(1),
            callers: usize::try_from(number("CALLERS", 16)?)?.max(1),
            payers: 4,
            buyers: 2,
            seed: chosen_seed.unwrap_or(u64::try_from(now)? % 1_000_000),
            chosen_seed,
            storm_seconds: number("STORM", 600)?,
            url: std::env::var("DATABASE_URL").context("DATABASE_URL is not set: run `make chaos`")?,
            data: path("PG_DATA")?,
            server: path("SCRIP_BIN")?,
            xtask: path("XTASK")?,
            folder: path("CHAOS_FOLDER")?,
        })
    }

    /// Chooses the fault of a round: of every four, one kills a node, one kills PostgreSQL, two cut connections.
    pub fn fault(&self, round: u64, random: &mut Random) -> Fault {
        match round % 4 {
            0 => Fault::KillNode(usize::try_from(random.below(self.nodes as u64)).unwrap_or(0)),
            2 => Fault::KillPostgres,
            _ => {
                let cut = |random: &mut Random| [Cut::Request, Cut::Answer, Cut::Commit][random.below(3) as usize];
                Fault::Cut((0..3).map(|_| cut(random)).collect())
            }
        }
    }
}

/// What goes wrong.
#[derive(Debug)]
pub enum Fault {
    /// SIGKILL to one server process.
    KillNode(usize),
    /// SIGKILL to PostgreSQL, all of its processes.
    KillPostgres,
    /// Connections of the ledger's writers break.
    Cut(Vec<Cut>),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillNode(number) => write!(f, "node {number} killed"),
            Self::KillPostgres => write!(f, "PostgreSQL killed"),
            Self::Cut(cuts) => write!(f, "cut {cuts:?}"),
        }
    }
}

/// Numbers that follow from a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Gives a number below another.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Gives a number between two, the second excluded.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from))
    }
}
