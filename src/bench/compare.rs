//! `rust-gears compare`: whether two benchmarks differ, and by how much.

use crate::bench::report::{Mark, Report, Stage, Style, figure, label, parse, render};
use crate::canvas::Target;
use crate::cli::CompareArgs;
use crate::console::Output;
use crate::error::Error;
use crate::renderer::Kind;
use crate::report_file::{self, STANDARD_INPUT, shortened};
use crate::stage_name::StageName;
use crate::stats::{Ratio, mean, median, paired_ratio, ratio_in_turns, welch_ratio};
use std::path::PathBuf;

/// Confidence that all rows of a table hold. At 95 % a row, every third table would raise a false alarm.
const CONFIDENCE: f64 = 0.99;

/// A report may come from anywhere: names in it that are longer than the longest in use, in characters, are cut.
const LONGEST_NAME: usize = 100;
const LONGEST_UNIT: usize = 40;

/// Confidence that one of so many rows has to have (Bonferroni's correction).
fn confidence_of_a_row(rows: usize) -> f64 {
    1.0 - (1.0 - CONFIDENCE) / rows.max(1) as f64
}

/// By what share two runs of one program on one machine may differ anyhow: code and data lie elsewhere in memory, clocks
/// and temperature are others. The rounds of one run each cannot tell; several runs of either side do.
fn noise_floor(kind: Kind, is_one_run_each: bool) -> f64 {
    match kind {
        Kind::Software if is_one_run_each => 0.03,
        _ => 0.01,
    }
}

/// A row: a stage of two files.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The stage's name.
    pub label: String,
    /// Both figures, as in the reports, and their unit.
    pub figures: Option<(f64, f64, String)>,
    /// What came of comparing them.
    pub verdict: Verdict,
    /// Marks of either.
    pub marks: Vec<&'static str>,
}

/// What came of comparing two figures.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Speed of the second divided by that of the first, its interval widened by what runs differ by anyhow.
    Compared(Ratio),
    /// Why they cannot be compared.
    NotComparable(String),
}

impl Verdict {
    /// In words.
    pub fn text(&self) -> String {
        match self {
            Verdict::Compared(ratio) if ratio.holds_one() => "same".into(),
            Verdict::Compared(ratio) if ratio.ratio < 1.0 => {
                format!("slower by {:.1} %", 100.0 * (1.0 - ratio.ratio))
            }
            Verdict::Compared(ratio) => format!("faster by {:.1} %", 100.0 * (ratio.ratio - 1.0)),
            Verdict::NotComparable(why) => format!("not comparable: {why}"),
        }
    }

    /// Whether a gate at `least` lets it pass: it is as fast, or not slower than that for sure.
    fn passes(&self, least: f64) -> bool {
        match self {
            Verdict::Compared(ratio) => ratio.holds_one() || ratio.ratio >= least,
            Verdict::NotComparable(_) => false,
        }
    }
}

/// Compares the files, and prints a table for each but the first. Returns the exit code.
///
/// # Errors
/// Where a file cannot be read, or --fail-below is not met.
pub fn run(args: &CompareArgs) -> Result<u8, Error> {
    if args.files.iter().filter(|path| path.as_os_str() == STANDARD_INPUT).count() > 1 {
        return Err(Error::Usage(
            "standard input (-) can be read once only; give the other report as a file".into(),
        ));
    }
    let read = |path: &PathBuf| report_file::read(path, &report_file::BENCH, parse);
    let files: Vec<Vec<Report>> = args.files.iter().map(read).collect::<Result<_, _>>()?;
    let names = args.files.iter().map(|path| path.display().to_string());
    let style = if args.markdown { Style::Markdown } else { Style::Text };
    print(&names.zip(files).collect::<Vec<_>>(), args.fail_below, style)?;
    Ok(0)
}

/// Prints a table for each of the named reports but the first, which it is compared with.
///
/// # Errors
/// If `fail_below` is not met.
pub fn print(named: &[(String, Vec<Report>)], fail_below: Option<f64>, style: Style) -> Result<(), Error> {
    let mut output = Output::default();
    let mut failed = Vec::new();
    let ((first, base), others) = named.split_first().expect("there are at least two");
    for (name, other) in others {
        let rows = compare(base, other);
        output.line(&format!("{name} beside {first}\n\n{}\n", table(&rows, style)))?;
        let least = fail_below.unwrap_or(0.0);
        failed.extend(rows.into_iter().filter(|row| fail_below.is_some() && !row.verdict.passes(least)));
    }
    if failed.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> =
        failed.iter().map(|row| format!("{} is {}", row.label, row.verdict.text())).collect();
    Err(Error::Requirement(format!("--fail-below is not met: {}", reasons.join("; "))))
}

/// Compares two files' reports, stage by stage, in the order of the first's first report.
pub fn compare(base: &[Report], other: &[Report]) -> Vec<Row> {
    let mut keys: Vec<_> = Vec::new();
    for stage in base.iter().chain(other).flat_map(|report| &report.stages) {
        if !keys.contains(&(stage.stage, stage.target)) {
            keys.push((stage.stage, stage.target));
        }
    }
    let confidence = confidence_of_a_row(keys.len());
    let rows = keys.into_iter().map(|key| {
        let label = label(key.0, key.1);
        let of =
            |reports: &[Report]| -> Vec<Sample> { reports.iter().filter_map(|r| Sample::of(r, key)).collect() };
        compare_stage(label, &of(base), &of(other), confidence)
    });
    rows.collect()
}

