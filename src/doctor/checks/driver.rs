//! Rows about the GPU's driver, as far as it is libraries and their lists.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::gpu::{ASK_FOR_GPU, ASK_FOR_GRAPHICS, EACCES, ENODEV, ENXIO, EPERM, nvidia_nodes_with};
use super::libraries::nvidia_needs;
use super::{Seen, Topic};
use crate::doctor::facts::{Facts, Injection};

pub(super) const ROWS: &[Row] = &[
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
        because_of: &[
            One(Id::OldLibc),
            One(Id::LibraryDamaged),
            One(Id::LibraryHangs),
            One(Id::LibraryCrashes),
            One(Id::VersionMismatch),
        ],
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
        because_of: &[
            One(Id::OldLibc),
            One(Id::LibraryDamaged),
            One(Id::LibraryHangs),
            One(Id::LibraryCrashes),
            One(Id::VersionMismatch),
        ],
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
            One(Id::VersionMismatch),
            One(Id::GraphicsMissing),
            One(Id::HostDriverWithoutGl),
        ],
    },
    Row {
        id: Id::NoVendorFile,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "eglInitialize fails; Mesa's devices only",
            cause: "libglvnd, which finds the OpenGL driver for programs, does not know NVIDIA's EGL: its \
                    vendor file is missing",
            fix: "in the image: echo \
                  '{\"file_format_version\":\"1.0.0\",\"ICD\":{\"library_path\":\"libEGL_nvidia.so.0\"}}' \
                  >/usr/share/glvnd/egl_vendor.d/10_nvidia.json",
        }),
        check: no_vendor_file,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::VendorFileBroken,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "libglvnd ignores a vendor file",
            cause: "a vendor file, which names an EGL driver, is not valid JSON or names no library",
            fix: "in the image: correct or remove that file; its form is \
                  {\"file_format_version\":\"1.0.0\",\"ICD\":{\"library_path\":\"libEGL_nvidia.so.0\"}}",
        }),
        check: vendor_file_broken,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NoModeset,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "no /dev/nvidia-modeset",
            cause: "NVIDIA_DRIVER_CAPABILITIES does not include `display`, or the host has not loaded the \
                    kernel module nvidia-modeset",
            fix: "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display; on the host: sudo \
                  nvidia-modprobe -m",
        }),
        check: no_modeset,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NvidiasServerWithoutClient,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "No matching fbConfigs or visuals found; failed to load driver: swrast",
            cause: "the X server uses NVIDIA's driver, and this container has no NVIDIA library to talk to it",
            fix: "--gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display",
        }),
        check: nvidias_server_without_client,
        group: Group::Gpu,
        because_of: &[
            One(Id::OldLibc),
            One(Id::LibraryDamaged),
            One(Id::LibraryHangs),
            One(Id::LibraryCrashes),
            One(Id::NoGpuGiven),
            One(Id::GraphicsMissing),
            One(Id::HostDriverWithoutGl),
        ],
    },
    Row {
        id: Id::MesaWithoutDriver,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "failed to load driver: swrast, alone",
            cause: "the image has Mesa (the open-source OpenGL) without its drivers",
            fix: "in the image: apt-get install libgl1-mesa-dri, or use rust-gears:mesa; for an NVIDIA GPU: \
                  --gpus all",
        }),
        check: mesa_without_driver,
        group: Group::Gpu,
        because_of: &[],
    },
];

/// The driver's two libraries for drawing that are not here, where its GPU is.
fn absent_driver(facts: &Facts) -> Option<String> {
    facts.nodes().iter().find(|node| node.path.starts_with("/dev/nvidia"))?;
    let absent = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"]
        .into_iter()
        .filter(|name| facts.library(name).is_none_or(|library| !library.is_here()));
    let absent: Vec<&str> = absent.collect();
    if absent.is_empty() { None } else { Some(absent.join(" and ")) }
}

/// What NVIDIA_DRIVER_CAPABILITIES asks for. CDI ignores it and brings everything; without the variable the runtime
/// brings `utility,compute`.
fn asks_for_graphics(facts: &Facts) -> bool {
    if facts.injection() == Injection::Cdi {
        return true;
    }
    let capabilities = facts.variable("NVIDIA_DRIVER_CAPABILITIES").unwrap_or("utility,compute");
    capabilities.split(',').any(|capability| ["graphics", "all"].contains(&capability.trim()))
}

fn host_driver_without_gl(facts: &Facts) -> Option<Seen> {
    let absent = absent_driver(facts)?;
    let is_so = match facts.injection() {
        Injection::Hook | Injection::Cdi => asks_for_graphics(facts),
        Injection::Host => true,
        Injection::ByHand | Injection::None => false,
    };
    is_so.then(|| Seen::failure(format!("the GPU is here, {absent} is not, though drawing was asked for")))?
}

