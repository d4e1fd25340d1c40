//! Rows about the GPU and its device nodes: whether they were passed into the container, and open.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::libraries::driver_version;
use super::{Seen, Topic};
use crate::doctor::facts::{Facts, Node, Role};

pub(super) const ROWS: &[Row] = &[
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
        id: Id::NoGpuGiven,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "no GPU in the container",
            cause: "the machine has a GPU, but none was passed into this container",
            fix: ASK_FOR_GPU,
        }),
        check: none_given,
        group: Group::Gpu,
        because_of: &[One(Id::Wsl)],
    },
    Row {
        id: Id::DeviceRightsLost,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "Failed to initialize NVML: Unknown Error, after a while",
            cause: "the container lost access to the GPU's devices when systemd reloaded and set its own \
                    device rules, or never had it",
            fix: "restart the container; to prevent it: CDI (--device nvidia.com/gpu=all), or add --device \
                  /dev/nvidia0 --device /dev/nvidiactl to --gpus all",
        }),
        check: cgroup_lost,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NodeForbidden,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "BadValue X_GLXCreateContext; root can draw, the user cannot",
            cause: "this user has no permission to open the GPU's device nodes",
            fix: "on the host: chmod 666 /dev/nvidia*; or --group-add with the group of the nodes",
        }),
        check: node_forbidden,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NodeWithoutDriver,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "a device node with nothing behind it",
            cause: "the node was made by hand or is left over: the kernel has no driver for it",
            fix: "on the host: sudo modprobe nvidia, and check that nvidia-smi works",
        }),
        check: node_without_driver,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::RenderNodeForbidden,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "renderD128: Permission denied",
            cause: "the node belongs to a group that this user is not a member of",
            fix: "--group-add $(stat -c %g /dev/dri/renderD128); rootless podman: --group-add keep-groups",
        }),
        check: render_node_forbidden,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NvmlForbidden,
        topic: Topic::Gpu,
        text: Text::Launcher,
        check: nvml_forbidden,
        group: Group::Gpu,
        because_of: &[One(Id::NodeForbidden), One(Id::DeviceRightsLost)],
    },
    Row {
        id: Id::Mig,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "EGL fails on an A100 or H100",
            cause: "the GPU is split into instances (MIG), which cannot draw",
            fix: "use a GPU that is not split; on the host: sudo nvidia-smi -mig 0",
        }),
        check: mig,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::ComputeOnly,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "EGL fails on an old Tesla",
            cause: "the GPU's operation mode excludes graphics",
            fix: "on the host: sudo nvidia-smi --gom=0, then reboot",
        }),
        check: compute_only,
        group: Group::Gpu,
        because_of: &[],
    },
];

pub(super) const EACCES: i32 = 13;

pub(super) const EPERM: i32 = 1;

pub(super) const ENXIO: i32 = 6;

pub(super) const ENODEV: i32 = 19;

/// nvml.h: NVML_ERROR_NO_PERMISSION, NVML_ERROR_LIB_RM_VERSION_MISMATCH, NVML_ERROR_UNKNOWN.
const NVML_NO_PERMISSION: i32 = 4;

const NVML_VERSION_MISMATCH: i32 = 18;

const NVML_UNKNOWN: i32 = 999;

pub(super) const ASK_FOR_GPU: &str =
    "--gpus all, or --device nvidia.com/gpu=all, or --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all";
pub(super) const ASK_FOR_GRAPHICS: &str = "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display";

fn nvml_code(facts: &Facts) -> Option<i32> {
    facts.nvml.done().map(|nvml| nvml.code)
}

/// Nodes of NVIDIA's that did not open, for one of these reasons.
pub(super) fn nvidia_nodes_with<'a>(facts: &'a Facts, errors: &'a [i32]) -> Vec<&'a Node> {
    let nvidia = facts.nodes().iter().filter(|node| node.path.starts_with("/dev/nvidia"));
    nvidia.filter(|node| node.errno.is_some_and(|errno| errors.contains(&errno))).collect()
}

