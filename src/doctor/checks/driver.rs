//! Rows about libglvnd's list of drivers, kernel modules and Mesa.

use super::access::{EACCES, ENODEV, ENXIO, EPERM, nvidia_nodes_with};
use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
use super::drawing::said;
#[cfg(test)]
use super::examples::*;
use super::injection::gpucomp_missing;
use super::libraries::old_libstdcxx;
use super::{Seen, Topic};
use crate::advice::texts;
use crate::doctor::facts::Facts;

pub(super) const ROWS: &[Row] = &[
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
            fix: "if ls /dev/nvidia-modeset works on the host: -e \
                  NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display; if not, on the host: sudo nvidia-modprobe -m",
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
            cause: MESA_WITHOUT_DRIVER,
            fix: texts::INSTALL_MESA,
        }),
        check: mesa_without_driver,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::MesaTooOld,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "failed to load driver; driver (null); UABI mismatch: Kernel 10011, Mesa 10009",
            cause: "Mesa in this image is older than the GPU, or than the kernel's driver for it",
            fix: NEWER_MESA,
        }),
        check: mesa_too_old,
        group: Group::Gpu,
        because_of: &[One(Id::MesaWithoutDriver)],
    },
];

const MESA_WITHOUT_DRIVER: &str = "the image has Mesa (the open-source OpenGL) without its drivers";

const NEWER_MESA: &str = "use an image with a newer Mesa (debian:trixie, ubuntu:24.04 or later, a PPA or backports); on \
                          the host, glxinfo -B shows a release that works; LIBGL_DEBUG=verbose shows what Mesa tried";

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
    // Since Mesa 24.3, all drivers are in one library, with which Mesa's GLX and EGL are linked.
    let needed = ["libGLX_mesa.so.0", "libEGL_mesa.so.0"].into_iter().find_map(|mesa| {
        let missing = facts.library(mesa)?.not_found()?;
        missing.starts_with("libgallium").then_some((mesa, missing))
    });
    if let Some((mesa, missing)) = needed {
        return Seen::failure(format!("{mesa} is here, and {missing}, which it needs, is not"))?.explained(
            MESA_WITHOUT_DRIVER,
            "in the image: apt-get install --reinstall mesa-libgallium, or use rust-gears:mesa; for an NVIDIA GPU: \
             --gpus all",
        );
    }
    let has_mesa = facts.loads("libGLX_mesa.so.0") || facts.loads("libEGL_mesa.so.0");
    let draws = facts.glx.done().or(facts.egl.done()).or(facts.off_screen.done()).is_some();
    if !has_mesa || draws || facts.mesa_drivers.iter().any(|path| !path.is_empty()) {
        return None;
    }
    Seen::failure("Mesa's libraries are here, its drivers (…/dri/*_dri.so, libgallium) are not")?
        .explained(MESA_WITHOUT_DRIVER, format!("{}; for an NVIDIA GPU: --gpus all", texts::INSTALL_MESA))
}

/// What Mesa says if it doesn't support the GPU or its kernel driver.
const UNKNOWN_GPU: [&str; 6] = [
    "UABI mismatch",
    "driver (null)",
    "unknown (family_id",
    "unknown chip",
    "failed to load driver: ",
    "MESA-LOADER: failed to open",
];

/// Drivers that Mesa tries on every machine; their failures say nothing about its GPU.
const FOR_ANY_GPU: [&str; 4] = ["swrast", "nouveau", "zink", "kms_swrast"];

/// Whether Mesa's number in `UABI mismatch: Kernel 10010, Mesa 10011` is the higher one.
fn is_newer_than_kernel(line: &str) -> bool {
    let number = |name: &str| {
        let digits = line.split_once(name)?.1.trim_start();
        digits.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    number("Kernel ").zip(number("Mesa ")).is_some_and(|(kernel, mesa)| mesa > kernel)
}

pub(super) fn mesa_too_old(facts: &Facts) -> Option<Seen> {
    let is_mesas = |driver: &String| driver != "nvidia" && driver != "nouveau";
    let node =
        facts.render_nodes().find(|node| node.errno.is_none() && node.driver.as_ref().is_some_and(is_mesas))?;
    if facts.draws_in_hardware() || mesa_without_driver(facts).is_some() || old_libstdcxx(facts).is_some() {
        return None;
    }
    let said = said(facts);
    let is_sign = |line: &&str| {
        UNKNOWN_GPU.iter().any(|sign| line.contains(sign))
            && !FOR_ANY_GPU.iter().any(|driver| line.contains(driver))
    };
    let line = said.lines().find(is_sign)?;
    let driver = node.driver.as_deref().unwrap_or_default();
    let seen = Seen::failure(format!("{} ({driver}) opens, and Mesa says: {}", node.path, line.trim()))?;
    if is_newer_than_kernel(line) {
        return seen.explained(
            format!("Mesa in this image is newer than the kernel's driver {driver}"),
            "on the host: update the kernel and start it (after an update: reboot); or use an image with an older Mesa",
        );
    }
    seen.explained(
        format!(
            "most likely Mesa in this image is older than the GPU or the kernel's driver {driver}; or it was built without \
             a driver for that GPU"
        ),
        NEWER_MESA,
    )
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
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
    leads(Id::MesaTooOld, |f| { without_gpu(f); render_node(f, "asahi", None); f.said.insert("glx".into(), "UABI mismatch: Kernel 10011, Mesa 10009".into()); }),
];
