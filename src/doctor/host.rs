//! What scripts/doctor found on the machine: its findings, and the verdict that it made of them and the container's
//! report. They are in the same JSON object as that report.

use super::checks::Level;
use super::facts::SCHEMA;
use super::report::{Report, body, explanation, headline, one_line, one_row, verdict_line};
use serde::{Deserialize, Serialize};

/// The machine's part of a report of `scripts/doctor --json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Host {
    findings: Vec<HostFinding>,
    /// The command that looked into the container; `None`: none was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// The verdict on both.
    verdict: String,
    /// Whose side the cause is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<String>,
    /// The fix, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// Lines that say what to copy, and indented lines to copy.
    steps: Vec<String>,
}

/// Something seen on the machine, or in the words of its engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct HostFinding {
    level: Level,
    topic: String,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// The catalogue's row.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u8>,
}

impl Host {
    /// As scripts/doctor prints it. `inside` is the container's report, if it started.
    pub fn text(&self, inside: Option<&Report>) -> String {
        let mut lines = vec!["on this machine:".to_owned()];
        for finding in &self.findings {
            lines.push(headline(finding.level, &finding.topic, &finding.seen, finding.row));
            lines.extend(explanation(finding.cause.as_deref(), finding.fix.as_deref()));
        }
        if let Some(command) = &self.command {
            lines.extend([String::new(), format!("in a container: {}", one_line(command))]);
        }
        lines.extend(inside.into_iter().flat_map(body));
        lines.extend([String::new(), verdict_line(&self.verdict)]);
        let more = [("on the side of", &self.side), ("to fix it", &self.fix)];
        lines.extend(
            more.iter()
                .filter_map(|(name, text)| Some(format!("{:9}{name}: {}", "", one_line((*text).as_ref()?)))),
        );
        if !self.steps.is_empty() {
            lines.push(String::new());
            lines.extend(self.steps.iter().map(|step| one_row(step)));
        }
        lines.join("\n")
    }

    /// One JSON object.
    pub fn json(&self, inside: Option<&Report>) -> String {
        let inside = inside.map_or(Inside::NotStarted { schema: SCHEMA }, Inside::Report);
        serde_json::to_string_pretty(&Both { host: self, inside }).expect("structs with string keys are JSON")
    }
}

#[derive(Serialize)]
struct Both<'a> {
    host: &'a Host,
    #[serde(flatten)]
    inside: Inside<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Inside<'a> {
    Report(&'a Report),
    NotStarted { schema: u32 },
}

#[cfg(test)]
mod tests {
    use super::super::facts::Facts;
    use super::super::report::Source;
    use super::*;

    const HOST: &str = r#"{"findings": [{"level": "failure", "topic": "nodes", "seen": "no /dev/nvidia0", "cause": "c", "fix": "f", "row": 47}],
        "verdict": "v\nand w", "side": "this machine", "steps": ["on this machine:", "  sudo x"]}"#;

    fn read(json: &str) -> (Host, Option<Report>) {
        match Report::source_of(json.as_bytes()) {
            Ok(Source::Host(host, facts)) => (host, facts.map(|facts| Report::new(*facts))),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_machine_whose_container_did_not_start() {
        let (host, inside) = read(&format!(r#"{{"schema": 1, "host": {HOST}}}"#));
        let expected = "on this machine:\n\
            failure  nodes        no /dev/nvidia0 [47]\n\
            \x20                     cause: c\n\
            \x20                     fix:   f\n\n\
            verdict: v\n         and w\n         on the side of: this machine\n\n\
            on this machine:\n  sudo x";
        assert_eq!(host.text(inside.as_ref()), expected);
        let (again, inside) = read(&host.json(inside.as_ref()));
        assert_eq!(again.text(inside.as_ref()), expected);
    }

    #[test]
    fn a_machine_and_its_container() {
        let facts = Report::new(Facts::default()).json();
        let (host, inside) = read(&facts.replacen('{', &format!(r#"{{ "host": {HOST},"#), 1));
        let text = host.text(inside.as_ref());
        assert!(text.contains("\nok       container ") && text.contains("\nverdict: v\n"), "{text}");
        assert_eq!(text.matches("verdict: ").count(), 1, "{text}");
        let (again, inside) = read(&host.json(inside.as_ref()));
        assert_eq!(again.text(inside.as_ref()), text);
    }

    #[test]
    fn rubbish_of_a_machine_is_refused() {
        for host in ["7", "{}", r#"{"findings": [], "steps": []}"#] {
            assert!(
                Report::source_of(format!(r#"{{"schema": 1, "host": {host}}}"#).as_bytes()).is_err(),
                "{host}"
            );
        }
    }
}