/// One stage of one report.
struct Sample {
    stage: Stage,
    kind: Kind,
    /// What has to be the same for two of them to be compared.
    must_agree: Vec<(&'static str, String)>,
    marks: Vec<&'static str>,
    /// When it was measured, in seconds since 1970, where that was in turns with others.
    in_turns: Option<(f64, f64)>,
}

impl Sample {
    /// Whether the rounds of both were taken in turns, so that round by round they are pairs.
    fn took_turns_with(&self, other: &Sample) -> bool {
        matches!((self.in_turns, other.in_turns), (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1)
    }

    fn of(report: &Report, key: (StageName, Target)) -> Option<Sample> {
        let stage = report.stages.iter().find(|stage| (stage.stage, stage.target) == key)?.clone();
        let must_agree = vec![
            ("renderer", report.environment.renderer.renderer.clone()),
            ("size", format!("{}x{}", stage.width, stage.height)),
            ("samples", stage.samples.to_string()),
        ];
        let marks = stage.marks.iter().map(Mark::short).collect();
        let started = report.started as f64;
        let in_turns = report.settings.in_turns.then_some((started, started + report.seconds));
        Some(Sample { stage, kind: report.environment.kind, must_agree, marks, in_turns })
    }
}

fn compare_stage(label: String, base: &[Sample], other: &[Sample], confidence: f64) -> Row {
    let mut marks: Vec<&'static str> = Vec::new();
    for mark in base.iter().chain(other).flat_map(|sample| &sample.marks) {
        if !marks.contains(mark) {
            marks.push(mark);
        }
    }
    let (Some(first), Some(second)) = (base.first(), other.first()) else {
        let side = if base.is_empty() { "first" } else { "second" };
        let verdict = Verdict::NotComparable(format!("the {side} file has no such stage"));
        return Row { label, figures: None, verdict, marks };
    };
    let mean_figure = |samples: &[Sample]| mean(&samples.iter().map(|s| s.stage.figure).collect::<Vec<_>>());
    let figures = Some((mean_figure(base), mean_figure(other), second.stage.unit.clone()));
    let verdict = match difference(first, base.iter().chain(other)) {
        Some(why) => Verdict::NotComparable(why),
        None => match ratio(base, other, confidence) {
            Some(ratio) => {
                let is_one_run_each = base.len() == 1 && other.len() == 1;
                Verdict::Compared(ratio.widened(noise_floor(first.kind, is_one_run_each)))
            }
            None => Verdict::NotComparable("too few rounds, or a figure that is not positive".into()),
        },
    };
    Row { label, figures, verdict, marks }
}

/// What differs between samples that would have to be alike, and what makes any of them say nothing.
fn difference<'a>(first: &Sample, all: impl Iterator<Item = &'a Sample>) -> Option<String> {
    for sample in all {
        let pairs = first.must_agree.iter().zip(&sample.must_agree);
        if let Some(((field, a), (_, b))) = pairs.into_iter().find(|(a, b)| a != b) {
            return Some(format!("{field} {} and {}", shortened(a, LONGEST_NAME), shortened(b, LONGEST_NAME)));
        }
        if let Some(mark) =
            sample.stage.marks.iter().find(|m| matches!(m, Mark::FramesNotDrawn | Mark::CappedRate { .. }))
        {
            return Some(mark.short().into());
        }
    }
    None
}

/// The ratio of speeds. One report each: a round is a sample, and rounds taken in turns are pairs. Several: a report is a
/// sample, and equally many are pairs.
/// Of several reports the medians of their rounds count, so that a round that something else disturbed does not.
fn ratio(base: &[Sample], other: &[Sample], confidence: f64) -> Option<Ratio> {
    if let ([base], [other]) = (base, other) {
        let (in_turns, base_speeds, other_speeds) =
            (base.took_turns_with(other), base.stage.speeds(), other.stage.speeds());
        return match in_turns {
            true => ratio_in_turns(&base_speeds, &other_speeds, confidence),
            false => welch_ratio(&base_speeds, &other_speeds, confidence),
        };
    }
    let speeds =
        |samples: &[Sample]| samples.iter().map(|s| median(&s.stage.speeds())).collect::<Option<Vec<_>>>();
    let (base, other) = (speeds(base)?, speeds(other)?);
    paired_ratio(&base, &other, confidence).or_else(|| welch_ratio(&base, &other, confidence))
}

/// The rows as a table.
pub fn table(rows: &[Row], style: Style) -> String {
    let heading = ["stage", "first", "second", "", "ratio", "interval", "verdict", "marks"];
    let mut cells = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let (first, second, unit) = match &row.figures {
            Some((first, second, unit)) => (figure(*first), figure(*second), shortened(unit, LONGEST_UNIT)),
            None => Default::default(),
        };
        let (ratio, interval) = match &row.verdict {
            Verdict::Compared(r) => (format!("{:.3}", r.ratio), format!("{:.3} to {:.3}", r.low, r.high)),
            Verdict::NotComparable(_) => Default::default(),
        };
        let marks = row.marks.join(", ");
        cells.push(vec![row.label.clone(), first, second, unit, ratio, interval, row.verdict.text(), marks]);
    }
    render(&cells, &[3, 6, 7], style)
}
