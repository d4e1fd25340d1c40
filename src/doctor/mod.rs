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
pub mod report;
pub mod trials;
pub mod verdict;

use crate::canvas::{CanvasError, TOO_MANY_FILES};
use crate::console::{Output, OutputError};
use crate::doctor::report::{Report, list, one_line, text};
use crate::error::Error;
use crate::report_file;
use crate::request::{Canvas, Doctor, Place};
use checks::{Finding, Group, Level, Topic};
use facts::{Facts, Outcome};

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
            let read = |text: &str| Report::facts_of(text.as_bytes());
            let facts = report_file::read(report, &report_file::DOCTOR, read);
            conclude(facts.map_err(|e| Error::Usage(e.to_string()))?, *json)
        }
        Doctor::Examine { json } => {
            conclude(examine().map_err(|reason| Error::System(std::io::Error::other(reason)))?, *json)
        }
    }
}

/// Prints the report about `facts`. Returns the exit code.
fn conclude(facts: Facts, json: bool) -> Result<u8, Error> {
    let report = Report::new(facts);
    print(&if json { report.json() } else { text(&report) }, json)?;
    Ok(if report.draws_in_hardware { 0 } else { NO_HARDWARE })
}

fn print(text: &str, is_json: bool) -> Result<(), OutputError> {
    let mut output = Output::default();
    if is_json { output.json(text) } else { output.line(text) }
}

/// Gathers everything there is to know here, in at most 10 seconds.
fn examine() -> Result<Facts, &'static str> {
    let display = std::env::var_os("DISPLAY").map(|display| display.to_string_lossy().into_owned());
    let mut facts = facts::gather(display.filter(|display| !display.is_empty()).as_deref());
    trials::probe(&mut facts);
    if lacks_files(&facts) {
        return Err(LACKS_FILES);
    }
    trials::draw(&mut facts);
    Ok(facts)
}

const LACKS_FILES: &str = "too few files may be open at a time to try anything (too many open files)\n  \
                           fix:   raise the limit, which `ulimit -n` prints; in a container: --ulimit nofile=1024";

/// Whether trials failed because of the limit on open files, in which case what they didn't find may still be there.
fn lacks_files(facts: &Facts) -> bool {
    matches!(&facts.nodes, Outcome::NotTried(why) if why.contains("Too many open files"))
}

/// What doctor has to say about a failed run.
pub enum LeadingCause {
    /// To be appended to the run's own message.
    Besides(String),
    /// To replace the run's own message, with the cause and the one fix: both looked at the same server.
    Instead(String),
}

/// What keeps a run from drawing, in a few words; `None` if nothing is found that would. Takes at most 3 seconds.
pub fn leading_cause(error: &Error, canvas: &Canvas) -> Option<LeadingCause> {
    // Doctor needs open files, too.
    if error.to_string().contains(TOO_MANY_FILES) {
        return None;
    }
    // A request beyond the plain gears may be more than a healthy machine can do.
    let is_plain = canvas.samples == 0 && !canvas.stereo && !canvas.srgb;
    let display = match (error, &canvas.place) {
        (Error::Canvas(CanvasError::Lost { .. } | CanvasError::TooLarge { .. } | CanvasError::GpuHangs(_)), _) => {
            return None;
        }
        (Error::Canvas(_), Place::Window { display }) if is_plain => Some(display.as_str()),
        (Error::Canvas(_), Place::OffScreen { device: None, .. }) if is_plain => None,
        _ => return None,
    };
    let mut facts = facts::gather(display);
    trials::probe(&mut facts);
    if lacks_files(&facts) {
        return Some(LeadingCause::Besides(format!("doctor: {LACKS_FILES}")));
    }
    // The run itself was the trial.
    let failed = Outcome::Failed(error.to_string());
    match display {
        Some(_) => (facts.glx, facts.egl) = (failed.clone(), failed),
        None => facts.off_screen = failed,
    }
    let findings = checks::diagnose(&facts);
    let repeats = |finding: &Finding| finding.row.is_some_and(|id| id.row().group == Group::Failure);
    let says_more = |finding: &&Finding| finding.level == Level::Failure && !repeats(finding);
    let finding = checks::leading(&findings).filter(says_more)?;
    let part = |name: &str, text: &Option<String>| {
        text.as_ref().map(|t| format!("\n  {name} {}", one_line(t))).unwrap_or_default()
    };
    let (cause, fix) = (part("cause:", &finding.cause), part("fix:  ", &finding.fix));
    let seen = one_line(&finding.seen);
    Some(match error {
        Error::Canvas(CanvasError::NoConnection { display, .. })
            if finding.topic == Topic::Display && facts.x_refusal().is_none() =>
        {
            LeadingCause::Instead(format!("no connection to the X server {display}: {seen}{cause}{fix}"))
        }
        _ => LeadingCause::Besides(format!("doctor: {seen}{cause}{fix}")),
    })
}
