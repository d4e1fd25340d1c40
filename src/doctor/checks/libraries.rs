//! Rows about libraries of any origin: missing, damaged, or harmful when loaded.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::{Seen, Topic};
use crate::advice::texts;
use crate::doctor::facts::{Facts, Library, Outcome, Role};
use std::path::Path;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::OldLibc,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "version `GLIBC_2.3x' not found",
            cause: "the image's C library is older than the driver needs",
            fix: "use a newer base image: debian:trixie-slim",
        }),
        check: old_libc,
        group: Group::Library,
        because_of: &[],
    },
    Row {
        id: Id::OldLibstdcxx,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "libstdc++.so.6: version `GLIBCXX_3.4.30' not found",
            cause: "a libstdc++ is loaded that is older than the driver needs, such as that of conda",
            fix: "leave LD_LIBRARY_PATH out, or: -e LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libstdc++.so.6; in conda: conda \
                  install -c conda-forge libstdcxx-ng",
        }),
        check: old_libstdcxx,
        group: Group::Library,
        because_of: &[],
    },
    Row {
        id: Id::LibraryDamaged,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "a library cannot be read",
            cause: "a library's file is damaged",
            fix: "reinstall its package",
        }),
        check: damaged,
        group: Group::Library,
        because_of: &[],
    },
    Row {
        id: Id::LibraryHangs,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "a library hangs when it is loaded",
            cause: "the driver waits for a GPU or a kernel module that does not answer",
            fix: "on the host: sudo dmesg | grep -i -e xid -e nvrm; a reboot resets a GPU that hangs",
        }),
        check: hangs,
        group: Group::Library,
        because_of: &[],
    },
    Row {
        id: Id::LibraryCrashes,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "a library crashes when it is loaded",
            cause: "a library crashes every process that loads it: it does not fit this machine, or is not a \
                    real driver",
            fix: "reinstall its package in the version of the host's driver",
        }),
        check: crashes,
        group: Group::Library,
        because_of: &[],
    },
    Row {
        id: Id::NoLibXext,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "libXext.so.6: cannot open shared object file",
            cause: "the image lacks a library that every GLX loads",
            fix: "in the image: apt-get install libxext6",
        }),
        check: no_libxext,
        group: Group::Library,
        because_of: &[One(Id::OldLibc), One(Id::LibraryDamaged)],
    },
    Row {
        id: Id::NoLibglvnd,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "libGL.so.1 or libEGL.so.1: cannot open shared object file",
            cause: "the image lacks libglvnd, which finds the OpenGL driver for programs",
            fix: "in the image: apt-get install libgl1 libegl1",
        }),
        check: no_libglvnd,
        group: Group::Library,
        because_of: &[One(Id::OldLibc), One(Id::LibraryDamaged)],
    },
    Row {
        id: Id::WindowLibraryMissing,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "the program finds no window library",
            cause: "the image lacks libraries that a window needs",
            fix: "in the image: apt-get install libx11-6 libx11-xcb1 libxcb1 libxcursor1 libxi6 libxrender1 \
                  libxkbcommon0 libxkbcommon-x11-0",
        }),
        check: window_library_missing,
        group: Group::Window,
        because_of: &[One(Id::OldLibc), One(Id::LibraryDamaged), One(Id::NoLibXext)],
    },
    Row {
        id: Id::NoKeyboardData,
        topic: Topic::Libraries,
        text: Text::Own(Words {
            symptom: "no keyboard rules",
            cause: texts::NO_KEYBOARD_DATA.cause,
            fix: texts::NO_KEYBOARD_DATA.fix,
        }),
        check: no_keyboard_data,
        group: Group::Window,
        because_of: &[],
    },
];

/// The libraries for which `is_so` accepts dlopen's words.
fn failing(facts: &Facts, is_so: impl Fn(&str) -> bool) -> Vec<(&Library, &str)> {
    let failed = facts.libraries.iter().filter_map(|library| match &library.loaded {
        Outcome::Failed(words) => Some((library, words.as_str())),
        _ => None,
    });
    failed.filter(|(_, words)| is_so(words)).collect()
}

fn names(libraries: &[(&Library, &str)]) -> String {
    let mut names: Vec<&str> = libraries.iter().map(|(library, _)| library.name.as_str()).collect();
    names.dedup();
    names.join(", ")
}

fn old_libc(facts: &Facts) -> Option<Seen> {
    let found = failing(facts, |words| words.contains("version `GLIBC_") && words.contains("not found"));
    let (library, words) = found.first()?;
    Seen::failure(format!("{} does not load: {words}", library.name))
}

