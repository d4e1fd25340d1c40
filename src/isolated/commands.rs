//! The programs that process 1 starts, with their arguments.

use crate::task::Way;
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::process::Command;

/// The only folder that must be writable.
pub const FOLDER: &str = "/tmp/rust-gears";
/// Through this socket, the web server gets the X server's screen.
pub const RFB_SOCKET: &str = "/tmp/rust-gears/rfb";
/// Through this socket, the health check asks the web server, however many connections wait at its port.
pub const WEB_SOCKET: &str = "/tmp/rust-gears/web";
/// Without this cookie, nobody can draw on the X server.
pub const COOKIE: &str = "/tmp/rust-gears/cookie";
/// The password as the X server reads it.
pub const VNC_PASSWORD: &str = "/tmp/rust-gears/password";

/// The X server's port for VNC viewers.
pub const VNC_PORT: u16 = 5900;

/// This program's other name.
pub const WEB_SERVER: &str = "rust-gears-web";

/// Viewers can ask for a screen of any size; if this doesn't suffice, the X server refuses. It suffices for 5120x2880
/// and, with the usual encodings, for 6016x3384.
const X_SERVER_BYTES: usize = 512 << 20;

/// No abstract socket, which everything in the same network namespace could reach. No clipboard. No blacklist after
/// failed logins: each health check is one, passwords here can't be guessed, and behind a proxy all viewers have the
/// same address.
const X_SERVER: &[&str] = &[
    "Xvnc",
    "-geometry",
    "1280x720",
    "-depth",
    "24",
    "-desktop",
    "rust-gears",
    "-nolisten",
    "tcp",
    "-nolisten",
    "local",
    "-auth",
    COOKIE,
    "-noreset",
    "-AlwaysShared",
    "-AcceptCutText=0",
    "-SendCutText=0",
    "-UseBlacklist=0",
    "-Log",
    "*:stderr:0",
];

/// Once it is ready, it writes its display's number to the file descriptor `display`.
pub fn x_server(way: Way, display: RawFd) -> Command {
    let mut command = Command::new("prlimit");
    command.arg(format!("--data={X_SERVER_BYTES}")).args(X_SERVER).args(["-displayfd", &display.to_string()]);
    match way {
        Way::Browser => command.args(["-rfbport", "-1", "-rfbunixpath", RFB_SOCKET, "-SecurityTypes", "None"]),
        Way::Vnc { plain } => {
            let types = if plain { "TLSVnc,VncAuth" } else { "TLSVnc" };
            let port = VNC_PORT.to_string();
            command.args(["-rfbport", &port, "-PasswordFile", VNC_PASSWORD, "-SecurityTypes", types])
        }
    };
    // The X server loads Mesa's libraries for its GLX, and crashes if NVIDIA's EGL is among them.
    command.env("__EGL_VENDOR_LIBRARY_FILENAMES", "/usr/share/glvnd/egl_vendor.d/50_mesa.json");
    command
}

pub fn web_server(password: &str) -> Command {
    let mut command = Command::new(WEB_SERVER);
    command.args(["--rfb", RFB_SOCKET, "--local", WEB_SOCKET]).env("RUST_GEARS_PASSWORD", password);
    command
}

/// Of lower priority than the X server, which should show a picture before the next one is drawn.
pub fn gears(way: Way, display: &str, options: &[OsString]) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "5", "rust-gears", "--fullscreen"]);
    if way == Way::Browser {
        command.args(["--json", "--interval", "1s"]); // for the web server
    }
    command.args(options).env("DISPLAY", format!(":{display}")).env("XAUTHORITY", COOKIE);
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn words(command: &Command) -> String {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    fn variable<'a>(command: &'a Command, name: &str) -> Option<&'a OsStr> {
        command.get_envs().find(|(other, _)| *other == name)?.1
    }

    #[test]
    fn the_x_server_is_closed_to_all_but_viewers() {
        for (way, viewers) in [
            (Way::Browser, "-rfbport -1 -rfbunixpath /tmp/rust-gears/rfb -SecurityTypes None"),
            (
                Way::Vnc { plain: false },
                "-rfbport 5900 -PasswordFile /tmp/rust-gears/password -SecurityTypes TLSVnc",
            ),
            (
                Way::Vnc { plain: true },
                "-rfbport 5900 -PasswordFile /tmp/rust-gears/password -SecurityTypes TLSVnc,VncAuth",
            ),
        ] {
            let command = x_server(way, 7);
            let words = words(&command);
            assert!(words.starts_with("prlimit --data=536870912 Xvnc "), "{words}");
            for part in [" -nolisten tcp -nolisten local -auth /tmp/rust-gears/cookie ", " -displayfd 7 ", viewers]
            {
                assert!(words.contains(part), "{part} in {words}");
            }
            assert!(words.ends_with(viewers), "{words}");
            assert!(
                variable(&command, "__EGL_VENDOR_LIBRARY_FILENAMES").unwrap().to_str().unwrap().contains("mesa")
            );
        }
    }

    #[test]
    fn the_gears_print_json_for_the_web_server_alone() {
        let options = ["--samples", "4"].map(OsString::from);
        let browser = gears(Way::Browser, "3", &options);
        assert_eq!(words(&browser), "nice -n 5 rust-gears --fullscreen --json --interval 1s --samples 4");
        assert_eq!(variable(&browser, "DISPLAY"), Some(OsStr::new(":3")));
        assert_eq!(variable(&browser, "XAUTHORITY"), Some(OsStr::new(COOKIE)));
        let vnc = gears(Way::Vnc { plain: false }, "3", &options);
        assert_eq!(words(&vnc), "nice -n 5 rust-gears --fullscreen --samples 4");
    }

    #[test]
    fn the_password_is_in_no_command_line() {
        let command = web_server("s3cret-8");
        assert!(!words(&command).contains("s3cret-8"));
        assert_eq!(variable(&command, "RUST_GEARS_PASSWORD"), Some(OsStr::new("s3cret-8")));
    }
}
