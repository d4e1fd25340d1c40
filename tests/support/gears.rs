//! The gears that tests look at: this program's, and those of mesa-demos.

use super::{XServer, have, rust_gears, rust_gears_process, signal, wait_for};
use image::RgbImage;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// At least so many pixels are equal within 2/255; the rest lies on edges, which drivers draw differently.
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

/// The real glxgears or es2gears, with its clock stopped, so that it stays at its first frame.
pub struct RealGears(Child);

impl RealGears {
    /// Starts `program`; `None` if it isn't here, or nothing to stop its clock with.
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
            .expect("it starts");
        Some(RealGears(child))
    }

    /// What it printed, if it has ended.
    pub fn last_words(&mut self) -> Option<String> {
        self.0.try_wait().unwrap()?;
        Some(std::io::read_to_string(self.0.stdout.take()?).unwrap())
    }

    /// Waits until `window`, a regular expression, shows gears; or until it has ended: then `None`.
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

/// The first file of that form, one folder's name unknown.
fn glob_one(pattern: &str) -> Option<String> {
    let (before, after) = pattern.split_once('*')?;
    let folders = std::fs::read_dir(before).ok()?;
    folders
        .flatten()
        .map(|folder| format!("{}{after}", folder.path().display()))
        .find(|path| Path::new(path).exists())
}
