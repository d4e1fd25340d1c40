//! The command line as users type it: what is printed, where, and with which exit code.

mod support;

use predicates::prelude::*;
use predicates::str::{contains, is_match};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{XServer, have, have_gl, rust_gears, rust_gears_process, signal, wait_for};

#[test]
fn cargo_run_runs_the_gears() {
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(metadata["packages"][0]["default_run"], "rust-gears");
}

#[test]
fn usage_errors_exit_with_2_and_name_the_argument() {
    for (arguments, words) in [
        (&["-fps"][..], "-f"),
        (&["--frames", "0"], "--frames"),
        (&["--frames", "-1"], "-1"),
        (&["--duration", "0s"], "--duration"),
        (&["--duration", "soon"], "soon"),
        (&["-geometry", "0x0"], "at least 1 pixel"),
        (&["-geometry", "wide"], "640x480+10-20"),
        (&["-geometry", "40000x300"], "32767"),
        (&["-samples", "1000"], "1000"),
        (&["-samples", "-1"], "-1"),
        (&["--frames", "-1"], "write a whole number from 1 to"),
        (&["--duration", "-1"], "must be longer than zero"),
        (&["bench", "--duration", "-1s"], "must be longer than zero"),
        (&["bench", "--rounds", "-1"], "write a whole number from 1 to 1000"),
        (&["-duration", "1s"], "'--duration'"),
        (&["bench", "-html", "page.html"], "'--html'"),
        (&["--view", "1,2"], "20,30,0"),
        (&["--expect-renderer", "("], "--expect-renderer"),
        (&["--device", "third"], "--list-devices"),
        (&["--off-screen", "--display", ":0"], "--display"),
        (&["--display", ":0", "--device", "0"], "--off-screen"),
        (&["-swapinterval", "fast"], "fast"),
        (&["extra"], "extra"),
    ] {
        rust_gears().args(arguments).assert().code(2).stderr(contains(words)).stdout("");
    }
}

#[test]
fn help_lists_the_exit_codes() {
    for word in ["--help", "-help"] {
        rust_gears()
            .arg(word)
            .assert()
            .success()
            .stdout(contains("Exit codes:").and(contains("--require-hardware")));
    }
}

#[test]
fn help_that_cannot_be_written_exits_with_5_and_a_closed_pipe_is_no_error() {
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["help"],
        &["bench", "--help"],
        &["compare", "-h"],
        &["doctor", "--help"],
        &["help", "doctor"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = rust_gears_process().args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("standard output could not be written"));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = rust_gears_process().args(arguments).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{arguments:?}");
    }
}

#[test]
fn doctors_exit_code_is_0_only_if_a_gpu_draws_the_right_picture() {
    use rust_gears::doctor::facts::{Drawn, Facts, Outcome};
    use rust_gears::doctor::report::Report;
    use rust_gears::renderer::{Kind, Renderer};
    let report = |kind: Kind, right_pixels: Option<f64>| {
        let renderer = Renderer { renderer: "GPU".into(), vendor: "maker".into(), version: "4.6".into() };
        let (device, earlier_failures) = (String::new(), String::new());
        let drawn =
            Drawn { renderer, kind, device, right_pixels, fps: 60.0, refresh_rate: None, earlier_failures };
        Report::new(Facts { off_screen: Outcome::Done(drawn), ..Facts::default() }).json()
    };
    for (kind, right_pixels, code, words) in [
        (Kind::Hardware, Some(0.999), 0, "verdict: this machine draws on GPU"),
        (Kind::Hardware, None, 0, "verdict: this machine draws on GPU"),
        (Kind::Hardware, Some(0.72), 4, "verdict: this machine draws a wrong picture, on GPU"),
        (Kind::Software, Some(0.999), 4, "draws in software only"),
    ] {
        // From standard input, as PowerShell writes it.
        let json = format!("\u{feff}{}", report(kind, right_pixels));
        let utf_16: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for input in [json.into_bytes(), utf_16] {
            let said = rust_gears().args(["doctor", "--from", "-"]).write_stdin(input).assert().code(code);
            said.stdout(contains(words));
        }
    }
    let said = rust_gears().args(["doctor", "--from", "-"]).write_stdin("{}").assert().code(2);
    said.stderr(
        contains("standard input isn't a report of rust-gears doctor: it is JSON, but in another format")
            .and(contains("Make one with: rust-gears doctor --json")),
    );
}

#[test]
fn without_a_display_it_draws_off_screen_and_says_so_once() {
    if !have_gl() {
        return;
    }
    let said = rust_gears().args(["--frames", "3"]).assert().success().stdout("");
    said.stderr(contains("DISPLAY is not set, so the gears are drawn off-screen").count(1));
    rust_gears().args(["--off-screen", "--frames", "3"]).assert().success().stderr(contains("DISPLAY").not());
}

