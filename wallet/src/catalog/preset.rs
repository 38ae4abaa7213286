//! Presets: a whole catalog as one readable TOML file.

use std::fmt;

use super::CatalogView;
use crate::tariff::Tariff;

/// A whole catalog as a file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name: `neuralbox`.
    pub name: String,
    /// Settings, plans, packages, add-ons.
    pub view: CatalogView,
    /// The price book.
    pub tariffs: Vec<Tariff>,
    /// The text that it was read from.
    pub source: String,
}

/// Something odd in a file that could be read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where: the line, from 1.
    pub line: usize,
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

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl Preset {
    /// The names of the presets that are built in.
    pub const NAMES: [&'static str; 5] = ["neuralinka", "neuralbox", "aixplain", "neuraldraft", "monthly-credits"];

    /// Gives the preset of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let _ = name;
        None
    }

    /// Reads a file.
    pub fn parse(text: &str) -> Result<(Self, Vec<Warning>), Vec<PresetError>> {
        let _ = text;
        Err(Vec::new())
    }
}
