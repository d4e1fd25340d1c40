//! Rows about cookies: the X server answers, but refuses this client.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
use super::display::shown;
#[cfg(test)]
use super::examples::*;
use super::{Seen, Topic};
use crate::doctor::facts::{Authority, AuthorityFile, CookieFamily, Display, Facts};

/// Commands that copy the display's cookie into a file that is valid for any host, and the options that mount it.
macro_rules! copy_cookie {
    () => {
        "d=$(mktemp -d); xauth nlist $DISPLAY | sed 's/^..../ffff/' | xauth -f $d/c nmerge - && chmod 644 $d/c; then: -v \
         $d/c:/cookie:ro -e XAUTHORITY=/cookie"
    };
}
pub(super) use copy_cookie;

const NO_COOKIE: &str = "the X server demands a cookie (a secret that shows who may connect), and this process has none \
                         for it ($XAUTHORITY names the file)";
const COPY_COOKIE: &str = concat!(
    "on the host: ",
    copy_cookie!(),
    " (scripts/run does all that); without a container: set XAUTHORITY to the file that has it (xauth list shows what is in it)"
);

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::CookieFileIsFolder,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "cannot open display; XAUTHORITY is a folder",
            cause: "the file given to -v did not exist when the container started, so the engine created a \
                    folder in its place",
            fix: "on the host: remove that folder, create the cookie file, and start again with --mount \
                  type=bind, which refuses a file that does not exist",
        }),
        check: cookie_file_is_folder,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::StaleCookie,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "Invalid MIT-MAGIC-COOKIE-1 key",
            cause: "the cookie is out of date: the X server was restarted after the cookie was copied, or the \
                    cookie belongs to another server",
            fix: "copy the cookie again before each run, as scripts/run does",
        }),
        check: stale_cookie,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::HostBoundCookie,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "Authorization required, though the cookie is mounted",
            cause: "the cookie is valid only on a machine with the host's name, and this container has another \
                    name",
            fix: concat!(
                "on the host, make a copy that is valid for any host: ",
                copy_cookie!(),
                "; or: --hostname $(hostname)"
            ),
        }),
        check: host_bound_cookie,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::XwaylandsCookie,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "fails in Wayland sessions only",
            cause: "Xwayland's cookie is not in ~/.Xauthority: the Wayland session keeps it in another file, \
                    which XAUTHORITY names",
            fix: "take the cookie from $XAUTHORITY, not from ~/.Xauthority; on the host: d=$(mktemp -d); xauth \
                  -f $XAUTHORITY nlist | sed 's/^..../ffff/' | xauth -f $d/c nmerge - && chmod 644 $d/c; then: \
                  -v $d/c:/cookie:ro -e XAUTHORITY=/cookie",
        }),
        check: xwaylands_cookie,
        group: Group::Window,
        because_of: &[One(Id::CookieFileIsFolder), One(Id::HostBoundCookie)],
    },
    Row {
        id: Id::NoCookie,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "Authorization required, but no authorization protocol specified",
            cause: NO_COOKIE,
            fix: COPY_COOKIE,
        }),
        check: no_cookie,
        group: Group::Window,
        because_of: &[One(Id::CookieFileIsFolder), One(Id::XwaylandsCookie), One(Id::HostBoundCookie)],
    },
    Row {
        id: Id::NoCookieOldServer,
        topic: Topic::Display,
        text: Text::Own(Words { symptom: "No protocol specified", cause: NO_COOKIE, fix: COPY_COOKIE }),
        check: no_cookie_old_server,
        group: Group::Window,
        because_of: &[One(Id::CookieFileIsFolder), One(Id::XwaylandsCookie), One(Id::HostBoundCookie)],
    },
    Row {
        id: Id::ServerFull,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "Maximum number of clients reached",
            cause: "as many programs are connected to the X server as it admits",
            fix: "end programs that are left over on that display (xlsclients lists them), or start the X server with room \
                  for more: Xvfb … -maxclients 2048",
        }),
        check: server_full,
        group: Group::Window,
        because_of: &[],
    },
    Row {
        id: Id::ServerRefuses,
        topic: Topic::Display,
        text: Text::Own(Words {
            symptom: "the X server refuses, and not for want of a cookie",
            cause: "the X server refuses this client for the reason that it gives",
            fix: "look in the X server's log on its machine (/var/log/Xorg.0.log, ~/.local/share/xorg), and report the words \
                  with rust-gears doctor --json",
        }),
        check: server_refuses,
        group: Group::Window,
        because_of: &[],
    },
];

/// The display and its cookies, if the X server refused this client because it lacks the right cookie.
fn refused(facts: &Facts) -> Option<(&Display, &str)> {
    facts.display.as_ref().zip(facts.x_refusal()).filter(|(_, words)| is_about_cookies(words))
}

