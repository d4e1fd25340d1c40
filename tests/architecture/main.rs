//! Who may import whom (docs/architecture.md), where `unsafe` may be used, and how long a file may be.

mod paths;

use paths::Named;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The dependencies' names as they are written in source code.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let table = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    table.lines().filter_map(|line| Some(line.split_once('=')?.0.trim().replace('-', "_"))).collect()
}

/// What each room names, outside its tests.
fn named_by_rooms() -> BTreeMap<String, Named> {
    let crates = dependencies();
    let mut rooms: BTreeMap<String, Named> = BTreeMap::new();
    for path in sources(Path::new("src")) {
        let module = paths::module_of(&path);
        // The list of rooms, and a separate program.
        if module == ["lib"] || module[0] == "isolated" {
            continue;
        }
        let named = paths::named(&fs::read_to_string(&path).unwrap(), &module, &crates);
        let room = rooms.entry(module[0].clone()).or_default();
        room.rooms.extend(named.rooms);
        room.crates.extend(named.crates);
    }
    rooms
}

/// The rooms, and what each may know: other rooms, and crates. The separate program `isolated` isn't in the table.
#[rustfmt::skip] // a table: one line per room
const ROOMS: &[(&str, &[&str], &[&str])] = &[
    ("capture", &[], &["image"]),
    ("console", &[], &["thiserror"]),
    ("output_file", &[], &["thiserror"]),
    ("renderer", &[], &["serde"]),
    ("report_file", &[], &["libc", "rustix", "serde_json", "thiserror"]),
    ("scene", &[], &["glam"]),
    ("signals", &[], &["libc", "signal_hook"]),
    ("stage_name", &[], &["clap", "serde"]),
    ("stats", &[], &["hdrhistogram", "statrs"]),
    ("text_table", &[], &[]),
    ("machine", &["text_table"], &["ash", "libloading", "serde", "serde_json"]),
    ("render", &["renderer", "scene"], &["bytemuck", "etcetera", "glam", "glow", "image", "libc", "rustix", "tempfile", "thiserror"]),
    ("request", &["scene", "stage_name"], &["clap", "regex_lite"]),
    ("canvas", &["console", "machine", "render", "renderer", "request", "scene", "signals"], &["glow", "glutin", "image", "libc", "libloading", "raw_window_handle", "rustix", "serde", "thiserror", "winit", "x11rb"]),
    ("advice", &["canvas", "machine", "request"], &[]),
    ("error", &["canvas", "console", "output_file", "render", "report_file"], &["thiserror"]),
    ("devices", &["canvas", "console", "error", "machine", "renderer", "request"], &["serde", "serde_json"]),
    ("gears", &["advice", "canvas", "capture", "console", "error", "output_file", "render", "renderer", "request", "scene", "signals", "stats"], &["image", "serde", "serde_json"]),
    ("bench", &["advice", "canvas", "console", "error", "gears", "machine", "output_file", "render", "renderer", "report_file", "request", "scene", "signals", "stage_name", "stats", "text_table"], &["askama", "csv", "humantime", "image", "indicatif", "rustix", "serde", "serde_json"]),
    ("doctor", &["advice", "canvas", "capture", "console", "error", "gears", "machine", "renderer", "report_file", "request", "scene"], &["image", "libc", "rustix", "serde", "serde_json", "x11rb"]),
    ("cli", &["request", "scene", "stage_name"], &["clap", "humantime", "regex_lite"]),
    ("main", &["bench", "cli", "console", "devices", "doctor", "error", "gears", "signals"], &["clap"]),
];

/// Each room knows what its line in the table says, no more and no less, so the table is what the code is.
#[test]
fn rooms_know_what_the_table_says() {
    let named = named_by_rooms();
    let listed: BTreeSet<&str> = ROOMS.iter().map(|(room, ..)| *room).collect();
    let there: BTreeSet<&str> = named.keys().map(String::as_str).collect();
    assert_eq!(listed, there, "the rooms of the table and those of src");
    for (room, rooms, crates) in ROOMS {
        let set = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<BTreeSet<_>>();
        assert_eq!(set(rooms), named[*room].rooms, "the rooms that {room} knows");
        assert_eq!(set(crates), named[*room].crates, "the crates that {room} knows");
    }
}

/// The table has no circle: each room knows only rooms that stand above it.
#[test]
fn rooms_form_no_circle() {
    for (index, (room, rooms, _)) in ROOMS.iter().enumerate() {
        for known in *rooms {
            assert!(ROOMS[..index].iter().any(|(earlier, ..)| earlier == known), "{room} knows {known}");
        }
    }
}

/// docs/architecture.md shows the same table.
#[test]
fn the_document_shows_the_table() {
    let document = fs::read_to_string("docs/architecture.md").unwrap();
    let list = |names: &[&str]| if names.is_empty() { "–".to_owned() } else { names.join(", ") };
    for (room, rooms, crates) in ROOMS {
        let line = format!("| `{room}` | {} | {} |", list(rooms), list(crates));
        assert!(document.contains(&line), "docs/architecture.md lacks this line:\n{line}");
    }
    let lines = document.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(lines, ROOMS.len(), "docs/architecture.md has lines for rooms that are not in the table");
}

#[test]
fn doctors_checks_know_facts_alone() {
    let files = sources(Path::new("src/doctor/checks"));
    assert!(files.len() > 5, "{files:?}");
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        for imported in text.lines().filter_map(|line| line.strip_prefix("use ")) {
            let allowed =
                ["super::", "crate::advice", "crate::doctor::facts", "crate::renderer", "serde::", "std::path"];
            assert!(allowed.iter().any(|start| imported.starts_with(start)), "{}: {imported}", path.display());
        }
    }
}

#[test]
fn unsafe_code_stays_in_few_rooms_and_says_why_it_is_sound() {
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let has_unsafe = text.lines().any(|line| line.contains("unsafe {"));
        if has_unsafe {
            let room = paths::module_of(&path).remove(0);
            let allowed = ["canvas", "render", "machine", "signals"].contains(&room.as_str());
            assert!(allowed, "{}: no unsafe code in {room}", path.display());
            assert!(text.contains("// SAFETY:"), "{}", path.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_a_reader_holds_in_mind() {
    for path in sources(Path::new("src")) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 400, "{}: {lines} lines; two files would be better", path.display());
    }
}
