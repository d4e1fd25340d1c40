//! Rows about what was passed into the container: a GPU, and a driver that matches the kernel's.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::libraries::driver_version;
use super::{Seen, Topic};
use crate::advice::texts::{self, ASK_FOR_GPU};
use crate::doctor::facts::{Facts, Library, Role};
use crate::renderer::Kind;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::ImageCarriesDriver,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "Driver/library version mismatch, in one image only",
            cause: "the image carries libraries of NVIDIA's driver in another version than the host's kernel driver",
            fix: "remove the driver from the image (apt-get purge 'libnvidia-*' 'nvidia-*'); the engine brings the host's \
                  libraries: --gpus all",
        }),
        check: image_carries_driver,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::VersionMismatch,
        topic: Topic::Gpu,
        text: Text::Launcher,
        check: version_mismatch,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::Wsl,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "WSL2: llvmpipe",
            cause: "Mesa's driver for WSL (d3d12) cannot reach the GPU",
            fix: "--device /dev/dxg -v /usr/lib/wsl:/usr/lib/wsl:ro -e LD_LIBRARY_PATH=/usr/lib/wsl/lib, with \
                  the image rust-gears:mesa",
        }),
        check: wsl,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::WslSoftware,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "WSL2: llvmpipe, though /dev/dxg and its libraries are here",
            cause: "Mesa does not choose its driver for WSL (d3d12) by itself",
            fix: USE_D3D12,
        }),
        check: wsl_software,
        group: Group::Gpu,
        because_of: &[One(Id::Wsl)],
    },
    Row {
        id: Id::JetsonWithoutRuntime,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "llvmpipe on a Jetson",
            cause: "this is a Jetson, whose driver only NVIDIA's runtime or CDI brings into a container",
            fix: "--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all -e NVIDIA_DRIVER_CAPABILITIES=all (its list of files: \
                  /etc/nvidia-container-runtime/host-files-for-container.d); or CDI: --device nvidia.com/gpu=all",
        }),
        check: jetson_without_runtime,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::Musl,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "nvidia-smi: not found, though the file is there",
            cause: "the image uses the C library musl (as Alpine does), and NVIDIA's files need glibc",
            fix: "use an image with glibc: debian:trixie-slim, ubuntu",
        }),
        check: musl,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::OtherDriver,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "lspci shows an NVIDIA card, nvidia-smi finds none",
            cause: "the machine has an NVIDIA card, and NVIDIA's driver does not run on it",
            fix: "on the host: lspci -k | grep -A3 -i nvidia; install NVIDIA's driver until nvidia-smi works there",
        }),
        check: other_driver,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NoGpuGiven,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "no GPU in the container",
            cause: texts::NO_GPU_GIVEN.cause,
            fix: texts::NO_GPU_GIVEN.fix,
        }),
        check: none_given,
        group: Group::Gpu,
        because_of: &[One(Id::Wsl), One(Id::JetsonWithoutRuntime), One(Id::OtherDriver)],
    },
];

/// nvml.h: NVML_ERROR_LIB_RM_VERSION_MISMATCH.
const NVML_VERSION_MISMATCH: i32 = 18;

const USE_D3D12: &str =
    "-e GALLIUM_DRIVER=d3d12; with several GPUs also: -e MESA_D3D12_DEFAULT_ADAPTER_NAME=NVIDIA";
const NEWER_MESA_FOR_WSL: &str = "use an image whose Mesa has that driver: release 22 or newer with d3d12 \
                                  (rust-gears:mesa, debian:trixie with libgl1-mesa-dri); then: -e GALLIUM_DRIVER=d3d12";

fn nvml_code(facts: &Facts) -> Option<i32> {
    facts.nvml.done().map(|nvml| nvml.code)
}

fn musl(facts: &Facts) -> Option<Seen> {
    let is_so = facts.container.musl && (facts.container.nvidia_smi || facts.was_given_nvidia());
    is_so.then(|| Seen::failure("this image is built on musl (/lib/ld-musl-…), NVIDIA's files on glibc"))?
}

/// A driver library whose version differs from the kernel module's, with that version.
fn mismatched(facts: &Facts) -> Option<(&Library, &str, &str)> {
    let kernel = facts.nvidia_kernel_driver.as_deref()?;
    let versioned = driver_libraries(facts).filter_map(|library| {
        let version = driver_version(library.loaded.done()?)?;
        Some((library, version, kernel))
    });
    let mut others = versioned.filter(|(_, version, kernel)| version != kernel);
    let first = others.next()?;
    // The image's own library is stronger evidence.
    Some(
        others
            .find(|(library, ..)| is_of_image(facts, library))
            .filter(|_| !is_of_image(facts, first.0))
            .unwrap_or(first),
    )
}

fn driver_libraries(facts: &Facts) -> impl Iterator<Item = &Library> {
    facts.libraries.iter().filter(|library| matches!(library.role, Role::NvidiaDriver | Role::NvidiaOther))
}

