//! A platform's colour, as it can be read on a page's ground.
//!
//! Contrast is counted as WCAG 2.2 does (success criterion 1.4.3): 4.5 to 1 for text.

use std::fmt;

use wallet::catalog::Accent;

/// The ground of the light theme on which words are hardest to read, as in style/tailwind.css.
pub const LIGHT_GROUND: [u8; 3] = [0xf3, 0xf6, 0xf4];
/// That of the dark theme.
pub const DARK_GROUND: [u8; 3] = [0x13, 0x1c, 0x18];

/// The least contrast of text and its ground.
const CONTRAST_MIN: f64 = 4.5;
/// In how many steps a colour becomes black or white.
const STEPS: u16 = 50;
const BLACK: [u8; 3] = [0x0c, 0x13, 0x10];
const WHITE: [u8; 3] = [0xff, 0xff, 0xff];

/// A colour that can be read on the ground that it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable([u8; 3]);

impl Readable {
    /// Gives the colour of words on it: white or nearly black, whichever is easier to read.
    #[must_use]
    pub fn content(self) -> Self {
        let better = if contrast(self.0, WHITE) >= contrast(self.0, BLACK) { WHITE } else { BLACK };
        Self(better)
    }
}

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Accent(self.0))
    }
}

/// Gives a colour as it is where it can be read on a ground, else so much darker or lighter that it can.
#[must_use]
pub fn readable(accent: Accent, ground: [u8; 3]) -> Readable {
    let end = if contrast(ground, BLACK) >= contrast(ground, WHITE) { [0, 0, 0] } else { WHITE };
    let is_readable =
        |color: &[u8; 3]| [ground, tint(*color, ground)].into_iter().all(|on| contrast(*color, on) >= CONTRAST_MIN);
    Readable((0..=STEPS).map(|step| mix(accent.0, end, step)).find(is_readable).unwrap_or(end))
}

/// How much of the colour is in the ground of labels that are written in it, in hundredths.
pub const TINT: u16 = 12;

fn tint(color: [u8; 3], ground: [u8; 3]) -> [u8; 3] {
    mix(ground, color, TINT * STEPS / 100)
}

fn mix(from: [u8; 3], to: [u8; 3], step: u16) -> [u8; 3] {
    let part = |at: usize| {
        let (from, to) = (u16::from(from[at]), u16::from(to[at]));
        u8::try_from((from * (STEPS - step) + to * step) / STEPS).unwrap_or(u8::MAX)
    };
    [part(0), part(1), part(2)]
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(color: [u8; 3]) -> f64 {
    let [red, green, blue] = color.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((contrast([0, 0, 0], WHITE) - 21.0).abs() < 0.001);
        assert!((contrast([0x77, 0x77, 0x77], WHITE) - 4.478).abs() < 0.01);
    }

    #[test]
    fn any_colour_can_be_read_on_both_grounds_and_words_on_it() {
        for ground in [LIGHT_GROUND, DARK_GROUND] {
            for at in 0..=4096_u32 {
                let part = |shift: u32| u8::try_from((at >> shift & 0xf) * 17).expect("a byte");
                let shown = readable(Accent([part(0), part(4), part(8)]), ground);
                assert!(contrast(shown.0, ground) >= CONTRAST_MIN, "{shown}");
                assert!(contrast(shown.0, tint(shown.0, ground)) >= CONTRAST_MIN, "{shown} on its tint");
                assert!(contrast(shown.0, shown.content().0) >= CONTRAST_MIN, "{shown}");
            }
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays() {
        assert_eq!(readable(Accent([0x0b, 0x66, 0x50]), LIGHT_GROUND).to_string(), "#0b6650");
    }
}
