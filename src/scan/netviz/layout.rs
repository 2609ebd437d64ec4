//! Arranges the page: who and when at the top, traffic over time, then the four rankings.

use super::page::{Align, Color, Page, Style, WIDTH};
use super::summary::Summary;
use super::zone::LocalZone;
use super::{PageFacts, ranking, time_plot, words};
use crate::time::Timestamp;

/// White on the left and on the right.
pub(super) const MARGIN: f32 = 40.0;
/// What is left between the margins.
pub(super) const INNER: f32 = WIDTH - 2.0 * MARGIN;
/// Headings of the charts.
pub(super) const HEADING: Style = Style::bold(9.0, Color::BLACK);
/// Words and numbers at the charts.
pub(super) const SMALL: Style = Style::regular(6.5, Color::QUIET);

const TITLE_BASELINE: f32 = 52.0;
const TIME_PLOT_TOP: f32 = 150.0;
const RANKINGS_TOP: f32 = 384.0;
const RANKINGS_GAP: f32 = 22.0;
const COLUMN_GAP: f32 = 28.0;

/// The whole page.
pub(super) fn page(summary: &Summary, facts: &PageFacts, zone: &LocalZone) -> Page {
    let mut page = Page::default();
    title_block(&mut page, summary, facts, zone);
    time_plot::draw(&mut page, TIME_PLOT_TOP, summary, zone);
    let column = (INNER - COLUMN_GAP) / 2.0;
    let mut top = RANKINGS_TOP;
    for row in &summary.rankings {
        for (ranking, left) in row.iter().zip([MARGIN, MARGIN + column + COLUMN_GAP]) {
            ranking::draw(&mut page, (left, top), column, ranking);
        }
        top += row.iter().map(ranking::height).fold(0.0, f32::max) + RANKINGS_GAP;
    }
    page
}

fn title_block(page: &mut Page, summary: &Summary, facts: &PageFacts, zone: &LocalZone) {
    const TITLE: Style = Style::bold(15.0, Color::BLACK);
    const LABEL: Style = Style::regular(8.5, Color::QUIET);
    const VALUE: Style = Style::regular(8.5, Color::BLACK);
    const LABELS_WIDTH: f32 = 78.0;
    const PITCH: f32 = 12.5;

    let title = format!("TCPFLOW {}", facts.program_version);
    page.text_within(MARGIN, TITLE_BASELINE, INNER, TITLE, &title);
    let rule = TITLE_BASELINE + 7.0;
    page.line(vec![(MARGIN, rule), (WIDTH - MARGIN, rule)], 0.8, Color::BLACK);

    let local = |time: Timestamp| words::date_and_time(zone.local(time.seconds()));
    let (first, last) = summary.range.unwrap_or_default();
    let transports: Vec<_> =
        summary.transports.iter().map(|(name, share)| format!("{name} {share}%")).collect();
    let lines = [
        ("Input:", facts.source.clone(), String::new()),
        ("Generated:", local(facts.generated), offset(zone, &[facts.generated])),
        (
            "Date range:",
            format!("{} \u{2013} {}", local(first), local(last)),
            offset(zone, &[first, last]),
        ),
        (
            "Packets analyzed:",
            format!("{} ({})", words::count(summary.packets), words::size(summary.bytes)),
            String::new(),
        ),
        ("Transports:", transports.join("   "), String::new()),
    ];
    let mut baseline = rule + 17.0;
    for (label, value, remark) in lines {
        page.text(MARGIN, baseline, Align::Left, LABEL, label);
        let left = MARGIN + LABELS_WIDTH;
        let width = page.text_within(left, baseline, INNER - LABELS_WIDTH, VALUE, &value);
        page.text(left + width + 8.0, baseline, Align::Left, SMALL, &remark);
        baseline += PITCH;
    }
}

/// How far local time is ahead of UTC at these times.
fn offset(zone: &LocalZone, times: &[Timestamp]) -> String {
    let mut offsets: Vec<_> =
        times.iter().map(|time| words::offset(zone.offset_at(time.seconds()))).collect();
    offsets.dedup();
    offsets.join(" / ")
}
