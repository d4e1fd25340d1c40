//! Plots as SVG. They use classes of the page's style sheet (`axis`, `bar`, `mean`, `max`).

use super::table::milliseconds;
use super::{FrameTime, Point};
use crate::stats::start_of_step;
use std::fmt::Write;

/// Size of a plot, and its margins for labels, in SVG units.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 140.0;
const LEFT: f64 = 42.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 22.0;
/// Half the width of a label such as `p99` at a phone's size.
const HALF_LABEL: f64 = 12.0;

/// Maps values to positions along an axis.
struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let share = if self.to > self.from { (value - self.from) / (self.to - self.from) } else { 0.5 };
        self.start + share.clamp(0.0, 1.0) * (self.end - self.start)
    }

    fn horizontal(from: f64, to: f64) -> Scale {
        Scale { from, to, start: LEFT, end: WIDTH - RIGHT }
    }

    /// A vertical scale from 0 at the lower edge.
    fn vertical(to: f64) -> Scale {
        Scale { from: 0.0, to, start: HEIGHT - BOTTOM, end: TOP }
    }
}

/// Round numbers (1, 2 or 5 times a power of ten) from `from` to `to`, at most about `count`.
fn ticks(from: f64, to: f64, count: f64) -> Vec<f64> {
    let rough = (to - from) / count;
    if rough <= 0.0 || !rough.is_finite() {
        return vec![from];
    }
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough).unwrap_or(rough);
    let first = (from / step).ceil() as i64;
    (first..).map(|n| n as f64 * step).take_while(|tick| *tick <= to + step * 1e-9).collect()
}

/// 1, 2 and 5 times powers of ten from `from` to `to`, for a logarithmic axis.
fn decades(from: f64, to: f64) -> Vec<f64> {
    let first = from.log10().floor() as i32;
    let last = to.log10().ceil() as i32;
    let all = (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(power)));
    let inside: Vec<f64> = all.filter(|tick| *tick >= from && *tick <= to).collect();
    if inside.len() > 6 {
        inside.into_iter().filter(|t| (t.log10() - t.log10().round()).abs() < 1e-6).collect()
    } else {
        inside
    }
}

/// A number on an axis, without trailing zeros.
fn label(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-" { "0".into() } else { text.into() }
}

fn open(title: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>")
}

fn x_tick(svg: &mut String, x: f64, text: &str) {
    let (base, below) = (HEIGHT - BOTTOM, HEIGHT - BOTTOM + 14.0);
    let _ = write!(
        svg,
        "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{base}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>\
         <text x=\"{x:.1}\" y=\"{below}\" text-anchor=\"middle\">{text}</text>",
        base + 3.0
    );
}

fn y_tick(svg: &mut String, y: f64, text: &str) {
    let _ = write!(
        svg,
        "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
        WIDTH - RIGHT,
        LEFT - 5.0,
        y + 3.5
    );
}

/// Histogram of frame times as shares over a logarithmic axis, with lines at p50 and p99.
pub fn histogram(steps: &[(f64, u64)], time: &FrameTime) -> String {
    let frames: u64 = steps.iter().map(|(_, count)| count).sum();
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return String::new() };
    let (from, to) = (start_of_step(first.0), last.0);
    let x = Scale::horizontal(from.log10(), to.log10());
    let highest = steps.iter().map(|(_, count)| *count).max().unwrap_or(1) as f64 / frames.max(1) as f64;
    let y = Scale::vertical(100.0 * highest);
    let mut svg = open("Frames by how long they took");
    for share in ticks(0.0, 100.0 * highest, 4.0) {
        y_tick(&mut svg, y.at(share), &format!("{} %", label(share)));
    }
    for (end, count) in steps.iter().filter(|(_, count)| *count > 0) {
        let share = 100.0 * *count as f64 / frames as f64;
        let (left, right) = (x.at(start_of_step(*end).log10()), x.at(end.log10()));
        // You look for that single slow frame among thousands, so it must stay visible.
        let height = (y.at(0.0) - y.at(share)).max(1.5);
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\">\
             <title>up to {} ms: {count} frames ({share:.2} %)</title></rect>",
            y.at(0.0) - height,
            (right - left - 0.6).max(0.6),
            milliseconds(*end)
        );
    }
    let (p50, p99) = (x.at(time.p50.log10()), x.at(time.p99.log10()));
    // If both labels don't fit, p50's ends before p99's begins.
    let p99_label = p99.min(WIDTH - HALF_LABEL);
    let p50_label = p50.min(p99_label - 2.2 * HALF_LABEL);
    for (name, at, label) in [("p50", p50, p50_label), ("p99", p99, p99_label)] {
        let _ = write!(
            svg,
            "<line class=\"rank\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.1}\"/>\
             <text class=\"rank\" x=\"{label:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}</text>",
            HEIGHT - BOTTOM,
            TOP - 4.0
        );
    }
    for tick in decades(from, to) {
        // A label at the very edge would be cut off.
        x_tick(&mut svg, x.at(tick.log10()).min(WIDTH - RIGHT - 8.0), &label(tick));
    }
    svg + "</svg>"
}

