//! The report as a table.

use super::{Environment, Mark, PcieLink, Report, Stage};
use crate::text_table::{self, Style};

const HEADING: [&str; 13] = [
    "stage",
    "figure",
    "95 %",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "p99.9",
    "1 % low",
    "CPU ms",
    "GPU ms",
    "limited by",
    "that is",
    "marks",
];

/// The report as a table, preceded by the environment and followed by advice.
pub fn table(report: &Report, style: Style) -> String {
    let mut rows = vec![HEADING.map(str::to_owned).to_vec()];
    rows.extend(report.stages.iter().map(|stage| row(stage, &report.environment)));
    let mut parts = vec![environment(report, style)];
    if rows.len() > 1 {
        parts.push(text_table::format(&rows, &[10, 11, 12], style));
    }
    let advice = advice(report);
    if !advice.is_empty() {
        parts.push(advice.join(if style == Style::Markdown { "  \n" } else { "\n" }));
    }
    parts.join("\n\n")
}

/// The environment, in a few lines.
fn environment(report: &Report, style: Style) -> String {
    let e = &report.environment;
    let driver = e.nvidia_driver.as_ref().map(|v| format!(", kernel driver {v}")).unwrap_or_default();
    let place = e.container.as_ref().map_or_else(
        || "not in a container".to_owned(),
        |runtime| format!("in a container ({runtime}, GPU: {})", e.gpu_way.as_deref().unwrap_or("unknown")),
    );
    let pcie = e.pcie.as_ref().map(|link| format!(", {}", self::pcie(link))).unwrap_or_default();
    let swap = e.swap_interval.as_ref().map(|s| format!(", swap interval: {}", s.words()));
    let lines = [
        format!("{} ({}), {}{driver}", e.renderer.renderer, e.kind, e.renderer.opengl()),
        format!("through {} on {}{}{pcie}", e.api, e.device, swap.unwrap_or_default()),
        format!("{} x {}, Linux {}, {place}", e.cpus, e.cpu, e.kernel),
        format!(
            "{:.0} s, {} rounds of {:.2} s per stage{}",
            report.seconds,
            report.settings.rounds,
            report.settings.round_seconds,
            if report.interrupted_by.is_some() { ", INTERRUPTED before everything was measured" } else { "" }
        ),
    ];
    lines.join(if style == Style::Markdown { "  \n" } else { "\n" })
}

pub fn pcie(link: &PcieLink) -> String {
    let PcieLink { gigatransfers, lanes, gigabytes_per_second, .. } = link;
    format!("PCIe {gigatransfers} GT/s x{lanes} ({gigabytes_per_second:.1} GB/s)")
}

fn row(stage: &Stage, environment: &Environment) -> Vec<String> {
    let ms = |n: Option<f64>| n.map(milliseconds).unwrap_or_default();
    let share = stage.link_share.zip(environment.pcie.as_ref());
    let that_is = stage.also.clone().into_iter().chain(share.map(|(share, link)| {
        format!("{:.0} % of PCIe {} GT/s x{}", 100.0 * share, link.gigatransfers, link.lanes)
    }));
    let mut cells = vec![stage.label(), format!("{} {}", figure(stage.figure), stage.unit), plus_minus(stage)];
    cells.extend(frame_times(stage));
    cells.extend([
        ms(stage.cpu_ms),
        ms(stage.gpu_ms),
        stage.limited_by.map(|limit| limit.text().to_owned()).unwrap_or_default(),
        that_is.collect::<Vec<_>>().join(", "),
        stage.marks.iter().map(Mark::short).collect::<Vec<_>>().join(", "),
    ]);
    cells
}

/// Frame times p50, p95, p99 and p99.9 in milliseconds, and the FPS of the slowest 1 %; empty if unknown.
pub fn frame_times(stage: &Stage) -> [String; 5] {
    let Some(time) = stage.frame_time else { return Default::default() };
    [
        milliseconds(time.p50),
        milliseconds(time.p95),
        milliseconds(time.p99),
        time.p99_9.map(milliseconds).unwrap_or_default(),
        figure(time.low_1_percent_fps),
    ]
}

/// The confidence interval as a percentage: `±0.5 %`.
pub fn plus_minus(stage: &Stage) -> String {
    let Some((low, high)) = stage.interval else { return "unknown".into() };
    match (high - low) / 2.0 / stage.figure.abs() {
        share if share.is_finite() => format!("±{:.1} %", 100.0 * share),
        _ => "unknown".into(),
    }
}

/// All marks with their advice, one per line, each with the stages concerned.
pub fn advice(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.marks.iter().map(|mark| format!("! {mark}")).collect();
    let mut seen: Vec<&str> = Vec::new();
    for mark in report.stages.iter().flat_map(|stage| &stage.marks) {
        if seen.contains(&mark.short()) {
            continue;
        }
        seen.push(mark.short());
        let alike = |stage: &&Stage| stage.marks.iter().any(|other| other.short() == mark.short());
        let stages: Vec<String> = report.stages.iter().filter(alike).map(Stage::label).collect();
        lines.push(format!("! {}: {mark}", stages.join(", ")));
    }
    lines
}

/// A number with four significant digits and thousands separators.
pub fn figure(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 1000.0 => 0,
        v if v >= 100.0 => 1,
        v if v >= 10.0 => 2,
        v if v >= 0.1 => 3,
        _ => 5,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    format!("{sign}{}{rest}", groups.join(","))
}

/// Milliseconds with three significant digits.
pub fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 0.1 => format!("{ms:.4}"),
        ms if ms < 1.0 => format!("{ms:.3}"),
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms => format!("{ms:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_digits_that_count() {
        for (value, expected) in [
            (1_234_567.8, "1,234,568"),
            (999.96, "1,000.0"),
            (123.45, "123.5"),
            (12.345, "12.35"),
            (-1234.0, "-1,234"),
            (0.5, "0.500"),
            (0.01234, "0.01234"),
        ] {
            assert_eq!(figure(value), expected);
        }
    }
}
