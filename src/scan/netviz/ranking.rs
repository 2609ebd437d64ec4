//! Draws a ranking: a line of numbers for each address or port, and a bar beneath it.

use super::layout::{HEADING, SMALL};
use super::page::{Align, Area, Color, Page, Style};
use super::summary::Ranking;
use super::words;

const HEAD: f32 = 12.0;
const PITCH: f32 = 16.0;
const BAR_HEIGHT: f32 = 3.6;
const TEXT: Style = Style::regular(7.5, Color::BLACK);
const QUIET_TEXT: Style = Style::regular(7.5, Color::QUIET);
/// Where the rank ends and the name begins, from the left.
const RANK_END: f32 = 8.0;
const NAME: f32 = 13.5;
/// Where numbers end, from the right.
const SHARE_END: f32 = 25.0;
const BYTES_END: f32 = 50.0;
/// The widest size, `1000.00 MB`, and some white before it.
const BYTES_WIDTH: f32 = 46.0;

/// How high `ranking` is; a short one not less than three lines, lest the page look torn.
pub(super) fn height(ranking: &Ranking) -> f32 {
    HEAD + PITCH * ranking.entries.len().max(3) as f32
}

/// Draws `ranking` in a column `width` wide, from its upper left corner on.
pub(super) fn draw(page: &mut Page, (left, top): (f32, f32), width: f32, ranking: &Ranking) {
    let right = left + width;
    let largest = ranking.entries.first().map_or(0, |entry| entry.bytes);
    let word = if largest > 0 { "Top" } else { "No" };
    let heading = format!("{word} {}", ranking.title);
    page.text(left, top + 8.0, Align::Left, HEADING, &heading);
    let rule = top + HEAD;
    page.line(vec![(left, rule), (right, rule)], 0.4, Color::QUIET);
    if largest == 0 {
        return;
    }
    let columns = [(right - BYTES_END, "Bytes"), (right - SHARE_END, "Share"), (right, "Cum.")];
    for (end, name) in columns {
        page.text(end, top + 8.0, Align::Right, SMALL, name);
    }

    let mut baseline = rule + 10.0;
    let mut so_far = 0_u64;
    for (rank, entry) in ranking.entries.iter().enumerate() {
        so_far = so_far.saturating_add(entry.bytes);
        let share = |bytes| format!("{}%", words::percent(bytes, ranking.total));
        page.text(left + RANK_END, baseline, Align::Right, QUIET_TEXT, &(rank + 1).to_string());
        let name_room = width - NAME - BYTES_END - BYTES_WIDTH;
        let name_end =
            left + NAME + page.text_within(left + NAME, baseline, name_room, TEXT, &entry.name);
        page.text(name_end + 5.0, baseline, Align::Left, QUIET_TEXT, entry.remark);
        let size = words::size(entry.bytes);
        page.text(right - BYTES_END, baseline, Align::Right, TEXT, &size);
        page.text(right - SHARE_END, baseline, Align::Right, TEXT, &share(entry.bytes));
        page.text(right, baseline, Align::Right, QUIET_TEXT, &share(so_far));
        let length = (width - NAME) * (entry.bytes as f64 / largest as f64) as f32;
        // Even the smallest share leaves a trace.
        let bar =
            Area { x: left + NAME, y: baseline + 2.4, width: length.max(0.5), height: BAR_HEIGHT };
        page.area(bar, entry.fill);
        baseline += PITCH;
    }
}
