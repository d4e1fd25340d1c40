//! Rows about the display, the X server and who may talk to it.

use super::{Level, Seen};
use crate::doctor::facts::{Authority, AuthorityFile, CookieFamily, Display, Facts, Outcome};

/// Nobody answered as an X server does; with the display asked for.
fn unanswered(facts: &Facts) -> Option<&Display> {
    facts.display.as_ref().filter(|_| facts.x.done().is_none())
}

pub(super) fn display_unset(facts: &Facts) -> Option<Seen> {
    match facts.display {
        None => Seen::new(Level::Skipped, "DISPLAY is not set: the gears are drawn off-screen"),
        Some(_) => None,
    }
}

/// The part of a host's name that follows a `unix` that does not belong there.
fn host_after_unix(display: &Display) -> Option<&str> {
    display.name.as_ref()?.host.as_deref()?.strip_prefix("unix").filter(|host| !host.is_empty())
}

pub(super) fn unix_before_host(facts: &Facts) -> Option<Seen> {
    let display = unanswered(facts)?;
    let host = host_after_unix(display)?;
    let right = display.asked.trim_start_matches("unix");
    Seen::failure(format!("DISPLAY is {}", display.asked))?.explained(
        format!("`unix` was put before the display of another machine, {host}"),
        format!("-e DISPLAY={right}{}", if host.starts_with("localhost") { " --network=host" } else { "" }),
    )
}

pub(super) fn no_display_name(facts: &Facts) -> Option<Seen> {
    let display = facts.display.as_ref().filter(|display| display.name.is_none())?;
    Seen::failure(format!("DISPLAY is '{}', which is no display's name", shown(&display.asked)))
}

/// Text of unknown origin, fit to be printed.
fn shown(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(80).collect();
    printable
}

pub(super) fn own_loopback(facts: &Facts) -> Option<Seen> {
    let display = unanswered(facts)?;
    let name = display.name.as_ref().filter(|name| name.is_loopback())?;
    let (host, port) = name.tcp()?;
    let reason = facts.reach.failure()?;
    Seen::failure(format!("nobody answers at {host}, port {port} ({reason})"))
}

pub(super) fn server_died_of_nvidias_egl(facts: &Facts) -> Option<Seen> {
    let is_dead = no_server(facts).is_some() && is_refused(facts);
    let egl = facts.library("libEGL_nvidia.so.0")?;
    let virtual_server = facts.container.x_servers.iter().find(|name| *name == "Xvfb" || *name == "Xvnc");
    let server = virtual_server.filter(|_| is_dead && egl.is_here())?;
    Seen::failure(format!(
        "the X server has ended and left its socket behind; {server} and NVIDIA's EGL are both in this container"
    ))
}

fn is_refused(facts: &Facts) -> bool {
    facts.reach.failure().is_some_and(|reason| reason.contains("refused"))
}

pub(super) fn no_server(facts: &Facts) -> Option<Seen> {
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
    Seen::failure(format!("nobody listens at {socket} ({reason})"))?.explained(
        "the X server that made this socket has ended, or was started anew after the container",
        "start the X server, then the container",
    )
}

fn is_permission(reason: &str) -> bool {
    reason.contains("Permission denied") || reason.contains("not permitted")
}

pub(super) fn socket_forbidden(facts: &Facts) -> Option<Seen> {
    let socket = unanswered(facts)?.name.as_ref()?.socket()?;
    let reason = facts.reach.failure().filter(|reason| is_permission(reason))?;
    let seen = Seen::failure(format!("this user may not open the socket {socket} ({reason})"))?;
    let label = facts.container.security_label.as_deref().unwrap_or_default();
    if facts.container.selinux || label.contains(":container_t:") {
        return Some(seen);
    }
    seen.explained(
        format!("its permissions shut out user {}", facts.container.uid),
        "-u $(id -u), as the user whose X server it is; on the host: ls -l /tmp/.X11-unix",
    )
}

pub(super) fn server_hangs(facts: &Facts) -> Option<Seen> {
    match (&facts.x, &facts.reach) {
        (Outcome::Hung(seconds), Outcome::Done(place)) => {
            Seen::failure(format!("{place} accepts connections, and then says nothing for {seconds:.1} s"))
        }
        (Outcome::Hung(_), Outcome::Hung(seconds)) => {
            Seen::failure(format!("connecting to the X server does not end within {seconds:.1} s"))
        }
        (Outcome::Failed(reason), Outcome::Done(place)) if reason.contains("closed it without an answer") => {
            Seen::failure(format!(
                "whoever listens at {place} accepts the connection and closes it without an answer"
            ))?
            .explained(
                "no X server answers there: the port leads elsewhere, or what forwards it has lost its server",
                "check the host and the number in DISPLAY, and on that host, that its X server runs",
            )
        }
        _ => None,
    }
}

/// The display and its cookies, where the X server refused this client.
fn refused(facts: &Facts) -> Option<(&Display, &str)> {
    facts.display.as_ref().zip(facts.x_refusal())
}

fn says_stale(words: &str) -> bool {
    words.contains("Invalid MIT-MAGIC-COOKIE-1")
}

pub(super) fn cookie_file_is_folder(facts: &Facts) -> Option<Seen> {
    let (display, _) = refused(facts)?;
    let path = display.authority.path.as_deref()?;
    if display.authority.file != AuthorityFile::Folder {
        return None;
    }
    Seen::failure(format!("{path}, where the cookies should be, is a folder"))
}

