//! How far a long run has come, in a file: whoever starts it again goes on after the last rounds that were proven.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::plan::Plan;

/// How far a run has come.
#[derive(Debug)]
pub struct Progress {
    /// What all randomness comes from: the run's own, also where it goes on.
    pub seed: u64,
    /// Rounds that were proven.
    pub rounds: u64,
    /// Segments that were begun.
    pub segments: u64,
    /// Whether the dry wallet's part is behind.
    pub stormed: bool,
    /// Whether this process began the run.
    pub started_at_zero: bool,
}

impl Progress {
    /// Reads how far the run of a plan has come; one that is finished, or another one's, begins anew.
    pub fn read(plan: &Plan) -> Result<Self> {
        let fresh = Self { seed: plan.seed, rounds: 0, segments: 0, stormed: false, started_at_zero: true };
        let Ok(text) = std::fs::read_to_string(file(plan)) else { return Ok(fresh) };
        let kept: Value =
            serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file(plan).display()))?;
        let number = |field: &str| kept[field].as_u64();
        let is_other = plan.chosen_seed.is_some_and(|seed| number("seed") != Some(seed));
        if is_other || kept["finished"] == true || number("of") != Some(plan.rounds) {
            return Ok(fresh);
        }
        Ok(Self {
            seed: number("seed").unwrap_or(plan.seed),
            rounds: number("rounds").unwrap_or(0),
            segments: number("segments").unwrap_or(0),
            stormed: kept["stormed"] == true,
            started_at_zero: false,
        })
    }

    /// Notes that a segment begins: whoever goes on after it was cut off uses other wallets.
    pub fn begin_segment(&mut self, plan: &Plan) -> Result<()> {
        self.segments += 1;
        self.write(plan, false)
    }

    /// Notes rounds that were proven.
    pub fn note_rounds(&mut self, plan: &Plan, rounds: u64) -> Result<()> {
        self.rounds += rounds;
        self.write(plan, false)
    }

    /// Notes that the dry wallet's part is behind.
    pub fn note_storm(&mut self, plan: &Plan) -> Result<()> {
        self.stormed = true;
        self.write(plan, false)
    }

    /// Notes that all is done.
    pub fn finish(&self, plan: &Plan) -> Result<()> {
        self.write(plan, true)
    }

    fn write(&self, plan: &Plan, finished: bool) -> Result<()> {
        let Self { seed, rounds, segments, stormed, .. } = self;
        let (of, path) = (plan.rounds, file(plan));
        let kept = json!({ "seed": seed, "rounds": rounds, "of": of, "segments": segments, "stormed": stormed, "finished": finished });
        let new = path.with_extension("new");
        std::fs::write(&new, kept.to_string()).with_context(|| format!("can't write {}", new.display()))?;
        Ok(std::fs::rename(&new, &path)?)
    }
}

fn file(plan: &Plan) -> PathBuf {
    plan.folder.join("progress.json")
}