/// Whether the words of a refusal are those for clients without the right cookie (os/auth.c and os/connection.c of
/// the X server). X servers refuse for other reasons, too.
fn is_about_cookies(words: &str) -> bool {
    let words = words.to_lowercase();
    ["authoriz", "no protocol specified", "mit-magic-cookie"].iter().any(|part| words.contains(part))
}

fn refused_otherwise(facts: &Facts) -> Option<&str> {
    facts.display.as_ref()?;
    facts.x_refusal().filter(|words| !is_about_cookies(words))
}

fn is_full(words: &str) -> bool {
    words.to_lowercase().contains("maximum number of clients")
}

fn server_full(facts: &Facts) -> Option<Seen> {
    let words = refused_otherwise(facts).filter(|words| is_full(words))?;
    Seen::failure(format!("the X server refused: {words}"))
}

fn server_refuses(facts: &Facts) -> Option<Seen> {
    let words = refused_otherwise(facts).filter(|words| !is_full(words))?;
    Seen::failure(format!("the X server refused: {}", shown(words)))
}

fn says_stale(words: &str) -> bool {
    words.contains("Invalid MIT-MAGIC-COOKIE-1")
}

fn cookie_file_is_folder(facts: &Facts) -> Option<Seen> {
    let (display, _) = refused(facts)?;
    let path = display.authority.path.as_deref()?;
    if display.authority.file != AuthorityFile::Folder {
        return None;
    }
    Seen::failure(format!("{path}, where the cookies should be, is a folder"))
}

fn stale_cookie(facts: &Facts) -> Option<Seen> {
    let (_, words) = refused(facts).filter(|(_, words)| says_stale(words))?;
    Seen::failure(format!("the X server refused: {words}"))
}

/// There is a cookie for the display, but none that a client with this host name would present.
fn is_host_bound(display: &Display) -> Option<&str> {
    let number = display.name.as_ref()?.number;
    let AuthorityFile::Cookies { cookies, .. } = &display.authority.file else { return None };
    if cookies.iter().any(|cookie| cookie.fits(&display.hostname, number)) {
        return None;
    }
    let bound = cookies.iter().find(|cookie| cookie.family == CookieFamily::Local && cookie.is_for(number))?;
    Some(&bound.address)
}

fn host_bound_cookie(facts: &Facts) -> Option<Seen> {
    let (display, _) = refused(facts).filter(|(_, words)| !says_stale(words))?;
    let host = is_host_bound(display)?;
    Seen::failure(format!("the cookie is for a machine named {}; this one is {}", shown(host), display.hostname))
}

fn xwaylands_cookie(facts: &Facts) -> Option<Seen> {
    let (display, words) = refused(facts).filter(|(_, words)| !says_stale(words))?;
    let is_wayland =
        facts.variable("WAYLAND_DISPLAY").is_some() || facts.variable("XDG_SESSION_TYPE") == Some("wayland");
    if !is_wayland {
        return None;
    }
    Seen::failure(format!("the X server of a Wayland session refused: {words} ({})", state(&display.authority)))
}

/// What is at the path of the cookie file, in words.
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

fn no_cookie(facts: &Facts) -> Option<Seen> {
    refused_for_want_of_cookie(facts, false)
}

fn no_cookie_old_server(facts: &Facts) -> Option<Seen> {
    refused_for_want_of_cookie(facts, true)
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::CookieFileIsFolder, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Folder); }),
    leads(Id::StaleCookie, |f| refuse(f, "Invalid MIT-MAGIC-COOKIE-1 key")),
    leads(Id::HostBoundCookie, |f| {
        refuse(f, WANTED);
        let cookie = Cookie { family: CookieFamily::Local, address: "host".into(), number: "0".into(), name: String::new() };
        authority(f, AuthorityFile::Cookies { cookies: vec![cookie], is_damaged: false });
    }),
    leads(Id::XwaylandsCookie, |f| { f.environment.insert("XDG_SESSION_TYPE".into(), "wayland".into()); refuse(f, WANTED); authority(f, AuthorityFile::Missing); }),
    leads(Id::NoCookie, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Missing); }),
    leads(Id::NoCookie, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Unreadable("Permission denied".into())); }),
    leads(Id::NoCookie, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Cookies { cookies: Vec::new(), is_damaged: true }); }),
    leads(Id::ServerFull, |f| refuse(f, "Maximum number of clients reached")),
    leads(Id::ServerRefuses, |f| refuse(f, "Protocol not supported by server")),
    leads(Id::NoCookieOldServer, |f| { refuse(f, "No protocol specified"); authority(f, AuthorityFile::Missing); }),
];