/// The linker's words for a libstdc++ that is too old: `FILE: version `GLIBCXX_3.4.30' not found (required by FILE)`.
fn complaint(words: &str) -> Option<(&str, &str, &str)> {
    words.lines().find_map(|line| {
        let (before, rest) = line.split_once(": version `")?;
        let (version, rest) = rest.split_once("' not found")?;
        let is_cxx = version.starts_with("GLIBCXX_") || version.starts_with("CXXABI_");
        let file = before.rsplit(' ').next().unwrap_or(before);
        let by =
            rest.split_once("required by ").map_or("the driver", |(_, by)| by.split(')').next().unwrap_or(by));
        is_cxx.then_some((file, version, by))
    })
}

pub(super) fn old_libstdcxx(facts: &Facts) -> Option<Seen> {
    if facts.draws_in_hardware() {
        return None;
    }
    let failures = facts.libraries.iter().filter_map(|library| library.loaded.failure());
    let attempts = [&facts.glx, &facts.egl, &facts.off_screen].into_iter().filter_map(|outcome| outcome.failure());
    let all: Vec<String> = failures.chain(facts.said.values().cloned()).chain(attempts).collect();
    let (file, version, by) = all.iter().find_map(|words| complaint(words))?;
    let seen = Seen::failure(format!("{file} has no {version}, which {by} needs"))?;
    let folder = Path::new(file).parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let names_it = |variable: &str| {
        facts
            .variable(variable)
            .is_some_and(|list| list.split([':', ' ']).any(|entry| entry == folder || entry == file))
    };
    if let Some(variable) = ["LD_PRELOAD", "LD_LIBRARY_PATH"].into_iter().find(|variable| names_it(variable)) {
        return seen.explained(
            format!("{variable} makes the linker take {file}, which is older than the driver needs"),
            format!("leave {folder} out of {variable}, or update that libstdc++ (conda install -c conda-forge libstdcxx-ng)"),
        );
    }
    let is_systems = ["/usr/lib", "/lib"].iter().any(|start| file.starts_with(start));
    if is_systems {
        return seen.explained(
            format!("the image's own {file} is older than the driver needs"),
            "use a newer base image: debian:trixie-slim",
        );
    }
    seen.explained(
        format!("the program brings {file} with it (conda, a virtual environment, an AppImage), which is older than the driver needs"),
        "conda: conda install -c conda-forge libstdcxx-ng; elsewhere: -e LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libstdc++.so.6 (on \
         this machine: ldconfig -p | grep libstdc++)",
    )
}

/// dlopen's words for a file that isn't a complete library for this processor.
const DAMAGE: [&str; 6] = [
    "file too short",
    "invalid ELF header",
    "wrong ELF class",
    "ELF load command",
    "cannot read file data",
    "invalid ELF",
];

fn damaged(facts: &Facts) -> Option<Seen> {
    let found = failing(facts, |words| DAMAGE.iter().any(|damage| words.contains(damage)));
    let (library, words) = match found.first() {
        Some((library, words)) => (*library, words.to_string()),
        None => {
            let library = with_outcome(facts, is_bus_error)?;
            (library, library.loaded.failure()?)
        }
    };
    let name = &library.name;
    let package = library.package.as_ref().map(|package| format!(", {package},")).unwrap_or_default();
    let instead = if library.role == Role::Window { "; or draw without a window: --off-screen" } else { "" };
    let file = if words.starts_with('/') { words.split(": ").next().unwrap_or(name) } else { name };
    Seen::failure(format!("{name} does not load: {words}"))?.explained(
        format!("the file {file} is cut short, damaged or for another kind of processor"),
        format!(
            "install its package{package} again, on the host if it is mounted from there: ls -lL {file}{instead}"
        ),
    )
}

/// If a file is truncated, accessing memory beyond its end raises SIGBUS (mmap(2)).
fn is_bus_error(loaded: &Outcome<String>) -> bool {
    matches!(loaded, Outcome::Died(how) if how == "SIGBUS")
}

fn with_outcome(facts: &Facts, is_so: impl Fn(&Outcome<String>) -> bool) -> Option<&Library> {
    facts.libraries.iter().find(|library| is_so(&library.loaded))
}

fn hangs(facts: &Facts) -> Option<Seen> {
    let library = with_outcome(facts, |loaded| matches!(loaded, Outcome::Hung(_)))?;
    Seen::failure(format!("loading {} does not end: {}", library.name, library.loaded.failure()?))
}

