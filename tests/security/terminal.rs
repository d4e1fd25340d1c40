//! Text from elsewhere that tries to control the reader's terminal: its title, its colours, or the order of letters.

use crate::support::{have_gl, rust_gears, rust_gears_process};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;

/// ESC ] (title), BEL, ESC [ (colour), CSI in one character, DEL, and an override that shows text from right to left.
const HOSTILE: &str = "\x1b]0;pwned\x07\x1b[31mred\u{9b}2J\u{7f}\u{202e}gnorw";

/// Asserts that `output` has the harmless part of [`HOSTILE`], and nothing that a terminal interprets.
fn assert_harmless(output: &Output) {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8(all).expect("UTF-8");
    assert!(text.contains("pwned") && text.contains("gnorw"), "the attack did not get through: {text:?}");
    let acted_on = |c: &char| c.is_control() && *c != '\n' && *c != '\t' || ('\u{202a}'..='\u{202e}').contains(c);
    assert_eq!(text.chars().find(acted_on), None, "{text:?}");
}

/// A display with a server that refuses its first `clients` connections with `reason`.
fn refusing_server(reason: &str, clients: usize) -> (String, std::thread::JoinHandle<()>) {
    // A TCP display, because a free port is easy to find and no socket is left behind. 6000 + n is display n.
    let (listener, display) = (6100u16..6400)
        .find_map(|port| {
            Some((TcpListener::bind(("127.0.0.1", port)).ok()?, format!("127.0.0.1:{}", port - 6000)))
        })
        .expect("a free port");
    let mut reason = reason.as_bytes().to_vec();
    let length = u8::try_from(reason.len()).expect("a short reason");
    reason.resize(reason.len().next_multiple_of(4), 0);
    // Refused (0), protocol 11.0, and the length of the rest in words (X Window System Protocol, appendix B).
    let mut answer = vec![0, length, 11, 0, 0, 0];
    answer.extend(u16::try_from(reason.len() / 4).unwrap().to_le_bytes());
    answer.extend(reason);
    let server = std::thread::spawn(move || {
        for client in listener.incoming().take(clients) {
            let mut client = client.expect("a connection");
            // The greeting, which is 12 bytes without a cookie.
            let _ = client.read_exact(&mut [0; 12]);
            let _ = client.write_all(&answer);
        }
    });
    (display, server)
}

#[test]
fn an_x_server_that_refuses_does_not_command_the_terminal() {
    let (display, _server) = refusing_server(HOSTILE, 64);
    for arguments in [&["--frames", "1"][..], &["bench", "--quick"], &["doctor"], &["doctor", "--json"]] {
        let output = rust_gears().args(arguments).env("DISPLAY", &display).output().unwrap();
        assert_harmless(&output);
    }
}

#[test]
fn a_report_from_elsewhere_does_not_command_the_terminal() {
    if !have_gl() {
        return;
    }
    let made =
        rust_gears_process().args(["bench", "--off-screen", "--stage", "fill", "--quick", "--json", "-"]).output();
    let mut report: Value = serde_json::from_slice(&made.unwrap().stdout).expect("a report");
    let folder = tempfile::tempdir().unwrap();
    let mut write = |name: &str, renderer: &str| -> PathBuf {
        report["environment"]["renderer"] = renderer.into();
        // Another measurement than the others.
        report["started"] = (report["started"].as_u64().unwrap() + 1).into();
        report["stages"][0]["unit"] = HOSTILE.into();
        let path = folder.path().join(name);
        fs::write(&path, report.to_string()).unwrap();
        path
    };
    let (first, second, third) = (write("a", "same"), write("b", "same"), write("c", HOSTILE));
    for other in [second, third] {
        for extra in [&[][..], &["--markdown"], &["--fail-below", "0.9"]] {
            let output = rust_gears().arg("compare").args([&first, &other]).args(extra).output().unwrap();
            assert_harmless(&output);
        }
    }
}

#[test]
fn a_drivers_names_in_a_report_do_not_command_the_terminal() {
    let made = rust_gears().args(["doctor", "--json"]).output().unwrap();
    let mut report: Value = serde_json::from_slice(&made.stdout).expect("a report");
    report["facts"]["off_screen"] = serde_json::json!({ "done": {
        "kind": "software",
        "renderer": { "renderer": HOSTILE, "vendor": HOSTILE, "version": HOSTILE },
        "device": HOSTILE, "right_pixels": 1.0, "fps": 60.0, "refresh_rate": null, "earlier_failures": HOSTILE,
    }});
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), report.to_string()).unwrap();
    for extra in [&[][..], &["--json"]] {
        let output = rust_gears().args(["doctor", "--from"]).arg(file.path()).args(extra).output().unwrap();
        assert_harmless(&output);
    }
}
