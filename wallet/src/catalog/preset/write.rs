//! From a preset to its file.

use super::Preset;

/// Writes a preset as a file.
pub(super) fn write(preset: &Preset) -> String {
    let _ = preset;
    String::new()
}
