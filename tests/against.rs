//! `rust-gears bench --against`: taking turns with others.

mod support;

use predicates::prelude::*;
use rust_gears::bench::report::{Report, parse};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use support::{have_gl, rust_gears, rust_gears_process, signal, wait_for};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rust-gears");
const CLASSIC: [&str; 4] = ["bench", "--off-screen", "--stage", "classic"];
/// A minute of short rounds.
const LONG: [&str; 4] = ["--duration", "60s", "--rounds", "600"];

fn report(folder: &Path, name: &str) -> Report {
    parse(&fs::read_to_string(folder.join(name)).unwrap()).unwrap().remove(0)
}

#[test]
fn sides_take_turns_and_are_compared_with_this_one() {
    if !have_gl() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let rounds = ["--duration", "1s", "--rounds", "10"];
    let other = [&[PROGRAM], &CLASSIC[..], &rounds].concat();
    let output = rust_gears()
        .args(CLASSIC)
        .args(rounds)
        .args(["--fail-below", "0.7", "--keep"])
        .arg(folder.path())
        .args(["--against", "same"])
        .args(&other)
        .args(["--against", "slow"])
        .args(&other)
        .args(["--test-slow-down", "300"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}{error}");
    assert!(
        said.contains("same.json compared with host.json") && said.contains("slow.json compared with host.json"),
        "{said}"
    );
    assert!(
        error.contains("--fail-below is not met: classic: ") && error.contains("classic: slower by"),
        "{error}"
    );
    for name in ["host.json", "same.json", "slow.json"] {
        let report = report(folder.path(), name);
        assert!(report.settings.in_turns, "{name}");
        assert_eq!(report.stages[0].rounds.len(), 10, "{name}");
        assert_eq!(report.settings.test_slow_down > 0.0, name == "slow.json");
    }
}

/// A side that logs to `log` when it begins and ends a turn, and has as many turns as one stage of 24 rounds.
const NOTING: &str = r#"
for turn in $(seq 25); do
  echo "turn $turn"
  read -r line
  echo "$name begins" >>"$log"
  sleep 0.01
  echo "$name ends" >>"$log"
done
cat "$report""#;

#[test]
fn one_side_at_a_time_has_its_turn_and_a_coin_says_which_is_first() {
    if !have_gl() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (log, json) = (folder.path().join("log"), folder.path().join("report"));
    rust_gears()
        .args(CLASSIC)
        .args(["--duration", "0.1s", "--rounds", "5", "--json"])
        .arg(&json)
        .assert()
        .success();
    let mut command = rust_gears();
    command.args(CLASSIC).args(["--duration", "0.24s", "--rounds", "24"]);
    for name in ["a", "b"] {
        let script = format!("name={name}{NOTING}");
        command.args(["--against", name, "sh", "-c", &script]);
    }
    command.env("log", &log).env("report", &json).assert().success();

    let log = fs::read_to_string(log).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let blocks = lines.chunks(4).map(|block| match block {
        ["a begins", "a ends", "b begins", "b ends"] => 'a',
        ["b begins", "b ends", "a begins", "a ends"] => 'b',
        _ => panic!("{block:?}"),
    });
    let first: String = blocks.collect();
    assert_eq!(first.len(), 25);
    assert!(first.contains('a') && first.contains('b'), "{first}");
}

#[test]
fn a_side_that_fails_ends_all_and_its_exit_code_is_kept() {
    if !have_gl() {
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("other.json"), "of yesterday").unwrap();
    for (script, code, message) in [
        ("echo turn; read line; echo turn; read line; exit 7", 7, ""),
        ("exit 7", 7, ""),
        ("echo turn; read line; exit 0", 1, "other ended without a report: it wrote none"),
        ("echo turn; read line; echo '{}'", 1, "other ended without a report: it is JSON, but in another format"),
        ("echo turn; read line; kill -9 $$", 137, ""),
    ] {
        rust_gears()
            .args(CLASSIC)
            .args(LONG)
            .arg("--keep")
            .arg(folder.path())
            .args(["--against", "other", "sh", "-c", script])
            .assert()
            .code(code)
            .stdout("")
            .stderr(predicate::str::contains(message));
        let host = report(folder.path(), "host.json");
        assert!(host.stages.iter().all(|stage| stage.rounds.len() < 600), "{script}");
        let other = fs::read_to_string(folder.path().join("other.json"));
        assert_eq!(other.is_ok(), script.contains("{}"), "{script}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for words in [
        &["--against", "a"][..],
        &["--against", "../a", "b"],
        &["--against", "host", "b"],
        &["--against", "a", "b", "--against", "a", "b"],
        &["--json", "a.json", "--against", "a", "b"],
        &["--in-turns", "--against", "a", "b"],
        &["--keep", "."],
        &["--fail-below", "0.9"],
        &["--same-within", "0.1"],
    ] {
        rust_gears().args(CLASSIC).args(words).assert().code(2);
    }
    if have_gl() {
        let message = "--against a: /dev/null/b could not be started";
        let refused = rust_gears().args(CLASSIC).args(["--against", "a", "/dev/null/b"]).assert().code(2);
        refused.stderr(predicate::str::contains(message));
    }
}

#[test]
fn a_signal_ends_all_and_what_they_have_is_compared() {
    if !have_gl() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let child = rust_gears_process()
        .args(CLASSIC)
        .args(LONG)
        .arg("--keep")
        .arg(folder.path())
        .args(["--against", "other", PROGRAM])
        .args(CLASSIC)
        .args(LONG)
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(5));
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("other.json compared with host.json"), "{said}");
    for name in ["host.json", "other.json"] {
        let rounds = report(folder.path(), name).stages[0].rounds.len();
        assert!(0 < rounds && rounds < 600, "{name}: {rounds}");
    }
}

#[test]
fn a_side_that_does_not_answer_ends_at_a_signal() {
    if !have_gl() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pid = folder.path().join("pid");
    let script = "trap '' TERM; echo turn; read line; echo $$ >\"$pid\"; while :; do sleep 0.1; done";
    let mut child = rust_gears_process()
        .args(CLASSIC)
        .args(LONG)
        .arg("--keep")
        .arg(folder.path())
        .args(["--against", "hung", "sh", "-c", script])
        .env("pid", &pid)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = wait_for("the side's turn", || fs::read_to_string(&pid).ok().filter(|pid| pid.ends_with('\n')));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists());
    assert!(report(folder.path(), "host.json").settings.in_turns);
}
