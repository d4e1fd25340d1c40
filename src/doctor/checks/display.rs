//! Rows about the display: its name, and whether an X server answers there.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
use super::cookies::copy_cookie;
#[cfg(test)]
use super::examples::*;
use super::{Level, Seen, Topic};
use crate::doctor::facts::{Display, Facts, Outcome};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::DisplayUnset,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "couldn't open display (null)",
            cause: "DISPLAY is not set in this container",
            fix: "to draw in a window: -e DISPLAY -v /tmp/.X11-unix:/tmp/.X11-unix, and a cookie (row 4)",
        }),
        check: display_unset,
        group: Group::Note,
        because_of: &[],
    },
    Row {
        id: Id::UnixBeforeHost,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "cannot open display unixlocalhost:10.0",
            cause: "`unix` stands before the name of a display that is not local",
            fix: "remove `unix` from DISPLAY; if ssh forwards the display, add --network=host",
        }),
        check: unix_before_host,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::NoDisplayName,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "DISPLAY names no display",
            cause: "the value of DISPLAY does not have the form :0 or host:0",
            fix: "-e DISPLAY=:0",
        }),
        check: no_display_name,
        group: Group::Window,
        because_of: &[One(Id::UnixBeforeHost)],
    },
    Row {
        id: Id::OwnLoopback,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "cannot open display localhost:10.0",
            cause: "a display forwarded by ssh is a port on the host's loopback interface, and this container \
                    has a loopback interface of its own",
            fix: "--network=host, for this run only",
        }),
        check: own_loopback,
        group: Group::Window,
        because_of: &[One(Id::UnixBeforeHost)],
    },
    Row {
        id: Id::ServerDiedOfNvidiasEgl,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "Xvfb or Xvnc dies in libEGL_nvidia",
            cause: "the X server in this container loads NVIDIA's EGL, and crashes in it",
            fix: "start the X server with only Mesa's vendor file: \
                  __EGL_VENDOR_LIBRARY_FILENAMES=/usr/share/glvnd/egl_vendor.d/50_mesa.json Xvfb …",
        }),
        check: server_died_of_nvidias_egl,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::NoServer,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "cannot open display :0",
            cause: "the X server's socket is not mounted into this container, or the X server is not running",
            fix: "-v /tmp/.X11-unix/X0:/tmp/.X11-unix/X0, or start the X server",
        }),
        check: no_server,
        group: Group::Window,
        because_of: &[One(Id::UnixBeforeHost), One(Id::OwnLoopback), One(Id::ServerDiedOfNvidiasEgl)],
    },
    Row {
        id: Id::SocketForbidden,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "cannot open display; permission denied",
            cause: "SELinux does not let this container use the X server's socket",
            fix: "--security-opt label=type:container_runtime_t (SELinux then no longer confines the container)",
        }),
        check: socket_forbidden,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::ServerHangs,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "connecting to the X server never ends",
            cause: "the X server hangs, is stopped, or is itself waiting for something",
            fix: "on the host: check the X server's process (state T: stopped), and restart it",
        }),
        check: server_hangs,
        group: Group::Window,
        because_of: &[],
    },
];

/// The requested display, if no X server answered there.
fn unanswered(facts: &Facts) -> Option<&Display> {
    facts.display.as_ref().filter(|_| facts.x.done().is_none())
}

fn display_unset(facts: &Facts) -> Option<Seen> {
    match facts.display {
        None => Seen::new(Level::Skipped, "DISPLAY is not set: the gears are drawn off-screen"),
        Some(_) => None,
    }
}

/// The part of a host's name after a `unix` that doesn't belong there.
fn host_after_unix(display: &Display) -> Option<&str> {
    display.name.as_ref()?.host.as_deref()?.strip_prefix("unix").filter(|host| !host.is_empty())
}

fn unix_before_host(facts: &Facts) -> Option<Seen> {
    let display = unanswered(facts)?;
    let host = host_after_unix(display)?;
    let right = display.asked.trim_start_matches("unix");
    Seen::failure(format!("DISPLAY is {}", display.asked))?.explained(
        format!("`unix` was put before the display of another machine, {host}"),
        format!("-e DISPLAY={right}{}", if host.starts_with("localhost") { " --network=host" } else { "" }),
    )
}

