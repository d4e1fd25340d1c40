//! What is missing or broken around the program is really removed or broken: each fault gets one clear message and its exit
//! code, and none causes a panic.

mod support;

use predicates::prelude::*;
use predicates::str::contains;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{XServer, have, have_gl, rust_gears, rust_gears_process};

/// Runs the program in a new mount namespace, in which the files and folders `hidden` are empty.
fn without(hidden: &[&Path], display: Option<&str>, arguments: &[&str]) -> Output {
    const HIDE: &str = r#"
        while [ "$1" != -- ]; do
            if [ -d "$1" ]; then mount -t tmpfs none "$1"; else mount --bind /dev/null "$1"; fi || exit 99
            shift
        done
        shift
        exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", HIDE, "sh"]).args(hidden).arg("--");
    command.arg(assert_cmd::cargo::cargo_bin("rust-gears")).args(arguments);
    command.env_remove("DISPLAY").env_remove("XAUTHORITY").envs(display.map(|d| ("DISPLAY", d)));
    let output = command.output().expect("unshare (util-linux) starts");
    assert_ne!(output.status.code(), Some(99), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The path at which the linker finds a library.
fn library(name: &str) -> PathBuf {
    let cache = Command::new("ldconfig").arg("-p").output().expect("ldconfig starts");
    let text = String::from_utf8_lossy(&cache.stdout).into_owned();
    let line = text.lines().find(|line| line.trim().starts_with(&format!("{name} ")));
    let path = line.unwrap_or_else(|| panic!("{name} is not on this machine")).split("=> ").nth(1).unwrap();
    std::fs::canonicalize(path).unwrap()
}

fn assert_fails(output: &Output, code: i32, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no '{word}' in: {stderr}");
    }
    assert!(!stderr.contains("panicked") && !stderr.contains("fault of rust-gears"), "{stderr}");
}

#[test]
fn a_missing_library_is_named_with_its_package() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    for &(name, package) in rust_gears::machine::WINDOW_LIBRARIES {
        let output = without(&[&library(name)], Some(&server.display), &["--frames", "2"]);
        assert_fails(&output, 3, &[name, package, "--off-screen"]);
    }
}

#[test]
fn missing_keyboard_data_is_named_with_its_package() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    let output = without(&[Path::new("/usr/share/X11/xkb")], Some(&server.display), &["--frames", "2"]);
    assert_fails(&output, 3, &["/usr/share/X11/xkb", "xkb-data"]);
}

#[test]
fn without_glx_the_window_opens_through_egl_and_without_both_all_attempts_are_listed() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    let (gl, egl) = (library("libGL.so.1"), library("libEGL.so.1"));
    let output = without(&[&gl], Some(&server.display), &["--frames", "2"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("through EGL"));
    assert_eq!(output.status.code(), Some(0));
    let output = without(&[&gl, &egl], Some(&server.display), &["--frames", "2"]);
    assert_fails(&output, 3, &["tried GLX: ", "libGL.so.1", "tried EGL: ", "libEGL.so.1"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed, "Error: couldn't get an RGB, Double-buffered visual\n");
}

#[test]
fn without_mesas_driver_or_egl_nothing_draws_and_the_reason_is_reported() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    let egl = library("libEGL.so.1");
    assert_fails(&without(&[&egl], None, &["--off-screen"]), 3, &["libEGL.so.1"]);
    assert_fails(&without(&[&egl], None, &["--list-devices"]), 3, &["libEGL.so.1"]);
    let copy = ["--present", "copy", "--frames", "2"];
    let words = ["nothing to copy from (leave out --present copy)", "libEGL.so.1"];
    assert_fails(&without(&[&egl], Some(&server.display), &copy), 3, &words);
    let vendors = Path::new("/usr/share/glvnd/egl_vendor.d");
    assert_fails(&without(&[vendors], None, &["--off-screen"]), 3, &["EGL"]);
    let off_screen = |drivers: &Path| without(&[drivers], None, &["--off-screen", "--frames", "2"]);
    let on_screen = |drivers: &Path| without(&[drivers], Some(&server.display), &["--frames", "2"]);
    let libraries = egl.parent().unwrap();
    match support::file_starting_with(libraries, "libgallium-") {
        // In Mesa 25, libEGL and libGLX are linked with a library that has all drivers.
        Some(drivers) => {
            assert_fails(&off_screen(&drivers), 3, &["no EGL device can be listed", "libgallium-"]);
            assert_fails(
                &on_screen(&drivers),
                3,
                &["tried GLX: no config", "tried EGL: no display", "libgallium-"],
            );
        }
        None => {
            let drivers = libraries.join("dri");
            assert_fails(&off_screen(&drivers), 3, &["EGL device 0", "libgl1-mesa-dri"]);
            assert_fails(&on_screen(&drivers), 3, &["tried GLX: no OpenGL 3.3 context", "tried EGL: no display"]);
        }
    }
}

#[test]
fn asking_for_nvidias_opengl_without_it_does_not_silently_use_mesas() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || Path::new("/proc/driver/nvidia/version").exists() {
        return;
    }
    let asked = ["--gl-vendor", "nvidia", "--frames", "2"];
    let leave_out = "remove --gl-vendor";
    let window = rust_gears().args(asked).env("DISPLAY", &server.display).assert().code(3);
    window.stderr(contains("NVIDIA's OpenGL").and(contains("libGLX_nvidia.so.0")).and(contains(leave_out)));
    rust_gears().args(asked).arg("--off-screen").assert().code(3).stderr(contains(leave_out));
}

