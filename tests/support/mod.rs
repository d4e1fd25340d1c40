//! What the tests share: the program, X servers of their own, and what happens where something they need is missing.

#![allow(dead_code, reason = "every test binary uses another part of it")]

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

/// Nobody's own caches, and none of linked programs: what is tested is the shader texts of today. Mesa keeps its own.
const CACHES: [(&str, &str); 2] =
    [("XDG_CACHE_HOME", "/dev/null"), ("MESA_SHADER_CACHE_DIR", env!("CARGO_TARGET_TMPDIR"))];

/// The program, without a display and without whatever the caller's environment says of OpenGL.
pub fn rust_gears() -> Command {
    let mut command = Command::cargo_bin("rust-gears").expect("cargo built the program");
    for name in ["DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "__GLX_VENDOR_LIBRARY_NAME"] {
        command.env_remove(name);
    }
    command.envs(CACHES);
    command.timeout(Duration::from_secs(60));
    command
}

/// The same as a plain command, for tests that talk to the running program.
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

/// Whether a test that needs `program` can run. Where the program is missing it says so, and where the tests must be
/// complete (`RUST_GEARS_REQUIRE_GL=1`, as in CI) it fails.
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

/// Says that a test cannot run for want of something, or fails where the tests must be complete.
pub fn missing(what: &str) {
    assert!(
        std::env::var_os("RUST_GEARS_REQUIRE_GL").is_none_or(|v| v != "1"),
        "this test needs {what}, which is not here, and RUST_GEARS_REQUIRE_GL=1 demands it (scripts/setup installs it)"
    );
    eprintln!("NOT TESTED: this test needs {what}, which is not here");
}

/// An X server that ends with the test.
pub struct XServer {
    child: Child,
    /// Its name, as in `$DISPLAY`.
    pub display: String,
}

impl XServer {
    /// Starts an Xvfb, with further arguments. `None` where there is no Xvfb; then the test has been told.
    pub fn xvfb(arguments: &[&str]) -> Option<XServer> {
        have("Xvfb").then(|| XServer::start("Xvfb", arguments))
    }

    /// Starts a server that understands `-displayfd`, and waits until it tells the number of its display.
    pub fn start(program: &str, arguments: &[&str]) -> XServer {
        // A number of its own: two servers that look for a free one at the same time may both take the one that a
        // third has just left, and then the clients of one are the other's. -displayfd tells when it is ready.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = 10_000 + (std::process::id() * 53 + NEXT.fetch_add(1, Ordering::Relaxed)) % 40_000;
        let mut child = std::process::Command::new(program)
            // Without -noreset, a tool that comes and goes first takes the server down with it for a moment.
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
        let output = child.stdout.as_mut().expect("it was asked for");
        assert!(output.read(&mut [0]).is_ok_and(|n| n == 1), "{program} {arguments:?} did not start");
        XServer { child, display: format!(":{number}") }
    }

    /// Ends it the hard way.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Photographs a window, the first of that name, or the whole screen.
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
        // Asked to, it takes its socket and its lock away with it.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            signal(&self.child, "TERM");
            let _ = self.child.wait();
        }
    }
}

/// Asks again and again until there is an answer.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let patience = Duration::from_secs(20);
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < patience, "{what} did not come within {patience:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal to a process.
pub fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(status.expect("kill starts").success());
}

/// Reads a picture.
pub fn picture(path: &Path) -> RgbImage {
    image::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).to_rgb8()
}

/// Holds that at least `share` of the pixels are equal within 2/255. Else both pictures and their difference are left
/// in target/pictures, under `name`.
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
            "{name}: {:.3} % of the pixels are equal, {:.1} % are needed ({:?} beside {:?}); see {}",
            equal * 100.0,
            share * 100.0,
            actual.dimensions(),
            expected.dimensions(),
            folder.display()
        );
    }
}

/// The first file in `folder` whose name starts so.
pub fn file_starting_with(folder: &Path, start: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
}
