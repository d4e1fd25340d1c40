//! What the tests share: the program, X servers, and what happens if something that a test needs is missing.

#![allow(dead_code, reason = "each test binary uses a different part")]

pub mod gears;

use assert_cmd::Command;
use image::RgbImage;
use rust_gears::capture::{Difference, compare};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Keeps the tests away from the user's caches, and disables the cache of linked programs, so the current shaders are
/// tested. Mesa's shader cache is in target/.
const CACHES: [(&str, &str); 2] =
    [("XDG_CACHE_HOME", "/dev/null"), ("MESA_SHADER_CACHE_DIR", env!("CARGO_TARGET_TMPDIR"))];

/// The program, without a display and without the caller's choice of an OpenGL vendor.
pub fn rust_gears() -> Command {
    let mut command = Command::cargo_bin("rust-gears").expect("cargo built the program");
    for name in ["DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "__GLX_VENDOR_LIBRARY_NAME"] {
        command.env_remove(name);
    }
    command.envs(CACHES);
    command.timeout(Duration::from_secs(60));
    command
}

/// The same as a plain command, for tests that interact with the running program.
pub fn rust_gears_process() -> std::process::Command {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("rust-gears"));
    command
        .envs(CACHES)
        .env_remove("DISPLAY")
        .env_remove("XAUTHORITY")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Whether `program` is installed. If it isn't, prints that the test can't run, or fails if the tests must be complete
/// (`RUST_GEARS_REQUIRE_GL=1`, as in CI).
pub fn have(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    if !is_there {
        missing(program);
    }
    is_there
}

/// Whether OpenGL draws off-screen here.
pub fn have_gl() -> bool {
    let probe = rust_gears().args(["--off-screen", "--frames", "1"]).output().expect("the program starts");
    if !probe.status.success() {
        missing(&format!("OpenGL off-screen ({})", String::from_utf8_lossy(&probe.stderr).trim()));
    }
    probe.status.success()
}

/// Prints that a test can't run because something is missing, or fails if the tests must be complete.
pub fn missing(what: &str) {
    assert!(
        std::env::var_os("RUST_GEARS_REQUIRE_GL").is_none_or(|v| v != "1"),
        "this test needs {what}, which is missing, but RUST_GEARS_REQUIRE_GL=1 requires it (scripts/setup installs it)"
    );
    eprintln!("NOT TESTED: this test needs {what}, which is missing");
}

/// An X server that is stopped at the end of the test.
pub struct XServer {
    child: Child,
    /// The server's name, as in `$DISPLAY`.
    pub display: String,
}

impl XServer {
    /// Starts an Xvfb with additional arguments. Returns `None` if Xvfb isn't installed, and has then printed so.
    pub fn xvfb(arguments: &[&str]) -> Option<XServer> {
        have("Xvfb").then(|| XServer::start("Xvfb", arguments))
    }

    /// Starts a server that supports `-displayfd`, and waits until it is ready.
    pub fn start(program: &str, arguments: &[&str]) -> XServer {
        // Don't let the server choose its number: two servers that look for a free one at the same time may both take
        // the one that a third has just left, and then share their clients. -displayfd signals that it is ready.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = 10_000 + (std::process::id() * 53 + NEXT.fetch_add(1, Ordering::Relaxed)) % 40_000;
        let mut child = std::process::Command::new(program)
            // Without -noreset, the server resets when the first tool disconnects, and is away for a moment.
            .args([&format!(":{number}"), "-displayfd", "1", "-noreset", "-nolisten", "tcp"])
            .args(if program == "Xvfb" && !arguments.contains(&"-screen") {
                &["-screen", "0", "1024x768x24"][..]
            } else {
                &[]
            })
            .args(arguments)
            .env_remove("DISPLAY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the X server starts");
        let output = child.stdout.as_mut().expect("stdout is piped");
        assert!(output.read(&mut [0]).is_ok_and(|n| n == 1), "{program} {arguments:?} did not start");
        XServer { child, display: format!(":{number}") }
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends the server a signal.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Takes a picture of the first window of that name, or of the whole screen.
    pub fn photograph(&self, window: Option<&str>) -> RgbImage {
        let id = window.map(|name| self.window(name));
        let mut import = std::process::Command::new("import");
        import
            .args(["-silent", "-window", id.as_deref().unwrap_or("root"), "png:-"])
            .env("DISPLAY", &self.display);
        let output = import.output().expect("import (ImageMagick) starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        image::load_from_memory(&output.stdout).expect("a picture").to_rgb8()
    }

    /// Waits for a window of that name (a regular expression), and returns its ID.
    pub fn window(&self, name: &str) -> String {
        wait_for(&format!("a window named {name}"), || self.windows(name).into_iter().next())
    }

    /// The IDs of all windows of that name that are shown.
    pub fn windows(&self, name: &str) -> Vec<String> {
        let output = self.tool("xdotool", &["search", "--onlyvisible", "--name", name]);
        output.lines().map(str::to_owned).collect()
    }

    /// Runs a tool on this server and returns what it prints.
    pub fn tool(&self, program: &str, arguments: &[&str]) -> String {
        let output = std::process::Command::new(program).args(arguments).env("DISPLAY", &self.display).output();
        String::from_utf8_lossy(&output.unwrap_or_else(|e| panic!("{program}: {e}")).stdout).into_owned()
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        // After SIGTERM, it removes its socket and its lock file.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            signal(&self.child, "TERM");
            let _ = self.child.wait();
        }
    }
}

/// Repeats `ask` until it returns something.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let patience = Duration::from_secs(20);
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < patience, "{what}: still waiting after {patience:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal to a process.
pub fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(status.expect("kill starts").success());
}

pub fn picture(path: &Path) -> RgbImage {
    image::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).to_rgb8()
}

/// Asserts that at least `share` of the pixels are equal within 2/255. If they aren't, both pictures and their difference
/// are saved in target/pictures under `name`.
pub fn assert_same_picture(name: &str, actual: &RgbImage, expected: &RgbImage, share: f64) {
    let difference = compare(actual, expected, 2);
    let equal = difference.as_ref().map_or(0.0, Difference::equal_share);
    if equal < share {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pictures");
        fs::create_dir_all(&folder).expect("target is writable");
        let file = |kind: &str| -> PathBuf { folder.join(format!("{name}-{kind}.png")) };
        actual.save(file("actual")).expect("target is writable");
        expected.save(file("expected")).expect("target is writable");
        if let Some(difference) = &difference {
            difference.picture.save(file("difference")).expect("target is writable");
        }
        panic!(
            "{name}: {:.3} % of the pixels are equal, but {:.1} % are required ({:?} and {:?}); see {}",
            equal * 100.0,
            share * 100.0,
            actual.dimensions(),
            expected.dimensions(),
            folder.display()
        );
    }
}

/// The first file in `folder` whose name begins with `start`.
pub fn file_starting_with(folder: &Path, start: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
}
