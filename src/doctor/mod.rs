//! `rust-gears doctor`: what stands between this process and a GPU that draws, and how to fix it.
//!
//! ```text
//! machine ──facts──▶ Facts ──checks──▶ Findings ──verdict──▶ report
//!             └─ trials: what may hang or crash, each in a process of its own
//! ```
//!
//! Looking ([`facts`], [`trials`]) is separate from judging ([`checks`]), so that a report from another machine is
//! judged like this one's own.

pub mod checks;
pub mod facts;
pub mod host;
pub mod report;
pub mod trials;
pub mod verdict;

use crate::advice::{self, Advice, texts::RAISE_FILE_LIMIT};
use crate::canvas::{CanvasError, NoAnswer};
use crate::console::{Output, OutputError};
use crate::doctor::report::{Report, Source, list, one_line, text};
use crate::error::Error;
use crate::report_file;
use crate::request::{Canvas, Doctor, Place};
use checks::{Finding, Group, Level, Topic};
use facts::{Facts, Outcome};
use std::fmt;

/// The exit code if no GPU draws: that of a requirement that isn't met.
const NO_HARDWARE: u8 = 4;

/// Does what is requested. Returns the exit code.
///
/// # Errors
/// Returns an error if a given report isn't valid, or if standard output can't be written.
pub fn run(request: &Doctor) -> Result<u8, Error> {
    match request {
        Doctor::Trial(trial) => {
            let trial = serde_json::from_str(trial).map_err(|e| Error::Usage(format!("--trial: {e}")))?;
            trials::perform(&trial).map(|()| 0).map_err(|e| Error::Output(e.into()))
        }
        Doctor::List { json } => {
            print(&list(*json), *json)?;
            Ok(0)
        }
        Doctor::Explain { report, json } => {
            let read = |text: &str| Report::source_of(text.as_bytes());
            let source = report_file::read(report, &report_file::DOCTOR, read);
            conclude(source.map_err(|e| Error::Usage(e.to_string()))?, *json)
        }
        Doctor::Examine { json } => {
            let facts = examine().map_err(|reason| Error::System(std::io::Error::other(reason)))?;
            conclude(Source::Inside(Box::new(facts)), *json)
        }
    }
}

/// Prints the report about `source`. Returns the exit code.
fn conclude(source: Source, json: bool) -> Result<u8, Error> {
    let (draws, printed) = match source {
        Source::Inside(facts) => {
            let report = Report::new(*facts);
            (report.draws_in_hardware, if json { report.json() } else { text(&report) })
        }
        Source::Host(host, facts) => {
            let report = facts.map(|facts| Report::new(*facts));
            let draws = report.as_ref().is_some_and(|report| report.draws_in_hardware);
            (draws, if json { host.json(report.as_ref()) } else { host.text(report.as_ref()) })
        }
    };
    print(&printed, json)?;
    Ok(if draws { 0 } else { NO_HARDWARE })
}

fn print(text: &str, is_json: bool) -> Result<(), OutputError> {
    let mut output = Output::default();
    if is_json { output.json(text) } else { output.line(text) }
}

/// Gathers everything there is to know here, in at most 10 seconds unless the machine is slow.
fn examine() -> Result<Facts, String> {
    let display = std::env::var_os("DISPLAY").map(|display| display.to_string_lossy().into_owned());
    let mut facts = facts::gather(display.filter(|display| !display.is_empty()).as_deref());
    trials::probe(&mut facts);
    if lacks_files(&facts) {
        return Err(lack_of_files().to_string());
    }
    trials::draw(&mut facts);
    Ok(facts)
}

/// Whether trials failed because of the limit on open files, in which case what they didn't find may still be there.
fn lacks_files(facts: &Facts) -> bool {
    matches!(&facts.nodes, Outcome::NotTried(why) if why.contains("Too many open files"))
}

