//! What engines say if a container can't start. Each message in `words`, copied from where users met it, must be
//! explained by its row of scripts/lib/launch-errors.tsv and by no other.

#[path = "../support/mod.rs"]
mod support;

use assert_cmd::Command;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// A row of the table.
struct Row {
    cause: String,
    fix: String,
    thread: String,
}

fn table() -> BTreeMap<String, Row> {
    let text = fs::read_to_string("scripts/lib/launch-errors.tsv").unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [number, pattern, cause, fix, symptom, thread] = <[String; 6]>::try_from(fields).expect(line);
        assert!([&pattern, &cause, &fix, &symptom].iter().all(|field| field.len() > 5), "{line}");
        assert!(rows.insert(number, Row { cause, fix, thread }).is_none(), "two rows of one number: {line}");
    }
    rows
}

/// One message.
#[derive(Clone)]
struct Words {
    row: String,
    /// `docker` or `podman`: `run` prints it; `info`: `docker info` does; `stdin`: a user pipes it into
    /// scripts/explain.
    how: String,
    status: String,
    thread: String,
    said: String,
}

fn words() -> Vec<Words> {
    let text = fs::read_to_string("tests/engines/words").unwrap();
    let messages = text.split("\n== ").skip(1).map(|message| {
        let (head, said) = message.split_once('\n').unwrap();
        let fields: Vec<String> = head.split(' ').map(str::to_owned).collect();
        let [row, how, status, thread] = <[String; 4]>::try_from(fields).expect(head);
        assert!(["docker", "podman", "info", "stdin"].contains(&how.as_str()), "{head}");
        Words { row, how, status, thread, said: said.trim_end().to_owned() }
    });
    messages.collect()
}

/// A machine whose engines fail.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Machine {
        let folder = TempDir::new().unwrap();
        for name in ["docker", "podman"] {
            symlink(fs::canonicalize("tests/engines/fake-engine").unwrap(), folder.path().join(name)).unwrap();
        }
        Machine { folder }
    }

    fn script(&self, name: &str, said: &str, status: &str) -> Command {
        let file = self.folder.path().join("words");
        fs::write(&file, said).unwrap();
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(Path::new("scripts").join(name));
        command.env("PATH", path).env("WORDS", file).env("STATUS", status);
        for variable in ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DOCKER_HOST"] {
            command.env_remove(variable);
        }
        command.timeout(Duration::from_secs(60));
        command
    }

    fn run(&self, engine: &str, said: &str, status: &str) -> Command {
        let mut command = self.script("run", said, status);
        command.args([&format!("--engine={engine}"), "--gpu=none", "--no-install"]);
        command
    }
}

/// The exit status, and what the user was told.
fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Asserts that `told` contains the cause and the fix of `row`, and no other cause.
fn assert_explained(told: &str, row: &Row, of: &Words) {
    let after = |mark: &str| told.lines().filter_map(|line| Some(line.split_once(mark)?.1.to_owned())).collect();
    let (causes, fixes): (Vec<String>, Vec<String>) = (after(": cause: "), after(": fix:   "));
    assert_eq!(causes, [row.cause.as_str()], "{}: {told}", of.said);
    assert_eq!(fixes, [row.fix.as_str()], "{}: {told}", of.said);
}

fn are_explained_by_scripts_run(how: &[&str]) {
    let (rows, machine) = (table(), Machine::new());
    let mut seen = 0;
    for of in words().iter().filter(|of| how.contains(&of.how.as_str())) {
        let (engine, fails) = if of.how == "info" { ("docker", "1") } else { (of.how.as_str(), "") };
        let (status, told) = outcome(machine.run(engine, &of.said, &of.status).env("INFO_FAILS", fails));
        assert_eq!(status, Some(1), "{}: {told}", of.said);
        assert_explained(&told, &rows[&of.row], of);
        let own_words = told.rfind(of.said.lines().last().unwrap()).expect("the engine's own words are there");
        assert!(told.find(": cause: ").unwrap() < own_words, "the cause comes first: {told}");
        seen += 1;
    }
    assert!(seen > 2, "only {seen} messages of {how:?}");
}

