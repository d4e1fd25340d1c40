//! Who may import whom (see the crate's documentation), read from the `use` lines; and where `unsafe` may stand.

use std::fs;
use std::path::{Path, PathBuf};

const WINDOWS_AND_GL: &[&str] = &["glow", "glutin", "winit", "x11rb", "libloading", "raw_window_handle"];

/// A room, and what it must not import: other crates by name, rooms of this one as `crate::room`.
const RULES: &[(&str, &[&str])] = &[
    (
        "scene",
        &["crate::cli", "crate::platform", "crate::render", "crate::report", "crate::session", "crate::stats"],
    ),
    ("stats", &["crate::"]),
    ("capture", &["crate::"]),
    ("renderer", &["crate::"]),
    ("report", &["crate::platform", "crate::render::", "crate::session", "crate::cli"]),
    ("cli", &["crate::platform", "crate::render::", "crate::session", "crate::report"]),
    ("render", &["glutin", "winit", "x11rb", "crate::platform", "crate::session", "crate::cli", "crate::report"]),
    ("platform", &["glow", "crate::render::", "crate::scene", "crate::session", "crate::stats"]),
    ("session", &["glow", "glutin", "winit", "x11rb"]),
    ("bench", &["glow", "glutin", "winit", "x11rb"]),
    ("console", &["crate::"]),
    ("display_name", &["crate::"]),
    ("stage_name", &["crate::"]),
    ("output_file", &["crate::"]),
    ("report_file", &["crate::"]),
    ("web", &["rust_gears"]),
];

/// Rooms that know numbers and text alone.
const PURE: &[&str] = &[
    "scene",
    "stats",
    "capture",
    "console",
    "renderer",
    "report",
    "cli",
    "display_name",
    "stage_name",
    "output_file",
    "report_file",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The name of the room a file is in: its folder under src, or its own name where it lies in src itself.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap();
    inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_go_one_way() {
    let mut checked = 0;
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let room = room(&path);
        let mut forbidden: Vec<&str> =
            RULES.iter().filter(|(name, _)| *name == room).flat_map(|(_, not)| not.iter().copied()).collect();
        if PURE.contains(&room.as_str()) {
            forbidden.extend(WINDOWS_AND_GL);
        }
        for line in text.lines().map(str::trim_start) {
            let Some(imported) = line.trim_start_matches("pub ").strip_prefix("use ") else { continue };
            checked += 1;
            for &prefix in &forbidden {
                assert!(!imported.starts_with(prefix), "{}: {room} must not import {imported}", path.display());
            }
        }
    }
    assert!(checked > 50, "only {checked} imports were found");
}

#[test]
fn doctors_checks_know_facts_alone() {
    let files = sources(Path::new("src/doctor/checks"));
    assert!(files.len() > 5, "{files:?}");
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        for imported in text.lines().filter_map(|line| line.strip_prefix("use ")) {
            let allowed = ["super::", "crate::doctor::facts", "crate::renderer", "serde::", "std::path"];
            assert!(allowed.iter().any(|start| imported.starts_with(start)), "{}: {imported}", path.display());
        }
    }
}

#[test]
fn unsafe_code_stays_in_render_platform_and_signals_and_says_why_it_is_sound() {
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let has_unsafe = text.lines().any(|line| line.contains("unsafe {"));
        if has_unsafe {
            let room = room(&path);
            let allowed =
                ["render", "platform", "signals"].contains(&room.as_str()) || path.starts_with("src/doctor/facts");
            assert!(allowed, "{}: no unsafe code in {room}", path.display());
            assert!(text.contains("// SAFETY:"), "{}", path.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_a_reader_holds_in_mind() {
    for path in sources(Path::new("src")) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{}: {lines} lines; two files would be better", path.display());
    }
}
