//! Pages of A4 with text and lines, written as PDF/A: what stands where is data until the file is made.
//!
//! The typeface is Golos Text, as on the pages; it is embedded, so that a file looks the same for ever. A letter that it
//! does not have is printed as a question mark, since PDF/A takes no missing glyph.

use std::sync::OnceLock;

use chrono::{DateTime, Datelike, Timelike, Utc};
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider, charmap::Charmap};

/// The width of a page, in points of 1/72 inch.
pub(super) const WIDTH: f32 = 595.28;
/// The height of a page.
pub(super) const HEIGHT: f32 = 841.89;
/// What stays empty at each side.
pub(super) const MARGIN: f32 = 56.0;
/// How thick a line is.
const HAIRLINE: f32 = 0.6;

static REGULAR: &[u8] = include_bytes!("../../fonts/GolosText-Regular.ttf");
static SEMI_BOLD: &[u8] = include_bytes!("../../fonts/GolosText-SemiBold.ttf");

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

/// The colour of letters and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text.
    Black,
    /// Labels.
    Muted,
    /// Lines.
    Line,
}

impl Ink {
    fn fill(self) -> Fill {
        let (red, green, blue) = match self {
            Self::Black => (0x12, 0x20, 0x1b),
            Self::Muted => (0x4d, 0x5d, 0x56),
            Self::Line => (0xc9, 0xd3, 0xcd),
        };
        let paint = rgb::Color::new(red, green, blue).into();
        Fill { paint, opacity: NormalizedF32::ONE, rule: FillRule::default() }
    }
}

/// How letters look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) ink: Ink,
}

/// A line of text where it stands: `x` and `y` are the left end of its base line, from the top left of the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) style: Style,
    pub(super) text: String,
}

/// What stands on one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) texts: Vec<Placed>,
    /// Lines from side to side: left, right, and how far down.
    pub(super) lines: Vec<(f32, f32, f32)>,
}

impl Page {
    /// Writes a line of text from a place to the right.
    pub(super) fn write(&mut self, (x, y): (f32, f32), style: Style, text: impl Into<String>) {
        let text = printable(&text.into());
        if !text.is_empty() {
            self.texts.push(Placed { x, y, style, text });
        }
    }

    /// Writes a line of text that ends at a place.
    pub(super) fn write_to(&mut self, (right, y): (f32, f32), style: Style, text: impl Into<String>) {
        let text = printable(&text.into());
        self.write((right - width(&text, style), y), style, text);
    }

    /// Draws a line.
    pub(super) fn line(&mut self, left: f32, right: f32, y: f32) {
        self.lines.push((left, right, y));
    }
}

/// What a file says of itself.
pub(super) struct About {
    pub(super) title: String,
    pub(super) author: String,
    pub(super) language: &'static str,
    pub(super) id: String,
    pub(super) made_at: DateTime<Utc>,
}

/// A typeface, ready to be measured and drawn.
struct Face {
    font: Font,
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    units: f32,
}

impl Face {
    fn load(data: &'static [u8]) -> Option<Self> {
        let font = Font::new(data.into(), 0)?;
        let face = FontRef::new(data).ok()?;
        let units = font.units_per_em();
        let metrics = face.glyph_metrics(Size::unscaled(), LocationRef::default());
        Some(Self { font, charmap: face.charmap(), metrics, units })
    }

    fn glyph(&self, letter: char) -> Option<skrifa::GlyphId> {
        self.charmap.map(letter).filter(|glyph| glyph.to_u32() != 0)
    }

    /// How wide a glyph is, in parts of the size of the letters.
    fn advance(&self, glyph: skrifa::GlyphId) -> f32 {
        self.metrics.advance_width(glyph).unwrap_or_default() / self.units
    }
}

/// The two faces; `None` where the files that are built in can't be read, which a test rules out.
fn face(weight: Weight) -> Option<&'static Face> {
    static FACES: OnceLock<[Option<Face>; 2]> = OnceLock::new();
    let [regular, semi_bold] = FACES.get_or_init(|| [Face::load(REGULAR), Face::load(SEMI_BOLD)]);
    match weight {
        Weight::Regular => regular.as_ref(),
        Weight::SemiBold => semi_bold.as_ref(),
    }
}