/// Engines mount what they add. A file on the container's root file system was there before.
fn is_of_image(facts: &Facts, library: &Library) -> bool {
    facts.container.engine.is_some() && library.mount.as_deref() == Some("/")
}

fn image_carries_driver(facts: &Facts) -> Option<Seen> {
    let (library, version, kernel) = mismatched(facts).filter(|(library, ..)| is_of_image(facts, library))?;
    let path = library.loaded.done()?;
    Seen::failure(format!("the kernel's driver is {kernel}, and the image has {} {version} of its own: {path}", library.name))?
        .explained(
            "the image carries libraries of NVIDIA's driver, in another version than the host's kernel driver",
            format!(
                "remove them from the image (dpkg -S {path} names the package; apt-get purge 'libnvidia-*' 'nvidia-*'); the \
                 engine brings the host's: --gpus all"
            ),
        )
}

fn version_mismatch(facts: &Facts) -> Option<Seen> {
    let seen = match mismatched(facts) {
        Some((library, ..)) if is_of_image(facts, library) => return None,
        Some((library, version, kernel)) => {
            format!("the kernel's driver is {kernel}, {} is {version}", library.name)
        }
        None if nvml_code(facts) == Some(NVML_VERSION_MISMATCH) => "NVML: driver/library version mismatch".into(),
        None => return None,
    };
    let seen = Seen::failure(seen)?;
    if facts.container.engine.is_none() {
        return Some(seen);
    }
    let host =
        "on the host: nvidia-smi; if it fails there as well, reboot; if it works there, restart the container";
    let is_mounted =
        driver_libraries(facts).all(|library| library.loaded.done().is_none() || library.mount.is_some());
    if is_mounted {
        return seen.explained(
            "the host's driver was upgraded after this container was made, or has not been loaded since the upgrade",
            host,
        );
    }
    seen.explained(
        "the host's driver was upgraded and this container or the host not restarted since, or the image carries a \
         driver of its own",
        format!("{host}; libraries that grep nvidia /proc/self/mountinfo does not list are the image's: remove them there"),
    )
}

fn is_wsl(facts: &Facts) -> bool {
    facts.container.kernel.to_lowercase().contains("microsoft")
}

fn wsl(facts: &Facts) -> Option<Seen> {
    if !is_wsl(facts) || facts.draws_in_hardware() {
        return None;
    }
    let mut missing = Vec::new();
    if facts.node("/dev/dxg").is_none() {
        missing.push("/dev/dxg");
    }
    if !facts.loads("libdxcore.so") {
        missing.push("libdxcore.so");
    }
    if missing.is_empty() {
        return None;
    }
    Seen::failure(format!("this is WSL, and not here: {}", missing.join(", ")))
}

fn wsl_software(facts: &Facts) -> Option<Seen> {
    let is_complete = is_wsl(facts)
        && facts.node("/dev/dxg").is_some_and(|node| node.errno.is_none())
        && facts.loads("libdxcore.so");
    let drawn = facts.in_use().filter(|drawn| is_complete && drawn.kind == Kind::Software)?;
    if facts.variable("LIBGL_ALWAYS_SOFTWARE").is_some() {
        return None;
    }
    let asked = facts.variable("GALLIUM_DRIVER");
    if asked.is_some_and(|asked| asked != "d3d12") {
        return None;
    }
    let seen = Seen::failure(format!("{} draws, though WSL's way to the GPU is here", drawn.renderer.renderer))?;
    let has_driver = |path: &String| path.contains("d3d12") || path.contains("libgallium");
    if asked.is_some() || !facts.mesa_drivers.iter().any(has_driver) {
        return seen.explained(
            "Mesa in this image has no driver for WSL (d3d12), or one that is too old",
            NEWER_MESA_FOR_WSL,
        );
    }
    Some(seen)
}

/// A Jetson, or another board with NVIDIA's Tegra.
fn is_jetson(facts: &Facts) -> bool {
    facts.container.kernel.contains("tegra")
        || facts.container.device_tree.as_ref().is_some_and(|names| names.contains("nvidia,tegra"))
}

fn jetson_without_runtime(facts: &Facts) -> Option<Seen> {
    let has_driver = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"]
        .iter()
        .any(|name| facts.library(name).is_some_and(Library::is_here));
    if !is_jetson(facts) || facts.container.engine.is_none() || has_driver || facts.draws_in_hardware() {
        return None;
    }
    let node = if facts.node("/dev/nvmap").is_some() { "" } else { "/dev/nvmap, " };
    Seen::failure(format!(
        "this is a Jetson ({}), and not here: {node}libEGL_nvidia.so.0",
        super::display::shown(facts.container.device_tree.as_deref().unwrap_or(&facts.container.kernel))
    ))
}

