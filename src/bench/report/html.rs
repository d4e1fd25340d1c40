//! One self-contained page: no scripts, no fonts, nothing fetched. To look at, and to send.

use super::table::{advice, figure, frame_times, milliseconds, pcie, plus_minus};
use super::{Report, Stage, svg};
use crate::canvas::SwapIntervalReport;
use std::fmt::Write;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6877; --line: #d9dee5; --card: #fff; --page: #f4f6f8;
  --frame: #8b96a5; --cpu: #2b6cb0; --gpu: #2f855a; --show: #c05621; --warn: #8a4b08; --warn-page: #fdf3e3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa5b4; --line: #333d49; --card: #1b222b;
  --page: #12171d; --frame: #778292; --cpu: #63a4e8; --gpu: #58b98a; --show: #e58a56; --warn: #f0c27a;
  --warn-page: #33291a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 24px; margin: 0 0 2px; }
h2 { font-size: 18px; margin: 34px 0 12px; }
h3 { font-size: 16px; margin: 0; }
p { margin: 4px 0; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; margin: 14px 0; }
.warn { background: var(--warn-page); color: var(--warn); border: 1px solid var(--line); border-left: 4px solid var(--warn);
  border-radius: 6px; padding: 8px 12px; margin: 8px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child, .left { text-align: left !important; }
tr:last-child td { border-bottom: 0; }
.top { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline; }
.big { font-size: 22px; font-weight: 600; }
.chip { border: 1px solid var(--line); border-radius: 99px; padding: 1px 10px; font-size: 13px; color: var(--soft); }
.plots { display: grid; grid-template-columns: 1fr 1fr; gap: 18px; margin-top: 12px; }
@media (max-width: 900px) { .plots { grid-template-columns: 1fr; } svg { max-width: 500px; } }
.plots h4 { margin: 0 0 4px; font-size: 13px; font-weight: 500; color: var(--soft); }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 8.5px; fill: var(--soft); }
@media (max-width: 480px) { svg text { font-size: 12px; } }
@media (max-width: 400px) { svg text { font-size: 14px; } }
.axis { stroke: var(--soft); } .grid { stroke: var(--line); }
.bar { fill: var(--cpu); } .mean { fill: none; stroke: var(--cpu); stroke-width: 1.6; }
.max { fill: var(--frame); opacity: .55; } line.rank { stroke: var(--show); stroke-dasharray: 3 3; }
svg text.rank { fill: var(--show); }
.shares { display: grid; grid-template-columns: max-content 1fr max-content; gap: 4px 12px; align-items: center;
  margin-top: 10px; font-size: 13px; font-variant-numeric: tabular-nums; }
.track { height: 10px; border-radius: 3px; background: color-mix(in srgb, var(--line) 60%, transparent); overflow: hidden; }
.track i { display: block; height: 100%; border-radius: 3px; }
.whole i { background: var(--frame); } .cpu i { background: var(--cpu); } .gpu i { background: var(--gpu); }
.show i { background: var(--show); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 30px; font-size: 13px; color: var(--soft); }
";

/// The report as a page.
pub fn page(report: &Report) -> String {
    let e = &report.environment;
    let renderer = escape(&e.renderer.renderer);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>rust-gears bench: {renderer}</title><style>{STYLE}</style></head>\
         <body><main><h1>{renderer}</h1><p class=\"soft\">{} rendering &middot; {} &middot; {} &middot; {}</p>",
        e.kind,
        match &e.container {
            Some(runtime) => format!("in a container ({})", escape(runtime)),
            None => "on the host".into(),
        },
        escape(&e.cpu),
        date(report.started),
    );
    if report.interrupted_by.is_some() {
        page += "<p class=\"warn\">Interrupted: not all was measured.</p>";
    }
    for line in advice(report) {
        let _ = write!(page, "<p class=\"warn\">{}</p>", prose(line.trim_start_matches("! ")));
    }
    page += "<h2>Figures</h2><div class=\"card scroll\"><table><tr><th>stage</th><th>figure</th>\
             <th class=\"left\"></th><th>95 % interval</th><th>p50 ms</th><th>p95 ms</th><th>p99 ms</th>\
             <th>p99.9 ms</th><th>1 % low FPS</th><th class=\"left\">limited by</th></tr>";
    report.stages.iter().for_each(|stage| page += &row(stage));
    page += "</table></div><h2>Where a frame's time goes</h2>";
    report.stages.iter().filter(|stage| stage.frame_time.is_some()).for_each(|s| page += &card(s, report));
    let _ = write!(page, "<h2>Measured on</h2><div class=\"card\"><dl>{}</dl></div>", environment(report));
    let _ = writeln!(
        page,
        "<footer><p>The figure is work done divided by time taken. Its interval holds the true figure with 95 % \
         confidence (Student&rsquo;s t on the logarithms of {} rounds&rsquo; rates; the rounds of all stages take \
         turns). 1 % low is 1 / mean frame time of the frames that take at least p99. CPU and GPU work at the same \
         time, so their bars do not add up to the frame; CPU is the time of all threads, and may exceed it.</p>\
         <p>{}, schema {}</p></footer></main></body></html>",
        report.settings.rounds,
        escape(&report.program),
        escape(&report.schema),
    );
    page
}

