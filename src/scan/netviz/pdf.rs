//! Turns a page into a PDF file: vector shapes and text in a font that readers have, nothing
//! embedded, one compressed stream.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{PaintType, TilingType};
use pdf_writer::{Content, Date, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::font::{self, Face};
use super::page::{Area, Color, Fill, HEIGHT, Hatch, Item, Page, TextRun, WIDTH};
use crate::time::Civil;

/// What the file says about itself.
#[derive(Clone, Debug)]
pub(super) struct Properties<'a> {
    /// The title.
    pub(super) title: &'a str,
    /// The program and its version.
    pub(super) producer: &'a str,
    /// When it was made, in local time.
    pub(super) created: Civil,
    /// How far local time was ahead of UTC then, in seconds.
    pub(super) offset: i64,
}

/// The PDF file with this one page.
pub(super) fn write(page: &Page, properties: &Properties<'_>) -> Vec<u8> {
    let mut next = Ref::new(1);
    let [catalog, pages, page_id, content, info, regular, bold] =
        std::array::from_fn(|_| next.bump());
    let hatches = Hatch::ALL.map(|hatch| (hatch, next.bump()));

    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page_id]).count(1);
    let mut leaf = pdf.page(page_id);
    leaf.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(pages).contents(content);
    let mut resources = leaf.resources();
    resources.fonts().pair(font_name(Face::Regular), regular).pair(font_name(Face::Bold), bold);
    let mut patterns = resources.patterns();
    for (hatch, id) in hatches {
        patterns.pair(hatch_name(hatch), id);
    }
    patterns.finish();
    resources.finish();
    leaf.finish();

    for (id, name) in [(regular, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(id).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (hatch, id) in hatches {
        write_pattern(&mut pdf, hatch, id);
    }
    let compressed = compress(&content_of(page));
    pdf.stream(content, &compressed).filter(Filter::FlateDecode);
    pdf.document_info(info)
        .title(TextStr(properties.title))
        .producer(TextStr(properties.producer))
        .creation_date(date(properties));
    pdf.finish()
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn date(properties: &Properties<'_>) -> Date {
    let Civil { year, month, day, hour, minute, second } = properties.created;
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(|n| n as u8);
    let minutes = properties.offset / 60;
    Date::new(year.clamp(0, 9_999) as u16)
        .month(month)
        .day(day)
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour((minutes / 60).clamp(-23, 23) as i8)
        .utc_offset_minute((minutes.unsigned_abs() % 60) as u8)
}

fn font_name(face: Face) -> Name<'static> {
    match face {
        Face::Regular => Name(b"F1"),
        Face::Bold => Name(b"F2"),
    }
}

fn hatch_name(hatch: Hatch) -> Name<'static> {
    match hatch {
        Hatch::Rising => Name(b"H1"),
        Hatch::Falling => Name(b"H2"),
        Hatch::Level => Name(b"H3"),
        Hatch::Upright => Name(b"H4"),
        Hatch::Grid => Name(b"H5"),
        Hatch::Dots => Name(b"H6"),
    }
}