fn other_driver(facts: &Facts) -> Option<Seen> {
    if facts.nvidia_kernel_driver.is_some() || facts.draws_in_hardware() {
        return None;
    }
    let card = facts.nvidia_cards.first()?;
    let all_others = facts.nvidia_cards.iter().all(|card| card.driver.as_deref() != Some("nvidia"));
    if !all_others {
        return None;
    }
    let driver = card.driver.as_deref();
    let seen =
        format!("an NVIDIA card is at PCI address {}, with the driver {}", card.address, driver.unwrap_or("none"));
    match driver {
        Some("nouveau") => Seen::failure(seen)?.explained(
            "the host runs the card with the open driver nouveau, and this container was not given it, or its Mesa is too old",
            "to draw with nouveau: --device /dev/dri, and an image with a new Mesa; for NVIDIA's driver, on the host: install it \
             (it turns nouveau off), and reboot",
        ),
        Some("vfio-pci") => Seen::failure(seen)?.explained(
            "the card is set aside for a virtual machine (vfio-pci)",
            "use it in that virtual machine; or on the host: take its ids out of the options of vfio-pci, and reboot",
        ),
        _ => Seen::failure(seen)?.explained(
            "NVIDIA's driver is not installed on the host, or the kernel does not load it: Secure Boot refuses modules that are \
             not signed",
            "on the host: sudo modprobe nvidia; 'Key was rejected' means Secure Boot (mokutil --sb-state): sign the module or enrol \
             its key (mokutil --import); 'not found' means that the driver is not installed for this kernel",
        ),
    }
}

fn none_given(facts: &Facts) -> Option<Seen> {
    let nodes = facts.nodes.done()?;
    let has_node = nodes.iter().any(|node| node.path.starts_with("/dev/nvidia"))
        || facts.render_nodes().next().is_some()
        || facts.node("/dev/dxg").is_some();
    if has_node || facts.draws_in_hardware() {
        return None;
    }
    let wish = facts.variable("NVIDIA_VISIBLE_DEVICES").filter(|wish| !["void", "none"].contains(wish));
    let has_mesa = facts.libraries.iter().any(|library| library.role == Role::Mesa && library.is_here());
    if let Some(version) = &facts.nvidia_kernel_driver {
        return Seen::failure(format!("this machine has NVIDIA's driver {version}, and no /dev/nvidia* is here"));
    }
    if let Some(wish) = wish {
        return Seen::failure(format!("NVIDIA_VISIBLE_DEVICES is {wish}, and no /dev/nvidia* is here"))?
            .explained(
                "the variable alone does nothing: the engine did not start this container with NVIDIA's runtime",
                ASK_FOR_GPU,
            );
    }
    let fails = [&facts.glx, &facts.egl, &facts.off_screen].iter().any(|outcome| outcome.failure().is_some());
    (fails && !has_mesa).then(|| {
        Seen::failure("no device node of a GPU is here, and no Mesa that would draw without one")?.explained(
            "no GPU was passed into this container, or the machine has none",
            format!("NVIDIA: {ASK_FOR_GPU}; Intel, AMD: --device /dev/dri/renderD128 with the image rust-gears:mesa; without a GPU: the image rust-gears:mesa draws in software"),
        )
    })?
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::ImageCarriesDriver, |f| { f.nvidia_kernel_driver = Some("535.54.03".into()); of_image(f, "libEGL_nvidia.so.0"); nothing_draws(f); }),
    leads(Id::VersionMismatch, |f| { f.nvidia_kernel_driver = Some("570.86.15".into()); load(f, "libEGL_nvidia.so.0", Outcome::Done(format!("/usr/lib/libEGL_nvidia.so.{VERSION}"))); nothing_draws(f); }),
    leads(Id::VersionMismatch, |f| { f.nvml = Outcome::Done(Nvml { code: 18, gpus: Vec::new() }); nothing_draws(f); }),
    leads(Id::Wsl, |f| { without_gpu(f); f.container.kernel = "6.6.87.2-microsoft-standard-WSL2".into(); }),
    leads(Id::WslSoftware, |f| { without_gpu(f); wsl_with_all(f); }),
    leads(Id::JetsonWithoutRuntime, |f| { without_gpu(f); f.container.kernel = "5.15.148-tegra".into(); }),
    leads(Id::JetsonWithoutRuntime, |f| { without_gpu(f); f.container.device_tree = Some("nvidia,p3737-0000+p3701-0000,nvidia,tegra234".into()); }),
    leads(Id::Musl, |f| { f.container.musl = true; nothing_draws(f); }),
    leads(Id::OtherDriver, |f| { without_gpu(f); f.nvidia_cards = vec![PciCard { address: "0000:01:00.0".into(), driver: None }]; }),
    leads(Id::OtherDriver, |f| { without_gpu(f); f.nvidia_cards = vec![PciCard { address: "0000:01:00.0".into(), driver: Some("vfio-pci".into()) }]; }),
    leads(Id::NoGpuGiven, |f| { without_gpu(f); f.nvidia_kernel_driver = Some(VERSION.into()); }),
];