/// Frame times, round after round: a line for the mean of a few consecutive frames, and a dot for the longest of
/// them. The time between two rounds, when other stages are measured, is left out.
pub fn series(points: &[Point]) -> String {
    let rounds: Vec<&[Point]> = points.chunk_by(|a, b| a.round == b.round).collect();
    let x = Scale::horizontal(0.0, points.len() as f64);
    // Outliers may be cut off at the upper edge; otherwise they would flatten everything else.
    let nearly_all = |value: fn(&Point) -> f64, share: usize| {
        let mut values: Vec<f64> = points.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get((values.len() * share / 100).min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
    };
    let usual = nearly_all(|point| point.mean_ms, 98);
    let y = Scale::vertical(1.15 * usual.max(nearly_all(|point| point.max_ms, 90).min(3.0 * usual)));
    let mut svg = open("Frame times, round after round");
    for tick in ticks(0.0, y.to, 4.0) {
        y_tick(&mut svg, y.at(tick), &label(tick));
    }
    let mut drawn = 0;
    let label_every = rounds.len().div_ceil(8);
    for (number, round) in (1..).zip(&rounds) {
        let middle = |index: usize| x.at((drawn + index) as f64 + 0.5);
        let mut line = String::new();
        for (index, point) in round.iter().enumerate() {
            let _ = write!(line, "{:.1},{:.1} ", middle(index), y.at(point.mean_ms));
            let dot = y.at(point.max_ms);
            let _ = write!(svg, "<circle class=\"max\" cx=\"{:.1}\" cy=\"{dot:.1}\" r=\"1.3\"/>", middle(index));
        }
        let _ = write!(svg, "<polyline class=\"mean\" points=\"{}\"/>", line.trim_end());
        if number % label_every == 0 {
            x_tick(&mut svg, x.at(drawn as f64 + round.len() as f64 / 2.0), &number.to_string());
        }
        drawn += round.len();
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 10.0, 4.0), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(0.0, 0.37, 4.0), [0.0, 0.1, 0.2, 0.30000000000000004]);
        assert_eq!(ticks(3.0, 3.0, 4.0), [3.0]);
        assert_eq!(decades(0.3, 6.0), [0.5, 1.0, 2.0, 5.0]);
        assert_eq!((label(0.5), label(0.0), label(20.0)), ("0.5".into(), "0".into(), "20".into()));
    }

    #[test]
    fn a_line_is_broken_between_rounds() {
        let at = |round, at| Point { round, at, mean_ms: 1.0, max_ms: 2.0 };
        // A busy machine: a pause within a round, but none between two.
        let points = [at(1, 0.0), at(1, 0.1), at(1, 3.0), at(2, 3.1), at(2, 3.2), at(2, 3.3)];
        let svg = series(&points);
        assert_eq!(svg.matches("<polyline").count(), 2);
        for line in svg.split("<polyline").skip(1) {
            assert_eq!(line.split('"').nth(3).unwrap().split(' ').count(), 3);
        }
    }
}
