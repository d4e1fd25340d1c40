//! Rows about the GPU: whether it was passed into the container, with what belongs to it.

use super::Seen;
use super::libraries::{driver_version, nvidia_needs};
use crate::doctor::facts::{Facts, Injection, Node, Role};

const EACCES: i32 = 13;
const EPERM: i32 = 1;
const ENXIO: i32 = 6;
const ENODEV: i32 = 19;
/// nvml.h: NVML_ERROR_NO_PERMISSION, NVML_ERROR_LIB_RM_VERSION_MISMATCH, NVML_ERROR_UNKNOWN.
const NVML_NO_PERMISSION: i32 = 4;
const NVML_VERSION_MISMATCH: i32 = 18;
const NVML_UNKNOWN: i32 = 999;

const ASK_FOR_GPU: &str =
    "--gpus all, or --device nvidia.com/gpu=all, or --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all";
const ASK_FOR_GRAPHICS: &str = "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display";

fn nvml_code(facts: &Facts) -> Option<i32> {
    facts.nvml.done().map(|nvml| nvml.code)
}

/// Nodes of NVIDIA's that did not open, for one of these reasons.
fn nvidia_nodes_with<'a>(facts: &'a Facts, errors: &'a [i32]) -> Vec<&'a Node> {
    let nvidia = facts.nodes().iter().filter(|node| node.path.starts_with("/dev/nvidia"));
    nvidia.filter(|node| node.errno.is_some_and(|errno| errors.contains(&errno))).collect()
}

