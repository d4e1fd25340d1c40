//! The names of displays: each form compared with glxgears, and what is said if nobody answers.

mod support;

use predicates::prelude::*;
use predicates::str::contains;
use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use support::{SECRET, XServer, cookie, have, have_gl, rust_gears, wait_for};

/// How glxgears understands the name on this machine.
#[derive(Clone, Copy, PartialEq)]
enum Glxgears {
    /// Like this program.
    Agrees,
    /// Releases of libxcb differ: 1.15 doesn't accept a path, and 1.17 not `unix:0`. None connects to `host/unix:0`.
    Depends,
}
use Glxgears::{Agrees, Depends};

/// A form (N is the server's number), whether the program opens a window there, and what glxgears does.
const FORMS: &[(&str, bool, Glxgears)] = &[
    (":N", true, Agrees),
    (":N.0", true, Agrees),
    ("unix/:N", true, Agrees),
    ("unix/any:N.0", true, Agrees),
    ("localhost:N", true, Agrees),
    ("127.0.0.1:N.0", true, Agrees),
    ("tcp/localhost:N", true, Agrees),
    ("inet/localhost:N", true, Agrees),
    ("unix:N", true, Depends),
    ("unix:N.0", true, Depends),
    ("host/unix:N", true, Depends),
    ("/tmp/.X11-unix/XN", true, Depends),
    ("/tmp/.X11-unix/XN.0", true, Depends),
    ("unix:/tmp/.X11-unix/XN", true, Depends),
    (":N.1", false, Agrees),
    (":N.", false, Agrees),
    (":N.x", false, Agrees),
    (":N.0.0", false, Agrees),
    (":N ", false, Agrees),
    ("N", false, Agrees),
    (":", false, Agrees),
    ("unix", false, Agrees),
    ("unix:", false, Agrees),
    ("unix:x", false, Agrees),
    ("tcp/:N", false, Agrees),
    ("other/:N", false, Agrees),
    ("other/localhost:N", false, Agrees),
    ("/:N", false, Agrees),
    ("/not/there", false, Agrees),
];

/// Whether glxgears opens a window on the server if it is called `name`.
fn glxgears_opens(server: &XServer, name: &str) -> bool {
    let mut glxgears = Command::new("glxgears");
    glxgears.env("DISPLAY", name).env_remove("XAUTHORITY").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = glxgears.spawn().expect("glxgears starts");
    let opens = wait_for("glxgears' window or its end", || {
        if child.try_wait().unwrap().is_some() {
            return Some(false);
        }
        server.tool("xdotool", &["search", "--name", "^glxgears$"]).lines().next().map(|_| true)
    });
    let _ = child.kill();
    let _ = child.wait();
    wait_for("the window's end", || {
        server.tool("xdotool", &["search", "--name", "^glxgears$"]).is_empty().then_some(())
    });
    opens
}

#[test]
fn every_form_of_a_name_opens_a_window_or_none_as_with_glxgears() {
    if !have_gl() || !have("glxgears") || !have("xdotool") {
        return;
    }
    let Some(server) = XServer::xvfb(&["-listen", "tcp"]) else { return };
    for &(form, opens, glxgears) in FORMS {
        let name = form.replace('N', &server.display[1..]);
        let run = rust_gears().args(["--frames", "1"]).env("DISPLAY", &name).output().unwrap();
        let errors = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(if opens { 0 } else { 3 }), "{form}: {errors}");
        if glxgears == Agrees {
            assert_eq!(glxgears_opens(&server, &name), opens, "glxgears with {form}");
        }
    }
}

#[test]
fn an_ipv6_address_works_with_and_without_brackets() {
    if !have_gl() || TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let Some(server) = XServer::xvfb(&["-listen", "tcp"]) else { return };
    for form in ["[::1]:N", "::1:N", "inet6/[::1]:N"] {
        let name = form.replace('N', &server.display[1..]);
        rust_gears().args(["--frames", "1"]).env("DISPLAY", &name).assert().success();
    }
}

#[test]
fn the_cookie_of_this_host_opens_every_form_of_a_local_name() {
    let folder = tempfile::tempdir().unwrap();
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let own = folder.path().join("own");
    std::fs::write(&own, cookie(0x0100, hostname.trim(), "", &SECRET)).unwrap();
    if !have("Xvfb") || !have_gl() {
        return;
    }
    let server = XServer::with_cookie();
    for form in [":N", "unix:N", "unix/:N", "/tmp/.X11-unix/XN"] {
        let name = form.replace('N', &server.display[1..]);
        let run = |file| rust_gears().args(["--frames", "1", "--display", &name]).env("XAUTHORITY", file).assert();
        run(own.as_path()).success();
        run(std::path::Path::new("/dev/null")).code(3);
    }
}

#[test]
fn a_missing_server_is_reported_once_with_one_fix() {
    for (name, seen) in [
        (":49999", "there is no socket /tmp/.X11-unix/X49999"),
        ("unix:49999", "there is no socket /tmp/.X11-unix/X49999"),
        ("/not/there", "there is no socket /not/there"),
        ("localhost:49999", "nobody answers at localhost, port 55999"),
        ("nonsense", "not a display name"),
    ] {
        let run = rust_gears().args(["--frames", "1"]).env("DISPLAY", name).assert().code(3);
        let message = format!("no connection to the X server {name}: ");
        let once = contains(&message).count(1).and(contains(seen).count(1)).and(contains("fix:").count(1));
        run.stderr(once.and(contains("doctor:").not()).and(contains("Is it running").not()));
    }
}

#[test]
fn a_listener_that_hangs_up_is_reported_as_no_x_server() {
    // The ports of displays from :30000 on.
    let listener = (36_000..).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).unwrap();
    let name = format!("127.0.0.1:{}", listener.local_addr().unwrap().port() - 6000);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            // Reads what was sent, because otherwise closing would reset the connection.
            let _ = client.unwrap().read(&mut [0; 64]);
        }
    });
    let run = rust_gears().args(["--frames", "1"]).env("DISPLAY", name).assert().code(3);
    run.stderr(contains("closes it without an answer").and(contains("whole buffer").not()));
}

#[test]
fn too_few_open_files_are_reported_and_nothing_else_is_blamed() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    for (limit, code, arguments) in
        [(4, 3, "--frames 1"), (5, 3, "--frames 1"), (4, 1, "doctor"), (9, 1, "doctor")]
    {
        let script = format!("ulimit -n {limit}; exec \"$0\" {arguments}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(assert_cmd::cargo::cargo_bin("rust-gears"));
        let output = shell.env("DISPLAY", &server.display).env("XAUTHORITY", "/etc/hostname").output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains("too many open files") && errors.contains("ulimit -n"), "{limit}: {errors}");
        assert!(!errors.contains("cookie") && !errors.contains("GPU"), "{limit}: {errors}");
    }
}
