//! Edits of a draft: what each changed, and who made it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::tariff::model::change::PriceChange;

/// What kind of edit it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// Prices or words of one operation changed.
    Changed,
    /// An operation was added.
    Added,
    /// An operation was removed.
    Removed,
    /// A file was imported.
    Imported,
    /// An earlier edit was taken back.
    Undone,
    /// The draft was brought up to date with what was published meanwhile.
    Rebased,
}

impl EditKind {
    /// Gives the name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Imported => "imported",
            Self::Undone => "undone",
            Self::Rebased => "rebased",
        }
    }
}

impl fmt::Display for EditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for EditKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Changed, Self::Added, Self::Removed, Self::Imported, Self::Undone, Self::Rebased];
        all.into_iter().find(|kind| kind.code() == text).ok_or(())
    }
}

/// One edit of a draft, as its editors read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftEdit {
    /// The revision that it made.
    pub revision: i64,
    /// What kind it was.
    pub kind: EditKind,
    /// What it changed in the draft.
    pub changes: Vec<PriceChange>,
    /// Whether it can still be taken back.
    pub is_standing: bool,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}
