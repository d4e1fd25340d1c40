//! Rows about what an X server that accepted this client offers.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
use super::display::shown;
#[cfg(test)]
use super::examples::*;
use super::{Level, Seen, Topic};
use crate::advice::texts;
use crate::doctor::facts::Facts;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::UntrustedCookie,
        topic: Topic::XServer,
        text: Text::Own(Words {
            symptom: "connects, then no GLX, no RANDR",
            cause: "the cookie is untrusted (made by xauth generate … untrusted, or by ssh -X), so the X \
                    server hides GLX and most other extensions",
            fix: "use a trusted cookie: xauth generate $DISPLAY . trusted, or ssh -Y",
        }),
        check: untrusted,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::ExtensionsMissing,
        topic: Topic::XServer,
        text: Text::Own(Words {
            symptom: "the X server lacks RANDR, XInput or XKEYBOARD",
            cause: texts::EXTENSIONS_MISSING.cause,
            fix: texts::EXTENSIONS_MISSING.fix,
        }),
        check: extensions_missing,
        group: Group::Window,
        because_of: &[One(Id::UntrustedCookie)],
    },
    Row {
        id: Id::ShallowScreen,
        topic: Topic::XServer,
        text: Text::Own(Words {
            symptom: "no GLX, or no config, on a screen of 8 bits per pixel",
            cause: "the X server's screen has too few bits per pixel for OpenGL",
            fix: "start the X server with 24 (Xvfb: -screen 0 1920x1080x24), or draw without a window: --off-screen",
        }),
        check: shallow_screen,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::NoGlx,
        topic: Topic::XServer,
        text: Text::Own(Words {
            symptom: "the X server has no GLX",
            cause: "the X server was started without GLX, or built without it",
            fix: "start the X server with GLX (Xvfb and Xvnc: +extension GLX), or draw without a window: \
                  --off-screen",
        }),
        check: no_glx,
        group: Group::Window,
        because_of: &[One(Id::UntrustedCookie), One(Id::ShallowScreen)],
    },
    Row {
        id: Id::IndirectOnly,
        topic: Topic::XServer,
        text: Text::Own(Words {
            symptom: "XQuartz: No matching fbConfigs or visuals found; failed to load driver: swrast; GLXBadContext",
            cause: "the X server is XQuartz on a Mac: it draws OpenGL only for clients that send it every command (indirect GLX), \
                    which ends at OpenGL 2.1 and is off by default",
            fix: "--off-screen; or an X server inside the container, watched through VNC or a browser: scripts/run --vnc-only; for \
                  programs that need OpenGL 2.1 at most, on the Mac: defaults write org.xquartz.X11 enable_iglx -bool true, \
                  restart XQuartz, and -e LIBGL_ALWAYS_INDIRECT=1",
        }),
        check: indirect_only,
        group: Group::Window,
        because_of: &[One(Id::UntrustedCookie)],
    },
    Row {
        id: Id::NoSharedMemory,
        topic: Topic::XServer,
        text: Text::Own(Words {
            symptom: "BadAccess or BadValue from MIT-SHM",
            cause: "this container has an IPC namespace of its own, so the X server cannot see its shared \
                    memory",
            fix: "if it draws, nothing: Mesa then sends the picture through the socket; otherwise --ipc=host, \
                  or QT_X11_NO_MITSHM=1 for Qt programs",
        }),
        check: no_shared_memory,
        group: Group::Note,
        because_of: &[],
    },
];

fn untrusted(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server()?;
    let hidden = ["GLX", "RANDR", "MIT-SHM", "XInputExtension", "RENDER"];
    if hidden.iter().any(|name| server.has(name)) {
        return None;
    }
    Seen::failure(format!("the X server shows this client none of {}", hidden.join(", ")))
}

fn extensions_missing(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server()?;
    let needed = ["RANDR", "XInputExtension", "XKEYBOARD"];
    let missing: Vec<&str> = needed.into_iter().filter(|name| !server.has(name)).collect();
    if missing.is_empty() {
        return None;
    }
    Seen::failure(format!("the X server has no {}", missing.join(", no ")))
}

/// Servers offer OpenGL for 15 bits per pixel or more.
const LOWEST_DEPTH: u8 = 15;

fn shallow_screen(facts: &Facts) -> Option<Seen> {
    let depth = facts.x_server()?.depth.filter(|depth| *depth < LOWEST_DEPTH)?;
    if facts.glx.done().or(facts.egl.done()).is_some() {
        return None;
    }
    Seen::failure(format!("the X server's screen has {depth} bits per pixel"))
}

fn no_glx(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server().filter(|server| !server.has("GLX"))?;
    let level = if facts.egl.done().or(facts.copied.done()).is_some() { Level::Warning } else { Level::Failure };
    Seen::new(level, format!("the X server ({}) has no GLX", shown(&server.vendor)))
}

/// XQuartz alone has extensions for the Mac's own windows.
pub(super) fn is_xquartz(facts: &Facts) -> bool {
    facts.x_server().is_some_and(|server| server.has("Apple-WM") || server.has("Apple-DRI"))
}

fn indirect_only(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server().filter(|_| is_xquartz(facts))?;
    let reason = facts.glx.failure()?;
    let reason = super::drawing::attempts(&reason);
    Seen::failure(format!("the X server is XQuartz ({}), and GLX fails: {reason}", shown(&server.vendor)))
}

fn no_shared_memory(facts: &Facts) -> Option<Seen> {
    let reason = facts.x_server()?.shared_memory.as_ref()?.as_ref().err()?;
    // What a GPU draws doesn't take that path.
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

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::UntrustedCookie, |f| { server(f, |server| server.extensions.clear()); nothing_draws(f); }),
    leads(Id::ExtensionsMissing, |f| { without_extensions(f, &["XInputExtension"]); nothing_draws(f); }),
    leads(Id::ShallowScreen, |f| { server(f, |s| s.depth = Some(8)); without_extensions(f, &["GLX"]); nothing_draws(f); }),
    leads(Id::NoGlx, |f| { without_extensions(f, &["GLX"]); nothing_draws(f); }),
    leads(Id::IndirectOnly, |f| { without_gpu(f); server(f, |s| s.extensions.push("Apple-WM".into())); nothing_draws(f); }),
    leads(Id::NoSharedMemory, |f| {
        without_gpu(f);
        server(f, |server| server.shared_memory = Some(Err("Access".into())));
        f.glx = Outcome::Failed("BadAccess from MIT-SHM".into());
        no_window_through_egl(f);
    }),
    told(Id::NoSharedMemory, |f| { without_gpu(f); server(f, |server| server.shared_memory = Some(Err("Access".into()))); }),
];
