//! `rust-gears compare`: do two benchmarks differ, and by how much?

use super::comparison::Comparison;
use crate::bench::report::{Environment, Mark, Report, Stage, figure, label, parse};
use crate::canvas::Target;
use crate::console::Output;
use crate::error::Error;
use crate::renderer::{Kind, Renderer};
use crate::report_file::{self, STANDARD_INPUT, shortened};
use crate::request::{Compare, Judging};
use crate::stage_name::StageName;
use crate::stats::{Ratio, mean, median, paired_ratio, ratio_in_turns, welch_ratio};
use crate::text_table::{self, Style};
use std::path::PathBuf;

/// Confidence that all rows of a table hold. At 95 %, every third table would raise a false alarm.
const CONFIDENCE: f64 = 0.99;

/// Reports can come from anywhere. Names longer than this many characters, which none in use is, are truncated.
const LONGEST_NAME: usize = 100;
const LONGEST_UNIT: usize = 40;

/// Confidence required of each of this many rows (Bonferroni's correction).
fn confidence_of_a_row(rows: usize) -> f64 {
    1.0 - (1.0 - CONFIDENCE) / rows.max(1) as f64
}

/// How much two runs of the same program on the same machine can differ, as a fraction: memory layout, clocks and
/// temperature vary. One run each can't reveal this through its rounds; several runs on either side can.
fn noise_floor(kind: Kind, is_one_run_each: bool) -> f64 {
    match kind {
        Kind::Software if is_one_run_each => 0.03,
        _ => 0.01,
    }
}

/// One stage of two files.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub label: String,
    /// Both figures as reported, and their unit.
    pub figures: Option<(f64, f64, String)>,
    pub comparison: Comparison,
    /// The marks of both, and what differs between them but doesn't make them incomparable.
    pub marks: Vec<String>,
}

/// Compares the files and prints a table for each except the first. Returns the exit code.
///
/// # Errors
/// Returns an error if a file can't be read, or if --fail-below isn't met.
pub fn run(request: &Compare) -> Result<u8, Error> {
    if request.files.iter().filter(|path| path.as_os_str() == STANDARD_INPUT).count() > 1 {
        return Err(Error::Usage(
            "standard input (-) can be read once only; save the other report in a file and name that".into(),
        ));
    }
    let read = |path: &PathBuf| report_file::read(path, &report_file::BENCH, parse);
    let files: Vec<Vec<Report>> = request.files.iter().map(read).collect::<Result<_, _>>()?;
    let names = request.files.iter().map(|path| path.display().to_string());
    let style = if request.markdown { Style::Markdown } else { Style::Text };
    print(&names.zip(files).collect::<Vec<_>>(), request.judging, style)?;
    Ok(0)
}

/// Compares each of the named reports with the first, and prints a table for it.
///
/// # Errors
/// Returns an error if the gate of `judging` isn't met.
pub fn print(named: &[(String, Vec<Report>)], judging: Judging, style: Style) -> Result<(), Error> {
    let mut output = Output::default();
    let mut failed = Vec::new();
    let ((first, base), others) = named.split_first().expect("at least two reports");
    for (name, other) in others {
        let rows = compare(base, other);
        output.line(&format!("{name} compared with {first}\n\n{}\n", table(&rows, judging, style)))?;
        failed.extend(rows.into_iter().filter(|row| !row.comparison.passes(judging)));
    }
    if failed.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> =
        failed.iter().map(|row| format!("{}: {}", row.label, row.comparison.text(judging))).collect();
    Err(Error::Requirement(format!("--fail-below is not met: {}", reasons.join("; "))))
}

/// Compares two files' reports stage by stage, in the order of the first report.
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