/// White lines on nothing; the colour is painted beneath.
fn write_pattern(pdf: &mut Pdf, hatch: Hatch, id: Ref) {
    const TILE: f32 = 2.4;
    const HALF: f32 = TILE / 2.0;
    let mut lines = Content::new();
    lines.set_stroke_gray(1.0).set_fill_gray(1.0).set_line_width(0.55);
    let mut line = |from: (f32, f32), to: (f32, f32)| {
        lines.move_to(from.0, from.1).line_to(to.0, to.1).stroke();
    };
    match hatch {
        // Three lines, since those of the neighbouring tiles reach into the corners.
        Hatch::Rising => {
            for shift in [-TILE, 0.0, TILE] {
                line((shift - HALF, -HALF), (shift + TILE + HALF, TILE + HALF));
            }
        }
        Hatch::Falling => {
            for shift in [-TILE, 0.0, TILE] {
                line((shift - HALF, TILE + HALF), (shift + TILE + HALF, -HALF));
            }
        }
        Hatch::Level => line((0.0, HALF), (TILE, HALF)),
        Hatch::Upright => line((HALF, 0.0), (HALF, TILE)),
        Hatch::Grid => {
            line((0.0, HALF), (TILE, HALF));
            line((HALF, 0.0), (HALF, TILE));
        }
        Hatch::Dots => {
            lines.rect(HALF - 0.45, HALF - 0.45, 0.9, 0.9).fill_nonzero();
        }
    }
    let lines = lines.finish();
    let mut pattern = pdf.tiling_pattern(id, &lines);
    pattern
        .paint_type(PaintType::Colored)
        .tiling_type(TilingType::ConstantSpacing)
        .bbox(Rect::new(0.0, 0.0, TILE, TILE))
        .x_step(TILE)
        .y_step(TILE);
    pattern.resources();
}

fn content_of(page: &Page) -> Vec<u8> {
    let mut content = Content::new();
    for item in &page.items {
        match item {
            Item::Area(area, fill) => write_area(&mut content, area, *fill),
            Item::Line { points, width, color } => {
                write_line(&mut content, points, *width, *color);
            }
            Item::Text(run) => write_text(&mut content, run),
        }
    }
    content.finish().into_vec()
}

fn write_area(content: &mut Content, area: &Area, fill: Fill) {
    const EDGE: f32 = 0.4;
    let rectangle = |content: &mut Content, inset: f32| {
        let (width, height) =
            ((area.width - 2.0 * inset).max(0.0), (area.height - 2.0 * inset).max(0.0));
        let bottom = HEIGHT - area.y - area.height + inset;
        content.rect(round(area.x + inset), round(bottom), round(width), round(height));
    };
    match fill {
        Fill::Plain(color) | Fill::Hatched(color, _) => {
            set_fill(content, color);
            rectangle(content, 0.0);
            content.fill_nonzero();
        }
        Fill::Outline => {
            set_fill(content, Color::WHITE);
            set_stroke(content, Color::BLACK);
            content.set_line_width(EDGE);
            rectangle(content, EDGE / 2.0);
            content.fill_nonzero_and_stroke();
        }
    }
    if let Fill::Hatched(_, hatch) = fill {
        content.set_fill_color_space(pdf_writer::types::ColorSpaceOperand::Pattern);
        content.set_fill_pattern([], hatch_name(hatch));
        rectangle(content, 0.0);
        content.fill_nonzero();
    }
}

fn write_line(content: &mut Content, points: &[(f32, f32)], width: f32, color: Color) {
    let Some(((x, y), rest)) = points.split_first() else { return };
    set_stroke(content, color);
    content.set_line_width(width).move_to(round(*x), round(HEIGHT - y));
    for (x, y) in rest {
        content.line_to(round(*x), round(HEIGHT - y));
    }
    content.stroke();
}

fn write_text(content: &mut Content, run: &TextRun) {
    set_fill(content, run.style.color);
    content
        .begin_text()
        .set_font(font_name(run.style.face), round(run.style.size))
        .next_line(round(run.x), round(HEIGHT - run.y))
        .show(Str(&font::encode(&run.text)))
        .end_text();
}

fn set_fill(content: &mut Content, color: Color) {
    let [red, green, blue] = intensities(color);
    content.set_fill_rgb(red, green, blue);
}

fn set_stroke(content: &mut Content, color: Color) {
    let [red, green, blue] = intensities(color);
    content.set_stroke_rgb(red, green, blue);
}

fn intensities(Color(red, green, blue): Color) -> [f32; 3] {
    [red, green, blue].map(|part| round(f32::from(part) / 255.0))
}

/// A hundredth of a point is finer than any printer; more digits would only be longer.
fn round(number: f32) -> f32 {
    (number * 100.0).round() / 100.0
}
