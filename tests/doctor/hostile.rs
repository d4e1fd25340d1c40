//! Input made to do harm, or random: no panic, no hang, and a report or a message in the end.

use crate::machine::Machine;
use crate::support::{XServer, cookie};
use proptest::prelude::*;

fn few() -> ProptestConfig {
    // Each case is a whole run of doctor.
    ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn any_bytes_as_cookie_file(bytes: Vec<u8>, cut in 0usize..60) {
        let x = XServer::with_cookie();
        let mut file = cookie(0x0100, "host", "0", &bytes);
        file.truncate(cut);
        file.extend(&bytes);
        let machine = Machine::new().env("DISPLAY", &x.display).file("cookies", &file);
        let path = machine.path("cookies");
        machine.env("XAUTHORITY", path).examine();
    }

    #[test]
    fn any_text_as_display(display in "[^\0]{0,40}|[a-z./:\\[\\]]{0,12}:[0-9]{0,7}(\\.[0-9]{0,4})?") {
        Machine::new().env("DISPLAY", display).examine();
    }

    #[test]
    fn any_bytes_as_vendor_file(bytes: Vec<u8>) {
        let machine = Machine::new().file("10_any.json", &bytes);
        let folder = machine.path("");
        machine.env("__EGL_VENDOR_LIBRARY_DIRS", folder).examine();
    }

    #[test]
    fn any_text_in_variables(value in "[^\0]{0,40}") {
        let mut machine = Machine::new();
        for name in ["XAUTHORITY", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_VISIBLE_DEVICES", "XKB_CONFIG_ROOT", "LIBGL_DRIVERS_PATH"] {
            machine = machine.env(name, &value);
        }
        machine.examine();
    }
}

#[test]
fn a_report_that_is_cut_short_is_refused_wherever_it_ends() {
    let machine = Machine::new();
    let (made, _) = machine.run(&["doctor", "--json"]);
    let whole = made.stdout;
    let path = machine.path("report.json");
    for length in [0, 1, 2, 17, whole.len() / 3, whole.len() / 2, whole.len() - 3] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let (output, _) = machine.run(&["doctor", "--from", path.to_str().unwrap()]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "cut at {length}: {errors}");
        assert!(errors.contains("isn't a report of rust-gears doctor"), "{errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn files_that_are_not_reports_are_refused() {
    let machine = Machine::new();
    let path = machine.path("report.json");
    let from = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        let (output, _) = machine.run(&["doctor", "--from", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    from(b"\xff\xfe\x00");
    from(b"[]");
    from(br#"{"schema": 1, "facts": 7}"#);
    assert!(from(br#"{"schema": 999, "facts": {}}"#).contains("999"));
    let (output, _) = machine.run(&["doctor", "--from", "/nowhere/report.json"]);
    assert_eq!(output.status.code(), Some(2));
    // A file without an end.
    let (output, _) = machine.run(&["doctor", "--from", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(2));
    let (output, _) = machine.run(&["doctor", "--list", "--from", "x"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let (output, _) = Machine::new().env("DISPLAY", "\x1b]0;title\x07\x1b[2J:0").run(&["doctor"]);
    assert!(!output.stdout.contains(&0x1b), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_pipe_as_cookie_file_does_not_hang_doctor() {
    let x = XServer::start("Xvfb", &[]);
    let machine = Machine::new().env("DISPLAY", &x.display);
    let path = machine.path("pipe");
    crate::machine::run(std::process::Command::new("mkfifo").arg(&path));
    machine.env("XAUTHORITY", path).finds(53);
}