#[test]
fn an_unreachable_display_is_an_error_rather_than_off_screen() {
    for (display, words) in [
        (":4242", "/tmp/.X11-unix/X4242"),
        ("localhost:4242", "localhost:4242"),
        ("nonsense", "not a display name"),
        (":99999999999", "not a display name"),
        ("\u{1F600}", "not a display name"),
    ] {
        let said = rust_gears().args(["--frames", "3", "-display", display]).assert().code(3);
        said.stdout(format!("Error: couldn't open display {display}\n")).stderr(contains(words));
        rust_gears().args(["--frames", "3"]).env("DISPLAY", display).assert().code(3);
    }
}

#[test]
fn frames_are_counted_exactly() {
    if !have_gl() {
        return;
    }
    for frames in ["1", "2", "100", "777"] {
        let run = rust_gears().args(["--off-screen", "--json", "--frames", frames]).assert().success();
        let summary: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        assert_eq!(summary["frames"], frames.parse::<u64>().unwrap());
        assert_eq!(summary["timed_frames"], frames.parse::<u64>().unwrap() - 1);
    }
}

#[test]
fn json_has_one_object_per_line_every_interval_then_the_summary() {
    if !have_gl() {
        return;
    }
    let run = rust_gears()
        .args(["--off-screen", "--json", "--duration", "1s", "--interval", "200ms", "--geometry", "64x32"])
        .args(["--samples", "4"])
        .assert()
        .success();
    let stdout = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, intervals) = lines.split_last().unwrap();
    assert!(intervals.len() >= 3, "{stdout}");
    for line in &lines {
        for key in ["renderer", "vendor", "version", "api", "device"] {
            assert!(line[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {line}");
        }
        assert!(["hardware", "software"].contains(&line["kind"].as_str().unwrap()));
        assert_eq!((&line["width"], &line["height"]), (&64.into(), &32.into()));
        assert_eq!((&line["target"], &line["samples"]), (&"off-screen".into(), &4.into()));
        let fps = line["frames"].as_f64().unwrap() / line["seconds"].as_f64().unwrap();
        assert!((line["fps"].as_f64().unwrap() / fps - 1.0).abs() < 0.05, "{line}");
    }
    assert!(intervals.iter().all(|line| line["type"] == "interval"));
    assert_eq!(summary["type"], "summary");
    assert!(summary["frame_time_p50_ms"].as_f64() <= summary["frame_time_p99_ms"].as_f64());
    assert_eq!(summary["swap_interval"], Value::Null);
}

#[test]
fn standard_output_is_glxgears_to_the_letter() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("glxgears") {
        return;
    }
    let ours = rust_gears()
        .args(["-info", "-geometry", "100x100", "--interval", "0.3", "--duration", "1s", "-swapinterval", "0"])
        .env("DISPLAY", &server.display)
        .assert()
        .success();
    let ours = String::from_utf8(ours.get_output().stdout.clone()).unwrap();
    let mut glxgears = std::process::Command::new("glxgears")
        .args(["-info", "-geometry", "100x100"])
        .env("DISPLAY", &server.display)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let theirs: Vec<String> =
        BufReader::new(glxgears.stdout.take().unwrap()).lines().map_while(Result::ok).take(6).collect();
    glxgears.kill().unwrap();
    glxgears.wait().unwrap();
    // These always differ: figures, the visual's number, and what a core profile offers. Everything else is equal.
    let shape = |line: &str| {
        let line = line.split("= ").next().filter(|_| line.starts_with("GL_")).unwrap_or(line);
        line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>()
    };
    let ours: Vec<String> = ours.lines().map(str::to_owned).collect();
    for (i, their) in theirs.iter().enumerate().take(4) {
        assert_eq!(shape(&ours[i]), shape(their));
    }
    assert!(is_match(r"^VisualID \d+, 0x[0-9a-f]+$").unwrap().eval(&theirs[4]));
    assert!(is_match(r"^VisualID \d+, 0x[0-9a-f]+$").unwrap().eval(&ours[4]));
    let fps = is_match(r"^\d+ frames in \d+\.\d seconds = [ \d]{2}\d+\.\d{3} FPS$|^\d+ frames in \d+\.\d seconds = \d+\.\d{3} FPS$").unwrap();
    assert!(fps.eval(&theirs[5]), "{}", theirs[5]);
    assert!(ours.len() >= 7 && ours[5..].iter().all(|line| fps.eval(line)), "{ours:?}");
}

