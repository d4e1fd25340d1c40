//! Rows about the driver's libraries: whether all of them are in the container, and where the linker looks.

use super::catalogue::Cause::One;
use super::catalogue::{Cause, Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::libraries::nvidia_needs;
use super::{Seen, Topic};
use crate::advice::texts::{ASK_FOR_GPU, ASK_FOR_GRAPHICS, INSTALL_DRIVER};
use crate::doctor::facts::{Facts, Injection, Library, Role};
use std::path::Path;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::OutsideLinkersPath,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "libEGL_nvidia.so.0 is in /usr/local/nvidia/lib64, and nothing finds it",
            cause: "the driver's libraries are in a folder that the linker does not look in",
            fix: "-e LD_LIBRARY_PATH=<the folder>; or in the image: echo <the folder> >/etc/ld.so.conf.d/nvidia.conf",
        }),
        check: outside_linkers_path,
        group: Group::Gpu,
        because_of: &[One(Id::OldLibc), One(Id::LibraryDamaged)],
    },
    Row {
        id: Id::CdiIncomplete,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "llvmpipe with --device nvidia.com/gpu=all; libnvidia-glcore or -eglcore is missing",
            cause: "the CDI specification leaves some of the driver's libraries out",
            fix: NEW_SPECIFICATION,
        }),
        check: cdi_incomplete,
        group: Group::Gpu,
        because_of: &[
            One(Id::OldLibc),
            One(Id::LibraryDamaged),
            One(Id::ImageCarriesDriver),
            One(Id::VersionMismatch),
        ],
    },
    Row {
        id: Id::HostDriverWithoutGl,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "EGL_NOT_INITIALIZED, with the graphics capability set",
            cause: "the host's driver was installed without OpenGL (a server or compute package)",
            fix: "on the host: install the complete driver (Debian: nvidia-driver-libs; Ubuntu: \
                  libnvidia-gl-<version>), then restart the container",
        }),
        check: host_driver_without_gl,
        group: Group::Gpu,
        because_of: UNUSABLE_LIBRARIES,
    },
    Row {
        id: Id::GraphicsMissing,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "couldn't get an RGB, Double-buffered visual",
            cause: "a library of NVIDIA's driver, or one that it needs, is not in this container",
            fix: ASK_FOR_GRAPHICS,
        }),
        check: graphics_missing,
        group: Group::Gpu,
        because_of: UNUSABLE_LIBRARIES,
    },
    Row {
        id: Id::GpucompMissing,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "EGL_NOT_INITIALIZED, no visual; libnvidia-gpucomp missing",
            cause: "NVIDIA_DRIVER_CAPABILITIES does not include `compute`, which brings a library that EGL and \
                    GLX need",
            fix: ASK_FOR_GRAPHICS,
        }),
        check: gpucomp_missing,
        group: Group::Gpu,
        because_of: &[
            One(Id::OldLibc),
            One(Id::LibraryDamaged),
            One(Id::ImageCarriesDriver),
            One(Id::VersionMismatch),
            One(Id::GraphicsMissing),
            One(Id::HostDriverWithoutGl),
        ],
    },
];

/// What makes libraries count as missing that are there, and don't load.
const UNUSABLE_LIBRARIES: &[Cause] = &[
    One(Id::OldLibc),
    One(Id::LibraryDamaged),
    One(Id::LibraryHangs),
    One(Id::LibraryCrashes),
    One(Id::ImageCarriesDriver),
    One(Id::VersionMismatch),
];

const NEW_SPECIFICATION: &str = "on the host: update the NVIDIA Container Toolkit to 1.20 or newer, then: sudo nvidia-ctk \
                                 cdi generate --output=/etc/cdi/nvidia.yaml";

/// Which of the driver's two libraries for drawing are missing although its GPU is here.
fn absent_driver(facts: &Facts) -> Option<String> {
    facts.nodes().iter().find(|node| node.path.starts_with("/dev/nvidia"))?;
    let absent = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"]
        .into_iter()
        .filter(|name| facts.library(name).is_none_or(|library| !library.is_here()));
    let absent: Vec<&str> = absent.collect();
    if absent.is_empty() { None } else { Some(absent.join(" and ")) }
}

/// What NVIDIA_DRIVER_CAPABILITIES asks for. CDI ignores it and adds everything; if it isn't set, the runtime adds
/// `utility,compute`.
pub(super) fn asks_for_graphics(facts: &Facts) -> bool {
    if facts.injection() == Injection::Cdi {
        return true;
    }
    let capabilities = facts.variable("NVIDIA_DRIVER_CAPABILITIES").unwrap_or("utility,compute");
    capabilities.split(',').any(|capability| ["graphics", "all"].contains(&capability.trim()))
}

/// A row above says more precisely why libraries are missing.
fn has_better_reason(facts: &Facts) -> bool {
    outside_linkers_path(facts).is_some() || cdi_incomplete(facts).is_some()
}

fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

/// The driver's libraries that the linker doesn't find by itself.
fn unfound(facts: &Facts) -> impl Iterator<Item = &Library> {
    let of_driver = facts.libraries.iter().filter(|library| library.role == Role::NvidiaDriver);
    of_driver.filter(|library| library.not_found() == Some(&library.name))
}

