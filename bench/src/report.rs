//! The table, the JSON and the picture.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::sample::{Sample, milliseconds};

/// A figure that is held against another one.
#[derive(Debug)]
pub struct Row {
    /// What was measured, and against what.
    pub work: String,
    /// How often the one goes into the other, or a plain figure.
    pub value: f64,
    /// Missing it is a defect.
    pub floor: f64,
    /// What we want.
    pub aim: f64,
    /// Whether less is better: a time or a size.
    pub less_is_better: bool,
}

impl Row {
    /// Whether the floor is kept.
    fn is_kept(&self) -> bool {
        if self.less_is_better { self.value <= self.floor } else { self.value >= self.floor }
    }

    fn is_reached(&self) -> bool {
        if self.less_is_better { self.value <= self.aim } else { self.value >= self.aim }
    }

    fn verdict(&self) -> &'static str {
        match (self.is_reached(), self.is_kept()) {
            (true, _) => "aim reached",
            (false, true) => "floor kept",
            (false, false) => "FLOOR MISSED",
        }
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Report {
    /// The measurements, in order.
    pub samples: Vec<Sample>,
    /// What they come to.
    pub rows: Vec<Row>,
    /// What could not be measured, and why; what else a reader must know.
    pub notes: Vec<String>,
}

impl Report {
    /// Adds a measurement, and says it at once.
    pub fn add(&mut self, sample: Sample) -> Sample {
        let p = if sample.p99.is_zero() {
            format!("avg {} ms", milliseconds(sample.mean))
        } else {
            format!("p50 {} ms, p99 {} ms", milliseconds(sample.p50), milliseconds(sample.p99))
        };
        println!(
            "{:<52} {:>8.0}/s  {p}\n{:>52} {:.0} WAL bytes each, {:.0} flushes/s; held back by {}",
            sample.name, sample.per_second, "", sample.cost.wal_bytes, sample.cost.fsyncs, sample.cost.bound
        );
        self.samples.push(sample.clone());
        sample
    }

    /// Adds a ratio of two measurements' rates.
    pub fn ratio(&mut self, work: &str, of: &Sample, to: Option<&Sample>, floor: f64, aim: f64) {
        match to {
            Some(to) => self.rows.push(Row {
                work: work.to_owned(),
                value: of.per_second / to.per_second,
                floor,
                aim,
                less_is_better: false,
            }),
            None => self.notes.push(format!("{work}: not measured, there is no pgbench to hold it against")),
        }
    }

    /// Adds a figure of which more is better.
    pub fn at_least(&mut self, work: &str, value: f64, floor: f64, aim: f64) {
        self.rows.push(Row { work: work.to_owned(), value, floor, aim, less_is_better: false });
    }

    /// Adds a figure of which less is better.
    pub fn at_most(&mut self, work: &str, value: f64, floor: f64, aim: f64) {
        self.rows.push(Row { work: work.to_owned(), value, floor, aim, less_is_better: true });
    }

    /// The table, as it is printed.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let _ =
            writeln!(text, "\n{:<66} {:>8} {:>7} {:>7}", "work, and what it is held against", "found", "floor", "aim");
        for row in &self.rows {
            let decimals = if row.value < 100.0 { 2 } else { 0 };
            let value = format!("{:.decimals$}", row.value);
            let _ = writeln!(text, "{:<66} {value:>8} {:>7} {:>7}  {}", row.work, row.floor, row.aim, row.verdict());
        }
        for note in &self.notes {
            let _ = writeln!(text, "  {note}");
        }
        text
    }

    /// Writes `bench.json` and `bench.svg`.
    pub fn write(&self, folder: &Path, machine: &Value) -> Result<()> {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| json!({ "work": row.work, "found": row.value, "floor": row.floor, "aim": row.aim, "verdict": row.verdict() }))
            .collect();
        let samples: Vec<Value> = self.samples.iter().map(Sample::json).collect();
        let all = json!({ "machine": machine, "measurements": samples, "table": rows, "notes": self.notes });
        fs::write(folder.join("bench.json"), serde_json::to_string_pretty(&all)?)?;
        fs::write(folder.join("bench.svg"), self.svg())?;
        Ok(())
    }

    /// Bars of what was done a second, with p50 and p99 beside them.
    fn svg(&self) -> String {
        const ROW: usize = 34;
        const LEFT: f64 = 360.0;
        const BAR: f64 = 380.0;
        let most = self.samples.iter().map(|sample| sample.per_second).fold(1.0, f64::max);
        let height = 64 + ROW * self.samples.len();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 {height}\" font-family=\"sans-serif\" \
             font-size=\"13\">\n<rect width=\"960\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"16\" y=\"30\" font-size=\"17\" fill=\"#12201b\">Scrip beside pgbench: done a second</text>\n"
        );
        for (number, sample) in self.samples.iter().enumerate() {
            let y = 48 + ROW * number;
            let width = (BAR * sample.per_second / most).max(1.0);
            let colour = if sample.name.starts_with("pgbench") { "#8a9690" } else { "#0b6650" };
            let times = if sample.p99.is_zero() {
                format!("avg {} ms", milliseconds(sample.mean))
            } else {
                format!("p50 {} · p99 {} ms", milliseconds(sample.p50), milliseconds(sample.p99))
            };
            let _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{}\" text-anchor=\"end\" fill=\"#12201b\">{}</text>\
                 <rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"18\" fill=\"{colour}\"/>\
                 <text x=\"{:.0}\" y=\"{}\" fill=\"#12201b\">{:.0} <tspan fill=\"#5d6b64\" font-size=\"11\">{times}</tspan></text>",
                LEFT - 10.0,
                y + 14,
                sample.name,
                LEFT + width + 8.0,
                y + 14,
                sample.per_second
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, per_second: f64) -> Sample {
        Sample { name: name.to_owned(), per_second, ..Sample::default() }
    }

    #[test]
    fn floors_and_aims_are_told_apart() {
        let mut report = Report::default();
        let yardstick = sample("pgbench", 100.0);
        report.ratio("fast", &sample("a", 1500.0), Some(&yardstick), 8.0, 15.0);
        report.ratio("fair", &sample("b", 900.0), Some(&yardstick), 8.0, 15.0);
        report.ratio("slow", &sample("c", 700.0), Some(&yardstick), 8.0, 15.0);
        report.at_most("time", 1.0, 3.0, 1.1);
        let verdicts: Vec<_> = report.rows.iter().map(Row::verdict).collect();
        assert_eq!(verdicts, ["aim reached", "floor kept", "FLOOR MISSED", "aim reached"]);
    }

    #[test]
    fn without_pgbench_there_is_a_note_instead_of_a_ratio() {
        let mut report = Report::default();
        report.ratio("fast", &sample("a", 1500.0), None, 8.0, 15.0);
        assert!(report.rows.is_empty());
        assert!(report.table().contains("fast: not measured"));
    }

    #[test]
    fn the_picture_has_a_bar_for_each_measurement() {
        let mut report = Report::default();
        report.add(sample("one", 10.0));
        report.add(sample("two", 20.0));
        assert_eq!(report.svg().matches("<rect").count(), 3);
    }
}