#[test]
fn what_docker_says_is_explained() {
    are_explained_by_scripts_run(&["docker", "info"]);
}

#[test]
fn what_podman_says_is_explained() {
    are_explained_by_scripts_run(&["podman"]);
}

#[test]
fn what_a_user_pipes_in_is_explained() {
    let (rows, machine) = (table(), Machine::new());
    for of in words().into_iter().filter(|of| of.how == "stdin") {
        let (status, told) = outcome(machine.script("explain", "", "").write_stdin(of.said.clone()));
        assert_eq!(status, Some(0), "{}: {told}", of.said);
        assert_explained(&told, &rows[&of.row], &of);
    }
}

#[test]
fn every_row_has_a_thread_and_its_words() {
    let (rows, words) = (table(), words());
    assert!(rows.len() >= 40, "only {} rows", rows.len());
    for (number, row) in &rows {
        let parts: Vec<&str> = row.thread.split('/').collect();
        let ["https:", "", "github.com", _, _, "issues" | "pull", thread] = parts[..] else {
            panic!("row {number} names no thread: {}", row.thread)
        };
        assert!(thread.parse::<u32>().is_ok(), "{}", row.thread);
        assert!(words.iter().any(|of| of.row == *number && of.thread == row.thread), "row {number} has no words");
    }
    for of in &words {
        assert!(rows.contains_key(&of.row), "words of a row that is not there: {}", of.row);
    }
    // Otherwise the tests above could not tell which row it was.
    let causes: BTreeSet<&str> = rows.values().map(|row| row.cause.as_str()).collect();
    assert_eq!(causes.len(), rows.len(), "two rows have one cause");
}

const UNKNOWN: &str = "docker: Error response from daemon: the moon is in the wrong quarter.";

#[test]
fn unknown_words_are_handed_on_and_asked_for() {
    let machine = Machine::new();
    let (status, told) = outcome(&mut machine.run("docker", UNKNOWN, "125"));
    assert_eq!(status, Some(1));
    assert!(told.contains("is unknown: please report") && told.contains(UNKNOWN), "{told}");
    assert!(!told.contains("cause: "), "{told}");
    // The command can be pasted, and its file records what the engine was asked to do, and which engine.
    let command = told.lines().find_map(|line| Some(line.split_once(": ")?.1).filter(|rest| rest.contains("{ ")));
    let folder = TempDir::new().unwrap();
    let mut shell = Command::new("bash");
    let path = format!("{}:{}", machine.folder.path().display(), std::env::var("PATH").unwrap());
    shell.args(["-c", command.unwrap()]).current_dir(folder.path()).env("PATH", path).env_remove("DISPLAY");
    shell.timeout(Duration::from_secs(60)).output().unwrap();
    let report = fs::read_to_string(folder.path().join("report.txt")).unwrap();
    assert!(report.contains("docker run --rm") && report.contains("Version: 28.2"), "{report}");
}

#[test]
fn unknown_words_by_hand() {
    let machine = Machine::new();
    let (status, told) = outcome(machine.script("explain", "", "").write_stdin(UNKNOWN));
    assert_eq!(status, Some(1));
    assert!(told.contains("is unknown: please report") && !told.contains("cause: "), "{told}");
    let (status, told) = outcome(machine.script("explain", "", "").write_stdin(""));
    assert_eq!(status, Some(2), "{told}");
}

/// Known words of a program that ran are left alone.
#[test]
fn what_a_program_says_is_not_taken_for_the_engines_words() {
    let said = "Error: bind: address already in use";
    let (status, told) = outcome(&mut Machine::new().run("docker", said, "4"));
    assert_eq!(status, Some(4));
    assert!(told.contains(said) && !told.contains("cause: ") && !told.contains("please report"), "{told}");
}
