//! Draws traffic over time: stacked bars by class, and the share of all bytes seen so far.

use super::layout::{HEADING, INNER, MARGIN, SMALL};
use super::looks::look;
use super::page::{Align, Area, Color, Page, Style, WIDTH};
use super::scale::ByteScale;
use super::summary::Summary;
use super::ticks::time_ticks;
use super::timeline::Bars;
use super::words;
use super::zone::LocalZone;

const LABELS_LEFT: f32 = 40.0;
const LABELS_RIGHT: f32 = 26.0;
const PLOT_HEIGHT: f32 = 132.0;
const TICK: f32 = 3.0;
/// With fewer bars the axis goes on at both ends, so that one packet does not fill the plot.
const FEWEST_SLOTS: usize = 24;
const MOST_TIME_TICKS: usize = 9;

/// Draws the chart and its legend from `top` on.
pub(super) fn draw(page: &mut Page, top: f32, summary: &Summary, zone: &LocalZone) {
    let plot = Area {
        x: MARGIN + LABELS_LEFT,
        y: top + 29.0,
        width: INNER - LABELS_LEFT - LABELS_RIGHT,
        height: PLOT_HEIGHT,
    };
    heading(page, top, summary);
    let totals: Vec<u64> = summary.bars.iter().flat_map(Bars::totals).collect();
    let scale = ByteScale::new(totals.iter().copied().max().unwrap_or(0));
    value_axes(page, plot, &scale);
    match &summary.bars {
        Some(bars) => {
            let slots = Slots::new(bars.sums.len(), plot);
            draw_bars(page, plot, slots, summary, bars, scale.top);
            cumulative_line(page, plot, slots, &totals);
            time_axis(page, plot, slots, bars, zone);
            let exact = format!("bytes per {}", words::exact_interval(bars.width));
            page.text(plot.x - LABELS_LEFT, plot.y - 9.5, Align::Left, SMALL, &exact);
        }
        None => {
            let middle = (plot.x + plot.width / 2.0, plot.y + plot.height / 2.0);
            let style = Style::regular(9.0, Color::QUIET);
            page.text(middle.0, middle.1, Align::Center, style, "no packets received");
        }
    }
    let bottom = plot.y + plot.height;
    page.line(vec![(plot.x, bottom), (plot.x + plot.width, bottom)], 0.6, Color::BLACK);
    legend(page, bottom + 38.0, summary);
}

fn heading(page: &mut Page, top: f32, summary: &Summary) {
    page.text(MARGIN, top + 8.0, Align::Left, HEADING, "Traffic over Time");
    if let (Some(bars), Some((first, last))) = (&summary.bars, summary.range) {
        let seconds = last.seconds().saturating_sub(first.seconds()).saturating_add(1);
        let span = words::span(seconds.unsigned_abs());
        let caption = format!("{span} ({} intervals)", words::interval(bars.width));
        let style = Style::regular(8.0, Color::BLACK);
        page.text(WIDTH - MARGIN, top + 8.0, Align::Right, style, &caption);
    }
}

fn value_axes(page: &mut Page, plot: Area, scale: &ByteScale) {
    let (left, right) = (plot.x, plot.x + plot.width);
    let baseline = |y: f32| y + SMALL.size * 0.36;
    for (bytes, label) in &scale.ticks {
        let y = plot.y + plot.height * (1.0 - (bytes / scale.top) as f32);
        page.line(vec![(left, y), (right, y)], 0.4, Color::FAINT);
        page.text(left - TICK - 2.0, baseline(y), Align::Right, SMALL, label);
    }
    for percent in [0_u8, 25, 50, 75, 100] {
        let y = plot.y + plot.height * (1.0 - f32::from(percent) / 100.0);
        page.line(vec![(right, y), (right + TICK, y)], 0.4, Color::QUIET);
        page.text(WIDTH - MARGIN, baseline(y), Align::Right, SMALL, &format!("{percent}%"));
    }
    page.line(vec![(right, plot.y), (right, plot.y + plot.height)], 0.4, Color::QUIET);
}

/// The places side by side in which bars stand; the first bars may be left free.
#[derive(Clone, Copy)]
struct Slots {
    left: f32,
    width: f32,
    count: usize,
    /// How many are free before the first bar.
    free: usize,
}

impl Slots {
    fn new(bars: usize, plot: Area) -> Self {
        let count = bars.max(FEWEST_SLOTS);
        Self { left: plot.x, width: plot.width / count as f32, count, free: (count - bars) / 2 }
    }