#[test]
fn requirements_that_are_not_met_exit_with_4() {
    if !have_gl() {
        return;
    }
    let llvmpipe = ["--off-screen", "--frames", "1", "--expect-renderer", "llvmpipe"];
    if rust_gears().args(llvmpipe).output().unwrap().status.success() {
        let refused = rust_gears().args(["--off-screen", "--require-hardware"]).assert().code(4);
        refused.stderr(contains("--require-hardware is not met").and(contains("software")));
    }
    let refused = rust_gears().args(["--off-screen", "--expect-renderer", "^Voodoo$"]).assert().code(4);
    refused.stderr(contains("^Voodoo$").and(contains("--list-devices")));
}

#[test]
fn devices_are_listed_and_chosen() {
    if !have_gl() {
        return;
    }
    let list = rust_gears().args(["--list-devices", "--json"]).assert().success();
    let stdout = String::from_utf8(list.get_output().stdout.clone()).unwrap();
    let devices: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(devices[0]["index"], 0);
    for device in devices.iter().filter(|device| device["renderer"].is_string()) {
        let index = device["index"].to_string();
        let run = rust_gears().args(["--device", &index, "--frames", "1", "--json"]).assert().success();
        let summary: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        assert_eq!(summary["renderer"], device["renderer"]);
    }
    for missing in ["99", "0000:ff:1f.7", "/dev/dri/renderD999", "GPU-00000000-0000-0000-0000-000000000001"] {
        let refused = rust_gears().args(["--device", missing]).assert().code(3);
        refused.stderr(contains("--list-devices").and(contains("EGL device 0")));
    }
}

#[test]
fn a_size_beyond_the_limits_is_refused_with_the_limit() {
    if !have_gl() {
        return;
    }
    let refused = rust_gears().args(["--off-screen", "--geometry", "32767x32767"]).assert().code(3);
    refused.stderr(contains("32767x32767").and(contains("limit").or(contains("MEMORY"))));
    let refused = rust_gears().args(["--off-screen", "--samples", "64"]).assert().code(3);
    refused.stderr(contains("samples"));
}

#[test]
fn a_picture_that_cannot_be_written_exits_with_5_before_anything_is_drawn() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below_a_file = file.path().join("a.png");
    for path in [below_a_file.to_str().unwrap(), "/proc/a.png", "/"] {
        let refused = rust_gears().args(["--off-screen", "--screenshot", path]).assert().code(5);
        refused.stderr(contains(path).and(contains("mount one")));
    }
    if have_gl() {
        let full = rust_gears().args(["--off-screen", "--frames", "1", "--screenshot", "/dev/full"]).assert();
        full.code(5).stderr(contains("No space left"));
    }
}

#[test]
fn a_full_disk_behind_standard_output_exits_with_5() {
    if !have_gl() {
        return;
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = rust_gears_process();
    command.args(["--off-screen", "--interval", "0.01", "--duration", "5s"]).stdout(full);
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output could not be written"));
}

#[test]
fn a_closed_pipe_ends_the_run_without_an_error() {
    if !have_gl() {
        return;
    }
    let mut child =
        rust_gears_process().args(["--off-screen", "--interval", "0.05", "--duration", "50s"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.ends_with("FPS\n"));
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("FPS on average"), "{stderr}");
}

#[test]
fn signals_end_a_run_with_its_results() {
    if !have_gl() {
        return;
    }
    let server = XServer::xvfb(&[]);
    let folder = tempfile::tempdir().unwrap();
    let displays = [None, server.as_ref().map(|server| server.display.clone())];
    for display in displays.iter().filter(|display| server.is_some() || display.is_none()) {
        for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
            let file = folder.path().join("last.png");
            let mut command = rust_gears_process();
            command.args(["--json", "--interval", "0.05", "--screenshot", file.to_str().unwrap()]);
            command.envs(display.iter().map(|display| ("DISPLAY", display)));
            let mut child = command.spawn().unwrap();
            let mut output = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            signal(&child, name);
            let lines: Vec<String> = output.lines().map_while(Result::ok).collect();
            assert_eq!(child.wait().unwrap().code(), Some(128 + number), "{name} {display:?}");
            let summary: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
            assert_eq!(summary["type"], "summary");
            assert_eq!(support::picture(&file).dimensions(), (300, 300));
            std::fs::remove_file(&file).unwrap();
        }
    }
}

