//! The documents: generated parts are current, and links lead somewhere.

mod support;

use serde::Deserialize;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use support::rust_gears;

/// If set, docs/troubleshooting.md is rewritten instead of compared.
const REWRITE: &str = "RUST_GEARS_REWRITE_DOCS";

const TROUBLESHOOTING: &str = "docs/troubleshooting.md";

#[derive(Deserialize)]
struct Row {
    row: u8,
    topic: String,
    seen_by: String,
    symptom: String,
    cause: String,
    fix: String,
    thread: Option<String>,
}

/// Topics in the order in which doctor checks them, with headings for readers.
const HEADINGS: &[(&str, &str)] = &[
    ("container", "The container doesn't start, or loses the GPU"),
    ("display", "The display and its cookie"),
    ("X server", "The X server"),
    ("libraries", "Libraries"),
    ("GPU", "The GPU and its device nodes"),
    ("driver", "The GPU's driver"),
    ("EGL devices", "EGL devices"),
    ("GLX window", "A window through GLX"),
    ("EGL window", "A window through EGL"),
    ("off-screen", "Drawing off-screen"),
    ("picture", "The picture"),
    ("renderer", "Software draws"),
    ("Vulkan", "Vulkan"),
];

/// Escapes the text for Markdown.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "\\`*_<>[]$#|".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn rows() -> Vec<Row> {
    let listed = rust_gears().args(["doctor", "--list", "--json"]).output().unwrap();
    serde_json::from_slice(&listed.stdout).unwrap()
}

fn troubleshooting(rows: &[Row]) -> String {
    let mut page = String::from(
        "<!-- Generated from doctor's catalogue: RUST_GEARS_REWRITE_DOCS=1 cargo test --test docs -->\n\n\
         # Troubleshooting, by symptom\n\n\
         This is the catalogue of `rust-gears doctor`, which finds out by itself which of these you have\n\
         ([how to run it](doctor.md)). The numbers in brackets are those that doctor prints. What engines say if a\n\
         container can't start is explained by scripts/run, and for your own containers by scripts/explain:\n\
         `docker compose up 2>&1 | scripts/explain`.\n",
    );
    for (topic, heading) in HEADINGS {
        let mut about = rows.iter().filter(|row| row.topic == *topic).peekable();
        if about.peek().is_none() {
            continue;
        }
        write!(page, "\n## {heading}\n").unwrap();
        for Row { row, seen_by, symptom, cause, fix, thread, .. } in about {
            let by = if seen_by == "doctor" { String::new() } else { format!(" Shown by {seen_by}.") };
            let met = thread.as_ref().map(|url| format!(" [Users who met it]({url}).")).unwrap_or_default();
            let (symptom, cause) = (literal(symptom), literal(cause));
            write!(page, "\n### {symptom} \\[{row}\\]\n\nCause: {cause}.{by}{met} Fix:\n\n```text\n{fix}\n```\n")
                .unwrap();
        }
    }
    page
}

#[test]
fn troubleshooting_is_doctors_catalogue() {
    let rows = rows();
    let unknown = rows.iter().find(|row| HEADINGS.iter().all(|(topic, _)| *topic != row.topic));
    assert!(unknown.is_none(), "no heading for the topic {}", unknown.unwrap().topic);
    let page = troubleshooting(&rows);
    if std::env::var_os(REWRITE).is_some() {
        fs::write(TROUBLESHOOTING, &page).unwrap();
    }
    let kept = fs::read_to_string(TROUBLESHOOTING).unwrap_or_default();
    assert!(kept == page, "{TROUBLESHOOTING} is not the catalogue's: {REWRITE}=1 cargo test --test docs");
}

fn documents() -> Vec<PathBuf> {
    let pages = |folder: &str| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect::<Vec<_>>()
    };
    [pages("."), pages("docs")].concat()
}

/// The headings' anchors, as GitHub generates them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    let kept = |c: char| c.is_alphanumeric() || " -_".contains(c);
    headings
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(|&c| kept(c)).collect::<String>().replace(' ', "-"))
        .collect()
}

/// The targets of links and pictures, `[text](target)`, except addresses on the web.
fn targets(page: &str) -> Vec<&str> {
    let links = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    links.map(|(target, _)| target).filter(|target| !target.contains("://")).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for document in documents() {
        let page = fs::read_to_string(&document).unwrap();
        for target in targets(&page) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = document.parent().unwrap();
            let path = if file.is_empty() { document.clone() } else { folder.join(file) };
            assert!(path.exists(), "{}: {target} does not exist", document.display());
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&path).unwrap());
                assert!(there.iter().any(|a| a == anchor), "{}: no heading {target}", document.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links");
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(Path::new("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "README.md has {lines} lines: move some of it to docs/");
}

/// The text of every file under the folder that may contain tests.
fn test_sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            test_sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "sh") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    let page = fs::read_to_string("SECURITY.md").unwrap();
    let (_, promises) = page.split_once("\n## Promises\n").expect("a chapter of promises");
    let (promises, _) = promises.split_once("\n## ").expect("a chapter after it");
    let mut sources = String::new();
    for folder in ["tests", "src"] {
        test_sources(Path::new(folder), &mut sources);
    }
    let rows: Vec<&str> = promises.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 10, "only {} promises", rows.len());
    for row in rows {
        let named = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let tests: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "a promise without a test: {row}");
        for test in tests {
            let defined = [format!("\n{test}() {{"), format!("fn {test}()")];
            assert!(defined.iter().any(|definition| sources.contains(definition)), "there is no test {test}");
        }
    }
}
