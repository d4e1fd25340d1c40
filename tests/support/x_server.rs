//! X servers to test with, and cookies for them.

use super::{have, signal, wait_for};
use image::RgbImage;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// The secret of the cookie that [`XServer::with_cookie`] requires.
pub const SECRET: [u8; 16] = *b"0123456789abcdef";

/// An X server that is stopped at the end of the test.
pub struct XServer {
    child: Child,
    is_killed: bool,
    /// The server's name, as in `$DISPLAY`.
    pub display: String,
    /// The file with the server's cookie, valid for any host, if the server requires one.
    pub cookies: Option<PathBuf>,
    /// Contains `cookies`.
    folder: Option<TempDir>,
}

impl XServer {
    /// Starts an Xvfb with additional arguments. Returns `None` if Xvfb isn't installed, and has then printed so.
    pub fn xvfb(arguments: &[&str]) -> Option<XServer> {
        have("Xvfb").then(|| XServer::start("Xvfb", arguments))
    }

    /// Starts an Xvfb that requires a cookie.
    pub fn with_cookie() -> XServer {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("server-cookies");
        std::fs::write(&file, cookie(0xffff, "", "", &SECRET)).unwrap();
        let mut server = XServer::start("Xvfb", &["-auth", file.to_str().unwrap()]);
        (server.cookies, server.folder) = (Some(file), Some(folder));
        server
    }

    /// Starts a server that supports `-displayfd`, and waits until it is ready.
    pub fn start(program: &str, arguments: &[&str]) -> XServer {
        XServer::start_in(&[], program, arguments)
    }

    /// The same with these environment variables.
    pub fn start_in(environment: &[(&str, &str)], program: &str, arguments: &[&str]) -> XServer {
        // Don't let the server choose its number: two servers that look for a free one at the same time may both take
        // the one that a third has just left, and then share their clients. Neither people nor other tests use these
        // numbers, so `drop` may remove the socket that a killed server leaves behind.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        for _ in 0..20 {
            let number = 10_000 + (std::process::id() * 53 + NEXT.fetch_add(1, Ordering::Relaxed)) % 40_000;
            let mut child = Command::new(program)
                // Without -noreset, the server resets when the first tool disconnects, and is away for a moment.
                .args([&format!(":{number}"), "-displayfd", "1", "-noreset"])
                .args(defaults(program, arguments))
                .args(arguments)
                .env_remove("DISPLAY")
                .envs(environment.iter().copied())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|e| panic!("{program} can't be started ({e}): scripts/setup rust installs it"));
            // -displayfd signals that the server is ready.
            if child.stdout.as_mut().expect("stdout is piped").read(&mut [0]).is_ok_and(|n| n == 1) {
                let display = format!(":{number}");
                return XServer { child, is_killed: false, display, cookies: None, folder: None };
            }
            child.wait().unwrap();
        }
        panic!("{program} {arguments:?} did not start");
    }

    /// The number of its display.
    pub fn number(&self) -> u16 {
        self.display[1..].parse().unwrap()
    }

    pub fn socket(&self) -> PathBuf {
        format!("/tmp/.X11-unix/X{}", self.number()).into()
    }

    /// Kills the server, which leaves its socket behind, as after a crash.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.is_killed = true;
    }

    /// Sends the server a signal.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Takes a picture of the first window of that name, or of the whole screen.
    pub fn photograph(&self, window: Option<&str>) -> RgbImage {
        let id = window.map(|name| self.window(name));
        let mut import = Command::new("import");
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
        let output = Command::new(program).args(arguments).env("DISPLAY", &self.display).output();
        String::from_utf8_lossy(&output.unwrap_or_else(|e| panic!("{program}: {e}")).stdout).into_owned()
    }
}

/// The arguments that `given` leaves open.
fn defaults(program: &str, given: &[&str]) -> Vec<&'static str> {
    let (tcp, screen) = (["-nolisten", "tcp"], ["-screen", "0", "1024x768x24"]);
    let tcp = tcp.iter().filter(|_| !given.contains(&"tcp"));
    let screen = screen.iter().filter(|_| program == "Xvfb" && !given.contains(&"-screen"));
    tcp.chain(screen).copied().collect()
}

impl Drop for XServer {
    fn drop(&mut self) {
        // After SIGTERM, it removes its socket and its lock file.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal("CONT");
            self.signal("TERM");
            let _ = self.child.wait();
        }
        if self.is_killed {
            let _ = std::fs::remove_file(self.socket());
            let _ = std::fs::remove_file(format!("/tmp/.X{}-lock", self.number()));
        }
    }
}

/// An entry of an Xauthority file; 0xffff is the family of any host, 0x0100 that of a host name.
pub fn cookie(family: u16, address: &str, number: &str, secret: &[u8]) -> Vec<u8> {
    let mut bytes = family.to_be_bytes().to_vec();
    for field in [address.as_bytes(), number.as_bytes(), b"MIT-MAGIC-COOKIE-1", secret] {
        bytes.extend((field.len() as u16).to_be_bytes());
        bytes.extend(field);
    }
    bytes
}
