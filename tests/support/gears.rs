//! Pictures of the gears: this program's, and those of mesa-demos.

use super::{XServer, have, rust_gears, rust_gears_process, signal, wait_for};
use image::RgbImage;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The share of pixels that must be equal within 2/255. The others are on edges, which drivers draw differently.
pub const EQUAL: f64 = 0.995;

/// Environment variables to set.
pub type Environment<'a> = &'a [(&'a str, &'a str)];

/// Draws the gears off-screen.
pub fn off_screen(arguments: &[&str], environment: Environment) -> RgbImage {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.png");
    rust_gears()
        .args(["--off-screen", "--frames", "2", "--screenshot", file.to_str().unwrap()])
        .args(arguments)
        .envs(environment.iter().copied())
        .assert()
        .success();
    super::picture(&file)
}

/// Shows the gears in a window, photographs them, and ends the program with SIGTERM.
pub fn in_a_window(server: &XServer, arguments: &[&str], environment: Environment) -> RgbImage {
    let mut command = rust_gears_process();
    command.args(arguments).env("DISPLAY", &server.display).envs(environment.iter().copied());
    let mut child = command.spawn().unwrap();
    let drawn = wait_for("the gears", || {
        let shown = server.photograph(Some("rust-gears"));
        shown.pixels().any(|p| p.0 != [0; 3]).then_some(shown)
    });
    signal(&child, "TERM");
    child.wait().unwrap();
    drawn
}

/// The real glxgears or es2gears, whose clock is stopped, so it keeps drawing its first frame.
pub struct RealGears(Child);

impl RealGears {
    /// Starts `program`. Returns `None` if it isn't installed, or libfaketime isn't.
    pub fn start(
        server: &XServer,
        program: &str,
        arguments: &[&str],
        environment: Environment,
    ) -> Option<RealGears> {
        let library = glob_one("/usr/lib/*/faketime/libfaketime.so.1");
        if !have(program) || library.is_none() {
            assert!(!have(program) || library.is_some() || !have("libfaketime.so.1 (libfaketime)"));
            return None;
        }
        let child = Command::new(program)
            .args(arguments)
            .env("DISPLAY", &server.display)
            .env("LD_PRELOAD", library?)
            .env("FAKETIME", "2020-01-01 00:00:00")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Some(RealGears(child))
    }

    /// Returns what it printed, if it has ended.
    pub fn last_words(&mut self) -> Option<String> {
        self.0.try_wait().unwrap()?;
        Some(std::io::read_to_string(self.0.stdout.take()?).unwrap())
    }

    /// Waits until the window whose name matches the regular expression `window` shows gears. Returns `None` if the
    /// program ends first.
    pub fn shown(&mut self, server: &XServer, window: &str) -> Option<RgbImage> {
        wait_for(window, || {
            if self.last_words().is_some() {
                return Some(None);
            }
            if server.windows(window).is_empty() {
                return None;
            }
            let shown = server.photograph(Some(window));
            shown.pixels().any(|p| p.0 != [0; 3]).then_some(Some(shown))
        })
    }
}

impl Drop for RealGears {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first path that matches `pattern`, in which `*` stands for one folder.
fn glob_one(pattern: &str) -> Option<String> {
    let (before, after) = pattern.split_once('*')?;
    let folders = std::fs::read_dir(before).ok()?;
    folders
        .flatten()
        .map(|folder| format!("{}{after}", folder.path().display()))
        .find(|path| Path::new(path).exists())
}