struct Sample {
    stage: Stage,
    renderer: Renderer,
    kind: Kind,
    /// When its benchmark started, in seconds since 1970.
    started: u64,
    /// What must be equal for two samples to be comparable.
    must_agree: Vec<(&'static str, String)>,
    marks: Vec<&'static str>,
    /// Start and end of the measurement in seconds since 1970, if it took turns with others.
    in_turns: Option<(f64, f64)>,
}

impl Sample {
    /// Whether the rounds of both were taken in turns and can therefore be paired.
    fn took_turns_with(&self, other: &Sample) -> bool {
        matches!((self.in_turns, other.in_turns), (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1)
    }

    fn of(report: &Report, key: (StageName, Target)) -> Option<Sample> {
        let stage = report.stages.iter().find(|stage| (stage.stage, stage.target) == key)?.clone();
        let gears = report.settings.gears.map_or("as many as it takes".into(), |gears| gears.to_string());
        let must_agree = vec![
            ("size", format!("{}x{}", stage.width, stage.height)),
            ("samples", stage.samples.to_string()),
            ("gears (--gears)", gears),
        ];
        let marks = stage.marks.iter().map(Mark::short).collect();
        let begin = report.started as f64;
        let in_turns = report.settings.in_turns.then_some((begin, begin + report.seconds));
        let Environment { renderer, kind, .. } = &report.environment;
        let (renderer, kind, started) = (renderer.clone(), *kind, report.started);
        Some(Sample { stage, renderer, kind, started, must_agree, marks, in_turns })
    }
}

fn compare_stage(label: String, base: &[Sample], other: &[Sample], confidence: f64) -> Row {
    let mut marks: Vec<String> = Vec::new();
    for mark in base.iter().chain(other).flat_map(|sample| &sample.marks) {
        if !marks.iter().any(|known| known == mark) {
            marks.push((*mark).into());
        }
    }
    let (Some(first), Some(second)) = (base.first(), other.first()) else {
        let side = if base.is_empty() { "first" } else { "second" };
        let comparison = Comparison::NotComparable(format!("the {side} file doesn't have this stage"));
        return Row { label, figures: None, comparison, marks };
    };
    marks.extend(first.renderer.other_versions(&second.renderer));
    if first.stage.load != second.stage.load {
        marks.push(format!("load {} and {}", first.stage.load, second.stage.load));
    }
    let mean_figure = |samples: &[Sample]| mean(&samples.iter().map(|s| s.stage.figure).collect::<Vec<_>>());
    let figures = Some((mean_figure(base), mean_figure(other), second.stage.unit.clone()));
    let obstacle = difference(first, base.iter().chain(other)).or_else(|| no_comparison(base, other));
    let comparison = match obstacle {
        Some(why) => Comparison::NotComparable(why),
        None => match ratio(base, other, confidence) {
            Some(ratio) => {
                let is_one_run_each = base.len() == 1 && other.len() == 1;
                Comparison::Compared { ratio, noise: noise_floor(first.kind, is_one_run_each) }
            }
            None => Comparison::NotComparable("one report is too few beside several".into()),
        },
    };
    Row { label, figures, comparison, marks }
}

/// Why the rounds of two sides say nothing about their ratio.
fn no_comparison(base: &[Sample], other: &[Sample]) -> Option<String> {
    let is_in_base =
        |sample: &Sample| base.iter().any(|b| (b.started, &b.stage) == (sample.started, &sample.stage));
    if other.iter().any(is_in_base) {
        return Some("both files contain the same measurement".into());
    }
    for (sample, side) in base.iter().map(|s| (s, "first")).chain(other.iter().map(|s| (s, "second"))) {
        let Stage { rounds, unit, .. } = &sample.stage;
        if let Some(round) = rounds.iter().find(|round| !(round.is_finite() && **round > 0.0)) {
            let unit = shortened(unit, LONGEST_UNIT);
            return Some(format!("a round of the {side} file is {} {unit}, which has no ratio", figure(*round)));
        }
    }
    let (fewest, side) = [(base, "first"), (other, "second")]
        .map(|(samples, side)| (samples.iter().map(|s| s.stage.rounds.len()).min().unwrap_or(0), side))
        .into_iter()
        .min()?;
    let is_one_run_each = base.len() == 1 && other.len() == 1;
    (fewest < if is_one_run_each { 2 } else { 1 })
        .then(|| format!("too few rounds: the {side} file has {fewest}; measure more (--rounds)"))
}

/// What differs between samples that should be alike, or what makes a sample meaningless.
fn difference<'a>(first: &Sample, all: impl Iterator<Item = &'a Sample>) -> Option<String> {
    for sample in all {
        let (a, b) = (&first.renderer, &sample.renderer);
        if !a.is_same_device(b) {
            let name = |renderer: &Renderer| shortened(&renderer.renderer, LONGEST_NAME);
            return Some(format!("renderer {} and {}", name(a), name(b)));
        }
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

/// The ratio of speeds. With one report each, each round is a sample, and rounds taken in turns are paired. With
/// several, each report is a sample (the median of its rounds, which ignores a disturbed round), paired if both sides
/// have equally many.
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

pub fn table(rows: &[Row], judging: Judging, style: Style) -> String {
    let heading = ["stage", "first", "second", "", "ratio", "interval", "result", "marks"];
    let mut cells = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let (first, second, unit) = match &row.figures {
            Some((first, second, unit)) => (figure(*first), figure(*second), shortened(unit, LONGEST_UNIT)),
            None => Default::default(),
        };
        let (ratio, interval) = match &row.comparison {
            Comparison::Compared { ratio: r, .. } => {
                (format!("{:.3}", r.ratio), format!("{:.3} to {:.3}", r.low, r.high))
            }
            Comparison::NotComparable(_) => Default::default(),
        };
        let marks = row.marks.join(", ");
        let result = row.comparison.text(judging);
        cells.push(vec![row.label.clone(), first, second, unit, ratio, interval, result, marks]);
    }
    text_table::format(&cells, &[3, 6, 7], style)
}
