//! Doctor's report, as text and as JSON, and its catalogue.

use crate::doctor::checks::{Finding, Level, Topic, Words, diagnose, launch_rows, rows};
use crate::doctor::facts::{Facts, SCHEMA};
use crate::doctor::host::Host;
use crate::doctor::verdict::verdict;
use crate::machine::{Gpu, gpu_table};
use crate::report_file;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// A report. As JSON it contains the facts, from which everything else follows.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The format's version.
    pub schema: u32,
    /// The program's version.
    pub program: String,
    /// A GPU draws the right picture where the program would draw.
    pub draws_in_hardware: bool,
    pub verdict: String,
    pub findings: Vec<Finding>,
    /// Every GPU, with all of its names.
    pub gpus: Vec<Gpu>,
    /// What the findings follow from.
    pub facts: Facts,
}

/// What is read from a foreign report; its facts are judged again.
#[derive(Deserialize)]
struct Written {
    facts: Facts,
}

/// The same of scripts/doctor, whose container may not have started.
#[derive(Deserialize)]
struct WrittenByScript {
    host: Host,
    facts: Option<Facts>,
}

/// What a report is about.
#[derive(Debug)]
pub enum Source {
    /// The container, or whatever else the program ran in.
    Inside(Box<Facts>),
    /// The machine and, if the container started, the container.
    Host(Host, Option<Box<Facts>>),
}

/// Identifies doctor's reports before the rest is parsed.
#[derive(Deserialize)]
struct Head {
    schema: Option<u32>,
    host: Option<IgnoredAny>,
}

impl Report {
    /// Judges the facts.
    pub fn new(facts: Facts) -> Report {
        let findings = diagnose(&facts);
        Report {
            schema: SCHEMA,
            program: format!("rust-gears {}", env!("CARGO_PKG_VERSION")),
            draws_in_hardware: facts.draws_right_in_hardware(),
            verdict: verdict(&facts, &findings),
            findings,
            gpus: facts.gpus(),
            facts,
        }
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("structs with string keys are JSON")
    }

    /// What is in a JSON report.
    ///
    /// # Errors
    /// Returns why it isn't a report.
    pub fn source_of(bytes: &[u8]) -> Result<Source, String> {
        let fault = |e: serde_json::Error| report_file::fault(&e);
        match serde_json::from_slice::<Head>(bytes) {
            Ok(Head { schema: Some(SCHEMA), host: None }) => serde_json::from_slice(bytes)
                .map(|Written { facts }| Source::Inside(Box::new(facts)))
                .map_err(fault),
            Ok(Head { schema: Some(SCHEMA), host: Some(_) }) => serde_json::from_slice(bytes)
                .map(|WrittenByScript { host, facts }| Source::Host(host, facts.map(Box::new)))
                .map_err(fault),
            Ok(Head { schema: Some(other), .. }) => {
                Err(format!("its schema is {other}, and this program reads {SCHEMA}"))
            }
            Ok(_) => Err("it is JSON, but in another format".into()),
            Err(e) if e.is_data() => Err("it is JSON, but in another format".into()),
            Err(e) => Err(fault(e)),
        }
    }
}

/// The report for people: one line per finding, the verdict at the end.
pub fn text(report: &Report) -> String {
    let mut lines = body(report);
    lines.push(String::new());
    lines.push(verdict_line(&report.verdict));
    lines.join("\n")
}

pub(super) fn verdict_line(verdict: &str) -> String {
    let verdict: Vec<String> = verdict.lines().map(one_line).collect();
    format!("verdict: {}", verdict.join("\n         "))
}

/// The report without its verdict.
pub(super) fn body(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.findings.iter().flat_map(finding).collect();
    if report.gpus.len() > 1 {
        lines.push(String::new());
        lines.extend(gpu_table(&report.gpus).iter().map(|line| one_row(line)));
    }
    lines
}

/// Width of the columns before a finding's text.
const INDENT: usize = 22;

fn finding(finding: &Finding) -> Vec<String> {
    let row = finding.row.map(u8::from);
    let mut lines = vec![headline(finding.level, finding.topic.name(), &finding.seen, row)];
    lines.extend(explanation(finding.cause.as_deref(), finding.fix.as_deref()));
    for consequence in &finding.consequences {
        let row = consequence.row.map(|row| format!(" [{row}]")).unwrap_or_default();
        let (topic, seen) = (consequence.topic.name(), one_line(&consequence.seen));
        lines.push(format!("{:INDENT$}hence: {topic}: {seen}{row}", ""));
    }
    lines
}

pub(super) fn headline(level: Level, topic: &str, seen: &str, row: Option<u8>) -> String {
    let row = row.map(|row| format!(" [{row}]")).unwrap_or_default();
    format!("{:<8} {:<12} {}{row}", level_name(level), one_line(topic), one_line(seen))
}

/// The lines below a headline. No fix is shown if there is nothing to fix.
pub(super) fn explanation(cause: Option<&str>, fix: Option<&str>) -> impl Iterator<Item = String> {
    let line = |name: &str, text: &str| format!("{:INDENT$}{name} {}", "", one_line(text));
    let cause = cause.map(|cause| line("cause:", cause));
    cause.into_iter().chain(fix.filter(|fix| *fix != "nothing").map(|fix| line("fix:  ", fix)))
}