fn graphics_missing(facts: &Facts) -> Option<Seen> {
    if let Some(absent) = absent_driver(facts) {
        if host_driver_without_gl(facts).is_some() {
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
        // Those two have rows of their own.
        let is_told_elsewhere = |other: &str| other == "libXext.so.6" || other.starts_with("libnvidia-gpucomp");
        facts.library(library)?.not_found().filter(|other| *other != library && !is_told_elsewhere(other))
    };
    let drivers = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"];
    if let Some((name, other)) = drivers.into_iter().find_map(|name| Some((name, needs(name)?))) {
        return Seen::failure(format!("{name} is here, and does not load: it needs {other}"))?.explained(
            "a library that NVIDIA's driver needs is not in this container",
            format!("{ASK_FOR_GRAPHICS}; where {other} is not NVIDIA's, install its package in the image"),
        );
    }
    // Only windows need these; and where NVIDIA's GLX draws in one, it misses nothing.
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

fn gpucomp_missing(facts: &Facts) -> Option<Seen> {
    let version = facts.nvidia_kernel_driver.as_deref()?;
    let major: u32 = version.split('.').next()?.parse().ok()?;
    let driver = facts.library("libEGL_nvidia.so.0")?;
    let gpucomp = facts.library(&format!("libnvidia-gpucomp.so.{version}"))?;
    // The library exists from 545 on.
    if major < 545 || !driver.is_here() || gpucomp.is_here() || facts.draws_in_hardware() {
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

fn no_vendor_file(facts: &Facts) -> Option<Seen> {
    let names_nvidia = |library: &String| library.contains("nvidia");
    if !facts.loads("libEGL_nvidia.so.0")
        || facts.vendor_files.iter().any(|file| file.library.as_ref().is_ok_and(names_nvidia))
        || facts.off_screen.done().is_some_and(|drawn| drawn.is_hardware())
    {
        return None;
    }
    let files: Vec<&str> = facts.vendor_files.iter().map(|file| file.path.as_str()).collect();
    let files = if files.is_empty() { "none at all".into() } else { files.join(", ") };
    Seen::failure(format!("libEGL_nvidia.so.0 is here, and no vendor file names it (files: {files})"))
}

fn vendor_file_broken(facts: &Facts) -> Option<Seen> {
    let (file, reason) = facts.vendor_files.iter().find_map(|file| Some((file, file.library.as_ref().err()?)))?;
    let seen = format!("{}: {reason}", file.path);
    if facts.draws_in_hardware() { Seen::warning(seen) } else { Seen::failure(seen) }
}

fn no_modeset(facts: &Facts) -> Option<Seen> {
    let has_all_else = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"].iter().all(|name| facts.loads(name))
        && facts.nvidia_gpu_nodes().next().is_some()
        && nvidia_nodes_with(facts, &[EACCES, EPERM, ENXIO, ENODEV]).is_empty()
        && gpucomp_missing(facts).is_none();
    if !has_all_else || facts.node("/dev/nvidia-modeset").is_some() || facts.draws_in_hardware() {
        return None;
    }
    Seen::warning("/dev/nvidia-modeset is not here")
}

fn nvidias_server_without_client(facts: &Facts) -> Option<Seen> {
    if !facts.x_server()?.is_nvidia() || facts.loads("libGLX_nvidia.so.0") {
        return None;
    }
    Seen::failure("the X server is NVIDIA's, and libGLX_nvidia.so.0 is not here")
}

fn mesa_without_driver(facts: &Facts) -> Option<Seen> {
    // Since Mesa 24.3 all drivers are in one library, which Mesa's GLX and EGL are linked with.
    let needed = ["libGLX_mesa.so.0", "libEGL_mesa.so.0"].into_iter().find_map(|mesa| {
        let missing = facts.library(mesa)?.not_found()?;
        missing.starts_with("libgallium").then_some((mesa, missing))
    });
    if let Some((mesa, missing)) = needed {
        return Seen::failure(format!("{mesa} is here, and {missing}, which it needs, is not"))?.explained(
            "the image has Mesa (the open-source OpenGL) without its drivers",
            "in the image: apt-get install --reinstall mesa-libgallium, or use rust-gears:mesa; for an NVIDIA GPU: \
             --gpus all",
        );
    }
    let has_mesa = facts.loads("libGLX_mesa.so.0") || facts.loads("libEGL_mesa.so.0");
    let draws = facts.glx.done().or(facts.egl.done()).or(facts.off_screen.done()).is_some();
    if !has_mesa || draws || facts.mesa_drivers.iter().any(|path| !path.is_empty()) {
        return None;
    }
    Seen::failure("Mesa's libraries are here, its drivers (…/dri/*_dri.so, libgallium) are not")
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
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
    leads(Id::NoVendorFile, |f| { f.vendor_files.clear(); nothing_draws(f); }),
    leads(Id::VendorFileBroken, |f| { f.vendor_files.iter_mut().for_each(|file| file.library = Err("not JSON".into())); }),
    leads(Id::MesaWithoutDriver, |f| {
        let words = "libgallium-25.0.7-2+deb13u1.so: cannot open shared object file: No such file or directory";
        load(f, "libGLX_mesa.so.0", Outcome::Failed(words.into())); nothing_draws(f);
    }),
    told(Id::NoModeset, |f| { nothing_draws(f); if let Outcome::Done(nodes) = &mut f.nodes { nodes.retain(|node| node.path != "/dev/nvidia-modeset") } }),
    leads(Id::NvidiasServerWithoutClient, |f| {
        server(f, |server| server.extensions.push("NV-GLX".into()));
        without_library(f, "libGLX_nvidia.so.0");
        f.nodes = Outcome::Done(Vec::new());
        f.nvidia_kernel_driver = None;
        f.environment.clear();
        for name in ["libEGL_nvidia.so.0", "libnvidia-ml.so.1"] { without_library(f, name); }
        load(f, "libGLX_mesa.so.0", Outcome::Done("/usr/lib/libGLX_mesa.so.0".into()));
        f.mesa_drivers = vec!["/usr/lib/dri/swrast_dri.so".into()];
        nothing_draws(f);
    }),
    leads(Id::MesaWithoutDriver, |f| { without_gpu(f); f.mesa_drivers.clear(); nothing_draws(f); }),
];
