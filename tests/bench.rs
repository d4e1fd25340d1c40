//! `rust-gears bench` and `rust-gears compare`, run as users run them.

mod support;

use predicates::prelude::*;
use rust_gears::bench::report::{Mark, Report, parse};
use rust_gears::stage_name::StageName;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use support::{XServer, have, have_gl, rust_gears, rust_gears_process, signal, wait_for};
use tempfile::TempDir;

/// The shortest possible benchmark that still has rounds.
const SHORT: &[&str] = &["bench", "--off-screen", "--duration", "0.1s", "--rounds", "5"];

fn reports(path: &Path) -> Vec<Report> {
    parse(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_stage_is_measured_and_every_format_written() {
    if !have_gl() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    let output = rust_gears()
        .args(SHORT)
        .arg("--json")
        .arg(file("a.json"))
        .arg("--csv")
        .arg(file("a.csv"))
        .arg("--html")
        .arg(file("a.html"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // No progress bar in a pipe.
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");

    let report = &reports(&file("a.json"))[0];
    let names: Vec<StageName> = report.stages.iter().map(|stage| stage.stage).collect();
    use StageName::{Classic, Fill, Readback, Submit, Upload, Vertex};
    assert_eq!(names, [Classic, Submit, Upload, Vertex, Fill, Readback]);
    for stage in &report.stages {
        let (low, high) = stage.interval.unwrap();
        assert!(low <= stage.figure && stage.figure <= high, "{:?}", stage.stage);
        assert!(!stage.marks.contains(&Mark::FramesNotDrawn), "{:?}", stage.stage);
        let frames: u64 = stage.histogram.iter().map(|(_, count)| count).sum();
        assert_eq!(frames, stage.frames);
        assert!(stage.frames < stage.frames_drawn);
        let time = stage.frame_time.unwrap();
        assert!(time.p50 <= time.p95 && time.p95 <= time.p99);
        assert_eq!(time.p99_9.is_some(), stage.frames >= 1000);
        let mut drawn_in: Vec<u32> = stage.series.iter().map(|point| point.round).collect();
        drawn_in.dedup();
        assert_eq!(drawn_in, [1, 2, 3, 4, 5], "{:?}", stage.stage);
        // By definition, the mean frame time is seconds divided by frames.
        assert!((time.mean * 1e-3 * stage.frames as f64 / stage.seconds - 1.0).abs() < 1e-9);
    }

    let table = String::from_utf8(output.stdout).unwrap();
    let mut lines = csv::Reader::from_path(file("a.csv")).unwrap();
    let stages: Vec<String> = lines.records().map(|line| line.unwrap()[0].to_owned()).collect();
    let page = fs::read_to_string(file("a.html")).unwrap();
    for stage in &report.stages {
        assert!(table.contains(&stage.label()), "{table}");
        assert!(page.contains(&format!("<h3>{}</h3>", stage.label())));
    }
    assert_eq!(stages, names.iter().map(|name| name.text()).collect::<Vec<_>>());
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert_eq!(page.matches("<svg").count(), 2 * report.stages.len());
    for elsewhere in ["http:", "https:", "src=", "<script", "<link"] {
        assert!(!page.contains(elsewhere), "the page is not self-contained: {elsewhere}");
    }
}

#[test]
fn the_schema_has_the_fields_that_are_documented() {
    if !have_gl() {
        return;
    }
    let output = rust_gears().args(SHORT).args(["--stage", "classic", "--json", "-"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let sorted = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut actual = fields(&report);
    actual.sort();
    assert_eq!(
        actual,
        sorted(vec![
            "schema",
            "program",
            "started",
            "seconds",
            "interrupted_by",
            "settings",
            "environment",
            "marks",
            "stages"
        ])
    );
    let mut actual = fields(&report["environment"]);
    actual.sort();
    assert_eq!(
        actual,
        sorted(vec![
            "renderer",
            "vendor",
            "version",
            "kind",
            "nvidia_driver",
            "api",
            "device",
            "display",
            "swap_interval",
            "container",
            "gpu_way",
            "pcie",
            "cpu",
            "cpus",
            "kernel",
            "variables"
        ])
    );
    let mut actual = fields(&report["stages"][0]);
    actual.sort();
    assert_eq!(
        actual,
        sorted(vec![
            "stage",
            "target",
            "width",
            "height",
            "samples",
            "load",
            "figure",
            "unit",
            "more_is_better",
            "also",
            "interval",
            "rounds",
            "frames",
            "frames_drawn",
            "seconds",
            "frame_time",
            "cpu_ms",
            "gpu_ms",
            "limited_by",
            "link_share",
            "marks",
            "histogram",
            "series"
        ])
    );
    assert_eq!(report["schema"], "rust-gears.bench/1");
}

#[test]
fn what_is_asked_for_is_what_is_measured() {
    if !have_gl() {
        return;
    }
    let output = rust_gears()
        .args(SHORT)
        .args(["--stage", "vertex,fill", "--geometry", "200x100", "--gears", "3", "--samples", "4", "--json", "-"])
        .output()
        .unwrap();
    let report = &parse(&String::from_utf8(output.stdout).unwrap()).unwrap()[0];
    assert_eq!(report.stages.len(), 2);
    for stage in &report.stages {
        assert_eq!((stage.width, stage.height, stage.load, stage.rounds.len()), (200, 100, 3, 5));
        assert!(stage.samples >= 4);
    }
}

#[test]
fn frames_that_are_not_drawn_are_detected() {
    if !have_gl() {
        return;
    }
    rust_gears()
        .args(SHORT)
        .args(["--stage", "classic,vertex", "--test-draw-nothing", "vertex"])
        .assert()
        .success()
        .stdout(predicate::str::is_match(r"(?m)^vertex .*NOT DRAWN").unwrap())
        .stdout(predicate::str::is_match(r"(?m)^classic .*NOT DRAWN").unwrap().not())
        .stdout(predicate::str::contains("vertex: frames were not drawn"));
}

#[test]
fn software_rendering_and_few_samples_are_marked() {
    if !have_gl() {
        return;
    }
    let output = rust_gears()
        .args([
            "bench",
            "--off-screen",
            "--stage",
            "classic",
            "--duration",
            "0.05s",
            "--rounds",
            "1",
            "--json",
            "-",
        ])
        .output()
        .unwrap();
    let report = &parse(&String::from_utf8(output.stdout).unwrap()).unwrap()[0];
    let is_software = report.environment.renderer.renderer.contains("llvmpipe");
    assert_eq!(report.marks.contains(&Mark::SoftwareRendering), is_software);
    assert!(report.stages[0].marks.iter().any(|mark| matches!(mark, Mark::TooFewSamples { rounds: 1, .. })));
    assert_eq!(report.stages[0].interval, None);
}

#[test]
fn an_interrupted_benchmark_writes_what_it_has() {
    if !have_gl() {
        return;
    }
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let folder = TempDir::new().unwrap();
        let json = folder.path().join("a.json");
        let mut child = rust_gears_process()
            .args([
                "bench",
                "--off-screen",
                "--stage",
                "classic",
                "--duration",
                "300s",
                "--rounds",
                "1000",
                "--json",
            ])
            .arg(&json)
            .spawn()
            .unwrap();
        // The file is created at the start; rounds of 0.3 s follow the warm-up.
        wait_for("the report's file", || json.exists().then_some(()));
        std::thread::sleep(std::time::Duration::from_secs(5));
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let report = &reports(&json)[0];
        assert_eq!(report.interrupted_by, Some(u8::try_from(code - 128).unwrap()));
        let rounds = report.stages[0].rounds.len();
        assert!(0 < rounds && rounds < 1000, "{rounds}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_at_the_start() {
    // Nothing can be created below a file, even by root. Measuring for five minutes would exceed the time limit of
    // every test.
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("a");
    for option in ["--json", "--csv", "--html"] {
        rust_gears()
            .args(["bench", "--off-screen", "--duration", "300s", option])
            .arg(&path)
            .assert()
            .code(5)
            .stderr(predicate::str::contains(format!("{} could not be written", path.display())));
    }
}

#[test]
fn senseless_command_lines_are_refused() {
    for words in [
        &["--stage", "nonsense"][..],
        &["--rounds", "0"],
        &["--json", "-", "--csv", "-"],
        &["--json", "-", "--markdown"],
        &["--all-devices", "--device", "0"],
        &["--all-devices", "--in-turns"],
        &["--test-slow-down", "nan"],
        &["--stage", "present", "--off-screen"],
        &["--stage", "present"], // no DISPLAY here
    ] {
        rust_gears().arg("bench").args(words).assert().code(2);
    }
    rust_gears().args(["compare", "one.json"]).assert().code(2);
    rust_gears().args(["bench", "--off-screen", "--device", "77"]).assert().code(3);
    rust_gears().args(["bench", "--off-screen", "--stage", "present"]).assert().code(
        predicate::in_iter([0, 2, 3]), // without GL there is no device to begin with
    );
}

#[test]
fn on_screen_the_witness_counts_the_frames_that_are_reported() {
    if !have_gl() || !have("cc") {
        return;
    }
    let Some(server) = XServer::xvfb(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    let built = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .arg(file("witness.so"))
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/benches/swap-counter.c"), "-ldl"])
        .status()
        .unwrap();
    assert!(built.success());
    let start = std::time::Instant::now();
    rust_gears()
        .args(["bench", "--stage", "classic,present", "--duration", "0.5s", "--rounds", "5", "--json"])
        .arg(file("a.json"))
        .env("DISPLAY", &server.display)
        .env("LD_PRELOAD", file("witness.so"))
        .env("SWAP_COUNTER", file("swaps"))
        .assert()
        .success()
        .stdout(predicate::str::contains("classic on-screen"));
    let wall = start.elapsed().as_secs_f64();
    let report = &reports(&file("a.json"))[0];
    let on_screen = report.stages.iter().find(|stage| stage.label() == "classic on-screen").unwrap();
    let witness = fs::read(file("swaps")).unwrap();
    let word = |index: usize| -> [u8; 8] { witness[8 * index..8 * (index + 1)].try_into().unwrap() };
    assert_eq!(u64::from_ne_bytes(word(0)), on_screen.frames_drawn);
    // Wall-clock time must agree, too: the measured time is within the witness's, which is within our own.
    let seconds = f64::from_ne_bytes(word(2)) - f64::from_ne_bytes(word(1));
    assert!(on_screen.seconds <= seconds && seconds <= report.seconds && report.seconds <= wall);
    let present = report.stages.iter().find(|stage| stage.stage == StageName::Present).unwrap();
    assert_eq!((present.width, present.height), (300, 300));
    let swap = report.environment.swap_interval.as_ref().unwrap();
    assert_eq!(swap.asked, Some(0));
    // The same window is copied into.
    let labels: Vec<String> = report.stages.iter().map(|stage| stage.label()).collect();
    assert_eq!(labels, ["classic", "classic on-screen", "classic copied", "present", "present copied"]);
    assert!(report.stages.iter().all(|stage| stage.frames > 0 && !stage.marks.contains(&Mark::FramesNotDrawn)));
}

/// A report with one stage, derived from a measured one: 1,000 FPS, rounds within 1 %.
fn prepared(change: impl Fn(&mut Report)) -> Option<String> {
    if !have_gl() {
        return None;
    }
    let output = rust_gears().args(SHORT).args(["--stage", "classic", "--json", "-"]).output().unwrap();
    let mut report = parse(&String::from_utf8(output.stdout).unwrap()).unwrap().remove(0);
    report.stages[0].rounds = vec![1000.0, 1004.0, 996.0, 1002.0, 998.0];
    report.stages[0].figure = 1000.0;
    report.stages[0].marks.clear();
    change(&mut report);
    Some(serde_json::to_string(&report).unwrap())
}

fn faster_by(factor: f64) -> impl Fn(&mut Report) {
    move |report| {
        report.stages[0].figure *= factor;
        report.stages[0].rounds.iter_mut().for_each(|rate| *rate *= factor);
    }
}

#[test]
fn two_reports_are_the_same_or_slower_or_faster_or_not_comparable() {
    let Some(base) = prepared(|_| {}) else { return };
    let cases: Vec<(String, &str)> = vec![
        (prepared(|_| {}).unwrap(), r"1\.000 .* same"),
        (base.clone(), "not comparable: both files contain the same measurement"),
        (prepared(faster_by(0.99)).unwrap(), "same"),
        (prepared(faster_by(0.8)).unwrap(), r"0\.800 .* slower by 20\.0 %"),
        (prepared(faster_by(1.25)).unwrap(), r"1\.250 .* faster by 25\.0 %"),
        (
            prepared(|report| report.environment.renderer.renderer = "Other GPU".into()).unwrap(),
            "not comparable: renderer .* and Other GPU",
        ),
        (prepared(|report| report.stages[0].width = 640).unwrap(), "not comparable: size 300x300 and 640x300"),
        (prepared(|report| report.stages[0].samples = 8).unwrap(), "not comparable: samples 0 and 8"),
        (prepared(|r| r.stages[0].marks.push(Mark::FramesNotDrawn)).unwrap(), "not comparable: NOT DRAWN"),
        (
            prepared(|r| r.stages[0].rounds.truncate(1)).unwrap(),
            "not comparable: too few rounds: the second file has 1; measure more",
        ),
        (
            prepared(|r| r.stages[0].rounds[2] = -3.0).unwrap(),
            "not comparable: a round of the second file is -3.* FPS, which has no ratio",
        ),
        (prepared(|r| r.stages[0].rounds[2] = 0.0).unwrap(), "a round of the second file is 0.* FPS"),
        (
            prepared(|r| r.stages[0].rounds = vec![1000.0, 500.0, 1500.0, 700.0, 1300.0]).unwrap(),
            r"cannot tell \(0\.\d+ to \d\.\d+\): measure longer",
        ),
        (prepared(|r| r.stages[0].load = 2).unwrap(), "same +load 1 and 2"),
        (
            prepared(|r| r.settings.gears = Some(7)).unwrap(),
            r"not comparable: gears \(--gears\) as many as it takes and 7",
        ),
        (
            prepared(|r| r.environment.renderer.renderer = "llvmpipe (LLVM 99.0.1, 256 bits)".into()).unwrap(),
            "same +LLVM .* and LLVM 99.0.1|not comparable: renderer",
        ),
        (prepared(|r| r.stages.clear()).unwrap(), "not comparable: the second file doesn't have this stage"),
    ];
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.json"), folder.path().join("b.json"));
    fs::write(&a, &base).unwrap();
    for (other, expected) in cases {
        fs::write(&b, other).unwrap();
        rust_gears()
            .arg("compare")
            .args([&a, &b])
            .assert()
            .success()
            .stdout(predicate::str::is_match(expected).unwrap());
    }
}

#[test]
fn a_gate_fails_on_what_is_slower_and_on_what_cannot_be_compared() {
    let Some(base) = prepared(|_| {}) else { return };
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.json"), folder.path().join("b.json"));
    fs::write(&a, &base).unwrap();
    let gate = |other: String, least: &str| {
        fs::write(&b, other).unwrap();
        rust_gears().arg("compare").args([&a, &b]).args(["--fail-below", least]).assert()
    };
    gate(prepared(|_| {}).unwrap(), "0.999").code(0);
    gate(base.clone(), "0.9").code(4).stderr(predicate::str::contains("classic: not comparable: both files"));
    let unsteady = prepared(|r| r.stages[0].rounds = vec![1000.0, 500.0, 1500.0, 700.0, 1300.0]).unwrap();
    gate(unsteady, "0.1")
        .code(4)
        .stderr(predicate::str::contains("--fail-below is not met: classic: cannot tell"));
    gate(prepared(faster_by(0.8)).unwrap(), "0.75").code(0);
    gate(prepared(faster_by(0.8)).unwrap(), "0.9").code(4).stderr(predicate::str::contains("classic: slower by"));
    gate(prepared(|r| r.stages[0].width = 640).unwrap(), "0.9").code(4).stderr(predicate::str::contains("size"));
}

#[test]
fn several_reports_in_a_file_are_compared_pair_by_pair() {
    let Some(base) = prepared(|_| {}) else { return };
    // A machine that gets slower and slower, for both alike; the second is 5 % slower each time.
    let runs = |factor: f64| -> String {
        let report = |slow: f64| prepared(faster_by(factor * slow)).unwrap() + "\n";
        [1.0, 0.8, 0.6, 0.4, 0.2].map(report).concat()
    };
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.json"), folder.path().join("b.json"));
    fs::write(&a, runs(1.0)).unwrap();
    fs::write(&b, runs(0.95)).unwrap();
    let table = rust_gears().arg("compare").args([&a, &b]).assert().success();
    table.stdout(predicate::str::is_match(r"0\.950 .* slower by 5\.0 %").unwrap());
    // One report compared with several can't be paired.
    fs::write(&a, base).unwrap();
    rust_gears().arg("compare").args([&a, &b]).assert().success().stdout(predicate::str::contains("classic"));
}

/// A benchmark that takes turns.
struct Side {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Side {
    fn start() -> Side {
        let mut command = rust_gears_process();
        command.args([
            "bench",
            "--off-screen",
            "--duration",
            "0.1s",
            "--rounds",
            "2",
            "--stage",
            "classic,vertex",
        ]);
        command.args(["--in-turns", "--json", "-"]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Side { child, input, output }
    }

    /// Its next line.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Gives it a turn, and returns its answer.
    fn turn(&mut self) -> String {
        self.input.as_mut().unwrap().write_all(b"\n").unwrap();
        self.line()
    }
}

const TURNS: &[&str] = &[
    "classic: warming up",
    "vertex: warming up",
    "classic: round 1 of 2",
    "vertex: round 1 of 2",
    "classic: round 2 of 2",
    "vertex: round 2 of 2",
];

#[test]
fn benchmarks_take_turns_and_are_compared_round_by_round() {
    if !have_gl() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut sides = [Side::start(), Side::start()];
    let mut said: Vec<String> = sides.iter_mut().map(Side::line).collect();
    for turn in TURNS {
        assert_eq!(said, [*turn, *turn]);
        said = sides.iter_mut().map(Side::turn).collect();
    }
    let files = [folder.path().join("a.json"), folder.path().join("b.json")];
    for ((side, report), file) in sides.iter_mut().zip(&said).zip(&files) {
        assert!(side.child.wait().unwrap().success());
        fs::write(file, report).unwrap();
        let report = &reports(file)[0];
        assert!(report.settings.in_turns);
        assert!(report.stages.iter().all(|stage| stage.rounds.len() == 2));
    }
    let table = rust_gears().arg("compare").args(&files).assert().success();
    table.stdout(predicate::str::is_match("(?m)^classic .*(same|slower|faster|cannot tell)").unwrap());
}

#[test]
fn a_benchmark_without_further_turns_writes_what_it_has() {
    if !have_gl() {
        return;
    }
    for (end, code) in [("input", 0), ("TERM", 143)] {
        let mut side = Side::start();
        assert_eq!(side.line(), TURNS[0]);
        for turn in &TURNS[1..4] {
            assert_eq!(side.turn(), *turn);
        }
        match end {
            "input" => side.input = None,
            name => signal(&side.child, name),
        }
        let report = &parse(&side.line()).unwrap()[0];
        assert_eq!(side.child.wait().unwrap().code(), Some(code));
        assert_eq!(report.interrupted_by, (code > 0).then_some(15));
        // Classic has had a round, vertex none.
        assert_eq!(report.stages.len(), 1);
        assert_eq!(report.stages[0].rounds.len(), 1);
    }
}

#[test]
fn rounds_that_took_turns_are_compared_pair_by_pair() {
    // A machine that gets slower and slower, for both alike; the second is 5 % slower each time.
    let at = |started: u64, factor: f64, in_turns: bool| {
        prepared(move |report| {
            report.stages[0].rounds = [1000.0, 800.0, 600.0, 400.0, 200.0].map(|rate| rate * factor).to_vec();
            (report.started, report.seconds) = (started, 10.0);
            report.settings.in_turns = in_turns;
        })
    };
    let Some(base) = at(1000, 1.0, true) else { return };
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.json"), folder.path().join("b.json"));
    fs::write(&a, base).unwrap();
    for (started, in_turns, expected) in
        [(1001, true, "slower by 5.0 %"), (1001, false, "cannot tell"), (2000, true, "cannot tell")]
    {
        fs::write(&b, at(started, 0.95, in_turns).unwrap()).unwrap();
        rust_gears().arg("compare").args([&a, &b]).assert().success().stdout(predicate::str::contains(expected));
    }
}

#[test]
fn files_that_are_not_reports_are_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.json");
    for (text, reason) in [
        ("", "it is empty"),
        ("{", "it ends in the middle of the report"),
        ("nonsense", "it isn't valid JSON"),
        ("{}", "isn't a report of rust-gears bench: it is JSON, but in another format"),
        ("[]", "isn't a report of rust-gears bench: it is JSON, but in another format"),
        (r#"{"schema":1}"#, "isn't a report of rust-gears bench: it is JSON, but in another format"),
        (r#"{"schema":"rust-gears.bench/99"}"#, "its schema is rust-gears.bench/99"),
        (r#"{"schema":"rust-gears.bench/1"}"#, "it is damaged"),
    ] {
        fs::write(&path, text).unwrap();
        let refused = rust_gears().arg("compare").args([&path, &path]).assert().code(1);
        let jargon = predicate::str::is_match("`|invalid type|expected|EOF|trailing").unwrap();
        refused
            .stderr(predicate::str::contains(reason))
            .stderr(predicate::str::contains(format!("{} ", path.display())))
            .stderr(predicate::str::contains("Make one with: rust-gears bench --json"))
            .stderr(jargon.not());
    }
    let missing = path.join("below-a-file");
    rust_gears().arg("compare").args([&missing, &missing]).assert().code(1);
    rust_gears().args(["compare", "-", "-"]).assert().code(2).stderr(predicate::str::contains("once only"));
}

#[test]
fn a_report_is_read_from_standard_input_and_from_windows() {
    let Some(report) = prepared(|_| {}) else { return };
    let folder = TempDir::new().unwrap();
    let (path, windows) = (folder.path().join("a.json"), folder.path().join("b.json"));
    fs::write(&path, &report).unwrap();
    let mut command = rust_gears();
    command.arg("compare").arg(&path).arg("-").write_stdin(report.clone());
    command
        .assert()
        .success()
        .stdout(predicate::str::contains("standard input").or(predicate::str::contains("same")));
    let utf_16: Vec<u8> = format!("\u{feff}{report}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [format!("\u{feff}{report}").into_bytes(), utf_16] {
        fs::write(&windows, content).unwrap();
        rust_gears().arg("compare").args([&path, &windows]).assert().success();
    }
}

#[test]
fn endless_input_is_not_read_to_its_end() {
    let limited = |path: &str| {
        let program = assert_cmd::cargo::cargo_bin("rust-gears");
        // 300 MB of address space.
        let output = std::process::Command::new("bash")
            .args(["-c", "ulimit -v 300000; exec \"$0\" compare \"$1\" \"$1\""])
            .arg(program)
            .arg(path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(
        limited("/dev/zero").contains("/dev/zero isn't a report of rust-gears bench: it is larger than 32 MiB")
    );
    let long = tempfile::NamedTempFile::new().unwrap();
    let text = format!("{{\"schema\": \"{}\"}}", "x".repeat(20 << 20));
    fs::write(&long, text).unwrap();
    let said = limited(long.path().to_str().unwrap());
    assert!(said.len() < 500 && said.contains("its schema is xxxx"), "{said}");
}

#[test]
fn long_names_of_a_report_are_cut() {
    let name = |renderer: char| {
        prepared(move |report| {
            report.environment.renderer.renderer = renderer.to_string().repeat(100_000);
            report.stages[0].unit = "FPS\n".repeat(100_000);
        })
    };
    let (Some(a), Some(b)) = (name('a'), name('b')) else { return };
    let folder = TempDir::new().unwrap();
    let paths = [folder.path().join("a.json"), folder.path().join("b.json")];
    fs::write(&paths[0], a).unwrap();
    fs::write(&paths[1], b).unwrap();
    let output = rust_gears().arg("compare").args(&paths).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("aaa… and bbb") && table.contains("FPS?FPS"), "{table}");
    assert!(table.len() < 2000, "{} bytes", table.len());
}
