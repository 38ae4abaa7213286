//! Presets: a whole catalog as one readable TOML file.
//!
//! [`Preset::parse`] refuses a file with every mistake at its line and column, and never uses half of one;
//! [`Preset::write`] gives a file that reads back as the same catalog.
//!
//! A file is read into the types of the domain and written from them, by their own serde (`file` has the few entries
//! that lie otherwise in a file). So a field is read and written where it is declared; what it may say is in `check`.

mod check;
mod file;
mod node;
mod operations;
mod read;
mod write;

use std::fmt;

pub(super) use check::is_name;

use super::{CatalogView, Plan};
use crate::error::{ImportError, PlacedImportError};
use crate::tariff::{BookStatus, PriceBook, Rule, Tariff};

/// A whole catalog as a file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name: `neuralbox`.
    pub name: String,
    /// Settings, plans, packages, add-ons.
    pub view: CatalogView,
    /// The price book.
    pub tariffs: Vec<Tariff>,
    /// The file that it was read from.
    pub source: String,
}

/// Something odd in a file that could be read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where: the line, from 1.
    pub line: usize,
    /// The operation that it is about.
    pub operation: String,
    /// What, and what was done about it.
    pub message: String,
}

/// Something wrong in a file; nothing of the file is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for PresetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for PresetError {}

impl From<PresetError> for PlacedImportError {
    fn from(error: PresetError) -> Self {
        Self { line: error.line, column: error.column, mistake: ImportError::Other(error.message) }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Reads a price list: the operations of a file, for plans that there are. A whole preset is as good; only its
/// operations count.
pub(crate) fn parse_prices(text: &str, plans: &[Plan]) -> Result<(Vec<Tariff>, Vec<Warning>), Vec<PresetError>> {
    read::read_prices(text, plans)
}

/// Reads one rule as a price list writes it: `4` for a flat price, else the lines under `[operation.<rule>]`.
pub(crate) fn parse_rule(kind: &str, body: &str) -> Result<Rule, Vec<PresetError>> {
    read::read_rule(kind, body)
}

/// Writes one rule so that [`parse_rule`] reads it back.
#[must_use]
pub(crate) fn write_rule(rule: &Rule) -> String {
    write::write_rule(rule)
}

/// Writes a price list: operations only.
#[must_use]
pub(crate) fn write_prices(tariffs: &[Tariff]) -> String {
    write::write_prices(tariffs)
}

impl Preset {
    /// Gives the prices as a first version in force.
    #[must_use]
    pub fn price_book(&self) -> PriceBook {
        PriceBook {
            version: 1,
            status: BookStatus::Active,
            effective_at: None,
            retired_at: None,
            revision: 1,
            rounding_step: self.view.settings.rounding_step,
            based_on: None,
            created_by: String::new(),
            created_at: chrono::DateTime::UNIX_EPOCH,
            tariffs: self.tariffs.clone(),
        }
    }

    /// The names of the presets that are built in.
    pub const NAMES: [&'static str; 5] = ["neuralinka", "neuralbox", "aixplain", "neuraldraft", "monthly-credits"];

    /// Gives the file of a built-in preset.
    #[must_use]
    pub fn source_of(name: &str) -> Option<&'static str> {
        Some(match name {
            "neuralinka" => include_str!("../../../presets/neuralinka.toml"),
            "neuralbox" => include_str!("../../../presets/neuralbox.toml"),
            "aixplain" => include_str!("../../../presets/aixplain.toml"),
            "neuraldraft" => include_str!("../../../presets/neuraldraft.toml"),
            "monthly-credits" => include_str!("../../../presets/monthly-credits.toml"),
            _ => return None,
        })
    }

    /// Gives the built-in preset of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::parse(Self::source_of(name)?).ok().map(|(preset, _)| preset)
    }

    /// Reads a file: the preset and what was odd, or everything that is wrong.
    pub fn parse(text: &str) -> Result<(Self, Vec<Warning>), Vec<PresetError>> {
        read::read(text)
    }

    /// Writes a file that reads back as the same preset.
    #[must_use]
    pub fn write(&self) -> String {
        write::write(self)
    }
}

#[cfg(test)]
mod tests;
