//! Signals end every command, whatever hangs, with the exit code that a shell expects.

mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::{XServer, have_gl, rust_gears_process, signal, wait_for};

/// Far longer than a process may take, but far shorter than one that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Signals, how often each is sent, and the resulting exit code.
const SENT: [(&str, usize, i32); 6] =
    [("TERM", 1, 143), ("INT", 1, 130), ("HUP", 1, 129), ("TERM", 2, 143), ("INT", 2, 130), ("HUP", 2, 129)];

/// An X server that doesn't answer until this is dropped.
struct Hung<'a>(&'a XServer);

impl<'a> Hung<'a> {
    fn new(server: &'a XServer) -> Hung<'a> {
        server.signal("STOP");
        Hung(server)
    }
}

impl Drop for Hung<'_> {
    fn drop(&mut self) {
        self.0.signal("CONT");
    }
}

fn start(arguments: &[&str], display: Option<&str>) -> Child {
    let mut command = rust_gears_process();
    command.args(arguments).envs(display.map(|display| ("DISPLAY", display)));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until a process has its handler for SIGTERM. Before that, a signal ends it in the default way.
fn wait_until_watching(child: &Child) {
    wait_for("the handler", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?.trim();
        (u64::from_str_radix(mask, 16).unwrap() & 1 << (15 - 1) != 0).then_some(())
    });
}

fn children(child: &Child) -> Vec<u32> {
    let path = format!("/proc/{0}/task/{0}/children", child.id());
    let list = std::fs::read_to_string(path).unwrap_or_default();
    list.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// Sends the signal, and asserts how the process ends. It must end by itself, because as process 1 of a container, it
/// would survive a signal that it doesn't handle.
fn assert_ends(what: &str, mut child: Child, (name, times, code): (&str, usize, i32)) {
    for _ in 0..times {
        // The first may have ended it before the second is sent.
        if child.try_wait().unwrap().is_none() {
            signal(&child, name);
        }
    }
    let sent = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if sent.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{what} still runs after SIG{name}, sent {times} times");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(code), "{what}, SIG{name} sent {times} times: {:?}", status.signal());
}

#[test]
fn a_server_that_hangs_before_the_connection_holds_up_no_signal() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    let _hung = Hung::new(&server);
    for arguments in [&[][..], &["bench", "--quick"], &["doctor"]] {
        for sent in SENT {
            let child = start(arguments, Some(&server.display));
            wait_until_watching(&child);
            assert_ends(&format!("{arguments:?}"), child, sent);
        }
    }
}

#[test]
fn a_server_that_hangs_in_mid_run_holds_up_no_signal() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    for (arguments, window) in [
        (&["--interval", "0.1"][..], "FPS"),
        (&["--interval", "0.1", "--present", "copy"], "FPS"),
        (&["bench", "--stage", "classic"], "rust-gears"),
    ] {
        for sent in SENT {
            let child = start(arguments, Some(&server.display));
            server.window(window);
            let hung = Hung::new(&server);
            // It runs until it needs an answer from the server. If that isn't yet the case, it only ends sooner.
            std::thread::sleep(Duration::from_millis(300));
            assert_ends(&format!("{arguments:?}"), child, sent);
            drop(hung);
            wait_for("the end of the window", || {
                server.tool("xdotool", &["search", "--name", "rust-gears"]).is_empty().then_some(())
            });
        }
    }
}

#[test]
fn what_hangs_without_a_server_holds_up_no_signal() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // Opening a pipe waits for a reader, and there is none.
    let pipe = pipe.to_str().unwrap();
    for arguments in [&["--off-screen", "--screenshot", pipe][..], &["bench", "--off-screen", "--json", pipe]] {
        for sent in SENT {
            let child = start(arguments, None);
            wait_until_watching(&child);
            assert_ends(&format!("{arguments:?}"), child, sent);
        }
    }
}

#[test]
fn doctors_trials_end_with_it() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    let _hung = Hung::new(&server);
    for sent in [("TERM", 1, 143), ("KILL", 1, -1)] {
        let mut child = start(&["doctor"], Some(&server.display));
        wait_until_watching(&child);
        // Trials that load libraries end by themselves; the one that talks to the server doesn't.
        std::thread::sleep(Duration::from_millis(500));
        let trials = children(&child);
        assert!(!trials.is_empty(), "no trial hangs");
        if sent.0 == "KILL" {
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            assert_ends("doctor", child, sent);
        }
        wait_for("the end of the trials", || {
            let is_running = |pid: &u32| {
                // A zombie has ended, even if process 1 of this machine doesn't collect it.
                let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
            };
            (!trials.iter().any(is_running)).then_some(())
        });
    }
}

#[test]
fn the_benchmark_of_all_devices_passes_a_signal_on_and_writes_what_it_has() {
    if !have_gl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("all.json");
    let arguments = ["bench", "--all-devices", "--stage", "fill", "--json", json.to_str().unwrap()];
    let child = start(&arguments, None);
    let measuring = wait_for("the process that measures", || children(&child).first().copied());
    // Its first rounds.
    std::thread::sleep(Duration::from_secs(2));
    assert_ends("bench --all-devices", child, ("TERM", 1, 143));
    assert!(!std::path::Path::new(&format!("/proc/{measuring}/exe")).exists(), "the measuring process still runs");
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["interrupted_by"], 15);
}
