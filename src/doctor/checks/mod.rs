//! From facts to findings: a table of pure functions, one per row of the catalogue.
//!
//! A row that fires is a finding. If the row that causes it has fired, too, it is listed under that one instead of
//! being a separate finding. Topics without findings get a line that says what is there ([`topics`]).

mod access;
mod catalogue;
mod cookies;
mod display;
mod drawing;
mod driver;
mod examples;
mod gpu;
mod gpu_state;
mod injection;
mod launcher;
mod libraries;
mod others;
mod renderer;
mod topics;
mod vulkan;
mod x_server;

pub use catalogue::{Group, Id, Row, Words, rows};
pub use launcher::launch_rows;
pub use topics::Topic;

use super::facts::Facts;
use crate::advice::Advice;
use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// Not tried, or not needed.
    Skipped,
    /// Something works less well than it could.
    Warning,
    /// Something does not work.
    Failure,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    level: Level,
    seen: String,
    cause: Option<String>,
    fix: Option<String>,
}

impl Seen {
    fn new(level: Level, seen: impl Into<String>) -> Option<Seen> {
        Some(Seen { level, seen: seen.into(), cause: None, fix: None })
    }

    fn failure(seen: impl Into<String>) -> Option<Seen> {
        Seen::new(Level::Failure, seen)
    }

    fn warning(seen: impl Into<String>) -> Option<Seen> {
        Seen::new(Level::Warning, seen)
    }

    /// Adds a cause and a fix that are more precise than the catalogue's.
    fn explained(self, cause: impl Into<String>, fix: impl Into<String>) -> Option<Seen> {
        self.advised(Advice::new(cause, fix))
    }

    /// The same, in the words that a run's own messages have.
    fn advised(self, Advice { cause, fix }: Advice) -> Option<Seen> {
        Some(Seen { cause, fix: Some(fix), ..self })
    }
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The catalogue's row; `None`: nothing is wrong.
    pub row: Option<Id>,
    pub level: Level,
    pub topic: Topic,
    pub seen: String,
    /// The cause, in a sentence.
    pub cause: Option<String>,
    /// What to add to the command line, or to run on the host.
    pub fix: Option<String>,
    pub consequences: Vec<Finding>,
}

/// All findings, causes before consequences.
pub fn diagnose(facts: &Facts) -> Vec<Finding> {
    let fired: Vec<(&Row, Finding)> =
        rows().filter_map(|row| Some((row, finding(row, (row.check)(facts)?)))).collect();
    let is_wrong = |level: Level| matches!(level, Level::Failure | Level::Warning);
    // The first cause that fired. Rows are in order, causes first; each root is therefore known before its
    // consequences, and no row can be its own cause.
    let mut roots: Vec<Option<Id>> = Vec::new();
    for (index, (row, _)) in fired.iter().enumerate() {
        let causes = fired[..index].iter().zip(&roots).filter(|((_, finding), _)| is_wrong(finding.level));
        let mut of_this = causes.filter(|((cause, _), _)| row.is_because_of(cause));
        roots.push(of_this.next().map(|((cause, _), root)| root.unwrap_or(cause.id)));
    }
    let mut findings = Vec::new();
    for topic in Topic::ALL {
        let of_topic = || fired.iter().zip(&roots).filter(|((row, _), _)| row.topic == topic);
        if !of_topic().any(|((_, finding), _)| finding.level != Level::Ok) {
            findings.extend(topic.unremarkable(facts));
        }
        for ((row, finding), _) in of_topic().filter(|(_, root)| root.is_none()) {
            let below = fired.iter().zip(&roots).filter(|(_, root)| **root == Some(row.id));
            let consequences = below.map(|((_, finding), _)| finding.clone()).collect();
            findings.push(Finding { consequences, ..finding.clone() });
        }
    }
    findings
}

fn finding(row: &Row, seen: Seen) -> Finding {
    let words = row.words();
    // If nothing is wrong, there is nothing to fix.
    let needs_words = seen.level != Level::Ok;
    Finding {
        row: Some(row.id),
        level: seen.level,
        topic: row.topic,
        seen: seen.seen,
        cause: needs_words.then(|| seen.cause.unwrap_or_else(|| words.cause.to_owned())),
        fix: needs_words.then(|| seen.fix.unwrap_or_else(|| words.fix.to_owned())),
        consequences: Vec::new(),
    }
}

/// The most important finding: the first failure, otherwise the first warning.
pub fn leading(findings: &[Finding]) -> Option<&Finding> {
    let first = |level| findings.iter().find(|finding| finding.level == level);
    first(Level::Failure).or_else(|| first(Level::Warning))
}

mod tests;