/// What to say about a failed run: what happened, the cause and the fix. They are doctor's if it finds on the machine
/// what keeps the run from drawing, which takes at most 3 seconds; otherwise those that follow from the error itself.
/// `canvas` is what was to be drawn on.
pub fn explain(error: &Error, canvas: &Canvas) -> Vec<String> {
    let Error::Canvas(on_canvas) = error else { return vec![error.to_string()] };
    let Some(cause) = leading_cause(on_canvas, canvas) else {
        let advice = advice::on_error(on_canvas, canvas).map(|advice| advice.to_string());
        return vec![format!("{error}{}", advice.unwrap_or_default())];
    };
    match on_canvas {
        // Both looked at the same server.
        CanvasError::NoConnection { display, reason }
            if cause.topic == Some(Topic::Display) && !matches!(reason, NoAnswer::Refused(_)) =>
        {
            vec![format!("no connection to the X server {display}: {cause}")]
        }
        _ => vec![error.to_string(), format!("doctor: {cause}")],
    }
}

/// What keeps a run from drawing.
struct LeadingCause {
    topic: Option<Topic>,
    seen: String,
    advice: Advice,
}

impl fmt::Display for LeadingCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.seen, self.advice)
    }
}

impl From<&Finding> for LeadingCause {
    fn from(finding: &Finding) -> LeadingCause {
        let line = |text: &Option<String>| text.as_deref().map(one_line);
        let advice = Advice { cause: line(&finding.cause), fix: line(&finding.fix).unwrap_or_default() };
        LeadingCause { topic: Some(finding.topic), seen: one_line(&finding.seen), advice }
    }
}

fn lack_of_files() -> LeadingCause {
    let seen = "too few files may be open at a time to try anything (too many open files)".into();
    LeadingCause { topic: None, seen, advice: Advice::fix(RAISE_FILE_LIMIT) }
}

/// `None` if nothing is found that would keep a run from drawing.
fn leading_cause(error: &CanvasError, canvas: &Canvas) -> Option<LeadingCause> {
    // A request beyond the plain gears may be more than a healthy machine can do.
    let is_plain = canvas.samples == 0 && !canvas.stereo && !canvas.srgb;
    let is_machines = match error {
        // Doctor needs open files, too.
        CanvasError::NoConnection { reason: NoAnswer::TooManyFiles, .. } => false,
        CanvasError::NoConnection { .. }
        | CanvasError::MissingLibrary { .. }
        | CanvasError::MissingKeyboardData { .. }
        | CanvasError::MissingExtension { .. } => true,
        CanvasError::NoWindow { .. }
        | CanvasError::OtherVendor { .. }
        | CanvasError::NoDeviceList { .. }
        | CanvasError::NoDevices
        | CanvasError::NoDeviceOfVendor
        | CanvasError::NoDevice { .. }
        | CanvasError::NothingToCopy(_) => is_plain,
        CanvasError::NoSuchDevice { .. }
        | CanvasError::CannotCopy { .. }
        | CanvasError::TooLarge { .. }
        | CanvasError::Resized
        | CanvasError::GpuHangs(_)
        | CanvasError::Lost { .. } => false,
    };
    let display = match &canvas.place {
        _ if !is_machines => return None,
        Place::Window { display } => Some(display.as_str()),
        Place::OffScreen { device: None, .. } => None,
        Place::OffScreen { device: Some(_), .. } => return None,
    };
    let mut facts = facts::gather(display);
    trials::probe(&mut facts);
    if lacks_files(&facts) {
        return Some(lack_of_files());
    }
    // The run itself was the trial.
    let failed = Outcome::Failed(error.to_string());
    match display {
        Some(_) => (facts.glx, facts.egl) = (failed.clone(), failed),
        None => facts.off_screen = failed,
    }
    let findings = checks::diagnose(&facts);
    // A run that got further has a display.
    let is_possible =
        |finding: &Finding| finding.topic != Topic::Display || matches!(error, CanvasError::NoConnection { .. });
    let repeats = |finding: &Finding| finding.row.is_some_and(|id| id.row().group == Group::Failure);
    let says_more =
        |finding: &&Finding| finding.level == Level::Failure && !repeats(finding) && is_possible(finding);
    checks::leading(&findings).filter(says_more).map(LeadingCause::from)
}
