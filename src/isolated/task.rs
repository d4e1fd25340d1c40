//! What the command line asks for.

use std::ffi::OsString;

/// How viewers connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With a browser, through the web server.
    Browser,
    /// With a VNC viewer, to the X server itself. `plain` lets in viewers that don't encrypt, too.
    Vnc { plain: bool },
}

#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Say whether a new viewer would see the gears.
    Health,
    /// Start everything, with these options for the gears.
    Run(Way, Vec<OsString>),
}

impl Task {
    /// Only the first argument can be this program's own; the rest goes to the gears.
    pub fn from_args(args: impl IntoIterator<Item = OsString>) -> Task {
        let mut options: Vec<OsString> = args.into_iter().collect();
        let way = match options.first().and_then(|first| first.to_str()) {
            Some("--health") => return Task::Health,
            Some("--vnc-only") => Way::Vnc { plain: false },
            Some("--vnc-only=plain") => Way::Vnc { plain: true },
            _ => return Task::Run(Way::Browser, options),
        };
        options.remove(0);
        Task::Run(way, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(args: &[&str]) -> Task {
        Task::from_args(args.iter().map(OsString::from))
    }

    #[test]
    fn the_first_argument_can_be_ours_and_the_rest_is_the_gears() {
        let run = |way, options: &[&str]| Task::Run(way, options.iter().map(OsString::from).collect());
        assert_eq!(task(&[]), run(Way::Browser, &[]));
        assert_eq!(task(&["--health"]), Task::Health);
        assert_eq!(task(&["--vnc-only"]), run(Way::Vnc { plain: false }, &[]));
        assert_eq!(
            task(&["--vnc-only=plain", "--frames", "3"]),
            run(Way::Vnc { plain: true }, &["--frames", "3"])
        );
        for gears in
            [&["--frames", "3", "--vnc-only"][..], &["--vnc-only=clear"], &["--help"], &["--frames=3", "--health"]]
        {
            assert_eq!(task(gears), run(Way::Browser, gears));
        }
    }
}