fn paths(nodes: &[&Node]) -> String {
    nodes.iter().map(|node| node.path.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn version_mismatch(facts: &Facts) -> Option<Seen> {
    let of_driver = |role| matches!(role, Role::NvidiaDriver | Role::NvidiaOther);
    let loaded = facts.libraries.iter().filter(|library| of_driver(library.role));
    let mut versions = loaded.filter_map(|library| Some((library, driver_version(library.loaded.done()?)?)));
    if let Some(kernel) = facts.nvidia_kernel_driver.as_deref()
        && let Some((library, version)) = versions.find(|(_, version)| *version != kernel)
    {
        return Seen::failure(format!("the kernel's driver is {kernel}, {} is {version}", library.name));
    }
    (nvml_code(facts) == Some(NVML_VERSION_MISMATCH))
        .then(|| Seen::failure("NVML: driver/library version mismatch"))?
}

pub(super) fn wsl(facts: &Facts) -> Option<Seen> {
    if !facts.container.kernel.to_lowercase().contains("microsoft") || facts.draws_in_hardware() {
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

pub(super) fn musl(facts: &Facts) -> Option<Seen> {
    let is_so = facts.container.musl && (facts.container.nvidia_smi || facts.was_given_nvidia());
    is_so.then(|| Seen::failure("this image is built on musl (/lib/ld-musl-…), NVIDIA's files on glibc"))?
}

pub(super) fn none_given(facts: &Facts) -> Option<Seen> {
    let has_node = facts.nodes().iter().any(|node| node.path.starts_with("/dev/nvidia"))
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
            format!("NVIDIA: {ASK_FOR_GPU}; Intel, AMD: --device /dev/dri with the image rust-gears:mesa; without a GPU: the image rust-gears:mesa draws in software"),
        )
    })?
}

pub(super) fn cgroup_lost(facts: &Facts) -> Option<Seen> {
    let nodes = nvidia_nodes_with(facts, &[EPERM]);
    if !nodes.is_empty() {
        return Seen::failure(format!("opening {} gives: Operation not permitted", paths(&nodes)));
    }
    (nvml_code(facts) == Some(NVML_UNKNOWN)).then(|| Seen::failure("NVML: Unknown Error"))?
}

pub(super) fn node_forbidden(facts: &Facts) -> Option<Seen> {
    let nodes = nvidia_nodes_with(facts, &[EACCES]);
    let first = nodes.first()?;
    let Node { mode, uid, gid, .. } = first;
    Seen::failure(format!(
        "user {} may not open {} (mode {mode:o}, owner {uid}, group {gid})",
        facts.container.uid,
        paths(&nodes)
    ))?
    .explained(
        "the permissions of the GPU's device nodes shut this user out",
        format!(
            "--group-add {gid}; or on the host: chmod 666 {} (for good: options nvidia NVreg_DeviceFileMode=0666 in /etc/modprobe.d)",
            paths(&nodes).replace(',', "")
        ),
    )
}

pub(super) fn node_without_driver(facts: &Facts) -> Option<Seen> {
    let nodes = nvidia_nodes_with(facts, &[ENXIO, ENODEV]);
    if nodes.is_empty() || facts.draws_in_hardware() {
        return None;
    }
    Seen::failure(format!("{}: the node is here, no driver is behind it", paths(&nodes)))
}

pub(super) fn render_node_forbidden(facts: &Facts) -> Option<Seen> {
    let node = facts.render_nodes().find(|node| node.errno == Some(EACCES) || node.errno == Some(EPERM))?;
    if facts.draws_in_hardware() {
        return None;
    }
    let Node { path, mode, gid, errno, .. } = node;
    if *errno == Some(EPERM) {
        return Seen::failure(format!("opening {path} gives: Operation not permitted"))?
            .explained("the node is here, and the container's device rules do not allow it", "--device /dev/dri");
    }
    Seen::failure(format!(
        "user {} in groups {:?} may not open {path} (mode {mode:o}, group {gid})",
        facts.container.uid, facts.container.groups
    ))?
    .explained(
        "the node belongs to a group that this user is not in",
        format!("--group-add {gid} (rootless podman: --group-add keep-groups)"),
    )
}

pub(super) fn nvml_forbidden(facts: &Facts) -> Option<Seen> {
    (nvml_code(facts) == Some(NVML_NO_PERMISSION)).then(|| Seen::failure("NVML: insufficient permissions"))?
}

pub(super) fn mig(facts: &Facts) -> Option<Seen> {
    if facts.draws_in_hardware() {
        return None;
    }
    let asked = ["NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"];
    let asked = asked.into_iter().find(|name| facts.variable(name).is_some_and(|value| value.contains("MIG-")));
    if let Some(name) = asked {
        return Seen::failure(format!("{name} names an instance of a divided GPU (MIG)"));
    }
    let gpu = facts.nvml.done()?.gpus.iter().find(|gpu| gpu.has_mig)?;
    Seen::failure(format!("{} is divided into instances (MIG)", gpu.name))
}

pub(super) fn compute_only(facts: &Facts) -> Option<Seen> {
    let gpu = facts.nvml.done()?.gpus.iter().find(|gpu| gpu.is_compute_only)?;
    (!facts.draws_in_hardware()).then(|| Seen::failure(format!("{}: operation mode COMPUTE", gpu.name)))?
}

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

pub(super) fn host_driver_without_gl(facts: &Facts) -> Option<Seen> {
    let absent = absent_driver(facts)?;
    let is_so = match facts.injection() {
        Injection::Hook | Injection::Cdi => asks_for_graphics(facts),
        Injection::Host => true,
        Injection::ByHand | Injection::None => false,
    };
    is_so.then(|| Seen::failure(format!("the GPU is here, {absent} is not, though drawing was asked for")))?
}

pub(super) fn graphics_missing(facts: &Facts) -> Option<Seen> {
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

pub(super) fn gpucomp_missing(facts: &Facts) -> Option<Seen> {
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

pub(super) fn no_vendor_file(facts: &Facts) -> Option<Seen> {
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

pub(super) fn vendor_file_broken(facts: &Facts) -> Option<Seen> {
    let (file, reason) = facts.vendor_files.iter().find_map(|file| Some((file, file.library.as_ref().err()?)))?;
    let seen = format!("{}: {reason}", file.path);
    if facts.draws_in_hardware() { Seen::warning(seen) } else { Seen::failure(seen) }
}

pub(super) fn no_modeset(facts: &Facts) -> Option<Seen> {
    let has_all_else = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"].iter().all(|name| facts.loads(name))
        && facts.nvidia_gpu_nodes().next().is_some()
        && nvidia_nodes_with(facts, &[EACCES, EPERM, ENXIO, ENODEV]).is_empty()
        && gpucomp_missing(facts).is_none();
    if !has_all_else || facts.node("/dev/nvidia-modeset").is_some() || facts.draws_in_hardware() {
        return None;
    }
    Seen::warning("/dev/nvidia-modeset is not here")
}

pub(super) fn nvidias_server_without_client(facts: &Facts) -> Option<Seen> {
    if !facts.x_server()?.is_nvidia() || facts.loads("libGLX_nvidia.so.0") {
        return None;
    }
    Seen::failure("the X server is NVIDIA's, and libGLX_nvidia.so.0 is not here")
}

pub(super) fn mesa_without_driver(facts: &Facts) -> Option<Seen> {
    let has_mesa = facts.loads("libGLX_mesa.so.0") || facts.loads("libEGL_mesa.so.0");
    let draws = facts.glx.done().or(facts.egl.done()).or(facts.off_screen.done()).is_some();
    if !has_mesa || draws || facts.mesa_drivers.iter().any(|path| !path.is_empty()) {
        return None;
    }
    Seen::failure("Mesa's libraries are here, its drivers (…/dri/*_dri.so, libgallium) are not")
}
