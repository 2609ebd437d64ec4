//! A page as a list of shapes and texts, before it becomes PDF.
//!
//! Points (1/72 inch) from the upper left corner, y growing downwards, as a page is read. Keeping
//! the page as data lets tests read its texts and check that none overlap.

use super::font::{self, Face};

/// US letter, as the picture always was.
pub(super) const WIDTH: f32 = 612.0;
/// See [`WIDTH`].
pub(super) const HEIGHT: f32 = 792.0;

/// A colour: red, green, blue from 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Color(pub(super) u8, pub(super) u8, pub(super) u8);

impl Color {
    /// Black.
    pub(super) const BLACK: Self = Self(0, 0, 0);
    /// White.
    pub(super) const WHITE: Self = Self(255, 255, 255);
    /// For words that explain: labels and headings of columns.
    pub(super) const QUIET: Self = Self(95, 95, 95);
    /// For lines that only guide the eye.
    pub(super) const FAINT: Self = Self(218, 218, 218);
}

/// Lines over a colour, so that areas differ without colour too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hatch {
    /// Rising lines.
    Rising,
    /// Falling lines.
    Falling,
    /// Level lines.
    Level,
    /// Upright lines.
    Upright,
    /// Level and upright lines.
    Grid,
    /// Dots.
    Dots,
}

impl Hatch {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Rising, Self::Falling, Self::Level, Self::Upright, Self::Grid, Self::Dots];
}

/// What an area looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// One colour.
    Plain(Color),
    /// A colour, hatched with white.
    Hatched(Color, Hatch),
    /// White with a thin dark edge.
    Outline,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    /// The left edge.
    pub(super) x: f32,
    /// The upper edge.
    pub(super) y: f32,
    /// To the right.
    pub(super) width: f32,
    /// Downwards.
    pub(super) height: f32,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TextRun {
    /// Where it begins.
    pub(super) x: f32,
    /// The baseline.
    pub(super) y: f32,
    /// How it looks.
    pub(super) style: Style,
    /// Only characters that the font has.
    pub(super) text: String,
}

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// The cut.
    pub(super) face: Face,
    /// Points.
    pub(super) size: f32,
    /// The colour.
    pub(super) color: Color,
}

/// Which end of a text stands at the point given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// It begins there.
    Left,
    /// Its middle is there.
    Center,
    /// It ends there.
    Right,
}

/// Something on the page; later ones cover earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A filled rectangle.
    Area(Area, Fill),
    /// A line through two or more points.
    Line {
        /// The points.
        points: Vec<(f32, f32)>,
        /// Points.
        width: f32,
        /// The colour.
        color: Color,
    },
    /// Text.
    Text(TextRun),
}

/// A page under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// What was put on it so far.
    pub(super) items: Vec<Item>,
}

impl Page {
    /// Puts a rectangle on the page.
    pub(super) fn area(&mut self, area: Area, fill: Fill) {
        self.items.push(Item::Area(area, fill));
    }

    /// Draws a line.
    pub(super) fn line(&mut self, points: Vec<(f32, f32)>, width: f32, color: Color) {
        self.items.push(Item::Line { points, width, color });
    }

    /// Writes `text`, if there is any, with its baseline at `y`.
    pub(super) fn text(&mut self, x: f32, y: f32, align: Align, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        let text = font::printable(text);
        let width = style.width(&text);
        let x = match align {
            Align::Left => x,
            Align::Center => x - width / 2.0,
            Align::Right => x - width,
        };
        self.items.push(Item::Text(TextRun { x, y, style, text }));
    }

    /// Writes `text` from `x` on in at most `room` points: a little smaller if that suffices,
    /// else shortened. Returns how wide it became.
    pub(super) fn text_within(
        &mut self,
        x: f32,
        y: f32,
        room: f32,
        style: Style,
        text: &str,
    ) -> f32 {
        const SMALLEST: f32 = 0.8;
        let text = font::printable(text);
        let scale = (room / style.width(&text).max(0.1)).clamp(SMALLEST, 1.0);
        let style = Style { size: style.size * scale, ..style };
        let text = font::shorten(style.face, style.size, &text, room);
        self.text(x, y, Align::Left, style, &text);
        style.width(&text)
    }

    /// The texts on the page, in the order in which they were written.
    #[cfg(test)]
    pub(super) fn texts(&self) -> impl Iterator<Item = &TextRun> {
        self.items.iter().filter_map(|item| match item {
            Item::Text(run) => Some(run),
            _ => None,
        })
    }
}

impl Style {
    /// Upright text.
    pub(super) const fn regular(size: f32, color: Color) -> Self {
        Self { face: Face::Regular, size, color }
    }

    /// Bold text.
    pub(super) const fn bold(size: f32, color: Color) -> Self {
        Self { face: Face::Bold, size, color }
    }

    /// How wide `text` is.
    pub(super) fn width(self, text: &str) -> f32 {
        font::width(self.face, self.size, text)
    }
}