fn no_display_name(facts: &Facts) -> Option<Seen> {
    let display = facts.display.as_ref().filter(|display| display.name.is_none())?;
    Seen::failure(format!("DISPLAY is '{}', which is not a display name", shown(&display.asked)))
}

/// Text of unknown origin, made fit to print.
pub(super) fn shown(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(80).collect();
    printable
}

fn own_loopback(facts: &Facts) -> Option<Seen> {
    let display = unanswered(facts)?;
    let name = display.name.as_ref().filter(|name| name.is_loopback())?;
    let (host, port) = name.tcp()?;
    let reason = facts.reach.failure()?;
    Seen::failure(format!("nobody answers at {host}, port {port} ({reason})"))
}

fn server_died_of_nvidias_egl(facts: &Facts) -> Option<Seen> {
    let is_dead = no_server(facts).is_some() && is_refused(facts);
    let egl = facts.library("libEGL_nvidia.so.0")?;
    let virtual_server = facts.container.x_servers.iter().find(|name| *name == "Xvfb" || *name == "Xvnc");
    let server = virtual_server.filter(|_| is_dead && egl.is_here())?;
    Seen::failure(format!(
        "the X server has ended and left its socket behind; {server} and NVIDIA's EGL are both in this container"
    ))?
    .explained(
        format!("most likely {server} was started here and crashed in NVIDIA's EGL; or somebody ended it"),
        format!(
            "start it with only Mesa's vendor file: __EGL_VENDOR_LIBRARY_FILENAMES=/usr/share/glvnd/egl_vendor.d/50_mesa.json \
             {server} …; if its own output tells of no crash (Segmentation fault), just start it again"
        ),
    )
}

fn is_refused(facts: &Facts) -> bool {
    facts.reach.failure().is_some_and(|reason| reason.contains("refused"))
}

fn no_server(facts: &Facts) -> Option<Seen> {
    let display = unanswered(facts)?;
    let name = display.name.as_ref()?;
    if name.is_loopback() {
        return None;
    }
    let reason = facts.reach.failure().filter(|reason| !is_permission(reason))?;
    let Some(socket) = name.socket() else {
        let (host, port) = name.tcp()?;
        return Seen::failure(format!("no X server answers at {host}, port {port} ({reason})"))?.explained(
            "that machine is not reachable from here, or its X server does not listen on the network",
            "let the display be forwarded (ssh -X, then --network=host), or use one of this machine",
        );
    };
    // A connection that doesn't end is another row's.
    if matches!(facts.reach, Outcome::Hung(_)) {
        return None;
    }
    if reason.contains("No such file") {
        let here = match display.sockets.as_slice() {
            [] => "none is here".to_owned(),
            some if display.more_sockets == 0 => format!("here are: {}", some.join(", ")),
            some => format!("here are: {} and {} more", some.join(", "), display.more_sockets),
        };
        return Seen::failure(format!("there is no socket {socket} ({here})"))?.explained(
            "the X server's socket was not mounted, or no server of that number runs",
            format!("-v {socket}:{socket} (and check on the host that it is there)"),
        );
    }
    if !is_refused(facts) {
        // A connection that doesn't end is another row's.
        return match facts.reach {
            Outcome::Hung(_) => None,
            _ => Seen::failure(format!("connecting to {socket} fails ({reason})")),
        };
    }
    Seen::failure(format!("nobody listens at {socket} ({reason})"))?.explained(
        "the X server that made this socket has ended, or was restarted after the container",
        "start the X server, then the container",
    )
}

fn is_permission(reason: &str) -> bool {
    reason.contains("Permission denied") || reason.contains("not permitted")
}