fn crashes(facts: &Facts) -> Option<Seen> {
    let library = with_outcome(facts, |loaded| matches!(loaded, Outcome::Died(_)) && !is_bus_error(loaded))?;
    Seen::failure(format!("loading {} ends the process: {}", library.name, library.loaded.failure()?))
}

/// libXext has its own row.
const LIBXEXT: &str = "libXext.so.6";

/// Which libraries of a role are missing, including what they need in turn, and the Debian packages to install.
fn missing(facts: &Facts, role: Role) -> (Vec<&str>, Vec<&str>) {
    let of_role = facts.libraries.iter().filter(|library| library.role == role);
    let mut names: Vec<&str> = of_role.filter_map(Library::not_found).filter(|name| *name != LIBXEXT).collect();
    names.dedup();
    let mut packages: Vec<&str> =
        names.iter().filter_map(|name| facts.library(name)?.package.as_deref()).collect();
    packages.sort_unstable();
    packages.dedup();
    (names, packages)
}

fn no_libglvnd(facts: &Facts) -> Option<Seen> {
    let (names, packages) = missing(facts, Role::Dispatch);
    if names.is_empty() {
        return None;
    }
    Seen::failure(format!("not here: {}", names.join(", ")))?.explained(
        "the image lacks libglvnd, through which every program finds its OpenGL driver; no GPU runtime brings it",
        texts::install(&packages),
    )
}

fn window_library_missing(facts: &Facts) -> Option<Seen> {
    facts.display.as_ref()?;
    let (names, packages) = missing(facts, Role::Window);
    if names.is_empty() {
        return None;
    }
    Seen::failure(format!("not here: {}", names.join(", ")))?.advised(texts::window_libraries(&packages))
}

fn no_keyboard_data(facts: &Facts) -> Option<Seen> {
    facts.display.as_ref()?;
    let folder = facts.variable("XKB_CONFIG_ROOT").unwrap_or("/usr/share/X11/xkb");
    if facts.keyboard_data {
        return None;
    }
    Seen::failure(format!("{folder}/rules is not here"))
}

fn no_libxext(facts: &Facts) -> Option<Seen> {
    facts.display.as_ref()?;
    // Mesa's GLX and libXi are linked with it; NVIDIA's GLX loads it.
    let needs_it = |library: &&Library| library.not_found() == Some(LIBXEXT);
    let reason = facts.libraries.iter().find(needs_it)?.loaded.failure()?;
    Seen::failure(reason)
}

/// What NVIDIA's GLX loads but silently does without if it is missing, and how to install it.
pub(super) fn nvidia_needs(facts: &Facts) -> Option<(String, String)> {
    let (names, packages) = missing(facts, Role::NvidiaNeeds);
    if names.is_empty() { None } else { Some((names.join(", "), texts::install(&packages))) }
}

/// The version at the end of a driver library's file name: `libGLX_nvidia.so.580.159.04` → `580.159.04`.
pub(super) fn driver_version(path: &str) -> Option<&str> {
    let file = Path::new(path).file_name()?.to_str()?;
    let (_, version) = file.split_once(".so.")?;
    let is_version = version.contains('.') && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let major: u32 = version.split('.').next()?.parse().ok()?;
    (is_version && major >= 100).then_some(version)
}

/// Names of damaged libraries, for a line that lists what is here.
pub(super) fn broken_names(facts: &Facts) -> String {
    names(&failing(facts, |words| !words.contains("No such file or directory")))
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::OldLibc, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Failed("/lib/libc.so.6: version `GLIBC_2.38' not found (required by x)".into())); nothing_draws(f); }),
    leads(Id::OldLibstdcxx, |f| { load(f, "libEGL.so.1", Outcome::Failed("/opt/conda/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /usr/lib/libLLVM.so.15)".into())); nothing_draws(f); }),
    leads(Id::LibraryDamaged, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Failed("/usr/lib/x: file too short".into())); nothing_draws(f); }),
    leads(Id::LibraryHangs, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Hung(3.0)); nothing_draws(f); }),
    leads(Id::LibraryCrashes, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Died("SIGSEGV".into())); nothing_draws(f); }),
    leads(Id::NoLibXext, |f| { without_library(f, "libXext.so.6"); nothing_draws(f); }),
    leads(Id::NoLibglvnd, |f| { without_library(f, "libEGL.so.1"); nothing_draws(f); }),
    leads(Id::WindowLibraryMissing, |f| { without_library(f, "libX11.so.6"); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    leads(Id::NoKeyboardData, |f| { f.keyboard_data = false; nothing_draws(f); }),
];
