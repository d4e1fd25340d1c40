//! The display that was asked for, as far as it can be known without connecting.

use super::authority::{self, Authority};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// An X server that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Display {
    /// What was asked for, to the letter.
    pub asked: String,
    /// What it means; `None` where it is no display's name.
    pub name: Option<DisplayName>,
    /// This machine's own name, which cookies may be bound to.
    pub hostname: String,
    /// The cookies.
    pub authority: Authority,
    /// The X servers whose sockets are here, by number.
    pub sockets: Vec<String>,
}

/// A display's name in its parts (X(7), "DISPLAY NAMES").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayName {
    /// Host; `None`: this machine, through a socket in the file system.
    pub host: Option<String>,
    /// Number.
    pub number: u16,
}

impl DisplayName {
    /// Reads `[host]:number[.screen]`; `None` where it is something else.
    pub fn parse(text: &str) -> Option<DisplayName> {
        let (host, rest) = text.rsplit_once(':')?;
        let (number, screen) =
            rest.split_once('.').map_or((rest, None), |(number, screen)| (number, Some(screen)));
        screen.map_or(Some(0), |screen| screen.parse::<u16>().ok())?;
        let number = number.parse().ok()?;
        let is_local = host.is_empty() || host == "unix" || host.ends_with("/unix");
        Some(DisplayName { host: (!is_local).then(|| host.to_owned()), number })
    }

    /// The socket of a local display.
    pub fn socket(&self) -> Option<String> {
        self.host.is_none().then(|| format!("/tmp/.X11-unix/X{}", self.number))
    }

    /// Host and TCP port of a display that is not local. ssh forwards to the loopback of the machine it runs on.
    pub fn tcp(&self) -> Option<(String, u16)> {
        let host = self.host.as_ref()?;
        Some((
            host.trim_start_matches("tcp/").trim_matches(['[', ']']).to_owned(),
            6000u16.checked_add(self.number)?,
        ))
    }

    /// The host is the loopback, as with displays that ssh forwards.
    pub fn is_loopback(&self) -> bool {
        self.tcp().is_some_and(|(host, _)| host == "localhost" || host == "::1" || host.starts_with("127."))
    }
}

/// Looks at everything about the display `asked` but the server itself.
pub(super) fn look(asked: &str, hostname: &str) -> Display {
    let sockets = std::fs::read_dir(Path::new("/tmp/.X11-unix")).into_iter().flatten().flatten();
    let names = sockets.map(|socket| socket.file_name().to_string_lossy().into_owned());
    let mut sockets: Vec<String> =
        names.filter_map(|name| Some(format!(":{}", name.strip_prefix('X')?))).collect();
    sockets.sort();
    Display {
        asked: asked.to_owned(),
        name: DisplayName::parse(asked),
        hostname: hostname.to_owned(),
        authority: authority::look(),
        sockets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_every_form() {
        let parse = |text| DisplayName::parse(text).unwrap();
        assert_eq!(parse(":0"), DisplayName { host: None, number: 0 });
        assert_eq!(parse("unix:3.0"), DisplayName { host: None, number: 3 });
        assert_eq!(parse("host/unix:3").host, None);
        assert!(parse("localhost:10.0").is_loopback() && parse("[::1]:10").is_loopback());
        assert_eq!(parse("localhost:10.0").tcp(), Some(("localhost".into(), 6010)));
        assert_eq!(parse("unixlocalhost:10.0").host.as_deref(), Some("unixlocalhost"));
        for bad in ["", "0", ":", ":x", ":0.x", "host", ":99999"] {
            assert_eq!(DisplayName::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_name_panics(text in "\\PC*|[a-z]{0,9}:[0-9]{0,6}(\\.[0-9]{0,6})?") {
            if let Some(name) = DisplayName::parse(&text) {
                let _ = (name.tcp(), name.socket(), name.is_loopback());
            }
        }
    }
}
