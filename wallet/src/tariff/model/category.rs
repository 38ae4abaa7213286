//! What an operation makes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an operation makes, for tabs and sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Text and translation.
    Text,
    /// Pictures.
    Image,
    /// Clips.
    Video,
    /// Music.
    Music,
    /// Text to speech.
    Tts,
    /// Speech to text.
    Stt,
    /// Small tools: upscaling, background removal.
    Tool,
    /// Ready jobs of several steps: a blog post, a website, a pipeline.
    Job,
}

impl Category {
    /// All, in the order of a price list.
    pub const ALL: [Self; 8] =
        [Self::Text, Self::Image, Self::Video, Self::Music, Self::Tts, Self::Stt, Self::Tool, Self::Job];

    /// Gives the name in the API and the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Music => "music",
            Self::Tts => "tts",
            Self::Stt => "stt",
            Self::Tool => "tool",
            Self::Job => "job",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A text names no category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a category: text, image, video, music, tts, stt, tool or job")]
pub struct CategoryError;

impl FromStr for Category {
    type Err = CategoryError;

    fn from_str(text: &str) -> Result<Self, CategoryError> {
        Self::ALL.into_iter().find(|category| category.code() == text).ok_or(CategoryError)
    }
}