fn row(stage: &Stage) -> String {
    let times = frame_times(stage).map(|time| format!("<td>{time}</td>")).concat();
    format!(
        "<tr><td>{}</td><td><b>{}</b></td><td class=\"left\">{}</td><td>{}</td>{times}<td class=\"left\">{}</td></tr>",
        escape(&stage.label()),
        figure(stage.figure),
        escape(&stage.unit),
        plus_minus(stage),
        stage.limited_by.map_or("", |limit| limit.text()),
    )
}

/// A stage with its plots.
fn card(stage: &Stage, report: &Report) -> String {
    let Some(time) = &stage.frame_time else { return String::new() };
    let mut chips: Vec<String> = vec![format!("{}x{}", stage.width, stage.height)];
    chips.extend((stage.samples > 0).then(|| format!("{} samples", stage.samples)));
    chips.extend(stage.limited_by.map(|limit| format!("limited by {}", limit.text())));
    chips.extend(stage.also.clone());
    let link = stage.link_share.zip(report.environment.pcie.as_ref());
    chips.extend(link.map(|(share, link)| format!("{:.0} % of {}", 100.0 * share, pcie(link))));
    chips.extend(stage.marks.iter().map(|mark| mark.short().to_owned()));
    let chips: String = chips.iter().map(|chip| format!("<span class=\"chip\">{}</span>", escape(chip))).collect();
    // What showing costs is known where the same frame was measured off-screen, too.
    let present = report.stages.iter().find(|other| !other.more_is_better && other.target == stage.target);
    let parts = [
        ("frame", "whole", Some(time.mean)),
        ("CPU", "cpu", stage.cpu_ms),
        ("GPU", "gpu", stage.gpu_ms),
        ("showing", "show", present.map(|present| present.figure.max(0.0))),
    ];
    let longest = parts.iter().filter_map(|(_, _, ms)| *ms).fold(time.mean, f64::max);
    let bars: String = parts
        .iter()
        .filter_map(|(name, class, ms)| Some((name, class, (*ms)?)))
        .map(|(name, class, ms)| {
            format!(
                "<span>{name}</span><span class=\"track {class}\"><i style=\"width:{:.1}%\"></i></span>\
                 <span>{} ms</span>",
                100.0 * ms / longest,
                milliseconds(ms)
            )
        })
        .collect();
    format!(
        "<section class=\"card\"><div class=\"top\"><h3>{}</h3><span class=\"big\">{} {}</span>\
         <span class=\"soft\">{}</span>{chips}</div><div class=\"shares\">{bars}</div><div class=\"plots\">\
         <div><h4>Frames by how long they took, in ms</h4>{}</div>\
         <div><h4>Frame time in ms, round after round: mean as a line, longest as dots</h4>{}</div></div></section>",
        escape(&stage.label()),
        figure(stage.figure),
        escape(&stage.unit),
        plus_minus(stage),
        svg::histogram(&stage.histogram, time),
        svg::series(&stage.series),
    )
}

fn environment(report: &Report) -> String {
    let e = &report.environment;
    let rows: [(&str, Option<String>); 13] = [
        ("OpenGL", Some(format!("{} ({})", e.renderer.version, e.renderer.vendor))),
        ("NVIDIA kernel driver", e.nvidia_driver.clone()),
        ("context", Some(format!("{} on {}", e.api, e.device))),
        ("display", e.display.clone()),
        ("swap interval", e.swap_interval.as_ref().map(SwapIntervalReport::words)),
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
        ("rounds", Some(format!("{} of {:.2} s a stage", report.settings.rounds, report.settings.round_seconds))),
        ("took", Some(format!("{:.0} s", report.seconds))),
    ];
    let known = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    known.map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", escape(&value))).collect()
}

/// A point in time as a day and a time of day, UTC.
fn date(seconds: u64) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string().replace('T', " ").replace('Z', " UTC")
}

/// Text that is no markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text as markup, with what stands between backticks as code.
fn prose(text: &str) -> String {
    let text = escape(text);
    let parts = text.split('`').enumerate();
    parts.map(|(i, part)| if i % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_mark_code() {
        assert_eq!(prose("see `a <b>` and `c`"), "see <code>a &lt;b&gt;</code> and <code>c</code>");
        assert_eq!(prose("plain"), "plain");
    }

    #[test]
    fn text_is_no_markup() {
        assert_eq!(escape("<b>\"&\"</b>"), "&lt;b&gt;&quot;&amp;&quot;&lt;/b&gt;");
    }

    #[test]
    fn dates_are_utc() {
        assert_eq!(date(86_400 + 3661), "1970-01-02 01:01:01 UTC");
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
    }
}