fn paths(nodes: &[&Node]) -> String {
    nodes.iter().map(|node| node.path.as_str()).collect::<Vec<_>>().join(", ")
}

fn version_mismatch(facts: &Facts) -> Option<Seen> {
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

fn wsl(facts: &Facts) -> Option<Seen> {
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

fn musl(facts: &Facts) -> Option<Seen> {
    let is_so = facts.container.musl && (facts.container.nvidia_smi || facts.was_given_nvidia());
    is_so.then(|| Seen::failure("this image is built on musl (/lib/ld-musl-…), NVIDIA's files on glibc"))?
}

fn none_given(facts: &Facts) -> Option<Seen> {
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

fn cgroup_lost(facts: &Facts) -> Option<Seen> {
    let nodes = nvidia_nodes_with(facts, &[EPERM]);
    if !nodes.is_empty() {
        return Seen::failure(format!("opening {} gives: Operation not permitted", paths(&nodes)));
    }
    (nvml_code(facts) == Some(NVML_UNKNOWN)).then(|| Seen::failure("NVML: Unknown Error"))?
}

fn node_forbidden(facts: &Facts) -> Option<Seen> {
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

fn node_without_driver(facts: &Facts) -> Option<Seen> {
    let nodes = nvidia_nodes_with(facts, &[ENXIO, ENODEV]);
    if nodes.is_empty() || facts.draws_in_hardware() {
        return None;
    }
    Seen::failure(format!("{}: the node is here, no driver is behind it", paths(&nodes)))
}

fn render_node_forbidden(facts: &Facts) -> Option<Seen> {
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

fn nvml_forbidden(facts: &Facts) -> Option<Seen> {
    (nvml_code(facts) == Some(NVML_NO_PERMISSION)).then(|| Seen::failure("NVML: insufficient permissions"))?
}

fn mig(facts: &Facts) -> Option<Seen> {
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

fn compute_only(facts: &Facts) -> Option<Seen> {
    let gpu = facts.nvml.done()?.gpus.iter().find(|gpu| gpu.is_compute_only)?;
    (!facts.draws_in_hardware()).then(|| Seen::failure(format!("{}: operation mode COMPUTE", gpu.name)))?
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::VersionMismatch, |f| { f.nvidia_kernel_driver = Some("570.86.15".into()); load(f, "libEGL_nvidia.so.0", Outcome::Done(format!("/usr/lib/libEGL_nvidia.so.{VERSION}"))); nothing_draws(f); }),
    leads(Id::VersionMismatch, |f| { f.nvml = Outcome::Done(Nvml { code: 18, gpus: Vec::new() }); nothing_draws(f); }),
    leads(Id::Wsl, |f| { without_gpu(f); f.container.kernel = "6.6.87.2-microsoft-standard-WSL2".into(); }),
    leads(Id::Musl, |f| { f.container.musl = true; nothing_draws(f); }),
    leads(Id::NoGpuGiven, |f| { without_gpu(f); f.nvidia_kernel_driver = Some(VERSION.into()); }),
    leads(Id::DeviceRightsLost, |f| errno(f, "/dev/nvidia0", 1)),
    leads(Id::NodeForbidden, |f| errno(f, "/dev/nvidiactl", 13)),
    leads(Id::NodeWithoutDriver, |f| errno(f, "/dev/nvidiactl", 6)),
    leads(Id::RenderNodeForbidden, |f| { without_gpu(f); render_node(f, "i915", Some(13)); }),
    leads(Id::NvmlForbidden, |f| { f.nvml = Outcome::Done(Nvml { code: 4, gpus: Vec::new() }); nothing_draws(f); }),
    leads(Id::Mig, |f| { f.environment.insert("NVIDIA_VISIBLE_DEVICES".into(), "MIG-1234".into()); nothing_draws(f); }),
    leads(Id::ComputeOnly, |f| { if let Outcome::Done(nvml) = &mut f.nvml { nvml.gpus.iter_mut().for_each(|gpu| gpu.is_compute_only = true) } nothing_draws(f); }),
];