fn socket_forbidden(facts: &Facts) -> Option<Seen> {
    let socket = unanswered(facts)?.name.as_ref()?.socket()?;
    let reason = facts.reach.failure().filter(|reason| is_permission(reason))?;
    let seen = Seen::failure(format!("this user may not open the socket {socket} ({reason})"))?;
    let label = facts.container.security_label.as_deref().unwrap_or_default();
    if facts.container.selinux || label.contains(":container_t:") {
        return seen.explained(
            format!(
                "SELinux does not let this container use the X server's socket; or the socket's permissions shut out user {}",
                facts.container.uid
            ),
            "--security-opt label=type:container_runtime_t (SELinux then no longer confines the container); if ls -lZ \
             /tmp/.X11-unix on the host shows a mode other than srwxrwxrwx: -u $(id -u), as the user whose X server it is",
        );
    }
    seen.explained(
        format!("its permissions shut out user {}", facts.container.uid),
        "-u $(id -u), as the user whose X server it is; on the host: ls -l /tmp/.X11-unix",
    )
}

/// ssh numbers the displays that it forwards from 10 on (sshd_config(5), X11DisplayOffset), each with a port.
fn is_forwarded(facts: &Facts) -> bool {
    let name = facts.display.as_ref().and_then(|display| display.name.as_ref());
    name.is_some_and(|name| name.number >= 10 && name.tcp().is_some())
}

fn server_hangs(facts: &Facts) -> Option<Seen> {
    match (&facts.x, &facts.reach) {
        (Outcome::Hung(seconds), Outcome::Done(place)) => {
            Seen::failure(format!("{place} accepts connections, and then says nothing for {seconds:.1} s"))
        }
        (Outcome::Hung(_), Outcome::Hung(seconds)) => {
            Seen::failure(format!("connecting to the X server does not end within {seconds:.1} s"))
        }
        (Outcome::Failed(reason), Outcome::Done(place)) if reason.contains("closed it without an answer") => {
            let seen = Seen::failure(format!(
                "whoever listens at {place} accepts the connection and closes it without an answer"
            ))?;
            if is_forwarded(facts) {
                return seen.explained(
                    "most likely ssh forwards this display and refuses the cookie (it says: X11 connection rejected because of \
                     wrong authentication); or no X server is behind that port",
                    concat!(
                        "copy the cookie of this display in the session in which ssh set DISPLAY: ",
                        copy_cookie!(),
                        "; if xeyes fails in that session as well, log in again with ssh -X"
                    ),
                );
            }
            seen.explained(
                "no X server answers there: the port leads elsewhere, or what forwards it has lost its server",
                "check the host and the number in DISPLAY, and on that host, that its X server runs",
            )
        }
        _ => None,
    }
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    told(Id::DisplayUnset, |f| f.display = None),
    leads(Id::UnixBeforeHost, |f| unreachable(f, "unixlocalhost:10.0", "unixlocalhost: Name or service not known")),
    leads(Id::NoDisplayName, |f| { f.display = Some(display("nonsense")); f.x = Outcome::default(); f.reach = Outcome::default(); no_window(f); }),
    leads(Id::OwnLoopback, |f| unreachable(f, "localhost:10.0", REFUSED)),
    leads(Id::ServerDiedOfNvidiasEgl, |f| { f.container.x_servers = vec!["Xvfb".into()]; unreachable(f, ":0", REFUSED); }),
    leads(Id::NoServer, |f| unreachable(f, ":0", NO_FILE)),
    leads(Id::NoServer, |f| unreachable(f, ":0", REFUSED)),
    leads(Id::NoServer, |f| unreachable(f, "elsewhere:3", "No route to host (os error 113)")),
    leads(Id::SocketForbidden, |f| unreachable(f, ":0", "Permission denied (os error 13)")),
    leads(Id::ServerHangs, |f| { f.x = Outcome::Hung(3.0); no_window(f); }),
    leads(Id::ServerHangs, |f| { f.x = Outcome::Hung(3.0); f.reach = Outcome::Hung(3.0); no_window(f); }),
    leads(Id::ServerHangs, |f| { f.x = Outcome::Failed("it accepted the connection and closed it without an answer".into()); no_window(f); }),
];
