//! Set-ups without a problem. Without a GPU, doctor only reports that software draws.

use crate::machine::{Machine, Report};
use crate::support::XServer;

/// Row 21 as a warning, and nothing else.
#[track_caller]
fn only_software(report: &Report) {
    assert_eq!(report.rows("failure"), [] as [u64; 0], "{}", report.text());
    assert_eq!(report.rows("warning"), [21], "{}", report.text());
    assert_eq!(report.rows("skipped").iter().filter(|row| **row != 1).count(), 0, "{}", report.text());
}

fn both_ways_draw(report: &Report) {
    for way in ["glx", "egl", "off_screen"] {
        let share = report.0["facts"][way]["done"]["right_pixels"].as_f64().expect(way);
        assert!(share > 0.995, "{way}: {share}");
    }
}

#[test]
fn xvfb_without_and_with_a_cookie() {
    for x in [XServer::start("Xvfb", &[]), XServer::with_cookie()] {
        let report = Machine::with_display(&x).examine();
        only_software(&report);
        both_ways_draw(&report);
    }
}

#[test]
fn xvnc() {
    // TigerVNC from 1.15 on (Debian 13) only starts if a viewer could connect: to a socket that nobody else sees.
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("vnc").display().to_string();
    let x = XServer::start("Xvnc", &["-SecurityTypes", "None", "-rfbport", "-1", "-rfbunixpath", &socket]);
    let report = Machine::with_display(&x).examine();
    only_software(&report);
    both_ways_draw(&report);
}

#[test]
fn xephyr() {
    let outer = XServer::start("Xvfb", &[]);
    let x =
        XServer::start_in(&[("DISPLAY", &outer.display)], "Xephyr", &["-screen", "640x480", "-nolisten", "tcp"]);
    let report = Machine::with_display(&x).examine();
    only_software(&report);
    both_ways_draw(&report);
}

#[test]
fn an_egl_device_without_a_display() {
    let report = Machine::new().examine();
    only_software(&report);
    assert!(report.0["verdict"].as_str().unwrap().contains("llvmpipe"), "{}", report.0["verdict"]);
}

#[test]
fn the_report_can_be_explained_elsewhere() {
    let machine = Machine::new();
    let (made, _) = machine.run(&["doctor", "--json"]);
    let machine = machine.file("report.json", &made.stdout);
    let path = machine.path("report.json");
    let (again, _) = machine.run(&["doctor", "--json", "--from", path.to_str().unwrap()]);
    assert_eq!(String::from_utf8_lossy(&made.stdout), String::from_utf8_lossy(&again.stdout));
    assert_eq!(again.status.code(), Some(4));
}

#[test]
fn text_ends_with_the_verdict() {
    let (output, _) = Machine::new().run(&["doctor"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nwarning  renderer     llvmpipe"), "{text}");
    assert!(text.contains("\nverdict: this "), "{text}");
}

#[test]
fn the_catalogue_has_every_row() {
    let (output, _) = Machine::new().run(&["doctor", "--list"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    for number in 1..=49 {
        assert!(
            text.lines().any(|line| line.starts_with(&format!("{number:>3}  "))),
            "{number} is not in\n{text}"
        );
    }
    for number in [12, 39, 40, 41, 42, 43, 44, 47] {
        let line = text.lines().find(|line| line.starts_with(&format!("{number:>3}  "))).unwrap();
        assert!(line.contains("seen by scripts/run"), "{line}");
    }
}

#[test]
fn no_library_but_libc_is_needed_to_start() {
    let output = std::process::Command::new("ldd").arg(crate::machine::PROGRAM).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let known = ["linux-vdso", "libc.so", "libgcc_s.so", "ld-linux", "libm.so"];
    for line in text.lines() {
        assert!(known.iter().any(|name| line.contains(name)), "{line}");
    }
}

#[test]
fn row_21_software_that_was_asked_for() {
    let x = XServer::start("Xvfb", &[]);
    let report = Machine::with_display(&x).env("LIBGL_ALWAYS_SOFTWARE", "1").finds(21);
    assert!(
        report.about(21).contains("the environment asks for it: LIBGL_ALWAYS_SOFTWARE=1"),
        "{}",
        report.text()
    );
}