#[test]
fn a_server_without_an_extension_that_winit_needs_is_refused_by_that_name() {
    if !have("Xvfb") {
        return;
    }
    let server = XServer::start("Xvfb", &["-extension", "RANDR"]);
    let refused = rust_gears().args(["--frames", "2"]).env("DISPLAY", &server.display).assert().code(3);
    refused.stderr(contains("RANDR").and(contains("+extension RANDR")));
}

#[test]
fn on_a_server_without_glx_egl_draws() {
    if !have("Xvfb") || !have_gl() {
        return;
    }
    let server = XServer::start("Xvfb", &["-extension", "GLX"]);
    let drawn = rust_gears().args(["--frames", "2"]).env("DISPLAY", &server.display).assert().success();
    drawn.stderr(contains("through EGL"));
}

#[test]
fn properties_that_no_config_has_are_named() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    for (arguments, visual, words) in [
        (&["-samples", "32"][..], ", Multisample", "32 samples"),
        (&["-stereo"], ", Stereo", "stereo"),
        (&["-stereo", "-samples", "32"], ", Stereo, Multisample", "--off-screen"),
    ] {
        let refused = rust_gears().args(arguments).env("DISPLAY", &server.display).assert().code(3);
        let printed = format!("Error: couldn't get an RGB, Double-buffered{visual} visual\n");
        refused.stdout(printed).stderr(contains(words));
    }
    let refused = rust_gears().args(["-geometry", "30000x100"]).env("DISPLAY", &server.display).assert().code(3);
    refused.stderr(contains("30000x100").and(contains("--geometry")));
}

#[test]
fn a_screen_with_too_few_colours_is_named() {
    if !have("Xvfb") || !have_gl() {
        return;
    }
    let server = XServer::start("Xvfb", &["-screen", "0", "640x480x8"]);
    let refused = rust_gears().args(["--frames", "2"]).env("DISPLAY", &server.display).assert().code(3);
    refused.stderr(contains("8 bits per pixel"));
}

#[test]
fn if_the_server_dies_the_summary_is_printed_and_the_exit_code_is_1() {
    if !have_gl() {
        return;
    }
    for (pause, format) in [
        (false, &[][..]),
        (true, &[]),
        (false, &["--json"]),
        (true, &["--json"]),
        (false, &["--present", "copy"]),
        (true, &["--present", "copy"]),
    ] {
        let Some(mut server) = XServer::xvfb(&[]) else { return };
        let mut command = rust_gears_process();
        let child =
            command.args(["--interval", "0.1"]).args(format).env("DISPLAY", &server.display).spawn().unwrap();
        server.window("FPS");
        if pause {
            server.tool("xdotool", &["search", "--name", "FPS", "windowfocus", "key", "a"]);
        }
        server.kill();
        let output = child.wait_with_output().unwrap();
        assert_fails(&output, 1, &[&format!("the X server {} has ended", server.display)]);
        let (stderr, stdout) =
            (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
        let lines: Vec<&str> = stderr.lines().collect();
        assert_eq!(lines.len(), 3, "{stderr}");
        assert!(lines[0].contains(" frames in ") && lines[0].contains("FPS on average"), "{stderr}");
        assert!(lines[1].contains(" drew on-screen on "), "{stderr}");
        if format.contains(&"--json") {
            let last: serde_json::Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
            assert_eq!(last["type"], "summary");
            assert!(last["frames"].as_u64().unwrap() > 10, "{last}");
        }
    }
}

#[test]
fn a_refusing_server_is_quoted_with_advice_about_its_cookie() {
    if !have("Xvfb") {
        return;
    }
    let server = XServer::with_cookie();
    let run = |xauthority: &str| {
        let mut command = rust_gears();
        command.args(["--frames", "2"]).env("DISPLAY", &server.display).env("XAUTHORITY", xauthority);
        command.assert()
    };
    run("/dev/null").code(3).stderr(contains("it refused: Authorization required").and(contains("$XAUTHORITY")));
    if have_gl() {
        run(server.cookies.as_ref().unwrap().to_str().unwrap()).success();
    }
}

#[test]
fn a_driver_that_is_too_old_is_named_with_its_version_and_the_required_one() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    for version in ["1.4", "2.0"] {
        let run = |arguments: &[&str], display: Option<&str>| {
            let mut command = rust_gears();
            command.args(arguments).envs(display.map(|display| ("DISPLAY", display)));
            command.env("MESA_GLES_VERSION_OVERRIDE", "1.1");
            command.env("MESA_GL_VERSION_OVERRIDE", version).output().unwrap()
        };
        let offered = format!("offers {version} ");
        let unset = format!("unset the environment variable MESA_GL_VERSION_OVERRIDE={version}");
        for (arguments, display) in [
            (&["--frames", "2"][..], Some(server.display.as_str())),
            (&["--off-screen", "--frames", "2"], None),
            (&["bench", "--off-screen", "--quick"], None),
        ] {
            let output = run(arguments, display);
            assert_fails(&output, 3, &["OpenGL 2.1 or OpenGL ES 2.0 is needed", "llvmpipe", &offered, &unset]);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(!stderr.to_lowercase().contains("install"), "{stderr}");
        }
        for (display, rows) in [(Some(server.display.as_str()), &[66, 67, 68][..]), (None, &[68])] {
            let output = run(&["doctor", "--json"], display);
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let findings = report["findings"].as_array().unwrap();
            for row in rows {
                let finding = findings.iter().find(|finding| finding["row"] == *row).expect("the row");
                let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
                assert!(
                    text("seen").contains("OpenGL 2.1 or OpenGL ES 2.0 is needed")
                        && text("seen").contains(&offered),
                    "{finding}"
                );
                assert!(text("cause").contains("older OpenGL than the 2.1"), "{finding}");
                assert!(text("fix").contains(&unset), "{finding}");
            }
        }
    }
}