fn outside_linkers_path(facts: &Facts) -> Option<Seen> {
    if facts.draws_in_hardware() {
        return None;
    }
    let file_of = |is_it: &dyn Fn(&str, &str) -> bool| {
        unfound(facts).find_map(|library| {
            let file = facts.driver_files.iter().find(|file| is_it(file_name(file), &library.name))?;
            Some((library, file, Path::new(file).parent()?.display().to_string()))
        })
    };
    if let Some((library, file, folder)) = file_of(&|file, name| file == name) {
        let path = facts.variable("LD_LIBRARY_PATH").map(|path| format!(":{path}")).unwrap_or_default();
        return Seen::failure(format!("{} is at {file}, and the linker does not find it", library.name))?.explained(
            format!("the driver's libraries are in {folder}, where the linker does not look"),
            format!(
                "-e LD_LIBRARY_PATH={folder}{path}; or in the image: echo {folder} >/etc/ld.so.conf.d/nvidia.conf, and run \
                 ldconfig when the container starts"
            ),
        );
    }
    // libGLX_nvidia.so.580.159.04 without its name libGLX_nvidia.so.0.
    let is_real_file = |file: &str, name: &str| {
        name.ends_with(".so.0") && name.strip_suffix('0').is_some_and(|stem| file.starts_with(stem))
    };
    let (library, file, folder) = file_of(&is_real_file)?;
    Seen::failure(format!("{file} is here, and its name {} is not", library.name))?.explained(
        format!("the links that ldconfig makes are missing in {folder}: it did not run when the container started"),
        "run ldconfig in the container as root before the program; an image without ldconfig, or a read-only root, keeps the \
         engine from doing it",
    )
}

/// Whether a CDI specification added the driver, as far as that is visible: older ones leave only mounts behind.
fn is_by_cdi(facts: &Facts) -> bool {
    let is_mounted =
        |library: &Library| library.mount.is_some() && library.mount.as_ref() == library.loaded.done();
    match facts.injection() {
        Injection::Cdi => true,
        Injection::ByHand => {
            facts.libraries.iter().any(|library| library.role == Role::NvidiaDriver && is_mounted(library))
        }
        _ => false,
    }
}

fn cdi_incomplete(facts: &Facts) -> Option<Seen> {
    let has_some = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"]
        .iter()
        .any(|name| facts.library(name).is_some_and(Library::is_here));
    if !has_some || !is_by_cdi(facts) || facts.draws_in_hardware() || outside_linkers_path(facts).is_some() {
        return None;
    }
    let is_versioned = |library: &&Library| !library.name.ends_with(".so.0");
    let missing: Vec<&str> = unfound(facts)
        .filter(is_versioned)
        .filter(|library| has_gpucomp(facts) || !library.name.starts_with("libnvidia-gpucomp"))
        .map(|library| library.name.as_str())
        .collect();
    if missing.is_empty() {
        return None;
    }
    Seen::failure(format!("the GPU came in through CDI, and not here: {}", missing.join(", ")))
}

/// Whether the driver includes libnvidia-gpucomp, as it does from 545 on.
fn has_gpucomp(facts: &Facts) -> bool {
    let major =
        facts.nvidia_kernel_driver.as_deref().and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major >= 545)
}

/// How to add a library that NVIDIA's driver needs.
fn bring(facts: &Facts, other: &str) -> String {
    if !other.starts_with("libnvidia") {
        return format!("install the package of {other} in the image");
    }
    let found = format!("on the host: sudo find / -name '{other}*'; if it is there,");
    match facts.injection() {
        Injection::Host => format!("reinstall the driver's packages: {other} is one of its files"),
        Injection::Hook if !asks_for_graphics(facts) => ASK_FOR_GRAPHICS.into(),
        Injection::Hook => format!("{found} update the NVIDIA Container Toolkit; if not, reinstall the driver"),
        Injection::Cdi => format!("{found} {NEW_SPECIFICATION}; if not, reinstall the driver"),
        Injection::ByHand | Injection::None => {
            format!(
                "{found} mount it as well (-v, --bind); or let NVIDIA's runtime bring all of them: {ASK_FOR_GPU}"
            )
        }
    }
}

fn host_driver_without_gl(facts: &Facts) -> Option<Seen> {
    let absent = absent_driver(facts)?;
    let is_so = match facts.injection() {
        Injection::Hook | Injection::Cdi => asks_for_graphics(facts),
        Injection::Host => true,
        Injection::ByHand | Injection::None => false,
    };
    if !is_so || has_better_reason(facts) {
        return None;
    }
    let seen = Seen::failure(format!("the GPU is here, {absent} is not, though drawing was asked for"))?;
    match facts.injection() {
        Injection::Host => seen.explained(
            "NVIDIA's driver is installed on this machine without OpenGL (a server or compute package)",
            INSTALL_DRIVER,
        ),
        Injection::Cdi => seen.explained(
            "the CDI specification leaves these libraries out, or the host's driver was installed without OpenGL",
            format!("on the host: ldconfig -p | grep -e libGLX_nvidia -e libEGL_nvidia; if it lists both: {NEW_SPECIFICATION}; \
                     if not, {INSTALL_DRIVER} first"),
        ),
        _ => Some(seen),
    }
}