/// Finds the first letter of a text that can't be printed: neither Latin nor Cyrillic, nor a sign that both use.
#[must_use]
pub fn unprintable(text: &str) -> Option<char> {
    text.chars().find(|letter| !letter.is_whitespace() && !is_printable(*letter))
}

fn is_printable(letter: char) -> bool {
    // A mark of byte order and the letters of private use have glyphs; PDF/A takes none of them.
    let is_private = matches!(letter, '\u{feff}' | '\u{e000}'..='\u{f8ff}');
    !is_private && !letter.is_control() && face(Weight::Regular).is_some_and(|face| face.glyph(letter).is_some())
}

/// Puts a question mark for each letter that the typeface lacks, and a space for what separates.
fn printable(text: &str) -> String {
    let letter = |letter: char| match letter {
        letter if is_printable(letter) => letter,
        letter if letter.is_whitespace() || letter.is_control() => ' ',
        _ => '?',
    };
    text.chars().map(letter).collect()
}

/// Tells how wide a text is, in points.
pub(super) fn width(text: &str, style: Style) -> f32 {
    let Some(face) = face(style.weight) else { return 0.0 };
    let units: f32 = text.chars().filter_map(|letter| face.glyph(letter)).map(|glyph| face.advance(glyph)).sum();
    units * style.size
}

/// Breaks a text into lines that are no wider than so many points; a word that is too wide is broken, too.
pub(super) fn wrap(text: &str, style: Style, most: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in printable(paragraph).split(' ').filter(|word| !word.is_empty()) {
            let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if width(&joined, style) <= most {
                line = joined;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                let mut longer = line.clone();
                longer.push(letter);
                if width(&longer, style) > most && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        lines.push(line);
    }
    lines
}

/// Why a file could not be made: a mistake in this program, which tests rule out.
#[derive(Debug, thiserror::Error)]
#[error("a PDF can't be written: {0}")]
pub struct PdfError(String);

/// Makes the file. The same pages are the same bytes.
pub(super) fn write(pages: &[Page], about: About) -> Result<Vec<u8>, PdfError> {
    let wrong = |error: &dyn std::fmt::Debug| PdfError(format!("{error:?}"));
    let configuration =
        ConfigurationBuilder::new().with_archival_validator(Archival::A2_U).finish().map_err(|error| wrong(&error))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    for page in pages {
        let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| wrong(&"the size of a page"))?;
        let mut sheet = document.start_page_with(size);
        let mut surface = sheet.surface();
        draw(&mut surface, page);
        surface.finish();
        sheet.finish();
    }
    let metadata = Metadata::new()
        .title(about.title)
        .authors(vec![about.author])
        .creator("Scrip".to_owned())
        .language(about.language.to_owned())
        .document_id(about.id)
        .creation_date(date_time(about.made_at));
    document.set_metadata(metadata);
    document.finish().map_err(|error| wrong(&error))
}

fn draw(surface: &mut Surface<'_>, page: &Page) {
    surface.set_fill(Some(Ink::Line.fill()));
    for (left, right, y) in &page.lines {
        let mut path = PathBuilder::new();
        if let Some(rect) = Rect::from_xywh(*left, *y, right - left, HAIRLINE) {
            path.push_rect(rect);
        }
        if let Some(path) = path.finish() {
            surface.draw_path(&path);
        }
    }
    for placed in &page.texts {
        let Some(face) = face(placed.style.weight) else { continue };
        let glyphs: Vec<KrillaGlyph> = placed
            .text
            .char_indices()
            .filter_map(|(start, letter)| {
                let glyph = face.glyph(letter)?;
                let range = start..start + letter.len_utf8();
                Some(KrillaGlyph::new(GlyphId::new(glyph.to_u32()), face.advance(glyph), 0.0, 0.0, 0.0, range, None))
            })
            .collect();
        surface.set_fill(Some(placed.style.ink.fill()));
        let start = Point::from_xy(placed.x, placed.y);
        surface.draw_glyphs(start, &glyphs, face.font.clone(), &placed.text, placed.style.size, false);
    }
}

fn date_time(at: DateTime<Utc>) -> krilla::metadata::DateTime {
    let two = |part: u32| u8::try_from(part).unwrap_or_default();
    krilla::metadata::DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(two(at.month()))
        .day(two(at.day()))
        .hour(two(at.hour()))
        .minute(two(at.minute()))
        .second(two(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
