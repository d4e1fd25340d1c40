//! The names of X displays, as in `$DISPLAY`: one rule for the program and for doctor.
//!
//! It accepts what any release of libxcb accepts (X(7), "DISPLAY NAMES"; `_xcb_parse_display`). Releases differ: 1.15
//! doesn't accept a socket's path, and 1.17 not `unix:0`. Xlib is therefore given [`DisplayName::canonical`], which
//! all of them accept.

use serde::{Deserialize, Serialize};
use std::path::Path;

/// The folder of this machine's X servers' sockets.
pub const SOCKETS: &str = "/tmp/.X11-unix";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayName {
    /// `None` means this machine, through a socket in the file system.
    pub host: Option<String>,
    pub number: u16,
    #[serde(default)]
    pub screen: u16,
    #[serde(default)]
    pub family: Family,
    /// The socket, if the name contains its path instead of a number, and it isn't where the number would put it.
    #[serde(default)]
    pub path: Option<String>,
}

/// The versions of the Internet protocol that a name allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// `host:0`, `tcp/host:0`: either.
    #[default]
    Any,
    /// `inet/host:0`.
    V4,
    /// `inet6/host:0`.
    V6,
}

impl DisplayName {
    /// Parses a name; `None` if it isn't one.
    pub fn parse(text: &str) -> Option<DisplayName> {
        DisplayName::parse_with(text, |path| Path::new(path).exists())
    }

    /// `exists` distinguishes a path followed by a screen number from a path that ends in a dot and digits.
    fn parse_with(text: &str, exists: impl Fn(&str) -> bool) -> Option<DisplayName> {
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.starts_with('/') {
            return Some(DisplayName::of_path(path, exists));
        }
        let (place, numbers) = text.rsplit_once(':')?;
        let (number, screen) = numbers.split_once('.').unwrap_or((numbers, "0"));
        let (number, screen) = (number.parse().ok()?, screen.parse().ok()?);
        let (protocol, host) =
            place.rsplit_once('/').map_or((None, place), |(protocol, host)| (Some(protocol), host));
        let (host, family) = match (protocol, host) {
            (Some("unix"), _) | (_, "unix") | (None, "") => (None, Family::Any),
            (Some(_), "") => return None,
            (None | Some("tcp"), host) => (Some(host.to_owned()), Family::Any),
            (Some("inet"), host) => (Some(host.to_owned()), Family::V4),
            (Some("inet6"), host) => (Some(host.to_owned()), Family::V6),
            _ => return None,
        };
        Some(DisplayName { host, number, screen, family, path: None })
    }

    fn of_path(text: &str, exists: impl Fn(&str) -> bool) -> DisplayName {
        let with_screen = text.rsplit_once('.').filter(|_| !exists(text));
        let with_screen = with_screen.and_then(|(path, screen)| Some((path, screen.parse().ok()?)));
        let (path, screen) = with_screen.unwrap_or((text, 0));
        let number = path.strip_prefix(SOCKETS).and_then(|name| name.strip_prefix("/X")?.parse().ok());
        let path = number.is_none().then(|| path.to_owned());
        // For a path without a number, libxcb looks up the cookies of display 0.
        DisplayName { host: None, number: number.unwrap_or(0), screen, family: Family::Any, path }
    }

    /// The socket of a local display.
    pub fn socket(&self) -> Option<String> {
        match (&self.host, &self.path) {
            (None, None) => Some(format!("{SOCKETS}/X{}", self.number)),
            (_, path) => path.clone(),
        }
    }

    /// Host and TCP port of a display that isn't local. ssh forwards to the loopback of the machine that it runs on.
    pub fn tcp(&self) -> Option<(String, u16)> {
        let host = self.host.as_ref()?;
        Some((host.trim_matches(['[', ']']).to_owned(), 6000u16.checked_add(self.number)?))
    }

    /// The host is the loopback, as with displays that ssh forwards.
    pub fn is_loopback(&self) -> bool {
        self.tcp().is_some_and(|(host, _)| host == "localhost" || host == "::1" || host.starts_with("127."))
    }