fn graphics_missing(facts: &Facts) -> Option<Seen> {
    if let Some(absent) = absent_driver(facts) {
        if host_driver_without_gl(facts).is_some() || has_better_reason(facts) {
            return None;
        }
        let seen = Seen::failure(format!("the GPU is here, {absent} is not"))?;
        if facts.injection() == Injection::ByHand {
            return seen.explained(
                "the GPU's device nodes were passed in by hand, and the driver's libraries were not",
                format!("instead of --device /dev/nvidia…: {ASK_FOR_GPU}, with {ASK_FOR_GRAPHICS}"),
            );
        }
        let capabilities = match facts.variable("NVIDIA_DRIVER_CAPABILITIES") {
            Some(value) => format!("NVIDIA_DRIVER_CAPABILITIES is {value}"),
            None => "NVIDIA_DRIVER_CAPABILITIES is not set, which means utility,compute".into(),
        };
        return seen.explained(
            format!("{capabilities}: without `graphics` the driver's OpenGL libraries are not passed in"),
            ASK_FOR_GRAPHICS,
        );
    }
    let needs = |library: &'_ str| {
        // These two have their own rows.
        let is_told_elsewhere = |other: &str| other == "libXext.so.6" || other.starts_with("libnvidia-gpucomp");
        facts.library(library)?.not_found().filter(|other| *other != library && !is_told_elsewhere(other))
    };
    let drivers = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"];
    if let Some((name, other)) = drivers.into_iter().find_map(|name| Some((name, needs(name)?))) {
        if has_better_reason(facts) {
            return None;
        }
        return Seen::failure(format!("{name} is here, and does not load: it needs {other}"))?
            .explained("a library that NVIDIA's driver needs is not in this container", bring(facts, other));
    }
    // Only windows need these; and if NVIDIA's GLX draws in one, nothing is missing.
    let draws = facts.glx.done().is_some_and(|drawn| drawn.is_hardware());
    if facts.display.is_none() || draws || !facts.loads("libGLX_nvidia.so.0") {
        return None;
    }
    let (names, install) = nvidia_needs(facts)?;
    Seen::failure(format!("not here: {names}"))?.explained(
        "NVIDIA's GLX loads these, says nothing where one is missing, and then offers no visual",
        install,
    )
}

pub(super) fn gpucomp_missing(facts: &Facts) -> Option<Seen> {
    let version = facts.nvidia_kernel_driver.as_deref()?;
    let driver = facts.library("libEGL_nvidia.so.0")?;
    let gpucomp = facts.library(&format!("libnvidia-gpucomp.so.{version}"))?;
    if !has_gpucomp(facts) || !driver.is_here() || gpucomp.is_here() || facts.draws_in_hardware() {
        return None;
    }
    if has_better_reason(facts) {
        return None;
    }
    let seen = Seen::failure(format!("{} is not here", gpucomp.name))?;
    match facts.injection() {
        Injection::Host => seen.explained(
            "the driver is installed without it, and neither its EGL nor its GLX works without it",
            "install the driver's packages for computing, too (Debian: libnvidia-gpucomp)",
        ),
        _ => Some(seen),
    }
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::OutsideLinkersPath, |f| {
        for name in ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"] { without_library(f, name); }
        f.driver_files = vec!["/usr/local/nvidia/lib64/libEGL_nvidia.so.0".into()];
        nothing_draws(f);
    }),
    leads(Id::OutsideLinkersPath, |f| {
        without_library(f, "libEGL_nvidia.so.0");
        f.driver_files = vec![format!("/usr/lib64/libEGL_nvidia.so.{VERSION}")];
        nothing_draws(f);
    }),
    leads(Id::CdiIncomplete, |f| {
        f.environment.insert("NVIDIA_VISIBLE_DEVICES".into(), "void".into());
        without_library(f, &format!("libnvidia-gpucomp.so.{VERSION}")); nothing_draws(f);
    }),
    leads(Id::HostDriverWithoutGl, |f| { without_library(f, "libGLX_nvidia.so.0"); without_library(f, "libEGL_nvidia.so.0"); nothing_draws(f); }),
    leads(Id::GraphicsMissing, |f| {
        f.environment.insert("NVIDIA_DRIVER_CAPABILITIES".into(), "utility".into());
        without_library(f, "libGLX_nvidia.so.0"); without_library(f, "libEGL_nvidia.so.0"); nothing_draws(f);
    }),
    leads(Id::GraphicsMissing, |f| { without_library(f, "libxcb-glx.so.0"); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    leads(Id::GraphicsMissing, |f| {
        let words = "libnvidia-glcore.so.580.159.04: cannot open shared object file: No such file or directory";
        load(f, "libGLX_nvidia.so.0", Outcome::Failed(words.into())); nothing_draws(f);
    }),
    leads(Id::GpucompMissing, |f| { without_library(f, &format!("libnvidia-gpucomp.so.{VERSION}")); nothing_draws(f); }),
];