    /// The left edge of bar `number`.
    fn edge(self, number: usize) -> f32 {
        self.left + self.width * (self.free + number) as f32
    }
}

fn draw_bars(page: &mut Page, plot: Area, slots: Slots, summary: &Summary, bars: &Bars, top: f64) {
    let gap = (slots.width * 0.14).min(3.0);
    for (number, sums) in bars.sums.iter().enumerate() {
        let mut below = 0.0;
        let height = |bytes: f64| plot.height * (bytes / top) as f32;
        for (class, _) in &summary.classes {
            let bytes = sums.get(class.number()).copied().unwrap_or(0) as f64;
            let area = Area {
                x: slots.edge(number) + gap / 2.0,
                y: plot.y + plot.height - height(below + bytes),
                width: slots.width - gap,
                height: height(bytes),
            };
            if bytes > 0.0 {
                page.area(area, look(*class));
            }
            below += bytes;
        }
    }
}

/// The share rises evenly while a bar lasts: nothing is known about how it rose.
fn cumulative_line(page: &mut Page, plot: Area, slots: Slots, totals: &[u64]) {
    const HALO: f32 = 2.2;
    let all: f64 = totals.iter().map(|total| *total as f64).sum();
    let mut sum = 0.0;
    let y = |sum: f64| plot.y + plot.height * (1.0 - (sum / all.max(1.0)) as f32);
    let mut points = vec![(plot.x, y(0.0)), (slots.edge(0), y(0.0))];
    for (number, total) in totals.iter().enumerate() {
        sum += *total as f64;
        points.push((slots.edge(number + 1), y(sum)));
    }
    points.push((plot.x + plot.width, y(sum)));
    points.dedup();
    page.line(points.clone(), HALO, Color::WHITE);
    page.line(points, 0.9, Color::BLACK);
}

fn time_axis(page: &mut Page, plot: Area, slots: Slots, bars: &Bars, zone: &LocalZone) {
    let start = bars.start - bars.width * slots.free as i128;
    let length = bars.width * slots.count as i128;
    let bottom = plot.y + plot.height;
    for tick in time_ticks(zone, start, start + length, MOST_TIME_TICKS) {
        let share = (tick.at - start) as f64 / length as f64;
        let x = plot.x + plot.width * share as f32;
        page.line(vec![(x, bottom), (x, bottom + TICK)], 0.6, Color::BLACK);
        page.text(x, bottom + 10.5, Align::Center, SMALL, &tick.label);
        if let Some(context) = tick.context {
            page.text(x, bottom + 19.0, Align::Center, SMALL, &context);
        }
    }
}

fn legend(page: &mut Page, first_baseline: f32, summary: &Summary) {
    const CHIP: f32 = 8.0;
    const CHIP_GAP: f32 = 4.0;
    const ENTRY_GAP: f32 = 13.0;
    const ROW: f32 = 12.5;
    const LINE_SAMPLE: f32 = 14.0;
    const STYLE: Style = Style::regular(7.0, Color::BLACK);

    let line = summary.bars.is_some().then_some("Cumulative share");
    let chips = summary.classes.iter().map(|(class, name)| (Some(*class), name.as_str()));
    let (left, right) = (MARGIN + LABELS_LEFT, WIDTH - MARGIN);
    let (mut x, mut baseline) = (left, first_baseline);
    if summary.classes.is_empty() {
        page.text(x, baseline, Align::Left, STYLE, "No TCP");
        x += STYLE.width("No TCP") + ENTRY_GAP;
    }
    for (class, name) in chips.chain(line.map(|name| (None, name))) {
        let sample = if class.is_some() { CHIP } else { LINE_SAMPLE };
        let width = sample + CHIP_GAP + STYLE.width(name);
        if x > left && x + width > right {
            (x, baseline) = (left, baseline + ROW);
        }
        match class {
            Some(class) => {
                let chip = Area { x, y: baseline - CHIP + 1.4, width: CHIP, height: CHIP };
                page.area(chip, look(class));
            }
            None => {
                let y = baseline - 2.4;
                page.line(vec![(x, y), (x + sample, y)], 0.9, Color::BLACK);
            }
        }
        page.text(x + sample + CHIP_GAP, baseline, Align::Left, STYLE, name);
        x += width + ENTRY_GAP;
    }
}
