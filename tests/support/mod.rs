//! What the tests share: the program, X servers, and what happens if something that a test needs is missing.

#![allow(dead_code, unused_imports, reason = "each test binary uses a different part")]

pub mod gears;
mod x_server;

pub use x_server::{SECRET, XServer, cookie};

use assert_cmd::Command;
use image::RgbImage;
use rust_gears::capture::{Difference, compare};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
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

/// Whether this is root, which can change what a process sees of the machine.
pub fn is_root() -> bool {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        missing("root, to create a mount namespace");
    }
    is_root
}

/// Prints that a test can't run because something is missing, or fails if the tests must be complete.
pub fn missing(what: &str) {
    assert!(
        std::env::var_os("RUST_GEARS_REQUIRE_GL").is_none_or(|v| v != "1"),
        "this test needs {what}, which is missing, but RUST_GEARS_REQUIRE_GL=1 requires it (scripts/setup installs it)"
    );
    eprintln!("NOT TESTED: this test needs {what}, which is missing");
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