    /// The same display in a form that every release of libxcb accepts. (None before 1.16 accepts a path.)
    pub fn canonical(&self) -> String {
        let screen = if self.screen == 0 { String::new() } else { format!(".{}", self.screen) };
        let family = match self.family {
            Family::Any => "",
            Family::V4 => "inet/",
            Family::V6 => "inet6/",
        };
        match (&self.path, &self.host) {
            (Some(path), _) => format!("{path}{screen}"),
            (None, host) => format!("{family}{}:{}{screen}", host.as_deref().unwrap_or_default(), self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Option<DisplayName> {
        DisplayName::parse_with(text, |path| ["/run/x", "/run/x.5", "/run/x:0"].contains(&path))
    }

    /// A name, the socket or host and port that it means, and its canonical form.
    const FORMS: &[(&str, &str, &str)] = &[
        (":0", "/tmp/.X11-unix/X0", ":0"),
        (":12.3", "/tmp/.X11-unix/X12", ":12.3"),
        (":1.0", "/tmp/.X11-unix/X1", ":1"),
        ("unix:3", "/tmp/.X11-unix/X3", ":3"),
        ("unix:3.1", "/tmp/.X11-unix/X3", ":3.1"),
        ("unix/:3", "/tmp/.X11-unix/X3", ":3"),
        ("unix/host:3", "/tmp/.X11-unix/X3", ":3"),
        ("host/unix:3.0", "/tmp/.X11-unix/X3", ":3"),
        ("/tmp/.X11-unix/X7", "/tmp/.X11-unix/X7", ":7"),
        ("/tmp/.X11-unix/X7.1", "/tmp/.X11-unix/X7", ":7.1"),
        ("unix:/tmp/.X11-unix/X7", "/tmp/.X11-unix/X7", ":7"),
        ("/run/x", "/run/x", "/run/x"),
        ("/run/x.1", "/run/x", "/run/x.1"),
        ("/run/x.5", "/run/x.5", "/run/x.5"),
        ("/run/x:0", "/run/x:0", "/run/x:0"),
        ("/run/x:0.1", "/run/x:0", "/run/x:0.1"),
        ("unix:/run/x.0", "/run/x", "/run/x"),
        ("/not/there", "/not/there", "/not/there"),
        ("host:10.0", "host 6010", "host:10"),
        ("tcp/host:0", "host 6000", "host:0"),
        ("inet/host:0.1", "host 6000", "inet/host:0.1"),
        ("inet6/[::1]:0", "::1 6000", "inet6/[::1]:0"),
        ("[::1]:0", "::1 6000", "[::1]:0"),
        ("::1:0", "::1 6000", "::1:0"),
        ("1.2.3.4:5", "1.2.3.4 6005", "1.2.3.4:5"),
        ("unixlocalhost:10.0", "unixlocalhost 6010", "unixlocalhost:10"),
    ];

    #[test]
    fn every_form_has_its_place_and_a_canonical_form_that_means_the_same() {
        for &(text, place, canonical) in FORMS {
            let name = parse(text).unwrap_or_else(|| panic!("{text}"));
            let tcp = name.tcp().map(|(host, port)| format!("{host} {port}"));
            assert_eq!(name.socket().or(tcp).as_deref(), Some(place), "{text}");
            assert_eq!(name.canonical(), canonical, "{text}");
            assert_eq!(parse(canonical).unwrap(), name, "{text}");
        }
    }

    #[test]
    fn names_of_every_form() {
        let parse = |text| DisplayName::parse(text).unwrap();
        assert_eq!(parse(":0").host, None);
        assert_eq!((parse("unix:3.0").host, parse("unix:3.0").number), (None, 3));
        assert_eq!(parse("host/unix:3").host, None);
        assert!(parse("localhost:10.0").is_loopback() && parse("[::1]:10").is_loopback());
        assert_eq!(parse("localhost:10.0").tcp(), Some(("localhost".into(), 6010)));
        assert_eq!(parse("unixlocalhost:10.0").host.as_deref(), Some("unixlocalhost"));
        for bad in ["", "0", ":", ":x", ":0.x", "host", ":99999"] {
            assert_eq!(DisplayName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_no_libxcb_connects_to_is_no_name() {
        for bad in ["unix", "unix:", "unix:x", ":0.", ":0.0.0", ":-1", "tcp/:0", "foo/host:0", "foo/:0", ":0 "] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn local_displays_have_sockets_and_others_none() {
        let socket = |display| parse(display).unwrap().socket();
        assert_eq!(socket(":1"), Some("/tmp/.X11-unix/X1".into()));
        assert_eq!(socket(":12.0"), Some("/tmp/.X11-unix/X12".into()));
        assert_eq!(socket("unix:3"), Some("/tmp/.X11-unix/X3".into()));
        assert_eq!(socket("localhost:10.0"), None);
    }

    #[test]
    fn reports_of_earlier_releases_are_read() {
        let name: DisplayName = serde_json::from_str(r#"{"host":"far","number":3}"#).unwrap();
        assert_eq!(name.canonical(), "far:3");
    }

    proptest! {
        #[test]
        fn no_name_panics(text in "\\PC*|[a-z/]{0,9}:[0-9]{0,6}(\\.[0-9]{0,6})?") {
            if let Some(name) = DisplayName::parse(&text) {
                let _ = (name.tcp(), name.socket(), name.is_loopback(), name.canonical());
            }
        }
    }
}