/// The longest line shown, in characters. No driver writes longer ones, but a foreign report may.
const LONGEST_LINE: usize = 2000;

/// Text of any origin as one line that a terminal doesn't interpret.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    report_file::shortened(&words.join(" "), LONGEST_LINE)
}

/// The same for a line with columns separated by spaces.
pub(super) fn one_row(line: &str) -> String {
    report_file::shortened(line, LONGEST_LINE)
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Skipped => "skipped",
        Level::Warning => "warning",
        Level::Failure => "failure",
    }
}

#[derive(Serialize)]
struct ListedRow {
    row: u8,
    topic: &'static str,
    seen_by: &'static str,
    symptom: &'static str,
    cause: &'static str,
    fix: &'static str,
    /// The thread in which users met it, for rows that an engine's words reveal.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<&'static str>,
}

/// The catalogue, by number.
pub fn list(as_json: bool) -> String {
    let listed = |row, topic: Topic, seen_by, Words { symptom, cause, fix }: Words| {
        let thread = launch_rows().find(|launch| launch.number == row).map(|launch| launch.thread);
        ListedRow { row, topic: topic.name(), seen_by, symptom, cause, fix, thread }
    };
    let mut all: Vec<ListedRow> =
        rows().map(|row| listed(row.id.into(), row.topic, "doctor", row.words())).collect();
    for launch in launch_rows() {
        if all.iter().all(|row| row.row != launch.number) {
            all.push(listed(launch.number, Topic::Container, "scripts/run", launch.words));
        }
    }
    all.sort_by_key(|row| row.row);
    if as_json {
        return serde_json::to_string_pretty(&all).expect("structs with string keys are JSON");
    }
    let row = |r: &ListedRow| {
        let launcher =
            if r.seen_by == "doctor" { "" } else { "  (seen by scripts/run: the container never starts)" };
        format!("{:>3}  {}{launcher}\n     cause: {}\n     fix:   {}", r.row, r.symptom, r.cause, r.fix)
    };
    all.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::{Nvml, NvmlGpu, Outcome};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Report::source_of(&bytes);
        }

        #[test]
        fn a_report_with_a_byte_changed_is_read_or_refused(at: prop::sample::Index, byte: u8) {
            let mut json = Report::new(Facts::default()).json().into_bytes();
            let at = at.index(json.len());
            json[at] = byte;
            if let Ok(Source::Inside(facts)) = Report::source_of(&json) {
                prop_assert!(text(&Report::new(*facts)).contains("verdict: "));
            }
        }
    }

    #[test]
    fn several_gpus_are_told_in_a_table() {
        let gpu = |name: &str| NvmlGpu { name: name.into(), ..NvmlGpu::default() };
        let mut facts = Facts {
            nvml: Outcome::Done(Nvml { code: 0, gpus: vec![gpu("H100"), gpu("A10")] }),
            ..Facts::default()
        };
        let lines =
            |facts: &Facts| text(&Report::new(facts.clone())).lines().map(str::to_owned).collect::<Vec<_>>();
        let is_heading = |line: &String| line.starts_with("EGL  NVML  PCI");
        assert!(
            lines(&facts).iter().any(is_heading)
                && lines(&facts).contains(&"-    1     -    -     -     -     A10".into())
        );
        if let Outcome::Done(nvml) = &mut facts.nvml {
            nvml.gpus.truncate(1);
        }
        assert!(!lines(&facts).iter().any(is_heading));
    }

    #[test]
    fn a_line_of_a_report_from_elsewhere_ends() {
        let mut facts = Facts::default();
        facts.container.kernel = "6.1 ".repeat(1_000_000);
        let text = text(&Report::new(facts));
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(LONGEST_LINE < longest && longest < LONGEST_LINE + 100, "{longest}");
    }

    #[test]
    fn faults_are_told_in_plain_words() {
        for (json, reason) in [
            ("[]", "it is JSON, but in another format"),
            (r#"{"schema": "rust-gears.bench/1"}"#, "it is JSON, but in another format"),
            (r#"{"schema": 2}"#, "its schema is 2, and this program reads 1"),
            (r#"{"schema": 1}"#, "it is damaged: a value is missing or wrong near line 1, column 13"),
            (r#"{"schema": 1, "facts": 7}"#, "it is damaged: a value is missing or wrong near line 1, column 24"),
            (r#"{"schema": 1, "facts": {"#, "it ends in the middle of the report"),
            (r#"{"schema": 1, facts}"#, "it isn't valid JSON (line 1, column 15)"),
        ] {
            assert_eq!(Report::source_of(json.as_bytes()).unwrap_err(), reason, "{json}");
        }
    }

    #[test]
    fn a_report_cut_short_anywhere_is_refused() {
        let json = Report::new(Facts::default()).json();
        assert!(Report::source_of(json.as_bytes()).is_ok());
        for length in 0..json.len() {
            assert!(Report::source_of(&json.as_bytes()[..length]).is_err(), "cut at {length}");
        }
    }
}
