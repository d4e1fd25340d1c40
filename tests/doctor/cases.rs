//! What users hit, from threads in public trackers. Each case is a folder of `cases/`; adding one needs no Rust.
//!
//! - `case.json`: the `thread`, what its user `saw`, the row that `leads` (null if all is well), whether a GPU `draws` the
//!   right picture (exit code 0), texts that the leading finding `says`, texts that the report `tells` anywhere, and rows
//!   and texts that `never` appear.
//! - `report.json`: the machine, as changes to the `facts` of a healthy one, its `base` (`cases/BASE.json`). An object
//!   changes an object field by field; null removes a field; in a list, a library is identified by its name, a node by
//!   its path. The facts of a real machine's `doctor --json` work, too, with the base `nothing`.

use crate::machine::PROGRAM;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doctor/cases");

/// Variants of enums: they exclude each other, so one replaces another.
const VARIANTS: [&str; 10] =
    ["done", "failed", "hung", "died", "not_tried", "refused", "welcome", "Ok", "Err", "unreadable"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    thread: String,
    saw: String,
    leads: Option<u64>,
    #[serde(default)]
    draws: bool,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    tells: Vec<String>,
    /// Numbers of rows, or texts.
    #[serde(default)]
    never: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Machine {
    base: String,
    facts: Value,
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Changes `base` as the module's documentation says.
fn change(base: &mut Value, by: &Value) {
    let only_key = |value: &Value| match value.as_object() {
        Some(object) if object.len() == 1 => {
            object.keys().next().filter(|key| VARIANTS.contains(&key.as_str())).cloned()
        }
        _ => None,
    };
    let is_other_variant = matches!((only_key(base), only_key(by)), (Some(old), Some(new)) if old != new);
    match (base, by) {
        (Value::Object(base), Value::Object(by)) if !is_other_variant => {
            for (key, value) in by {
                match value {
                    Value::Null => drop(base.remove(key)),
                    _ => change(base.entry(key).or_insert(Value::Null), value),
                }
            }
        }
        (Value::Array(base), Value::Object(by)) => {
            by.iter().for_each(|(key, value)| change_item(base, key, value))
        }
        (base, by) => *base = by.clone(),
    }
}

fn change_item(list: &mut Vec<Value>, key: &str, by: &Value) {
    let name = if key.starts_with('/') { "path" } else { "name" };
    let is_it = |item: &Value| item["name"] == key || item["path"] == key;
    if by.is_null() {
        return list.retain(|item| !is_it(item));
    }
    if !list.iter().any(is_it) {
        list.push(json!({ name: key }));
    }
    list.iter_mut().filter(|item| is_it(item)).for_each(|item| change(item, by));
}

/// Doctor's report about these facts, and its exit code.
fn diagnose(facts: Value) -> (Value, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    fs::write(&path, json!({ "schema": 1, "facts": facts }).to_string()).unwrap();
    let output = Command::new(PROGRAM).args(["doctor", "--json", "--from"]).arg(&path).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_slice(&output.stdout).unwrap_or(Value::String(words)), output.status.code())
}

fn facts(machine: &Machine) -> Value {
    let mut facts = match machine.base.as_str() {
        "nothing" => Value::Object(Map::new()),
        base => read(&PathBuf::from(FOLDER).join(format!("{base}.json"))),
    };
    change(&mut facts, &machine.facts);
    facts
}

fn leading(report: &Value) -> Option<&Value> {
    let findings = report["findings"].as_array()?;
    ["failure", "warning"].iter().find_map(|level| findings.iter().find(|finding| finding["level"] == *level))
}

/// The rows of all warnings and failures, and of their consequences.
fn rows(findings: &Value) -> Vec<u64> {
    let findings = findings.as_array().into_iter().flatten();
    let wrong = findings.filter(|finding| finding["level"] == "failure" || finding["level"] == "warning");
    wrong.flat_map(|finding| finding["row"].as_u64().into_iter().chain(rows(&finding["consequences"]))).collect()
}

/// What is wrong with doctor's diagnosis.
fn faults(case: &Case, report: &Value, code: Option<i32>) -> Vec<String> {
    let mut faults = Vec::new();
    let leading = leading(report);
    let leads = leading.and_then(|finding| finding["row"].as_u64());
    if leads != case.leads {
        faults.push(format!("row {leads:?} leads instead of {:?}", case.leads));
    }
    if code != Some(if case.draws { 0 } else { 4 }) {
        faults.push(format!("the exit code is {code:?}"));
    }
    let part = |name: &str| leading.and_then(|finding| finding[name].as_str()).unwrap_or_default();
    let said = format!("{}\n{}\n{}", part("seen"), part("cause"), part("fix"));
    faults.extend(
        case.says
            .iter()
            .filter(|text| !said.contains(*text))
            .map(|text| format!("'{text}' is missing from the leading finding")),
    );
    let all = format!("{}\n{}", report["findings"], report["verdict"]);
    faults.extend(
        case.tells
            .iter()
            .filter(|text| !all.contains(*text))
            .map(|text| format!("'{text}' is missing from the report")),
    );
    let rows = rows(&report["findings"]);
    for unwanted in &case.never {
        let is_there = match unwanted {
            Value::String(text) => all.contains(text),
            row => row.as_u64().is_some_and(|row| rows.contains(&row)),
        };
        if is_there {
            faults.push(format!("{unwanted} appears"));
        }
    }
    if !faults.is_empty() {
        faults.push(said.replace('\n', "\n    "));
    }
    faults
}

#[test]
fn every_case_is_diagnosed_correctly() {
    let folders = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.sort();
    let mut wrong = Vec::new();
    for folder in &folders {
        let case: Case = read(&folder.join("case.json"));
        assert!(case.thread.starts_with("https://") && case.saw.len() > 20, "{}", folder.display());
        let (report, code) = diagnose(facts(&read(&folder.join("report.json"))));
        let faults = faults(&case, &report, code);
        if !faults.is_empty() {
            let name = folder.file_name().unwrap().to_string_lossy();
            wrong.push(format!("{name} ({}):\n  {}", case.thread, faults.join("\n  ")));
        }
    }
    let share = format!("{} of {} cases are diagnosed correctly", folders.len() - wrong.len(), folders.len());
    println!("{share}");
    assert!(folders.len() >= 60, "{share}");
    assert!(wrong.is_empty(), "{share}\n\n{}", wrong.join("\n\n"));
}

#[test]
fn nothing_is_wrong_with_the_healthy_machines() {
    for (base, leads) in [("nvidia", None), ("intel", None), ("software", Some(21))] {
        let (report, code) = diagnose(facts(&Machine { base: base.into(), facts: json!({}) }));
        assert_eq!(leading(&report).and_then(|finding| finding["row"].as_u64()), leads, "{base}: {report:#}");
        assert_eq!(code, Some(if leads.is_none() { 0 } else { 4 }), "{base}");
    }
}