pub(super) fn stale_cookie(facts: &Facts) -> Option<Seen> {
    let (_, words) = refused(facts).filter(|(_, words)| says_stale(words))?;
    Seen::failure(format!("the X server refused: {words}"))
}

/// A cookie for the display is there, and none that a client of this host name would present.
fn is_host_bound(display: &Display) -> Option<&str> {
    let number = display.name.as_ref()?.number;
    let AuthorityFile::Cookies { cookies, .. } = &display.authority.file else { return None };
    if cookies.iter().any(|cookie| cookie.fits(&display.hostname, number)) {
        return None;
    }
    let bound = cookies.iter().find(|cookie| cookie.family == CookieFamily::Local && cookie.is_for(number))?;
    Some(&bound.address)
}

pub(super) fn host_bound_cookie(facts: &Facts) -> Option<Seen> {
    let (display, _) = refused(facts).filter(|(_, words)| !says_stale(words))?;
    let host = is_host_bound(display)?;
    Seen::failure(format!("the cookie is for a machine named {}; this one is {}", shown(host), display.hostname))
}

pub(super) fn xwaylands_cookie(facts: &Facts) -> Option<Seen> {
    let (display, words) = refused(facts).filter(|(_, words)| !says_stale(words))?;
    let is_wayland =
        facts.variable("WAYLAND_DISPLAY").is_some() || facts.variable("XDG_SESSION_TYPE") == Some("wayland");
    if !is_wayland {
        return None;
    }
    Seen::failure(format!("the X server of a Wayland session refused: {words} ({})", state(&display.authority)))
}

/// What is at the place of the cookies, in words.
fn state(authority: &Authority) -> String {
    let Some(path) = &authority.path else { return "neither XAUTHORITY nor HOME is set".into() };
    let named = if authority.is_named { "XAUTHORITY names" } else { "XAUTHORITY is not set; looked at" };
    match &authority.file {
        AuthorityFile::Missing => format!("{named} {path}, which is not there"),
        AuthorityFile::Folder => format!("{named} {path}, a folder"),
        AuthorityFile::Unreadable(reason) => format!("{named} {path}, which cannot be read: {reason}"),
        AuthorityFile::Cookies { cookies, is_damaged: true } if cookies.is_empty() => {
            format!("{named} {path}, which holds no cookies but something else")
        }
        AuthorityFile::Cookies { cookies, .. } if cookies.is_empty() => format!("{named} {path}, which is empty"),
        AuthorityFile::Cookies { cookies, .. } => {
            let list: Vec<String> = cookies
                .iter()
                .take(5)
                .map(|cookie| match cookie.family {
                    CookieFamily::Wild => format!("any host:{}", shown(&cookie.number)),
                    _ => format!("{}:{}", shown(&cookie.address), shown(&cookie.number)),
                })
                .collect();
            format!("{named} {path}, with cookies for {}", list.join(", "))
        }
    }
}

fn refused_for_want_of_cookie(facts: &Facts, is_old: bool) -> Option<Seen> {
    let (display, words) = refused(facts).filter(|(_, words)| !says_stale(words))?;
    if words.contains("No protocol specified") != is_old {
        return None;
    }
    Seen::failure(format!("the X server refused: {words} ({})", state(&display.authority)))
}

pub(super) fn no_cookie(facts: &Facts) -> Option<Seen> {
    refused_for_want_of_cookie(facts, false)
}

pub(super) fn no_cookie_old_server(facts: &Facts) -> Option<Seen> {
    refused_for_want_of_cookie(facts, true)
}

pub(super) fn untrusted(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server()?;
    let hidden = ["GLX", "RANDR", "MIT-SHM", "XInputExtension", "RENDER"];
    if hidden.iter().any(|name| server.has(name)) {
        return None;
    }
    Seen::failure(format!("the X server shows this client none of {}", hidden.join(", ")))
}

pub(super) fn extensions_missing(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server()?;
    let needed = ["RANDR", "XInputExtension", "XKEYBOARD"];
    let missing: Vec<&str> = needed.into_iter().filter(|name| !server.has(name)).collect();
    if missing.is_empty() {
        return None;
    }
    Seen::failure(format!("the X server has no {}", missing.join(", no ")))
}

pub(super) fn no_glx(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server().filter(|server| !server.has("GLX"))?;
    let level = if facts.egl.done().is_some() { Level::Warning } else { Level::Failure };
    Seen::new(level, format!("the X server ({}) has no GLX", shown(&server.vendor)))
}

pub(super) fn no_shared_memory(facts: &Facts) -> Option<Seen> {
    let reason = facts.x_server()?.shared_memory.as_ref()?.as_ref().err()?;
    // What a GPU draws does not go that way.
    if facts.draws_in_hardware() {
        return None;
    }
    let names_it =
        |failure: String| ["MIT-SHM", "ShmAttach", "BadAccess"].iter().any(|name| failure.contains(name));
    if facts.glx.failure().is_some_and(names_it) || facts.egl.failure().is_some_and(names_it) {
        return Seen::failure(format!("the X server cannot attach this process's shared memory ({reason})"));
    }
    Seen::new(
        Level::Ok,
        format!("pictures go through the socket: the X server cannot attach shared memory ({reason})"),
    )
}
