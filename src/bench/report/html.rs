//! A benchmark as one self-contained page that loads nothing: no scripts and no fonts. Its markup is page.html.

use super::table::{advice, figure, frame_times, milliseconds, pcie, plus_minus};
use super::{FrameTime, Report, Stage, svg};
use crate::canvas::MeasuredSwapInterval;
use askama::Template;

/// What page.html shows.
#[derive(Template)]
#[template(path = "page.html", config = "src/bench/report/askama.toml")]
struct Page {
    renderer: String,
    kind: String,
    place: String,
    cpu: String,
    date: String,
    is_interrupted: bool,
    /// Each line in pieces: prose, code, prose …
    advice: Vec<Vec<String>>,
    rows: Vec<Row>,
    cards: Vec<Card>,
    environment: Vec<(&'static str, String)>,
    rounds: u32,
    program: String,
    schema: String,
}

/// A stage's figures.
struct Row {
    name: String,
    figure: String,
    unit: String,
    interval: String,
    times: [String; 5],
    limited_by: &'static str,
}

/// A stage with its plots, which are SVG.
struct Card {
    row: Row,
    chips: Vec<String>,
    bars: Vec<Bar>,
    histogram: String,
    series: String,
}

/// A part of a frame's time.
struct Bar {
    name: &'static str,
    class: &'static str,
    /// Of the longest part.
    percent: String,
    milliseconds: String,
}

/// The report as a page.
pub fn page(report: &Report) -> String {
    let e = &report.environment;
    let page = Page {
        renderer: e.renderer.renderer.clone(),
        kind: e.kind.to_string(),
        place: e.container.as_ref().map_or("on the host".into(), |runtime| format!("in a container ({runtime})")),
        cpu: e.cpu.clone(),
        date: date(report.started),
        is_interrupted: report.interrupted_by.is_some(),
        advice: advice(report).iter().map(|line| pieces(line.trim_start_matches("! "))).collect(),
        rows: report.stages.iter().map(row).collect(),
        cards: report
            .stages
            .iter()
            .filter_map(|stage| Some(card(stage, stage.frame_time.as_ref()?, report)))
            .collect(),
        environment: environment(report),
        rounds: report.settings.rounds,
        program: report.program.clone(),
        schema: report.schema.clone(),
    };
    page.render().expect("nothing in the template can fail")
}

fn row(stage: &Stage) -> Row {
    Row {
        name: stage.label(),
        figure: figure(stage.figure),
        unit: stage.unit.clone(),
        interval: plus_minus(stage),
        times: frame_times(stage),
        limited_by: stage.limited_by.map_or("", |limit| limit.text()),
    }
}

fn card(stage: &Stage, time: &FrameTime, report: &Report) -> Card {
    let mut chips: Vec<String> = vec![format!("{}x{}", stage.width, stage.height)];
    chips.extend((stage.samples > 0).then(|| format!("{} samples", stage.samples)));
    chips.extend(stage.limited_by.map(|limit| format!("limited by {}", limit.text())));
    chips.extend(stage.also.clone());
    let link = stage.link_share.zip(report.environment.pcie.as_ref());
    chips.extend(link.map(|(share, link)| format!("{:.0} % of {}", 100.0 * share, pcie(link))));
    chips.extend(stage.marks.iter().map(|mark| mark.short().to_owned()));
    // What showing costs is known if the same frame was measured off-screen, too.
    let present = report.stages.iter().find(|other| !other.more_is_better && other.target == stage.target);
    let parts = [
        ("frame", "whole", Some(time.mean)),
        ("CPU", "cpu", stage.cpu_ms),
        ("GPU", "gpu", stage.gpu_ms),
        ("showing", "show", present.map(|present| present.figure.max(0.0))),
    ];
    let longest = parts.iter().filter_map(|(_, _, ms)| *ms).fold(time.mean, f64::max);
    let bar = |(name, class, ms): (_, _, Option<f64>)| {
        let ms = ms?;
        Some(Bar { name, class, percent: format!("{:.1}", 100.0 * ms / longest), milliseconds: milliseconds(ms) })
    };
    Card {
        row: row(stage),
        chips,
        bars: parts.into_iter().filter_map(bar).collect(),
        histogram: svg::histogram(&stage.histogram, time),
        series: svg::series(&stage.series),
    }
}

fn environment(report: &Report) -> Vec<(&'static str, String)> {
    let e = &report.environment;
    let rows: [(&'static str, Option<String>); 13] = [
        ("OpenGL", Some(format!("{} ({})", e.renderer.version, e.renderer.vendor))),
        ("NVIDIA kernel driver", e.nvidia_driver.clone()),
        ("context", Some(format!("{} on {}", e.api, e.device))),
        ("display", e.display.clone()),
        ("swap interval", e.swap_interval.as_ref().map(MeasuredSwapInterval::words)),
        ("container", Some(e.container.clone().unwrap_or_else(|| "none".into()))),
        ("GPU in the container", e.gpu_way.clone()),
        ("link", e.pcie.as_ref().map(|link| format!("{} at {}", pcie(link), link.address))),
        ("processor", Some(format!("{} x {}", e.cpus, e.cpu))),
        ("kernel", Some(e.kernel.clone())),
        (
            "variables",
            (!e.variables.is_empty())
                .then(|| e.variables.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" ")),
        ),
        (
            "rounds",
            Some(format!("{} of {:.2} s per stage", report.settings.rounds, report.settings.round_seconds)),
        ),
        ("took", Some(format!("{:.0} s", report.seconds))),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A point in time as a day and a time of day, UTC.
fn date(seconds: u64) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string().replace('T', " ").replace('Z', " UTC")
}

/// Text in pieces, every second one of which stood between backticks.
fn pieces(text: &str) -> Vec<String> {
    text.split('`').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_markup_and_backticks_mark_code() {
        let hostile = || "<b>\"&\"</b>".to_owned();
        let page = Page {
            renderer: hostile(),
            kind: hostile(),
            place: hostile(),
            cpu: hostile(),
            date: hostile(),
            is_interrupted: true,
            advice: vec![pieces("see `a <b>` and `c`")],
            rows: Vec::new(),
            cards: Vec::new(),
            environment: vec![("processor", hostile())],
            rounds: 5,
            program: hostile(),
            schema: hostile(),
        };
        let page = page.render().unwrap();
        assert!(!page.contains("<b>"), "{page}");
        assert!(page.contains("see <code>a &#60;b&#62;</code> and <code>c</code></p>"), "{page}");
    }

    #[test]
    fn dates_are_utc() {
        assert_eq!(date(86_400 + 3661), "1970-01-02 01:01:01 UTC");
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
    }
}