#[test]
fn a_paused_window_ends_at_a_signal_too_and_its_time_is_not_counted() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("xdotool") {
        return;
    }
    let mut child = rust_gears_process().args(["--json"]).env("DISPLAY", &server.display).spawn().unwrap();
    server.window("rust-gears");
    let started = Instant::now();
    let is_still = || {
        let cpu = || std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let field = |text: &str| text.split(' ').nth(13).unwrap().to_owned();
        let before = field(&cpu());
        std::thread::sleep(Duration::from_millis(200));
        field(&cpu()) == before
    };
    server.tool("xdotool", &["search", "--name", "rust-gears", "windowfocus", "key", "a"]);
    wait_for("the gears to stand", || is_still().then_some(()));
    let before_pause = started.elapsed();
    std::thread::sleep(Duration::from_secs(2));
    signal(&child, "TERM");
    let output = {
        let mut text = String::new();
        std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut text).unwrap();
        text
    };
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let summary: Value = serde_json::from_str(output.lines().last().unwrap()).unwrap();
    let seconds = summary["seconds"].as_f64().unwrap();
    assert!(seconds < before_pause.as_secs_f64() + 1.0, "{seconds} {before_pause:?}");
}

#[test]
fn the_title_names_renderer_and_fps() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("xdotool") {
        return;
    }
    let child = rust_gears_process().args(["--interval", "0.1"]).env("DISPLAY", &server.display).spawn().unwrap();
    server.window(r"^rust-gears: [0-9]+ FPS, .+");
    signal(&child, "TERM");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
}

#[test]
fn a_window_is_placed_where_it_was_asked_for() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("xwininfo") {
        return;
    }
    for (arguments, expected) in [
        (&["-geometry", "320x200+40+30"][..], ["320", "200", "40", "30"]),
        (&["-geometry", "320x200-0-10"], ["320", "200", "704", "558"]),
        (&["-fullscreen"], ["1024", "768", "0", "0"]),
    ] {
        let child = rust_gears_process().args(arguments).env("DISPLAY", &server.display).spawn().unwrap();
        let id = server.window("rust-gears");
        let info = server.tool("xwininfo", &["-id", &id]);
        let field = |name: &str| {
            let line = info.lines().find(|line| line.trim().starts_with(name)).unwrap();
            line.split(':').nth(1).unwrap().trim().to_owned()
        };
        let found = ["Width", "Height", "Absolute upper-left X", "Absolute upper-left Y"].map(field);
        assert_eq!(found, expected, "{arguments:?}");
        signal(&child, "TERM");
        child.wait_with_output().unwrap();
    }
}

#[test]
fn a_full_screen_window_follows_the_screen_without_a_window_manager() {
    if !have_gl() || !have("Xvnc") || !have("xrandr") || !have("xwininfo") {
        return;
    }
    // TigerVNC from 1.15 on (Debian 13) only starts if a viewer could connect: to a socket that nobody else sees.
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("vnc").display().to_string();
    let server = XServer::start("Xvnc", &["-SecurityTypes", "None", "-rfbport", "-1", "-rfbunixpath", &socket]);
    let child = rust_gears_process().arg("-fullscreen").env("DISPLAY", &server.display).spawn().unwrap();
    let id = server.window("rust-gears");
    for size in ["800x600", "320x240"] {
        server.tool("xrandr", &["--fb", size]);
        wait_for(size, || {
            server.tool("xwininfo", &["-id", &id]).contains(&format!("-geometry {size}+0+0")).then_some(())
        });
    }
    let picture = server.photograph(None);
    assert_eq!(picture.dimensions(), (320, 240));
    assert!(picture.pixels().any(|pixel| pixel.0 == [193, 24, 0]), "no red gear");
    signal(&child, "TERM");
    child.wait_with_output().unwrap();
}

#[test]
fn closing_or_destroying_the_window_ends_the_run_with_0() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("xdotool") {
        return;
    }
    for close in [close_button, |server: &XServer, id: &str| drop(server.tool("xdotool", &["windowclose", id]))] {
        let child = rust_gears_process().env("DISPLAY", &server.display).spawn().unwrap();
        let id = server.window("rust-gears");
        close(&server, &id);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(stderr.contains(" in "), "{stderr}");
    }
}

/// What a window manager sends when its close button is pressed (ICCCM, WM_DELETE_WINDOW).
fn close_button(server: &XServer, window: &str) {
    use x11rb::connection::Connection;
    use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt, EventMask};
    let (connection, _) = x11rb::connect(Some(&server.display)).unwrap();
    let atom = |name: &[u8]| connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
    let window = window.trim().parse().unwrap();
    let message =
        ClientMessageEvent::new(32, window, atom(b"WM_PROTOCOLS"), [atom(b"WM_DELETE_WINDOW"), 0, 0, 0, 0]);
    connection.send_event(false, window, EventMask::NO_EVENT, message).unwrap().check().unwrap();
    connection.flush().unwrap();
}
