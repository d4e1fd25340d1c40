//! A benchmark as CSV (RFC 4180): one line per stage.

use super::Report;

const COLUMNS: [&str; 24] = [
    "stage",
    "target",
    "width",
    "height",
    "samples",
    "load",
    "figure",
    "unit",
    "interval_low",
    "interval_high",
    "frames",
    "seconds",
    "mean_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "p99_9_ms",
    "low_1_percent_fps",
    "cpu_ms",
    "gpu_ms",
    "limited_by",
    "link_share",
    "marks",
    "renderer",
];

/// The report as CSV with a header line. Unknown values are empty.
pub fn csv(report: &Report) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let number = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    let in_memory = "writing to memory can't fail";
    writer.write_record(COLUMNS).expect(in_memory);
    for stage in &report.stages {
        let time = stage.frame_time;
        let marks = report.marks.iter().chain(&stage.marks).map(|mark| mark.short()).collect::<Vec<_>>().join(";");
        let record: [String; COLUMNS.len()] = [
            stage.stage.text().into(),
            stage.target.text().into(),
            stage.width.to_string(),
            stage.height.to_string(),
            stage.samples.to_string(),
            stage.load.to_string(),
            stage.figure.to_string(),
            stage.unit.clone(),
            number(stage.interval.map(|(low, _)| low)),
            number(stage.interval.map(|(_, high)| high)),
            stage.frames.to_string(),
            stage.seconds.to_string(),
            number(time.map(|t| t.mean)),
            number(time.map(|t| t.p50)),
            number(time.map(|t| t.p95)),
            number(time.map(|t| t.p99)),
            number(time.and_then(|t| t.p99_9)),
            number(time.map(|t| t.low_1_percent_fps)),
            number(stage.cpu_ms),
            number(stage.gpu_ms),
            stage.limited_by.map(|limit| limit.text().to_owned()).unwrap_or_default(),
            number(stage.link_share),
            marks,
            report.environment.renderer.renderer.clone(),
        ];
        writer.write_record(record).expect(in_memory);
    }
    String::from_utf8(writer.into_inner().expect(in_memory)).expect("only text is written")
}
